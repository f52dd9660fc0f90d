"""High-resolution events of detectors, from the demand of their lanes.

    LaneDemand ─→ zone on, off, unknown ─→ delay, extension ─→ 82, 81
                                     └──→ not seen, stuck on, stuck off ─→ 85, 87, 86; 83 again

A presence detector is on while a vehicle is at the stop line; an advance one while somebody
moves through its zone. An event has the instant of the frame that
showed it. What no camera sees is a fault of the detector (85), not an empty lane: the
channel is told off as of then, so that nobody reckons with a vehicle that none has seen.
Stuck on and stuck off are judged as control judges them (`edge.control.detectors`).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from calibration.detectors import Detector
from edge.clock import NS_PER_S
from edge.telemetry.hires_codes import Code
from edge.telemetry.hires_event import HiResEvent
from edge.types import Demand, Interval, LaneDemand, SignalState

#: A stuck detector is believed again once it has been off for so long.
_BACK_NS = 2 * NS_PER_S
#: Others must have come on so often for a silent detector to be suspicious.
_OTHERS = 20


@dataclass(slots=True)
class _Channel:
    """One detector. raw is its zone, None while nobody knows, with since when; on is what was told last.

    waiting: it is to change once a delay or an extension is over. raw_ns is None before the first demand.
    green_ns: when the green that is shown now began; through_green: one passed while the zone was never free.
    quiet_ns: since when it is known and saw nobody; others: how often any had come on by then.
    """

    detector: Detector
    raw: bool | None = None
    raw_ns: int | None = None
    on: bool = False
    told_ns: int = 0
    waiting: bool = False
    fault: Code | None = None
    green_ns: int | None = None
    through_green: bool = False
    quiet_ns: int | None = None
    others: int = 0


class DetectorEvents:
    """Fed with every demand in the order of time, beside the lamps as they were then.

    A detector of a lane that the demand does not name tells nothing.
    """

    def __init__(self, detectors: Sequence[Detector]) -> None:
        self._channels = [_Channel(detector) for detector in detectors]
        self._came_on = 0

    def update(self, demand: Demand, state: SignalState) -> list[HiResEvent]:
        """What changed since the demand before."""
        events: list[HiResEvent] = []
        for channel in self._channels:
            lane = demand.lanes.get(channel.detector.lane)
            if lane is not None:
                events += self._channel(channel, lane, demand.t_ns, state)
        return events

    def _channel(self, channel: _Channel, lane: LaneDemand, now_ns: int, state: SignalState) -> list[HiResEvent]:
        raw = _zone(channel.detector, lane)
        since_ns = channel.raw_ns
        if raw is not channel.raw or since_ns is None:
            # Nothing new was seen of a lane that became unknown: it is so from now on.
            seen_ns = now_ns if raw is None else now_ns - round((lane.age_s or 0.0) * NS_PER_S)
            since_ns = seen_ns if since_ns is None else max(since_ns, seen_ns)
            channel.raw, channel.raw_ns, channel.waiting = raw, since_ns, False
            channel.through_green = False
            self._came_on += bool(raw)
        if raw is not False or channel.quiet_ns is None:
            channel.quiet_ns, channel.others = now_ns, self._came_on
        phase = channel.detector.phase or 0
        green = state.intervals.get(phase) is Interval.GREEN
        if channel.green_ns is not None and not green:
            channel.through_green |= bool(raw) and since_ns <= channel.green_ns
        channel.green_ns = state.since_ns.get(phase) if green else None
        return [*_switched(channel, since_ns, green=green, now_ns=now_ns), *self._fault(channel, since_ns, now_ns)]

    def _fault(self, channel: _Channel, since_ns: int, now_ns: int) -> list[HiResEvent]:
        """85 while nobody knows, 87 and 86 while it is stuck on or off, 83 when that is over."""
        fault = self._judged(channel, since_ns, now_ns)
        if fault is channel.fault:
            return []
        channel.fault = fault
        return [HiResEvent(now_ns, fault or Code.DETECTOR_RESTORED, channel.detector.channel)]

    def _judged(self, channel: _Channel, since_ns: int, now_ns: int) -> Code | None:
        if channel.raw is None:
            return Code.DETECTOR_FAULT_WATCHDOG
        on_s, quiet_s = channel.detector.max_presence_s, channel.detector.no_activity_s
        lasted_ns = now_ns - since_ns
        if channel.raw and on_s is not None and channel.through_green and lasted_ns >= on_s * NS_PER_S:
            return Code.DETECTOR_FAULT_SHORTED
        if channel.fault is Code.DETECTOR_FAULT_SHORTED and (channel.raw or lasted_ns < _BACK_NS):
            return channel.fault
        quiet_ns = now_ns - (now_ns if channel.quiet_ns is None else channel.quiet_ns)
        quiet = quiet_s is not None and quiet_ns >= quiet_s * NS_PER_S
        return Code.DETECTOR_FAULT_OPEN if quiet and self._came_on - channel.others >= _OTHERS else None


def _switched(channel: _Channel, since_ns: int, *, green: bool, now_ns: int) -> list[HiResEvent]:
    """81 or 82, after delay and extension (NEMA TS 2-2003, section 3.5.5.5)."""
    wanted, detector = bool(channel.raw), channel.detector
    if wanted is channel.on:
        return []
    # A delay counts while the phase is not green, an extension while it is.
    wait_s, counts = (detector.delay_s, not green) if wanted else (detector.extend_s, green)
    over_ns = since_ns if channel.raw is None else since_ns + round(wait_s * NS_PER_S)
    if counts and over_ns > now_ns:
        channel.waiting = True
        return []
    at_ns = max(channel.told_ns, min(over_ns, now_ns) if channel.waiting or counts else since_ns)
    channel.on, channel.told_ns, channel.waiting = wanted, at_ns, False
    return [HiResEvent(at_ns, Code.DETECTOR_ON if wanted else Code.DETECTOR_OFF, detector.channel)]


def _zone(detector: Detector, lane: LaneDemand) -> bool | None:
    """Whether somebody is in the zone; None where nobody can tell."""
    if detector.kind == "presence":
        if lane.presence is None and lane.queue_vehicles is not None:
            return lane.queue_vehicles > 0
        return lane.presence
    if lane.arrivals is None:
        return None
    near_m = detector.distance_m or 0.0
    return any(near_m <= before_m <= near_m + detector.length_m for before_m, _ in lane.arrivals)
