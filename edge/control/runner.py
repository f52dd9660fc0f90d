"""The control loop in real time: ten steps a second, each by its deadline, and how well that went.

    due ──jitter──→ begin ──step──→ request handed over        deadline = due + period

It waits on its clock alone. A bridge that does not answer costs that step, not the next;
steps whose time is over are left out, not caught up.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass

from edge.clock import NS_PER_MS, Clock
from edge.control.spread import Spread
from edge.errors import DeviceError
from edge.types import PhaseRequest, SignalState

_log = logging.getLogger(__name__)
PERIOD_NS = 100 * NS_PER_MS
#: Demand, controller and bridge at an instant: what was asked, and the lamps measured just before.
Step = Callable[[int], tuple[PhaseRequest, SignalState]]
Listener = Callable[[PhaseRequest, SignalState], object]


@dataclass(frozen=True, slots=True)
class Punctuality:
    """How a run kept its time. Jitter: how late steps began. All None where no step was made.

    steps were begun, left_out never were; missed handed their request over after their
    deadline; failed had no bridge to talk to. Of those three a request's time to live of
    300 ms bears two in a row.
    """

    steps: int
    left_out: int
    missed: int
    failed: int
    jitter_p50_ms: float | None
    jitter_p99_ms: float | None
    jitter_max_ms: float | None
    step_p50_ms: float | None
    step_p99_ms: float | None
    step_max_ms: float | None

    def spoken(self) -> str:
        """One line for people."""
        return (
            f"{self.steps} steps, {self.left_out} left out, {self.missed} past their deadline, {self.failed} without "
            f"the bridge; began late by {_ms(self.jitter_p50_ms, self.jitter_p99_ms, self.jitter_max_ms)}, "
            f"took {_ms(self.step_p50_ms, self.step_p99_ms, self.step_max_ms)} ms (p50, p99, max)"
        )


class ControlRunner:
    """One run. on_step hears of every step that the bridge answered."""

    def __init__(
        self, step: Step, clock: Clock, *, period_ns: int = PERIOD_NS, on_step: Listener = lambda _asked, _seen: None
    ) -> None:
        self._step = step
        self._clock = clock
        self._period_ns = period_ns
        self._on_step = on_step
        self._jitter, self._took = Spread(), Spread()
        self._left_out = self._missed = self._failed = 0
        #: Why the bridge did not answer in the newest step; None where it did.
        self.trouble: str | None = None

    def run(self, stop: Callable[[], str | None]) -> str:
        """Step until `stop` says why not to go on; that reason. Asked before every step."""
        due_ns = self._clock.now_ns()
        while True:
            self._clock.sleep_until(due_ns)
            stopped = stop()
            if stopped is not None:
                return stopped
            due_ns = self._one(due_ns)

    @property
    def punctuality(self) -> Punctuality:
        """How it has gone so far."""
        jitter, took = self._jitter, self._took
        return Punctuality(
            steps=jitter.count,
            left_out=self._left_out,
            missed=self._missed,
            failed=self._failed,
            jitter_p50_ms=jitter.percentile_ms(50),
            jitter_p99_ms=jitter.percentile_ms(99),
            jitter_max_ms=jitter.max_ms,
            step_p50_ms=took.percentile_ms(50),
            step_p99_ms=took.percentile_ms(99),
            step_max_ms=took.max_ms,
        )

    def _one(self, due_ns: int) -> int:
        """The step due at due_ns; when the next one is due."""
        began_ns = self._clock.now_ns()
        self._jitter.add(began_ns - due_ns)
        try:
            asked, seen = self._step(began_ns)
        except DeviceError as error:
            self._failed += 1
            if self.trouble is None:
                _log.warning("control goes on without the lamps: %s", error)
            self.trouble = str(error)
        else:
            self.trouble = None
            self._on_step(asked, seen)
        ended_ns = self._clock.now_ns()
        self._took.add(ended_ns - began_ns)
        if ended_ns > due_ns + self._period_ns:
            self._missed += 1
        over = max(0, ended_ns - due_ns) // self._period_ns
        # A step that begins late still has its time; those whose whole time is over are left out.
        left_out = max(0, over - 1)
        self._left_out += left_out
        return due_ns + (left_out + 1) * self._period_ns


def _ms(*values: float | None) -> str:
    return " / ".join("unknown" if value is None else f"{value:.1f}" for value in values)
