"""What every estimator asks of a reading before it looks at it."""

from __future__ import annotations

import math

from edge.errors import InputError
from edge.statistics.seam import Reading


def check(name: str, last_unix_s: int | None, width: int | None, reading: Reading) -> None:
    """InputError where the reading is not after the last one, or has another number of values.

    last_unix_s and width are None before the first reading.
    """
    if last_unix_s is not None and reading.moment.unix_s <= last_unix_s:
        raise InputError(
            f"{name}: reading of {reading.moment.unix_s} s is not after the one before ({last_unix_s} s); "
            "give readings in order of time"
        )
    if width is not None and len(reading.values) != width:
        raise InputError(f"{name}: reading has {len(reading.values)} values, those before had {width}")


def known(reading: Reading) -> tuple[float, ...] | None:
    """The values where each is a finite number, else None: nan and inf are unknown too."""
    values = tuple(v for v in reading.values if v is not None and math.isfinite(v))
    return values if len(values) == len(reading.values) else None
