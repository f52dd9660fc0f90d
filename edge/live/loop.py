"""The live loop: control ten times a second, frames whenever they come, records of both.

Single-threaded and with an injected clock: it waits for the next look or the next
control step, whichever is first, and nothing it calls blocks. Without frames demand
ages, lanes become unknown and control goes on.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Protocol

from edge.clock import NS_PER_MS, NS_PER_S, Clock
from edge.errors import DeviceError
from edge.frames import Detections, Frame, VisionResult
from edge.live.eyes import CameraFacts, Look
from edge.live.incidents import LiveIncidents
from edge.messages import Body
from edge.stages.greens import GreenOnsets
from edge.stages.signals import STEP_NS
from edge.telemetry.live import Facts
from edge.telemetry.records import Telemetry
from edge.types import NotCounted, PhaseRequest, Sight, SignalState

_log = logging.getLogger(__name__)
_TICK_STEPS = NS_PER_S // STEP_NS
#: Weight of the newest picture in the detector's mean time.
_NEWEST = 0.1


class Looks(Protocol):
    """What `edge.live.eyes.Eyes` is to the loop."""

    @property
    def ended(self) -> bool: ...
    @property
    def facts(self) -> CameraFacts: ...
    def next(self, until_ns: int) -> Look | None: ...


class Vision(Protocol):
    """What `edge.vision.pipeline.VisionPipeline` is to the loop."""

    def update(self, frame: Frame, detections: Detections, sight: Sight) -> VisionResult: ...
    def finish(self, t_ns: int) -> tuple[NotCounted, ...]: ...


class Signals(Protocol):
    """Demand, controller and bridge (`edge.stages.signals.ControlSteps`)."""

    def step(self, t_ns: int) -> tuple[PhaseRequest, SignalState]: ...
    def see(self, result: VisionResult) -> None: ...


class Sink(Protocol):
    """Where records go: the outbox's writer, with its numbers for the health record."""

    records: int | None
    thinned: int | None

    def append_many(self, records: Iterable[tuple[int, Body]]) -> object: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a live run ended. stopped is None where the stream came to its end; late_steps were left out.

    lost_steps had no lamps to ask: the bridge did not answer.
    """

    stopped: str | None
    frames: int
    crossings: int
    steps: int
    late_steps: int
    camera: CameraFacts
    lost_steps: int = 0


class LiveLoop:
    """One run. `stop` is asked before every wait and says why; `on_told` hears every record, `on_seen` every frame."""

    def __init__(
        self,
        *,
        looks: Looks,
        vision: Vision,
        onsets: GreenOnsets,
        records: Telemetry,
        clock: Clock,
        signals: Signals | None = None,
        incidents: LiveIncidents | None = None,
        sink: Sink | None = None,
        stop: Callable[[], str | None] = lambda: None,
        on_told: Callable[[int, Body], None] = lambda _t_ns, _body: None,
        on_seen: Callable[[VisionResult], object] = lambda _result: None,
    ) -> None:
        self._looks = looks
        self._vision = vision
        self._onsets = onsets
        self._records = records
        self._clock = clock
        self._signals = signals
        self._incidents = incidents
        self._signal: SignalState | None = None
        self._sink = sink
        self._stop = stop
        self._on_told = on_told
        self._on_seen = on_seen
        self._detector = records.facts.detector
        self._detector_ms: float | None = None
        self._frames = self._crossings = self._steps = self._late_steps = self._lost_steps = 0
        self._lamps_answer = True

    def run(self) -> Outcome:
        """Until stopped or until the stream ends; the last, partial summary is told then."""
        next_ns = self._clock.now_ns()
        self._records.begin(next_ns)
        while (stopped := self._stop()) is None:
            now_ns = self._clock.now_ns()
            if now_ns >= next_ns:
                self._step(now_ns)
                next_ns = self._after(next_ns, now_ns)
                continue
            look = self._looks.next(next_ns)
            if look is not None:
                self._take(look)
            elif self._looks.ended:
                break
        end_ns = self._clock.now_ns()
        for one in self._vision.finish(end_ns):
            _log.debug("not counted: %s", one)
        if self._incidents is not None:
            self._keep(self._incidents.finish(end_ns))
        self._keep(self._records.finish(end_ns))
        counts = (self._frames, self._crossings, self._steps, self._late_steps)
        return Outcome(stopped, *counts, self._looks.facts, self._lost_steps)

    def _step(self, now_ns: int) -> None:
        """One control step, and once a second what time alone brings."""
        if self._signals is not None:
            self._control(self._signals, now_ns)
        if self._steps % _TICK_STEPS == 0:
            self._records.facts = self._facts()
            self._record(self._records.tick(now_ns))
            if self._incidents is not None:
                self._keep(self._incidents.tick(now_ns))
        self._steps += 1

    def _control(self, signals: Signals, now_ns: int) -> None:
        """Ask the lamps. One that is gone costs this step: its core ends greens by itself, and it is asked again."""
        try:
            request, state = signals.step(now_ns)
        except DeviceError as error:
            self._lost_steps += 1
            if self._lamps_answer:
                _log.warning("control goes on without the lamps: %s", error)
            self._lamps_answer = False
            self._signal = None
            return
        if not self._lamps_answer:
            _log.warning("the lamps answer again")
        self._lamps_answer = True
        self._signal = state
        self._onsets.observe(state)
        self._keep(self._records.on_signal(request, state))

    def _after(self, due_ns: int, now_ns: int) -> int:
        """When the step after the one due at due_ns is due. Steps whose time is over are left out, not caught up."""
        late = (now_ns - due_ns) // STEP_NS
        if late > 0:
            self._late_steps += late
            _log.warning("control was held up for %d ms: %d steps left out", (now_ns - due_ns) // NS_PER_MS, late)
        return due_ns + (late + 1) * STEP_NS

    def _take(self, look: Look) -> None:
        """One frame through the stages."""
        if look.detector_ns is not None:
            this_ms = look.detector_ns / NS_PER_MS
            mean_ms = self._detector_ms
            self._detector_ms = this_ms if mean_ms is None else mean_ms + _NEWEST * (this_ms - mean_ms)
        result = self._onsets.dated(self._vision.update(look.frame, look.detections, look.sight))
        if self._signals is not None:
            self._signals.see(result)
        self._on_seen(result)
        self._frames += 1
        self._crossings += len(result.crossings)
        self._records.facts = self._facts()
        self._record(self._records.on_result(result))
        if self._incidents is not None:
            self._keep(self._incidents.see(look.frame, result, self._signal))

    def _record(self, told: list[tuple[int, Body]]) -> None:
        """Records of the street, and what statistics make of those that are summaries."""
        self._keep(told)
        if self._incidents is not None:
            self._keep(self._incidents.hear(told))

    def _facts(self) -> Facts:
        camera, sink = self._looks.facts, self._sink
        return Facts(
            detector=self._detector,
            detector_ms=self._detector_ms,
            frames_dropped=camera.dropped,
            camera_restarts=camera.restarts,
            camera_failure=camera.failure,
            outbox_records=None if sink is None else sink.records,
            outbox_thinned=None if sink is None else sink.thinned,
        )

    def _keep(self, told: list[tuple[int, Body]]) -> None:
        """To the outbox first, then to whoever listens."""
        if not told:
            return
        if self._sink is not None:
            self._sink.append_many(told)
        for t_ns, body in told:
            self._on_told(t_ns, body)
