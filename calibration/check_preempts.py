"""Preemptions: whether what they ask for is there, may be green together, and can be held."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from itertools import combinations

from calibration.channels import pins
from calibration.finding import At, Finding, error, warning
from calibration.preempts import Preempt
from calibration.signal_timing import conflicts
from calibration.site import Signal, Site


def dwell_phases(preempt: Preempt, site: Site) -> frozenset[int]:
    """What is green while it dwells: its phases, or else those of the lanes of its approach."""
    if preempt.phases:
        return frozenset(preempt.phases)
    return frozenset(lane.phase for lane in site.lanes if lane.approach == preempt.approach and lane.phase is not None)


def check_preempts(site: Site, at: At) -> Iterator[Finding]:
    """What is wrong with [[preempts]], and with the inputs of [[buttons]], which need pins of their own, too."""
    if site.signal is None:
        if site.preempts:
            yield error(at("preempts"), "there are preemptions but no [signal]", "add [signal], or remove [[preempts]]")
        return
    numbers = Counter(preempt.number for preempt in site.preempts)
    for i, preempt in enumerate(site.preempts):
        if numbers[preempt.number] > 1:
            yield error(at("preempts", i, "number"), f"preemption {preempt.number} is there twice", "number it anew")
            numbers[preempt.number] = 1
        yield from _phases(preempt, site, site.signal, lambda *loc, i=i: at("preempts", i, *loc))
        yield from _times(preempt, site, site.signal, lambda *loc, i=i: at("preempts", i, *loc))
    yield from _inputs(site, site.signal, at)


def _phases(preempt: Preempt, site: Site, signal: Signal, at: At) -> Iterator[Finding]:
    approaches = [approach.id for approach in site.approaches]
    if (preempt.approach is None) == (not preempt.phases):
        said = "has neither approach nor phases" if preempt.approach is None else "has both approach and phases"
        yield error(at(), said, "give one of them")
        return
    if preempt.approach is not None and preempt.approach not in approaches:
        yield error(at("approach"), f"there is no approach {preempt.approach!r}", f"use {', '.join(approaches)}")
        return
    where = "approach" if preempt.approach is not None else "phases"
    found = dwell_phases(preempt, site)
    if not found:
        yield error(at(where), f"no lane of {preempt.approach} has a phase", "give phases = […] in its place")
    for key, wanted in ((where, found), ("exit_phases", frozenset(preempt.exit_phases))):
        known = {phase.number for phase in signal.phases}
        unknown = sorted(wanted - known)
        for number in unknown:
            yield error(at(key), f"there is no phase {number}", f"use {', '.join(map(str, sorted(known)))}")
        pairs = conflicts(signal)
        clash = next((pair for pair in combinations(sorted(wanted & known), 2) if frozenset(pair) in pairs), None)
        if clash is not None:
            fix = f"leave one of them out{', by phases = […]' if key == 'approach' else ''}"
            yield error(at(key), f"phases {clash[0]} and {clash[1]} can never be green together", fix)


def _times(preempt: Preempt, site: Site, signal: Signal, at: At) -> Iterator[Finding]:
    least_s = preempt.delay_s + preempt.min_dwell_s
    if least_s > preempt.max_presence_s:
        yield error(
            at("max_presence_s"),
            f"{preempt.max_presence_s:g} is less than delay_s {preempt.delay_s:g} + min_dwell_s "
            f"{preempt.min_dwell_s:g} = {least_s:g}",
            f"write at least {least_s:g}, in seconds",
        )
    found = dwell_phases(preempt, site)
    longest_s = max(preempt.max_presence_s - preempt.delay_s, preempt.min_dwell_s)
    for phase in signal.phases:
        if phase.number in found and phase.max_request_s is not None and phase.max_request_s < longest_s:
            yield warning(
                at("max_presence_s"),
                f"phase {phase.number} is asked for at most max_request_s = {phase.max_request_s:g}, and this "
                f"preemption may hold it for {longest_s:g} s: the signal core would end it before",
                f"write at most {phase.max_request_s + preempt.delay_s:g}, or raise max_request_s",
            )


def _inputs(site: Site, signal: Signal, at: At) -> Iterator[Finding]:
    taken: dict[object, str] = {}
    if signal.wiring is not None and signal.wiring.board == "gpio":
        taken = {pin: f"signal.wiring.{'.'.join(keys)}" for pin, keys in pins(signal)}
    rows = [("preempts", i, row.inputs) for i, row in enumerate(site.preempts)]
    rows += [("buttons", i, row.inputs) for i, row in enumerate(site.buttons)]
    for key_of_row, i, inputs in rows:
        for j, one in enumerate(inputs):
            where = at(key_of_row, i, "inputs", j)
            if (one.gpio is None) == (one.port is None):
                said = "has neither gpio nor port" if one.gpio is None else "has both gpio and port"
                yield error(where, said, "give one of them: a pin of this computer, or a serial port with its line")
                continue
            key: object = one.gpio if one.gpio is not None else (one.port, one.line)
            spoken = f"pin {one.gpio}" if one.gpio is not None else f"line {one.line} of {one.port}"
            if key in taken:
                yield error(where, f"{spoken} is {taken[key]} already", "give each its own")
            taken[key] = where
