"""The street of `benchmarks.nema` under fixed plans, through the same lamps as a rendered street."""

from __future__ import annotations

from pathlib import Path
from statistics import fmean
from xml.etree import ElementTree as ET

import libsumo

from benchmarks.nema_street import Street, Times, _due_s, _running
from calibration.load import load_site
from calibration.plans import Plan
from calibration.site import Lane, Movement, Site
from edge.clock import NS_PER_S
from sim_videos.plan_lamps import PlanLamps
from sim_videos.scenario import Scenario
from sim_videos.world.build import build_street
from sim_videos.world.demand import trips_of
from sim_videos.world.lamps import Links


class PlanStreet(Street):
    """One junction with one seed's traffic."""

    def __init__(self, scenario: Scenario, seed: int, folder: Path) -> None:
        super().__init__(scenario, seed, Times(), folder)
        self.trips = trips_of(scenario, self.survey, seed)

    def fixed(self, plan: Plan) -> float:
        """Mean delay in s of all vehicles due after the warm-up, under a plan on the modelled core."""
        lamps, links = PlanLamps(self.signal, plan), Links(self.survey)
        with _running(self._command()):
            for now_s in self._steps():
                shown, walking = lamps(round(now_s * NS_PER_S))
                libsumo.trafficlight.setRedYellowGreenState(self.survey.net.signal, links.state(shown, walking))
        trips = ET.parse(self._folder / "trips.xml").getroot()  # noqa: S314 - SUMO's own, of this run
        return fmean(
            float(trip.attrib["timeLoss"]) + float(trip.attrib["departDelay"])
            for trip in trips
            if _due_s(trip) >= self._begin_s
        )


def site_of_street(scenario: Scenario, folder: Path) -> Site:
    """The street's lanes and turns as a site; places in the picture are those of another, for nobody looks."""
    street, model = build_street(scenario, folder), load_site("example")
    lane, movement = model.lanes[0], model.movements[0]
    used = {name: turn for turn in street.turns for name in turn.lanes}
    lanes = [
        Lane(id=name, approach=turn.approach, camera=lane.camera, polygon_px=lane.polygon_px)
        for name, turn in used.items()
    ]
    movements = [
        Movement(
            id=turn.movement,
            approach=turn.approach,
            camera=movement.camera,
            entry=movement.entry,
            exit=movement.exit,
            lanes=tuple(dict.fromkeys(turn.lanes)),
            phase=turn.phase,
        )
        for turn in street.turns
    ]
    return model.model_copy(update={"lanes": tuple(lanes), "movements": tuple(movements)})
