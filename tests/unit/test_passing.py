"""Departures between neighbours: over the wire and back, and what comes of them at the next junction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import NS_PER_S
from edge.control.junction import JunctionModel, LaneModel, Way
from edge.control.passing import Announced, Departure
from edge.errors import ProtocolError

MODEL = JunctionModel(
    "B",
    (),
    tuple(LaneModel(name, (Way(2, 1.0),), 200.0, 10.0) for name in ("one", "two")),
    (frozenset({2}),),
)
FED = {("A", "east"): (("one", 30.0), ("two", 31.0))}


@given(st.integers(), st.text(max_size=9), st.integers(1, 16), st.text(max_size=9))
def test_over_the_wire_and_back(t_ns: int, junction: str, phase: int, leaves: str) -> None:
    one = Departure(t_ns, junction, phase, leaves)
    line = one.to_json()
    assert "\n" not in line
    assert Departure.from_json(line) == one


@pytest.mark.parametrize("line", ["", "[]", "{}", '{"t_ns":1,"junction":"A","phase":"2","exit":"x"}', "{"])
def test_anything_else_is_refused(line: str) -> None:
    with pytest.raises(ProtocolError, match="departure"):
        Departure.from_json(line)


def test_a_vehicle_is_told_until_it_comes_into_view() -> None:
    announced = Announced(MODEL, FED, 60.0)
    announced.hear([Departure(0, "A", 2, "east"), Departure(0, "A", 2, "north"), Departure(0, "C", 2, "east")])
    assert announced.coming(10 * NS_PER_S) == {"one": (20.0,)}
    # At 10 m/s it is within 60 m of the stop line 6 s before it is there.
    assert announced.coming(int(23.9 * NS_PER_S))["one"] == pytest.approx((6.1,))
    assert announced.coming(24 * NS_PER_S) == {}


def test_vehicles_are_spread_over_the_lanes_that_they_may_come_by() -> None:
    announced = Announced(MODEL, FED, 60.0)
    announced.hear([Departure(i * NS_PER_S, "A", 2, "east") for i in range(4)])
    told = announced.coming(4 * NS_PER_S)
    assert told == {"one": (26.0, 28.0), "two": (28.0, 30.0)}
