"""What lamps may never do, whoever drives them: a witness that watches measured states.

The laws are those of any signal controller (NEMA TS 2-2003, section 3.5; MUTCD 2009,
section 4D.26): the tests of every bridge use them.
"""

from __future__ import annotations

from calibration.signal_timing import conflicts
from calibration.site import Signal
from edge.clock import NS_PER_S
from edge.types import Interval, SignalState

_MOVING = (Interval.GREEN, Interval.YELLOW)
_RESTING = (Interval.RED, Interval.FLASH_RED)
#: What may follow what. Red of no length between two others is not seen.
_AFTER = {
    Interval.RED: {Interval.GREEN, Interval.FLASH_RED},
    Interval.GREEN: {Interval.YELLOW},
    Interval.YELLOW: {Interval.RED_CLEARANCE},
    Interval.RED_CLEARANCE: {Interval.RED, Interval.GREEN, Interval.FLASH_RED},
    Interval.FLASH_RED: {Interval.RED},
}


class Witness:
    """Watches states that come more often than the shortest interval; AssertionError at a broken law."""

    def __init__(self, signal: Signal) -> None:
        self._phases = {phase.number: phase for phase in signal.phases}
        self._conflicts = conflicts(signal)
        self._last: SignalState | None = None
        #: (phase, interval, began, lasted), both in seconds, of every interval that has ended.
        self.ended: list[tuple[int, Interval, float, float]] = []

    def see(self, state: SignalState) -> None:
        """Check one state, and the step from the one before."""
        assert state.intervals.keys() == state.since_ns.keys() == self._phases.keys()
        for pair in self._conflicts:
            a, b = sorted(pair)
            for one, other in ((a, b), (b, a)):
                if state.intervals[one] in _MOVING:
                    assert state.intervals[other] is Interval.RED, f"{one} and {other} at {state.t_ns}"
        for number in self._phases:
            assert state.since_ns[number] <= state.t_ns
            self._step(number, state)
        self._last = state

    def _step(self, number: int, state: SignalState) -> None:
        last = self._last
        if last is None:
            return
        was, now = last.intervals[number], state.intervals[number]
        if last.since_ns[number] == state.since_ns[number]:
            # Only red may be left at the instant it began: when a request comes as flash begins.
            assert was is now or (was in _RESTING and last.t_ns == state.since_ns[number])
            return
        phase = self._phases[number]
        allowed = _AFTER[was] | (_AFTER[Interval.RED_CLEARANCE] if was is Interval.YELLOW else set())
        if was is Interval.YELLOW and phase.red_clearance_s > 0:
            allowed = _AFTER[was]
        assert now in allowed or (was is now is Interval.RED), f"phase {number}: {was} then {now} at {state.t_ns}"
        began_s = last.since_ns[number] / NS_PER_S
        lasted_s = (state.since_ns[number] - last.since_ns[number]) / NS_PER_S
        self.ended.append((number, was, began_s, lasted_s))
        if was is Interval.GREEN:
            assert lasted_s >= phase.min_green_s
            assert lasted_s >= (phase.walk_s or 0) + (phase.ped_clearance_s or 0)
        elif was is Interval.YELLOW:
            assert lasted_s == phase.yellow_s
        elif was is Interval.RED_CLEARANCE and now is Interval.RED:
            assert lasted_s == phase.red_clearance_s
        elif was is Interval.RED_CLEARANCE:
            # A red shorter than the witness's looks may lie between.
            assert lasted_s >= phase.red_clearance_s
