"""The command that renders the demo clip with its truth, and writes its site.

Examples:
  python -m sim_videos.old.scene demo -o out
  python -m sim_videos.old.scene site -o calibration/sites/demo.toml
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.progress import Progress, ProgressColumn, Task, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from edge.errors import StoplineError, StorageError
from sim_videos.clip import ClipWriter
from sim_videos.old.camera import DEMO_CAMERA, PinholeCamera
from sim_videos.old.draw import Painter
from sim_videos.old.site import SITE_ID, demo_site, site_toml
from sim_videos.old.truth import SceneFrame, SceneHeader, TruthRecorder, line_of
from sim_videos.old.world import UserState, World

FPS = 12.5
DURATION_S = 90.0
DEMO_SEED = 5
FRAMES = round(DURATION_S * FPS)
_NOTES = (
    "rendered, so the counts are exact: a road user counts in the frame in which the middle of its footprint passes "
    "the exit gate of a movement whose entry gate it has passed; those inside at the first or last frame do not count; "
    "PSE and PSW are pedestrians walking east and west on the south crossing"
)

app = typer.Typer(
    add_completion=False, no_args_is_help=True, help=__doc__, rich_markup_mode=None, pretty_exceptions_enable=False
)


def header(seed: int, frames: int = FRAMES, camera: PinholeCamera = DEMO_CAMERA) -> SceneHeader:
    """First line of the truth of the demo clip."""
    eye = {field.name: getattr(camera, field.name) for field in dataclasses.fields(camera) if field.init}
    size = eye.pop("size_px")
    return SceneHeader(
        schema="stopline-scene-truth/1",
        clip="demo.mp4",
        site=SITE_ID,
        seed=seed,
        fps=FPS,
        frames=frames,
        size=size,
        camera=eye,
    )


def play(seed: int, frames: int = FRAMES) -> Iterator[tuple[SceneFrame, list[UserState], World]]:
    """Truth of each frame in order, with the road users and the world it was taken from."""
    world, recorder = World(seed), TruthRecorder(DEMO_CAMERA)
    for index in range(frames):
        t_s = index / FPS
        world.advance(t_s)
        users = world.users()
        yield recorder.frame(index, t_s, users, world.lamps), users, world


def hand_count(truth: list[SceneFrame], sha256: str) -> dict[str, object]:
    """The counts in the format of a hand count (`*.truth.json`), which `stopline evaluate` reads."""
    crossings = [
        {"frame": frame.frame, "direction": crossing.movement, "kind": crossing.kind.value}
        for frame in truth
        for crossing in frame.crossings
    ]
    counts = Counter(str(crossing["direction"]) for crossing in crossings)
    return {
        "clip": "demo.mp4",
        "fps": FPS,
        "frames": len(truth),
        "size": list(DEMO_CAMERA.size_px),
        "line": None,
        "counts": {movement.id: counts[movement.id] for movement in demo_site().movements},
        "crossings": crossings,
        "sure": "exact",
        "notes": _NOTES,
        "source": "python -m sim_videos.old.scene demo",
        "licence": "Apache-2.0, rendered by this project",
        "sha256": sha256,
    }


def render(out: Path, seed: int, frames: int, progress: Progress) -> dict[str, object]:
    """Write demo.mp4, demo.truth.jsonl and demo.truth.json into `out`; the last is returned.

    Files appear under their names only when whole. StorageError where `out` cannot be written.
    """
    names = [out / name for name in ("demo.mp4", "demo.truth.jsonl", "demo.truth.json")]
    video, lines, count = (path.with_name(f"part-{path.name}") for path in names)
    painter = Painter(DEMO_CAMERA)
    truth = []
    try:
        out.mkdir(parents=True, exist_ok=True)
        task = progress.add_task("rendering", total=frames)
        with ClipWriter(video, DEMO_CAMERA.size_px, FPS) as clip, lines.open("w", encoding="utf-8") as text:
            text.write(line_of(header(seed, frames)) + "\n")
            for frame, users, world in play(seed, frames):
                clip.add(painter.frame(frame.t_s, users, world.lamps))
                text.write(line_of(frame) + "\n")
                truth.append(frame)
                progress.advance(task)
        counted = hand_count(truth, hashlib.sha256(video.read_bytes()).hexdigest())
        count.write_text(json.dumps(counted, indent=1) + "\n", encoding="utf-8")
        for part, name in zip((video, lines, count), names, strict=True):
            part.replace(name)
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror}; choose a folder that can be written") from error
    finally:
        for part in (video, lines, count):
            part.unlink(missing_ok=True)
    return counted


class _Rate(ProgressColumn):
    """Frames a second."""

    def render(self, task: Task) -> Text:
        return Text("" if task.speed is None else f"{task.speed:.0f} frames/s")


@app.command()
def demo(
    out: Annotated[Path, typer.Option("-o", "--out", help="Folder for the clip and its truth.")],
    seed: Annotated[int, typer.Option(help="Another seed is other traffic.")] = DEMO_SEED,
    seconds: Annotated[float, typer.Option(min=1.0, max=600.0, help="Length of the clip.")] = DURATION_S,
) -> None:
    """Render the demo clip and what is true of every frame of it."""
    console = Console()
    columns = (*Progress.get_default_columns()[:-1], _Rate(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        counted = render(out, seed, round(seconds * FPS), progress)
    table = Table("movement", "road users")
    counts = counted["counts"]
    if isinstance(counts, dict):
        for movement, number in counts.items():
            table.add_row(movement, str(number))
    console.print(table)
    console.print(f"{out / 'demo.mp4'}: {(out / 'demo.mp4').stat().st_size / 1e6:.2f} MB")


@app.command()
def site(out: Annotated[Path, typer.Option("-o", "--out", help="TOML file to write.")]) -> None:
    """Write the site description of the demo junction."""
    try:
        out.write_text(site_toml(demo_site()), encoding="utf-8")
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror}; choose a file that can be written") from error


def main(arguments: list[str] | None = None) -> None:
    """`python -m sim_videos.old.scene`; errors end in one line and their exit code."""
    try:
        app(arguments)
    except StoplineError as error:
        Console(stderr=True).print(str(error), markup=False)
        sys.exit(error.exit_code)


if __name__ == "__main__":
    main()
