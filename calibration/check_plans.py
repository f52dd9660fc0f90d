"""Whether plans can be served: their sums, their phases, their coordination.

    splits ≥ green + clearances ─→ rings meet at each barrier ─→ the last one ends the cycle

A plan that cannot be served is refused with the sum that does not fit.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from calibration.finding import At, Finding, error, warning
from calibration.plan_windows import force_offs_s
from calibration.plans import FREE, Plan
from calibration.signal_timing import conflicts, shortest_green_s, shortest_split_s
from calibration.site import Phase, Signal, Site

_TOLERANCE_S = 1e-6
#: A transition lengthens cycles by so much at most.
_LENGTHENED = 1.2


def check_plans(site: Site, at: At, *, rings_sound: bool) -> Iterator[Finding]:
    """What is wrong with [plan] and [[plans]]; sums only where the rings are sound."""
    placed = [*([(site.plan, _below(at, "plan"))] if site.plan else [])]
    placed += [(plan, _below(at, "plans", i)) for i, plan in enumerate(site.plans)]
    if site.signal is None:
        if placed:
            where = placed[0][1]()
            yield error(where, "there is a plan but no [signal]", "add [signal] with its phases, or remove the plan")
        return
    yield from _names(placed)
    for plan, here in placed:
        yield from _plan(plan, site.signal, here, rings_sound=rings_sound)


def _below(at: At, *prefix: int | str) -> At:
    return lambda *loc: at(*prefix, *loc)


def _names(placed: list[tuple[Plan, At]]) -> Iterator[Finding]:
    for i, (plan, here) in enumerate(placed):
        before = [other for other, _ in placed[:i]]
        if plan.name == FREE:
            fix = "name it otherwise; a schedule names 'free' for operation without a cycle"
            yield error(here("name"), f"'{FREE}' is no plan's name", fix)
        if plan.name in {other.name for other in before}:
            yield error(here("name"), f"two plans are named '{plan.name}'", "rename one")
        same = [other.name for other in before if other.number == plan.number]
        if same:
            free = next(n for n in range(1, 254) if n not in {other.number for other, _ in placed})
            found = f"plan '{plan.name}' and plan '{same[0]}' both have number {plan.number}"
            yield error(here("number"), found, f"write another, for example {free}")


def _plan(plan: Plan, signal: Signal, at: At, *, rings_sound: bool) -> Iterator[Finding]:
    if plan.offset_s >= plan.cycle_s:
        yield error(
            at("offset_s"),
            f"{plan.offset_s:g} is not less than cycle_s = {plan.cycle_s:g}",
            f"write {plan.offset_s % plan.cycle_s:g}",
        )
    phases = {phase.number: phase for phase in signal.phases}
    splits = list(_splits(plan, phases, at))
    yield from splits
    unknown = list(_unknown(plan, phases, at))
    yield from unknown
    if not rings_sound:
        return
    sequence = list(_sequence(plan, signal, at))
    yield from sequence
    sums = [] if phases.keys() - plan.splits_s.keys() else list(_sums(plan, signal, at))
    yield from sums
    if not unknown:
        yield from _coordinated(plan, signal, at)
        if not (splits or sequence or sums):
            yield from _coordination_times(plan, signal, phases, at)


def _splits(plan: Plan, phases: dict[int, Phase], at: At) -> Iterator[Finding]:
    for number in sorted(plan.splits_s.keys() - phases.keys()):
        yield error(at("splits_s", str(number)), f"there is no phase {number}", f"use {_listed(phases)}")
    for number in sorted(phases.keys() - plan.splits_s.keys()):
        yield error(at("splits_s"), f"phase {number} has no split", f"add {number} = seconds")
    for number, split_s in plan.splits_s.items():
        phase = phases.get(number)
        if phase is None:
            continue
        least_s = shortest_split_s(phase)
        if split_s < least_s - _TOLERANCE_S:
            found = f"phase {number}: split {split_s:g} s < {_parts(phase)} = {least_s:g} s"
            yield error(at("splits_s", str(number)), found, f"write at least {least_s:g}, in seconds")
            continue
        green_s = (split_s - phase.yellow_s - phase.red_clearance_s) * _LENGTHENED
        if phase.max_request_s is not None and green_s > phase.max_request_s:
            found = f"phase {number} is green for {green_s:g} s in a transition, longer than its max_request_s"
            fix = f"raise max_request_s from {phase.max_request_s:g} to more than {green_s:g}"
            yield warning(at("splits_s", str(number)), found, fix)


def _parts(phase: Phase) -> str:
    green = f"min green {phase.min_green_s:g}"
    if shortest_green_s(phase) > phase.min_green_s:
        green = f"walk {phase.walk_s:g} + pedestrian clearance {phase.ped_clearance_s:g}"
    return f"{green} + yellow {phase.yellow_s:g} + red clearance {phase.red_clearance_s:g}"


def _unknown(plan: Plan, phases: dict[int, Phase], at: At) -> Iterator[Finding]:
    use = f"use {_listed(phases)}"
    for i, number in enumerate(plan.coordinated):
        if number not in phases:
            yield error(at("coordinated", i), f"there is no phase {number}", use)
    for number, kind in plan.recall.items():
        if number not in phases:
            yield error(at("recall", str(number)), f"there is no phase {number}", use)
        elif kind == "ped" and phases[number].walk_s is None:
            fix = "write 'min', or give the phase walk_s and ped_clearance_s"
            yield error(at("recall", str(number)), f"phase {number} has no pedestrians", fix)
    for number in plan.permissive_s:
        if number not in phases:
            yield error(at("permissive_s", str(number)), f"there is no phase {number}", use)


def _listed(phases: dict[int, Phase]) -> str:
    return ", ".join(map(str, sorted(phases)))


def _sequence(plan: Plan, signal: Signal, at: At) -> Iterator[Finding]:
    """Lead and lag change the order within a barrier group, and nothing else."""
    if plan.sequence is None:
        return
    where = at("sequence")
    if [len(ring) for ring in plan.sequence] != [len(ring) for ring in signal.rings]:
        yield error(where, "has other rings or barrier groups than signal.rings", f"reorder {_shown(signal)}")
        return
    for ring, (own, wanted) in enumerate(zip(signal.rings, plan.sequence, strict=True), start=1):
        for group, (phases, order) in enumerate(zip(own, wanted, strict=True), start=1):
            if sorted(phases) != sorted(order):
                found = f"ring {ring} has phases {list(order)} before barrier {group}, signal.rings has {list(phases)}"
                yield error(where, found, "a plan may change their order and nothing else")


def _shown(signal: Signal) -> str:
    return str([[list(group) for group in ring] for ring in signal.rings])


def _sums(plan: Plan, signal: Signal, at: At) -> Iterator[Finding]:
    """Rings must reach each barrier together, and the last one at the end of the cycle."""
    where = at("splits_s")
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


def _coordinated(plan: Plan, signal: Signal, at: At) -> Iterator[Finding]:
    """The coordinated phases are green together, and what needs them has them."""
    if len(set(plan.coordinated)) < len(plan.coordinated):
        yield error(at("coordinated"), "names a phase twice", "name each once")
    for a, b in combinations(dict.fromkeys(plan.coordinated), 2):
        if frozenset((a, b)) in conflicts(signal):
            found = f"phases {a} and {b} can never be green together"
            yield error(at("coordinated"), found, "name phases of one barrier group, at most one of each ring")
    if plan.coordinated:
        return
    add = "add coordinated = [phases]"
    if plan.reference != "cycle":
        found = f"'{plan.reference}' is that of a coordinated phase, and there is none"
        yield error(at("reference"), found, f"{add}, or write 'cycle'")
    if plan.transition == "dwell":
        yield error(at("transition"), "'dwell' waits in the coordinated phases, and there are none", add)
    for key in ("coordinated_actuated_s", "permissive_s"):
        if getattr(plan, key):
            yield error(at(key), "means nothing without coordinated phases", f"{add}, or remove {key}")


def _coordination_times(plan: Plan, signal: Signal, phases: dict[int, Phase], at: At) -> Iterator[Finding]:
    """Extension of the coordinated phases and permissive windows fit into their greens."""
    for number in plan.coordinated:
        phase = phases[number]
        spare_s = plan.splits_s[number] - shortest_split_s(phase)
        if plan.coordinated_actuated_s > spare_s + _TOLERANCE_S:
            yield error(
                at("coordinated_actuated_s"),
                f"phase {number}: {plan.coordinated_actuated_s:g} s + {_parts(phase)} = "
                f"{plan.coordinated_actuated_s + shortest_split_s(phase):g} s > split {plan.splits_s[number]:g} s",
                f"write at most {spare_s:g}",
            )
    force_offs = force_offs_s(plan, signal)
    for number, (opens_s, closes_s) in plan.permissive_s.items():
        where = at("permissive_s", str(number))
        if max(opens_s, closes_s) > plan.cycle_s:
            found = f"[{opens_s:g}, {closes_s:g}] goes beyond the cycle of {plan.cycle_s:g} s"
            yield error(where, found, "write cycle seconds")
            continue
        if number in plan.coordinated:
            yield error(where, f"phase {number} is coordinated and always permitted", "remove it")
            continue
        left_s = (force_offs[number] - closes_s) % plan.cycle_s
        window_s = (closes_s - opens_s) % plan.cycle_s
        since_open_s = (force_offs[number] - opens_s) % plan.cycle_s
        least_s = phases[number].min_green_s
        if left_s < least_s - _TOLERANCE_S or window_s > since_open_s:
            yield error(
                where,
                f"phase {number}: begun at {closes_s:g} its min green {least_s:g} ends after its force-off at "
                f"{force_offs[number]:g}",
                f"end it by {(force_offs[number] - least_s) % plan.cycle_s:g} at the latest",
            )
