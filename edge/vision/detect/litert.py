"""LiteRT (the successor of the TensorFlow Lite runtime) as a `Network`; it runs on every Raspberry Pi."""

from __future__ import annotations

import ast
import json
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from ai_edge_litert.interpreter import Interpreter
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.frames import FloatArray
from edge.vision.detect.classes import parse_names
from edge.vision.detect.network import input_layout
from edge.vision.detect.picture import InputTensor

_TYPES = (np.float32, np.float16, np.uint8, np.int8, np.int16)


class LiteRtNetwork:
    """A .tflite file on the CPU (XNNPACK) with `threads` threads. Raises ModelError where it cannot be loaded."""

    def __init__(self, path: Path, threads: int) -> None:
        try:
            interpreter = Interpreter(model_path=str(path), num_threads=threads)
            interpreter.allocate_tensors()
        except (ValueError, RuntimeError) as error:
            first = str(error).splitlines()[0][:200] if str(error) else "no reason given"
            raise ModelError(f"{path}: LiteRT cannot load it ({first}); export it again") from error
        inputs = interpreter.get_input_details()
        if len(inputs) != 1 or inputs[0]["dtype"] not in _TYPES:
            raise ModelError(f"{path}: takes {len(inputs)} inputs, or not pixels; a detector takes one picture")
        shape = [int(side) for side in inputs[0]["shape"]]
        layout, axis = input_layout(shape, str(path))
        step, zero = _quantization(inputs[0])
        self.tensor = InputTensor((shape[axis + 1], shape[axis]), layout, np.dtype(inputs[0]["dtype"]), step, zero)
        self.class_names: Mapping[int, str] | None = _names_in(path)
        self._input: int = inputs[0]["index"]
        self._outputs = [(out["index"], *_quantization(out)) for out in interpreter.get_output_details()]
        self._interpreter: Interpreter | None = interpreter

    def run(self, values: NDArray[Any]) -> Sequence[FloatArray]:
        """See `Network`."""
        if self._interpreter is None:
            raise ValueError("the detector is closed")
        self._interpreter.set_tensor(self._input, values)
        self._interpreter.invoke()
        return [_dequantized(self._interpreter.get_tensor(index), step, zero) for index, step, zero in self._outputs]

    def close(self) -> None:
        """Free the interpreter."""
        self._interpreter = None


def _dequantized(stored: NDArray[Any], step: float | None, zero: int) -> FloatArray:
    values = np.asarray(stored, np.float32)
    return values if step is None else (values - np.float32(zero)) * np.float32(step)


def _quantization(details: Mapping[str, Any]) -> tuple[float | None, int]:
    """(step, zero) of a tensor quantised as a whole; (None, 0) where it is not."""
    step, zero = details["quantization"]
    return (float(step), int(zero)) if step else (None, 0)


def _names_in(path: Path) -> dict[int, str] | None:
    """Class names from the archive that Ultralytics appends to its .tflite exports; None without one."""
    if not zipfile.is_zipfile(path):
        return None
    try:
        with zipfile.ZipFile(path) as archive:
            for member in archive.namelist():
                text = archive.read(member).decode("utf-8", errors="replace")
                metadata = _as_mapping(text)
                if metadata and "names" in metadata:
                    return parse_names(str(metadata["names"]))
    except (zipfile.BadZipFile, OSError):
        return None
    return None


def _as_mapping(text: str) -> Mapping[str, Any] | None:
    """JSON (since 8.3) or a Python literal (before)."""
    for read in (json.loads, ast.literal_eval):
        try:
            value = read(text)
        except (ValueError, SyntaxError):
            continue
        if isinstance(value, dict):
            return value
    return None
