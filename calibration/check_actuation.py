"""Detectors and what actuated control reads of the phases: whether it can be served."""

from __future__ import annotations

from collections.abc import Iterator

from calibration.detectors import Detector
from calibration.finding import At, Finding, error, warning
from calibration.signal_timing import shortest_green_s
from calibration.site import Phase, Signal, Site


def check_actuation(site: Site, at: At) -> Iterator[Finding]:
    """What is wrong with [[detectors]] and with the keys of phases that only actuated control reads."""
    if site.signal is not None:
        for i, phase in enumerate(site.signal.phases):
            yield from _phase(phase, site.signal, lambda *loc, i=i: at("signal", "phases", i, *loc))
    elif site.detectors:
        yield error(at("detectors"), "there are detectors but no [signal]", "add [signal], or remove them")
        return
    seen: dict[int, int] = {}
    for i, detector in enumerate(site.detectors):
        first = seen.setdefault(detector.channel, i)
        if first < i:
            where = at("detectors", i, "channel")
            yield error(where, f"{detector.channel} is also that of detectors[{first + 1}]", "give each its own")
        yield from _detector(detector, site, lambda *loc, i=i: at("detectors", i, *loc))
    if site.detectors:
        yield from _unwatched(site, at)


def _phase(phase: Phase, signal: Signal, at: At) -> Iterator[Finding]:
    if phase.max2_green_s is not None and phase.max2_green_s < phase.min_green_s:
        yield error(
            at("max2_green_s"),
            f"{phase.max2_green_s:g} is less than min_green_s = {phase.min_green_s:g}",
            f"write at least {phase.min_green_s:g}, in seconds",
        )
    elif phase.max2_green_s is not None and phase.max2_green_s < shortest_green_s(phase):
        yield warning(
            at("max2_green_s"),
            f"{phase.max2_green_s:g} is less than walk and pedestrian clearance together, {shortest_green_s(phase):g}",
            "raise it; pedestrians are always served in full",
        )
    group = next((group for ring in signal.rings for group in ring if phase.number in group), ())
    if phase.conditional_service and phase.number in group and group[-1] == phase.number:
        yield warning(
            at("conditional_service"),
            f"phase {phase.number} is the last of its ring before the barrier, so it never comes to that",
            "give it to a phase that another one follows, or remove it",
        )


def _detector(detector: Detector, site: Site, at: At) -> Iterator[Finding]:
    lane = next((lane for lane in site.lanes if lane.id == detector.lane), None)
    if lane is None:
        known = ", ".join(lane.id for lane in site.lanes)
        yield error(at("lane"), f'there is no lane "{detector.lane}"', f"use one of {known}")
        return
    if detector.phase is None and lane.phase is None:
        fix = "add phase here, or to the lane"
        yield error(at("phase"), f'is missing, and lane "{lane.id}" has none either', fix)
    if detector.phase is not None and site.signal is not None:
        phases = [phase.number for phase in site.signal.phases]
        if detector.phase not in phases:
            yield error(at("phase"), f"there is no phase {detector.phase}", f"use one of {', '.join(map(str, phases))}")
    if lane.stop_line_px is None:
        fix = f'give lane "{lane.id}" its stop_line_px, or remove the detector'
        yield error(at("lane"), f'lane "{lane.id}" has no stop line, so nothing is known of it', fix)
    if detector.kind == "advance" and detector.distance_m is None:
        fix = "add distance_m, in metres from the stop line back to the zone"
        yield error(at("distance_m"), "is missing for an advance detector", fix)
    if detector.kind == "presence" and detector.distance_m is not None:
        fix = 'remove it, or write kind = "advance"'
        yield error(at("distance_m"), "is given for a presence detector, which lies at the stop line", fix)
    if detector.max_presence_s is not None and detector.delay_s >= detector.max_presence_s:
        yield error(
            at("delay_s"),
            f"{detector.delay_s:g} is not less than max_presence_s = {detector.max_presence_s:g}, so it never calls",
            "shorten it",
        )


def _unwatched(site: Site, at: At) -> Iterator[Finding]:
    """Lanes with a phase that no detector watches: their phase is served, but not for them."""
    watched = {detector.lane for detector in site.detectors}
    for i, lane in enumerate(site.lanes):
        if lane.phase is not None and lane.id not in watched:
            fix = "add one, or leave [[detectors]] out: then every lane is one"
            yield warning(at("lanes", i), f"no detector watches it, so nobody in it calls phase {lane.phase}", fix)
