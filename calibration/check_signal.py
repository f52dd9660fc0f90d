"""Phases, rings, barriers and the plan: whether the signal core could serve them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from calibration.check_lamps import check_lamps
from calibration.finding import At, Finding, error, warning
from calibration.signal_timing import shortest_green_s, shortest_split_s
from calibration.site import Phase, Plan, Signal, Site

_TOLERANCE_S = 1e-6


def check_signal(site: Site, at: At) -> Iterator[Finding]:
    """What is wrong with [signal] and [plan]."""
    if site.signal is None:
        if site.plan is not None:
            yield error(at("plan"), "there is a plan but no [signal]", "add [signal] with its phases, or remove [plan]")
        return
    rings = list(_rings(site.signal, at))
    yield from rings
    for i, phase in enumerate(site.signal.phases):
        yield from _phase(phase, lambda *loc, i=i: at("signal", "phases", i, *loc))
    if not rings:
        yield from check_lamps(site.signal, at)
    if site.plan is not None:
        yield from _plan(site.plan, site.signal, at, rings_sound=not rings)


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


def _plan(plan: Plan, signal: Signal, at: At, rings_sound: bool) -> Iterator[Finding]:
    if plan.offset_s >= plan.cycle_s:
        yield error(
            at("plan", "offset_s"),
            f"{plan.offset_s:g} is not less than cycle_s = {plan.cycle_s:g}",
            f"write {plan.offset_s % plan.cycle_s:g}",
        )
    phases = {phase.number: phase for phase in signal.phases}
    for number in sorted(plan.splits_s.keys() - phases.keys()):
        known = ", ".join(map(str, sorted(phases)))
        yield error(at("plan", "splits_s", str(number)), f"there is no phase {number}", f"use {known}")
    missing = sorted(phases.keys() - plan.splits_s.keys())
    for number in missing:
        yield error(at("plan", "splits_s"), f"phase {number} has no split", f"add {number} = seconds")
    for number, split_s in plan.splits_s.items():
        if number in phases and split_s < shortest_split_s(phases[number]) - _TOLERANCE_S:
            yield error(
                at("plan", "splits_s", str(number)),
                f"{split_s:g} is too short for phase {number}: {_parts(phases[number])}",
                f"write at least {shortest_split_s(phases[number]):g}, in seconds",
            )
    if rings_sound and not missing:
        yield from _sums(plan, signal, at)


def _parts(phase: Phase) -> str:
    green = f"min green {phase.min_green_s:g}"
    if shortest_green_s(phase) > phase.min_green_s:
        green = f"walk {phase.walk_s:g} and pedestrian clearance {phase.ped_clearance_s:g}"
    return f"{green}, yellow {phase.yellow_s:g} and red clearance {phase.red_clearance_s:g}"


def _sums(plan: Plan, signal: Signal, at: At) -> Iterator[Finding]:
    """Rings must reach each barrier together, and the last one at the end of the cycle."""
    where = at("plan", "splits_s")
    total_s = 0.0
    even = True
    for group in range(len(signal.rings[0])):
        sums = {
            ring: (phases[group], sum(plan.splits_s[phase] for phase in phases[group]))
            for ring, phases in enumerate(signal.rings)
            if phases[group]
        }
        longest = max(sum_s for _, sum_s in sums.values())
        total_s += longest
        for ring, (members, sum_s) in sums.items():
            if sum_s < longest - _TOLERANCE_S:
                even = False
                yield error(
                    where,
                    f"ring {ring + 1} reaches barrier {group + 1} after {_sum(members, plan)} = {sum_s:g} s, another "
                    f"ring after {longest:g} s",
                    f"add {longest - sum_s:g} s to phase {' or '.join(map(str, members))}",
                )
    if even and abs(total_s - plan.cycle_s) > _TOLERANCE_S:
        first = [phase for group in signal.rings[0] for phase in group]
        yield error(
            where,
            f"ring 1 adds up to {_sum(first, plan)} = {total_s:g} s, the cycle is {plan.cycle_s:g} s",
            f"change the splits by {plan.cycle_s - total_s:+g} s, or write cycle_s = {total_s:g}",
        )


def _sum(phases: tuple[int, ...] | list[int], plan: Plan) -> str:
    return " + ".join(f"{plan.splits_s[phase]:g} (phase {phase})" for phase in phases)
