"""Trains stopline-nano.

Examples:
  python -m models.train --data detect --out runs/nano
  python -m models.train --data detect --data rendered --out runs/nano --resume
"""

from __future__ import annotations

import sys
import zipfile
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import torch
import typer
from rich.console import Console

from edge.errors import InputError, StoplineError, StorageError
from models.train.check import vehicle_ap50
from models.train.fit import Recipe, Run, fit, load_average
from models.train.network import Nano
from models.train.origin import load_origin
from models.train.pictures import CLASSES, Boxes, Labelled, also_doubtful, read_folder
from models.train.teacher import look

_USUAL = Recipe()

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None, pretty_exceptions_enable=False)


@app.command()
def train(
    data: Annotated[list[Path], typer.Option(help="Folder in YOLO form with index.csv; may be given again.")],
    out: Annotated[Path, typer.Option(help="Folder for checkpoints and the log.")],
    origin: Annotated[Path, typer.Option(help="centernet.onnx, as `stopline models pull centernet` keeps it.")],
    steps: Annotated[int, typer.Option(min=1, help="Batches in all.")] = _USUAL.steps,
    batch: Annotated[int, typer.Option(min=1)] = _USUAL.batch,
    rate: Annotated[float, typer.Option(min=0, help="Highest learning rate.")] = _USUAL.rate,
    seed: Annotated[int, typer.Option(min=0)] = _USUAL.seed,
    begin: Annotated[Path | None, typer.Option(help="Begin from the average of this checkpoint.")] = None,
    resume: Annotated[bool, typer.Option("--resume", help="Go on from OUT/last.pt.")] = False,
    frozen: Annotated[int, typer.Option(min=0, max=14, help="Blocks that keep the origin's weights.")] = _USUAL.frozen,
    threads: Annotated[int, typer.Option(min=1)] = 2,
) -> None:
    """Train from the origin's weights, with a checkpoint and a line of measures every few minutes."""
    torch.set_num_threads(threads)
    torch.manual_seed(seed)
    recipe = Recipe(steps=steps, batch=batch, rate=rate, frozen=frozen, seed=seed)
    # All that can be wrong is looked at before the teacher is asked, which takes minutes.
    pictures = [one for folder in data for one in read_folder(folder)]
    val = read_folder(data[0], "val")
    nano = Nano(len(CLASSES))
    load_origin(nano, origin)
    if begin is not None:
        load_average(nano, begin)
    run = Run.start(nano, recipe)
    if resume:
        run.load(out / "last.pt")
        if run.step > steps:
            raise InputError(f"{out / 'last.pt'}: is at step {run.step}, past --steps {steps}; give more")
    taught = also_doubtful(pictures, _taught(pictures, origin, _folder(out) / "teacher.npz", threads))
    console = Console()
    console.print(f"{len(taught)} pictures, step {run.step} of {recipe.steps}")
    for said in fit(run, taught, recipe, out, lambda average: _measures(average, val)):
        console.print(", ".join(f"{key} {value:.4g}" for key, value in said.items()))


def _folder(out: Path) -> Path:
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror}; give --out a folder that can be written") from error
    return out


def _taught(pictures: list[Labelled], origin: Path, kept: Path, threads: int) -> dict[str, Boxes]:
    if not kept.exists():
        gaps = [one for one in pictures if not one.part.complete]
        seen: dict[str, Any] = dict(zip((one.path.stem for one in gaps), look(origin, gaps, threads), strict=True))
        part = kept.with_name("part-teacher.npz")
        np.savez_compressed(part, **seen)
        part.replace(kept)
    try:
        with np.load(kept) as file:
            return {name: file[name] for name in file.files}
    except (OSError, ValueError, EOFError, zipfile.BadZipFile) as error:
        raise InputError(f"{kept}: is damaged; delete it, and the teacher looks again") from error


def _measures(average: Nano, val: list[Labelled]) -> dict[str, float]:
    l1 = [one for one in val if "/val_l1" in str(one.path)]
    l2 = [one for one in val if "/val_l2" in str(one.path)][::4]
    return {
        "l1_640": vehicle_ap50(average, l1, 640),
        "l1_320": vehicle_ap50(average, l1, 320),
        "l2_320": vehicle_ap50(average, l2, 320),
    }


if __name__ == "__main__":
    try:
        app()
    except StoplineError as error:
        typer.echo(f"models.train: {error}", err=True)
        sys.exit(error.exit_code)
