"""Real model files, a few kilobytes each, whose answer is known from the picture.

Every cell of 8×8 pixels of a 64×64 input predicts one box of 24×24 pixels around its
centre; the 20 boxes of the coarser grids stay empty. Class 0 (car) scores the cell's
red, class 1 (truck) its green, class 2 (bus) its blue, each 0..1; other classes score 0.
"""

from __future__ import annotations

import zipfile
from pathlib import Path
from typing import Any, Literal

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema
from numpy.typing import NDArray
from onnx import ModelProto, TensorProto, helper, numpy_helper, save_model

SIDE_PX = 64
CELL_PX = 8
BOX_PX = 24
CELLS = (SIDE_PX // CELL_PX) ** 2
#: As many boxes as a real network of this input size has: 64 + 16 + 4.
BOXES = 84


def centres_px() -> NDArray[np.float32]:
    """(64, 2) x, y of the cells, row by row, in input pixels."""
    y, x = np.mgrid[: SIDE_PX // CELL_PX, : SIDE_PX // CELL_PX]
    return ((np.stack([x.ravel(), y.ravel()], axis=1) + 0.5) * CELL_PX).astype(np.float32)


def xywh_px() -> NDArray[np.float32]:
    """(84, 4) centre, width, height of each cell's box."""
    boxes = np.zeros((BOXES, 4), np.float32)
    boxes[:CELLS, :2], boxes[:CELLS, 2:] = centres_px(), BOX_PX
    return boxes


def write_onnx(
    path: Path,
    head: Literal["v8", "v8_rows", "end_to_end"],
    *,
    classes: int = 6,
    names: dict[int, str] | None = None,
    open_size: bool = False,
    half: bool = False,
) -> Path:
    """An .onnx file with one of the heads of Ultralytics' exports; `classes` ≥ 3 without end-to-end."""
    nodes = []
    picture = "images"
    if half:
        nodes.append(helper.make_node("Cast", ["images"], ["wide"], to=TensorProto.FLOAT))
        picture = "wide"
    nodes += [
        helper.make_node("AveragePool", [picture], ["cells"], kernel_shape=[8, 8], strides=[8, 8]),
        helper.make_node("Reshape", ["cells", "flat"], ["colours"]),  # (1, 3, 64)
    ]
    constants: dict[str, NDArray[Any]] = {"flat": np.array([1, 3, CELLS], np.int64)}
    if head == "end_to_end":
        half_px = BOX_PX / 2
        corners = np.concatenate([centres_px() - half_px, centres_px() + half_px], axis=1)
        constants |= {"boxes": corners[np.newaxis], "one": np.array([1], np.int64)}
        nodes += [
            helper.make_node("ReduceMax", ["colours", "one"], ["best"], keepdims=1),
            helper.make_node("ArgMax", ["colours"], ["which"], axis=1, keepdims=1),
            helper.make_node("Cast", ["which"], ["label"], to=TensorProto.FLOAT),
            helper.make_node("Concat", ["best", "label"], ["pairs"], axis=1),
            helper.make_node("Transpose", ["pairs"], ["columns"], perm=[0, 2, 1]),
            helper.make_node("Concat", ["boxes", "columns"], ["output0"], axis=2),
        ]
    else:
        constants |= {
            "boxes": np.ascontiguousarray(xywh_px().T)[np.newaxis],
            "rest": np.zeros((1, classes - 3, BOXES), np.float32),
            "coarse": np.zeros((1, 3, BOXES - CELLS), np.float32),
        }
        rows = "output0" if head == "v8" else "channels"
        nodes.append(helper.make_node("Concat", ["colours", "coarse"], ["scores"], axis=2))
        nodes.append(helper.make_node("Concat", ["boxes", "scores", "rest"], [rows], axis=1))
        if head == "v8_rows":
            nodes.append(helper.make_node("Transpose", ["channels"], ["output0"], perm=[0, 2, 1]))
    sides: list[int | str] = ["height", "width"] if open_size else [SIDE_PX, SIDE_PX]
    kind = TensorProto.FLOAT16 if half else TensorProto.FLOAT
    graph = helper.make_graph(
        nodes,
        "tiny",
        [helper.make_tensor_value_info("images", kind, [1, 3, *sides])],
        [helper.make_tensor_value_info("output0", TensorProto.FLOAT, None)],
        [numpy_helper.from_array(values, name) for name, values in constants.items()],
    )
    model: ModelProto = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 18)], ir_version=8)
    if names is not None:
        helper.set_model_props(model, {"names": str(names)})
    save_model(model, str(path))
    return path


def write_tflite(
    path: Path,
    *,
    layout: Literal["nhwc", "nchw"] = "nhwc",
    quantised: bool = False,
    names: dict[int, str] | None = None,
) -> Path:
    """A .tflite file with the v8 head (1, 10, 84) and boxes in fractions, float32 or int8 (step 1/255, zero −128)."""
    network = _Flat(quantised)
    shape = [1, SIDE_PX, SIDE_PX, 3] if layout == "nhwc" else [1, 3, SIDE_PX, SIDE_PX]
    source = picture = network.tensor("images", shape)
    if layout == "nchw":
        picture = network.tensor("pixels", [1, SIDE_PX, SIDE_PX, 3])
        order = network.constant("to_nhwc", np.array([0, 2, 3, 1], np.int32))
        network.call(schema.BuiltinOperator.TRANSPOSE, [source, order], picture, "TransposeOptions", {})
    side = SIDE_PX // CELL_PX
    cells = network.tensor("cells", [1, side, side, 3])
    pool = {"strideW": 8, "strideH": 8, "filterWidth": 8, "filterHeight": 8, "padding": schema.Padding.VALID}
    network.call(schema.BuiltinOperator.AVERAGE_POOL_2D, [picture], cells, "Pool2DOptions", pool)
    colours = network.tensor("colours", [1, CELLS, 3])
    new_shape = [1, CELLS, 3]
    wanted = network.constant("flat", np.array(new_shape, np.int32))
    network.call(schema.BuiltinOperator.RESHAPE, [cells, wanted], colours, "ReshapeOptions", {"newShape": new_shape})
    boxes = network.values("boxes", (xywh_px() / SIDE_PX)[np.newaxis])
    rest = network.values("rest", np.zeros((1, BOXES, 3), np.float32))
    rows = network.tensor("rows", [1, BOXES, 10])
    coarse = network.values("coarse", np.zeros((1, BOXES - CELLS, 3), np.float32))
    scores = network.tensor("scores", [1, BOXES, 3])
    network.call(schema.BuiltinOperator.CONCATENATION, [colours, coarse], scores, "ConcatenationOptions", {"axis": 1})
    network.call(schema.BuiltinOperator.CONCATENATION, [boxes, scores, rest], rows, "ConcatenationOptions", {"axis": 2})
    answer = network.tensor("output", [1, 10, BOXES])
    order = network.constant("to_channels", np.array([0, 2, 1], np.int32))
    network.call(schema.BuiltinOperator.TRANSPOSE, [rows, order], answer, "TransposeOptions", {})
    path.write_bytes(network.finish(source, answer))
    if names is not None:
        with zipfile.ZipFile(path, "a") as archive:
            archive.writestr("metadata.json", f'{{"names": {_json_names(names)}}}')
    return path


def _json_names(names: dict[int, str]) -> str:
    return "{" + ", ".join(f'"{index}": "{name}"' for index, name in names.items()) + "}"


class _Flat:
    """Writes the TFLite flatbuffer through the schema that comes with LiteRT."""

    def __init__(self, quantised: bool) -> None:
        self._quantised = quantised
        self._model = schema.ModelT()
        self._model.version = 3
        self._model.buffers = [schema.BufferT()]
        self._model.operatorCodes = []
        self._graph = schema.SubGraphT()
        self._graph.tensors, self._graph.operators = [], []
        self._model.subgraphs = [self._graph]

    def tensor(self, name: str, shape: list[int], stored: NDArray[Any] | None = None) -> int:
        tensor = schema.TensorT()
        tensor.name, tensor.shape, tensor.buffer = name.encode(), shape, 0
        whole = stored is not None and stored.dtype == np.int32
        plain = schema.TensorType.INT8 if self._quantised else schema.TensorType.FLOAT32
        tensor.type = schema.TensorType.INT32 if whole else plain
        if self._quantised and not whole:
            tensor.quantization = schema.QuantizationParametersT()
            tensor.quantization.scale, tensor.quantization.zeroPoint = [1 / 255], [-128]
        if stored is not None:
            buffer = schema.BufferT()
            buffer.data = np.frombuffer(stored.tobytes(), np.uint8)
            self._model.buffers.append(buffer)
            tensor.buffer = len(self._model.buffers) - 1
        self._graph.tensors.append(tensor)
        return len(self._graph.tensors) - 1

    def constant(self, name: str, stored: NDArray[np.int32]) -> int:
        return self.tensor(name, list(stored.shape), stored)

    def values(self, name: str, values: NDArray[np.floating[Any]]) -> int:
        stored = (np.rint(values * 255) - 128).astype(np.int8) if self._quantised else values.astype(np.float32)
        return self.tensor(name, list(values.shape), stored)

    def call(self, op: int, inputs: list[int], output: int, options: str, fields: dict[str, Any]) -> None:
        code = schema.OperatorCodeT()
        code.builtinCode = code.deprecatedBuiltinCode = op
        code.version = 2 if self._quantised and op != schema.BuiltinOperator.RESHAPE else 1
        self._model.operatorCodes.append(code)
        operator = schema.OperatorT()
        operator.opcodeIndex = len(self._model.operatorCodes) - 1
        operator.inputs, operator.outputs = inputs, [output]
        operator.builtinOptionsType = getattr(schema.BuiltinOptions, options)
        operator.builtinOptions = getattr(schema, options + "T")()
        for key, value in fields.items():
            setattr(operator.builtinOptions, key, value)
        self._graph.operators.append(operator)

    def finish(self, source: int, answer: int) -> bytes:
        self._graph.inputs, self._graph.outputs = [source], [answer]
        builder = flatbuffers.Builder(1024)
        builder.Finish(self._model.Pack(builder), b"TFL3")
        return bytes(builder.Output())
