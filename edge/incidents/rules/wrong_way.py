"""A vehicle that drives against the direction of its lane."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import ClassVar

from edge.clock import NS_PER_S
from edge.incident import IncidentKind, Place
from edge.incidents.road import Road, Use
from edge.incidents.scene import Said, SceneNow
from edge.incidents.spells import Spells
from edge.types import Kind, Track


@dataclass(frozen=True, slots=True)
class WrongWaySettings:
    """back_mps: slower than this one reverses into a gap. travelled_m, lasted_s: what it takes; a car length and a
    half is more than an error of place or an exchange of two tracks brings about. core_share: of the sightings so many
    lie in the inner part of a lane, so that oncoming traffic beside the line is none. sightings:
    it was seen so often meanwhile, never further than leap_m from where it was bound: a track that hops from one to
    another behind it of vehicles half hidden is none. linger_s: see `Spells`.
    """

    back_mps: float = 2.5
    travelled_m: float = 7.0
    lasted_s: float = 0.8
    core_share: float = 0.7
    sightings: int = 8
    leap_m: float = 2.0
    forget_s: float = 1.0
    linger_s: float = 4.0


@dataclass(slots=True)
class _Going:
    """One vehicle since it began to go back. far_m: how far before the stop line it then was."""

    since_ns: int
    from_m: float
    last_ns: int
    last_m: float
    last_mps: float
    seen: int = 0
    in_core: int = 0


class WrongWay:
    """One finding for each vehicle; bicycles and people, who do so often, are not watched."""

    name: ClassVar[str] = "wrong_way"
    kinds: ClassVar[frozenset[IncidentKind]] = frozenset({IncidentKind.WRONG_WAY})

    def __init__(self, road: Road, settings: WrongWaySettings | None = None) -> None:
        self._road = road
        self._settings = settings if settings is not None else WrongWaySettings()
        self._spells = Spells(self.name, self._settings.linger_s)
        self._going: dict[int, _Going] = {}

    def update(self, scene: SceneNow) -> Sequence[Said]:
        """Starts, updates and ends of this instant."""
        said: list[Said] = []
        for name, row in self._road.rows(scene.tracks).items():
            for before_m, track in row:
                if track.kind is not Kind.BICYCLE and track.vel_mps is not None and track.seen:
                    said += self._one(scene, name, before_m, track)
        limit_ns = scene.t_ns - round(self._settings.forget_s * NS_PER_S)
        for track_id in [known for known, going in self._going.items() if going.last_ns < limit_ns]:
            del self._going[track_id]
        return [*said, *self._spells.over(scene.t_ns)]

    def blind(self, t_ns: int, reason: str) -> Sequence[Said]:
        """Nothing is known any more."""
        self._going.clear()
        return self._spells.blind(t_ns, reason)

    def _one(self, scene: SceneNow, name: str, before_m: float, track: Track) -> Sequence[Said]:
        s, lane = self._settings, self._road.lanes[name]
        assert lane.axis is not None and track.vel_mps is not None  # noqa: S101, PT018 - rows have an axis
        back_mps = -lane.axis.toward_mps(track.vel_mps)
        sideways_mps = (track.speed_mps or 0.0) ** 2 - back_mps**2
        key = f"{track.track_id}"
        if back_mps < s.back_mps or sideways_mps > back_mps**2:
            if key not in self._spells or back_mps < 0.0:
                self._going.pop(track.track_id, None)
            return ()
        going = self._going.setdefault(track.track_id, _Going(scene.t_ns, before_m, scene.t_ns, before_m, back_mps))
        # A hop is in the speed, too, as soon as it has happened.
        bound_m = going.last_m + min(back_mps, going.last_mps) * (scene.t_ns - going.last_ns) / NS_PER_S
        if abs(before_m - bound_m) > s.leap_m:
            going = self._going[track.track_id] = _Going(scene.t_ns, before_m, scene.t_ns, before_m, back_mps)
        going.last_ns, going.last_m, going.last_mps = scene.t_ns, before_m, back_mps
        going.seen += 1
        going.in_core += bool(self._road.uses_at(track.pos_m) & Use.CORE)
        travelled_m = before_m - going.from_m
        lasted_s = (scene.t_ns - going.since_ns) / NS_PER_S
        sure = (
            going.seen >= s.sightings
            and travelled_m >= s.travelled_m
            and lasted_s >= s.lasted_s
            and going.in_core >= s.core_share * going.seen
        )
        if key not in self._spells and not sure:
            return ()
        place = Place(lane.approach, name, None, scene.camera, round(before_m, 1), track.pos_m)
        evidence = {
            "against_mps": round(back_mps, 1),
            "travelled_m": round(travelled_m, 1),
            "lasted_s": round(lasted_s, 1),
            "inner_share": round(going.in_core / going.seen, 2),
            "vehicle": track.kind.value,
        }
        confidence = round(min(0.97, 0.75 + 0.01 * travelled_m), 2)
        return self._spells.say(
            scene.t_ns, key, IncidentKind.WRONG_WAY, place, going.since_ns, confidence, evidence, (track.track_id,)
        )
