"""Incidents on simulated streets: how many are noticed, how soon, and what is told of nothing.

SUMO runs streets of the scenario library with other traffic; the true boxes of who is in the picture are spoilt by a
detector's misses, jitter, confusions and delay and go through the real tracker, vision, rules and fusion. One happening
a run, or none. Rows are kept (--rows FILE) and a later run goes on with those that are missing, so that the long table
may be made in the background and looked at before it is whole (--show).

    python -m benchmarks.incidents --rows FILE [--part check] [--each 20] [--quiet-h 72] [--workers 2]

The thresholds of the rules were chosen on the streets of --part tune; check, the default, has other junctions, cameras,
spots and seeds. --quick makes a handful of short runs and asks only that what happens is noticed and the rest is quiet.
--rendered films scenes with one happening each by day, dusk, night and in rain, and looks at them with the detector.
"""

from __future__ import annotations

import math
import pickle
from argparse import Namespace
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from pathlib import Path
from statistics import mean
from time import thread_time_ns

from rich.console import Console
from rich.table import Table

from benchmarks.goals import Goal, arguments, cannot_run, finish
from benchmarks.incident_rendered import PaintedEyes
from benchmarks.incident_runs import Kept, MakeEyes, Row, TracksEyes, fingerprint, key_of, run_cell
from benchmarks.incident_streets import KINDS, OF_TIMETABLE, Cell, Light, cells
from edge.clock import NS_PER_S
from edge.errors import StoplineError
from edge.frames import Detections, VisionResult
from edge.incident import IncidentKind
from edge.incidents.book import IncidentBook
from edge.incidents.watch import IncidentWatch
from edge.types import Interval, Sight, SignalState
from tests.incident_street import CAMERA, Actor, drives, site, stands

K = IncidentKind
ROOT = Path(__file__).resolve().parent.parent
#: Seconds to be noticed in, by kind; the others in 15.
WITHIN_S = {K.WRONG_WAY: 5.0, K.CRASH: 5.0}
USUAL_S, LEAST_SHARE, MOST_A_DAY = 15.0, 0.95, 0.5
#: 5 % of a frame of 100 ms at 20 objects.
MOST_MS, OBJECTS = 5.0, 20
_QUICK: tuple[Cell, ...] = (
    Cell("check", K.STOPPED_VEHICLE, "day", 2001, 70.0),
    Cell("check", K.LOW_VISIBILITY, "night", 2001, 45.0),
    Cell("check", None, "night", 2002, 60.0),
)


@dataclass(frozen=True, slots=True)
class KindTable:
    """One kind of happening over the rows of it."""

    kind: str
    incidents: int
    detected: int
    delay_s: float | None
    worst_s: float | None

    @property
    def share(self) -> float | None:
        """Of those that happened; None where none did."""
        return self.detected / self.incidents if self.incidents else None


def main() -> None:
    """Make what rows are missing, print the table, and end with its goals."""
    parser = arguments(__doc__)
    parser.add_argument("--rows", type=Path, metavar="FILE", help="keep rows here and go on with them")
    parser.add_argument("--part", choices=("tune", "check"), default="check", help="streets to run (check)")
    parser.add_argument("--each", type=int, metavar="N", help="of each kind by each light (20; rendered 3)")
    parser.add_argument("--quiet-h", type=float, metavar="H", help="simulated hours of nothing (72; rendered 2)")
    parser.add_argument("--kind", action="append", metavar="KIND", help="only these kinds; may be given again")
    parser.add_argument("--workers", type=int, default=1, metavar="N", help="runs at once (1)")
    parser.add_argument("--show", action="store_true", help="make no runs, show the table of the rows there are")
    parser.add_argument("--any-code", action="store_true", help="count rows of other code, too, and say so")
    parser.add_argument("--rendered", action="store_true", help="scenes through the camera and the detector")
    given = parser.parse_args()
    try:
        _main(given)
    except ModuleNotFoundError as error:
        cannot_run(f"{error.name} is missing; pip install 'stopline[sim]'")
    except StoplineError as error:
        cannot_run(str(error))


def _main(given: Namespace) -> None:
    quick: bool = given.quick
    eyes = PaintedEyes if given.rendered else TracksEyes
    code = fingerprint(ROOT) + ("-rendered" if given.rendered else "")
    kept = Kept(given.rows)
    wanted = list(_QUICK) if quick else _wanted(given)
    missing = [cell for cell in wanted if key_of(cell, code) not in kept.rows]
    if not given.show:
        _make([(cell, code, eyes) for cell in missing], kept, given.workers)
    rows = kept.wanted(wanted, code)
    if given.any_code:
        rows = [row for row in kept.rows.values() if row.part == given.part]
    if not rows:
        cannot_run("there are no rows of today's code; run it without --show first")
    milliseconds, grown_kib = cost(1200 if quick else 6000)
    tables = [_of_kind(kind, rows) for kind in KINDS]
    _print(tables, rows, milliseconds, grown_kib, len(missing))
    goals = _quick_goals(rows) if quick else _goals(tables, rows)
    goals.append(Goal(f"ms of rules and fusion per frame at {OBJECTS} objects", milliseconds, MOST_MS, at_least=False))
    goals.append(Goal("KiB more held after twice the time", grown_kib, 64.0, at_least=False))
    figures = {
        "rows": len(rows),
        "wanted": len(wanted),
        "camera_hours_quiet": sum(row.camera_s for row in rows if row.kind == "none") / 3600,
        "kinds": {
            table.kind: {
                "incidents": table.incidents,
                "detected": table.detected,
                "mean_delay_s": table.delay_s,
                "worst_delay_s": table.worst_s,
            }
            for table in tables
        },
        "false_alarms": _false_by_kind(rows),
        "ms_per_frame": milliseconds,
    }
    finish(goals, figures, given.json)


def _wanted(given: Namespace) -> list[Cell]:
    names: list[str] | None = given.kind
    unknown = sorted(set(names or ()) - {kind.value for kind in KINDS} - {"none"})
    if unknown:
        cannot_run(f"there is no kind {unknown[0]!r} here; use {', '.join(kind.value for kind in KINDS)} or none")
    kinds = [kind for kind in KINDS if names is None or kind.value in names]
    if given.rendered:
        # What the scenario's own timetable shows; the acts are of tracks.
        kinds = [kind for kind in kinds if kind in OF_TIMETABLE]
    each = given.each if given.each is not None else 3 if given.rendered else 20
    quiet_h = given.quiet_h if given.quiet_h is not None else 2.0 if given.rendered else 72.0
    lights: tuple[Light, ...] = ("day", "dusk", "night", "rain") if given.rendered else ("day", "night")
    quiet_s = quiet_h * 3600 if names is None or "none" in names else 0.0
    return cells(given.part, each, quiet_s, 600.0, kinds, lights)


def _make(orders: Sequence[tuple[Cell, str, MakeEyes]], kept: Kept, workers: int) -> None:
    console = Console(stderr=True)
    if workers > 1:
        with ProcessPoolExecutor(workers) as pool:
            made = [pool.submit(_run, order) for order in orders]
            for number, future in enumerate(as_completed(made), start=1):
                kept.add(future.result())
                _progress(console, number, len(orders), future.result())
        return
    for number, order in enumerate(orders, start=1):
        row = run_cell(*order)
        kept.add(row)
        _progress(console, number, len(orders), row)


def _run(order: tuple[Cell, str, MakeEyes]) -> Row:
    return run_cell(*order)


def _progress(console: Console, number: int, of: int, row: Row) -> None:
    word = "not brought about" if row.kind != "none" and not row.happened else ""
    if row.happened:
        word = "missed" if row.delay_s is None else f"noticed after {row.delay_s:.1f} s"
    false = f", {len(row.false_alarms)} FALSE: {row.false_alarms}" if row.false_alarms else ""
    console.print(f"{number}/{of} {row.kind} {row.light} {row.template} {row.seed}: {word}{false} ({row.took_s:.0f} s)")


def _of_kind(kind: K, rows: Sequence[Row]) -> KindTable:
    mine = [row for row in rows if row.kind == kind.value and row.happened]
    delays = [row.delay_s for row in mine if row.delay_s is not None]
    return KindTable(
        kind.value, len(mine), len(delays), mean(delays) if delays else None, max(delays) if delays else None
    )


def _false_by_kind(rows: Sequence[Row]) -> dict[str, int]:
    found: dict[str, int] = {}
    for row in rows:
        for alarm in row.false_alarms:
            found[str(alarm[0])] = found.get(str(alarm[0]), 0) + 1
    return found


def a_day(rows: Sequence[Row]) -> tuple[int, float]:
    """False alarms, and how many that is in a day of one camera. All rows count: quiet ones, and before and beside the
    happening of the others."""
    alarms = sum(len(row.false_alarms) for row in rows)
    days = sum(row.camera_s for row in rows) / 86400
    return alarms, alarms / days if days else math.nan


def _print(tables: Sequence[KindTable], rows: Sequence[Row], milliseconds: float, grown_kib: float, left: int) -> None:
    table = Table("kind", "incidents", "detected", "share", "mean s", "worst s", title="Incidents on simulated tracks")
    for one in tables:
        share = "–" if one.share is None else f"{100 * one.share:.0f} %"
        delay = "–" if one.delay_s is None else f"{one.delay_s:.1f}"
        worst = "–" if one.worst_s is None else f"{one.worst_s:.1f}"
        table.add_row(one.kind, str(one.incidents), str(one.detected), share, delay, worst)
    console = Console(width=120)
    console.print(table)
    quiet = [row for row in rows if row.kind == "none"]
    alarms, daily = a_day(rows)
    quiet_alarms = sum(len(row.false_alarms) for row in quiet)
    hours, quiet_h = sum(row.camera_s for row in rows) / 3600, sum(row.camera_s for row in quiet) / 3600
    console.print(
        f"false alarms: {alarms} in {hours:.1f} camera-hours ({daily:.2f} a camera-day) {_false_by_kind(rows)}"
    )
    console.print(f"of them {quiet_alarms} in {quiet_h:.1f} camera-hours of nothing")
    least = 3.0 / (quiet_h / 24) if quiet_h and not quiet_alarms else None
    if least is not None:
        console.print(f"none in so long says no more than: below {least:.2g} a camera-day (95 %, rule of three)")
    console.print(
        f"rules and fusion: {milliseconds:.2f} ms a frame at {OBJECTS} objects; {grown_kib:.0f} KiB more held"
    )
    if left:
        console.print(f"{left} runs were missing before this one")


def _goals(tables: Sequence[KindTable], rows: Sequence[Row]) -> list[Goal]:
    goals = []
    for one in tables:
        if one.share is None:
            continue
        limit_s = WITHIN_S.get(K(one.kind), USUAL_S)
        goals.append(Goal(f"share noticed, {one.kind}", one.share, LEAST_SHARE, at_least=True))
        goals.append(Goal(f"mean s to notice, {one.kind}", one.delay_s or math.inf, limit_s, at_least=False))
    goals.append(Goal("false alarms a camera-day", a_day(rows)[1], MOST_A_DAY, at_least=False))
    return goals


def _quick_goals(rows: Sequence[Row]) -> list[Goal]:
    happened = [row for row in rows if row.happened]
    share = sum(row.detected for row in happened) / len(happened) if happened else 0.0
    return [
        Goal("share noticed", share, 1.0, at_least=True),
        Goal("false alarms", float(sum(len(row.false_alarms) for row in rows)), 0.0, at_least=False),
    ]


def cost(frames: int) -> tuple[float, float]:
    """Milliseconds of rules and fusion per frame with 20 objects, and KiB more held after twice the time.

    Held is as long as the state is when written down. Vehicles come and go: what grows with them would show.
    """
    where = site()
    watch = IncidentWatch(where, CAMERA)
    book = IncidentBook(lambda _t_ns, number: f"i{number}")
    took_ns, held = 0, [0, 0]
    for index in range(frames):
        result, signal = _crowd(index / 10)
        before_ns = thread_time_ns()
        told = book.take(watch.update(result, signal, None, result.t_ns))
        if index % 10 == 0:
            told += book.tick(result.t_ns)
        took_ns += thread_time_ns() - before_ns
        if index + 1 in {frames // 2, frames}:
            held[index + 1 == frames] = len(pickle.dumps(watch, pickle.HIGHEST_PROTOCOL))
    return took_ns / 1e6 / frames, max(0.0, (held[1] - held[0]) / 1024)


def _crowd(t_s: float) -> tuple[VisionResult, SignalState]:
    """Twenty at once: a queue, drivers who come and go beside it, and people on the crossing."""
    number = round(t_s * 10)
    actors: list[Actor] = [stands(i + 1, 1.75, -2.0 - 7.5 * i) for i in range(8)]
    wave = int(t_s)
    for back in range(9):
        born = wave - back
        actors.append(drives(100 + born, -1.75, 11.0, from_s=float(born)))
    actors += [Actor(90 + i, _walk(i)) for i in range(3)]
    tracks = tuple(track for actor in actors if (track := actor.track(t_s)) is not None)[:OBJECTS]
    t_ns = round(t_s * NS_PER_S)
    red = SignalState(t_ns, {2: Interval.RED, 4: Interval.GREEN}, {2: 0, 4: 0})
    sight = Sight(t_ns, CAMERA, True)
    return VisionResult(t_ns, number, CAMERA, sight, Detections.empty(t_ns), tracks, (), (), ()), red


def _walk(i: int) -> Callable[[float], tuple[float, float]]:
    return lambda t_s: (-9.0 + abs((0.8 * t_s + 4 * i) % 28 - 14), 5.0)


if __name__ == "__main__":
    main()
