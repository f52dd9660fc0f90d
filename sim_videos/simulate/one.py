"""One run: a world, lamps, eyes and a ledger put together, run, and brought to a result."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from edge.clock import NS_PER_S, Clock
from sim_videos.scenario import Scenario
from sim_videos.simulate.controllers import CONTROLLERS
from sim_videos.simulate.core_lamps import lamps_of, timed_by
from sim_videos.simulate.eyes import Eyes
from sim_videos.simulate.eyesight import EyesightMeter
from sim_videos.simulate.lamps import StreetLamps, warm_quietly
from sim_videos.simulate.ledger import Ledger
from sim_videos.simulate.log import RunLog
from sim_videos.simulate.loop import Watcher, drive
from sim_videos.simulate.notice import IncidentWatcher
from sim_videos.simulate.result import Run, Waiting
from sim_videos.simulate.seconds import ns_of
from sim_videos.street import Street
from sim_videos.world import Flow, SumoWorld


@dataclass(frozen=True, slots=True)
class Sighted:
    """Eyes on a street, what measures them and notices incidents (None: no camera looks), and who else is told of each
    instant."""

    eyes: Eyes
    meter: EyesightMeter | None = None
    watchers: tuple[Watcher, ...] = ()
    incidents: IncidentWatcher | None = None


@dataclass(frozen=True, slots=True)
class RunOrder:
    """What to run. folder gets events.jsonl, bridge.jsonl and hires.csv; None: nothing is written."""

    scenario: Scenario
    control: str
    seed: int
    seconds: float
    folder: Path | None = None

    @property
    def frames(self) -> int:
        """Frames of the run, at least one."""
        return max(1, round(self.seconds * self.scenario.fps))


def run(
    order: RunOrder,
    sighted: Callable[[Street], Sighted],
    *,
    stopwatch: Clock,
    stop: Callable[[], str | None] = lambda: None,
    on_frame: Callable[[int], None] = lambda _done: None,
    speed: float | None = None,
) -> Run:
    """Run to the end or to a stop. speed: times real time, None as fast as it goes.

    sighted opens the eyes once the street is built. Raises what `SumoWorld` does, and
    StorageError where the folder does not take the run.
    """
    scenario = order.scenario.lasting(order.seconds)
    began_ns = stopwatch.now_ns()
    with SumoWorld(scenario, seed=order.seed) as world:
        street = world.street
        seen = sighted(street)
        ledger = Ledger(street, seen.meter)
        log = None
        if order.folder is not None:
            log = RunLog(order.folder, _facts(order, seen, street), scenario.id, street)
            if seen.incidents is not None:
                seen.incidents.tell(log.event)
        lines: Callable[[str], object] = (lambda _line: None) if log is None else log.bridge.write_text
        bridge = lamps_of(street.signal, warm_quietly(lines), world.next_t_ns)
        controller = CONTROLLERS[order.control](street, seen.eyes.around)
        told = (ledger.book.see, *(() if log is None else (log.hires,)))
        lamps = StreetLamps(bridge, controller, street.signal, street.plan, *told)
        noticing = () if seen.incidents is None else (seen.incidents,)
        watchers: tuple[Watcher, ...] = (
            *(() if log is None else (log,)),
            *noticing,
            _Progress(on_frame),
            *seen.watchers,
        )
        try:
            frames, stopped = drive(
                world,
                lamps,
                seen.eyes,
                ledger,
                frames=order.frames,
                fps=scenario.fps,
                watchers=watchers,
                stop=stop,
                pace=_pace(speed, stopwatch),
            )
            end_ns = ns_of(frames / scenario.fps)
            noticed = None if seen.incidents is None else seen.incidents.finish(end_ns, ledger.incidents)
            if log is not None:
                log.end(end_ns, frames, stopped)
        finally:
            lamps.close()
            if log is not None:
                log.close()
        tally = world.tally()
    seconds = frames / scenario.fps
    return Run(
        control=order.control,
        eyes=seen.eyes.name,
        seed=order.seed,
        seconds=seconds,
        frames=frames,
        all=_waiting(tally.total),
        movements={name: _waiting(flow) for name, flow in tally.movements.items() if name and flow.due},
        mean_queue=ledger.mean_queue,
        max_queue=ledger.max_queue,
        eyesight=None if seen.meter is None else seen.meter.eyesight(seconds),
        incidents=ledger.incidents,
        noticed=noticed,
        phase_changes=ledger.changes,
        stopped=stopped,
        elapsed_s=(stopwatch.now_ns() - began_ns) / NS_PER_S,
        series=ledger.series,
        decisions=tuple(ledger.book.decisions),
        waits=ledger.book.longest(),
        lamps=timed_by(bridge),
    )


class _Progress:
    """Counts frames for whoever shows how far the run has come."""

    def __init__(self, on_frame: Callable[[int], None]) -> None:
        self._on_frame = on_frame
        self._done = 0

    def on_control(self, *_what: object) -> None:
        """Nothing to count."""

    def on_frame(self, *_what: object) -> None:
        """One more."""
        self._done += 1
        self._on_frame(self._done)


def _waiting(flow: Flow) -> Waiting:
    return Waiting(flow.due, flow.arrived, flow.mean_delay_s, flow.stops_per_vehicle)


def _facts(order: RunOrder, seen: Sighted, street: Street) -> dict[str, Any]:
    return {
        "scenario": order.scenario.id,
        "control": order.control,
        "eyes": seen.eyes.name,
        "seed": order.seed,
        "fps": order.scenario.fps,
        "lanes": [lane.name for lane in street.inbound],
        "phases": [phase.number for phase in street.signal.phases],
        "incidents": seen.incidents is not None,
        "ground": {} if seen.incidents is None else seen.incidents.ground,
    }


def _pace(speed: float | None, clock: Clock) -> Callable[[int], None]:
    """Waits until a frame's instant has come at that speed, counted from the first."""
    began_ns: int | None = None

    def wait(t_ns: int) -> None:
        nonlocal began_ns
        if speed is None:
            return
        if began_ns is None:
            began_ns = clock.now_ns()
        clock.sleep_until(began_ns + int(t_ns / speed))

    return wait
