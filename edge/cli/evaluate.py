"""`stopline evaluate`: a replay against a hand count, or against the truth of a rendered scene."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from edge.cli.examples import examples
from edge.replay import record
from edge.replay.evaluate import Evaluation, load_truth
from edge.replay.evaluate import evaluate as compare

app = typer.Typer(add_completion=False)


@app.command(
    epilog=examples(
        "stopline evaluate out/junction --truth junction.truth.json",
        "stopline evaluate out/rush --truth rush.truth.jsonl --json",
    )
)
def evaluate(
    folder: Annotated[Path, typer.Argument(metavar="DIR", help="What `stopline replay … --out` wrote.")],
    truth: Annotated[
        Path, typer.Option(metavar="FILE", help="A hand count (*.truth.json), or a rendered scene's *.truth.jsonl.")
    ],
    segments: Annotated[int, typer.Option(help="Parts of equal length in the effectiveness.")] = 10,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON and nothing else.")] = False,
) -> None:
    """Compare a replay with a hand count, or with the truth of a rendered scene.

    For each direction of the hand count: the truth, ours, the error, whether it is
    within one vehicle or a tenth, and when vehicles were missed or counted without
    cause (matched within 1.5 s). Effectiveness is that of the AI City Challenge, 0..1.
    A rendered scene's truth adds detection, tracking, places, speeds and queues, which need
    `stopline replay --keep-tracks`, and incidents and camera faults.
    """
    if truth.suffix == ".jsonl":
        from edge.cli.evaluate_scene import print_scene
        from sim_videos.score import score_replay

        score = score_replay(folder, truth, segments)
        if as_json:
            print(json.dumps(score.to_json(), indent=1))
        else:
            print_counts(score.counts_any)
            print_scene(score)
        return
    result = compare(record.read(folder), load_truth(truth), segments)
    if as_json:
        print(json.dumps(result.to_json(), indent=1))
    else:
        print_counts(result)


def print_counts(result: Evaluation) -> None:
    """The table of directions, the effectiveness, and what the reader should know."""
    console = Console()
    table = Table("direction", box=None, pad_edge=False)
    for column in ("truth", "ours", "error"):
        table.add_column(column, justify="right")
    for column in ("", "missed at, s", "extra at, s"):
        table.add_column(column)
    for name, row in result.directions.items():
        verdict = "[green]within[/]" if row.within else "[red]not within[/]"
        table.add_row(
            name, str(row.truth), str(row.ours), f"{row.error:+d}", verdict, _times(row.missed_s), _times(row.extra_s)
        )
    console.print(table)
    known = "unknown (the truth has no times)" if result.effectiveness is None else f"{result.effectiveness:.3f}"
    console.print(f"effectiveness {known}, {result.segments} segments", highlight=False)
    for warning in result.warnings:
        console.print(f"[yellow]note[/] {warning}", highlight=False)


def _times(times_s: tuple[float, ...] | None) -> str:
    return "" if times_s is None else " ".join(f"{t:.1f}" for t in times_s)
