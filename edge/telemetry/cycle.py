"""One record a signal cycle: what the lamps showed of each phase, and who passed.

A cycle runs from the start of the reference phase's green to its next one, by the
measured lamps. One that was interrupted (flash, or no measurement for `GAP_NS`) is not
reported, for nobody knows what was shown.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection
from dataclasses import dataclass, field
from itertools import pairwise

from calibration.plans import plans_of
from calibration.site import Site
from edge.clock import NS_PER_S
from edge.frames import VisionResult
from edge.messages import CycleBody, PhaseCycle
from edge.types import Crossing, Interval, SignalState

#: Two measurements further apart than this leave open what was shown between them.
GAP_NS = 5 * NS_PER_S
_REDS_KEPT = 4


@dataclass(slots=True)
class _Phase:
    """One phase within the present cycle, and its last reds as (since, until or None)."""

    shown_ns: dict[Interval, int] = field(default_factory=dict)
    crossings: int = 0
    on_red: int = 0
    reds: deque[tuple[int, int | None]] = field(default_factory=lambda: deque(maxlen=_REDS_KEPT))

    def restart(self) -> None:
        self.shown_ns.clear()
        self.crossings = self.on_red = 0

    def turned(self, before: Interval | None, now: Interval, t_ns: int) -> None:
        if now is Interval.RED and before is not Interval.RED:
            self.reds.append((t_ns, None))
        elif before is Interval.RED and now is not Interval.RED and self.reds:
            self.reds[-1] = (self.reds[-1][0], t_ns)

    def was_red(self, from_ns: int, to_ns: int) -> bool:
        return any(since <= from_ns and (until is None or to_ns <= until) for since, until in self.reds)


class CycleBuilder:
    """Fed with measured signal states and vision results in the order of time.

    The reference phase is `reference_phase`, or else 2, by custom the coordinated one, or
    the lowest of the site. A site without signal has no cycles. Crossings are those whose
    movement, or else lane, belongs to the phase; None where its cameras did not see the
    whole cycle. On red is who entered and left while the phase was red all the time, so
    certainly passed the line on red; a crossing decided after its cycle's end counts in
    the next one.
    """

    def __init__(
        self, site: Site, *, cameras: Collection[str], plan: str | None = None, reference_phase: int | None = None
    ) -> None:
        numbers = [phase.number for phase in site.signal.phases] if site.signal else []
        if reference_phase is not None and reference_phase not in numbers:
            raise ValueError(f"reference phase {reference_phase} is not one of the site's phases {numbers}")
        self._phases = {number: _Phase() for number in numbers}
        self._reference = reference_phase or (2 if 2 in numbers else min(numbers, default=None))
        self._default = plan or next((plan.name for plan in plans_of(site)), "free")
        self._plan = self._default
        self._lane_phase = {lane.id: lane.phase for lane in site.lanes}
        self._movement_phase = {movement.id: movement.phase for movement in site.movements}
        self._cameras: dict[int, set[str]] = {number: set() for number in numbers}
        for movement in site.movements:
            if movement.phase in self._cameras:
                # A camera that is not fed never sees anything, so its phases have no counts.
                self._cameras[movement.phase].add(movement.camera)
        self._fed = frozenset(cameras)
        self._saw: dict[str, bool] = {}
        self._state: SignalState | None = None
        self._begun_ns: int | None = None
        self._number = 0

    def add_signal(self, state: SignalState, plan: str | None = None) -> list[tuple[int, CycleBody]]:
        """Take in one measurement; returns (end of the cycle, body) if one ended with it.

        plan: the one in force now, where the controller says; a cycle has that of its beginning.
        """
        before, self._state = self._state, state
        whole = before is not None and before.mode == state.mode == "running" and state.t_ns - before.t_ns <= GAP_NS
        if before is None or not whole:
            self._begun_ns = None
            for number, phase in self._phases.items():
                phase.reds.clear()
                if state.intervals.get(number) is Interval.RED:
                    phase.reds.append((state.since_ns.get(number, state.t_ns), None))
            return []
        onset_ns = self._reference_onset(before, state)
        carried: list[tuple[int, Interval, int]] = []
        for number, phase in self._phases.items():
            for from_ns, to_ns, interval in _shown(number, before, state):
                split_ns = to_ns if onset_ns is None else max(from_ns, min(to_ns, onset_ns))
                _add(phase, interval, split_ns - from_ns)
                carried.append((number, interval, to_ns - split_ns))
            now = state.intervals.get(number)
            if now is not None:
                phase.turned(before.intervals.get(number), now, _turned_ns(number, before, state))
        if onset_ns is None:
            return []
        ended = [] if self._begun_ns is None else [(onset_ns, self._body(self._begun_ns, onset_ns))]
        self._begun_ns, self._plan = onset_ns, plan or self._default
        self._saw.clear()
        for phase in self._phases.values():
            phase.restart()
        for number, interval, span_ns in carried:
            _add(self._phases[number], interval, span_ns)
        return ended

    def add_result(self, result: VisionResult) -> None:
        """Take in who passed, and whether the camera could see."""
        self._saw[result.camera] = self._saw.get(result.camera, True) and result.sight.ok
        for crossing in result.crossings:
            phase = self._phases.get(self._phase_of(crossing) or 0)
            if phase is not None:
                phase.crossings += 1
                entered_ns = crossing.entered_ns
                phase.on_red += entered_ns is not None and phase.was_red(entered_ns, crossing.t_ns)

    def _phase_of(self, crossing: Crossing) -> int | None:
        of_movement = self._movement_phase.get(crossing.movement)
        return of_movement if crossing.lane is None else of_movement or self._lane_phase.get(crossing.lane)

    def _reference_onset(self, before: SignalState, now: SignalState) -> int | None:
        if self._reference is None:
            return None
        was, is_ = before.intervals.get(self._reference), now.intervals.get(self._reference)
        if is_ is not Interval.GREEN or was is Interval.GREEN:
            return None
        return _turned_ns(self._reference, before, now)

    def _body(self, begun_ns: int, ended_ns: int) -> CycleBody:
        self._number += 1
        return CycleBody(
            number=self._number,
            cycle_s=(ended_ns - begun_ns) / NS_PER_S,
            plan=self._plan,
            phases=[self._phase_cycle(number, phase) for number, phase in self._phases.items()],
        )

    def _phase_cycle(self, number: int, phase: _Phase) -> PhaseCycle:
        cameras = self._cameras[number]
        seen = bool(cameras) and cameras <= self._fed and all(self._saw.get(camera, False) for camera in cameras)
        return PhaseCycle(
            phase=number,
            green_s=phase.shown_ns.get(Interval.GREEN, 0) / NS_PER_S,
            yellow_s=phase.shown_ns.get(Interval.YELLOW, 0) / NS_PER_S,
            red_clearance_s=phase.shown_ns.get(Interval.RED_CLEARANCE, 0) / NS_PER_S,
            crossings=phase.crossings if seen else None,
            crossings_on_red=phase.on_red if seen else None,
        )


def _add(phase: _Phase, interval: Interval, span_ns: int) -> None:
    phase.shown_ns[interval] = phase.shown_ns.get(interval, 0) + span_ns


def _turned_ns(number: int, before: SignalState, now: SignalState) -> int:
    """When the phase's present interval began, within the step from `before` to `now`."""
    return max(before.t_ns, min(now.t_ns, now.since_ns.get(number, now.t_ns)))


def _shown(number: int, before: SignalState, now: SignalState) -> list[tuple[int, int, Interval]]:
    """What one phase showed in a step, as (from, to, interval)."""
    was, is_ = before.intervals.get(number), now.intervals.get(number)
    if was is None or is_ is None:
        return []
    times = [before.t_ns, now.t_ns if was is is_ else _turned_ns(number, before, now), now.t_ns]
    return [(from_ns, to_ns, interval) for (from_ns, to_ns), interval in zip(pairwise(times), (was, is_), strict=True)]
