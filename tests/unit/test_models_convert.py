"""A tfjs graph, written here by hand, gives the same numbers after conversion as NumPy does in NHWC."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import onnx
import onnxruntime
import pytest
from numpy.typing import NDArray

from edge.errors import ModelError
from models.convert_tfjs import convert

Node = dict[str, Any]


def text(value: str) -> dict[str, str]:
    return {"s": base64.b64encode(value.encode()).decode()}


def conv_attr(stride: int, fused: tuple[str, ...] = ()) -> Node:
    return {
        "strides": {"list": {"i": ["1", str(stride), str(stride), "1"]}},
        "dilations": {"list": {"i": ["1", "1", "1", "1"]}},
        "padding": text("SAME"),
        "data_format": text("NHWC"),
        "fused_ops": {"list": {"s": [text(op)["s"] for op in fused]}},
    }


class Graph:
    """A tfjs graph under construction; weights are stored as float16 where told."""

    def __init__(self) -> None:
        shape = {"dim": [{"size": size} for size in ("1", "8", "6", "3")]}
        self.nodes: list[Node] = [{"name": "in", "op": "Placeholder", "attr": {"shape": {"shape": shape}}}]
        self.weights: list[Node] = []
        self.blob = b""

    def weight(self, name: str, values: NDArray[Any], stored: str = "float32", **quantization: float) -> str:
        entry: Node = {"name": name, "shape": list(values.shape), "dtype": str(values.dtype)}
        raw = values
        if stored != str(values.dtype):
            entry["quantization"] = {"dtype": stored, **quantization}
            raw = (values - quantization["min"]) / quantization["scale"] if quantization else values
            raw = np.rint(raw) if quantization else raw
        self.weights.append(entry)
        self.blob += np.asarray(raw).astype(stored).tobytes()
        self.nodes.append({"name": name, "op": "Const"})
        return name

    def node(self, name: str, op: str, inputs: list[str], attr: Node | None = None) -> str:
        self.nodes.append({"name": name, "op": op, "input": inputs, "attr": attr or {}})
        return name

    def json(self) -> bytes:
        return json.dumps(
            {"modelTopology": {"node": self.nodes}, "weightsManifest": [{"paths": ["w.bin"], "weights": self.weights}]}
        ).encode()

    def run(self, output: str, picture: NDArray[np.float32]) -> NDArray[np.float32]:
        """The converted graph's answer, back in NHWC."""
        content = convert(self.json(), self.blob, [output], "g.json")
        session = onnxruntime.InferenceSession(content, providers=["CPUExecutionProvider"])
        (answer,) = session.run(None, {"in": np.ascontiguousarray(picture.transpose(0, 3, 1, 2))})
        return np.asarray(answer, np.float32).transpose(0, 2, 3, 1)


@pytest.fixture
def rng() -> np.random.Generator:
    return np.random.default_rng(5)


@pytest.fixture
def picture(rng: np.random.Generator) -> NDArray[np.float32]:
    return rng.standard_normal((1, 8, 6, 3)).astype(np.float32)


def same_conv(x: NDArray[Any], kernel: NDArray[Any], stride: int, depthwise: bool = False) -> NDArray[Any]:
    """TensorFlow's SAME convolution in NHWC, written out; odd padding goes to the right and below."""
    n, h, w, _ = x.shape
    kh, kw = kernel.shape[:2]
    out_h, out_w = -(-h // stride), -(-w // stride)
    pad_h, pad_w = max((out_h - 1) * stride + kh - h, 0), max((out_w - 1) * stride + kw - w, 0)
    padded = np.pad(x, ((0, 0), (pad_h // 2, pad_h - pad_h // 2), (pad_w // 2, pad_w - pad_w // 2), (0, 0)))
    channels = kernel.shape[2] * kernel.shape[3] if depthwise else kernel.shape[3]
    out = np.zeros((n, out_h, out_w, channels))
    for row in range(out_h):
        for column in range(out_w):
            patch = padded[:, row * stride : row * stride + kh, column * stride : column * stride + kw]
            if depthwise:
                out[:, row, column] = np.einsum("nhwc,hwcm->ncm", patch, kernel).reshape(n, -1)
            else:
                out[:, row, column] = np.einsum("nhwc,hwco->no", patch, kernel)
    return out


@pytest.mark.parametrize("stride", [1, 2])
@pytest.mark.parametrize("stored", ["float32", "float16"])
def test_convolution_with_bias_and_relu(
    picture: NDArray[np.float32], rng: np.random.Generator, stride: int, stored: str
) -> None:
    kernel = rng.standard_normal((3, 3, 3, 5)).astype(np.float16).astype(np.float32)
    bias = rng.standard_normal(5).astype(np.float32)
    graph = Graph()
    graph.weight("k", kernel, stored)
    graph.weight("b", bias)
    graph.node("out", "_FusedConv2D", ["in", "k", "b"], conv_attr(stride, ("BiasAdd", "Relu")))
    expected = np.maximum(same_conv(picture, kernel, stride) + bias, 0)
    np.testing.assert_allclose(graph.run("out", picture), expected, atol=1e-4)


@pytest.mark.parametrize("multiplier", [1, 2])
def test_depthwise_convolution(picture: NDArray[np.float32], rng: np.random.Generator, multiplier: int) -> None:
    kernel = rng.standard_normal((3, 3, 3, multiplier)).astype(np.float32)
    graph = Graph()
    graph.weight("k", kernel)
    graph.node("out", "DepthwiseConv2dNative", ["in", "k"], conv_attr(2))
    np.testing.assert_allclose(graph.run("out", picture), same_conv(picture, kernel, 2, depthwise=True), atol=1e-4)


def test_arithmetic_means_and_concatenation(picture: NDArray[np.float32], rng: np.random.Generator) -> None:
    per_channel = rng.standard_normal(3).astype(np.float32)
    graph = Graph()
    graph.weight("axes", np.array([1, 2], np.int32), "int32")
    graph.weight("axis", np.array(3, np.int32), "int32")
    graph.weight("c", per_channel)
    graph.weight("one", np.array(1.5, np.float32))
    graph.node("mean", "Mean", ["in", "axes"], {"keep_dims": {"b": True}})
    graph.node("gate", "Sigmoid", ["mean"])
    graph.node("scaled", "Mul", ["in", "gate"])
    graph.node("plus", "Add", ["scaled", "c"])
    graph.node("times", "Mul", ["one", "plus"])
    graph.node("six", "Relu6", ["times"])
    graph.node("out", "ConcatV2", ["six", "in", "axis"])
    gate = 1 / (1 + np.exp(-picture.mean(axis=(1, 2), keepdims=True)))
    six = np.clip(1.5 * (picture * gate + per_channel), 0, 6)
    np.testing.assert_allclose(graph.run("out", picture), np.concatenate([six, picture], axis=3), atol=1e-5)


def test_bilinear_doubling_without_half_pixels(picture: NDArray[np.float32]) -> None:
    graph = Graph()
    graph.weight("size", np.array([16, 12], np.int32), "int32")
    attr = {"align_corners": {"b": False}, "half_pixel_centers": {"b": False}}
    graph.node("out", "ResizeBilinear", ["in", "size"], attr)
    answer = graph.run("out", picture)
    np.testing.assert_allclose(answer[:, ::2, ::2], picture, atol=1e-6)  # every source pixel stays where it was
    np.testing.assert_allclose(answer[:, 1:-1:2, ::2], (picture[:, :-1] + picture[:, 1:]) / 2, atol=1e-6)


def test_linear_quantisation(picture: NDArray[np.float32]) -> None:
    graph = Graph()
    graph.weight("c", np.array([-1.0, 0.5, 2.0], np.float32), "uint8", scale=0.5, min=-1.0)
    graph.node("out", "Add", ["in", "c"])
    np.testing.assert_allclose(graph.run("out", picture), picture + np.array([-1.0, 0.5, 2.0]), atol=1e-6)


def simple() -> Graph:
    graph = Graph()
    graph.weight("c", np.ones(3, np.float32))
    graph.node("out", "Add", ["in", "c"])
    return graph


def test_the_same_source_gives_the_same_bytes_and_a_valid_model() -> None:
    first, second = (convert(simple().json(), simple().blob, ["out"], "g.json") for _ in range(2))
    assert first == second
    onnx.checker.check_model(onnx.load_from_string(first), full_check=True)


def test_an_unknown_operation_is_refused_by_name() -> None:
    graph = simple()
    graph.node("odd", "SpaceToBatchND", ["out"])
    with pytest.raises(ModelError, match=r"g\.json: node odd is a SpaceToBatchND"):
        convert(graph.json(), graph.blob, ["odd"], "g.json")


def test_a_missing_output_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"g\.json has no node heat"):
        convert(simple().json(), simple().blob, ["heat"], "g.json")


@pytest.mark.parametrize(
    ("content", "blob"),
    [
        (simple().json()[:-20], simple().blob),
        (simple().json(), simple().blob[:-1]),
        (simple().json(), simple().blob + b"\0\0"),
        (b"{}", b""),
        (b"[]", b""),
        (b"\xff\xfe", b""),
    ],
    ids=["cut graph", "cut weights", "more weights", "empty", "a list", "not text"],
)
def test_damaged_files_are_refused(content: bytes, blob: bytes) -> None:
    with pytest.raises(ModelError, match=r"g\.json and its weights are not a whole tfjs graph model"):
        convert(content, blob, ["out"], "g.json")


def test_the_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("models.convert_tfjs.find_spec", lambda _: None)
    with pytest.raises(ModelError, match=r"pip install 'stopline\[onnx\]'"):
        convert(simple().json(), simple().blob, ["out"], "g.json")
