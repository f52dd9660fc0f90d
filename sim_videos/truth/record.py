"""Works out what is true of each frame, for one camera of a scenario."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Protocol

from calibration.site import Site
from edge.types import Kind, PedInterval
from sim_videos.gates import GatePair, GroundGate
from sim_videos.render.camera import camera_of
from sim_videos.scenario import CameraSpec, Scenario
from sim_videos.site import ground_gates
from sim_videos.state import ActiveIncident, RoadUser, WorldFrame
from sim_videos.street import Street
from sim_videos.truth.crossings import Counted, GateWatch
from sim_videos.truth.queues import LaneQueues
from sim_videos.truth.schema import GateRow, IncidentRow, MovementRow, SceneFrame, SceneHeader, UserRow

#: Smaller than this in the picture (width, height in pixels), or hidden, a road user is left out.
LEAST_PX = (2.0, 4.0)


class Seen(Protocol):
    """`sim_videos.render.SeenUser`: a road user's whole outline in the picture, and the share of it that shows."""

    @property
    def user_id(self) -> int: ...
    @property
    def box_px(self) -> tuple[float, float, float, float]: ...
    @property
    def visible(self) -> float: ...


class TruthRecorder:
    """Give it every frame of the scene from t = 0 on, in order: gates and queues need the ones before.

    camera is one of the scenario's; seed is the run's, the scenario's own unless given.
    """

    def __init__(
        self, scenario: Scenario, street: Street, camera: CameraSpec, site: Site, *, seed: int | None = None
    ) -> None:
        self._scenario, self._camera = scenario, camera
        self._kinds = {m.id: frozenset(m.kinds) for m in site.movements}
        gates = ground_gates(site, camera.id)
        self._watch = GateWatch({name: Counted(pair, self._kinds[name]) for name, pair in gates.items()})
        lanes = tuple(lane.id for lane in site.lanes if lane.camera == camera.id)
        self._queues = LaneQueues(lanes)
        x, y, z = (round(float(value), 3) for value in camera_of(camera, street).eye_m)
        self.header = SceneHeader(
            schema="stopline-scene-truth/2",
            scenario=scenario.id,
            site=site.id,
            seed=scenario.seed if seed is None else seed,
            fps=scenario.fps,
            size=camera.size_px,
            camera=camera,
            eye_m=(x, y, z),
            movements={name: _movement(pair, self._kinds[name]) for name, pair in gates.items()},
            lanes=lanes,
        )

    def frame(self, world: WorldFrame, seen: Iterable[Seen]) -> SceneFrame:
        """The truth of the world's frame, of which the camera's picture shows `seen`."""
        by_id = {user.user_id: user for user in world.users}
        rows = [_row(by_id[one.user_id], one) for one in seen if one.user_id in by_id and _shows(one)]
        return SceneFrame(
            frame=round(world.t_s * self._scenario.fps),
            t_s=round(world.t_s, 3),
            signal=dict(sorted(world.intervals.items())),
            walk={phase: shows for phase, shows in sorted(world.pedestrian.items()) if shows is not PedInterval.DARK},
            users=tuple(sorted(rows)),
            crossings=self._watch.update(world.users),
            queues=self._queues.update(world.users),
            incidents=tuple(_incident(one) for one in world.incidents),
            faults=tuple(sorted(self._faults(world.t_s))),
        )

    def _faults(self, t_s: float) -> set[str]:
        return {
            fault.kind
            for fault in self._scenario.camera_faults
            if fault.camera == self._camera.id and fault.at_s <= t_s < fault.at_s + fault.for_s
        }


def _shows(seen: Seen) -> bool:
    x1, y1, x2, y2 = seen.box_px
    return seen.visible > 0 and x2 - x1 >= LEAST_PX[0] and y2 - y1 >= LEAST_PX[1]


def _row(user: RoadUser, seen: Seen) -> UserRow:
    x1, y1, x2, y2 = (round(float(value), 1) for value in seen.box_px)
    return UserRow(
        user.user_id,
        user.kind,
        user.make,
        x1,
        y1,
        x2,
        y2,
        round(float(seen.visible), 2),
        round(user.pos_m[0], 2),
        round(user.pos_m[1], 2),
        round(user.heading_rad, 3),
        round(user.speed_mps, 2),
        user.lane,
        None if user.to_stop_m is None else round(user.to_stop_m, 2),
    )


def _incident(one: ActiveIncident) -> IncidentRow:
    return IncidentRow(
        number=one.number,
        kind=one.kind,
        lane=one.lane,
        x_m=round(one.pos_m[0], 2),
        y_m=round(one.pos_m[1], 2),
        started_s=round(one.started_s, 3),
        users=one.user_ids,
    )


def _movement(pair: GatePair, kinds: frozenset[Kind]) -> MovementRow:
    return MovementRow(
        kinds=tuple(kind for kind in Kind if kind in kinds), entry=_gate(pair.entry), exit=_gate(pair.exit)
    )


def _gate(gate: GroundGate) -> GateRow:
    a, b, toward = ((round(x, 2), round(y, 2)) for x, y in (gate.a_m, gate.b_m, gate.toward_m))
    return GateRow(a_m=a, b_m=b, toward_m=toward)
