"""`stopline models`: which detector models there are, fetching them, and checking the files."""

from __future__ import annotations

import json
from functools import partial
from pathlib import Path
from typing import Annotated

import typer

from edge.cli.examples import examples
from edge.errors import ModelError
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
    """Fetch models from their npm packages and check every hash; without names the best one that runs here.

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
    if not names and not stored:
        raise ModelError(f"{registry.store}: holds no model; run `stopline models pull`")
    for name in names or stored:
        path = registry.check(name)
        typer.echo(f"{name}: {path}: sha256 right")


def _say(name: str, line: str) -> None:
    typer.echo(f"{name}: {line}")


def _best(registry: Registry) -> ModelSpec:
    return next(spec for spec in registry.manifest.model if runnable(spec.runtime))


def _row(registry: Registry, spec: ModelSpec) -> dict[str, str]:
    width, height = spec.picture.size_px or (0, 0)
    state = "ready" if registry.file_of(spec).is_file() else "not pulled"
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
