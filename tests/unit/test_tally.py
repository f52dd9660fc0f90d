"""Counts that go from process to process as sums: whatever is lost on the way, each vehicle is told once."""

from __future__ import annotations

from dataclasses import replace

from hypothesis import given
from hypothesis import strategies as st

from edge.clock import NS_PER_S
from edge.control.tally import Count, Tally, Tallying, TallyReader
from edge.types import Kind
from tests.junction import crossed, junction

MOVEMENTS = [one for one in junction().movements if one.camera == "north"]


@given(
    st.lists(st.tuples(st.integers(1, 5), st.booleans()), min_size=1, max_size=30),
    st.integers(0, 20),
)
def test_whichever_views_arrive_each_vehicle_is_told_once_and_in_order(
    frames: list[tuple[int, bool]], begins: int
) -> None:
    """frames: seconds since the one before, and whether its view arrives; a second process begins at `begins`."""
    reader = TallyReader(0)
    told, t_s, lost = [], 0, 0
    tallying, counted = Tallying(MOVEMENTS, 0), 0
    for number, (step_s, arrives) in enumerate(frames):
        if number == begins and number:
            # What the first process counted after its last view that arrived is gone with it.
            lost += counted
            tallying, counted = Tallying(MOVEMENTS, (t_s + 1) * NS_PER_S), 0
        t_s += step_s
        tally = tallying.add([crossed(t_s)])
        counted += 1
        if arrives:
            told += reader.read(tally)
            counted = 0
    assert len(told) == len(frames) - lost - counted
    assert [one.t_ns for one in told] == sorted(one.t_ns for one in told)


def test_several_at_once_are_spread_over_the_time_since_the_last() -> None:
    reader, first = TallyReader(0), Tally(1, (Count("nb1", "NBT", 4, 10 * NS_PER_S),))
    reader.read(first)
    gone = reader.read(replace(first, counts=(Count("nb1", "NBT", 6, 14 * NS_PER_S),)))
    assert [one.t_ns / NS_PER_S for one in gone] == [12, 14]
    late = reader.read(replace(first, counts=(Count("nb1", "NBT", 7, 13 * NS_PER_S),)))
    assert [one.t_ns / NS_PER_S for one in late] == [13], "decided late, it passed before the one told of last"


def test_who_is_told_from_which_lane_and_when() -> None:
    # NBT names no lane of its own here, so nobody can say from which one an unknown came.
    tallying = Tallying([MOVEMENTS[0].model_copy(update={"lanes": ("nb1",)}), *MOVEMENTS[1:]], 5)
    nowhere = replace(crossed(3), lane=None)
    tally = tallying.add([crossed(1, entered_s=0.25), nowhere, crossed(4, "P1", Kind.PERSON)])
    assert tally == Tally(5, (Count("nb1", "NBT", 2, 3 * NS_PER_S),))
    assert Tallying(MOVEMENTS, 5).add([nowhere]).counts == ()
    assert Tallying(MOVEMENTS, 5).add([crossed(1, entered_s=0.25)]).counts[0].last_ns == NS_PER_S // 4
