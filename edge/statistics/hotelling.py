"""How far all values together lie from what is usual at this hour: Hotelling's T² with a robust covariance.

Hotelling (1947), "Multivariate quality control". Centre and covariance are kept for each part of the
day, weighted towards the recent past, and clipped: a reading at T² pulls with the weight limit / T²
where that is below 1 (a one-step M-estimate after Maronna, 1976), so that an incident of an hour does
not widen the ellipse by which the next is judged. What clipping takes from the covariance is given
back by holding the median of T² at that of chi². Correlations are shrunk towards none
(Ledoit and Wolf, 2004, with a fixed share), so that few readings still give an ellipse with an area.
"""

from __future__ import annotations

import math
from typing import ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.statistics.readings import check, known
from edge.statistics.seam import Reading, Score
from edge.statistics.state import pack, unpack

Floats = NDArray[np.float64]

DAY_S: Final = 86_400
CLIP_SD: Final = 3.0  # beyond this many standard deviations a reading pulls no harder
SHRINK: Final = 0.05
FLOOR: Final = 1e-3  # the least standard deviation, as a share of the centre: counts of a quiet lane
QUANTILE_STEP: Final = 0.01


class Hotelling:
    """T, the root of T², of a reading with any number of values, 1 being one standard deviation out.

    Values that are alike all the time have no ellipse: they score 0 until they differ.
    """

    name: ClassVar[str] = "hotelling"
    version: ClassVar[int] = 1

    def __init__(self, *, parts_of_day: int = 24, memory_readings: int = 400, learn_readings: int = 40) -> None:
        """parts_of_day: each has its own centre and ellipse. memory_readings: of one part, beyond which it forgets.

        learn_readings: of one part, before it speaks. InputError where these make no sense.
        """
        if parts_of_day < 1 or not 2 <= learn_readings <= memory_readings:
            raise InputError(
                f"hotelling: parts_of_day {parts_of_day}, learn_readings {learn_readings}, memory_readings "
                f"{memory_readings}; give at least 1 part and 2 <= learn_readings <= memory_readings"
            )
        self._parts = parts_of_day
        self._memory = memory_readings
        self._learn = learn_readings
        self._last_unix_s: int | None = None
        self._count = np.zeros(parts_of_day, np.int64)
        self._centre: Floats = np.zeros((parts_of_day, 0))
        self._spread: Floats = np.zeros((parts_of_day, 0, 0))
        self._log_scale = 0.0

    def update(self, reading: Reading) -> Score | None:
        """The score by what was learned before, then learn from it. InputError as the seam says."""
        width = self._centre.shape[1] or None
        check(self.name, self._last_unix_s, width, reading)
        self._last_unix_s = reading.moment.unix_s
        values = known(reading)
        if values is None:
            return None
        x = np.array(values)
        if width is None:
            self._centre = np.zeros((self._parts, len(x)))
            self._spread = np.zeros((self._parts, len(x), len(x)))
        part = reading.moment.week_s % DAY_S * self._parts // DAY_S
        t2, off = self._distance(part, x)
        told = self._score(part, t2, off) if self._count[part] >= self._learn else None
        self._take(part, x, t2)
        return told

    def _distance(self, part: int, x: Floats) -> tuple[float, Floats]:
        """T² before it is scaled, and how far off each value is in its own standard deviations."""
        off = x - self._centre[part]
        if self._count[part] < 2 or not off.any():
            return 0.0, np.zeros_like(off)
        spread = self._spread[part]
        sd = np.sqrt(np.diag(spread))
        sd = np.maximum(sd, FLOOR * np.abs(self._centre[part]) + 1e-9)
        z = off / sd
        alike = (1 - SHRINK) * spread / np.outer(sd, sd)
        np.fill_diagonal(alike, 1.0)
        return float(z @ np.linalg.solve(alike, z)), z

    def _score(self, part: int, t2: float, z: Floats) -> Score:
        value = math.sqrt(t2 / math.exp(self._log_scale))
        worst = int(np.argmax(np.abs(z)))
        return Score(
            value,
            direction=int(np.sign(z[worst])),
            expected=tuple(float(v) for v in self._centre[part]),
            evidence={"t_squared": value * value, "worst_value": float(worst), "worst_sd": float(z[worst])},
        )

    def _take(self, part: int, x: Floats, t2: float) -> None:
        count = int(self._count[part])
        self._count[part] = min(count + 1, self._memory)
        if count == 0:
            self._centre[part] = x
            return
        limit = len(x) * CLIP_SD**2 * math.exp(self._log_scale)
        weight = 1.0 if count < self._learn or t2 <= limit else limit / t2
        share = weight / (count + 1)
        off = x - self._centre[part]
        self._centre[part] += share * off
        self._spread[part] = (1 - share) * (self._spread[part] + share * np.outer(off, off))
        if count >= self._learn and off.any():
            # Wilson and Hilferty: the median of chi² with p degrees of freedom.
            usual = len(x) * (1 - 2 / (9 * len(x))) ** 3
            self._log_scale += math.copysign(QUANTILE_STEP, t2 - usual * math.exp(self._log_scale))

    def save(self) -> bytes:
        """All that is learned: parts_of_day × (values + values²) numbers."""
        fields = {
            "parts": self._parts,
            "memory": self._memory,
            "learn": self._learn,
            "last_unix_s": self._last_unix_s,
            "log_scale": self._log_scale,
        }
        arrays = {"count": self._count, "centre": self._centre, "spread": self._spread}
        return pack(self.name, self.version, fields, arrays)

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on from a saved state. InputError where it is not one of this version."""
        fields, arrays = unpack(cls.name, cls.version, state)
        made = cls(parts_of_day=fields["parts"], memory_readings=fields["memory"], learn_readings=fields["learn"])
        made._last_unix_s = fields["last_unix_s"]
        made._log_scale = fields["log_scale"]
        made._count, made._centre, made._spread = arrays["count"], arrays["centre"], arrays["spread"]
        return made
