"""Live records: lamps on each change, lanes once a second, health every ten seconds."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Literal, TypedDict

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.frames import VisionResult
from edge.messages import HealthBody, LaneNow, LanesBody, PhaseInterval, PreemptState, SignalBody
from edge.types import ControlFacts, LaneState, PhaseRequest, SignalState

LANES_EVERY_NS = NS_PER_S
HEALTH_EVERY_NS = 10 * NS_PER_S
#: A camera that brought nothing for this long is not known to see anything any more.
STALE_NS = 5 * NS_PER_S

State = Literal["ok", "degraded", "failed"]


class SignalChanges:
    """A body whenever lamps, mode, fault, the phases asked for, or who decides are not as before."""

    def __init__(self) -> None:
        self._told: tuple[object, ...] | None = None

    def add(self, state: SignalState, request: PhaseRequest | None) -> list[tuple[int, SignalBody]]:
        """request is what was asked for when the lamps were as in `state`; None if nothing was."""
        requested = sorted(request.phases) if request else []
        facts = request.facts if request is not None else None
        decides = None if facts is None else (facts.level, facts.preempt, facts.pattern and facts.pattern.number)
        now = (dict(state.intervals), state.mode, state.fault, requested, decides)
        if now == self._told:
            return []
        self._told = now
        phases = [
            PhaseInterval(
                phase=number,
                interval=interval,
                age_s=max(0, state.t_ns - state.since_ns.get(number, state.t_ns)) / NS_PER_S,
            )
            for number, interval in sorted(state.intervals.items())
        ]
        reason = request.reason if request else ""
        body = SignalBody(
            modelled=state.modelled,
            mode=state.mode,
            fault=state.fault,
            phases=phases,
            requested=requested,
            reason=reason,
            **_decided(facts),
        )
        return [(state.t_ns, body)]


class _Decided(TypedDict):
    """Keys of `SignalBody` on who decided."""

    level: str | None
    level_reason: str | None
    preempt: PreemptState | None
    pattern: str | None


def _decided(facts: ControlFacts | None) -> _Decided:
    if facts is None:
        return {"level": None, "level_reason": None, "preempt": None, "pattern": None}
    preempt = facts.preempt
    return {
        "level": facts.level,
        "level_reason": facts.level_reason,
        "preempt": None if preempt is None else PreemptState(number=preempt.number, stage=preempt.stage),
        "pattern": None if facts.pattern is None else facts.pattern.name,
    }


class LanesNow:
    """All lanes as last seen, at most once in each second of cabinet time.

    Without frames they are told once more, when what is known of them changes: to unknown.
    """

    def __init__(self, site: Site, *, cameras: Collection[str]) -> None:
        self._latest: dict[str, LaneState | None] = {lane.id: None for lane in site.lanes if lane.camera in cameras}
        self._second: int | None = None
        self._told: list[LaneNow] = []

    def add(self, result: VisionResult) -> list[tuple[int, LanesBody]]:
        """Take in one frame. A lane not seen for `STALE_NS` is unknown."""
        for state in result.lanes:
            self._latest[state.lane] = state
        return self._tell(result.t_ns)

    def tick(self, t_ns: int) -> list[tuple[int, LanesBody]]:
        """Without a frame: lanes that have become unknown."""
        return [] if self._now(t_ns) == self._told else self._tell(t_ns)

    def _tell(self, t_ns: int) -> list[tuple[int, LanesBody]]:
        second = t_ns // LANES_EVERY_NS
        if not self._latest or (self._second is not None and second <= self._second):
            return []
        self._second = second
        self._told = self._now(t_ns)
        return [(t_ns, LanesBody(lanes=self._told))]

    def _now(self, t_ns: int) -> list[LaneNow]:
        return [_lane_now(lane, state, t_ns) for lane, state in self._latest.items()]


@dataclass(frozen=True, slots=True)
class Facts:
    """What only the process around the stages knows; None is unknown.

    detector_ms: time of one picture. camera_failure: why the camera gives no frame now.
    """

    detector: str | None = None
    detector_ms: float | None = None
    frames_dropped: int = 0
    camera_restarts: int | None = None
    camera_failure: str | None = None
    outbox_records: int | None = None
    outbox_thinned: int | None = None


@dataclass(slots=True)
class _Camera:
    state: State
    reason: str | None
    seen_ns: int
    frames: int = 0
    told_ns: int | None = None
    told_frames: int = 0
    told: tuple[State, str | None] | None = None


class HealthReports:
    """One body a camera every ten seconds, and at once when its state or the reason changes."""

    def __init__(self) -> None:
        self._cameras: dict[str, _Camera] = {}

    def begin(self, t_ns: int, cameras: Collection[str]) -> None:
        """Expect frames of these cameras from t_ns on, so that one that never gives any is told of."""
        for name in sorted(cameras):
            self._cameras.setdefault(name, _Camera("degraded", "no frame yet", t_ns))

    def add(self, result: VisionResult, facts: Facts) -> list[tuple[int, HealthBody]]:
        """Take in one frame."""
        camera = self._cameras.setdefault(result.camera, _Camera("ok", None, result.t_ns))
        camera.frames += 1
        camera.seen_ns = result.t_ns
        sight = result.sight
        # A camera that is believed and has a reason is not quite well: dirty, say.
        camera.state = "ok" if sight.ok and sight.reason is None else "degraded"
        camera.reason = sight.reason if sight.detail is None else f"{sight.reason}: {sight.detail}"
        return self._told(result.camera, camera, result.t_ns, facts)

    def tick(self, t_ns: int, facts: Facts) -> list[tuple[int, HealthBody]]:
        """Without a frame: cameras that have gone silent, and those whose report is due."""
        bodies: list[tuple[int, HealthBody]] = []
        for name, camera in self._cameras.items():
            if t_ns - camera.seen_ns > STALE_NS:
                camera.state = "failed"
                why = "" if facts.camera_failure is None else f": {facts.camera_failure}"
                camera.reason = f"no frame for more than {STALE_NS // NS_PER_S} s{why}"
            bodies += self._told(name, camera, t_ns, facts)
        return bodies

    @staticmethod
    def _told(name: str, camera: _Camera, t_ns: int, facts: Facts) -> list[tuple[int, HealthBody]]:
        # The numbers behind the word change with every frame and are told with the next report.
        now = (camera.state, None if camera.reason is None else camera.reason.partition(":")[0])
        since_ns = None if camera.told_ns is None else t_ns - camera.told_ns
        if since_ns is not None and since_ns < HEALTH_EVERY_NS and now == camera.told:
            return []
        body = HealthBody(
            state=camera.state,
            reason=camera.reason,
            camera=name,
            fps=_rate(camera.frames - camera.told_frames, since_ns),
            frames=camera.frames,
            frames_dropped=facts.frames_dropped,
            camera_restarts=facts.camera_restarts,
            detector=facts.detector,
            detector_ms=facts.detector_ms,
            outbox_records=facts.outbox_records,
            outbox_thinned=facts.outbox_thinned,
        )
        camera.told, camera.told_ns, camera.told_frames = now, t_ns, camera.frames
        return [(t_ns, body)]


def _rate(frames: int, since_ns: int | None) -> float | None:
    """Frames a second; None when the time was too short to tell, or not even positive (an old frame)."""
    return None if since_ns is None or since_ns < NS_PER_S else frames * NS_PER_S / since_ns


def _lane_now(lane: str, state: LaneState | None, t_ns: int) -> LaneNow:
    if state is None or t_ns - state.t_ns > STALE_NS:
        return LaneNow(
            lane=lane,
            presence=None,
            vehicles=None,
            queue_vehicles=None,
            queue_m=None,
            queue_at_least=False,
            wait_s=None,
            speed_mps=None,
        )
    return LaneNow(
        lane=lane,
        presence=state.presence,
        vehicles=state.vehicles,
        queue_vehicles=state.queue.vehicles,
        queue_m=state.queue.length_m,
        queue_at_least=state.queue.at_least,
        wait_s=state.queue.wait_s,
        speed_mps=state.speed_mps,
    )
