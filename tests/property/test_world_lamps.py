"""Laws of traffic under whatever lamps it is given."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from edge.types import Interval, Kind
from sim_videos.makes import MAKES
from sim_videos.state import RoadUser
from tests.world_scenes import overlapping, scene

libsumo = pytest.importorskip("libsumo")

from sim_videos.world import SumoWorld  # noqa: E402 - after the check for SUMO

PHASES = (1, 2, 4, 5, 6, 8)
#: Sets of phases that may be green together, as a signal core would let them be.
TOGETHER = st.sampled_from([(1, 5), (1, 6), (2, 5), (2, 6), (4, 8), (2,), (8,), ()])
PROGRAMMES = st.lists(st.tuples(TOGETHER, st.floats(3, 14)), min_size=3, max_size=5)
_YELLOW_S, _CLEARANCE_S = 3.5, 2.0


def _timeline(programme: list[tuple[tuple[int, ...], float]]) -> list[dict[int, Interval]]:
    """One entry a frame of 0.1 s: greens one after another, each ended by yellow and red clearance."""
    frames = []
    for phases, green_s in programme:
        for shows, length_s in (
            (Interval.GREEN, green_s),
            (Interval.YELLOW, _YELLOW_S),
            (Interval.RED_CLEARANCE, _CLEARANCE_S),
        ):
            lamps = {p: shows if p in phases else Interval.RED for p in PHASES}
            frames.extend([lamps] * round(length_s * 10))
    return frames


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(programme=PROGRAMMES, seed=st.integers(0, 2**31 - 1))
def test_nobody_runs_a_red_or_drives_into_another(programme: list[tuple[tuple[int, ...], float]], seed: int) -> None:
    """Who crosses a stop line has green or yellow, or has had yellow too late to stop comfortably."""
    was: dict[int, RoadUser] = {}
    with SumoWorld(scene(warm_up_s=0, walkers=()), seed=seed) as world:
        phase_of = {turn.movement: turn.phase for turn in world.street.turns}
        for _ in range(250):
            world.step(dict.fromkeys(PHASES, Interval.RED), {})
        for number, lamps in enumerate(_timeline(programme)):
            frame = world.step(lamps, {})
            assert frame.intervals == lamps
            now = {user.user_id: user for user in frame.users}
            assert len(now) == len(frame.users)
            for user_id, before in was.items():
                user = now.get(user_id)
                if user is None or before.to_stop_m is None or user.to_stop_m is not None or before.lane is None:
                    continue
                shows = lamps[phase_of[str(user.movement)]]
                # SUMO moves first and looks at the lamps of the step after; one frame of red clearance is its own.
                late = shows is Interval.RED_CLEARANCE and user.speed_mps > 3
                assert shows in {Interval.GREEN, Interval.YELLOW} or late, (user, shows)
            for user in frame.users:
                assert user.speed_mps >= 0
                assert user.kind is Kind.PERSON or user.speed_mps < MAKES[user.make].top_mps + 0.1
                assert user.lane is None or user.approach is not None
            if number % 11 == 0:
                assert list(overlapping(frame, shrink_m=0.2)) == []
            was = now


@settings(max_examples=2, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(seed=st.integers(0, 2**31 - 1))
def test_a_red_holds_everyone_for_good(seed: int) -> None:
    with SumoWorld(scene(warm_up_s=0, walkers=()), seed=seed) as world:
        frames = [world.step({}, {}) for _ in range(400)]
    reached = {u.user_id for frame in frames for u in frame.users if u.to_stop_m is not None and u.lane}
    through = {u.user_id for u in frames[-1].users if u.to_stop_m is None and u.kind is not Kind.PERSON}
    assert reached
    assert through == set()
