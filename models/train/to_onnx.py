"""A network as an ONNX file: any input size, weights stored in 16 bits."""

from __future__ import annotations

import tempfile
from pathlib import Path

import numpy as np
import onnx
import torch
from onnx import TensorProto, helper, numpy_helper

from edge.types import KINDS
from models.train.boxed import Boxed

#: Smaller constants (strides, thresholds) stay as they are.
_LEAST_VALUES = 64


def onnx_bytes(boxed: Boxed) -> bytes:
    """The file: input `pixels` (1, 3, h, w), h and w multiples of 32; output `boxes`."""
    with tempfile.TemporaryDirectory(prefix="stopline-export-") as name:
        path = Path(name) / "nano.onnx"
        torch.onnx.export(
            boxed,
            (torch.zeros(1, 3, 320, 320),),
            str(path),
            dynamo=False,
            opset_version=17,
            input_names=["pixels"],
            output_names=["boxes"],
            dynamic_axes={"pixels": {2: "height", 3: "width"}, "boxes": {2: "cells"}},
        )
        model = onnx.load(str(path))
    _halve(model)
    names = {index: kind.value for index, kind in enumerate(KINDS)}
    helper.set_model_props(model, {"names": str(names), "name": "stopline-nano"})
    onnx.checker.check_model(model)
    return bytes(model.SerializeToString())


def _halve(model: onnx.ModelProto) -> None:
    """Store weights as float16 and widen them on loading: half the file, the same arithmetic."""
    casts = []
    for entry in model.graph.initializer:
        values = numpy_helper.to_array(entry)
        if entry.data_type != TensorProto.FLOAT or values.size < _LEAST_VALUES:
            continue
        name = entry.name
        entry.CopyFrom(numpy_helper.from_array(values.astype(np.float16), f"{name}_half"))
        casts.append(helper.make_node("Cast", [f"{name}_half"], [name], to=TensorProto.FLOAT))
    nodes = [*casts, *model.graph.node]
    del model.graph.node[:]
    model.graph.node.extend(nodes)
