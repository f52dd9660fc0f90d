"""A four-armed junction written by hand, for tests of what reads a street: no SUMO needed.

Each arm has two through lanes and a left bay, stop line 15 m before the middle; traffic
drives on the right. Movements turn on straight lines and quarter circles.
"""

from __future__ import annotations

import math

from calibration.site import Phase, Plan, Signal
from sim_videos.scenario import Scenario
from sim_videos.state import PointM
from sim_videos.street import Arm, Crosswalk, LaneUse, RoadLane, Street, Turn

STOP_M, WIDE_M = 15.0, 3.3
#: Approach → heading in quarter turns from east, through and left phase.
ARMS = {"EB": (0, 4, 7), "NB": (1, 2, 5), "WB": (2, 8, 3), "SB": (3, 6, 1)}


def turned(point: PointM, quarters: int) -> PointM:
    """A point turned counter-clockwise about the middle."""
    x, y = point
    for _ in range(quarters % 4):
        x, y = -y, x
    return x, y


def scenario(**other: object) -> Scenario:
    """One camera on a mast that faces northbound traffic."""
    arms = [{"approach": name, "lanes": 2, "exit_lanes": 2, "left_bay_m": 40} for name in ARMS]
    camera = {"id": "mast", "facing": "NB", "height_m": 10, "beyond_m": 30, "aside_m": -4, "aim_m": 12, "fov_deg": 62}
    base: dict[str, object] = {
        "schema_version": 1,
        "id": "plain",
        "about": "A street for tests.",
        "duration_s": 20,
        "junction": {"arms": arms},
        "demand": [{"movement": "NBT", "vehicles_per_h": 600}],
        "cameras": [camera],
    }
    return Scenario.model_validate({**base, **other})


def street() -> Street:
    """The junction. Eastbound is drawn, the other arms are it turned."""
    arms, lanes, turns, walks = [], [], [], []
    for name, (quarters, through, left) in ARMS.items():
        # turned so that eastbound (quarters 0) heads along +x
        def at(x: float, y: float, quarters: int = quarters) -> PointM:
            return turned((x, y), quarters)

        arms.append(
            Arm(name, f"{name} street", 13.4, quarters * math.pi / 2, (at(-STOP_M, 0), at(-STOP_M, -3 * WIDE_M)))
        )
        for number, y in enumerate((-2.5 * WIDE_M, -1.5 * WIDE_M), start=1):
            movements = (f"{name}T", f"{name}R") if number == 1 else (f"{name}T",)
            lanes.append(_inbound(name, f"{name}{number}", (at(-200, y), at(-STOP_M, y)), movements, through))
        bay = (at(-STOP_M - 40, -0.5 * WIDE_M), at(-STOP_M, -0.5 * WIDE_M))
        lanes.append(_inbound(name, f"{name}L1", bay, (f"{name}L",), left))
        for number, y in enumerate((-2.5 * WIDE_M, -1.5 * WIDE_M), start=1):
            ends = (at(STOP_M, y), at(200, y))
            lanes.append(RoadLane(f"out_{name}_{number}", ends, WIDE_M, LaneUse.VEHICLES, 13.4))
        straight = tuple((at(-STOP_M, y), at(STOP_M, y)) for y in (-2.5 * WIDE_M, -1.5 * WIDE_M))
        turns.append(Turn(f"{name}T", name, through, (f"{name}1", f"{name}2"), straight))
        reach_m = STOP_M + 1.5 * WIDE_M
        curve = tuple(
            at(-STOP_M + reach_m * math.sin(a), -0.5 * WIDE_M + (STOP_M + 0.5 * WIDE_M) * (1 - math.cos(a)))
            for a in _quarter()
        )
        turns.append(Turn(f"{name}L", name, left, (f"{name}L1",), (curve,)))
        tight_m = STOP_M - 2.5 * WIDE_M
        hook = tuple(
            at(-STOP_M + tight_m * math.sin(a), -2.5 * WIDE_M - tight_m * (1 - math.cos(a))) for a in _quarter()
        )
        turns.append(Turn(f"{name}R", name, through, (f"{name}1",), (hook,)))
        near, far = -STOP_M + 1.0, -STOP_M + 4.0
        side = 3 * WIDE_M + 0.5
        outline = (at(near, -side), at(far, -side), at(far, side), at(near, side))
        axis = (at((near + far) / 2, -side), at((near + far) / 2, side))
        crossed = {2: 4, 6: 4, 4: 2, 8: 2}[through]
        walks.append(Crosswalk(f"walk_{name}", name, outline, axis, crossed))
    box = tuple((x, y) for x, y in ((-STOP_M, -STOP_M), (STOP_M, -STOP_M), (STOP_M, STOP_M), (-STOP_M, STOP_M)))
    return Street("plain", tuple(arms), tuple(lanes), box, tuple(walks), (), tuple(turns), signal(), plan())


def signal() -> Signal:
    """Eight phases, pedestrians with the through ones."""
    walk = {"walk_s": 7.0, "ped_clearance_s": 12.0}
    return Signal(
        phases=tuple(
            Phase(
                number=n,
                min_green_s=6,
                max_green_s=50,
                yellow_s=3.5,
                red_clearance_s=1.5,
                **(walk if n % 2 == 0 else {}),
            )
            for n in range(1, 9)
        ),
        rings=(((1, 2), (3, 4)), ((5, 6), (7, 8))),
    )


def plan() -> Plan:
    """A fixed plan of 90 s."""
    splits_s = {1: 15.0, 2: 30.0, 3: 15.0, 4: 30.0, 5: 15.0, 6: 30.0, 7: 15.0, 8: 30.0}
    return Plan(name="plain", cycle_s=90, splits_s=splits_s)


def _inbound(approach: str, name: str, line: tuple[PointM, ...], movements: tuple[str, ...], phase: int) -> RoadLane:
    return RoadLane(f"in_{name}", line, WIDE_M, LaneUse.VEHICLES, 13.4, True, False, name, approach, movements, phase)


def _quarter() -> list[float]:
    return [i * math.pi / 40 for i in range(21)]
