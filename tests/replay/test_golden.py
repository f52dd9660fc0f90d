"""A minute of recorded detections through every stage, compared field by field with what it once gave.

`pytest tests/replay/test_golden.py --update-golden` rewrites the reference. Read the
diff then: each line of it is a vehicle, a second of queue or a lamp that changed.
The detections are those of the simulated detector on the demo clip as it was when they were kept.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import numpy as np
import pytest

from calibration.load import load_site
from edge.frames import Frame
from edge.replay.compose import ReplayOptions, replay_video
from edge.replay.detections import RecordedDetector
from edge.replay.record import Event, read
from edge.types import Sight
from tests.replay.fakes import Stopwatch

HERE = Path(__file__).parent / "golden"
REFERENCE = HERE / "events.jsonl"
SITE = load_site(HERE / "site.toml")
FRAMES = 600
FRAME_NS = 100_000_000
#: Differences of the last digit kept are the machine's, not ours.
TOLERANCE = 0.0021


class BlankSource:
    """Frames without a picture: detections come from the file."""

    camera = SITE.cameras[0].id
    size_px = SITE.cameras[0].size_px
    fps: float | None = 10.0
    frames_total: int | None = FRAMES
    dropped = 0

    def __iter__(self) -> Iterator[Frame]:
        image = np.zeros((self.size_px[1], self.size_px[0], 3), np.uint8)
        for index in range(FRAMES):
            yield Frame(self.camera, index, index * FRAME_NS, image)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        pass


def run(out: Path) -> None:
    detector = RecordedDetector.load(HERE / "detections.npz", None)
    options = ReplayOptions(Path("golden"), SITE, out, with_video=False, interval_s=20)
    outcome = replay_video(
        options,
        BlankSource(),
        detector,
        stopwatch=Stopwatch(),
        video_sha256=None,
        sight=lambda frame: Sight(frame.t_ns, frame.camera, True),
    )
    assert (outcome.error, outcome.frames) == (None, FRAMES)


def differences(expected: Any, found: Any, where: str) -> Iterator[str]:
    """Every field that differs, by its path."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted(expected.keys() | found.keys()):
            yield from differences(expected.get(key, "absent"), found.get(key, "absent"), f"{where}.{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, (a, b) in enumerate(zip(expected, found, strict=True)):
            yield from differences(a, b, f"{where}[{index}]")
    elif where.endswith("_ns") and isinstance(expected, int) and isinstance(found, int):
        if abs(expected - found) > TOLERANCE * 1e9:
            yield f"{where}: {expected / 1e9:.3f} s became {found / 1e9:.3f} s"
    elif isinstance(expected, float) and isinstance(found, int | float) and not isinstance(found, bool):
        if abs(expected - found) > TOLERANCE:
            yield f"{where}: {expected} became {found}"
    elif expected != found or type(expected) is not type(found):
        yield f"{where}: {expected!r} became {found!r}"


def comparable(events: tuple[Event, ...]) -> list[Event]:
    """Without health, which says nothing of traffic, and without settings and track numbers, which are only names."""
    return [
        {key: value for key, value in event.items() if key not in {"settings", "track_id"}}
        for event in events
        if event["kind"] != "health"
    ]


def test_golden_replay(tmp_path: Path, update_golden: bool) -> None:
    run(tmp_path)
    found = comparable(read(tmp_path).events)
    if update_golden:
        lines = (json.dumps(event, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for event in found)
        REFERENCE.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
        pytest.skip("the reference was rewritten: read its diff")
    expected = [json.loads(line) for line in REFERENCE.read_text(encoding="utf-8").splitlines()]
    changed: list[str] = []
    for kind in dict.fromkeys(event["kind"] for event in [*expected, *found]):
        before = [event for event in expected if event["kind"] == kind]
        after = [event for event in found if event["kind"] == kind]
        if len(before) != len(after):
            changed.append(f"{kind}: {len(before)} events became {len(after)}")
        for number, (a, b) in enumerate(zip(before, after, strict=False)):
            changed += differences(dict(a), dict(b), f"{kind} {number} at {a['t_ns'] / 1e9:.2f} s")
    shown = "\n".join(changed[:40])
    assert not changed, f"{len(changed)} differences; if they are meant, run with --update-golden\n{shown}"


def test_two_replays_are_equal_to_the_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        run(tmp_path / name)
    for file in ("events.jsonl", "bridge.jsonl", "hires.csv", "crossings.csv", "counts.csv"):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()
    assert (tmp_path / "a" / "bridge.jsonl").read_text().count("\n") == 600  # ten a second, 60 s


def test_every_difference_is_found() -> None:
    expected = {"a": 1, "b": [1.0, 2.0], "c": None, "d": True, "e": {"f": "x"}, "t_ns": 10**9}
    assert list(differences(expected, {**expected, "b": [1.001, 2.0]}, "")) == []
    for wrong in ({"a": 2}, {"b": [1.0, 2.01]}, {"b": [1.0]}, {"c": 0}, {"d": 1}, {"e": {"f": "x", "g": 1}}):
        assert len(list(differences(expected, {**expected, **wrong}, ""))) == 1
