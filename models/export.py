"""A person's own YOLO (.pt) in the formats that a cabinet runs: TFLite, ONNX, TensorRT.

The exporting is done by the package `ultralytics` (extra `ultralytics`), which also fetches
its own models by name (`yolo26n.pt`). TensorRT engines are built on the machine that will
run them: they fit its GPU and no other. That path has been tested with a stand-in only, no
Jetson having been at hand.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from edge.errors import ModelError, StorageError

if TYPE_CHECKING:
    from ultralytics import YOLO

Format = Literal["tflite", "onnx", "engine"]
FORMATS: tuple[Format, ...] = ("tflite", "onnx", "engine")
#: What ultralytics raises where an export fails: its own checks, torch, TensorRT, missing packages, the disk.
_FAILURES = (RuntimeError, ValueError, TypeError, AttributeError, AssertionError, ImportError, KeyError, OSError)


@dataclass(frozen=True, slots=True)
class ExportOrder:
    """What to make. size_px: side of the square input. calibration: a data.yaml whose pictures give the ranges
    of 8-bit numbers, None for no 8 bits. half: 16-bit arithmetic, for engines. device: the GPU's number."""

    model: str
    formats: tuple[Format, ...]
    size_px: int = 640
    calibration: Path | None = None
    half: bool = False
    device: str | None = None

    def __post_init__(self) -> None:
        if Path(self.model).suffix != ".pt":
            raise ModelError(f"{self.model}: only a .pt file can be exported; give the one that was trained")
        if not self.formats:
            raise ModelError(f"give --to one or more of {', '.join(FORMATS)}, separated by commas")
        if self.size_px % 32 or not 32 <= self.size_px <= 4096:
            raise ModelError(f"size_px is {self.size_px}: give a multiple of 32, such as 320 or 640")
        if self.half and self.calibration is not None:
            raise ModelError("give --half or --int8, not both: a file has one kind of numbers")
        if self.half and self.formats != ("engine",):
            raise ModelError("--half is for --to engine; on a CPU 16-bit arithmetic is slower")
        if self.calibration is not None and not self.calibration.is_file():
            raise ModelError(f"{self.calibration}: there is no such file; --int8 takes the data.yaml of a data set")


def formats_of(text: str) -> tuple[Format, ...]:
    """`tflite,onnx` → formats, each once. Raises ModelError naming the word that is none."""
    words = [word.strip() for word in text.split(",") if word.strip()]
    for word in words:
        if word not in FORMATS:
            raise ModelError(f"--to {text}: '{word}' is none of {', '.join(FORMATS)}")
    return tuple(each for each in FORMATS if each in words)


def export(order: ExportOrder) -> list[Path]:
    """The files made, beside the model, in the order of `FORMATS`.

    Raises ModelError where the extra is missing, the model cannot be loaded or an export
    fails, with the reason that ultralytics gives.
    """
    try:
        from ultralytics import YOLO
    except ImportError as error:
        raise ModelError(
            f"{order.model}: needs Ultralytics to export: run `pip install 'stopline[ultralytics]'`"
        ) from error
    try:
        model = YOLO(order.model, task="detect")
    except _FAILURES as error:
        raise ModelError(f"{order.model}: Ultralytics cannot load it ({_first_line(error)})") from error
    return [_made(model, order, form) for form in order.formats]


def _made(model: YOLO, order: ExportOrder, form: Format) -> Path:
    try:
        made = model.export(
            format=form,
            imgsz=order.size_px,
            int8=order.calibration is not None,
            half=order.half,
            data=None if order.calibration is None else str(order.calibration),
            device=order.device,
            verbose=False,
        )
    except _FAILURES as error:
        raise ModelError(f"{order.model}: Ultralytics cannot export it to {form} ({_first_line(error)})") from error
    path = Path(str(made))
    if not path.is_file():
        raise StorageError(f"{path}: Ultralytics says it wrote this file, but it is not there; is the disk full?")
    return path


def _first_line(error: BaseException) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0][:200]
