"""ONNX Runtime as a `Network` (extra `onnx`)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.frames import FloatArray
from edge.vision.detect.classes import parse_names
from edge.vision.detect.network import input_layout
from edge.vision.detect.picture import InputTensor
from models.manifest import Picture

#: What an export with open height and width is run at.
_OPEN_SIZE_PX = (640, 640)
_TYPES = {
    "tensor(float)": np.float32,
    "tensor(float16)": np.float16,
    "tensor(uint8)": np.uint8,
    "tensor(int8)": np.int8,
}


class OnnxNetwork:
    """An .onnx file on the CPU with `threads` threads. Raises ModelError for a file that is no such model."""

    def __init__(self, path: Path, picture: Picture, threads: int) -> None:
        try:
            import onnxruntime
            from onnxruntime.capi import onnxruntime_pybind11_state as failures
        except ImportError as error:
            raise ModelError(f"{path}: needs ONNX Runtime: run `pip install 'stopline[onnx]'`") from error
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        # Spinning threads would take the time of the tracker and of the control process.
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
        options.log_severity_level = 3
        try:
            session = onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
        except (
            failures.Fail,
            failures.InvalidArgument,
            failures.InvalidGraph,
            failures.InvalidProtobuf,
            failures.NoSuchFile,
            failures.NotImplemented,
            failures.RuntimeException,
        ) as error:
            first = str(error).splitlines()[0][:200]
            raise ModelError(f"{path}: ONNX Runtime cannot load it ({first}); export it again") from error
        inputs = session.get_inputs()
        if len(inputs) != 1 or inputs[0].type not in _TYPES:
            raise ModelError(
                f"{path}: takes {', '.join(f'{entry.type} {entry.shape}' for entry in inputs)}; "
                "a detector takes one picture"
            )
        layout, axis = input_layout(inputs[0].shape, str(path))
        self.tensor = InputTensor(
            _size(inputs[0].shape[axis : axis + 2], picture), layout, np.dtype(_TYPES[inputs[0].type])
        )
        self.class_names: Mapping[int, str] | None = parse_names(
            session.get_modelmeta().custom_metadata_map.get("names", "")
        )
        self._session: Any | None = session
        self._input = inputs[0].name
        self._outputs = [output.name for output in session.get_outputs()]

    def run(self, values: NDArray[Any]) -> Sequence[FloatArray]:
        """See `Network`."""
        if self._session is None:
            raise ValueError("the detector is closed")
        answers = self._session.run(self._outputs, {self._input: values})
        return [np.asarray(answer, np.float32) for answer in answers]

    def close(self) -> None:
        """Free the session."""
        self._session = None


def _size(sides: Sequence[object], picture: Picture) -> tuple[int, int]:
    """(width, height): fixed by the file, else by the manifest or sidecar, else 640×640."""
    height, width = sides
    if isinstance(height, int) and isinstance(width, int):
        return width, height
    return picture.size_px or _OPEN_SIZE_PX
