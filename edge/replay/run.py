"""A recorded video through the same stages as a live camera, under a replay clock.

    frames → detector → vision → crossings ─┬→ demand → controller → bridge
                                            └→ telemetry bodies → outbox
                      └→ incidents, without lamps: those of the plan are not those in the picture
                      every one of them → the replay's folder

Nothing here asks what time it is or chooses a part: the parts are given, time comes
with the frames, so the same input gives the same bytes.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, Protocol

from edge.clock import Clock, ReplayClock
from edge.errors import InputError, StoplineError, StorageError
from edge.frames import Detections, Frame, VisionResult
from edge.incident import Incident
from edge.messages import Body, Stream
from edge.replay.folder import ReplayFolder
from edge.replay.noticed import IncidentLog
from edge.seams import Detector, FrameSource
from edge.stages.greens import GreenOnsets
from edge.telemetry.incidents import body_of
from edge.types import NotCounted, PhaseRequest, Sight, SignalState


class Vision(Protocol):
    """What `edge.vision.pipeline.VisionPipeline` is to a replay."""

    def update(self, frame: Frame, detections: Detections, sight: Sight) -> VisionResult: ...
    def finish(self, t_ns: int) -> tuple[NotCounted, ...]: ...


class Signals(Protocol):
    """Demand, controller and bridge (`edge.stages.signals.ControlSteps`): `until` runs what is due by t_ns."""

    def until(self, t_ns: int) -> Iterable[tuple[PhaseRequest, SignalState]]: ...
    def see(self, result: VisionResult) -> None: ...
    def close(self) -> None: ...


class Records(Protocol):
    """Telemetry: what happened → message bodies with the time of each."""

    def on_signal(self, request: PhaseRequest, state: SignalState) -> Iterable[tuple[int, Body]]: ...
    def on_result(self, result: VisionResult) -> Iterable[tuple[int, Body]]: ...
    def finish(self, t_ns: int) -> Iterable[tuple[int, Body]]: ...


class Sink(Protocol):
    """Where bodies go besides the folder: the outbox."""

    def append_many(self, records: Iterable[tuple[int, Body]]) -> object: ...


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a replay ended. error is what the process must end with, None for a whole or a wanted end."""

    frames: int
    frames_total: int | None
    stopped: str | None
    error: StoplineError | None
    elapsed_s: float
    detector_s: float
    duration_s: float

    @property
    def fps(self) -> float | None:
        """Frames a second over the whole run; None when it was too short to tell."""
        return self.frames / self.elapsed_s if self.elapsed_s > 0 else None


class Replay:
    """One run. `run_facts` becomes the first event; `stop` is asked before every frame and says why.

    `stopwatch` measures how fast the run is; its readings go into the outcome only.
    """

    def __init__(
        self,
        *,
        source: FrameSource,
        detector: Detector,
        sight: Callable[[Frame], Sight],
        vision: Vision,
        folder: ReplayFolder,
        run_facts: dict[str, Any],
        onsets: GreenOnsets,
        clock: ReplayClock,
        stopwatch: Clock,
        signals: Signals | None = None,
        records: Records | None = None,
        incidents: IncidentLog | None = None,
        sink: Sink | None = None,
        stop: Callable[[], str | None] = lambda: None,
        on_frame: Callable[[int], None] = lambda _: None,
        max_frames: int | None = None,
    ) -> None:
        self._source = source
        self._detector = detector
        self._sight = sight
        self._vision = vision
        self._folder = folder
        self._run_facts = run_facts
        self._onsets = onsets
        self._clock = clock
        self._stopwatch = stopwatch
        self._signals = signals
        self._records = records
        self._incidents = incidents
        self._sink = sink
        self._stop = stop
        self._on_frame = on_frame
        self._max_frames = max_frames
        self._signal: SignalState | None = None
        self._request: PhaseRequest | None = None
        self._seen: Sight | None = None
        self._frames = 0
        self._last_ns = 0
        self._detector_ns = 0

    def run(self) -> Outcome:
        """Run to the end, to a stop or to an error; whatever happens, the folder is left complete."""
        began_ns = self._stopwatch.now_ns()
        stopped: str | None = None
        error: StoplineError | None = None
        try:
            self._folder.event("run", 0, self._run_facts)
            stopped = self._frames_through()
            self._finish(stopped)
        except InputError as damaged:
            stopped, error = "the video cannot be read further", damaged
            self._finish_after(stopped)
        except StorageError as full:
            stopped, error = "the disk did not take more", full
            self._finish_after(stopped)
        finally:
            if self._signals is not None:
                self._signals.close()
            not_closed = self._folder.close()
        elapsed_s = (self._stopwatch.now_ns() - began_ns) / 1e9
        return Outcome(
            frames=self._frames,
            frames_total=self._source.frames_total,
            stopped=stopped,
            error=error or not_closed,
            elapsed_s=elapsed_s,
            detector_s=self._detector_ns / 1e9,
            duration_s=self._last_ns / 1e9,
        )

    def _frames_through(self) -> str | None:
        with self._source as source:
            for frame in source:
                reason = self._stop()
                if reason is None and self._max_frames is not None and self._frames >= self._max_frames:
                    reason = f"--max-frames {self._max_frames}"
                if reason is not None:
                    return reason
                self._step(frame)
                self._frames += 1
                self._on_frame(self._frames)
        return None

    def _step(self, frame: Frame) -> None:
        self._control(frame.t_ns)
        self._clock.advance_to(frame.t_ns)
        self._last_ns = frame.t_ns
        sight = self._sight(frame)
        before_ns = self._stopwatch.now_ns()
        detections = self._detector.detect(frame)
        self._detector_ns += self._stopwatch.now_ns() - before_ns
        if self._folder.recorder is not None:
            self._folder.recorder.add(frame, detections)
        result = self._onsets.dated(self._vision.update(frame, detections, sight))
        self._write_result(frame, result)
        if self._signals is not None:
            self._signals.see(result)
        if self._records is not None:
            self._keep(self._records.on_result(result))
        if self._incidents is not None:
            # The plan ran beside the recording; what the lamps in the picture showed nobody knows.
            self._send(self._incidents.see(frame, result, None))

    def _control(self, t_ns: int) -> None:
        """Every control step that is due before the frame at t_ns, on what was known before it."""
        if self._signals is None:
            return
        for request, state in self._signals.until(t_ns):
            self._clock.advance_to(state.t_ns)
            self._onsets.observe(state)
            asked = self._request
            if asked is None or asked.phases != request.phases:
                self._folder.event(
                    "request",
                    request.t_ns,
                    {"phases": request.phases, "reason": request.reason, "ttl_ms": request.ttl_ms},
                )
            self._signal, self._request = state, request
            if self._records is not None:
                self._keep(self._records.on_signal(request, state))

    def _write_result(self, frame: Frame, result: VisionResult) -> None:
        sight = result.sight
        if self._seen is None or (self._seen.ok, self._seen.reason) != (sight.ok, sight.reason):
            told = {"ok": sight.ok, "reason": sight.reason, "detail": sight.detail}
            self._folder.event("sight", result.t_ns, told)
            self._seen = sight
        for crossing in result.crossings:
            self._folder.crossing(crossing)
        self._write_not_counted(result.not_counted)
        self._folder.frame(frame, result, self._signal)

    def _write_not_counted(self, ended: Iterable[NotCounted]) -> None:
        for one in ended:
            self._folder.event(
                "not_counted",
                one.t_ns,
                {
                    "track_id": one.track_id,
                    "class": one.kind.value,
                    "movement": one.movement,
                    "reason": one.reason,
                    "first_px": one.first_px,
                    "last_px": one.last_px,
                    "travelled_m": one.travelled_m,
                },
            )

    def _keep(self, bodies: Iterable[tuple[int, Body]]) -> None:
        """Into the outbox first, then into the events; crossings stand there already."""
        kept = list(bodies)
        if self._sink is not None and kept:
            self._sink.append_many(kept)
        for t_ns, body in kept:
            if body.stream is not Stream.CROSSING:
                self._folder.event(str(body.stream), t_ns, body.model_dump(mode="json", exclude={"stream"}))

    def _send(self, told: Iterable[Incident]) -> None:
        """Into the outbox; in the events they stand already."""
        kept = [body_of(one) for one in told]
        if self._sink is not None and kept:
            self._sink.append_many(kept)

    def _finish(self, stopped: str | None) -> None:
        self._write_not_counted(self._vision.finish(self._last_ns))
        if self._incidents is not None:
            self._send(self._incidents.finish(self._last_ns))
        if self._records is not None:
            self._keep(self._records.finish(self._last_ns))
        self._folder.event(
            "end",
            self._last_ns,
            {"frames": self._frames, "frames_total": self._source.frames_total, "stopped": stopped},
        )

    def _finish_after(self, stopped: str) -> None:
        """As much of the end as a damaged input or a full disk allows; the first error is the one reported."""
        try:
            self._finish(stopped)
        except StorageError:
            return
