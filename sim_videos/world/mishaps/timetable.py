"""The scenario's incidents, checked against the junction, each begun at its time."""

from __future__ import annotations

from collections.abc import Callable

from edge.errors import ConfigError
from edge.types import Kind
from sim_videos.makes import MAKES
from sim_videos.scenario import Scenario
from sim_videos.state import IncidentKind
from sim_videos.timetable import IncidentSpec
from sim_videos.world.mishaps.emergency import EmergencyVehicle
from sim_videos.world.mishaps.halts import BlockedBox, Crash, StoppedVehicle
from sim_videos.world.mishaps.objects import LaneClosed, LostLoad
from sim_videos.world.mishaps.spillback import Spillback
from sim_videos.world.mishaps.stage import Mishap, Shown, Stage
from sim_videos.world.mishaps.wanderer import PedestrianOnCarriageway
from sim_videos.world.mishaps.wrong_way import WrongWay
from sim_videos.world.survey import InboundLane, Survey

#: Kinds that happen in an inbound lane, and those on a movement; a crash happens on either.
_IN_LANE: dict[IncidentKind, Callable[[int, IncidentSpec, Stage, InboundLane], Mishap]] = {
    IncidentKind.STOPPED_VEHICLE: StoppedVehicle,
    IncidentKind.WRONG_WAY: WrongWay,
    IncidentKind.LOST_LOAD: LostLoad,
    IncidentKind.PEDESTRIAN: PedestrianOnCarriageway,
    IncidentKind.LANE_CLOSED: LaneClosed,
}
_ON_MOVEMENT: dict[IncidentKind, Callable[[int, IncidentSpec, Stage, str], Mishap]] = {
    IncidentKind.SPILLBACK: Spillback,
    IncidentKind.BLOCKED_BOX: BlockedBox,
    IncidentKind.EMERGENCY: EmergencyVehicle,
}


class Timetable:
    """All incidents of a run, in order of their number."""

    def __init__(self, scenario: Scenario, stage: Stage) -> None:
        self._waiting = [(spec.at_s, _mishap(number, spec, stage)) for number, spec in enumerate(scenario.incidents)]

    def update(self, t_s: float) -> Shown:
        """What all of them show at t_s."""
        shown = [mishap.update(t_s) for at_s, mishap in self._waiting if at_s <= t_s + 1e-9 and not mishap.over]
        return Shown(
            incidents=tuple(one for part in shown for one in part.incidents),
            things=tuple(one for part in shown for one in part.things),
            users=tuple(one for part in shown for one in part.users),
            hazards=frozenset[str]().union(*(part.hazards for part in shown)),
            fronts_m={name: front for part in shown for name, front in part.fronts_m.items()},
        )


def check_incidents(scenario: Scenario, found: Survey) -> None:
    """ConfigError for an incident at a lane or on a movement that the junction lacks, or with an unknown make."""
    for number, spec in enumerate(scenario.incidents):
        _place(number, spec, found)
        if spec.make is not None and (spec.make not in MAKES or MAKES[spec.make].kind is Kind.PERSON):
            vehicles = ", ".join(name for name, make in MAKES.items() if make.kind is not Kind.PERSON)
            raise ConfigError(f"incidents.{number}.make: there is no vehicle {spec.make!r}; use {vehicles}")


def _mishap(number: int, spec: IncidentSpec, stage: Stage) -> Mishap:
    lane, movement = _place(number, spec, stage.survey)
    if spec.kind is IncidentKind.CRASH:
        return Crash(number, spec, stage, lane, movement)
    if lane is not None:
        return _IN_LANE[spec.kind](number, spec, stage, lane)
    return _ON_MOVEMENT[spec.kind](number, spec, stage, str(movement))


def _place(number: int, spec: IncidentSpec, found: Survey) -> tuple[InboundLane | None, str | None]:
    """The lane it happens in, or the movement. An approach alone means its kerb lane, or straight on."""
    if spec.kind in _IN_LANE or (spec.kind is IncidentKind.CRASH and spec.lane is not None):
        return _lane(number, spec, found), None
    movement = spec.movement or (None if spec.approach is None else f"{spec.approach}T")
    have = ", ".join(found.movements)
    if movement is None:
        raise ConfigError(f"incidents.{number}: {spec.kind} needs a movement; give one of {have}")
    if movement not in found.movements:
        raise ConfigError(f"incidents.{number}.movement: the junction has no movement {movement}; it has {have}")
    return None, movement


def _lane(number: int, spec: IncidentSpec, found: Survey) -> InboundLane:
    named = [lane for lane in found.inbound if lane.name is not None]
    have = ", ".join(str(lane.name) for lane in named)
    name = spec.lane
    if name is None and spec.approach is not None:
        name = next((lane.name for lane in named if lane.approach == spec.approach), spec.approach)
    if name is None:
        raise ConfigError(f"incidents.{number}: {spec.kind} needs a lane; give one of {have}")
    lane = found.lane(name)
    if lane is None:
        raise ConfigError(f"incidents.{number}.lane: the junction has no lane {name}; it has {have}")
    length_m = sum(found.net.lanes[part].length_m for part in lane.chain)
    if spec.from_stop_m > length_m - 5:
        raise ConfigError(
            f"incidents.{number}.from_stop_m: lane {name} is {length_m:.0f} m long; use at most {length_m - 5:.0f}"
        )
    return lane
