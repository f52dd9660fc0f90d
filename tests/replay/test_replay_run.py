"""A replay ends whole, stopped, at a damaged file or on a full disk; each leaves a readable folder."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import cv2
import pytest

from edge.clock import ReplayClock
from edge.errors import InputError, StorageError
from edge.frames import Frame
from edge.replay.annotate import AnnotatedVideo, Annotator
from edge.replay.detections import DetectionRecorder, RecordedDetector
from edge.replay.files import COUNTS, CROSSINGS, VIDEO
from edge.replay.folder import ReplayFolder, prepare
from edge.replay.record import read
from edge.replay.run import Outcome, Replay
from edge.seams import Detector
from edge.stages.greens import GreenOnsets
from edge.types import Crossing, Kind, Sight
from tests.replay.fakes import SITE, FakeDetector, FakeSignals, FakeSource, FakeVision, Stopwatch

RUN_FACTS: dict[str, Any] = {"site": "sample", "movements": [], "lanes": [], "phases": [4], "frames_total": 50}


def always_sees(frame: Frame) -> Sight:
    return Sight(frame.t_ns, frame.camera, True)


def replay(
    out: Path,
    source: FakeSource | None = None,
    *,
    video: bool = False,
    recorder: DetectionRecorder | None = None,
    detector: Detector | None = None,
    free: Callable[[Path], int] = lambda _: 2**40,
    **parts: Any,
) -> Outcome:
    prepare(out)
    source = source if source is not None else FakeSource(50)
    annotated = AnnotatedVideo(out / VIDEO, Annotator(SITE, SITE.cameras[0]), source.fps) if video else None
    folder = ReplayFolder(
        out, SITE.movements, interval_s=1, start_wall_ns=None, video=annotated, recorder=recorder, free=free
    )
    return Replay(
        source=source,
        detector=detector if detector is not None else FakeDetector(),
        sight=parts.pop("sight", always_sees),
        vision=FakeVision([10, 30]),
        folder=folder,
        run_facts=RUN_FACTS,
        onsets=GreenOnsets(SITE),
        clock=ReplayClock(),
        stopwatch=Stopwatch(),
        **parts,
    ).run()


def rows_of(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def frames_in(path: Path) -> int:
    video = cv2.VideoCapture(str(path))
    count = 0
    while video.read()[0]:
        count += 1
    video.release()
    return count


def test_a_whole_replay(tmp_path: Path) -> None:
    outcome = replay(tmp_path, video=True, signals=FakeSignals(0.75))
    assert (outcome.frames, outcome.stopped, outcome.error) == (50, None, None)
    record = read(tmp_path)
    assert record.end == {"kind": "end", "t_ns": 49 * 40_000_000, "frames": 50, "frames_total": 50, "stopped": None}
    assert [event["track_id"] for event in record.of("not_counted")] == [99]
    # counted at 0.4 s, before the first green, and at 1.2 s, 0.45 s after it
    assert [c["since_green_s"] for c in record.of("crossing")] == [None, 0.45]
    assert [row["since_green_s"] for row in rows_of(tmp_path / CROSSINGS)] == ["", "0.450"]
    assert [r["count"] for r in rows_of(tmp_path / COUNTS) if r["class"] == "car"] == ["1", "1"]
    assert frames_in(tmp_path / VIDEO) == 50


def test_a_request_is_written_when_it_changes_only(tmp_path: Path) -> None:
    replay(tmp_path, signals=FakeSignals(0.75))
    assert [event["phases"] for event in read(tmp_path).of("request")] == [[4]]


def test_equal_replays_are_equal_to_the_byte(tmp_path: Path) -> None:
    for name in ("a", "b"):
        replay(tmp_path / name, signals=FakeSignals(0.5))
    for file in ("events.jsonl", CROSSINGS, COUNTS):
        assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()


def test_a_stop_leaves_everything_readable(tmp_path: Path) -> None:
    asked = iter([None] * 20 + ["SIGINT"])
    signals, source = FakeSignals(0.0), FakeSource(50)
    outcome = replay(tmp_path, source, video=True, signals=signals, stop=lambda: next(asked))
    assert (outcome.frames, outcome.frames_total, outcome.stopped, outcome.error) == (20, 50, "SIGINT", None)
    end = read(tmp_path).end
    assert end is not None
    assert (end["frames"], end["stopped"]) == (20, "SIGINT")
    assert frames_in(tmp_path / VIDEO) == 20
    assert len(rows_of(tmp_path / CROSSINGS)) == 1
    assert signals.closed
    assert not source.open


def test_a_frame_limit_is_a_stop(tmp_path: Path) -> None:
    assert replay(tmp_path, max_frames=5).stopped == "--max-frames 5"
    assert replay(tmp_path, max_frames=50).stopped is None


def test_a_damaged_video_is_processed_up_to_the_damage(tmp_path: Path) -> None:
    broken = InputError("clip.mp4: ends in the middle of a frame")
    outcome = replay(tmp_path, FakeSource(35, broken))
    assert outcome.error is broken
    record = read(tmp_path)
    assert record.end is not None
    assert record.end["frames"] == 35
    assert "clip.mp4" not in json.dumps(record.end)  # no path in the events
    assert len(rows_of(tmp_path / CROSSINGS)) == 2


def test_a_nearly_full_disk_stops_while_files_can_still_be_closed(tmp_path: Path) -> None:
    room = iter([2**40, 1000])
    outcome = replay(tmp_path, FakeSource(80), video=True, free=lambda _: next(room))
    assert isinstance(outcome.error, StorageError)
    assert "32 MiB" in str(outcome.error)
    assert frames_in(tmp_path / VIDEO) == 50
    assert read(tmp_path).end is not None


def test_a_full_disk_keeps_what_was_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    original = ReplayFolder.crossing

    def full(self: ReplayFolder, crossing: Crossing) -> None:
        if crossing.track_id == 30:
            raise StorageError("events.jsonl: No space left on device")
        original(self, crossing)

    monkeypatch.setattr(ReplayFolder, "crossing", full)
    outcome = replay(tmp_path)
    assert isinstance(outcome.error, StorageError)
    assert len(read(tmp_path).of("crossing")) == 1


def test_sight_is_written_when_it_changes(tmp_path: Path) -> None:
    def dark_from_20(frame: Frame) -> Sight:
        return Sight(frame.t_ns, "cam", frame.index < 20, None if frame.index < 20 else "dark")

    replay(tmp_path, sight=dark_from_20)
    record = read(tmp_path)
    assert [(e["t_ns"], e["ok"], e["reason"]) for e in record.of("sight")] == [
        (0, True, None),
        (8 * 10**8, False, "dark"),
    ]
    cars = [r for r in rows_of(tmp_path / COUNTS) if r["class"] == "car"]
    assert [(row["known_s"], row["count"]) for row in cars] == [("0.760", "1"), ("0.000", "1")]


def test_files_of_an_earlier_replay_do_not_stay(tmp_path: Path) -> None:
    replay(tmp_path, video=True)
    (tmp_path / "notes.txt").write_text("mine")
    replay(tmp_path)
    assert not (tmp_path / VIDEO).exists()
    assert (tmp_path / "notes.txt").read_text() == "mine"


class TestRecordedDetections:
    def test_a_replay_from_them_is_the_same_to_the_byte(self, tmp_path: Path) -> None:
        kept = tmp_path / "clip.npz"
        replay(tmp_path / "a", recorder=DetectionRecorder(kept, "aa", "fake"))
        recorded = RecordedDetector.load(kept, "aa")
        assert recorded.name == "fake"
        replay(tmp_path / "b", detector=recorded)
        for file in ("events.jsonl", CROSSINGS):
            assert (tmp_path / "a" / file).read_bytes() == (tmp_path / "b" / file).read_bytes()

    def test_boxes_come_back_exactly(self, tmp_path: Path) -> None:
        kept = tmp_path / "clip.npz"
        replay(tmp_path / "a", FakeSource(3), recorder=DetectionRecorder(kept, None, "fake"))
        recorded = RecordedDetector.load(kept, "any")
        for frame in FakeSource(3):
            assert (recorded.detect(frame).boxes_px == FakeDetector().detect(frame).boxes_px).all()

    def test_another_video_is_refused(self, tmp_path: Path) -> None:
        kept = tmp_path / "clip.npz"
        replay(tmp_path / "a", recorder=DetectionRecorder(kept, "aa" * 32, "fake"))
        with pytest.raises(InputError, match="another video"):
            RecordedDetector.load(kept, "bb" * 32)

    def test_a_frame_beyond_them_ends_as_a_damaged_input(self, tmp_path: Path) -> None:
        kept = tmp_path / "clip.npz"
        replay(tmp_path / "a", FakeSource(10), recorder=DetectionRecorder(kept, None, "fake"))
        outcome = replay(tmp_path / "b", FakeSource(20), detector=RecordedDetector.load(kept, None))
        assert outcome.frames == 10
        assert isinstance(outcome.error, InputError)
        assert "frame 10" in str(outcome.error)

    def test_another_frame_time_is_refused(self, tmp_path: Path) -> None:
        kept = tmp_path / "clip.npz"
        replay(tmp_path / "a", FakeSource(2), recorder=DetectionRecorder(kept, None, "fake"))
        frame = next(iter(FakeSource(1)))
        late = Frame(frame.camera, frame.index, 7, frame.image)
        with pytest.raises(InputError, match="7 ns"):
            RecordedDetector.load(kept, None).detect(late)

    @pytest.mark.parametrize("content", [None, b"", b"PK nonsense", b"text"])
    def test_what_is_no_such_file_is_refused(self, tmp_path: Path, content: bytes | None) -> None:
        path = tmp_path / "clip.npz"
        if content is not None:
            path.write_bytes(content)
        with pytest.raises(InputError, match="--record-detections"):
            RecordedDetector.load(path, None)

    def test_a_truncated_file_is_refused(self, tmp_path: Path) -> None:
        kept = tmp_path / "clip.npz"
        replay(tmp_path / "a", recorder=DetectionRecorder(kept, None, "fake"))
        kept.write_bytes(kept.read_bytes()[:-300])
        with pytest.raises(InputError, match="--record-detections"):
            RecordedDetector.load(kept, None)


def test_green_of_a_crossing_decided_late_is_the_green_it_crossed_in() -> None:
    onsets = GreenOnsets(SITE)
    for green_s in (1, 61):
        for _, state in FakeSignals(green_s).until((green_s + 2) * 10**9):
            onsets.observe(state)
    for t_s, expected in ((0.5, None), (5.0, 4.0), (60.9, 59.9), (61.0, 0.0), (62.5, 1.5)):
        crossing = Crossing(round(t_s * 1e9), "EBT", Kind.CAR, None, 1, None, None, None)
        assert onsets.since_green_s(crossing) == pytest.approx(expected)
