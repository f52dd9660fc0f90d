"""The threshold of the statistics that keeps to a number of false alarms, from a site's own past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.cli.incidents_series import Series
from edge.errors import InputError
from edge.statistics.budget import alarms, tune
from edge.statistics.ensemble import Ensemble

#: After an alarm there is rest for so many readings, as in `edge.statistics.alarm`.
REST_READINGS = 100


@dataclass(frozen=True, slots=True)
class Tuned:
    """One quantity over all its sensors. alarms: how many the threshold would have given in that past."""

    quantity: str
    sensors: int
    days: float
    threshold: float
    alarms: int
    left_out: int

    def to_json(self) -> dict[str, Any]:
        """For `--json`."""
        return {
            "quantity": self.quantity,
            "sensors": self.sensors,
            "sensor_days": round(self.days, 3),
            "threshold": round(self.threshold, 4),
            "alarms": self.alarms,
            "left_out": self.left_out,
        }


def tuned(series: Sequence[Series], alarms_per_day: float) -> list[Tuned]:
    """A threshold for each quantity. InputError where none has readings from after the estimators have learned."""
    if alarms_per_day <= 0:
        raise InputError(f"--alarms-per-day {alarms_per_day:g}: give more than 0")
    rows = []
    for quantity in dict.fromkeys(one.quantity for one in series):
        mine = [one for one in series if one.quantity == quantity]
        evidence = [_evidence(one) for one in mine]
        if any(value is not None for values in evidence for value in values):
            rows.append(_tuned(quantity, mine, evidence, alarms_per_day))
    if not rows:
        raise InputError("too few readings: the statistics are still learning; give a week or more")
    return rows


def _tuned(
    quantity: str, series: Sequence[Series], evidence: Sequence[Sequence[float | None]], alarms_per_day: float
) -> Tuned:
    days = sum(one.days for one in series)
    threshold = tune([(values, REST_READINGS) for values in evidence], alarms_per_day, days)
    count = sum(len(alarms(values, threshold, REST_READINGS)) for values in evidence)
    return Tuned(quantity, len(series), days, threshold, count, sum(one.left_out for one in series))


def _evidence(series: Series) -> list[float | None]:
    """What the ensemble said of each reading; None while it learned, and where the reading is unknown."""
    ensemble = Ensemble()
    said = [ensemble.update(reading) for reading in series.readings]
    return [None if score is None else score.value for score in said]


def print_tuned(rows: Sequence[Tuned], alarms_per_day: float) -> None:
    """A row a quantity, and how to read it."""
    console = Console()
    table = Table("quantity", box=None, pad_edge=False)
    for column in ("sensors", "sensor-days", "threshold", "alarms in them"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(row.quantity, str(row.sensors), f"{row.days:.1f}", f"{row.threshold:.3f}", str(row.alarms))
    console.print(table)
    console.print(
        f"the least threshold with no more than {alarms_per_day:g} alarms per sensor-day of this past, every one of "
        "them taken as false",
        highlight=False,
    )
    left_out = sum(row.left_out for row in rows)
    if left_out:
        console.print(f"[yellow]note[/] {left_out} readings left out: their time did not go forward", highlight=False)
