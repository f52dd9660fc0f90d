"""Counting, speed, queues and place through the whole chain on rendered scenes, against their truth.

Each scene is filmed into a video as `stopline scene render` does, replayed as `stopline
replay --keep-tracks` does, and scored as `stopline evaluate` does:

    day      scenes by daylight, without mishaps
    night    night_rain: headlights in a wet road

--truth-detector puts the scene's true boxes in place of the detector's, so that what is
lost after the detector can be told from what it loses. The first scene is filmed again for
a few seconds: the same seed must give the same bytes of truth and the same counts.

--quick films half a minute of two scenes. That is too little for shares and medians, so it
asks only that no scene's count is off by more than two road users.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from calibration.load import load_site
from edge.cli.progress import ReplayProgress
from edge.clock import SystemClock
from edge.errors import StoplineError
from edge.replay import files
from edge.replay.compose import ReplayOptions, replay_video
from edge.seams import Detector
from edge.vision.detect import open_detector
from edge.vision.pipeline import VisionSettings
from edge.vision.source import open_source
from sim_videos.detector import PERFECT, SimulatedDetector
from sim_videos.film import Film, FilmOrder, film
from sim_videos.scenario import load_scenario
from sim_videos.score import SceneScore, score_replay

CLOCK = SystemClock()
#: Scenario and camera (None: its only one) of each group.
SCENES: dict[str, tuple[tuple[str, str | None], ...]] = {
    "day": (("demo", None), ("rush", "south-mast"), ("low_sun", "north-mast"), ("tee", "east-mast"), ("rain", None)),
    "night": (("night_rain", None), ("night", None)),
}
QUICK: dict[str, tuple[tuple[str, str | None], ...]] = {"day": (("demo", None),), "night": (("night_rain", None),)}
LEAST = {"day": 0.95, "night": 0.90}
_QUICK_S, _FULL_S, _AGAIN_S = 24.0, 120.0, 4.0


@dataclass(frozen=True, slots=True)
class Row:
    """One scene as it was scored."""

    group: str
    scene: str
    score: SceneScore
    true: int
    ours: int


def main() -> None:
    """Film, replay and score every scene, print the table, end with the goals."""
    parser = arguments(__doc__)
    parser.add_argument("--model", default=None, help="detector by name or file; the best one installed if left out")
    parser.add_argument("--truth-detector", action="store_true", help="true boxes in place of the detector's")
    parser.add_argument("--seconds", type=float, default=None, help=f"length of each scene (default {_FULL_S:g})")
    parser.add_argument("--scenes", default=None, metavar="A,B", help="only these scenarios")
    options = parser.parse_args()
    wanted = None if options.scenes is None else set(options.scenes.split(","))
    length_s = options.seconds or (_QUICK_S if options.quick else _FULL_S)
    model = None if options.truth_detector else options.model or "the best one installed"
    rows: list[Row] = []
    try:
        with tempfile.TemporaryDirectory(prefix="stopline-scenes-") as folder:
            for group, name, camera in chosen(QUICK if options.quick else SCENES, wanted):
                made = filmed(name, camera, Path(folder) / name, length_s)
                rows.append(scored(group, made, name, None if model is None else options.model, model is None))
            if not rows:
                cannot_run("--scenes names none of the scenes of this benchmark")
            first = next(chosen(QUICK if options.quick else SCENES, wanted))
            twice = same_twice(first[1], first[2], Path(folder), options.model, model is None)
    except StoplineError as error:
        cannot_run(str(error))
    except ModuleNotFoundError as error:
        cannot_run(f"{error.name} is missing: pip install 'stopline[sim]'")
    report(rows, twice, "true boxes" if model is None else model, length_s)
    finish(
        goals(rows, twice, quick=options.quick),
        {f"{row.group}, {row.scene}": row.score.to_json() for row in rows},
        options.json,
    )


def chosen(
    scenes: dict[str, tuple[tuple[str, str | None], ...]], wanted: set[str] | None
) -> Iterator[tuple[str, str, str | None]]:
    """Group, scenario and camera of each scene that is wanted."""
    for group, of_group in scenes.items():
        for name, camera in of_group:
            if wanted is None or name in wanted:
                yield group, name, camera


def filmed(name: str, camera: str | None, out: Path, seconds: float) -> Film:
    """One scene on film."""
    scenario = load_scenario(name)
    seconds = min(seconds, scenario.duration_s)
    order = FilmOrder(scenario, out, () if camera is None else (camera,), seconds=seconds)
    with ReplayProgress(f"{name}, filming", order.frames, CLOCK) as progress:
        return film(order, progress.update)[0]


def scored(group: str, made: Film, name: str, model: str | None, truth_detector: bool) -> Row:
    """One film replayed and scored."""
    out = made.video.with_suffix(".replay")
    replayed(made, out, model, truth_detector)
    score = score_replay(out, made.truth)
    ours = sum(result.ours for result in score.counts_any.directions.values())
    return Row(group, name, score, sum(made.counts.values()), ours)


def replayed(made: Film, out: Path, model: str | None, truth_detector: bool) -> None:
    """Run a film through every stage into a folder."""
    site = load_site(str(made.site))
    threads = len(os.sched_getaffinity(0))
    options = ReplayOptions(
        made.video, site, out, made.camera, with_plan=False, with_video=False, keep_tracks=True, threads=threads
    )
    detector: Detector
    if truth_detector:
        detector = SimulatedDetector(made.truth, seed=1, sight=PERFECT)
    else:
        detector = open_detector(model, threads=threads, min_score=VisionSettings().tracker.unsure_score)
    camera = options.camera
    source = open_source(str(made.video), camera.id, camera.size_px, CLOCK, live=False)
    with ReplayProgress(f"{made.video.stem}, replaying", source.frames_total, CLOCK) as progress:
        outcome = replay_video(options, source, detector, stopwatch=CLOCK, video_sha256=None, on_frame=progress.update)
    if outcome.error is not None:
        raise outcome.error


def same_twice(name: str, camera: str | None, folder: Path, model: str | None, truth_detector: bool) -> bool:
    """Whether a scene filmed and counted twice gives the same bytes of truth and the same crossings."""
    found = []
    for again in ("a", "b"):
        made = filmed(name, camera, folder / again, _AGAIN_S)
        replayed(made, folder / again / "replay", model, truth_detector)
        found.append((made.truth.read_bytes(), (folder / again / "replay" / files.CROSSINGS).read_bytes()))
    return found[0] == found[1]


def report(rows: Sequence[Row], twice: bool, eyes: str, seconds: float) -> None:
    """The table."""
    say = Console(highlight=False, soft_wrap=True)
    say.print(f"\nscenes of {seconds:g} s at most; eyes: {eyes}; {machine()}\n")
    say.print(
        f"{'':8}{'scene':14}{'true':>6}{'ours':>6}{'effect.':>9}{'AP50':>7}{'HOTA':>7}"
        f"{'speed':>8}{'queue':>7}{'place':>8}  place by distance"
    )
    for row in rows:
        score = row.score
        places, tracking = score.places, score.tracking
        bands = {} if places is None else places.footprint_by_distance_m
        far = "  ".join(f"{name} {_figure(band.median, 'm')}" for name, band in bands.items() if band.values)
        say.print(
            f"{row.group:8}{row.scene:14}{row.true:>6}{row.ours:>6}{_figure(score.counts_any.effectiveness):>9}"
            f"{_figure(None if score.detection is None else score.detection.overall.ap50):>7}"
            f"{_figure(None if tracking is None else tracking.hota):>7}"
            f"{_share(None if places is None else places.speed_share.median):>8}"
            f"{_figure(None if score.queues is None else score.queues.error_vehicles.median):>7}"
            f"{_figure(None if places is None else places.footprint_m.median, 'm'):>8}  {far}"
        )
    say.print(f"\nfilmed and counted twice: {'the same bytes' if twice else 'NOT THE SAME'}")


def goals(rows: Sequence[Row], twice: bool, *, quick: bool) -> list[Goal]:
    """What the scenes must show."""
    same = Goal("same seed, same truth and counts", float(twice), 1.0, at_least=True)
    if quick:
        return [*(Goal(f"|counted - true|, {row.scene}", abs(row.ours - row.true), 2.0, False) for row in rows), same]
    found = [
        Goal(f"effectiveness, {row.group}, {row.scene}", row.score.counts_any.effectiveness, LEAST[row.group], True)
        for row in rows
        if row.score.counts_any.effectiveness is not None
    ]
    speeds = [row.score.places.speed_share.median for row in rows if row.score.places is not None]
    known = [speed for speed in speeds if speed is not None]
    if known:
        found.append(Goal("median speed error, worst scene", max(known), 0.05, at_least=False))
    queues = [row.score.queues.error_vehicles.median for row in rows if row.score.queues is not None]
    if queues:
        worst = max(queue for queue in queues if queue is not None)
        found.append(Goal("median queue error in vehicles, worst scene", worst, 1.0, at_least=False))
    return [*found, same]


def _figure(value: float | None, unit: str = "") -> str:
    return "–" if value is None else f"{value:.2f}{' ' if unit else ''}{unit}"


def _share(value: float | None) -> str:
    return "–" if value is None else f"{100 * value:.1f} %"


if __name__ == "__main__":
    main()
