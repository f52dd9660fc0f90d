"""An ambulance on its way, with beacon, past red lamps and past those who give way."""

from __future__ import annotations

from dataclasses import replace

from sim_videos.state import ActiveIncident
from sim_videos.timetable import IncidentSpec
from sim_videos.world.bodies import back
from sim_videos.world.makeup import BEACON_TYPE
from sim_videos.world.mishaps.stage import Shown, Stage


class EmergencyVehicle:
    """It enters at the far end of the movement's leg; the incident is while it drives with its beacon."""

    def __init__(self, number: int, spec: IncidentSpec, stage: Stage, movement: str) -> None:
        self.over = False
        self._number, self._spec, self._stage, self._movement = number, spec, stage, movement
        self._name: str | None = None
        self._since_s: float | None = None

    def update(self, t_s: float) -> Shown:
        """One frame."""
        if self._name is None:
            self._name = self._stage.spawn("ambulance", self._movement, kind=BEACON_TYPE, beacon=True)
            self._stage.taken.add(self._name)
            return Shown()
        reading = self._stage.readings.get(self._name)
        if reading is None:
            self.over = self._since_s is not None
            return Shown()
        if self._since_s is None:
            self._since_s = t_s
        person = self._stage.users.people[self._name]
        if t_s - self._since_s >= self._spec.for_s - 1e-6:
            self._stage.users.people[self._name] = replace(person, beacon=False)
            self.over = True
            return Shown()
        place, _ = self._stage.users.place(reading)
        where = back(reading.front_m, reading.heading_rad, self._stage.length_m(reading) / 2)
        lane = None if place is None else place.name
        incident = ActiveIncident(self._number, self._spec.kind, lane, where, self._since_s, (person.user_id,))
        return Shown(incidents=(incident,))
