"""The parts of a live run put together for one camera of a site, and run.

The command line comes through here; a test may give its own source, detector and clock.
"""

from __future__ import annotations

import logging
import math
from collections.abc import Callable, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from calibration.detectors import detectors_of
from calibration.geometry import GroundPlane
from calibration.site import Camera, Plan, Signal, Site
from edge.bus import ViewPublisher
from edge.clock import NS_PER_S, Clock
from edge.frames import VisionResult
from edge.incidents.reactions import Reactions
from edge.incidents.snapshots import Snapshots
from edge.live.cabinet import Cabinet
from edge.live.eyes import CameraSource, Eyes
from edge.live.incidents import LiveIncidents
from edge.live.listening import opened_inputs
from edge.live.loop import LiveLoop, Outcome
from edge.live.pace import FramePace, PacedLooks, longest_gap_s
from edge.live.writer import OutboxWriter
from edge.messages import Body
from edge.seams import Bridge, Detector
from edge.stages.chain import ControlName
from edge.stages.greens import GreenOnsets
from edge.stages.minutes import MinuteStatistics
from edge.stages.noticing import Noticing
from edge.stages.parts import chosen_camera, chosen_plan, node_outbox
from edge.stages.viewing import CameraViews
from edge.telemetry.hires import HiResEvent, HiResEvents, HiResTap, body_of
from edge.telemetry.hires_buttons import ButtonEvents
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from edge.telemetry.live import Facts
from edge.telemetry.records import Telemetry
from edge.types import Kind
from edge.vision.health.monitor import SightMonitor
from edge.vision.health.scenery import SceneryWatch
from edge.vision.pipeline import VisionPipeline, VisionSettings
from edge.vision.source import LiveSource
from firmware_bridge.recording import RecordingBridge

_log = logging.getLogger(__name__)
#: Queues and presence want a look at least so often.
_MOST_GAP_S = 0.5
#: People on a crossing are no faster.
_RUN_MPS = 4.0


@dataclass(frozen=True, slots=True)
class LiveOptions:
    """What a person may choose about a live run. max_s: stop after so many seconds, None never.

    lamps opens the bridge to them; None: a model of them, and no lamp is driven. bus: folder in which
    `stopline control` finds what this camera sees. broker: where commands come from, None for none.
    """

    site: Site
    camera_id: str | None = None
    with_plan: bool = True
    outbox: Path | None = None
    org: str = "town"
    node: str = "cabinet"
    max_s: float | None = None
    vision: VisionSettings = field(default_factory=VisionSettings)
    lamps: Callable[[Clock], Bridge] | None = None
    control: ControlName = "fixed"
    bus: Path | None = None
    broker: BrokerAddress | None = None

    @property
    def camera(self) -> Camera:
        """The camera watched; SiteError when it is not in the site, or several are and none was chosen."""
        return chosen_camera(self.site, self.camera_id)

    @property
    def plan(self) -> tuple[Plan, Signal] | None:
        """The plan to run and the signal to run it on; None without either."""
        return chosen_plan(self.site, wanted=self.with_plan)

    @property
    def identity(self) -> NodeIdentity:
        """Who the records are from; ConfigError where a name cannot be a topic level."""
        return NodeIdentity(self.org, self.site.id, self.node)


def run_live(
    options: LiveOptions,
    source: CameraSource,
    detector: Detector,
    *,
    clock: Clock,
    stop: Callable[[], str | None] = lambda: None,
    on_told: Callable[[int, Body], None] = lambda _t_ns, _body: None,
) -> Outcome:
    """Run until stopped, or until the stream of a recorded file ends. Closes source and detector.

    Raises ConfigError and StorageError of the outbox, and what opening the lamps raises; records told before
    are in it. A bridge that stops answering later is tried at every step.
    """
    camera, site = options.camera, options.site
    began_ns = clock.now_ns()

    def reason() -> str | None:
        if options.max_s is not None and clock.now_ns() - began_ns >= options.max_s * NS_PER_S:
            return f"--max-seconds {options.max_s:g}"
        return stop()

    with ExitStack() as opened:
        opened.callback(detector.close)
        opened.push(source)
        writer = None
        if options.outbox is not None:
            path, identity = options.outbox, options.identity
            writer = opened.enter_context(OutboxWriter(lambda: node_outbox(path, identity, site, camera, clock)))
        cabinet = _cabinet(options, clock, opened)
        if cabinet is not None and writer is not None and options.plan is not None:
            _hires(options.plan[1], site, cabinet, writer, clock)
        vision = VisionPipeline(site, camera.id, options.vision)
        pace = PacedLooks(FramePace(crossing_gap_s(site, camera)), None if not source.fps else 1 / source.fps)
        sight = SightMonitor.of(
            camera,
            state=None if options.outbox is None else options.outbox.parent,
            now_ns=clock.now_ns,
            clock_offset_ns=(lambda: source.clock_offset_ns) if isinstance(source, LiveSource) else None,
        )
        eyes = opened.enter_context(Eyes(source, detector, sight.update, clock, pace))
        return LiveLoop(
            looks=eyes,
            vision=vision,
            onsets=GreenOnsets(site),
            records=Telemetry(
                site,
                wall_ns=clock.wall_ns,
                cameras=[camera.id],
                plan=options.plan[0].name if options.plan is not None else None,
                facts=Facts(detector=detector.name),
            ),
            clock=clock,
            signals=cabinet,
            incidents=LiveIncidents(
                _noticing(options, clock, lambda: sight.contrast),
                _ignored if cabinet is None else cabinet.react,
                MinuteStatistics(site, wall_ns=clock.wall_ns, state=_statistics(options)),
            ),
            sink=writer,
            stop=reason,
            on_told=on_told,
            on_seen=_seen_by_others(options, opened),
        ).run()


def _noticing(options: LiveOptions, clock: Clock, contrast: Callable[[], float | None]) -> Noticing:
    """Pictures of incidents are kept beside the outbox, where there is one and the site asks for them."""
    site, camera, outbox = options.site, options.camera, options.outbox
    wanted = site.incidents.snapshots and outbox is not None
    return Noticing(
        site,
        [camera.id],
        wall_ns=clock.wall_ns,
        sceneries={camera.id: SceneryWatch(site, camera.id, contrast).update},
        snapshots=Snapshots(outbox.parent / "snapshots") if wanted and outbox is not None else None,
    )


def _statistics(options: LiveOptions) -> Path | None:
    """Beside the outbox, one for each camera: what its minutes taught."""
    return None if options.outbox is None else options.outbox.parent / f"statistics-{options.camera.id}"


def _ignored(_asked: Reactions) -> None:
    """No control runs here."""


def _seen_by_others(options: LiveOptions, opened: ExitStack) -> Callable[[VisionResult], object]:
    """Publishes each frame's view where there is a bus."""
    if options.bus is None:
        return lambda _result: None
    publisher = ViewPublisher(options.bus, options.camera.id)
    opened.callback(publisher.close)
    views = CameraViews(options.site, options.camera.id)
    return lambda result: publisher.publish(views.view(result))


def crossing_gap_s(site: Site, camera: Camera) -> float:
    """The longest time between two looks at which no crossing of this camera is lost.

    From the shortest way between the two gates of a movement and the speed limit of its
    approach, exceeded by a quarter.
    """
    plane = GroundPlane.fit(camera.homography)
    limits = {approach.id: approach.speed_limit_mps for approach in site.approaches}
    gaps = [_MOST_GAP_S]
    for movement in site.movements:
        if movement.camera == camera.id:
            (ax, ay), (bx, by) = (
                plane.to_m(gate.line_px).mean(axis=0).tolist() for gate in (movement.entry, movement.exit)
            )
            spacing_m = max(math.hypot(bx - ax, by - ay), movement.min_travel_m)
            on_foot = set(movement.kinds) <= {Kind.PERSON}
            gaps.append(longest_gap_s(spacing_m, _RUN_MPS if on_foot else 1.25 * limits[movement.approach]))
    return min(gaps)


def _hires(signal: Signal, site: Site, cabinet: Cabinet, writer: OutboxWriter, clock: Clock) -> None:
    """Has the high-resolution events of every control step written."""

    def write(events: Sequence[HiResEvent]) -> None:
        writer.append_many([body_of(events, clock.wall_ns)])

    cabinet.watch(HiResTap(HiResEvents(signal, detectors_of(site)), [write]))
    cabinet.watch(ButtonEvents(cabinet.pressed, [write]))


def _cabinet(options: LiveOptions, clock: Clock, opened: ExitStack) -> Cabinet | None:
    """The same control as `stopline control`; None where no plan runs."""
    if options.plan is None:
        return None
    site, lamps = options.site, options.lamps
    # What drives no lamp is a trial on somebody's desk, which has no contacts.
    inputs = opened_inputs(
        opened, site, clock, identity=options.identity, broker=options.broker, wired=lamps is not None
    )
    if lamps is not None:
        bridge = lamps(clock)
    else:
        # Ten requests a second for years belong into no file; changes are in the signal records.
        bridge = RecordingBridge(options.plan[1], lambda line: _log.debug("request %s", line.rstrip()))
    return opened.enter_context(Cabinet(site, options.control, bridge, clock, inputs))
