"""One series of one lane or approach, from the reading to the alarm; the state of it in one file.

Reading ─→ SensorCheck ─→ Ensemble ─→ Alarms
"""

from __future__ import annotations

import base64
import math
from dataclasses import dataclass
from typing import ClassVar, Final, Self

from edge.statistics.alarm import Alarm, Alarms, Quantity
from edge.statistics.ensemble import Ensemble, novelty_members
from edge.statistics.readings import check
from edge.statistics.seam import Reading, Score
from edge.statistics.sensor import Fault, SensorCheck
from edge.statistics.state import pack, unpack

LEARN_READINGS: Final = 100  # known readings before the estimators speak
MEMORY_S: Final = 10 * 86_400
LEARN_DAYS: Final = 1.0  # and at least a whole day of them: a first evening is no incident


@dataclass(frozen=True, slots=True)
class Said:
    """What is made of one reading. learning_until_s: seconds since 1970, None
    once it has learned; there is no alarm before.

    fault: what the sensor does; its value then counts as unknown. fault_began: told once.
    """

    score: Score | None
    alarm: Alarm | None
    fault: Fault | None
    fault_began: bool
    learning_until_s: int | None


class SeriesWatch:
    """A quantity of one sensor. threshold: evidence in bars, from `tune` or the default of docs/statistics.md."""

    name: ClassVar[str] = "series"
    version: ClassVar[int] = 1

    def __init__(
        self,
        quantity: Quantity,
        *,
        threshold: float = 3.0,
        rest_readings: int = 100,
        ensemble: Ensemble | None = None,
        interval_s: int = 60,
    ) -> None:
        """interval_s: of one reading. ensemble: the three novelties, with ten days of memory, where left out."""
        self._settings = (quantity, threshold, rest_readings, interval_s)
        self._check = SensorCheck()
        memory = max(3000, MEMORY_S // interval_s)
        self._ensemble = ensemble or Ensemble(novelty_members(memory))
        self._alarms = Alarms(quantity, threshold, rest_readings=rest_readings)
        self._known = 0
        self._first_s: int | None = None
        self._last_s: int | None = None

    def update(self, reading: Reading) -> Said:
        """InputError where the reading is not after the one before or has not one value."""
        check(self.name, self._last_s, 1, reading)
        self._last_s = reading.moment.unix_s
        (value,) = reading.values
        checked = self._check.check(reading.moment, value if value is not None and math.isfinite(value) else None)
        score = self._ensemble.update(checked.reading)
        if checked.reading.values[0] is not None:
            self._known = min(self._known + 1, LEARN_READINGS + 1)
            self._first_s = reading.moment.unix_s if self._first_s is None else self._first_s
        until = self._learning_until_s(reading.moment.unix_s)
        alarm = self._alarms.update(reading.moment, score if until is None else None)
        return Said(score, alarm, checked.fault, checked.began, until)

    def _learning_until_s(self, now_s: int) -> int | None:
        """When it will have learned, if readings keep coming; None once it has."""
        first_s = now_s if self._first_s is None else self._first_s
        missing = max(LEARN_READINGS + 1 - self._known, 0)
        until_s = max(first_s + int(LEARN_DAYS * 86_400), now_s + missing * self._settings[3])
        return until_s if until_s > now_s or missing else None

    def retune(self, threshold: float) -> None:
        """Another threshold from now on; what was learned stays."""
        quantity, _, rest, interval_s = self._settings
        self._settings = (quantity, threshold, rest, interval_s)
        kept = self._alarms.fields()
        self._alarms = Alarms(quantity, threshold, rest_readings=rest)
        self._alarms.take_back(kept)

    def save(self) -> bytes:
        """All of it."""
        fields, arrays = self._check.learned()
        whole = {
            "settings": list(self._settings),
            "check": fields,
            "ensemble": base64.b64encode(self._ensemble.save()).decode(),
            "alarms": self._alarms.fields(),
            "known": self._known,
            "first_s": self._first_s,
            "last_s": self._last_s,
        }
        return pack(self.name, self.version, whole, arrays)

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on from a saved state. InputError where it is not one of this version."""
        fields, arrays = unpack(cls.name, cls.version, state)
        quantity, threshold, rest, interval_s = fields["settings"]
        made = cls(
            Quantity(quantity),
            threshold=threshold,
            rest_readings=rest,
            ensemble=Ensemble.restore(base64.b64decode(fields["ensemble"])),
            interval_s=interval_s,
        )
        made._check.take_back(fields["check"], arrays)
        made._alarms.take_back(fields["alarms"])
        made._known, made._first_s, made._last_s = fields["known"], fields["first_s"], fields["last_s"]
        return made
