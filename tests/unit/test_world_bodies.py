"""Bodies behind their fronts: no sideways slip, trailers that follow, walkers that do not leap; and the tally."""

from __future__ import annotations

import math

import pytest

from sim_videos.makes import MAKES

pytest.importorskip("libsumo")

from sim_videos.compass import approach_of, crossing_phase, exit_leg
from sim_videos.world.bodies import Bodies
from sim_videos.world.tally import Ledger


def test_a_car_turns_later_than_its_front_and_a_trailer_later_still() -> None:
    bodies, make = Bodies(0.1), MAKES["articulated"]
    heading, tail = 0.0, 0.0
    for step in range(200):
        along = step * 0.5
        # East for 50 m, then a bend to the north.
        front = (along, 0.0) if along < 50 else (50.0, along - 50)
        _, heading, hung = bodies.follow("v1", front, 0.0, 5.0, make)
        assert hung is not None
        tail = hung
        if along == 54:
            assert 0.5 < heading < math.pi / 2
            assert 0 < tail < heading
    assert heading == pytest.approx(math.pi / 2, abs=0.01)
    assert tail == pytest.approx(math.pi / 2, abs=0.1)


def test_standing_nothing_turns_and_a_leap_of_sumo_is_driven() -> None:
    bodies, make = Bodies(0.1), MAKES["saloon"]
    bodies.follow("v1", (0.0, 0.0), 1.0, 0.0, make)
    # SUMO may tell another angle while nobody moves.
    front, heading, tail = bodies.follow("v1", (0.0, 0.0), 2.5, 0.0, make)
    assert (front, tail) == ((0.0, 0.0), None)
    assert heading == pytest.approx(1.0)
    front, _, _ = bodies.follow("v1", (3.0, 0.0), 0.0, 5.0, make)
    assert front[0] == pytest.approx(0.7)
    bodies.forget({"v1"})
    assert bodies.follow("v1", (3.0, 0.0), 0.0, 5.0, make)[0] == (3.0, 0.0)


def test_a_walker_catches_up_with_a_leap() -> None:
    bodies = Bodies(0.1)
    bodies.walk("p1", (0.0, 0.0), 0.0, 1.0)
    places = [bodies.walk("p1", (1.0 + 0.1 * n, 0.0), 0.0, 1.0)[0][0] for n in range(25)]
    steps = [b - a for a, b in zip([0.0, *places], places, strict=False)]
    assert max(steps) < 0.18
    assert places[-1] == pytest.approx(1.0 + 0.1 * 24, abs=0.01)


def test_directions() -> None:
    assert [approach_of(a) for a in (1.6, -1.5, 0.2, 3.1, -3.1)] == ["NB", "SB", "EB", "WB", "WB"]
    assert (exit_leg("NB", "L"), exit_leg("NB", "R"), exit_leg("NB", "T")) == ("EB", "WB", "SB")
    every = frozenset(range(1, 9))
    # Beside the through that is in one ring with the left turn that sweeps the crossing.
    assert [crossing_phase(leg, every, left_hand=False) for leg in ("NB", "SB", "EB", "WB")] == [4, 8, 6, 2]
    assert crossing_phase("EB", frozenset({2, 4}), left_hand=False) == 2
    assert crossing_phase("EB", frozenset({4}), left_hand=False) is None


def test_the_tally_knows_stops_delay_queues_and_who_still_waits() -> None:
    ledger = Ledger()
    for name, due_s in (("v1", -5.0), ("v2", 0.0), ("v3", 1.0), ("v4", 90.0)):
        ledger.expect(name, "NBT", due_s)
    assert ledger.tally().total.mean_queue is None
    speeds = {0: 10.0, 1: 0.05, 2: 1.0, 3: 0.05, 4: 5.0, 5: 0.0}
    for second, speed_mps in speeds.items():
        ledger.see("v1", 0.0, 99.0, float(second))
        ledger.see("v2", speed_mps, second * 0.5, float(second))
        ledger.frame(float(second), ["NBT"] * (speed_mps < 1.4), {"v2"} if second == 5 else set(), 0)
    total = ledger.tally().total
    # v1 was due in the warm-up, v4 is not due yet, v3 has not come in.
    assert (total.due, total.arrived, total.waiting_outside) == (2, 1, 1)
    # Creeping at 1 m/s is not moving, so standing again is not a second stop.
    assert total.stops_per_vehicle == pytest.approx(2 / 2)
    assert total.mean_delay_s == pytest.approx((2.5 + 4.0) / 2)
    assert total.mean_queue == pytest.approx(4 / 6)
    assert total.max_queue == 1
    assert total.mean_travel_s == 5.0
