"""Every time of a site's lamps against the formulas that engineers use.

    yellow          t + v / (2a + 2gG)   t = 1 s, a = 3.05 m/s², G = rise per metre
    red clearance   (w + l) / v          l = 6.1 m
    ped clearance   crossing / 1.07 m/s

ITE, Guidelines for Determining Traffic Signal Change and Clearance Intervals (2020), and
MUTCD 2009 sections 4D.26 and 4E.06. v is the 85th percentile of approach speeds, or the
speed limit where nobody measured, which is said. Unknown is said as unknown.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

from calibration.check_lamps import USUAL_WALK_S, WALKER_MPS, least_ped_clearance_s
from calibration.site import Approach, Overlap, Phase, Site
from edge.types import Kind

Verdict = Literal["good", "short", "unknown"]
REACTION_S = 1.0
BRAKING_MPS2 = 3.05
GRAVITY_MPS2 = 9.81
#: 20 ft, the length of a vehicle in the guideline.
VEHICLE_M = 6.1
_LEAST_YELLOW_S, _MOST_S = 3.0, 6.0
_LEAST_GREEN_S = 3.0
_SHORT_WALK_S = 4.0
#: Tables are in hundredths; a time this little short is not.
_TOLERANCE_S = 0.05


@dataclass(frozen=True, slots=True)
class TimeCheck:
    """One time of one channel. needed_s is None where it cannot be known; how says what of, or what is missing."""

    channel: str
    time: str
    given_s: float
    needed_s: float | None
    verdict: Verdict
    how: str


def check_times(site: Site) -> tuple[TimeCheck, ...]:
    """All times of [signal], phases by number and then overlaps; empty without [signal]."""
    if site.signal is None:
        return ()
    phases = sorted(site.signal.phases, key=lambda phase: phase.number)
    checks = [check for phase in phases for check in _phase(phase, _approaches(site, phase.number))]
    for overlap in sorted(site.signal.overlaps, key=lambda overlap: overlap.name):
        checks += _overlap(overlap)
    return tuple(checks)


def yellow_s(speed_mps: float, grade_percent: float = 0.0) -> float:
    """Yellow in which a driver either stops or enters: ITE 2020 equation 1, within 3 to 6 s of MUTCD 4D.26."""
    slowing = 2 * BRAKING_MPS2 + 2 * GRAVITY_MPS2 * grade_percent / 100
    return min(max(REACTION_S + speed_mps / slowing, _LEAST_YELLOW_S), _MOST_S)


def red_clearance_s(width_m: float, speed_mps: float) -> float:
    """Red in which a vehicle that entered on the last yellow is out: ITE 2020 equation 2, at most 6 s."""
    return min((width_m + VEHICLE_M) / speed_mps, _MOST_S)


def _phase(phase: Phase, approaches: tuple[Approach, ...]) -> Iterator[TimeCheck]:
    name = str(phase.number)
    yield _at_least(name, "min green", phase.min_green_s, _LEAST_GREEN_S, "least of the signal core")
    yield _yellow(name, phase.yellow_s, approaches)
    yield _red(name, phase, approaches)
    if phase.walk_s is None or phase.ped_clearance_s is None:
        return
    if phase.walk_reason is None:
        yield _at_least(name, "walk", phase.walk_s, USUAL_WALK_S, "MUTCD 4E.06; 4 s with walk_reason")
    else:
        yield _at_least(name, "walk", phase.walk_s, _SHORT_WALK_S, f"MUTCD 4E.06, short because: {phase.walk_reason}")
    if phase.crossing_length_m is None:
        yield _unknown(name, "ped clearance", phase.ped_clearance_s, "crossing_length_m is unknown")
    else:
        how = f"{phase.crossing_length_m:g} m at {WALKER_MPS:g} m/s"
        least_s = least_ped_clearance_s(phase.crossing_length_m)
        yield _at_least(name, "ped clearance", phase.ped_clearance_s, least_s, how)


def _overlap(overlap: Overlap) -> Iterator[TimeCheck]:
    yield _at_least(overlap.name, "min green", overlap.min_green_s, _LEAST_GREEN_S, "least of the signal core")
    yield _unknown(overlap.name, "yellow", overlap.yellow_s, "no approach is named for an overlap")
    yield _unknown(overlap.name, "red clearance", overlap.red_clearance_s, "no approach is named for an overlap")


def _yellow(name: str, given_s: float, approaches: tuple[Approach, ...]) -> TimeCheck:
    if not approaches:
        return _unknown(name, "yellow", given_s, "no movement names this phase, so its approach is unknown")
    needed_s, how = max(
        (yellow_s(_speed(approach), approach.grade_percent or 0.0), f"{_speed_of(approach)}, {_grade_of(approach)}")
        for approach in approaches
    )
    return _at_least(name, "yellow", given_s, needed_s, how)


def _red(name: str, phase: Phase, approaches: tuple[Approach, ...]) -> TimeCheck:
    given_s, width_m = phase.red_clearance_s, phase.junction_width_m
    if width_m is None:
        return _unknown(name, "red clearance", given_s, "junction_width_m is unknown")
    if not approaches:
        return _unknown(name, "red clearance", given_s, "no movement names this phase, so its approach is unknown")
    needed_s, how = max(
        (red_clearance_s(width_m, _speed(approach)), f"{width_m:g} m, {_speed_of(approach)}") for approach in approaches
    )
    return _at_least(name, "red clearance", given_s, needed_s, how)


def _approaches(site: Site, number: int) -> tuple[Approach, ...]:
    """Approaches from which vehicles are served by a phase."""
    named = {
        movement.approach
        for movement in site.movements
        if movement.phase == number and set(movement.kinds) != {Kind.PERSON}
    }
    named |= {lane.approach for lane in site.lanes if lane.phase == number}
    return tuple(approach for approach in site.approaches if approach.id in named)


def _speed(approach: Approach) -> float:
    return approach.speed_limit_mps if approach.speed_85_mps is None else approach.speed_85_mps


def _speed_of(approach: Approach) -> str:
    if approach.speed_85_mps is None:
        return f"{approach.id} at its limit of {approach.speed_limit_mps:g} m/s (speed_85_mps is unknown)"
    return f"{approach.id} at {approach.speed_85_mps:g} m/s"


def _grade_of(approach: Approach) -> str:
    if approach.grade_percent is None:
        return "as on the level (grade_percent is unknown)"
    return f"grade {approach.grade_percent:+g} %"


def _at_least(channel: str, time: str, given_s: float, needed_s: float, how: str) -> TimeCheck:
    verdict: Verdict = "good" if given_s >= needed_s - _TOLERANCE_S else "short"
    return TimeCheck(channel, time, given_s, needed_s, verdict, how)


def _unknown(channel: str, time: str, given_s: float, why: str) -> TimeCheck:
    return TimeCheck(channel, time, given_s, None, "unknown", why)
