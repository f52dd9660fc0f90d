"""What a run writes line by line: events.jsonl, bridge.jsonl and hires.csv, the same bytes for the same seed."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from calibration.detectors import each_lane
from edge.frames import VisionResult
from edge.replay.hires_table import HiResTable
from edge.replay.outputs import EventLog, LineFile
from edge.telemetry.hires import HiResEvents, HiResTap
from edge.types import PhaseRequest, SignalState
from sim_videos.simulate.eyes import Look
from sim_videos.simulate.seconds import ns_of
from sim_videos.state import WorldFrame
from sim_videos.street import Street

EVENTS, BRIDGE, HIRES = "events.jsonl", "bridge.jsonl", "hires.csv"


class RunLog:
    """Implements `Watcher`. The bridge writes its requests to `bridge`; `hires` is to be told every control step."""

    def __init__(self, folder: Path, facts: dict[str, Any], device: str, street: Street) -> None:
        self._events = EventLog(folder / EVENTS)
        self.bridge = LineFile(folder / BRIDGE)
        # A street has no date: its seconds count from 1970.
        self._hires = HiResTable(folder / HIRES, device, lambda t_ns: t_ns)
        detectors = each_lane({lane.name: lane.phase for lane in street.inbound if lane.name and lane.phase})
        self.hires = HiResTap(HiResEvents(street.signal, detectors), [self._hires])
        self._sight: dict[str, tuple[bool, str | None]] = {}
        self._incidents: dict[int, float] = {}
        self._shown: dict[int, str] = {}
        self._events.write("run", 0, facts)

    def close(self) -> None:
        """Close all files."""
        self._events.close()
        self.bridge.close()
        self._hires.close()

    def event(self, kind: str, t_ns: int, fields: Mapping[str, Any]) -> None:
        """One line of events.jsonl."""
        self._events.write(kind, t_ns, fields)

    def on_control(self, request: PhaseRequest, state: SignalState, changed: bool) -> None:
        """Requests that change, and lamps that change."""
        if changed:
            self._events.write(
                "request",
                request.t_ns,
                {"phases": request.phases, "reason": request.reason, "ttl_ms": request.ttl_ms},
            )
        shown = {phase: interval.value for phase, interval in state.intervals.items()}
        if shown != self._shown:
            self._shown = shown
            self._events.write("signal", state.t_ns, {"mode": state.mode, "phases": shown})

    def on_frame(self, world: WorldFrame, looks: tuple[Look, ...], state: SignalState | None) -> None:  # noqa: ARG002
        """Crossings, sight that changes, lanes at whole seconds, mishaps that truly begin and end."""
        t_ns = ns_of(world.t_s)
        whole_second = abs(world.t_s - round(world.t_s)) < 1e-6
        for look in looks:
            for result in look.results:
                self._result(result, whole_second=whole_second)
        now = {incident.number: incident for incident in world.incidents}
        for number in sorted(now.keys() - self._incidents.keys()):
            one = now[number]
            self._incidents[number] = one.started_s
            self._events.write("happening", t_ns, {"number": number, "is": one.kind.value, "lane": one.lane})
        for number in sorted(self._incidents.keys() - now.keys()):
            del self._incidents[number]
            self._events.write("happening_over", t_ns, {"number": number})

    def end(self, t_ns: int, frames: int, stopped: str | None) -> None:
        """The last event."""
        self._events.write("end", t_ns, {"frames": frames, "stopped": stopped})

    def _result(self, result: VisionResult, *, whole_second: bool) -> None:
        sight = (result.sight.ok, result.sight.reason)
        if self._sight.get(result.camera) != sight:
            self._sight[result.camera] = sight
            self._events.write("sight", result.t_ns, {"camera": result.camera, "ok": sight[0], "reason": sight[1]})
        for one in result.crossings:
            self._events.write(
                "crossing",
                one.t_ns,
                {
                    "movement": one.movement,
                    "class": one.kind.value,
                    "lane": one.lane,
                    "track_id": one.track_id,
                    "speed_mps": one.speed_mps,
                    "waited_s": one.waited_s,
                },
            )
        if whole_second:
            lanes = [
                {
                    "lane": lane.lane,
                    "presence": lane.presence,
                    "vehicles": lane.vehicles,
                    "queue_vehicles": lane.queue.vehicles,
                }
                for lane in result.lanes
            ]
            self._events.write("lanes", result.t_ns, {"camera": result.camera, "lanes": lanes})
