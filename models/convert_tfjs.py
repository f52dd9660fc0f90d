"""Turns a TensorFlow.js graph model (`model.json` + weight file) into an ONNX model.

Only what convolutional detectors need: convolutions with folded bias and activation,
element-wise arithmetic, means, bilinear resizing, concatenation. Pictures change from
NHWC to NCHW on the way. An operation outside `_BUILDERS` is refused by name, never
guessed. The same source gives the same bytes (seen with onnx 1.18.0 and 1.23.2),
which the registry checks by hash.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Callable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, cast

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError

if TYPE_CHECKING:
    import onnx

#: The oldest opset with every operator used here in its final form; ONNX Runtime 1.22 and later run it.
OPSET = 18
IR_VERSION = 8

#: NHWC axis → NCHW axis.
_NCHW_AXIS = {0: 0, 1: 2, 2: 3, 3: 1}

_ACTIVATIONS = {"Relu": "Relu", "Sigmoid": "Sigmoid"}

_Node = Mapping[str, Any]
_Array = NDArray[Any]


def convert(graph_json: bytes, weights_bin: bytes, outputs: Sequence[str], source: str) -> bytes:
    """ONNX bytes of the part of a tfjs graph that leads to `outputs` (names of its nodes).

    Inputs keep the name of their placeholder and become (1, c, h, w) float32; outputs
    are (1, c, h, w). `source` names the graph in errors. Raises ModelError where the files
    are damaged or the graph needs an operation that this converter does not know.
    """
    require_onnx(source)
    import onnx

    nodes, weights = _load(graph_json, weights_bin, source)
    writer = _Writer(source, nodes, weights)
    for name in outputs:
        writer.visit(name)
    model: onnx.ModelProto = writer.model(outputs)
    onnx.checker.check_model(model, full_check=True)
    content: bytes = model.SerializeToString(deterministic=True)
    return content


def require_onnx(model: str) -> None:
    """Raise ModelError naming the extra where the package onnx is missing."""
    if find_spec("onnx") is None:
        raise ModelError(f"converting {model} needs the package onnx: run `pip install 'stopline[onnx]'`")


def _load(graph_json: bytes, weights_bin: bytes, source: str) -> tuple[dict[str, _Node], dict[str, _Array]]:
    try:
        document = json.loads(graph_json)
        nodes = {node["name"]: node for node in document["modelTopology"]["node"]}
        entries = [entry for group in document["weightsManifest"] for entry in group["weights"]]
        weights = _read_weights(entries, weights_bin)
    except (ValueError, KeyError, TypeError) as error:
        raise ModelError(
            f"{source} and its weights are not a whole tfjs graph model ({error}); fetch it again"
        ) from error
    return nodes, weights


def _read_weights(entries: Sequence[Mapping[str, Any]], blob: bytes) -> dict[str, _Array]:
    """Weights by name, widened to the type that the graph computes in.

    A quantised entry is float16, or uint8/uint16 with `scale` and `min` (tfjs weights manifest).
    """
    weights: dict[str, _Array] = {}
    offset = 0
    for entry in entries:
        quantization = entry.get("quantization") or {}
        stored = np.dtype(quantization.get("dtype", entry["dtype"])).newbyteorder("<")
        count = math.prod(entry["shape"])
        values = np.frombuffer(blob, stored, count, offset).reshape(entry["shape"])
        offset += stored.itemsize * count
        if "scale" in quantization:
            values = values * np.float32(quantization["scale"]) + np.float32(quantization["min"])
        weights[entry["name"]] = values.astype(entry["dtype"])
    if offset != len(blob):
        raise ValueError(f"weights have {len(blob)} bytes, the manifest describes {offset}")
    return weights


class _Writer:
    """Walks a tfjs graph backwards from its outputs and appends ONNX nodes in order of use."""

    def __init__(self, source: str, nodes: Mapping[str, _Node], weights: Mapping[str, _Array]) -> None:
        self._source = source
        self._nodes = nodes
        self._weights = weights
        self._done: set[str] = set()
        self._onnx_nodes: list[onnx.NodeProto] = []
        self._inputs: list[onnx.ValueInfoProto] = []
        self._initializers: list[onnx.TensorProto] = []

    def model(self, outputs: Sequence[str]) -> onnx.ModelProto:
        from onnx import TensorProto, helper

        graph = helper.make_graph(
            self._onnx_nodes,
            "tfjs",
            self._inputs,
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, ["n", "c", "h", "w"]) for name in outputs],
            self._initializers,
        )
        return helper.make_model(
            graph,
            producer_name="stopline",
            opset_imports=[helper.make_opsetid("", OPSET)],
            ir_version=IR_VERSION,
        )

    def visit(self, name: str) -> None:
        """Write node `name` and all that it needs; weights are written by whoever uses them."""
        if name in self._done or name in self._weights:
            return
        self._done.add(name)
        node = self._nodes.get(name)
        if node is None:
            raise ModelError(f"{self._source} has no node {name}: it is not the model that the manifest describes")
        build = _BUILDERS.get(node["op"])
        if build is None:
            raise ModelError(
                f"{self._source}: node {name} is a {node['op']}, which is not one of {', '.join(sorted(_BUILDERS))}"
            )
        for source in node.get("input", ()):
            self.visit(source)
        build(self, node)

    def constant(self, name: str, values: _Array) -> str:
        """The name of an initializer that holds `values`, written once."""
        from onnx import numpy_helper

        if name not in self._done:
            self._done.add(name)
            self._initializers.append(numpy_helper.from_array(np.ascontiguousarray(values), name))
        return name

    def weight(self, name: str) -> _Array:
        try:
            return self._weights[name]
        except KeyError:
            raise ModelError(f"{self._source}: {name} is computed where a constant weight is expected") from None

    def operand(self, name: str) -> str:
        """An activation, or a constant moved to NCHW so that it broadcasts as it did in NHWC."""
        if name not in self._weights:
            return name
        values = self._weights[name]
        if values.ndim == 4:
            values = values.transpose(0, 3, 1, 2)
        elif values.ndim == 1 and values.size > 1:
            values = values.reshape(-1, 1, 1)
        elif values.ndim > 1:
            raise ModelError(f"{self._source}: constant {name} of shape {values.shape} has no place in NCHW")
        return self.constant(name, values)

    def emit(self, op: str, inputs: Sequence[str], output: str, **attributes: Any) -> None:
        from onnx import helper

        self._onnx_nodes.append(helper.make_node(op, list(inputs), [output], name=output, **attributes))

    def add_input(self, name: str, shape: Sequence[int]) -> None:
        from onnx import TensorProto, helper

        self._inputs.append(helper.make_tensor_value_info(name, TensorProto.FLOAT, list(shape)))


def _ints(node: _Node, attribute: str) -> list[int]:
    return [int(value) for value in node["attr"][attribute]["list"]["i"]]


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode()


def _placeholder(writer: _Writer, node: _Node) -> None:
    n, h, w, c = (int(dim["size"]) for dim in node["attr"]["shape"]["shape"]["dim"])
    writer.add_input(node["name"], (n, c, h, w))


def _convolution(writer: _Writer, node: _Node) -> None:
    """Conv2D and depthwise, with the bias and activation that tfjs folded in."""
    depthwise = "Depthwise" in node["op"]
    picture, kernel_name, *extra = node["input"]
    kernel = writer.weight(kernel_name)  # (kh, kw, in, out), or (kh, kw, in, multiplier) when depthwise
    channels = kernel.shape[2]
    if depthwise:
        kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
    if _text(node["attr"]["data_format"]["s"]) != "NHWC":
        raise ModelError(f"node {node['name']} is not NHWC")
    inputs = [picture, writer.constant(kernel_name, kernel.transpose(3, 2, 0, 1))]
    fused = [_text(op) for op in node["attr"].get("fused_ops", {}).get("list", {}).get("s", ())]
    if fused[:1] == ["BiasAdd"]:
        inputs.append(writer.constant(extra[0], writer.weight(extra[0])))
        fused = fused[1:]
    padding = {"SAME": "SAME_UPPER", "VALID": "VALID"}[_text(node["attr"]["padding"]["s"])]
    result = f"{node['name']}/linear" if fused else node["name"]
    writer.emit(
        "Conv",
        inputs,
        result,
        auto_pad=padding,
        strides=_ints(node, "strides")[1:3],
        dilations=_ints(node, "dilations")[1:3],
        group=channels if depthwise else 1,
        kernel_shape=list(kernel.shape[:2]),
    )
    if fused:
        if len(fused) != 1 or fused[0] not in _ACTIVATIONS:
            raise ModelError(f"node {node['name']} has folded operations {fused}, of which only one of Relu is known")
        writer.emit(_ACTIVATIONS[fused[0]], [result], node["name"])


def _elementwise(op: str) -> Callable[[_Writer, _Node], None]:
    def build(writer: _Writer, node: _Node) -> None:
        writer.emit(op, [writer.operand(name) for name in node["input"]], node["name"])

    return build


def _relu6(writer: _Writer, node: _Node) -> None:
    low = writer.constant("clip/0", np.array(0, np.float32))
    high = writer.constant("clip/6", np.array(6, np.float32))
    writer.emit("Clip", [node["input"][0], low, high], node["name"])


def _mean(writer: _Writer, node: _Node) -> None:
    axes = [_NCHW_AXIS[int(axis) % 4] for axis in np.atleast_1d(writer.weight(node["input"][1]))]
    keep = int(node["attr"]["keep_dims"]["b"])
    if sorted(axes) != [2, 3] or not keep:
        raise ModelError(
            f"node {node['name']} is a mean over other axes than height and width, which is not known here"
        )
    writer.emit("GlobalAveragePool", [node["input"][0]], node["name"])


def _resize(writer: _Writer, node: _Node) -> None:
    attributes = node["attr"]
    if attributes["align_corners"]["b"]:
        raise ModelError(f"node {node['name']} aligns corners when it resizes, which is not known here")
    half_pixel = attributes.get("half_pixel_centers", {}).get("b", False)
    height, width = (int(size) for size in writer.weight(node["input"][1]))
    size = writer.constant(f"{node['name']}/size", np.array([height, width], np.int64))
    writer.emit(
        "Resize",
        [node["input"][0], "", "", size],
        node["name"],
        axes=[2, 3],
        mode="linear",
        coordinate_transformation_mode="half_pixel" if half_pixel else "asymmetric",
    )


def _concat(writer: _Writer, node: _Node) -> None:
    *pictures, axis = node["input"]
    channel_axis = _NCHW_AXIS[int(cast(int, writer.weight(axis))) % 4]
    writer.emit("Concat", [writer.operand(name) for name in pictures], node["name"], axis=channel_axis)


_BUILDERS: dict[str, Callable[[_Writer, _Node], None]] = {
    "Placeholder": _placeholder,
    "Conv2D": _convolution,
    "_FusedConv2D": _convolution,
    "DepthwiseConv2dNative": _convolution,
    "FusedDepthwiseConv2dNative": _convolution,
    "Add": _elementwise("Add"),
    "AddV2": _elementwise("Add"),
    "Mul": _elementwise("Mul"),
    "Sub": _elementwise("Sub"),
    "Relu": _elementwise("Relu"),
    "Sigmoid": _elementwise("Sigmoid"),
    "Identity": _elementwise("Identity"),
    "Relu6": _relu6,
    "Mean": _mean,
    "ResizeBilinear": _resize,
    "ConcatV2": _concat,
}
