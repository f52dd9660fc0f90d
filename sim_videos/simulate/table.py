"""The table that a simulation ends with: one row a measure, one column a run."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from sim_videos.simulate.result import Eyesight, Run

UNKNOWN = "–"


@dataclass(frozen=True, slots=True)
class Row:
    """One measure. cells stand in the order of the runs; unknown is a dash."""

    name: str
    cells: tuple[str, ...]


def rows(runs: Sequence[Run]) -> list[Row]:
    """Delay, stops, throughput and queues of every run; how well it was seen where a camera looked."""
    table = [
        _row("delay a vehicle", runs, lambda run: _seconds(run.all.delay_s)),
        _row("stops a vehicle", runs, lambda run: _number(run.all.stops, 2)),
        _row("vehicles, of them through", runs, lambda run: f"{run.all.vehicles}, {run.all.arrived}"),
        _row("queued, mean of all lanes", runs, lambda run: _number(run.mean_queue, 1)),
        _row("longest queue of a lane", runs, lambda run: UNKNOWN if run.max_queue is None else str(run.max_queue)),
        _row("changes of phases", runs, lambda run: str(run.phase_changes)),
    ]
    if any(run.eyesight is not None for run in runs):
        table += [
            _seen("counting effectiveness", runs, lambda sight: _number(sight.effectiveness, 3)),
            _seen("counted, of", runs, _counted),
            _seen("speed error, median", runs, lambda sight: _percent(sight.speed_error)),
            _seen("place error, median", runs, lambda sight: _metres(sight.position_error_m)),
            _seen("queue error, median", runs, lambda sight: _number(sight.queue_error, 1)),
            _seen("cameras blind", runs, lambda sight: _seconds(sight.blind_s)),
            _seen("detector a picture", runs, lambda sight: _milliseconds(sight.detector_ms)),
        ]
    return table


def movement_rows(runs: Sequence[Run]) -> list[Row]:
    """Mean delay of every movement in every run."""
    movements = list(dict.fromkeys(name for run in runs for name in run.movements))
    return [Row(name, tuple(_delay(run, name) for run in runs)) for name in movements]


def _delay(run: Run, movement: str) -> str:
    return _seconds(run.movements[movement].delay_s if movement in run.movements else None)


def _row(name: str, runs: Sequence[Run], cell: Callable[[Run], str]) -> Row:
    return Row(name, tuple(cell(run) for run in runs))


def _seen(name: str, runs: Sequence[Run], cell: Callable[[Eyesight], str]) -> Row:
    return Row(name, tuple(UNKNOWN if run.eyesight is None else cell(run.eyesight) for run in runs))


def _counted(sight: Eyesight) -> str:
    ours = sum(one.ours for one in sight.counts.values())
    true = sum(one.true for one in sight.counts.values())
    return f"{ours} of {true}"


def _number(value: float | None, digits: int) -> str:
    return UNKNOWN if value is None else f"{value:.{digits}f}"


def _seconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f} s"


def _metres(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2f} m"


def _percent(value: float | None) -> str:
    return UNKNOWN if value is None else f"{100 * value:.1f} %"


def _milliseconds(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.1f} ms"
