"""What the lamps are driven by: overlaps, start-up, flash, crossings, and which lamp hangs on which pin."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import combinations

from calibration.channels import channel_names, pins, together
from calibration.finding import At, Finding, error, warning
from calibration.signal_timing import conflicts
from calibration.site import Overlap, Phase, Signal, Wiring

#: MUTCD 2009 section 4E.06: a walker's speed for pedestrian clearance, 3.5 ft/s.
WALKER_MPS = 1.07
#: The usual least walk; a shorter one must say why (MUTCD 2009 section 4E.06).
USUAL_WALK_S = 7.0
_TOLERANCE_S = 1e-6


def check_lamps(signal: Signal, at: At) -> Iterator[Finding]:
    """What is wrong with [signal] beyond phases, rings and plan; those have been found sound."""
    for i, phase in enumerate(signal.phases):
        yield from _phase(phase, lambda *loc, i=i: at("signal", "phases", i, *loc))
    yield from _matrix(signal, at)
    overlaps = list(_overlaps(signal, at))
    yield from overlaps
    if overlaps:
        return
    yield from _startup(signal, at)
    yield from _flash(signal, at)
    if signal.wiring is not None:
        yield from _wiring(signal, signal.wiring, at)


def least_ped_clearance_s(crossing_length_m: float) -> float:
    """What a crossing of that length needs after walk; yellow and red clearance are left as its buffer."""
    return crossing_length_m / WALKER_MPS


def _phase(phase: Phase, at: At) -> Iterator[Finding]:
    if phase.max_request_s is not None and phase.max_request_s < phase.max_green_s:
        yield error(
            at("max_request_s"),
            f"{phase.max_request_s:g} is less than max_green_s = {phase.max_green_s:g}",
            f"write at least {phase.max_green_s:g}, or leave it out",
        )
    if phase.walk_s is None or phase.ped_clearance_s is None:
        return
    if phase.walk_s < USUAL_WALK_S and phase.walk_reason is None:
        yield warning(
            at("walk_s"),
            f"{phase.walk_s:g} is less than 7, so lamps are not driven by it",
            'write at least 7, or say why it may be shorter: walk_reason = "…" (MUTCD 2009 section 4E.06)',
        )
    if phase.crossing_length_m is not None:
        least_s = least_ped_clearance_s(phase.crossing_length_m)
        if phase.ped_clearance_s < least_s - _TOLERANCE_S:
            yield error(
                at("ped_clearance_s"),
                f"{phase.ped_clearance_s:g} is too short for crossing_length_m = {phase.crossing_length_m:g}: "
                f"at {WALKER_MPS:g} m/s it takes {least_s:.1f} s",
                f"write at least {_tenth_up(least_s):g}, in seconds",
            )


def _tenth_up(seconds: float) -> float:
    return -(-round(seconds * 1000) // 100) / 10


def _matrix(signal: Signal, at: At) -> Iterator[Finding]:
    """Compatibility written a second time must be symmetric and say what the rings say."""
    if signal.compatible is None:
        return
    numbers = {phase.number for phase in signal.phases}
    named = {other for others in signal.compatible.values() for other in others} | signal.compatible.keys()
    for number in sorted(named - numbers):
        yield error(at("signal", "compatible"), f"there is no phase {number}", "remove it")
    pairs = conflicts(signal)
    for a, b in combinations(sorted(numbers), 2):
        forth, back = b in signal.compatible.get(a, ()), a in signal.compatible.get(b, ())
        by_rings = frozenset((a, b)) not in pairs
        if forth != back:
            there, lacking = (a, b) if forth else (b, a)
            yield error(
                at("signal", "compatible", str(lacking)),
                f"phase {there} names {lacking} as compatible, and {lacking} does not name {there}",
                f"add {there} to {lacking}, or remove {lacking} from {there}: a pair is compatible both ways",
            )
        elif forth and not by_rings:
            yield error(
                at("signal", "compatible", str(a)),
                f"{a} and {b} are named compatible, and the rings never run them together",
                f"remove {b} from {a} and {a} from {b}, or mend rings",
            )
        elif by_rings and not forth:
            yield error(
                at("signal", "compatible", str(a)),
                f"the rings run {a} and {b} together, and they are not named compatible",
                f"add {b} to {a} and {a} to {b}, or mend rings",
            )


def _overlaps(signal: Signal, at: At) -> Iterator[Finding]:
    numbers = sorted(phase.number for phase in signal.phases)
    seen: set[str] = set()
    for i, overlap in enumerate(signal.overlaps):
        if overlap.name in seen:
            yield error(at("signal", "overlaps", i, "name"), f"overlap {overlap.name} is described twice", "remove one")
        seen.add(overlap.name)
        yield from _parents(overlap, numbers, at("signal", "overlaps", i, "parents"))


def _parents(overlap: Overlap, numbers: list[int], where: str) -> Iterator[Finding]:
    for parent in sorted(set(overlap.parents)):
        if parent not in numbers:
            yield error(where, f"there is no phase {parent}", f"use one of {', '.join(map(str, numbers))}")
        if overlap.parents.count(parent) > 1:
            yield error(where, f"phase {parent} stands there twice", "name each parent once")


def _startup(signal: Signal, at: At) -> Iterator[Finding]:
    where = at("signal", "startup_phases")
    names = channel_names(signal)
    for number in signal.startup_phases:
        if str(number) not in names:
            yield error(where, f"there is no phase {number}", f"use phases of the site: {', '.join(names)}")
    pairs = conflicts(signal)
    for a, b in combinations(sorted(set(signal.startup_phases)), 2):
        if frozenset((a, b)) in pairs and {str(a), str(b)} <= set(names):
            yield error(where, f"phases {a} and {b} conflict", "name phases that may be green together")


def _flash(signal: Signal, at: At) -> Iterator[Finding]:
    beside = together(signal)
    yellow = [str(phase.number) for phase in signal.phases if phase.flash == "yellow"]
    yellow += [overlap.name for overlap in signal.overlaps if overlap.flash == "yellow"]
    for one, other in combinations(yellow, 2):
        if other not in beside[one]:
            yield error(
                at("signal"),
                f'{one} and {other} conflict and both have flash = "yellow"',
                'write flash = "red" for one of them: drivers with yellow trust that the others have red',
            )


def _wiring(signal: Signal, wiring: Wiring, at: At) -> Iterator[Finding]:
    names = channel_names(signal)
    where = at("signal", "wiring", "heads")
    walking = {str(phase.number) for phase in signal.phases if phase.walk_s is not None}
    for name in names:
        if name not in wiring.heads:
            yield error(where, f"has no pins for {_spoken(name)}", f"add {name} = {{ red = …, yellow = …, green = … }}")
    for table in ("heads", "senses"):
        for name in getattr(wiring, table):
            if name not in names:
                known = ", ".join(names)
                yield error(at("signal", "wiring", table, name), f"there is no {_spoken(name)}", f"use {known}")
    for name, head in wiring.heads.items():
        for key, pin in (("walk", head.walk), ("dont_walk", head.dont_walk)):
            if name in walking and pin is None:
                yield error(
                    at("signal", "wiring", "heads", name), f"has no {key} pin", f"phase {name} walks: add {key}"
                )
            elif name in names and name not in walking and pin is not None:
                fix = "remove it, or give the phase walk_s and ped_clearance_s"
                yield error(at("signal", "wiring", "heads", name, key), f"{_spoken(name)} has no pedestrians", fix)
    used: dict[int, str] = {}
    for pin, keys in pins(signal):
        here = at("signal", "wiring", *keys)
        if pin in used:
            yield error(here, f"pin {pin} is also that of {used[pin]}", "give each its own pin")
        used.setdefault(pin, here)
    if wiring.board == "gpio" and wiring.heartbeat is None:
        yield warning(
            at("signal", "wiring"),
            "has no heartbeat pin, so nothing puts the lamps to flash when the computer hangs",
            "add heartbeat = PIN and wire it to a relay that drops without it (docs/bridges.md)",
        )


def _spoken(name: str) -> str:
    return f"overlap {name}" if name.isalpha() else f"phase {name}"
