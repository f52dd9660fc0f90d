"""Phases, rings and barriers: whether the signal core could serve them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from calibration.check_lamps import check_lamps
from calibration.check_plans import check_plans
from calibration.check_schedule import check_schedule
from calibration.finding import At, Finding, error, warning
from calibration.signal_timing import shortest_green_s
from calibration.site import Phase, Signal, Site


def check_signal(site: Site, at: At) -> Iterator[Finding]:
    """What is wrong with [signal] and with what runs on it: plans and their schedule."""
    if site.signal is None:
        yield from check_plans(site, at, rings_sound=False)
        return
    rings = list(_rings(site.signal, at))
    yield from rings
    for i, phase in enumerate(site.signal.phases):
        yield from _phase(phase, lambda *loc, i=i: at("signal", "phases", i, *loc))
    if not rings:
        yield from check_lamps(site.signal, at)
    yield from check_plans(site, at, rings_sound=not rings)
    yield from check_schedule(site, at)


def _rings(signal: Signal, at: At) -> Iterator[Finding]:
    numbers = Counter(phase.number for phase in signal.phases)
    for i, phase in enumerate(signal.phases):
        if numbers[phase.number] > 1:
            yield error(at("signal", "phases", i), f"phase {phase.number} is described twice", "remove one")
            numbers[phase.number] = 1
    served = Counter(phase for ring in signal.rings for group in ring for phase in group)
    where = at("signal", "rings")
    for number, times in sorted(served.items()):
        if number not in numbers:
            yield error(where, f"phase {number} has no times", f"add [[signal.phases]] with number = {number}")
        if times > 1:
            yield error(where, f"phase {number} stands there {times} times", "name each phase once")
    for number in sorted(numbers.keys() - served.keys()):
        yield error(where, f"phase {number} stands in no ring, so it would never be served", "add it to a ring")
    lengths = [len(ring) for ring in signal.rings]
    if len(set(lengths)) > 1:
        listed = ", ".join(f"ring {i + 1} has {n}" for i, n in enumerate(lengths))
        fix = "give every ring the same number; [] is one in which a ring rests in red"
        yield error(where, f"the rings differ in their number of barrier groups: {listed}", fix)
        return
    for group in range(lengths[0]):
        if not any(ring[group] for ring in signal.rings):
            yield error(where, f"barrier group {group + 1} is empty in every ring", "remove it from each")
    if lengths[0] == 0:
        yield error(where, "has no barrier groups", "write for example [[[2], [4]]]")


def _phase(phase: Phase, at: At) -> Iterator[Finding]:
    if phase.max_green_s < phase.min_green_s:
        yield error(
            at("max_green_s"),
            f"{phase.max_green_s:g} is less than min_green_s = {phase.min_green_s:g}",
            f"write at least {phase.min_green_s:g}, in seconds",
        )
    if (phase.walk_s is None) != (phase.ped_clearance_s is None):
        given, missing = ("walk_s", "ped_clearance_s") if phase.walk_s is not None else ("ped_clearance_s", "walk_s")
        yield error(at(given), f"is given without {missing}", f"add {missing}, or remove {given} for no pedestrians")
    elif shortest_green_s(phase) > phase.max_green_s >= phase.min_green_s:
        yield warning(
            at("max_green_s"),
            f"{phase.max_green_s:g} is less than walk and pedestrian clearance together, {shortest_green_s(phase):g}",
            "raise it; pedestrians are always served in full",
        )
