"""What estimators of one value have in common: the seam's manners, so that each need only judge."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from typing import Any, ClassVar, Self

import numpy as np

from edge.statistics.readings import check, known
from edge.statistics.seam import Moment, Reading, Score
from edge.statistics.state import Arrays, pack, unpack


class OneValue(ABC):
    """An estimator of readings with one value. settings: what it was made with, kept with its state."""

    name: ClassVar[str]
    version: ClassVar[int]

    def __init__(self, **settings: float) -> None:
        """settings are given back to the constructor when a state is restored."""
        self._settings = settings
        self._last_unix_s: int | None = None

    def update(self, reading: Reading) -> Score | None:
        """As the seam says: judged by what was learned before, then learned from."""
        check(self.name, self._last_unix_s, 1, reading)
        self._last_unix_s = reading.moment.unix_s
        values = known(reading)
        return None if values is None else self._judge(reading.moment, values[0])

    @abstractmethod
    def _judge(self, moment: Moment, value: float) -> Score | None:
        """The score of a known value, None while learning; then learn from it."""

    @abstractmethod
    def _learned(self) -> tuple[Mapping[str, Any], Arrays]:
        """What JSON holds, and arrays."""

    @abstractmethod
    def _take_back(self, fields: Mapping[str, Any], arrays: Arrays) -> None:
        """The reverse."""

    def save(self) -> bytes:
        """All that is needed to go on."""
        fields, arrays = self._learned()
        whole = {"settings": self._settings, "last_unix_s": self._last_unix_s, "learned": dict(fields)}
        return pack(self.name, self.version, whole, arrays)

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on from a saved state. InputError where it is not one of this estimator and version."""
        fields, arrays = unpack(cls.name, cls.version, state)
        made = cls(**fields["settings"])
        made._last_unix_s = fields["last_unix_s"]
        made._take_back(fields["learned"], arrays)
        return made


def empty() -> Arrays:
    """No arrays."""
    return dict[str, np.ndarray[Any, Any]]()
