"""`stopline simulate`: a street of SUMO's, seen by rendered cameras, with its lamps in our controller's hands."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.cli.examples import examples
from edge.cli.progress import ReplayProgress
from edge.cli.simulate_net import run_net
from edge.cli.stopping import StopSignals
from edge.clock import SystemClock
from edge.errors import ConfigError
from edge.seams import Detector
from edge.vision.detect import open_detector
from edge.vision.pipeline import VisionSettings
from sim_videos.scenario import load_scenario
from sim_videos.simulate import table
from sim_videos.simulate.controllers import controller_names
from sim_videos.simulate.order import SimulateOptions

if TYPE_CHECKING:
    from sim_videos.nets.simulate import NetOptions

app = typer.Typer(add_completion=False)


@app.command(
    epilog=examples(
        "stopline simulate rush --compare fixed,actuated --truth-detector --seconds 300",
        "stopline simulate --net town.net.xml --routes town.rou.xml --control fixed,actuated,adaptive",
    )
)
def simulate(
    scenario: Annotated[
        str | None, typer.Argument(metavar="SCENARIO", help="A scenario of the library, or its TOML file.")
    ] = None,
    seed: Annotated[int | None, typer.Option(min=0, help="Of the traffic; the scenario's own if left out.")] = None,
    seconds: Annotated[float | None, typer.Option(metavar="S", help="Length; the scenario's own if left out.")] = None,
    control: Annotated[str | None, typer.Option(help="Controller: fixed or actuated; the scenario's own.")] = None,
    compare: Annotated[str | None, typer.Option(metavar="A,B", help="Several controllers, one after another.")] = None,
    model: Annotated[str | None, typer.Option(help="Model file or name; the best one installed if left out.")] = None,
    threads: Annotated[int, typer.Option(min=1, help="Threads of the detector.")] = 2,
    truth_detector: Annotated[
        bool, typer.Option("--truth-detector", help="True boxes in place of pictures and a model.")
    ] = False,
    every: Annotated[int, typer.Option(min=1, max=10, help="Look at each Nth frame only.")] = 1,
    perfect: Annotated[
        bool, typer.Option("--perfect/--no-perfect", help="Say what perfect eyes would have given.")
    ] = True,
    speed: Annotated[str, typer.Option(metavar="X|max", help="Times real time, or as fast as it goes.")] = "max",
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder of the report and the logs.")] = Path("simulate-out"),
    record: Annotated[Path | None, typer.Option(metavar="DIR", help="Keep each camera's video and its truth.")] = None,
    show: Annotated[bool, typer.Option("--show", help="Serve a page on this machine with what happens.")] = False,
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of that page; 0 is any free one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as JSON and nothing else.")] = False,
    net: Annotated[Path | None, typer.Option(metavar="FILE", help="Any SUMO net in place of a scenario.")] = None,
    routes: Annotated[Path | None, typer.Option(metavar="FILE", help="Its traffic: SUMO's route file.")] = None,
    begin: Annotated[int | None, typer.Option(metavar="S", help="With --net: the first departure if left out.")] = None,
    end: Annotated[int | None, typer.Option(metavar="S", help="With --net: an hour, or --seconds, later.")] = None,
    eyes: Annotated[str, typer.Option(metavar="full|camera", help="With --net: what controllers see.")] = "full",
    all_red: Annotated[float, typer.Option(min=0, max=6, metavar="S", help="With --net: red clearance.")] = 0.0,
    hires: Annotated[
        bool, typer.Option("--hires", help="With --net: write hires.csv; a scenario's run always has one.")
    ] = False,
    sumo: Annotated[Path | None, typer.Option(metavar="BINARY", help="With --net: another SUMO.")] = None,
) -> None:
    """Close the loop: simulated street, rendered cameras, detector, counts, controller, lamps.

    With --net, --routes and --control fixed,actuated,adaptive: any SUMO net, every light of it through
    the signal core, without cameras.

    DIR holds report.html, run.json and for each run a folder with events.jsonl and bridge.jsonl. Ctrl-C
    ends the run at hand and leaves them complete; during the first warm-up it leaves DIR as it was.
    """
    if net is not None or routes is not None:
        if scenario is not None or net is None or routes is None:
            raise ConfigError("--net and --routes go together, and take the place of SCENARIO")
        if model is not None or truth_detector or record is not None or show or compare is not None:
            raise ConfigError("--net has no cameras: leave out --model, --truth-detector, --record, --show; --compare")
        if end is not None and seconds is not None:
            raise ConfigError("--end and --seconds both say when a net's run is over: give one of them")
        options_of_net = _net_options(
            net, routes, begin, end, seconds, control, eyes, all_red, seed, sumo, out, hires=hires
        )
        raise typer.Exit(run_net(options_of_net, as_json=as_json))
    if hires:
        raise ConfigError("--hires is of --net: a scenario's run always writes hires.csv; leave it out")
    if scenario is None:
        raise ConfigError("name a scenario (stopline scene list), or give --net and --routes")
    if control is not None and compare is not None:
        raise ConfigError("--control runs one controller and --compare several: give one of them")
    known = load_scenario(scenario)
    if compare is not None:
        controls = controller_names(compare, "--compare")
    else:
        controls = controller_names(known.control if control is None else control, "--control")
        if len(controls) > 1:
            raise ConfigError("--control runs one controller; give several with --compare")
    options = SimulateOptions(
        scenario=known,
        controls=controls,
        out=out,
        seed=seed,
        seconds=seconds,
        model=model,
        threads=threads,
        truth_detector=truth_detector,
        every=every,
        perfect=perfect,
        speed=_speed(speed),
        record=record,
        page_port=port if show else None,
    )
    raise typer.Exit(run(options, as_json=as_json))


def run(options: SimulateOptions, *, as_json: bool = False) -> int:
    """Simulate, show progress, print the table; the exit code."""
    from sim_videos.simulate.compose import FIGURES, REPORT, Surroundings
    from sim_videos.simulate.compose import simulate as simulated
    from sim_videos.simulate.show import Shown, ShowServer

    clock = SystemClock()
    say = Console(stderr=True, highlight=False, soft_wrap=True)
    with ExitStack() as opened:
        detector = _detector(options)
        if detector is not None:
            opened.callback(detector.close)
        shown = None
        if options.page_port is not None:
            shown = Shown(tuple(camera.id for camera in options.scenario.cameras))
            server = opened.enter_context(ShowServer(shown, options.page_port))
            say.print(f"page: {server.address}")
        stopping = opened.enter_context(StopSignals())
        bars = opened.enter_context(_Bars(clock))
        runs = simulated(options, Surroundings(clock, detector, shown, stopping.reason, bars.begin))
    if not runs:
        say.print(f"nothing was run: {stopping.reason()} came during the warm-up; {options.out} is as it was")
        return stopping.exit_code
    if as_json:
        print((options.out / FIGURES).read_text(encoding="utf-8"), end="")
        return stopping.exit_code
    console = Console(highlight=False, soft_wrap=True)
    shown_table = Table(box=None, pad_edge=False)
    shown_table.add_column(options.scenario.id, no_wrap=True)
    for one in runs:
        shown_table.add_column(one.name, justify="right")
    for row in table.rows(runs):
        shown_table.add_row(row.name, *row.cells)
    console.print(shown_table)
    for one in runs:
        if one.stopped is not None:
            console.print(f"{one.name}: stopped after {one.seconds:.1f} s: {one.stopped}")
    for sentence in options.scenario.beyond(max(one.seconds for one in runs)):
        console.print(sentence)
    console.print(f"report: {options.out / REPORT}")
    return stopping.exit_code


def _net_options(
    net: Path,
    routes: Path,
    begin_s: int | None,
    end_s: int | None,
    seconds: float | None,
    control: str | None,
    eyes: str,
    all_red_s: float,
    seed: int | None,
    sumo: Path | None,
    out: Path,
    *,
    hires: bool,
) -> NetOptions:
    from sim_videos.nets.controllers import chosen
    from sim_videos.nets.eyes import SIGHTS
    from sim_videos.nets.junction import Times
    from sim_videos.nets.simulate import NetOptions, scenario_of
    from sim_videos.nets.sumo_program import SumoProgram

    sight = next((one for name, one in SIGHTS.items() if name == eyes), None)
    if sight is None:
        raise ConfigError(f"--eyes: there are no {eyes!r}; give {' or '.join(SIGHTS)}")
    return NetOptions(
        scenario_of(net, routes, begin_s, end_s, 3600 if seconds is None else max(1, round(seconds))),
        chosen(control or "actuated", "--control"),
        out,
        sight,
        Times(red_clearance_s=all_red_s),
        1 if seed is None else seed,
        SumoProgram.found(sumo),
        hires,
    )


class _Bars:
    """One progress bar a run. A context manager; leaving it ends the last."""

    def __init__(self, clock: SystemClock) -> None:
        self._clock = clock
        self._open = ExitStack()

    def begin(self, name: str, frames: int) -> Callable[[int], None]:
        self._open.close()
        bar = self._open.enter_context(ReplayProgress(name, frames, self._clock))
        return bar.update

    def __enter__(self) -> _Bars:
        return self

    def __exit__(self, *_error: object) -> None:
        self._open.close()


def _detector(options: SimulateOptions) -> Detector | None:
    if all(kind != "camera" for _, kind in options.runs):
        return None
    least = VisionSettings().tracker.unsure_score
    return open_detector(options.model, threads=options.threads, min_score=least)


def _speed(text: str) -> float | None:
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError as error:
        raise ConfigError(f"--speed: {text!r} is neither a number nor max; give for example 1") from error
    if not 0 < speed <= 1000:
        raise ConfigError(f"--speed: {text} is not a speed; give a number above 0, or max")
    return speed
