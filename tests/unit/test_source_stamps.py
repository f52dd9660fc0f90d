"""Frame times: real distances kept, nothing goes back, repairs counted."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import NS_PER_MS, NS_PER_S
from edge.vision.source.stamps import CameraTimes, RecordingTimes

DAY_MS = 24 * 3600 * 1000.0


@pytest.mark.parametrize(
    ("stamps_ms", "times_ms", "repaired"),
    [
        ([0, 40, 80], [0, 40, 80], 0),
        ([500, 540, 600], [0, 40, 100], 0),  # does not begin at 0; variable rate
        ([0, 40, 3040, 3080], [0, 40, 3040, 3080], 0),  # a pause of motion-triggered recording
        ([0, None, 80], [0, 40, 80], 1),  # one stamp missing
        ([None, 40, 80], [0, 40, 80], 1),
        ([0, 0, 0, 0], [0, 40, 80, 120], 3),  # a raw stream without stamps
        ([0, 80, 40, 120], [0, 80, 81, 120], 1),  # out of order
        ([0, 40, 40, 120], [0, 40, 80, 120], 1),  # the same stamp twice
        ([5000, 5040, 0, 40, 100], [0, 40, 80, 120, 180], 1),  # clock set back
        ([0, 40, 2 * DAY_MS, 2 * DAY_MS + 60], [0, 40, 80, 140], 1),  # a broken leap
    ],
)
def test_recording_times(stamps_ms: list[float | None], times_ms: list[float], repaired: int) -> None:
    times = RecordingTimes(25.0)
    assert [times.t_ns(stamp) for stamp in stamps_ms] == [round(t * NS_PER_MS) for t in times_ms]
    assert times.repaired == repaired


def test_without_a_rate_missing_stamps_are_40_ms_apart() -> None:
    times = RecordingTimes(None)
    assert [times.t_ns(None) for _ in range(3)] == [0, 40 * NS_PER_MS, 80 * NS_PER_MS]


STAMP = st.none() | st.floats(-1e6, 1e12, allow_nan=False)


@given(st.lists(STAMP, min_size=1, max_size=60), st.sampled_from([None, 12.5, 25.0, 240.0]))
def test_recording_times_increase_whatever_the_stamps(stamps: list[float | None], fps: float | None) -> None:
    times = RecordingTimes(fps)
    out = [times.t_ns(stamp) for stamp in stamps]
    assert out[0] == 0
    assert all(later > earlier for earlier, later in pairwise(out))


@given(st.lists(st.floats(1.0, 5000.0), min_size=1, max_size=60), st.floats(0, 1e7))
def test_good_stamps_are_kept_to_the_microsecond(gaps_ms: list[float], begin_ms: float) -> None:
    times, pos_ms = RecordingTimes(25.0), begin_ms
    assert times.t_ns(pos_ms) == 0
    for gap in gaps_ms:
        pos_ms += gap
        assert times.t_ns(pos_ms) == pytest.approx((pos_ms - begin_ms) * NS_PER_MS, abs=1000)
    assert times.repaired == 0


def test_camera_times_undo_delivery_in_bursts() -> None:
    times = CameraTimes()
    start_ns = 1000 * NS_PER_S
    out = []
    for i in range(100):
        # Five frames arrive together, when the last of them is there.
        arrival_ns = start_ns + (i // 5 * 5 + 4) * 40 * NS_PER_MS
        out.append(times.t_ns(i * 40.0, arrival_ns))
    settled = out[10:]
    gaps = {later - earlier for earlier, later in pairwise(settled)}
    assert gaps == {40 * NS_PER_MS}
    assert out[-1] == start_ns + 99 * 40 * NS_PER_MS


def test_camera_times_follow_a_drifting_camera_clock() -> None:
    times = CameraTimes()
    lateness_ns = []
    for i in range(25 * 600):
        arrival_ns = round(i * 40 * NS_PER_MS * 1.0005)  # the camera's clock is 500 ppm slow
        lateness_ns.append(arrival_ns - times.t_ns(i * 40.0, arrival_ns))
    assert max(lateness_ns) <= 60 * NS_PER_S * 0.0005 + NS_PER_MS


def test_camera_times_go_on_across_a_reconnect_whose_stamps_begin_again() -> None:
    times = CameraTimes()
    before = [times.t_ns(i * 40.0, NS_PER_S + i * 40 * NS_PER_MS) for i in range(10)]
    times.reconnected()
    after = times.t_ns(0.0, 9 * NS_PER_S)
    assert after == 9 * NS_PER_S > before[-1]
    assert times.repaired == 0


def test_camera_without_stamps_is_dated_by_arrival() -> None:
    times = CameraTimes()
    assert [times.t_ns(None, t) for t in (50_000, 90_000)] == [50_000, 90_000]
    assert times.repaired == 2


def test_stream_clock_set_back_is_dated_by_arrival() -> None:
    times = CameraTimes()
    for i in range(10):
        times.t_ns(5000.0 + i * 40, i * 40 * NS_PER_MS)
    assert times.t_ns(0.0, 400 * NS_PER_MS) == 400 * NS_PER_MS
    assert times.t_ns(40.0, 441 * NS_PER_MS) == 440 * NS_PER_MS
    assert times.repaired == 1


def test_stream_that_falls_far_behind_is_dated_by_arrival() -> None:
    times = CameraTimes()
    times.t_ns(0.0, 0)
    assert times.t_ns(40.0, 12 * NS_PER_S) == 12 * NS_PER_S
    assert times.repaired == 1


@given(st.lists(st.tuples(STAMP, st.integers(0, 20 * NS_PER_S), st.booleans()), max_size=60))
def test_camera_times_increase_and_are_not_in_the_future(steps: list[tuple[float | None, int, bool]]) -> None:
    times, arrival_ns, last_ns = CameraTimes(), 0, -1
    for stamp, wait_ns, reconnects in steps:
        arrival_ns += 1000 + wait_ns
        if reconnects:
            times.reconnected()
        t_ns = times.t_ns(stamp, arrival_ns)
        assert last_ns < t_ns <= arrival_ns
        last_ns = t_ns
