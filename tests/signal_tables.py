"""Timing tables that the tests of control and bridges share."""

from __future__ import annotations

from calibration.site import Phase, Plan, Signal


def phase(number: int, *, walk_s: float | None = None, ped_clearance_s: float | None = None, **times: float) -> Phase:
    """A phase of 5 s minimum green, 3 s yellow and 1 s red clearance unless given."""
    values = {"min_green_s": 5.0, "max_green_s": 40.0, "yellow_s": 3.0, "red_clearance_s": 1.0, **times}
    return Phase(number=number, walk_s=walk_s, ped_clearance_s=ped_clearance_s, **values)


def short_walk(phase: Phase) -> Phase:
    """The phase with a reason for its walk of less than 7 s."""
    return phase.model_copy(update={"walk_reason": "a test's crossing is narrow"})


#: The common eight phases; through phases of the main street serve pedestrians.
EIGHT = Signal(
    phases=(
        phase(1),
        short_walk(phase(2, min_green_s=8, yellow_s=4, red_clearance_s=1.5, walk_s=5, ped_clearance_s=6)),
        phase(3, red_clearance_s=0),
        phase(4, min_green_s=7, yellow_s=3.5),
        phase(5),
        phase(6, min_green_s=8, yellow_s=4, red_clearance_s=2),
        phase(7),
        phase(8, min_green_s=7, yellow_s=3.5),
    ),
    rings=(((1, 2), (3, 4)), ((5, 6), (7, 8))),
)
EIGHT_PLAN = Plan(
    name="day", cycle_s=90, offset_s=12, splits_s={1: 15, 2: 30, 3: 15, 4: 30, 5: 20, 6: 25, 7: 12, 8: 33}
)

#: One ring, two phases: the least that can be called a junction.
TWO = Signal(phases=(phase(2, min_green_s=7, red_clearance_s=2), phase(4, yellow_s=3.5)), rings=(((2,), (4,)),))
TWO_PLAN = Plan(name="night", cycle_s=40, splits_s={2: 22, 4: 18})

#: The second ring rests in red while the first serves a side street of two phases.
LOPSIDED = Signal(phases=(phase(2), phase(6), phase(3), phase(4)), rings=(((2,), (3, 4)), ((6,), ())))
LOPSIDED_PLAN = Plan(name="shoulder", cycle_s=60, offset_s=59.5, splits_s={2: 30, 6: 30, 3: 12, 4: 18})

TABLES: tuple[tuple[Signal, Plan], ...] = ((EIGHT, EIGHT_PLAN), (TWO, TWO_PLAN), (LOPSIDED, LOPSIDED_PLAN))
