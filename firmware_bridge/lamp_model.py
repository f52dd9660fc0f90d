"""A model of the signal core for replay: what lamps with this timing table would show.

    startup (all red) ─→ running ─→ flash ─→ startup …
                            │ red → green → yellow → red clearance → red

It is not the core: the C core replaces it behind the same seam, and no lamp is ever
driven by it. Each interval ends at its own instant, whatever the steps of the caller.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

from calibration.signal_timing import conflicts, shortest_green_s
from calibration.site import Phase, Signal
from edge.clock import NS_PER_S
from edge.types import Interval, PedInterval, SignalState

Mode = Literal["startup", "running", "flash"]


@dataclass(frozen=True, slots=True)
class _Times:
    """One phase's row of the timing table, in ns; walk and clearance 0 without pedestrians."""

    green: int
    yellow: int
    red_clearance: int
    walk: int
    ped_clearance: int

    @classmethod
    def of(cls, phase: Phase) -> _Times:
        return cls(
            _ns(shortest_green_s(phase)),
            _ns(phase.yellow_s),
            _ns(phase.red_clearance_s),
            _ns(phase.walk_s or 0.0),
            _ns(phase.ped_clearance_s or 0.0),
        )


class LampModel:
    """Lamps of one junction at an instant that only `advance` moves, and never back."""

    def __init__(self, signal: Signal, startup_s: float, t_ns: int) -> None:
        self._times = {phase.number: _Times.of(phase) for phase in signal.phases}
        pairs = conflicts(signal)
        self._against = {
            number: tuple(other for other in self._times if frozenset((number, other)) in pairs)
            for number in sorted(self._times)
        }
        self._startup_ns = _ns(startup_s)
        self._wanted: frozenset[int] = frozenset()
        self._until_ns: int | None = None
        self.now_ns = t_ns
        self._enter("startup", Interval.RED)

    def ask(self, phases: frozenset[int], until_ns: int) -> None:
        """Want these phases green, and no other, until an instant later than now.

        The caller has refused conflicts and unknown phases.
        """
        self._wanted = phases
        self._until_ns = until_ns
        self._settle()

    def advance(self, t_ns: int) -> None:
        """Let time pass, one interval's end after the other."""
        self._settle()
        while (event_ns := self._next_event()) is not None and event_ns <= t_ns:
            self.now_ns = event_ns
            self._settle()
        self.now_ns = max(self.now_ns, t_ns)

    def state(self, fault: str | None) -> SignalState:
        """What the lamps show now; `fault` is added where the model has none of its own."""
        own = None
        if not self._asked() and self._until_ns is not None:
            own = "no request came in time: greens are ended and the lamps flash"
        elif not self._asked() and self._mode == "flash":
            own = "no request has come yet"
        return SignalState(
            self.now_ns,
            dict(self._interval),
            dict(self._since_ns),
            {number: self._pedestrian(number) for number, times in self._times.items() if times.walk},
            self._mode,
            own or fault,
            modelled=True,
        )

    def _asked(self) -> bool:
        return self._until_ns is not None and self.now_ns < self._until_ns

    def _enter(self, mode: Mode, interval: Interval) -> None:
        self._mode: Mode = mode
        self._mode_since_ns = self.now_ns
        self._interval = dict.fromkeys(self._against, interval)
        self._since_ns = dict.fromkeys(self._against, self.now_ns)

    def _show(self, number: int, interval: Interval) -> None:
        self._interval[number] = interval
        self._since_ns[number] = self.now_ns

    def _settle(self) -> None:
        """Everything that happens at this instant."""
        asked = self._asked()
        if self._mode == "flash" and asked:
            self._enter("startup", Interval.RED)
        if self._mode == "startup" and self.now_ns >= self._mode_since_ns + self._startup_ns:
            if asked:
                self._mode, self._mode_since_ns = "running", self.now_ns
            else:
                self._enter("flash", Interval.FLASH_RED)
        if self._mode == "running":
            wanted = self._wanted if asked else frozenset()
            for number in self._against:
                while self._end_interval(number, wanted):
                    pass  # a red clearance of no length ends at the instant it begins
            for number in sorted(wanted):
                self._begin_green(number)
            if not asked and all(interval is Interval.RED for interval in self._interval.values()):
                self._enter("flash", Interval.FLASH_RED)

    def _end_interval(self, number: int, wanted: frozenset[int]) -> bool:
        """End one phase's interval if its time has come; whether it did."""
        end_ns = self._end_of(number, wanted)
        if end_ns is None or self.now_ns < end_ns:
            return False
        self._show(number, _AFTER[self._interval[number]])
        return True

    def _begin_green(self, number: int) -> None:
        clear = all(self._interval[other] is Interval.RED for other in self._against[number])
        if clear and self._interval[number] is Interval.RED:
            self._show(number, Interval.GREEN)

    def _end_of(self, number: int, wanted: frozenset[int]) -> int | None:
        """When the interval of a phase ends by itself; None for red and for a green that is wanted."""
        times, since_ns = self._times[number], self._since_ns[number]
        match self._interval[number]:
            case Interval.GREEN if number not in wanted:
                return since_ns + times.green
            case Interval.YELLOW:
                return since_ns + times.yellow
            case Interval.RED_CLEARANCE:
                return since_ns + times.red_clearance
        return None

    def _next_event(self) -> int | None:
        """The next instant, later than now, at which something may change by itself."""
        asked = self._asked()
        wanted = self._wanted if asked else frozenset()
        events = [self._until_ns] if asked else []
        if self._mode == "startup":
            events.append(self._mode_since_ns + self._startup_ns)
        if self._mode == "running":
            events += [self._end_of(number, wanted) for number in self._against]
        return min((event for event in events if event is not None and event > self.now_ns), default=None)

    def _pedestrian(self, number: int) -> PedInterval:
        """Pedestrians are served with every green, once."""
        if self._mode == "flash":
            return PedInterval.DARK
        times, green_ns = self._times[number], self.now_ns - self._since_ns[number]
        if self._interval[number] is not Interval.GREEN or green_ns >= times.walk + times.ped_clearance:
            return PedInterval.DONT_WALK
        return PedInterval.WALK if green_ns < times.walk else PedInterval.CLEARANCE


_AFTER = {
    Interval.GREEN: Interval.YELLOW,
    Interval.YELLOW: Interval.RED_CLEARANCE,
    Interval.RED_CLEARANCE: Interval.RED,
}


def _ns(seconds: float) -> int:
    return round(seconds * NS_PER_S)
