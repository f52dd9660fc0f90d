"""The tables that `stopline evaluate` prints for a rendered scene."""

from __future__ import annotations

from collections.abc import Iterator

from rich.console import Console
from rich.table import Table

from sim_videos.score import SceneScore
from sim_videos.score.detection import DetectionScores
from sim_videos.score.happenings import HappeningScore
from sim_videos.score.places import PlaceScores, Spread
from sim_videos.score.queues import QueueScore

NOT_MEASURED = "not measured"
Row = tuple[str, str, str, str]


def print_scene(score: SceneScore) -> None:
    """What, how good, and over how much; what was not measured says so."""
    console = Console()
    table = Table("measure", box=None, pad_edge=False)
    for column in ("", "90 % within"):
        table.add_column(column, justify="right")
    table.add_column("of")
    table.add_row("effectiveness by class", _share(score.counts.effectiveness), "", "")
    for row in _rows(score):
        table.add_row(*row)
    console.print(table)
    if score.frames == 0:
        console.print(
            "[yellow]note[/] replay with --keep-tracks to measure what was seen in each frame", highlight=False
        )
    elif score.blind:
        console.print(
            f"[yellow]note[/] {score.blind} of {score.frames} frames were dark or frozen: only queues are scored there",
            highlight=False,
        )


def _rows(score: SceneScore) -> Iterator[Row]:
    if score.detection is None:
        yield "detection", NOT_MEASURED, "", ""
    else:
        yield from _detection(score.detection)
    if score.tracking is None:
        yield "tracking", NOT_MEASURED, "", ""
    else:
        yield "HOTA", _share(score.tracking.hota), "", ""
        yield "  detection part", _share(score.tracking.deta), "", ""
        yield "  association part", _share(score.tracking.assa), "", ""
        yield "IDF1", _share(score.tracking.idf1), "", ""
    if score.places is None:
        yield "places and speeds", NOT_MEASURED, "", ""
    else:
        yield from _places(score.places)
    if score.queues is None:
        yield "queues", NOT_MEASURED, "", ""
    else:
        yield from _queues("queue, vehicles, all lanes", score.queues)
        for lane, queue in score.queues_by_lane.items():
            yield from _queues(f"  {lane}", queue)
    yield from _happenings("incidents", score.incidents)
    yield from _happenings("camera faults", score.camera_faults)


def _detection(score: DetectionScores) -> Iterator[Row]:
    yield "AP50", _share(score.overall.ap50), "", f"{score.overall.labels} road users"
    for name, part in (*score.by_class.items(), *score.by_size.items()):
        yield f"  {name}", _share(part.ap50), "", str(part.labels)


def _places(score: PlaceScores) -> Iterator[Row]:
    for name, whole, bands in (
        ("place, to the footprint", score.footprint_m, score.footprint_by_distance_m),
        ("place, to its middle", score.middle_m, score.middle_by_distance_m),
    ):
        yield name, *_spread(whole, "{:.2f} m"), f"{whole.values} sightings"
        for band, spread in bands.items():
            yield f"  {band}", *_spread(spread, "{:.2f} m"), str(spread.values)
    yield "speed of those that move", *_spread(score.speed_share, "{:.1%}"), f"{score.speed_share.values} sightings"
    for band, spread in score.speed_by_distance.items():
        yield f"  {band}", *_spread(spread, "{:.1%}"), str(spread.values)
    if score.speed_bias is not None:
        yield "  ours over truth, median", f"{score.speed_bias:+.1%}", "", ""


def _queues(name: str, score: QueueScore) -> Iterator[Row]:
    seconds = f"{score.error_vehicles.values} s with a queue"
    unknown = f", {score.unknown} s unknown" if score.unknown else ""
    longer = f", {score.at_least} s at least so long ({score.at_least_true} true)" if score.at_least else ""
    yield name, *_spread(score.error_vehicles, "{:.1f}"), seconds + unknown + longer


def _happenings(name: str, score: HappeningScore | None) -> Iterator[Row]:
    if score is None:
        yield name, NOT_MEASURED, "", "the replay looks for none"
        return
    yield name, f"{score.found} of {len(score.noticed)}", "", f"noticed, {score.false_reports} false"
    for one in score.noticed:
        where = f" in {one.spell.lane}" if one.spell.lane is not None else ""
        said = "missed" if one.delay_s is None else f"after {one.delay_s:.1f} s"
        yield f"  {one.spell.name}{where} at {one.spell.start_s:g} s", said, "", ""


def _share(value: float | None) -> str:
    return "unknown" if value is None else f"{value:.3f}"


def _spread(spread: Spread, form: str) -> tuple[str, str]:
    """Median and 90th percentile, in words."""
    if spread.median is None or spread.p90 is None:
        return "unknown", ""
    return form.format(spread.median), form.format(spread.p90)
