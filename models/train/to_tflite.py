"""A network as TFLite files of one input size: weights in 16 bits, weights in 8, or all in 8.

LiteRT's own converter and quantiser (packages litert-torch and ai-edge-quantizer).
"""

from __future__ import annotations

import tempfile
from collections.abc import Sequence
from pathlib import Path

import litert_torch
import numpy as np
import torch
from ai_edge_quantizer import algorithm_manager, qtyping, quantizer
from numpy.typing import NDArray

from models.train.boxed import Boxed

#: Layers whose weights are worth shrinking.
_WEIGHTY = ("CONV_2D", "DEPTHWISE_CONV_2D")
_IN_8_BITS = (
    "INPUT",
    *_WEIGHTY,
    "HARD_SWISH",
    "MUL",
    "ADD",
    "MEAN",
    "TRANSPOSE",
    "CONCATENATION",
    "RESIZE_BILINEAR",
    "RELU",
    "PAD",
)
#: What stays in float, by name of its output: the decoding, where a step of 8 bits would be
#: pixels; the last layer before it; the widest features of all, right behind the stem.
_IN_FLOAT = "|".join(
    (
        r"Boxed(_wrapped)?;",
        r"Separable_(side|score)/.*pointwise",
        r"first_project",
        r"SameConv_expand/torch\.nn\.modules\.conv\.Conv2d_conv;3$",
    )
)
#: A tensor that never changes would get a step of nothing.
_LEAST_RANGE = 1e-2


def float_tflite(boxed: Boxed, size_px: int) -> bytes:
    """The file in 32 bits: input (1, size, size, 3), output (1, 4 + classes, n)."""
    wrapped = litert_torch.to_channel_last_io(boxed, args=[0])
    converted = litert_torch.convert(wrapped, (torch.zeros(1, size_px, size_px, 3),))
    with tempfile.TemporaryDirectory(prefix="stopline-export-") as name:
        path = Path(name) / "nano.tflite"
        converted.export(str(path))
        return path.read_bytes()


def half_tflite(model: bytes) -> bytes:
    """The same with weights in 16 bits, widened on loading."""
    work = quantizer.Quantizer(bytearray(model))
    weights = qtyping.TensorQuantizationConfig(num_bits=16, dtype=qtyping.TensorDataType.FLOAT)
    config = qtyping.OpQuantizationConfig(
        weight_tensor_config=weights, compute_precision=qtyping.ComputePrecision.FLOAT, explicit_dequantize=True
    )
    for operation in _WEIGHTY:
        work.update_quantization_recipe(".*", operation, config, algorithm_manager.AlgorithmName.FLOAT_CASTING)
    return bytes(work.quantize().quantized_model)


def dynamic_tflite(model: bytes) -> bytes:
    """The same with weights in 8 bits; what flows between the layers is rounded as it comes, picture by picture."""
    work = quantizer.Quantizer(bytearray(model))
    work.add_dynamic_config(".*", "CONV_2D", 8)
    work.add_weight_only_config(".*", "DEPTHWISE_CONV_2D", 8)
    return bytes(work.quantize().quantized_model)


def int8_tflite(model: bytes, pictures: Sequence[NDArray[np.float32]]) -> bytes:
    """The same with weights and features in 8 bits throughout; ranges are those on `pictures` (1, 3, size, size)."""
    work = quantizer.Quantizer(bytearray(model))
    for operation in _IN_8_BITS:
        work.add_static_config(".*", operation, 8, 8)
    work.update_quantization_recipe(_IN_FLOAT, "*", algorithm_key=algorithm_manager.AlgorithmName.NO_QUANTIZE)
    data = [{"args_0": np.ascontiguousarray(picture.transpose(0, 2, 3, 1))} for picture in pictures]
    ranges = work.calibrate({"serving_default": data}, num_threads=1)
    for measured in ranges.values():
        if "max" in measured:
            span = float(np.max(measured["max"]) - np.min(measured["min"]))
            measured["max"] = measured["max"] + max(0.0, _LEAST_RANGE - span)
    return bytes(work.quantize(ranges).quantized_model)
