"""The weights that stopline-nano starts from: those of the manifest's CenterNet, read from its ONNX file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from google.protobuf.message import DecodeError
from numpy.typing import NDArray
from onnx import numpy_helper
from torch import nn

from edge.errors import ModelError
from models.train.network import Nano, Separable

#: COCO's indices (Lin et al. 2014) of car, truck, bus, motorcycle, bicycle, person: our six classes in our order.
OUR_CLASSES = (2, 7, 5, 3, 1, 0)


def load_origin(network: Nano, path: Path, classes: Sequence[int] = OUR_CLASSES) -> None:
    """Copy the weights of an ONNX CenterNet into `network`; `classes` are the rows of its 80 to keep.

    Raises ModelError where the file is not that network.
    """
    convolutions = _convolutions(path)
    with torch.no_grad():
        for prefix, layer in _layers(network):
            values = next((found for name, found in convolutions.items() if name.startswith(prefix)), None)
            if values is None:
                raise ModelError(f"{path}: has no layer {prefix}; run `stopline models pull centernet`")
            rows = list(classes) if prefix == "centernet_cls_output/BiasAdd" else slice(None)
            parameters = list(layer.parameters())
            if len(values) != len(parameters):
                raise ModelError(f"{path}: layer {prefix} is of another network; run `stopline models pull centernet`")
            for parameter, value in zip(parameters, values, strict=True):
                kept = np.array(value[rows], np.float32)
                if tuple(parameter.shape) != kept.shape:
                    raise ModelError(f"{path}: layer {prefix} has shape {kept.shape}, not {tuple(parameter.shape)}")
                parameter.copy_(torch.from_numpy(kept))


def _convolutions(path: Path) -> dict[str, list[NDArray[Any]]]:
    """Name of each convolution in the file → its stored weights and bias. Raises ModelError where there are none."""
    try:
        graph = onnx.load(str(path)).graph
    except (OSError, ValueError, DecodeError) as error:
        raise ModelError(f"{path}: cannot be read as ONNX; run `stopline models pull centernet`") from error
    stored = {entry.name: numpy_helper.to_array(entry) for entry in graph.initializer}
    return {
        _plain(node.name): [stored[name] for name in node.input[1:] if name in stored]
        for node in graph.node
        if node.op_type == "Conv"
    }


def _plain(name: str) -> str:
    for scope in ("tower_0/", "MobilenetV3/", "CenternetHead/"):
        name = name.removeprefix(scope)
    return name


def _layers(network: Nano) -> Iterator[tuple[str, nn.Module]]:
    """(start of the origin's layer name, our layer)."""
    yield "Conv/", network.stem
    yield "expanded_conv/depthwise", network.first_depthwise
    yield "expanded_conv/project", network.first_project
    for index, block in enumerate(network.blocks, start=1):
        name = f"expanded_conv_{index}"
        yield f"{name}/expand", block.expand
        yield f"{name}/depthwise", block.depthwise
        if block.squeeze is not None:
            yield f"{name}/squeeze_excite/Conv/", block.squeeze.reduce
            yield f"{name}/squeeze_excite/Conv_1/", block.squeeze.restore
        yield f"{name}/project", block.project
    yield "extern1", network.last
    for name, lateral in (("c2", network.lateral4), ("c3", network.lateral8), ("c4", network.lateral16)):
        yield f"{name}_reverse/1x1", lateral.reduce
        yield from _separable(
            f"{name}_reverse/3x3/separable_conv2d", f"{name}_reverse/3x3/BatchNorm", lateral.separable
        )
    for name, rise in (("c5", network.rise16), ("c4", network.rise8), ("c3", network.rise4)):
        for axis, part in (("x", rise.x), ("y", rise.y)):
            start = f"{name}_upsample/branch_{axis}_upsample_resize"
            yield from _separable(f"{start}/separable_conv2d", f"{start}/BatchNorm", part)
    yield "conv1x1_se_a", network.gate.reduce
    yield "conv1x1_se_b", network.gate.restore
    for name, part in (("centernet_cls_output", network.score), ("centernet_wh_output", network.side)):
        yield from _separable(f"{name}/separable_conv2d", f"{name}/BiasAdd", part)


def _separable(depthwise: str, pointwise: str, part: Separable) -> Iterator[tuple[str, nn.Module]]:
    yield depthwise, part.depthwise
    yield pointwise, part.pointwise
