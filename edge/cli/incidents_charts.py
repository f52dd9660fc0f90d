"""Control charts of a site's series, from a CSV file or a collector's database, as one page."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from zoneinfo import ZoneInfo

from calibration.site import Site
from edge.cli.incidents_series import Series, of_collector, of_file
from edge.errors import InputError
from edge.replay.charts_page import Charted, write
from edge.statistics.alarm import Quantity
from edge.statistics.followed import follow

_UNITS = {
    Quantity.FLOW: "vehicles an hour",
    Quantity.SPEED: "m/s",
    Quantity.OCCUPANCY: "share of time",
    Quantity.QUEUE: "vehicles",
    Quantity.WAIT: "s",
}
_SQLITE = b"SQLite format 3\0"


@dataclass(frozen=True, slots=True)
class Drawn:
    """What the page holds."""

    series: int
    alarms: int
    faults: int


def draw(source: str, site: Site, out: Path, days: float, only: str | None) -> Drawn:
    """Write the page. InputError where the source is wrong, holds no readings, or `only` names no series."""
    if not out.parent.is_dir():
        raise InputError(f"--out {out}: {out.parent} is no folder; give a file in a folder that is there")
    if out.is_dir():
        raise InputError(f"--out {out}: is a folder; give a file, like {out / 'charts.html'}")
    zone = ZoneInfo(site.timezone)
    from_database = is_database(source)
    every = of_collector(source, days, zone) if from_database else of_file(Path(source), zone)
    if not any(one.readings for one in every):
        raise InputError(f"{source}: holds no readings; give a series with a line for each reading")
    found = [one for one in every if only is None or only in _name(one)]
    if not found:
        raise InputError(f"--only {only}: is in the name of no series; there are {', '.join(map(_name, every))}")
    threshold = site.incidents.alarm_threshold
    charted = [_charted(one, threshold, known_units=from_database) for one in found]
    write(out, charted, site.name, _shown(source), zone, threshold)
    marks = [mark for one in charted for mark in one.followed.marks]
    alarms = sum(mark.ratio is not None for mark in marks)
    return Drawn(len(charted), alarms, len(marks) - alarms)


def is_database(source: str) -> bool:
    """Whether it is a URL or an SQLite file; all else is read as CSV."""
    if "://" in source:
        return True
    try:
        with Path(source).open("rb") as file:
            return file.read(len(_SQLITE)) == _SQLITE
    except OSError:
        return False


def _shown(source: str) -> str:
    # A database's URL may hold a password; a page is sent around.
    return "a collector's database" if "://" in source else Path(source).name


def quantity_of(column: str) -> Quantity | None:
    """`occupancy`, `EB1.flow`: what the last word of a column's name says; None where it is none of them."""
    word = column.rsplit(".", 1)[-1].strip().lower()
    return Quantity(word) if word in set(Quantity) else None


def _charted(one: Series, threshold: float, *, known_units: bool) -> Charted:
    quantity = quantity_of(one.quantity)
    # What a file's numbers are measured in only its maker knows.
    unit = _UNITS[quantity] if known_units and quantity is not None else None
    return Charted(_name(one), unit, follow(one.readings, quantity, threshold), one.left_out)


def _name(one: Series) -> str:
    return f"{one.sensor} {one.quantity}"
