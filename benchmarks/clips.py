"""Real clips against hand counts: every direction within max(1, 10 %), one set of settings.

The clips are not part of Stopline (their owners' terms are not settled): --data names a
folder with NAME.mp4 and NAME.truth.json; a site description of the same name comes from
calibration/sites. Each clip goes through the whole replay with a real detector.
"""

from __future__ import annotations

import tempfile
from collections import Counter
from pathlib import Path

from rich.progress import track as progress

from benchmarks.goals import Goal, arguments, cannot_run, finish, machine
from calibration.load import load_site
from edge.clock import SystemClock
from edge.errors import InputError, StoplineError
from edge.replay import record
from edge.replay.compose import ReplayOptions, replay_video, sha256_of
from edge.replay.evaluate import Evaluation, evaluate, load_truth
from edge.replay.run import Outcome
from edge.vision.detect import open_detector
from edge.vision.source import open_source

QUICK = ("625_201709141107", "j9747_1156")


def replay(video: Path, model: str | None, threads: int, out: Path) -> Outcome:
    """One clip through every stage, without video and plan."""
    options = ReplayOptions(video, load_site(video.stem), out, with_plan=False, with_video=False, threads=threads)
    camera, clock = options.camera, SystemClock()
    detector = open_detector(
        model,
        threads=threads,
        min_score=options.vision.tracker.unsure_score,
        overhead=camera.anchor == "centre",
    )
    source = open_source(str(video), camera.id, camera.size_px, clock, live=False)
    outcome = replay_video(options, source, detector, stopwatch=clock, video_sha256=sha256_of(video))
    if outcome.error is not None:
        raise outcome.error
    return outcome


def print_clip(clip: str, result: Evaluation, reasons: Counter[str], fps: float | None) -> None:
    """Rows of one clip: direction, truth, ours, and why others were not counted."""
    why = ", ".join(f"{n} {reason}" for reason, n in reasons.most_common()) or "none"
    for i, (name, row) in enumerate(result.directions.items()):
        speed = "" if fps is None or i else f"{fps:.1f}"
        label = clip if i == 0 else ""
        print(f"{label:22}{name:12}{row.truth:>6}{row.ours:>6}  {'within' if row.within else 'MISSED':8}{speed:>9}")
    print(f"{'':22}not counted: {why}")


def main() -> None:
    """Replay every counted clip, print the table, end with the goal."""
    parser = arguments(__doc__)
    parser.add_argument("--data", type=Path, default=Path("../shared/data/replay"), help="folder with the clips")
    parser.add_argument("--model", default=None, help="detector model; the best one installed if left out")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    truths = sorted(options.data.glob("*.truth.json"))
    counted = [path for path in truths if load_truth(path).counts is not None]
    if options.quick:
        counted = [path for path in counted if path.name.removesuffix(".truth.json") in QUICK]
    if not counted:
        cannot_run(f"{options.data}: holds no clip with a hand count (NAME.mp4 and NAME.truth.json); give --data DIR")
    figures: dict[str, object] = {}
    rows: list[tuple[str, Evaluation, Counter[str], float | None]] = []
    try:
        for path in progress(counted, description="clips"):
            clip = path.name.removesuffix(".truth.json")
            with tempfile.TemporaryDirectory() as out:
                outcome = replay(path.with_name(f"{clip}.mp4"), options.model, options.threads, Path(out))
                done = record.read(Path(out))
                result = evaluate(done, load_truth(path))
                reasons = Counter(str(event["reason"]) for event in done.of("not_counted"))
            rows.append((clip, result, reasons, outcome.fps))
            figures[clip] = {**result.to_json(), "not_counted": dict(reasons), "fps": outcome.fps}
    except InputError as error:
        cannot_run(str(error))
    except StoplineError as error:
        cannot_run(f"{error} (exit code {error.exit_code} of stopline replay)")
    print(f"\n{machine()}\n\n{'clip':22}{'direction':12}{'truth':>6}{'ours':>6}  {'':8}{'frames/s':>9}")
    for row in rows:
        print_clip(*row)
    directions = [d for _, result, _, _ in rows for d in result.directions.values()]
    finish(
        [
            Goal(
                "directions not within max(1, 10 %) of the hand count",
                sum(not d.within for d in directions),
                0,
                at_least=False,
            )
        ],
        figures,
        options.json,
    )


if __name__ == "__main__":
    main()
