"""What each lane asks of the signals, with the age of that knowledge.

    Sight, LaneState, Track ─→ View ─→ DemandBuilder ─→ Demand

A lane that its camera cannot see, or that nobody has spoken of for a while, is unknown
and not empty: the controller then serves it as if somebody waited there.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from calibration.polygon import inside
from calibration.site import Lane
from calibration.stop_axis import StopAxis
from edge.clock import NS_PER_S
from edge.control.view import View
from edge.types import VEHICLE_KINDS, Demand, LaneDemand, LaneState, Sight, Track


@dataclass(frozen=True, slots=True)
class DemandSettings:
    """stale_s: knowledge older than this is unknown. moving_mps: slower is standing, not arriving."""

    stale_s: float = 2.0
    moving_mps: float = 1.0


@dataclass(frozen=True, slots=True)
class _Known:
    """The last time a lane was seen, and what was seen."""

    state: LaneState
    arrivals: tuple[tuple[float, float], ...] | None


class DemandBuilder:
    """Demand of all lanes of a site, fed by every camera at its own pace.

    axes: lane → its stop axis (`calibration.geometry.stop_axes`); a lane without one has
    no arrivals.
    """

    def __init__(
        self, lanes: tuple[Lane, ...], axes: Mapping[str, StopAxis], settings: DemandSettings | None = None
    ) -> None:
        self._lanes = {lane.id: lane for lane in lanes}
        self._axes = dict(axes)
        self._settings = settings if settings is not None else DemandSettings()
        self._known: dict[str, _Known] = {}
        self._blind: set[str] = set()

    def see(self, sight: Sight, states: Iterable[LaneState], tracks: Iterable[Track]) -> None:
        """Take in one frame of one camera. Lanes of other cameras among the states are refused by KeyError."""
        self.take(self.view(sight, states, tracks))

    def view(self, sight: Sight, states: Iterable[LaneState], tracks: Iterable[Track]) -> View:
        """One frame of one camera, for `take` here or in another process. KeyError as `see`."""
        if not sight.ok:
            return View(sight, (), {})
        own = self._of(sight.camera)
        seen = tuple(states)
        vehicles = [track for track in tracks if track.kind in VEHICLE_KINDS]
        return View(sight, seen, {state.lane: self._arrivals(own[state.lane], vehicles) for state in seen})

    def take(self, view: View) -> None:
        """Take in what a camera saw. Lanes of other cameras are refused by KeyError."""
        own = self._of(view.sight.camera)
        if not view.sight.ok:
            self._blind.update(own)
            return
        self._blind.difference_update(own)
        for state in view.lanes:
            self._known[own[state.lane].id] = _Known(state, view.arrivals.get(state.lane))

    def _of(self, camera: str) -> Mapping[str, Lane]:
        return {name: lane for name, lane in self._lanes.items() if lane.camera == camera}

    def demand(self, t_ns: int) -> Demand:
        """Demand at t_ns, one entry for every lane of the site."""
        return Demand(t_ns, {name: self._lane(lane, t_ns) for name, lane in self._lanes.items()})

    def _lane(self, lane: Lane, t_ns: int) -> LaneDemand:
        known = self._known.get(lane.id)
        if known is None:
            return LaneDemand(lane.id, lane.phase, None, None, None, None, None)
        age_s = (t_ns - known.state.t_ns) / NS_PER_S
        if lane.id in self._blind or age_s > self._settings.stale_s:
            return LaneDemand(lane.id, lane.phase, None, None, None, None, age_s)
        queue = known.state.queue
        return LaneDemand(
            lane.id, lane.phase, known.state.presence, known.arrivals, queue.vehicles, queue.wait_s, age_s
        )

    def _arrivals(self, lane: Lane, vehicles: list[Track]) -> tuple[tuple[float, float], ...] | None:
        axis = self._axes.get(lane.id)
        if axis is None:
            return None
        arriving = []
        for track in vehicles:
            if track.vel_mps is None or not inside(lane.polygon_px, track.foot_px):
                continue
            before_m, toward_mps = axis.before_m(track.pos_m), axis.toward_mps(track.vel_mps)
            if before_m > 0 and toward_mps >= self._settings.moving_mps:
                arriving.append((before_m, toward_mps))
        return tuple(sorted(arriving))
