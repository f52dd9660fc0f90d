"""Estimators whose model is fitted anew on a schedule, beside the loop, and put in place between two readings.

    reading ─→ features ─→ scored by the model in use ─→ kept in the window
                                    ↑ taken, at a reading, once done
       every refit_s: window ─→ Refits (another process)

The fit starts at a reading and is taken at the first reading lead_s or more after it that finds it done.
With lead_s longer than a fit takes, replays repeat exactly wherever fits are made.
"""

from __future__ import annotations

import math
from concurrent.futures.process import BrokenProcessPool
from typing import Any, ClassVar, Final, Self

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError
from edge.statistics.learned import models
from edge.statistics.learned.refit import InlineRefits, Refits
from edge.statistics.readings import check, known
from edge.statistics.seam import Reading, Score
from edge.statistics.state import Arrays, pack, unpack

Floats = NDArray[np.float64]

DAY_S: Final = 86_400
HIGH: Final = 0.99  # the quantile of the window's own oddness that scores 1
CHECKED: Final = 200  # rows of the window by which a model's usual oddness is found


class Refitted:
    """What the four have in common; a subclass names the model.

    The score is the model's oddness above the usual, 1 being what one reading in a hundred of the
    window reaches, never below 0.
    """

    name: ClassVar[str] = "refitted"
    version: ClassVar[int] = 1
    model: ClassVar[models.Model]

    def __init__(
        self,
        *,
        window: int = 2_000,
        learn_readings: int = 200,
        refit_s: int = DAY_S,
        lead_s: int = 600,
        seed: int = 0,
        refits: Refits | None = None,
    ) -> None:
        """window: readings kept and fitted to. refits: in this process where left out.

        InputError where the lengths make no sense, ModelError without scikit-learn.
        """
        models.need_scikit_learn()
        if not 30 <= learn_readings <= window or refit_s <= lead_s or lead_s < 0:
            raise InputError(
                f"{self.name}: learn_readings {learn_readings}, window {window}, refit_s {refit_s}, lead_s {lead_s}; "
                "give 30 <= learn_readings <= window and 0 <= lead_s < refit_s"
            )
        self._settings = {
            "window": window,
            "learn_readings": learn_readings,
            "refit_s": refit_s,
            "lead_s": lead_s,
            "seed": seed,
        }
        self._refits: Refits = refits or InlineRefits()
        self._last_unix_s: int | None = None
        self._rows: Floats = np.zeros((0, 0))  # (window, values + 2): oldest overwritten
        self._taken = 0
        self._started_s: int | None = None  # a fit under way, and what it is fitted to
        self._pending: Floats = np.zeros((0, 0))
        self._fitted_s: int | None = None
        self._scale: Arrays = {}
        self._found: Arrays = {}
        self.failed_fits = 0

    def use(self, refits: Refits) -> None:
        """Make further fits there; one under way is started again."""
        self._refits = refits
        if self._started_s is not None:
            self._begin(self._pending)

    def update(self, reading: Reading) -> Score | None:
        """The score by the model in use, then keep the reading. InputError as the seam says."""
        width = self._rows.shape[1] - 2 if self._taken else None
        check(self.name, self._last_unix_s, width, reading)
        self._last_unix_s = reading.moment.unix_s
        values = known(reading)
        if values is None:
            return None
        turn = 2 * math.pi * reading.moment.week_s / DAY_S
        row = np.array([*values, math.cos(turn), math.sin(turn)])
        if not self._taken:
            self._rows = np.zeros((self._settings["window"], len(row)))
        self._swap(reading.moment.unix_s)
        told = self._score(row) if self._found else None
        self._rows[self._taken % len(self._rows)] = row
        self._taken += 1
        self._schedule(reading.moment.unix_s)
        return told

    def _score(self, row: Floats) -> Score:
        values = row[:-2]
        centre, spread = self._found["centre"], self._found["spread"]
        scaled = _scaled(row, centre, spread)
        expected = tuple(float(v) for v in centre)
        if not scaled[:-2].any() and not (self._found["high_low"][0] - self._found["high_low"][1]).any():
            return Score(0.0, expected=expected)  # one value all the time, and this is it
        usual, high = self._found["bounds"]
        odd = self.model.odd(self._found, scaled)
        worst = int(np.argmax(np.abs(scaled[:-2])))
        return Score(
            max(0.0, (odd - usual) / (high - usual)),
            direction=int(np.sign(values[worst] - centre[worst])),
            expected=expected,
            evidence={"oddness": odd, "worst_value": float(worst), "model_age_s": self._age_s()},
        )

    def _age_s(self) -> float:
        return float((self._last_unix_s or 0) - (self._fitted_s or 0))

    def _schedule(self, now_s: int) -> None:
        """Start a fit where one is due."""
        if self._started_s is not None or self._taken < self._settings["learn_readings"]:
            return
        if self._fitted_s is not None and now_s - self._fitted_s < self._settings["refit_s"]:
            return
        kept = min(self._taken, len(self._rows))
        self._started_s = now_s
        # Oldest first, so that a restored window is fitted in the same order.
        order = (np.arange(kept) + (self._taken - kept)) % len(self._rows)
        self._begin(self._rows[order])

    def _begin(self, rows: Floats) -> None:
        self._pending = rows
        values = rows[:, :-2]
        centre = np.median(values, axis=0)
        low, high = np.quantile(values, [0.05, 0.95], axis=0)
        spread = np.maximum(high - low, 0.01 * np.abs(centre) + 1e-9)
        self._scale = {
            "centre": centre,
            "spread": spread,
            "high_low": np.stack([values.max(axis=0), values.min(axis=0)]),
        }
        self._refits.start(self.model.fit, _scaled(rows, centre, spread), self._settings["seed"])

    def _swap(self, now_s: int) -> None:
        """Put a model in place that is done and due; a fit that failed is counted and tried next time."""
        if self._started_s is None or now_s - self._started_s < self._settings["lead_s"]:
            return
        try:
            found = self._refits.take()
        except (ValueError, MemoryError, BrokenProcessPool):
            self.failed_fits += 1
            self._started_s, self._fitted_s = None, now_s
            return
        if found is None:
            return
        rows = _scaled(self._pending, self._scale["centre"], self._scale["spread"])
        some = rows[:: max(1, len(rows) // CHECKED)]
        odd = np.array([self.model.odd(found, row) for row in some])
        usual, high = np.quantile(odd, [0.5, HIGH])
        # One assignment: whoever looks sees the old model or the new one.
        self._found = {**found, **self._scale, "bounds": np.array([usual, max(high, usual + 1e-6)])}
        self._fitted_s, self._started_s = self._started_s, None
        self._pending = np.zeros((0, 0))

    def save(self) -> bytes:
        """Window, model, and what a fit under way is fitted to."""
        fields = {
            **self._settings,
            "last_unix_s": self._last_unix_s,
            "taken": self._taken,
            "started_s": self._started_s,
            "fitted_s": self._fitted_s,
            "failed_fits": self.failed_fits,
        }
        arrays = {"rows": self._rows, "pending": self._pending, **{f"found_{k}": v for k, v in self._found.items()}}
        return pack(self.name, self.version, fields, arrays)

    @classmethod
    def restore(cls, state: bytes) -> Self:
        """Go on from a saved state; `use` says where fits are made. InputError where it is not one of this version."""
        fields, arrays = unpack(cls.name, cls.version, state)
        settings: dict[str, Any] = {
            key: fields[key] for key in ("window", "learn_readings", "refit_s", "lead_s", "seed")
        }
        made = cls(**settings)
        made._last_unix_s, made._taken = fields["last_unix_s"], fields["taken"]
        made._fitted_s, made.failed_fits = fields["fitted_s"], fields["failed_fits"]
        made._rows = arrays["rows"]
        made._found = {key.removeprefix("found_"): array for key, array in arrays.items() if key.startswith("found_")}
        made._started_s = fields["started_s"]
        if made._started_s is not None:
            made._begin(arrays["pending"])
        return made


def _scaled(rows: Floats, centre: Floats, spread: Floats) -> Floats:
    """Values in their spread about their centre; the time of day as it is. One row (n,) or many (m, n)."""
    out = rows.copy()
    out[..., :-2] = (rows[..., :-2] - centre) / spread
    return out


class IsolationForest(Refitted):
    """How quickly random cuts leave a reading alone."""

    name = "isolation_forest"
    model = models.FOREST


class OneClassSvm(Refitted):
    """How far a reading lies beyond the boundary around the window."""

    name = "one_class_svm"
    model = models.BOUNDARY


class LocalOutlierFactor(Refitted):
    """How much thinner readings lie about this one than about its neighbours."""

    name = "local_outlier_factor"
    model = models.NEIGHBOURHOOD


class Dbscan(Refitted):
    """How far a reading lies from the nearest cluster of the window."""

    name = "dbscan"
    model = models.CLUSTERS
