"""What every frame source keeps, recorded or live."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from edge.clock import SystemClock
from edge.errors import InputError
from edge.seams import FrameSource
from edge.vision.source import FileSource, LiveSettings, LiveSource, open_source
from tests.source_openers import scripted_request
from tests.source_videos import FRAMES, SIZE_PX, frame_memories, picture, process_known, until, write_video

Make = Callable[[], FileSource | LiveSource]


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "noon.mp4")


@pytest.fixture(params=["file", "file as camera", "camera"])
def make(request: pytest.FixtureRequest, video: Path) -> Make:
    """Each kind of source; all end by themselves."""
    clock = SystemClock()
    makers: dict[str, Make] = {
        "file": lambda: open_source(str(video), "north", SIZE_PX, clock),
        "file as camera": lambda: open_source(str(video), "north", SIZE_PX, clock, live=True),
        "camera": lambda: LiveSource(
            scripted_request(frames=50, period_ms=10), "north", clock, settings=LiveSettings(ends=True)
        ),
    }
    return makers[request.param]


def test_frames(make: Make) -> None:
    with make() as source:
        seam: FrameSource = source
        frames = list(seam)
        assert seam.camera == "north"
        assert seam.fps is None or seam.fps == pytest.approx(25.0)
        assert seam.frames_total in {None, len(frames)}
    assert len(frames) > 10
    assert {frame.camera for frame in frames} == {"north"}
    width_px, height_px = source.size_px
    for frame in frames:
        assert frame.image.shape == (height_px, width_px, 3)
        assert frame.image.dtype == np.uint8
    assert all(later.t_ns > earlier.t_ns for earlier, later in pairwise(frames))
    assert all(later.index > earlier.index for earlier, later in pairwise(frames))
    # Every frame is delivered or counted as dropped.
    assert frames[-1].index + 1 == len(frames) + source.dropped


def test_a_frame_stays_what_it_was_while_others_come(make: Make) -> None:
    with make() as source:
        stream = iter(source)
        first = next(stream)
        kept = first.image.copy()
        for _ in range(10):
            next(stream)
        assert np.array_equal(first.image, kept)
        first.image[:] = 0  # it belongs to its receiver


def test_leaving_it_frees_child_and_memory(make: Make) -> None:
    before = frame_memories()
    with make() as source:
        next(iter(source))
        pid = source.child_pid
        assert pid is not None
        assert process_known(pid)
        assert frame_memories() > before
    assert not process_known(pid)  # gone and reaped
    assert frame_memories() == before
    assert list(source) == []
    source.close()


def test_leaving_it_by_an_error_frees_it_too(make: Make) -> None:
    pid = None

    def fail() -> None:
        nonlocal pid
        with make() as source:
            for _ in source:
                pid = source.child_pid
                raise ValueError("from the reader")

    with pytest.raises(ValueError, match="from the reader"):
        fail()
    assert pid is not None
    assert not process_known(pid)


def test_breaking_off_and_going_on_loses_nothing(video: Path) -> None:
    with FileSource(video, "north") as source:
        first = [frame.index for frame, _ in zip(source, range(10), strict=False)]
        rest = [frame.index for frame in source]
    # zip takes one frame before it sees that the range is over.
    assert (first, rest) == (list(range(10)), list(range(11, FRAMES)))


def test_a_recording_drops_nothing_for_a_late_reader_and_starts_at_zero(video: Path) -> None:
    with FileSource(video, "north") as source:
        frames = [frame for frame in source if frame.image.astype(np.float64).mean() > 0]
    assert [frame.index for frame in frames] == list(range(FRAMES))
    assert [frame.t_ns for frame in frames] == [i * 40_000_000 for i in range(FRAMES)]
    assert (source.dropped, source.repaired, source.restarts) == (0, 0, 0)
    # mp4v loses some of the noise; the car is where it was drawn.
    assert np.abs(frames[30].image[60:90, 130:150].astype(int) - picture(30)[60:90, 130:150]).mean() < 20


def test_a_live_recording_of_another_size_is_refused_at_once(video: Path) -> None:
    with pytest.raises(InputError, match=r"320x240 but the site's camera is 640x360"):
        open_source(str(video), "north", (640, 360), SystemClock(), live=True)


def test_a_looped_recording_goes_on_for_ever(tmp_path: Path) -> None:
    short = write_video(tmp_path / "short.avi", 5, "MJPG")
    with open_source(str(short), "north", None, SystemClock(), live=True, loop=True) as source:
        frames = [frame for frame, _ in zip(source, range(20), strict=False)]
        assert source.restarts == 0
    assert all(later.t_ns > earlier.t_ns for earlier, later in pairwise(frames))


def test_a_late_reader_of_a_camera_gets_the_newest_frames_and_the_rest_is_counted() -> None:
    request = scripted_request(frames=1_000_000, period_ms=2)
    settings = LiveSettings(buffer_frames=2)
    with LiveSource(request, "north", SystemClock(), settings=settings) as source:
        stream = iter(source)
        next(stream)
        until(lambda: source.dropped >= 50, "frames dropped for a reader that does not read")
        dropped = source.dropped
        later = next(stream)
        # All that was thrown away, and the one delivered, are older.
        assert later.index >= dropped + 1
        assert later.image[0, 0, 0] == later.index % 256
