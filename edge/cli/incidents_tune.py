"""The threshold of the statistics that keeps to a number of false alarms, from a site's own past."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from rich.console import Console
from rich.table import Table

from edge.cli.incidents_series import Series
from edge.errors import InputError
from edge.statistics.alarm import Quantity
from edge.statistics.budget import alarms, tune, typical_interval_s
from edge.statistics.watch import SeriesWatch

#: After an alarm there is rest for so many readings, as in `edge.statistics.alarm`.
REST_READINGS = 100
#: The name of the row for all quantities together, whose threshold is `alarm_threshold` of a site.
ALL = "all"


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
    """A threshold for each quantity, and one for all together.

    InputError where none has readings from after the estimators have learned.
    """
    if alarms_per_day <= 0:
        raise InputError(f"--alarms-per-day {alarms_per_day:g}: give more than 0")
    every = [(one, _evidence(one)) for one in series]
    known = [(one, said) for one, said in every if any(value is not None for value in said)]
    if not known:
        raise InputError("too few readings: the statistics are still learning; give a week or more")
    rows = []
    for quantity in dict.fromkeys(one.quantity for one, _ in known):
        mine = [pair for pair in known if pair[0].quantity == quantity]
        rows.append(_tuned(quantity, mine, alarms_per_day))
    return [*rows, _tuned(ALL, known, alarms_per_day)]


def _tuned(quantity: str, known: Sequence[tuple[Series, Sequence[float | None]]], alarms_per_day: float) -> Tuned:
    days = sum(one.days for one, _ in known)
    threshold = tune([(said, REST_READINGS) for _, said in known], alarms_per_day, days, least=1.0)
    count = sum(len(alarms(said, threshold, REST_READINGS)) for _, said in known)
    return Tuned(quantity, len(known), days, threshold, count, sum(one.left_out for one, _ in known))


def _evidence(series: Series) -> list[float | None]:
    """What a cabinet would have made of each reading; None while it learned, and where the reading is unknown."""
    times_s = [reading.moment.unix_s for reading in series.readings]
    interval_s = max(1, round(typical_interval_s(times_s))) if len(times_s) > 1 else 60
    # The quantity only names an alarm; nothing is alarmed here.
    watch = SeriesWatch(Quantity.FLOW, interval_s=interval_s)
    said = [watch.update(reading) for reading in series.readings]
    return [None if one.score is None or one.learning_until_s is not None else one.score.value for one in said]


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
        f"for [incidents] of the site: alarm_threshold = {rows[-1].threshold:.2f}", highlight=False, markup=False
    )
    console.print(
        f"the least threshold with no more than {alarms_per_day:g} alarms per sensor-day of this past, every one of "
        "them taken as false",
        highlight=False,
    )
    left_out = sum(row.left_out for row in rows)
    if left_out:
        console.print(f"[yellow]note[/] {left_out} readings left out: their time did not go forward", highlight=False)
