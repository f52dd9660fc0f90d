"""The two networks as ONNX graphs, built from plain weights, so that no exporter is needed.

    dense   (1, steps, features) ─→ flat ─→ tanh code ─→ (1, steps, features)
    lstm    (1, steps, features) ─→ LSTM ─→ its last state, repeated ─→ LSTM ─→ linear ─→ (1, steps, features)

Weights are named and shaped as torch names and shapes them; gates of an LSTM come in its order i, f, g, o.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray
from onnx import ModelProto, NodeProto, TensorProto, helper, numpy_helper

OPSET = 17
Weights = Mapping[str, NDArray[np.float32]]
Given = dict[str, NDArray[np.float32] | NDArray[np.int64]]


def dense(weights: Weights, steps: int) -> bytes:
    """weights: encode.weight, encode.bias, decode.weight, decode.bias."""
    features = weights["decode.bias"].size // steps
    given: Given = {
        "flat": np.array([1, -1], np.int64),
        "full": np.array([1, steps, features], np.int64),
        **{key: np.asarray(value, np.float32) for key, value in weights.items()},
    }
    nodes = [
        helper.make_node("Reshape", ["x", "flat"], ["row"]),
        helper.make_node("Gemm", ["row", "encode.weight", "encode.bias"], ["encoded"], transB=1),
        helper.make_node("Tanh", ["encoded"], ["code"]),
        helper.make_node("Gemm", ["code", "decode.weight", "decode.bias"], ["decoded"], transB=1),
        helper.make_node("Reshape", ["decoded", "full"], ["y"]),
    ]
    return _model(nodes, given, steps, features)


def lstm(weights: Weights, steps: int) -> bytes:
    """weights: {encode,decode}.{weight_ih,weight_hh,bias_ih,bias_hh}_l0, out.weight, out.bias."""
    features = weights["encode.weight_ih_l0"].shape[1]
    hidden = weights["encode.weight_hh_l0"].shape[1]
    given: Given = {
        "many": np.array([steps, 1, hidden], np.int64),
        "one": np.array([1], np.int64),
        "out.w": np.asarray(weights["out.weight"].T, np.float32),
        "out.b": np.asarray(weights["out.bias"], np.float32),
    }
    for part in ("encode", "decode"):
        given[f"{part}.w"] = _gates(weights[f"{part}.weight_ih_l0"])[None]
        given[f"{part}.r"] = _gates(weights[f"{part}.weight_hh_l0"])[None]
        biases = [_gates(weights[f"{part}.bias_{which}_l0"]) for which in ("ih", "hh")]
        given[f"{part}.b"] = np.concatenate(biases)[None]
    nodes = [
        helper.make_node("Transpose", ["x"], ["series"], perm=[1, 0, 2]),
        helper.make_node("LSTM", ["series", *_of("encode")], ["", "last"], hidden_size=hidden),
        helper.make_node("Expand", ["last", "many"], ["repeated"]),
        helper.make_node("LSTM", ["repeated", *_of("decode")], ["states"], hidden_size=hidden),
        helper.make_node("Squeeze", ["states", "one"], ["rows"]),
        helper.make_node("MatMul", ["rows", "out.w"], ["times"]),
        helper.make_node("Add", ["times", "out.b"], ["back"]),
        helper.make_node("Transpose", ["back"], ["y"], perm=[1, 0, 2]),
    ]
    return _model(nodes, given, steps, features)


def _of(part: str) -> tuple[str, str, str]:
    return f"{part}.w", f"{part}.r", f"{part}.b"


def _gates(weight: NDArray[np.float32]) -> NDArray[np.float32]:
    """From torch's order of gates (i, f, g, o) to ONNX's (i, o, f, c)."""
    i, f, g, o = np.split(np.asarray(weight, np.float32), 4)
    return np.concatenate([i, o, f, g])


def _model(nodes: list[NodeProto], given: Given, steps: int, features: int) -> bytes:
    ends = [helper.make_tensor_value_info(name, TensorProto.FLOAT, [1, steps, features]) for name in "xy"]
    tensors = [numpy_helper.from_array(array, name) for name, array in given.items()]
    graph = helper.make_graph(nodes, "autoencoder", ends[:1], ends[1:], tensors)
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=8)
    raw: bytes = model.SerializeToString()
    return raw
