"""Summaries lose and double nothing, and call unknown what nobody saw."""

from __future__ import annotations

from collections import Counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import NS_PER_S
from edge.messages import LaneSummary, MovementCount, SummaryBody
from edge.telemetry.summary import SummaryBuilder
from edge.types import Kind
from tests.junction import crossed, junction, lane, seen

BOTH = ("north", "east")
Closed = list[tuple[int, SummaryBody]]


def builder(*, cameras: tuple[str, ...] = BOTH, wall_start_s: float = 0) -> SummaryBuilder:
    return SummaryBuilder(junction(), cameras=cameras, wall_ns=lambda t_ns: t_ns + round(wall_start_s * NS_PER_S))


def watch(summary: SummaryBuilder, from_s: float, to_s: float, camera: str = "north") -> Closed:
    """Ten frames a second with nothing in them."""
    return [
        closed
        for i in range(round(from_s * 10), round(to_s * 10))
        for closed in summary.add(seen(i / 10, camera=camera))
    ]


def movement(body: SummaryBody, name: str) -> MovementCount:
    return next(m for m in body.movements if m.movement == name)


def lane_of(body: SummaryBody, name: str) -> LaneSummary:
    return next(s for s in body.lanes if s.lane == name)


def test_intervals_end_on_full_minutes_of_wall_time() -> None:
    summary = builder(wall_start_s=12 * 3600 + 34.5)  # the recording begins at 12:00:34.5
    closed = watch(summary, 0, 100) + summary.finish(100 * NS_PER_S)
    assert [(end / NS_PER_S, body.interval_s) for end, body in closed] == [(25.5, 25.5), (85.5, 60), (100, 14.5)]


def test_a_few_milliseconds_of_wandering_wall_time_make_no_interval_of_their_own() -> None:
    drift_ns = iter(range(0, -100_000_000, -1_000_000))
    summary = SummaryBuilder(junction(), cameras=BOTH, wall_ns=lambda t_ns: t_ns + next(drift_ns))
    closed = watch(summary, 0, 200) + summary.finish(200 * NS_PER_S)
    assert [round(body.interval_s) for _, body in closed] == [60, 60, 60, 20]


def test_counts_by_movement_and_kind_with_zeros_for_what_was_watched() -> None:
    summary = builder()
    watch(summary, 0, 10)
    summary.add(seen(10, crossed(9.8, speed_mps=10), crossed(10, speed_mps=14), crossed(10, kind=Kind.BUS)))
    summary.add(seen(10.1, crossed(10.1, "P1", Kind.PERSON)))
    watch(summary, 10.2, 60)
    ((_, body),) = summary.finish(60 * NS_PER_S)
    north = movement(body, "NBT")
    assert north.counts == {Kind.CAR: 2, Kind.BUS: 1, Kind.TRUCK: 0, Kind.MOTORCYCLE: 0, Kind.BICYCLE: 0}
    assert north.mean_speed_mps == 12
    assert north.known_s == 60
    assert movement(body, "P1").counts == {Kind.PERSON: 1}
    # Nothing came from the other camera: unknown, not zero.
    east = movement(body, "EBT")
    assert (east.counts, east.known_s) == (None, 0)


def test_a_camera_that_is_not_fed_is_left_out() -> None:
    summary = builder(cameras=("north",))
    watch(summary, 0, 5)
    ((_, body),) = summary.finish(5 * NS_PER_S)
    assert [m.movement for m in body.movements] == ["NBT", "P1"]
    assert [s.lane for s in body.lanes] == ["nb1"]


def test_time_without_sight_is_not_known() -> None:
    summary = builder()
    watch(summary, 0, 20)
    for i in range(200, 500):
        summary.add(seen(i / 10, blind="dark"))
    watch(summary, 50, 60)
    ((_, body),) = summary.finish(60 * NS_PER_S)
    assert movement(body, "NBT").known_s == pytest.approx(30)
    assert movement(body, "NBT").counts is not None


def test_a_whole_interval_without_sight_is_unknown() -> None:
    summary = builder()
    for i in range(1200):
        summary.add(seen(i / 10, blind="dark"))
    (_, body), *_ = summary.finish(120 * NS_PER_S)
    assert movement(body, "NBT").counts is None
    assert lane_of(body, "nb1") == LaneSummary(
        lane="nb1",
        known_s=0,
        occupancy=None,
        max_queue_vehicles=None,
        max_queue_m=None,
        max_wait_s=None,
        mean_speed_mps=None,
        mean_headway_s=None,
    )


def test_one_frame_stands_for_two_seconds_at_most() -> None:
    summary = builder()
    summary.add(seen(0))
    summary.add(seen(30))
    ((_, body),) = summary.finish(31 * NS_PER_S)
    assert movement(body, "NBT").known_s == 3


def test_a_frame_before_the_minute_holds_beyond_it() -> None:
    summary = builder()
    summary.add(seen(59))
    ((_, first),) = summary.add(seen(61))
    ((_, second),) = summary.finish(61 * NS_PER_S)
    assert movement(first, "NBT").known_s == 1
    assert movement(second, "NBT").known_s == 1


def test_a_gap_brings_one_unknown_interval_a_minute_and_a_long_one_a_single() -> None:
    summary = builder()
    summary.add(seen(0, crossed(0)))
    closed = summary.add(seen(200))
    assert [body.interval_s for _, body in closed] == [60, 60, 60]
    assert [movement(body, "NBT").counts is None for _, body in closed] == [False, True, True]
    closed = summary.add(seen(10 * 86_400 + 7))
    assert [body.interval_s for _, body in closed] == [60, 10 * 86_400 - 240]


def test_time_passes_without_frames_too() -> None:
    summary = builder()
    assert summary.tick(10 * NS_PER_S) == []
    summary.add(seen(0))
    assert [end for end, _ in summary.tick(125 * NS_PER_S)] == [60 * NS_PER_S, 120 * NS_PER_S]


def test_lanes_over_an_interval() -> None:
    summary = builder()
    for i in range(600):
        t = i / 10
        queue = 3 if 20 <= t < 30 else 0
        wait_s = t - 20 if queue else None
        state = lane(t, presence=10 <= t < 25, queue=queue, speed_mps=5.0 if t < 20 else 15.0, wait_s=wait_s)
        crossings = [crossed(t, headway_s=4.0 if i == 100 else 6.0)] if i in {100, 200} else []
        summary.add(seen(t, *crossings, lanes=(state,)))
    ((_, body),) = summary.finish(60 * NS_PER_S)
    north = lane_of(body, "nb1")
    assert north.known_s == pytest.approx(60)
    assert north.occupancy == pytest.approx(15 / 60)
    assert (north.max_queue_vehicles, north.max_queue_m) == (3, 21)
    assert north.max_wait_s == pytest.approx(9.9)
    assert north.mean_speed_mps == pytest.approx((5 * 20 + 15 * 40) / 60)
    assert north.mean_headway_s == 5
    assert lane_of(body, "eb1").known_s == 0


def test_lanes_are_weighted_by_time_not_by_frames() -> None:
    summary = builder()
    for i in range(100):  # ten seconds at ten frames a second, then ten at one
        summary.add(seen(i / 10, lanes=(lane(i / 10, presence=True),)))
    for t in range(10, 20):
        summary.add(seen(t, lanes=(lane(t, presence=False),)))
    ((_, body),) = summary.finish(20 * NS_PER_S)
    assert lane_of(body, "nb1").occupancy == pytest.approx(0.5)


def test_a_movement_of_another_site_is_refused() -> None:
    with pytest.raises(ValueError, match="'SBT', but the site has"):
        builder().add(seen(0, crossed(0, "SBT")))


_FRAME = st.tuples(
    st.one_of(st.floats(0, 0.5), st.floats(0, 200)),  # seconds since the frame before
    st.sampled_from(BOTH),
    st.booleans(),
    st.lists(st.tuples(st.sampled_from(["NBT", "EBT", "P1"]), st.sampled_from(Kind), st.floats(0, 90)), max_size=3),
)


@settings(deadline=None)  # the machine may be busy
@given(st.lists(_FRAME, max_size=40), st.floats(0, 60), st.floats(0, 100))
def test_every_crossing_is_in_exactly_one_summary_whatever_the_frame_times(
    frames: list[tuple[float, str, bool, list[tuple[str, Kind, float]]]], wall_start_s: float, tail_s: float
) -> None:
    summary = builder(wall_start_s=wall_start_s)
    closed: Closed = []
    expected: Counter[tuple[str, Kind]] = Counter()
    t = first = 0.0
    for step, (after_s, camera, blind, users) in enumerate(frames):
        t += after_s
        first = t if step == 0 else first
        crossings = [crossed(max(0.0, t - late_s), name, kind) for name, kind, late_s in users]
        expected.update((c.movement, c.kind) for c in crossings)
        closed += summary.add(seen(t, *crossings, camera=camera, blind="dark" if blind else None))
    end_ns = round((t + tail_s) * NS_PER_S)
    closed += summary.finish(end_ns)
    counted: Counter[tuple[str, Kind]] = Counter()
    for _, body in closed:
        for m in body.movements:
            assert m.known_s <= body.interval_s + 1e-6
            for kind, count in (m.counts or {}).items():
                counted[m.movement, kind] += count
    assert counted == +expected
    # Intervals touch one another and cover all the time there was.
    if closed:
        starts = [end - round(body.interval_s * NS_PER_S) for end, body in closed]
        assert starts[0] == round(first * NS_PER_S)
        assert starts[1:] == [end for end, _ in closed[:-1]]
        assert 0 <= closed[-1][0] - end_ns <= NS_PER_S // 1000
