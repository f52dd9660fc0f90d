"""The parts of a replay put together for one video and one site, run, and reported.

The command line and the demo come through here; a test may give its own detector.
"""

from __future__ import annotations

import hashlib
import platform
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field
from datetime import datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import cv2

from calibration.detectors import detectors_of
from calibration.site import Camera, Plan, Signal, Site
from edge.clock import Clock, ReplayClock, instant_utc, wall_ns_of
from edge.errors import InputError
from edge.frames import Frame
from edge.incidents.snapshots import Snapshots
from edge.replay import files
from edge.replay.annotate import AnnotatedVideo, Annotator
from edge.replay.detections import DetectionRecorder
from edge.replay.folder import ReplayFolder, prepare
from edge.replay.frame_log import FrameLog
from edge.replay.hires_table import HiResTable
from edge.replay.noticed import IncidentLog, ground_facts
from edge.replay.outputs import LineFile
from edge.replay.run import Outcome, Replay
from edge.seams import Detector, FrameSource
from edge.stages.greens import GreenOnsets
from edge.stages.noticing import Noticing
from edge.stages.parts import chosen_camera, chosen_plan, cycle_zero_ns, fixed_time, node_outbox
from edge.stages.signals import ControlSteps
from edge.telemetry.hires import HiResEvent, HiResEvents, HiResTap, body_of
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.live import Facts
from edge.telemetry.outbox import Outbox
from edge.telemetry.records import Telemetry
from edge.types import Sight
from edge.vision.health.monitor import SightMonitor
from edge.vision.health.scenery import SceneryWatch
from edge.vision.pipeline import VisionPipeline, VisionSettings


@dataclass(frozen=True, slots=True)
class ReplayOptions:
    """What a person may choose about a replay. start_wall_ns: UTC of the first frame, None if unknown."""

    video: Path
    site: Site
    out: Path
    camera_id: str | None = None
    start_wall_ns: int | None = None
    interval_s: float = 60.0
    with_plan: bool = True
    with_video: bool = True
    codec: str = "auto"
    max_frames: int | None = None
    record_detections: Path | None = None
    keep_tracks: bool = False
    outbox: Path | None = None
    org: str = "town"
    node: str = "cabinet"
    threads: int = 1
    vision: VisionSettings = field(default_factory=VisionSettings)

    @property
    def camera(self) -> Camera:
        """The camera replayed; SiteError when it is not in the site, or several are and none was chosen."""
        return chosen_camera(self.site, self.camera_id)

    @property
    def plan(self) -> tuple[Plan, Signal] | None:
        """The plan to run and the signal to run it on; None without either."""
        return chosen_plan(self.site, wanted=self.with_plan)


def sha256_of(path: Path) -> str:
    """Hash of a file, in hexadecimal; InputError when it cannot be read."""
    try:
        with path.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror})") from error


def replay_video(
    options: ReplayOptions,
    source: FrameSource,
    detector: Detector,
    *,
    stopwatch: Clock,
    video_sha256: str | None,
    stop: Callable[[], str | None] = lambda: None,
    on_frame: Callable[[int], None] = lambda _: None,
    sight: Callable[[Frame], Sight] | None = None,
) -> Outcome:
    """Run a replay into `options.out`, which loses the files of an earlier one first.

    sight judges each picture; a SightMonitor does unless another is given. Closes source
    and detector. Raises SiteError and StorageError before anything is run; what goes
    wrong afterwards is in the outcome, and the folder is readable.
    """
    camera, site = options.camera, options.site
    clock = ReplayClock(options.start_wall_ns or 0)
    cv2.setNumThreads(options.threads)
    with ExitStack() as opened:
        opened.callback(detector.close)
        opened.enter_context(source)
        prepare(options.out)
        bridge_file = LineFile(options.out / files.BRIDGE) if options.plan is not None else None
        if bridge_file is not None:
            opened.callback(bridge_file.close)
        outbox = _outbox(options, clock, opened)
        signals = None if bridge_file is None else _signals(options, bridge_file.write_text)
        hires = None if signals is None else _hires(options, signals, outbox, clock, opened)
        vision = VisionPipeline(site, camera.id, options.vision)
        recorder = None
        if options.record_detections is not None:
            recorder = DetectionRecorder(options.record_detections, video_sha256, detector.name)
        folder = ReplayFolder(
            options.out,
            tuple(m for m in site.movements if m.camera == camera.id),
            interval_s=options.interval_s,
            start_wall_ns=options.start_wall_ns,
            video=_annotated(options, camera, source.fps),
            recorder=recorder,
            frames=FrameLog(options.out / files.FRAMES) if options.keep_tracks else None,
            also=tuple(file for file in (bridge_file, hires) if file is not None),
        )
        monitor = SightMonitor.of(camera)
        return Replay(
            source=source,
            detector=detector,
            sight=sight if sight is not None else monitor.update,
            vision=vision,
            folder=folder,
            run_facts=run_facts(options, source, detector.name, video_sha256),
            onsets=GreenOnsets(site),
            clock=clock,
            stopwatch=stopwatch,
            signals=signals,
            records=Telemetry(
                site,
                wall_ns=clock.wall_ns,
                cameras=[camera.id],
                plan=options.plan[0].name if options.plan is not None else None,
                facts=Facts(detector=detector.name),
            ),
            incidents=IncidentLog(_noticing(options, clock, lambda: monitor.contrast), folder.event),
            sink=outbox,
            stop=stop,
            on_frame=on_frame,
            max_frames=options.max_frames,
        ).run()


def run_facts(options: ReplayOptions, source: FrameSource, detector: str, video_sha256: str | None) -> dict[str, Any]:
    """The first event: everything a reader needs besides the events, and nothing that differs between equal runs."""
    site, camera = options.site, options.camera
    return {
        "site": site.id,
        "site_name": site.name,
        "timezone": site.timezone,
        "camera": camera.id,
        "frame_size_px": source.size_px,
        "fps": source.fps,
        "frames_total": source.frames_total,
        "detector": detector,
        "video_sha256": video_sha256,
        "movements": [
            {
                "id": m.id,
                "approach": m.approach,
                "direction": m.direction,
                "phase": m.phase,
                "kinds": [kind.value for kind in m.kinds],
            }
            for m in site.movements
            if m.camera == camera.id
        ],
        "lanes": [
            {"id": lane.id, "approach": lane.approach, "phase": lane.phase, "stop_line": lane.stop_line_px is not None}
            for lane in site.lanes
            if lane.camera == camera.id
        ],
        "phases": [phase.number for phase in options.plan[1].phases] if options.plan is not None else [],
        "plan": options.plan[0].name if options.plan is not None else None,
        "incidents": True,
        "ground": ground_facts(site, [camera.id]),
        "settings": asdict(options.vision),
    }


def machine_facts(options: ReplayOptions, detector: str, outcome: Outcome) -> dict[str, Any]:
    """run.json: what may differ between two equal runs, such as versions, names and speeds."""
    start = options.start_wall_ns
    return {
        "video": options.video.name,
        "recorded": None
        if start is None
        else instant_utc(start).astimezone(ZoneInfo(options.site.timezone)).isoformat(timespec="seconds"),
        "frames": outcome.frames,
        "frames_total": outcome.frames_total,
        "stopped": outcome.stopped,
        "elapsed_s": round(outcome.elapsed_s, 3),
        "fps": None if outcome.fps is None else round(outcome.fps, 2),
        "detector": detector,
        "detector_ms": round(1000 * outcome.detector_s / outcome.frames, 2) if outcome.frames else None,
        "threads": options.threads,
        "versions": {"stopline": version("stopline"), "python": platform.python_version(), "opencv": cv2.__version__},
        "machine": platform.machine(),
    }


def start_wall_ns(text: str, site: Site) -> int:
    """UTC ns of `2026-05-01T07:00` (time of the site's zone) or of an instant with its own offset."""
    try:
        instant = datetime.fromisoformat(text)
    except ValueError as error:
        raise InputError(f"--start {text!r} is no date and time: write it like 2026-05-01T07:00") from error
    if instant.tzinfo is None:
        instant = instant.replace(tzinfo=ZoneInfo(site.timezone))
    return wall_ns_of(instant)


def _annotated(options: ReplayOptions, camera: Camera, fps: float | None) -> AnnotatedVideo | None:
    if not options.with_video:
        return None
    return AnnotatedVideo(options.out / files.VIDEO, Annotator(options.site, camera), fps, options.codec)


def _noticing(options: ReplayOptions, clock: Clock, contrast: Callable[[], float | None]) -> Noticing:
    site, camera = options.site, options.camera
    return Noticing(
        site,
        [camera.id],
        wall_ns=clock.wall_ns,
        sceneries={camera.id: SceneryWatch(site, camera.id, contrast).update},
        snapshots=Snapshots(options.out / files.SNAPSHOTS) if site.incidents.snapshots else None,
    )


def _outbox(options: ReplayOptions, clock: Clock, opened: ExitStack) -> Outbox | None:
    if options.outbox is None:
        return None
    identity = NodeIdentity(options.org, options.site.id, options.node)
    return opened.enter_context(node_outbox(options.outbox, identity, options.site, options.camera, clock))


def _hires(
    options: ReplayOptions, signals: ControlSteps, outbox: Outbox | None, clock: Clock, opened: ExitStack
) -> HiResTable | None:
    """The table of high-resolution events, into which and into the outbox every control step is told."""
    if options.plan is None:
        return None
    table = HiResTable(options.out / files.HIRES, options.site.id, clock.wall_ns)
    opened.callback(table.close)
    sinks: list[Callable[[Sequence[HiResEvent]], object]] = [table]
    if outbox is not None:
        sinks.append(lambda events: outbox.append_many([body_of(events, clock.wall_ns)]))
    signals.watch(HiResTap(HiResEvents(options.plan[1], detectors_of(options.site)), sinks))
    return table


def _signals(options: ReplayOptions, record: Callable[[str], object]) -> ControlSteps | None:
    if options.plan is None:
        return None
    start = options.start_wall_ns
    # Cycles count from the recording's beginning where its time of day is unknown.
    zero_ns = 0 if start is None else cycle_zero_ns(options.site, 0, start)
    return fixed_time(options.site, *options.plan, zero_ns=zero_ns, record=record)
