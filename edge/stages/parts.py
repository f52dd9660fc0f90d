"""The parts that a replay and a live run choose from a site in the same way."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

from calibration.geometry import stop_axes
from calibration.site import Camera, Plan, Signal, Site
from edge.clock import NS_PER_S, Clock, instant_utc
from edge.control.actuated import ActuatedController
from edge.control.demand import DemandBuilder
from edge.control.fallback import PlanWhenBlind
from edge.control.fixed import FixedTimeController
from edge.control.loop import ControlLoop
from edge.control.plan import CompiledPlan
from edge.controller import Controller
from edge.errors import SiteError, StorageError
from edge.seams import Bridge
from edge.stages.signals import ControlSteps
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Description, Outbox
from firmware_bridge.recording import RecordingBridge

#: Controllers by the names that people give them.
ControlName = Literal["fixed", "actuated"]


def chosen_camera(site: Site, camera_id: str | None) -> Camera:
    """The camera of that name, or the only one; SiteError when it is not in the site, or none of several was chosen."""
    ids = [camera.id for camera in site.cameras]
    if camera_id is None and len(ids) > 1:
        raise SiteError(f"site {site.id} has the cameras {', '.join(ids)}: choose one with --camera")
    if camera_id is not None and camera_id not in ids:
        raise SiteError(f"site {site.id} has no camera {camera_id!r}, only {', '.join(ids)}")
    return site.cameras[0 if camera_id is None else ids.index(camera_id)]


def chosen_plan(site: Site, *, wanted: bool) -> tuple[Plan, Signal] | None:
    """The plan to run and the signal to run it on; None without either, or when it is not wanted."""
    if wanted and site.plan is not None and site.signal is not None:
        return site.plan, site.signal
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
    return controlled(site, plan, signal, zero_ns=zero_ns, bridge=RecordingBridge(signal, record))


def controlled(
    site: Site, plan: Plan, signal: Signal, *, zero_ns: int, bridge: Bridge, control: ControlName = "fixed"
) -> ControlSteps:
    """A controller on a bridge; the actuated one leaves it to the plan while no lane is known."""
    by_plan = FixedTimeController(CompiledPlan.of(plan, signal), zero_ns)
    controller: Controller = by_plan
    if control == "actuated":
        controller = PlanWhenBlind(lambda: ActuatedController(signal, plan), by_plan)
    return ControlSteps(DemandBuilder(site.lanes, stop_axes(site)), ControlLoop(controller, bridge), bridge)


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
