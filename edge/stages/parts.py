"""The parts that a replay and a live run choose from a site in the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from zoneinfo import ZoneInfo

from calibration.geometry import stop_axes
from calibration.plans import plans_of
from calibration.site import Camera, Plan, Signal, Site
from edge.clock import NS_PER_S, Clock, instant_utc
from edge.control.around import Around
from edge.control.demand import DemandBuilder
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.control.plan_clock import Cycle
from edge.errors import SiteError, StorageError
from edge.seams import Bridge
from edge.stages.chain import ControlName, Wishes, controller_of
from edge.stages.signals import ControlSteps
from edge.stages.site_junction import junction_of, ways_of
from edge.stages.viewing import CameraViews
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Description, Outbox
from firmware_bridge.recording import RecordingBridge


def chosen_camera(site: Site, camera_id: str | None) -> Camera:
    """The camera of that name, or the only one; SiteError when it is not in the site, or none of several was chosen."""
    ids = [camera.id for camera in site.cameras]
    if camera_id is None and len(ids) > 1:
        raise SiteError(f"site {site.id} has the cameras {', '.join(ids)}: choose one with --camera")
    if camera_id is not None and camera_id not in ids:
        raise SiteError(f"site {site.id} has no camera {camera_id!r}, only {', '.join(ids)}")
    return site.cameras[0 if camera_id is None else ids.index(camera_id)]


def chosen_plan(site: Site, *, wanted: bool) -> tuple[Plan, Signal] | None:
    """The default plan and the signal to run it on; None without either, or when it is not wanted."""
    plans = plans_of(site)
    if wanted and plans and site.signal is not None:
        return plans[0], site.signal
    return None


def cycle_zero_ns(site: Site, t_ns: int, wall_ns: int) -> int:
    """Cabinet time of the local midnight before t_ns, which is wall_ns in UTC: where cycles are counted from."""
    local = instant_utc(wall_ns).astimezone(ZoneInfo(site.timezone))
    since_midnight = local - local.replace(hour=0, minute=0, second=0, microsecond=0)
    return t_ns - round(since_midnight.total_seconds() * NS_PER_S)


def fixed_time(
    site: Site, plan: Plan, signal: Signal, *, zero_ns: int, record: Callable[[str], object]
) -> ControlSteps:
    """A fixed-time plan on a bridge that drives no lamp; record gets a JSON line for every request."""
    bridge = RecordingBridge(signal, record)
    controller = FixedTimeController(CompiledPlan.of(plan, signal), zero_ns)
    return ControlSteps(DemandBuilder(site.lanes, stop_axes(site)), ControlLoop(controller, bridge), bridge)


def controlled(
    site: Site,
    signal: Signal,
    *,
    cycle: Cycle | None,
    bridge: Bridge,
    control: ControlName = "fixed",
    wishes: Wishes | None = None,
) -> ControlSteps:
    """The controller that people chose on a bridge, with preemption and all that it can fall back to."""
    around = Around(site.lanes, site.movements, ways_of(junction_of(site, signal)))
    controller = controller_of(site, signal, control, cycle, wishes, around.known)
    demand = DemandBuilder(site.lanes, stop_axes(site))
    views = {camera.id: CameraViews(site, camera.id) for camera in site.cameras}
    return ControlSteps(demand, ControlLoop(controller, bridge), bridge, around, views)


def node_outbox(path: Path, identity: NodeIdentity, site: Site, camera: Camera, clock: Clock) -> Outbox:
    """The node's outbox, told what this camera counts; errors are those of `Outbox`."""
    outbox = Outbox(path, identity=identity, clock=clock)
    movements = tuple(movement.id for movement in site.movements if movement.camera == camera.id)
    lanes = tuple(lane.id for lane in site.lanes if lane.camera == camera.id)
    try:
        outbox.describe(Description(movements, lanes))
    except StorageError:
        outbox.close()
        raise
    return outbox
