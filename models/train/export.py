"""`python -m models.train.export CHECKPOINT --data DIR --out DIR`: the files of stopline-nano from a checkpoint."""

from __future__ import annotations

import hashlib
import sys
from pathlib import Path
from typing import Annotated

import torch
import typer

from edge.errors import StoplineError
from models.train.boxed import Boxed
from models.train.calibration import drawn
from models.train.compact import equalise, prune
from models.train.fit import load_average
from models.train.network import Nano
from models.train.pictures import CLASSES, read_folder
from models.train.to_onnx import onnx_bytes
from models.train.to_tflite import dynamic_tflite, float_tflite, half_tflite, int8_tflite

SIZES_PX = (320, 640)
#: Pictures to measure on: gates on many, for a gate that fires rarely must not be lost; ranges on fewer.
_PRUNE, _EQUALISE, _CALIBRATE = 160, 24, 40

#: Taken off every logit. Focal loss with pictures whose labels have gaps leaves scores too high for
#: thresholds that suit other detectors; the order of scores, and so AP, stays as it is.
_MODESTY = 0.7

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def export(
    checkpoint: Annotated[Path, typer.Argument(help="OUT/last.pt of a training.")],
    data: Annotated[list[Path], typer.Option(help="Training data, to measure ranges on; may be given again.")],
    out: Annotated[Path, typer.Option(help="Folder for the files.")],
    seed: Annotated[int, typer.Option(min=0)] = 1,
) -> None:
    """Write float and 8-bit TFLite files for 320 and 640 px, and an ONNX file for any size; print their hashes."""
    pictures = [one for folder in data for one in read_folder(folder)]
    nano = Nano(len(CLASSES))
    load_average(nano, checkpoint)
    nano.eval()
    removed = prune(nano, (torch.from_numpy(one) for one in drawn(pictures, _PRUNE, 320, seed)))
    equalise(nano, (torch.from_numpy(one) for one in drawn(pictures, _EQUALISE, 320, seed + 1)))
    with torch.no_grad():
        if (bias := nano.score.pointwise.conv.bias) is not None:
            bias -= _MODESTY
    typer.echo(f"{removed} dead channels removed, {sum(each.numel() for each in nano.parameters())} weights left")
    boxed = Boxed(nano).eval()
    out.mkdir(parents=True, exist_ok=True)
    _write(out / "stopline-nano.onnx", onnx_bytes(boxed))
    for size_px in SIZES_PX:
        whole = float_tflite(boxed, size_px)
        _write(out / f"stopline-nano-{size_px}.tflite", half_tflite(whole))
        # All in 8 bits costs three points of AP50 at 320 px, and at 640 px too much.
        small = size_px == min(SIZES_PX)
        eight = int8_tflite(whole, drawn(pictures, _CALIBRATE, size_px, seed + 2)) if small else dynamic_tflite(whole)
        _write(out / f"stopline-nano-{size_px}-int8.tflite", eight)


def _write(path: Path, content: bytes) -> None:
    partial = path.with_name(f".{path.name}.partial")
    partial.write_bytes(content)
    partial.replace(path)
    typer.echo(f"{path}: {len(content) / 1e6:.2f} MB, sha256 {hashlib.sha256(content).hexdigest()}")


if __name__ == "__main__":
    try:
        app()
    except StoplineError as error:
        typer.echo(f"models.train.export: {error}", err=True)
        sys.exit(error.exit_code)
