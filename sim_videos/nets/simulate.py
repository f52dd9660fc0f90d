"""A simulation of a net put together: one run a controller with the same traffic, then figures and report."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import ExitStack, closing
from dataclasses import dataclass, field
from pathlib import Path

from edge.clock import NS_PER_S, Clock
from edge.errors import ConfigError, InputError
from edge.replay.outputs import EventLog, storing, write_whole
from sim_videos.nets import report
from sim_videos.nets.controllers import CONTROLLERS
from sim_videos.nets.delay import scheduled
from sim_videos.nets.eyes import Sight
from sim_videos.nets.hires import Both, NetHiRes
from sim_videos.nets.junction import Times, network
from sim_videos.nets.ledger import NetLedger, NetRun, Now
from sim_videos.nets.net_file import read_net
from sim_videos.nets.run import Scenario, Watcher, run
from sim_videos.nets.sumo_program import SumoProgram
from sim_videos.simulate.whole import moved_when_whole

REPORT, FIGURES, HIRES = "report.html", "run.json", "hires.csv"


@dataclass(frozen=True, slots=True)
class NetOptions:
    """What is to be run. hires: write hires.csv, too."""

    scenario: Scenario
    controls: tuple[str, ...]
    out: Path
    sight: Sight
    times: Times
    seed: int
    sumo: SumoProgram
    hires: bool = False


@dataclass(frozen=True, slots=True)
class NetSurroundings:
    """What a simulation is given from outside.

    stop says why a run is to end. begin: told the name and seconds of a run, it gives who is
    told each second what every junction does.
    """

    clock: Clock
    stop: Callable[[], str | None] = field(default=lambda: None)
    begin: Callable[[str, int], Callable[[int, list[Now]], object]] = field(
        default=lambda _name, _seconds: lambda _t_s, _now: None
    )


def scenario_of(net: Path, routes: Path, begin_s: int | None, end_s: int | None, seconds: int = 3600) -> Scenario:
    """From the first departure for so many seconds, unless said otherwise; InputError where nobody departs then."""
    if begin_s is None:
        due = scheduled(routes, 0.0, float("inf") if end_s is None else float(end_s))
        if not due:
            raise InputError(f"{routes}: no vehicle departs; give a route file with vehicles, trips or flows")
        begin_s = int(min(due.values()))
    if end_s is None:
        end_s = begin_s + seconds
    if end_s <= begin_s:
        raise ConfigError(f"--end: {end_s} is not after the begin, {begin_s}; write a later second of SUMO's clock")
    name = net.name.removesuffix(".gz").removesuffix(".xml").removesuffix(".net")
    return Scenario(name, net, routes, begin_s, end_s)


def simulate_net(options: NetOptions, around: NetSurroundings) -> tuple[NetRun, ...]:
    """Run every controller into `options.out`; the runs, in order, fewer where it was stopped.

    InputError and ConfigError of files and names, StorageError of the folder; then `out` is as it was.
    """
    roads = network(read_net(options.scenario.net), options.times)
    runs: list[NetRun] = []
    with moved_when_whole(options.out) as part:
        for control in options.controls:
            runs.append(_one(options, around, control, part))
            if runs[-1].stopped is not None:
                break
        figures = {"scenario": options.scenario.name, "runs": [report.to_json(one) for one in runs]}
        write_whole(part / FIGURES, json.dumps(figures, indent=1) + "\n")
        page = report.render(f"Simulation of {options.scenario.name}", roads, runs, _facts(options, runs))
        write_whole(part / REPORT, page)
    return tuple(runs)


def _one(options: NetOptions, around: NetSurroundings, control: str, part: Path) -> NetRun:
    one = options.scenario
    folder = part / f"{control}-{options.sight.name}"
    with storing(folder):
        folder.mkdir()
    began_ns = around.clock.now_ns()
    with ExitStack() as opened:
        events = opened.enter_context(EventLog(folder / "events.jsonl"))
        facts = {"scenario": one.name, "control": control, "eyes": options.sight.name, "seed": options.seed}
        events.write("run", one.begin_s * NS_PER_S, facts)
        ledger = NetLedger(one.begin_s, events, around.begin(control, one.end_s - one.begin_s))
        watcher: Watcher = ledger
        if options.hires:
            watcher = Both(ledger, opened.enter_context(closing(NetHiRes(folder / HIRES))))
        result = run(
            one,
            CONTROLLERS[control],
            seed=options.seed,
            sight=options.sight,
            sumo=options.sumo,
            clock=around.clock,
            times=options.times,
            watcher=watcher,
            stop=lambda: around.stop() is not None,
        )
        stopped = around.stop() if result.until_s < one.end_s else None
        events.write("end", result.until_s * NS_PER_S, {"stopped": stopped})
    elapsed_s = (around.clock.now_ns() - began_ns) / NS_PER_S
    seconds = result.until_s - one.begin_s
    return NetRun(control, options.sight.name, options.seed, result, ledger.junctions, seconds, elapsed_s, stopped)


def _facts(options: NetOptions, runs: list[NetRun]) -> dict[str, object]:
    one = options.scenario
    times = options.times
    facts: dict[str, object] = {
        "net": one.net.name,
        "traffic": one.routes.name,
        "SUMO": options.sumo.version,
        "seconds of SUMO's clock": f"{one.begin_s} to {one.end_s}",
        "eyes": f"{options.sight.name}, {options.sight.reach_m:g} m",
        "yellow, all-red": f"{times.yellow_s:g} s, {times.red_clearance_s:g} s",
        "minimum and maximum green": f"{times.min_green_s:g} s, {times.max_green_s:g} s",
        "lamps timed by": "signal core",
    }
    for run_ in runs:
        times_real = run_.seconds / run_.elapsed_s if run_.elapsed_s > 0 else 0.0
        facts[f"took, {run_.name}"] = f"{run_.elapsed_s:.1f} s ({times_real:.0f} × real time)"
    return facts
