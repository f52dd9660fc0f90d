"""A sensor that says what cannot be: negative, frozen, or nothing at an hour when there is always something.

What it says is then unknown, so that no chart learns from it or alarms on it, and the fault is told once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Final

from edge.incident import Severity
from edge.statistics.profile import Profile
from edge.statistics.seam import Moment, Reading
from edge.statistics.state import Arrays

LEAST_RUN: Final = 12  # equal readings below which nothing is called frozen
LONGER: Final = 3  # times the longest run of equal readings so far
VARIED: Final = 100  # changes seen before a sensor is known to vary
ZERO_RUN: Final = 3  # zeros in a row
ZERO_SPREADS: Final = 4.0  # the usual is this many spreads above zero
KNOWS_DAY: Final = 3.0  # days of readings before an hour is known


class Fault(StrEnum):
    """What a sensor does that a street cannot."""

    NEGATIVE = "negative"
    FROZEN = "frozen"
    ZERO = "zero_when_never_empty"


#: Its class is always IncidentKind.SENSOR_FAULT. A silent sensor starves a green, so it comes first.
FAULT_SEVERITIES: Final[Mapping[Fault, Severity]] = {
    Fault.NEGATIVE: Severity.LOW,
    Fault.FROZEN: Severity.MEDIUM,
    Fault.ZERO: Severity.HIGH,
}


@dataclass(frozen=True, slots=True)
class Checked:
    """The reading as it may be used (values unknown while the sensor is at fault), and the fault, if any.

    began: this reading is the first of the fault.
    """

    reading: Reading
    fault: Fault | None
    began: bool


class SensorCheck:
    """One sensor's value. A series that never varied is constant, not frozen."""

    def __init__(self, *, slot_s: int = 900) -> None:
        self._profile = Profile(slot_s=slot_s)
        self._first_s: int | None = None
        self._value: float | None = None
        self._run = 0
        self._longest = 0
        self._changes = 0
        self._zeros = 0
        self._fault: Fault | None = None

    def check(self, moment: Moment, value: float | None) -> Checked:
        """The reading, cleaned. None stays None and ends no fault."""
        if self._first_s is None:
            self._first_s = moment.unix_s
        if value is None:
            return Checked(Reading(moment, (None,)), self._fault, began=False)
        fault = self._look(moment, value)
        if fault is None:
            self._profile.learn(moment, value)
        began = fault is not None and fault is not self._fault
        self._fault = fault
        return Checked(Reading(moment, (value if fault is None else None,)), fault, began)

    def _look(self, moment: Moment, value: float) -> Fault | None:
        if value < 0:
            return Fault.NEGATIVE
        if value == self._value:
            self._run += 1
        else:
            if self._value and self._fault is not Fault.FROZEN:  # runs of zero are nights
                self._longest = max(self._longest, min(self._run, LEAST_RUN * LONGER))
            self._value, self._run = value, 1
            self._changes = min(self._changes + 1, VARIED)
        if value and self._changes >= VARIED and self._run >= max(LEAST_RUN, LONGER * self._longest):
            return Fault.FROZEN
        self._zeros = min(self._zeros + 1, ZERO_RUN) if value == 0 else 0
        usual = self._profile.usual(moment)
        known = moment.unix_s - (self._first_s or 0) >= KNOWS_DAY * 86_400
        if known and usual is not None and self._zeros >= ZERO_RUN and usual.level > ZERO_SPREADS * usual.spread:
            return Fault.ZERO
        return None

    def learned(self) -> tuple[dict[str, Any], Arrays]:
        """What JSON holds of it, and arrays."""
        fields = {
            "first_s": self._first_s,
            "value": self._value,
            "run": self._run,
            "longest": self._longest,
            "changes": self._changes,
            "zeros": self._zeros,
            "fault": self._fault,
            **self._profile.fields(),
        }
        return fields, self._profile.arrays()

    def take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        """The reverse."""
        self._first_s, self._value = fields["first_s"], fields["value"]
        self._run, self._longest = fields["run"], fields["longest"]
        self._changes, self._zeros = fields["changes"], fields["zeros"]
        self._fault = None if fields["fault"] is None else Fault(fields["fault"])
        self._profile.take_back(fields, arrays)
