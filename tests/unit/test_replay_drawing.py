"""Annotated pictures show what they claim, and video files end readable or say why not."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import InputError, StorageError
from edge.frames import Detections, Frame, ImageBGR, VisionResult
from edge.replay.annotate import Annotator
from edge.replay.video_file import CODECS, open_video
from edge.types import Crossing, Interval, Kind, LaneState, Queue, Sight, SignalState, Track
from tests.replay.fakes import SITE, SIZE


def frame() -> Frame:
    return Frame("cam", 3, 120_000_000, np.full((SIZE[1], SIZE[0], 3), 90, np.uint8))


def result(
    *, ok: bool = True, tracks: tuple[Track, ...] = (), crossings: tuple[Crossing, ...] = (), queue: int | None = 0
) -> VisionResult:
    t_ns = 120_000_000
    lane = LaneState(t_ns, "E1", None, None, None, None, None, Queue("E1", queue, None, None))
    sight = Sight(t_ns, "cam", ok, None if ok else "dark")
    return VisionResult(t_ns, 3, "cam", sight, Detections.empty(t_ns), tracks, crossings, (), (lane,))


def track(number: int) -> Track:
    return Track(0, number, Kind.CAR, 0.9, (150, 20, 190, 60), (170, 60), (0, 0), None, None, None, 1.0, True)


def changed(before: ImageBGR, after: ImageBGR, x1: int, y1: int, x2: int, y2: int) -> bool:
    return bool((before[y1:y2, x1:x2] != after[y1:y2, x1:x2]).any())


def fresh() -> Annotator:
    return Annotator(SITE, SITE.cameras[0])


def test_a_small_picture_is_doubled_and_every_picture_is_of_one_even_size() -> None:
    annotator = fresh()
    assert annotator.scale == 2
    width, height = annotator.size_px
    assert (width, width % 2, height % 2) == (2 * SIZE[0], 0, 0)
    for one in (result(), result(queue=None), result(tracks=(track(7),))):
        assert annotator.draw(frame(), one, None).shape == (height, width, 3)


def test_a_track_is_drawn_where_it_is_and_takes_its_movements_colour_once_counted() -> None:
    empty = fresh().draw(frame(), result(), None)
    annotator = fresh()
    seen = annotator.draw(frame(), result(tracks=(track(7),)), None)
    assert changed(empty, seen, 298, 38, 382, 122)
    assert not changed(empty, seen, 0, 300, 640, 480)
    crossing = Crossing(120_000_000, "EBT", Kind.CAR, None, 7, None, None, None)
    counted = annotator.draw(frame(), result(tracks=(track(7),), crossings=(crossing,)), None)
    assert tuple(counted[121, 320].tolist()) != tuple(seen[121, 320].tolist())
    still = annotator.draw(frame(), result(tracks=(track(7),)), None)
    assert (still == counted).all()


def test_counts_lamps_and_queues_stand_in_the_strip() -> None:
    top = 2 * SIZE[1]
    plain = fresh().draw(frame(), result(), None)
    height, width = plain.shape[:2]
    for other in (
        result(crossings=(Crossing(0, "EBT", Kind.CAR, None, 9, None, None, None),)),
        result(queue=3),
        result(queue=None),
    ):
        assert changed(plain, fresh().draw(frame(), other, None), 0, top, width, height)


def test_lamps_of_the_site_are_shown() -> None:
    from calibration.site import Signal, Site

    phase = {"number": 4, "min_green_s": 5, "max_green_s": 30, "yellow_s": 3, "red_clearance_s": 1}
    signal = Signal.model_validate({"phases": [phase], "rings": [[[4]]]})
    site = Site.model_validate({**SITE.model_dump(), "signal": signal.model_dump()})
    shown = [
        Annotator(site, site.cameras[0]).draw(frame(), result(), SignalState(0, {4: lamp}, {4: 0}))
        for lamp in (Interval.RED, Interval.GREEN, Interval.YELLOW)
    ]
    assert (shown[0] != shown[1]).any()
    assert (shown[1] != shown[2]).any()


def test_a_blind_camera_is_said_in_the_picture() -> None:
    assert changed(fresh().draw(frame(), result(), None), fresh().draw(frame(), result(ok=False), None), 0, 0, 640, 30)


def test_the_frame_given_is_left_alone() -> None:
    one = frame()
    fresh().draw(one, result(tracks=(track(1),)), None)
    assert (one.image == 90).all()


@pytest.mark.parametrize("codec", ["auto", "mp4v"])
def test_a_video_holds_every_frame(tmp_path: Path, codec: str) -> None:
    path = tmp_path / "a.mp4"
    file = open_video(path, 25.0, (64, 48), codec)
    for value in range(30):
        file.write(np.full((48, 64, 3), value * 8, np.uint8))
    file.close()
    file.close()
    video = cv2.VideoCapture(str(path))
    count = 0
    while video.read()[0]:
        count += 1
    video.release()
    assert count == 30


@pytest.mark.parametrize("codec", ["auto", "mp4v"])
def test_a_video_that_cannot_be_written_is_a_storage_error(tmp_path: Path, codec: str) -> None:
    with pytest.raises(StorageError, match="--no-video"):
        write_many(tmp_path / "nowhere" / "a.mp4", codec)


def write_many(path: Path, codec: str) -> None:
    file = open_video(path, 25.0, (64, 48), codec)
    for _ in range(200):
        file.write(np.zeros((48, 64, 3), np.uint8))
    file.close()


def test_without_ffmpeg_h264_is_refused_and_auto_falls_back(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("edge.replay.video_file.which", lambda _: None)
    with pytest.raises(InputError, match="ffmpeg"):
        open_video(tmp_path / "a.mp4", 25.0, (64, 48), "h264")
    file = open_video(tmp_path / "a.mp4", 25.0, (64, 48), "auto")
    file.write(np.zeros((48, 64, 3), np.uint8))
    file.close()
    assert (tmp_path / "a.mp4").stat().st_size > 0


def test_an_unknown_codec_names_those_that_are_known(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=", ".join(CODECS)):
        open_video(tmp_path / "a.mp4", 25.0, (64, 48), "gif")
