"""The world: a scenario run by SUMO, one frame at a time, under lamps that come from outside."""

from __future__ import annotations

import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from types import TracebackType

import libsumo

from edge.errors import ConfigError
from edge.types import Interval, Kind, PedInterval
from sim_videos.makes import MAKES
from sim_videos.scenario import Scenario
from sim_videos.state import RoadUser, WorldFrame
from sim_videos.street import Street
from sim_videos.world.build import build_ground
from sim_videos.world.demand import trips_of, write_routes
from sim_videos.world.lamps import LampSource, Links
from sim_videos.world.mishaps.stage import Shown, Stage
from sim_videos.world.mishaps.timetable import Timetable, check_incidents
from sim_videos.world.places import places_of
from sim_videos.world.session import Session
from sim_videos.world.tally import Ledger, Tally
from sim_videos.world.users import Person, Reading, Users

_QUEUED_MPS = 1.4


class SumoWorld:
    """A street with its traffic. A context manager; one per process at a time.

    seed overrides the scenario's. work is a folder for SUMO's files (a temporary one
    unless given). The same scenario and seed give the same frames.

    Raises ConfigError for what of the scenario does not fit the junction, RuntimeError
    while another world is open in this process, ModuleNotFoundError without SUMO.
    """

    def __init__(self, scenario: Scenario, *, seed: int | None = None, work: Path | None = None) -> None:
        self.scenario = scenario
        self._temporary = tempfile.TemporaryDirectory(prefix="stopline-world-") if work is None else None
        folder = Path(self._temporary.name) if self._temporary is not None else work
        assert folder is not None  # noqa: S101 - for the type checker: one of the two is given
        self._session: Session | None = None
        try:
            with scenario.naming():
                self._open(scenario, scenario.seed if seed is None else seed, folder)
        except BaseException:
            self.close()
            raise

    def _open(self, scenario: Scenario, seed: int, folder: Path) -> None:
        self._step_ms = _step_ms(scenario.fps)
        ground = build_ground(scenario, folder)
        self.street: Street = ground.street
        self._survey = ground.survey
        self._index = -round(scenario.warm_up_s * scenario.fps)
        trips = trips_of(scenario, ground.survey, seed)
        routes = folder / "traffic.rou.xml"
        # SUMO's clock starts at 0, a step before the first frame of the warm-up.
        zero_s = self._step_ms / 1000 * (1 - self._index)
        write_routes(routes, trips, ground.survey, seed, zero_s)
        self._ledger = Ledger()
        for trip in trips:
            if MAKES[trip.make].kind is not Kind.PERSON:
                self._ledger.expect(trip.sumo_id, trip.movement, trip.depart_s)
        people = {t.sumo_id: Person(t.user_id, t.make, t.movement, t.colour) for t in trips}
        self._users = Users(people, places_of(ground.survey), ground.survey.net.origin_m, self._step_ms / 1000)
        self._links = Links(ground.survey)
        check_incidents(scenario, ground.survey)
        self._stage = Stage(ground.survey, self._users, len(trips) + 1, self._step_ms / 1000)
        self._timetable = Timetable(scenario, self._stage)
        self._session = Session(ground.survey.net.path, routes, self._step_ms, seed)

    @property
    def next_t_s(self) -> float:
        """Time of the frame that the next step gives; negative in the warm-up."""
        return self._index / self.scenario.fps

    def warm_up(self, lamps: LampSource) -> None:
        """Runs the traffic up to the first frame, which the next step gives at 0 s."""
        while self._index < 0:
            self.step(*lamps(self.next_t_ns))

    @property
    def next_t_ns(self) -> int:
        """`next_t_s` as cabinet time."""
        return round(self._index / self.scenario.fps * 1e9)

    def step(self, intervals: Mapping[int, Interval], pedestrian: Mapping[int, PedInterval]) -> WorldFrame:
        """One frame on, with these lamps showing; before `warm_up` these are frames of the warm-up."""
        if self._session is None:
            raise RuntimeError("the world is closed")
        t_s = self.next_t_s
        libsumo.trafficlight.setRedYellowGreenState(self._survey.net.signal, self._links.state(intervals, pedestrian))
        libsumo.simulationStep()
        readings = self._users.readings()
        self._account(t_s, readings)
        self._stage.readings = {reading.sumo_id: reading for reading in readings}
        shown = self._timetable.update(t_s) if t_s >= 0 else Shown()
        users = [*self._drivers(readings, shown), *self._users.walkers(), *shown.users]
        self._index += 1
        return WorldFrame(
            t_s=t_s,
            users=tuple(sorted(users, key=_number)),
            things=shown.things,
            intervals=dict(intervals),
            pedestrian=dict(pedestrian),
            incidents=shown.incidents,
        )

    def _drivers(self, readings: tuple[Reading, ...], shown: Shown) -> Iterator[RoadUser]:
        for reading in readings:
            seen = reading
            if reading.sumo_id in shown.fronts_m:
                seen = replace(reading, front_m=shown.fronts_m[reading.sumo_id])
            user = self._users.user(seen, hazard=reading.sumo_id in shown.hazards)
            if user is not None:
                yield user

    def _account(self, t_s: float, readings: tuple[Reading, ...]) -> None:
        queued = []
        for reading in readings:
            self._ledger.see(reading.sumo_id, reading.speed_mps, libsumo.vehicle.getTimeLoss(reading.sumo_id), t_s)
            person = self._users.people.get(reading.sumo_id)
            slow = reading.speed_mps < _QUEUED_MPS
            if slow and person is not None and person.movement and self._users.place(reading)[0] is not None:
                queued.append(person.movement)
        gone = set(libsumo.simulation.getArrivedIDList())
        self._ledger.frame(t_s, queued, gone, libsumo.simulation.getStartingTeleportNumber())
        self._users.forget(gone)

    def tally(self) -> Tally:
        """What the traffic suffered since 0 s."""
        return self._ledger.tally()

    def close(self) -> None:
        """Ends the simulation and removes its files; harmless when closed."""
        if self._session is not None:
            self._session.close()
            self._session = None
        if self._temporary is not None:
            self._temporary.cleanup()
            self._temporary = None

    def __enter__(self) -> SumoWorld:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _step_ms(fps: float) -> int:
    step_ms = 1000 / fps
    if abs(step_ms - round(step_ms)) > 1e-6:
        raise ConfigError(
            f"fps: {fps:g} is no whole number of milliseconds a frame, SUMO's clock; use 5, 8, 10, 12.5, 20 or 25"
        )
    return round(step_ms)


def _number(user: RoadUser) -> int:
    return user.user_id
