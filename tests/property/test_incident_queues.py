"""A queue at red, however it comes about, is no stopped vehicle and no crash."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from edge.incidents.road import Road
from edge.incidents.rules.crash import Crash
from edge.incidents.rules.stopped import StoppedVehicle
from edge.types import Interval
from tests.incident_street import CAMERA, queue_and_discharge, scenes, site, told

ROAD = Road(site(), CAMERA)


@settings(max_examples=25)
@given(
    gaps_s=st.lists(st.floats(1.2, 25.0), min_size=1, max_size=10),
    long=st.lists(st.booleans(), min_size=10, max_size=10),
    red_s=st.floats(10.0, 70.0),
    seed=st.integers(0, 1000),
)
def test_queues_at_red_and_their_discharge_are_quiet(
    gaps_s: list[float], long: list[bool], red_s: float, seed: int
) -> None:
    arrivals_s = [sum(gaps_s[: i + 1]) for i in range(len(gaps_s))]
    lengths_m = [9.0 if lorry else 4.5 for lorry in long]
    end_s = red_s + 45.0
    queue = queue_and_discharge(
        arrivals_s, 1.75, end_s, (0.0, red_s), lengths_m=lengths_m, noise_m=0.1, seed=seed, step_s=0.2
    )
    street = scenes(queue, end_s - 1, ((-60.0, Interval.RED), (red_s, Interval.GREEN)), fps=5)
    assert not told(StoppedVehicle(ROAD), street)
    assert not told(Crash(ROAD), street)
