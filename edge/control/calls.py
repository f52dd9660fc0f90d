"""Who calls for which phase: detectors, pedestrians and recalls brought together by phase.

    detectors ──┐
    pedestrians ┼─→ PhaseCall: called, and why; what holds its green; whether all of it is known
    recalls ────┘

What is not known calls too: a lane that no camera can see, or whose detector is stuck, is
served as if somebody waited there. NEMA TS 2-2003, section 3.5.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

from calibration.detectors import Detector
from calibration.site import Phase
from edge.clock import NS_PER_S
from edge.control.coordinate import Coordination
from edge.control.coordinate import free as _free
from edge.control.detectors import DetectorFault, Detectors, DetectorSettings, DetectorState
from edge.control.pedestrians import Buttons, Pedestrians, no_buttons
from edge.types import Demand, Interval, LaneDemand, SignalState


@dataclass(frozen=True, slots=True)
class CallSettings:
    """passage_s: a green is held for whom it takes no longer than this to the stop line, where its phase says nothing.

    near_m: and for whoever moves this near to it, however slowly, so that a queue that
    starts to move is not a gap. stale_s: older knowledge is unknown. remember_s: a call without lock is kept so
    long after its vehicle was last seen, for cameras lose some for a moment. forgotten_s:
    a phase that was not green for so long is called anyway, for cameras miss some altogether; None for never.
    recall: phases called in every cycle; ped_recall: so are all that serve pedestrians without a button.
    """

    passage_s: float = 3.0
    near_m: float = 15.0
    stale_s: float = 2.0
    remember_s: float = 5.0
    forgotten_s: float | None = 180.0
    recall: frozenset[int] = field(default_factory=frozenset)
    ped_recall: bool = True


@dataclass(frozen=True, slots=True)
class PhaseCall:
    """One phase's call. known is False where a lane of it cannot be seen or believed, or it has none.

    extends names the lanes that hold its green now. reason says why it is called, in the
    engineer's words; None where it is not. ped: pedestrians call it, only_ped: and nobody else.
    soft: called only because nobody else is, so nobody waits for it. standing: it would be called again as soon
    as it is red, whoever comes. doubts: what is wrong with its detectors.
    """

    phase: int
    known: bool
    extends: tuple[str, ...]
    reason: str | None
    ped: bool = False
    only_ped: bool = False
    soft: bool = False
    standing: bool = False
    doubts: tuple[str, ...] = ()

    @property
    def called(self) -> bool:
        """Whether somebody wants this phase."""
        return self.reason is not None


class Calls:
    """The calls of all phases, step by step; time is that of the signal.

    Args:
        detectors: None takes every lane of a demand for one.
        buttons: asked once a step for the phases whose pedestrians have called since.
    """

    def __init__(
        self,
        phases: Sequence[Phase],
        settings: CallSettings,
        detectors: Sequence[Detector] | None = None,
        buttons: Buttons = no_buttons,
    ) -> None:
        self._phases = tuple(phases)
        self._settings = settings
        passage_s = {phase.number: phase.passage_s for phase in phases if phase.passage_s is not None}
        looks = DetectorSettings(settings.passage_s, settings.near_m, settings.stale_s)
        self._detectors = Detectors(detectors, looks, passage_s)
        self.pedestrians = Pedestrians(phases, buttons, recall=settings.ped_recall)
        self._seen_ns: dict[int, int] = {}
        self._locked: dict[int, int] = {}
        self._green_ns: dict[int, int] = {}

    def update(self, demand: Demand, signal: SignalState, plan: Coordination | None = None) -> Mapping[int, PhaseCall]:
        """Call of each phase at the signal's instant. A demand that is older ages its lanes."""
        plan = _free("") if plan is None else plan
        states: dict[int, list[DetectorState]] = {phase.number: [] for phase in self._phases}
        for state in self._detectors.update(demand, signal):
            if state.detector.phase in states:
                states[state.detector.phase].append(state)
        walking = self.pedestrians.update(signal, plan)
        calls = {p.number: self._call(p, states[p.number], walking, signal, plan) for p in self._phases}
        if not any(call.called and signal.intervals.get(p) is not Interval.GREEN for p, call in calls.items()):
            calls |= {p.number: self._soft(calls[p.number]) for p in self._phases if p.recall == "soft"}
        return calls

    def _call(
        self,
        phase: Phase,
        states: list[DetectorState],
        walking: frozenset[int],
        signal: SignalState,
        plan: Coordination,
    ) -> PhaseCall:
        number, now_ns = phase.number, signal.t_ns
        sound = [state for state in states if state.fault is None]
        doubtful = [state for state in states if state.fault is not None]
        extends = tuple(dict.fromkeys(state.detector.lane for state in sound if state.extends))
        calling = [state for state in sound if state.calls]
        vehicles = _vehicles([state.lane for state in calling if state.lane is not None])
        if signal.intervals.get(number) is Interval.GREEN:
            self._green_ns[number] = now_ns
            self._seen_ns.pop(number, None)
            self._locked.pop(number, None)
        elif calling:
            self._seen_ns[number] = now_ns
            if any(phase.lock if state.detector.lock is None else state.detector.lock for state in calling):
                self._locked.setdefault(number, now_ns)
        ped = number in walking
        reason = vehicles or self._without_vehicles(phase, sound, doubtful, now_ns, plan)
        only_ped = ped and reason is None
        if ped:
            said = "pedestrian call" if self.pedestrians.pressed(number) else "pedestrian recall"
            reason = said if reason is None else f"{reason}, {said}" if said == "pedestrian call" else reason
        if reason is None:
            reason = self._forgotten(number, now_ns)
        known = bool(sound) and not doubtful
        recalled = phase.recall != "none" or number in self._settings.recall or number in plan.recall
        return PhaseCall(
            number,
            known,
            extends,
            reason,
            ped=ped,
            only_ped=only_ped,
            standing=recalled or not known or self.pedestrians.recalled(number, plan),
            doubts=tuple(state.said() for state in doubtful if state.fault is not DetectorFault.UNKNOWN),
        )

    def _without_vehicles(
        self, phase: Phase, sound: list[DetectorState], doubtful: list[DetectorState], now_ns: int, plan: Coordination
    ) -> str | None:
        number, seen_ns = phase.number, self._seen_ns.get(phase.number)
        reason = None
        if doubtful:
            reason = f"recall, {' and '.join(dict.fromkeys(state.said() for state in doubtful))}"
        elif not sound:
            reason = "recall, no lane of it is watched"
        elif number in self._locked:
            reason = f"a vehicle came {(now_ns - self._locked[number]) / NS_PER_S:.0f} s ago, locked"
        elif seen_ns is not None and now_ns - seen_ns <= self._settings.remember_s * NS_PER_S:
            reason = "a vehicle just lost from sight"
        elif phase.recall in {"min", "max"}:
            reason = f"{phase.recall} recall"
        elif number in self._settings.recall or number in plan.recall:
            reason = "recall"
        return reason

    def _forgotten(self, number: int, now_ns: int) -> str | None:
        not_green_ns = now_ns - self._green_ns.setdefault(number, now_ns)
        most_s = self._settings.forgotten_s
        if most_s is None or not_green_ns < most_s * NS_PER_S:
            return None
        return f"not green for {not_green_ns / NS_PER_S:.0f} s"

    @staticmethod
    def _soft(call: PhaseCall) -> PhaseCall:
        return call if call.called else replace(call, reason="soft recall", soft=True)


def _vehicles(lanes: list[LaneDemand]) -> str | None:
    """What vehicles call, with numbers; None where there are none."""
    lanes = list({lane.lane: lane for lane in lanes}.values())
    queued = sum(lane.queue_vehicles or 0 for lane in lanes)
    if queued:
        waits_s = [lane.wait_s for lane in lanes if lane.wait_s is not None]
        return f"{queued} queued" + (f", oldest {max(waits_s):.0f} s" if waits_s else "")
    if any(lane.presence for lane in lanes):
        return "a vehicle at the line"
    coming = [before_m for lane in lanes for before_m, _ in lane.arrivals or ()]
    return f"{len(coming)} coming, the first at {min(coming):.0f} m" if coming else None
