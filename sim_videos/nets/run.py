"""One run: a SUMO net and its traffic for some time, every light in the hands of a controller through the real core.

scenario = Scenario(net, routes, 25200, 28800)
result = run(scenario, CONTROLLERS["adaptive"], seed=1, sight=FULL, sumo=SumoProgram.found(), clock=SystemClock())

Frame ─→ Watching ─→ Eyes ─→ Demand ─→ Controller ─→ PhaseRequest ─→ Cabinet (C core) ─→ letters ─→ SUMO
"""

from __future__ import annotations

import tempfile
from array import array
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Protocol

from edge.clock import NS_PER_S, Clock
from edge.control.junction import Surroundings
from edge.controller import Controller
from edge.types import Demand, PhaseRequest, SignalState
from sim_videos.nets.cabinet import Cabinet
from sim_videos.nets.delay import Delay, delay_of, scheduled
from sim_videos.nets.eyes import Eyes, Sight
from sim_videos.nets.junction import Junction, Network, Times, network
from sim_videos.nets.monitor import Monitor, Violation
from sim_videos.nets.net_file import read_net
from sim_videos.nets.sumo_link import SumoLink
from sim_videos.nets.sumo_program import SumoProgram
from sim_videos.nets.watching import Watching


@dataclass(frozen=True, slots=True)
class Scenario:
    """A net with its traffic, from begin_s to end_s of SUMO's clock."""

    name: str
    net: Path
    routes: Path
    begin_s: int
    end_s: int


#: Makes the controller of a junction; the callable tells what is known beyond the lanes at an instant, ns.
MakeController = Callable[[Junction, Sight, Callable[[int], Surroundings | None]], Controller]


class Watcher(Protocol):
    """Told of every junction's step, in order: for logs, plots and tests."""

    def on_step(
        self, t_s: int, junction: Junction, demand: Demand, request: PhaseRequest, state: SignalState
    ) -> None: ...

    def on_second(self, t_s: int, standing: Mapping[str, int]) -> None:
        """Vehicles that truly stand before each junction, at the end of a second."""
        ...


@dataclass(frozen=True, slots=True)
class Result:
    """What came of a run. decision_s: times that each decision took. refused: requests that the core did not take.

    until_s: when it ended, before its time where it was stopped.
    """

    until_s: int
    delay: Delay
    violations: tuple[Violation, ...]
    laws_broken: int
    first_broken: str | None
    refused: int
    decision_s: array[float] = field(default_factory=lambda: array("d"))


def run(
    scenario: Scenario,
    make_controller: MakeController,
    *,
    seed: int,
    sight: Sight,
    sumo: SumoProgram,
    clock: Clock,
    times: Times | None = None,
    watcher: Watcher | None = None,
    progress: Callable[[int], object] = lambda _t_s: None,
    stop: Callable[[], bool] = lambda: False,
) -> Result:
    """Run it to its end, or until `stop` says so.

    InputError for files that cannot be used, in SUMO's words where it said so.
    """
    due = scheduled(scenario.routes, scenario.begin_s, scenario.end_s)
    roads = network(read_net(scenario.net), Times() if times is None else times)
    with tempfile.TemporaryDirectory(prefix="stopline-net-") as folder:
        tripinfo = Path(folder) / "tripinfo.xml"
        command = sumo.command(scenario.net, scenario.routes, scenario.begin_s, scenario.end_s, seed, tripinfo)
        loop = Street(roads, make_controller, scenario.begin_s, Eyes(roads, sight, seed), clock, watcher)
        with SumoLink(command, sumo.environment) as link:
            until_s = scenario.begin_s
            while until_s < scenario.end_s and not stop():
                loop.second(until_s, link)
                until_s += 1
                progress(until_s - scenario.begin_s)
        by_then = {name: depart_s for name, depart_s in due.items() if depart_s < until_s}
        return loop.result(until_s, delay_of(tripinfo, by_then, until_s))


class Street:
    """The cabinets of a net and those who look at its traffic, one second at a time."""

    def __init__(
        self,
        roads: Network,
        make_controller: MakeController,
        begin_s: int,
        eyes: Eyes,
        clock: Clock,
        watcher: Watcher | None,
    ) -> None:
        self._roads = roads
        self._eyes = eyes
        self._clock = clock
        self._watcher = watcher
        self._watching = Watching(roads)
        self._around: Mapping[str, Surroundings] = {}
        self._controllers = {
            name: make_controller(one, eyes.sight, partial(self._surroundings, name))
            for name, one in roads.junctions.items()
        }
        begin_ns = begin_s * NS_PER_S
        self._cabinets = {name: Cabinet(one, begin_ns) for name, one in roads.junctions.items()}
        self._monitors = {name: Monitor(name, one.grouping.links, one.times) for name, one in roads.junctions.items()}
        self._decision_s = array("d")

    def second(self, t_s: int, link: SumoLink) -> None:
        """Look, decide, show, let SUMO and the cores go on to the next second."""
        view = self._eyes.look(t_s, self._watching)
        self._around = view.around
        lamps = {}
        for name, controller in self._controllers.items():
            cabinet = self._cabinets[name]
            state = cabinet.state()
            began_ns = self._clock.now_ns()
            request = controller.update(view.demands[name], state)
            self._decision_s.append((self._clock.now_ns() - began_ns) / NS_PER_S)
            shown = cabinet.ask(request)
            lamps[name] = cabinet.letters(shown)
            self._monitors[name].see(t_s, lamps[name])
            if self._watcher is not None:
                self._watcher.on_step(t_s, self._roads.junctions[name], view.demands[name], request, shown)
        frame = link.step(lamps)
        for cabinet in self._cabinets.values():
            cabinet.advance()
        self._watching.see(t_s + 1, frame)
        if self._watcher is not None:
            self._watcher.on_second(t_s + 1, self._standing())

    def _standing(self) -> dict[str, int]:
        standing = dict.fromkeys(self._controllers, 0)
        for driven in self._watching.driven.values():
            if driven.turns and driven.stood_s is not None:
                standing[driven.turns[0].junction] += 1
        return standing

    def _surroundings(self, name: str, t_ns: int) -> Surroundings | None:  # noqa: ARG002 - of the seam
        return self._around.get(name)

    def result(self, until_s: int, delay: Delay) -> Result:
        """All that was counted."""
        broken = [cabinet.first_broken for cabinet in self._cabinets.values() if cabinet.first_broken is not None]
        return Result(
            until_s,
            delay,
            tuple(one for monitor in self._monitors.values() for one in monitor.violations),
            sum(cabinet.laws_broken for cabinet in self._cabinets.values()),
            broken[0] if broken else None,
            sum(cabinet.refused for cabinet in self._cabinets.values()),
            self._decision_s,
        )
