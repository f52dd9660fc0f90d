"""What cameras see beyond each lane's demand: who left, on which turn, and who is still in the box.

    View ─→ Around ─→ Surroundings, which the adaptive controller asks for at each step

A camera that is blind, silent, or counts nothing tells nothing: its lanes are named as
not watched, and nobody is taken to be, or not to be, in the box for it.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from calibration.site import Lane, Movement
from edge.clock import NS_PER_S
from edge.control.junction import Passed, Surroundings, exit_name
from edge.control.tally import TallyReader
from edge.control.view import InBox, View
from edge.types import VEHICLE_KINDS

#: Of vehicles that nobody asked for so many are kept.
_MOST_KEPT = 1000


@dataclass(slots=True)
class _Camera:
    """The newest of one camera. box: lane → vehicles that left it and are in the box; None: unknown."""

    reader: TallyReader
    t_ns: int = 0
    counts: bool = False
    box: Mapping[str, InBox] | None = None


class Around:
    """Fed with the views of all cameras of a site, each at its own pace. stale_s: older ones are unknown.

    ways: lane → phases of its turns, of every lane that somebody plans for; None for each lane its own. Where
    one of them is not counted, shares of the others would be wrong, so nobody is told to have passed there.
    """

    def __init__(
        self,
        lanes: Iterable[Lane],
        movements: Iterable[Movement],
        ways: Mapping[str, Collection[int]] | None = None,
        stale_s: float = 2.0,
    ) -> None:
        self._lanes = {lane.id: lane for lane in lanes}
        self._movements = {movement.id: movement for movement in movements}
        self._stale_ns = round(stale_s * NS_PER_S)
        self._cameras: dict[str, _Camera] = {}
        self._passed: deque[Passed] = deque(maxlen=_MOST_KEPT)
        self._began_ns: int | None = None
        if ways is None:
            ways = {name: () if lane.phase is None else (lane.phase,) for name, lane in self._lanes.items()}
        self._countable = {name: self._is_countable(name, phases) for name, phases in ways.items()}
        self._full: frozenset[str] = frozenset()

    def take(self, view: View) -> None:
        """Take in what a camera saw; nothing where it names a lane or movement that the site has not (KeyError)."""
        began_ns = self._begin(view.sight.t_ns)
        counts = () if view.tally is None else view.tally.counts
        known = {(count.lane, count.movement): self._phase(count.lane, count.movement) for count in counts}
        for name in view.box or ():
            self._lanes[name]
        camera = self._cameras.setdefault(view.sight.camera, _Camera(TallyReader(began_ns)))
        camera.t_ns, camera.counts = view.sight.t_ns, view.sight.ok and view.tally is not None
        camera.box = view.box if view.sight.ok else None
        if view.tally is not None:
            for one in camera.reader.read(view.tally):
                if self._countable.get(one.lane, False):
                    self._passed.append(Passed(one.lane, known[one.lane, one.movement], one.t_ns))

    def hold(self, movements: Collection[str]) -> None:
        """From now on nobody fits beyond these movements, until it is told otherwise; unknown ones are left out."""
        held = [self._movements[name] for name in movements if name in self._movements]
        turns = [(lane.id, self._phase(lane.id, one.id)) for one in held for lane in self._begin_of(one)]
        self._full = frozenset(exit_name(lane, phase) for lane, phase in turns if phase is not None)

    def known(self, t_ns: int) -> Surroundings:
        """What is known at t_ns; everybody who passed is told once."""
        self._begin(t_ns)
        passed = tuple(sorted(self._passed, key=lambda one: one.t_ns))
        self._passed.clear()
        fresh = {name: one for name, one in self._cameras.items() if t_ns - one.t_ns <= self._stale_ns}
        watched = {name for name, one in fresh.items() if one.counts}
        unwatched = frozenset(
            name
            for name, countable in self._countable.items()
            if not countable or self._lanes[name].camera not in watched
        )
        boxes = [one.box for one in fresh.values() if one.box is not None]
        inside = self._by_phase((name, one.vehicles) for box in boxes for name, one in box.items())
        stands = self._by_phase((name, one.standing) for box in boxes for name, one in box.items())
        return Surroundings(
            t_ns,
            box=inside if boxes else None,
            passed=passed if watched else None,
            stands=stands if boxes else None,
            unwatched=unwatched,
            room=dict.fromkeys(self._full, 0),
        )

    def _begin(self, t_ns: int) -> int:
        self._began_ns = t_ns if self._began_ns is None else self._began_ns
        return self._began_ns

    def _begin_of(self, movement: Movement) -> list[Lane]:
        """The lanes out of which a movement leads: its own, or else all of its approach in its camera."""
        mine = (lane for lane in self._lanes.values() if lane.camera == movement.camera)
        return [
            lane
            for lane in mine
            if lane.id in movement.lanes or (not movement.lanes and lane.approach == movement.approach)
        ]

    def _is_countable(self, name: str, phases: Collection[int]) -> bool:
        """Whether whoever leaves a lane is counted, on each of its turns."""
        lane = self._lanes.get(name)
        if lane is None:
            return False
        begin_there = [
            one for one in self._movements.values() if lane in self._begin_of(one) and set(one.kinds) & VEHICLE_KINDS
        ]
        return bool(begin_there) and {self._phase(name, one.id) for one in begin_there} >= set(phases)

    def _phase(self, lane: str, movement: str) -> int | None:
        turn = self._movements[movement].phase
        return self._lanes[lane].phase if turn is None else turn

    def _by_phase(self, vehicles: Iterable[tuple[str, int]]) -> dict[int, int]:
        """By the lane's own phase: on which of its turns it is, nobody can tell until it has made it."""
        found: dict[int, int] = {}
        for name, count in vehicles:
            phase = self._lanes[name].phase
            if phase is not None and count:
                found[phase] = found.get(phase, 0) + count
        return found
