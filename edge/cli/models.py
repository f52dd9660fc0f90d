"""`stopline models`: which detector models there are, fetching them, and checking the files."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.examples import examples
from edge.errors import ModelError
from edge.vision.detect import open_detector
from models.export import ExportOrder, export, formats_of
from models.manifest import ModelSpec
from models.registry import Registry, runnable

app = typer.Typer(
    add_completion=False,
    no_args_is_help=True,
    help="List, fetch and check detector models.",
    epilog=examples("stopline models list", "stopline models pull centernet"),
)

NameOption = Annotated[list[str] | None, typer.Argument(metavar="NAME", help="Models, by name.", show_default=False)]


@app.command("list", epilog=examples("stopline models list", "stopline models list --json"))
def list_models(as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the models of the manifest, best first, and whether they can be used on this machine.

    `stopline replay` takes the first one that is ready, unless --model says otherwise.
    """
    registry = Registry.open()
    rows = [_row(registry, spec) for spec in registry.manifest.model]
    if as_json:
        typer.echo(json.dumps({"store": str(registry.store), "models": rows}, indent=2, ensure_ascii=False))
        return
    typer.echo(f"Models in {registry.store}, best first:")
    for row in rows:
        typer.echo(f"\n{row['name']}: {row['state']}")
        typer.echo(f"  {row['about']}\n  runtime {row['runtime']}, input {row['input']}, licence {row['licence']}")


@app.command("pull", epilog=examples("stopline models pull", "stopline models pull centernet --from human-3.3.6.tgz"))
def pull_models(
    names: NameOption = None,
    archive: Annotated[
        Path | None,
        typer.Option("--from", help="The npm package as a .tgz fetched elsewhere; then nothing is fetched."),
    ] = None,
) -> None:
    """Fetch models from their npm packages and check every hash; without names the best of them that runs here.

    A model that is here already, unaltered, is left alone. Ends with 79 when a hash
    differs (nothing is stored then) or npm or an extra is missing, 76 when npm cannot
    fetch, 74 when the disk is full.
    """
    registry = Registry.open()
    specs = [registry.manifest.spec(name) for name in names or ()] or [_best(registry)]
    if archive is not None and len(specs) != 1:
        raise ModelError(f"--from {archive}: give one model's name with it")
    for spec in specs:
        registry.pull(spec.name, partial(_say, spec.name), archive)


@app.command("check", epilog=examples("stopline models check", "stopline models check centernet"))
def check_models(names: NameOption = None) -> None:
    """Compare stored models with the manifest's hashes; without names, those that are on this machine.

    Ends with 79 at the first that is altered (it is renamed to FILE.refused) or absent.
    """
    registry = Registry.open()
    stored = [spec.name for spec in registry.manifest.model if registry.file_of(spec).is_file()]
    for name in names or stored:
        path = registry.check(name)
        typer.echo(f"{name}: {path}: sha256 right")


@app.command(
    "export",
    epilog=examples(
        "stopline models export yolo26n.pt --to tflite,onnx",
        "stopline models export best.pt --to tflite --size 320 --int8 data.yaml",
    ),
)
def export_model(
    model: Annotated[str, typer.Argument(metavar="MODEL.pt", help="Your YOLO; a name of Ultralytics' is fetched.")],
    to: Annotated[str, typer.Option("--to", help="tflite, onnx, engine (TensorRT); several with commas.")],
    size: Annotated[int, typer.Option("--size", help="Side of the input in pixels, a multiple of 32.")] = 640,
    int8: Annotated[
        Path | None, typer.Option("--int8", metavar="DATA.yaml", help="8-bit numbers; ranges from these pictures.")
    ] = None,
    half: Annotated[bool, typer.Option("--half", help="16-bit arithmetic, for engines (Jetson).")] = False,
    device: Annotated[str | None, typer.Option("--device", help="GPU that the engine is for, such as 0.")] = None,
) -> None:
    """Export your own YOLO with the package ultralytics (extra `ultralytics`), and open each file once.

    An engine is built on the machine that will run it. Engines have not been tested on a
    Jetson by us. Ends with 79 where the extra is missing or an export fails.
    """
    order = ExportOrder(model, formats_of(to), size, int8, half, device)
    for path in export(order):
        detector = open_detector(path, threads=1, min_score=0.2)
        detector.close()
        typer.echo(f"{path}: {path.stat().st_size / 1e6:.1f} MB, opens as {detector.name}")


def _say(name: str, line: str) -> None:
    typer.echo(f"{name}: {line}")


def _best(registry: Registry) -> ModelSpec:
    return next(spec for spec in registry.manifest.model if runnable(spec.runtime) and not spec.in_the_box)


def _row(registry: Registry, spec: ModelSpec) -> dict[str, str]:
    width, height = spec.picture.size_px or (0, 0)
    state = "ready" if registry.file_of(spec).is_file() else "not pulled"
    if spec.in_the_box:
        state = "in the box" if registry.file_of(spec).is_file() else "missing: install Stopline again"
    if not runnable(spec.runtime):
        state = f"needs the extra {spec.runtime}"
    return {
        "name": spec.name,
        "state": state,
        "runtime": spec.runtime,
        "input": f"{width}×{height}",
        "licence": spec.licence,
        "about": spec.about,
    }
