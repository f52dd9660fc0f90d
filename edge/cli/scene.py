"""`stopline scene`: streets that are simulated and rendered, with what is true of every frame."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.cli.examples import examples
from edge.cli.progress import ReplayProgress
from edge.clock import SystemClock
from edge.errors import ConfigError
from sim_videos.dataset import DatasetOrder, make_dataset
from sim_videos.film import FilmOrder, film, write_site
from sim_videos.scenario import library, load_scenario
from sim_videos.sheet import check_name, make_sheet, shots

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="Render simulated junctions, with the truth of every frame.",
    epilog=examples("stopline scene list", "stopline scene render stopped_lorry -o out"),
)

_Scenario = Annotated[str, typer.Argument(metavar="SCENARIO", help="A scenario of the library, or its .toml file.")]
_Seed = Annotated[int | None, typer.Option(min=0, help="Other traffic; the scenario's own seed if left out.")]


@app.command("list", epilog=examples("stopline scene list", "stopline scene list --json"))
def list_scenarios(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the scenarios that come with Stopline."""
    known = {name: load_scenario(name) for name in library()}
    if as_json:
        rows = [
            {
                "name": name,
                "about": scenario.about,
                "duration_s": scenario.duration_s,
                "cameras": [camera.id for camera in scenario.cameras],
                "incidents": [incident.kind.value for incident in scenario.incidents],
                "camera_faults": [fault.kind for fault in scenario.camera_faults],
            }
            for name, scenario in known.items()
        ]
        typer.echo(json.dumps(rows, indent=1))
        return
    table = Table("scenario", "s", "cameras", "about", box=None)
    for name, scenario in known.items():
        table.add_row(name, f"{scenario.duration_s:g}", str(len(scenario.cameras)), scenario.about)
    Console(highlight=False).print(table)


@app.command(
    epilog=examples(
        "stopline scene render stopped_lorry -o out",
        "stopline scene render rush --camera north-mast --seed 7 --seconds 60 -o out",
    )
)
def render(
    scenario: _Scenario,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="DIR", help="Folder to write.")] = Path("out"),
    camera: Annotated[
        list[str] | None, typer.Option(help="Only this camera; may be repeated. All if left out.")
    ] = None,
    seed: _Seed = None,
    seconds: Annotated[float | None, typer.Option(min=1, help="Length; the scenario's own if left out.")] = None,
    quality: Annotated[int, typer.Option(min=10, max=45, help="H.264 rate factor: less is better and larger.")] = 23,
) -> None:
    """Film a scenario from its cameras.

    For each camera DIR gets NAME.mp4, NAME.truth.jsonl (what is true of every frame), NAME.truth.json (the counts,
    as a hand count has them) and NAME.toml (the site description that `stopline replay --site` takes). Files appear
    under their names when all of them are whole.
    """
    clock = SystemClock()
    order = FilmOrder(load_scenario(scenario), out, tuple(camera or ()), seed, seconds, quality)
    with ReplayProgress(order.scenario.id, order.frames, clock) as progress:
        films = film(order, progress.update)
    say = Console(highlight=False, soft_wrap=True)
    for made in films:
        counts = "  ".join(f"{movement} {count}" for movement, count in made.counts.items())
        say.print(f"{made.video}: {made.video.stat().st_size / 1e6:.2f} MB; {counts or 'nothing to count'}")


@app.command(
    epilog=examples(
        "stopline scene dataset --out rendered --images 2000 --seed 1",
        "stopline scene dataset --out rendered --images 300 --seed 2 --split val --scenarios night_rain,rush --plain",
    )
)
def dataset(
    out: Annotated[Path, typer.Option(metavar="DIR", help="New folder for pictures and labels.")],
    images: Annotated[int, typer.Option(min=1, help="How many pictures.")],
    seed: Annotated[int, typer.Option(min=0, help="The same seed gives the same pictures.")],
    scenarios: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Scenarios to draw from; all of the library if left out.")
    ] = None,
    split: Annotated[str, typer.Option(help="Name of the split: train or val.")] = "train",
    plain: Annotated[
        bool, typer.Option("--plain", help="The scenarios' own light, cameras and traffic, nothing varied.")
    ] = False,
) -> None:
    """Render labelled pictures for training a detector, in YOLO's layout.

    DIR gets images/SPLIT, labels/SPLIT, index.csv, ignore.jsonl and data.yaml.
    Unless --plain is given, light, weather, cameras, colours, noise and traffic vary from scene to scene.
    """
    names = _names(scenarios) or tuple(library())
    order = DatasetOrder(tuple(load_scenario(name) for name in names), out, images, seed, split, plain)
    with ReplayProgress(out.name, images, SystemClock()) as progress:
        boxes = make_dataset(order, progress.update)
    typer.echo(f"{out}: {images} pictures; " + ", ".join(f"{count} {kind}" for kind, count in boxes.items()))


@app.command(
    epilog=examples("stopline scene sheet -o scenes.jpg", "stopline scene sheet -o two.jpg --scenarios night,crash")
)
def sheet(
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The .jpg or .png file to write.")],
    scenarios: Annotated[
        str | None, typer.Option(metavar="A,B,…", help="Scenarios to show; a choice of the library if left out.")
    ] = None,
) -> None:
    """Put one labelled frame of each scenario on one sheet."""
    check_name(out)
    chosen = shots(_names(scenarios))
    with ReplayProgress(out.name, len(chosen), SystemClock()) as progress:
        make_sheet(chosen, out, progress.update)
    typer.echo(f"{out}: {len(chosen)} scenes, {out.stat().st_size / 1000:.0f} kB")


@app.command(
    epilog=examples("stopline scene site demo -o demo.toml", "stopline scene site my-scenario.toml -o site.toml")
)
def site(
    scenario: _Scenario,
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE", help="The .toml file to write.")],
) -> None:
    """Write the site description of a scenario, all its cameras in one."""
    write_site(load_scenario(scenario), out)
    typer.echo(f"{out}: written; `stopline site validate {out}` checks it")


def _names(scenarios: str | None) -> tuple[str, ...] | None:
    if scenarios is None:
        return None
    names = tuple(name.strip() for name in scenarios.split(",") if name.strip())
    if not names:
        raise ConfigError("--scenarios: names none; give one or more of `stopline scene list`, or leave it out for all")
    return names
