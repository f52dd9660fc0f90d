"""The command `stopline`: finds the subcommand, and turns errors into one line and an exit code.

Subcommands are imported when they are called, so `stopline --help` needs neither
OpenCV nor the collector's packages. Exit codes: `docs/exit-codes.md`.
"""

from __future__ import annotations

import importlib
import logging
import sys
from dataclasses import dataclass
from typing import Annotated, Any, NoReturn

import typer
import typer.core

from edge.cli.examples import examples
from edge.errors import ConfigError, StoplineError

INTERRUPTED = 130

#: Top-level package that may be missing → the extra that brings it.
EXTRAS: dict[str, str] = {
    "duckdb": "hires",
    "fastapi": "collector",
    "iotcore": "collector",
    "nicegui": "collector",
    "sqlalchemy": "collector",
    "uvicorn": "collector",
    "onnx": "onnx",
    "onnxruntime": "onnx",
    "ultralytics": "ultralytics",
    "gpiozero": "gpio",
    "serial": "gpio",
    "libsumo": "sim",
    "sumo": "sim",
    "sumolib": "sim",
    "trackeval": "sim",
}


@dataclass(frozen=True, slots=True)
class Subcommand:
    """One row of the table of subcommands: `module` holds a `typer.Typer` named `app`."""

    name: str
    module: str
    about: str


SUBCOMMANDS: tuple[Subcommand, ...] = (
    Subcommand("demo", "edge.cli.demo", "Everything at once on an embedded clip: counts, signals, office page."),
    Subcommand("replay", "edge.cli.replay", "Run a recorded video through counting, control and telemetry."),
    Subcommand("live", "edge.cli.live", "Watch a camera: count, run the plan, keep records for the office."),
    Subcommand(
        "evaluate", "edge.cli.evaluate", "Compare a replay with a hand count, or with the truth of a rendered scene."
    ),
    Subcommand("incidents", "edge.cli.incidents", "Incidents of a replay: the rules again, why, and how well."),
    Subcommand("simulate", "edge.cli.simulate", "A simulated street, seen by rendered cameras, under our lamps."),
    Subcommand("scene", "edge.cli.scene", "List scenarios; render their videos, truth and training pictures."),
    Subcommand("site", "edge.cli.site", "Check and draw site descriptions."),
    Subcommand("bridge", "edge.cli.bridge", "Timing table, and commissioning of the lamps' controller."),
    Subcommand("control", "edge.cli.control", "Control a junction's lamps, by plan or by what its cameras see."),
    Subcommand("hires", "edge.cli.hires", "High-resolution events (Indiana enumerations), for ATSPM tools."),
    Subcommand("models", "edge.cli.models", "List, fetch and check detector models."),
    Subcommand("publish", "edge.cli.publish", "Send an outbox to the broker until the collector has it."),
    Subcommand("collector", "edge.cli.collector", "The office: ingest, API and page."),
)


class _Lazy(typer.core.TyperCommand):
    """Stands for a subcommand in the list of commands and imports it when it is called."""

    def __init__(self, row: Subcommand) -> None:
        super().__init__(row.name, help=row.about)
        self._module = row.module

    def make_context(self, info_name: str | None, args: list[str], parent: Any = None, **extra: Any) -> Any:
        command = load(self._module)
        command.name = self.name
        return command.make_context(info_name, args, parent=parent, **extra)


def load(module: str) -> Any:
    """The command behind `app` of a module, a group or a single command."""
    command = typer.main.get_command(importlib.import_module(module).app)
    _reflow(command)
    return command


def _reflow(command: Any) -> None:
    """Make each paragraph of a docstring one line, so that help wraps it at the terminal's width."""
    if command.help is not None:
        command.help = "\n\n".join(" ".join(paragraph.split()) for paragraph in command.help.split("\n\n"))
    for child in getattr(command, "commands", {}).values():
        _reflow(child)


def _show_version(wanted: bool) -> None:
    if wanted:
        from importlib.metadata import version

        typer.echo(f"stopline {version('stopline')}")
        raise typer.Exit


def _root(
    verbose: Annotated[
        int,
        typer.Option("--verbose", "-v", count=True, show_default=False, help="Log to stderr; twice for every detail."),
    ] = 0,
    _version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and leave.")
    ] = False,
) -> None:
    """Counts, queues and signal control at one intersection, from ordinary cameras."""
    level = (logging.WARNING, logging.INFO, logging.DEBUG)[min(verbose, 2)]
    logging.basicConfig(level=level, stream=sys.stderr, format="%(asctime)s %(levelname)s %(name)s: %(message)s")


def build() -> typer.core.TyperGroup:
    """The root command with every subcommand mounted, none of them imported."""
    app = typer.Typer(
        name="stopline",
        no_args_is_help=True,
        epilog=examples("stopline demo", "stopline replay junction.mp4 --site junction --out out/junction"),
        pretty_exceptions_enable=False,
        context_settings={"help_option_names": ["-h", "--help"]},
    )
    app.callback()(_root)
    group = typer.main.get_group(app)
    for row in SUBCOMMANDS:
        group.commands[row.name] = _Lazy(row)
    return group


def main(args: list[str]) -> int:
    """Run one command line; the exit code. StoplineError becomes one line on stderr."""
    try:
        build().main(args=args, prog_name="stopline")
    except SystemExit as leaving:
        return leaving.code if isinstance(leaving.code, int) else int(leaving.code is not None)
    except StoplineError as error:
        return _complain(error)
    except KeyboardInterrupt:
        return INTERRUPTED
    except ModuleNotFoundError as error:
        package = (error.name or "").partition(".")[0]
        if package not in EXTRAS:
            raise
        extra = EXTRAS[package]
        return _complain(
            ConfigError(f"this command needs the package {package}: install it with pip install 'stopline[{extra}]'")
        )
    return 0


def _complain(error: StoplineError) -> int:
    sentence = " ".join(str(error).split())
    print(f"stopline: {sentence}", file=sys.stderr)
    return error.exit_code


def run() -> NoReturn:
    """Entry point of the distribution."""
    sys.exit(main(sys.argv[1:]))


if __name__ == "__main__":
    run()
