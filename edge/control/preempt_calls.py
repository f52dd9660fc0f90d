"""Calls for preemption over time: which count now, which wait out their delay, which have failed.

call ──delay──→ counts ──────────────→ ends
                   └── max presence ─→ failed until it has ended once
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Self

from calibration.check_preempts import dwell_phases
from calibration.site import Site
from edge.clock import NS_PER_S


@dataclass(frozen=True, slots=True)
class Preemption:
    """One row of the timing sheet, times in ns. phases have right of way while it dwells; the lower priority wins."""

    number: int
    name: str
    phases: frozenset[int]
    priority: int = 1
    delay_ns: int = 0
    min_dwell_ns: int = 8 * NS_PER_S
    max_presence_ns: int = 180 * NS_PER_S
    exit_phases: frozenset[int] = frozenset()
    reservice_ns: int = 0

    @classmethod
    def of_site(cls, site: Site) -> tuple[Self, ...]:
        """Those of a site that `calibration.check` has passed."""
        return tuple(
            cls(
                row.number,
                row.name,
                dwell_phases(row, site),
                row.priority,
                round(row.delay_s * NS_PER_S),
                round(row.min_dwell_s * NS_PER_S),
                round(row.max_presence_s * NS_PER_S),
                frozenset(row.exit_phases),
                round(row.reservice_s * NS_PER_S),
            )
            for row in site.preempts
        )


class PreemptCalls:
    """Fed once a step with the numbers that are called; time is that of the signal."""

    def __init__(self, rows: Collection[Preemption]) -> None:
        self._rows = {row.number: row for row in rows}
        self._since_ns: dict[int, int] = {}
        self._not_before_ns: dict[int, int] = {}
        self._now_ns = 0

    def update(self, called: Collection[int], t_ns: int) -> None:
        """What is called at t_ns; numbers of no row count for nothing."""
        self._now_ns = t_ns
        self._since_ns = {n: self._since_ns.get(n, t_ns) for n in called if n in self._rows}

    def ended(self, number: int) -> None:
        """Its preemption has ended: it waits out its time of re-service."""
        self._not_before_ns[number] = self._now_ns + self._rows[number].reservice_ns

    def called_ns(self, number: int) -> int | None:
        """How long it has been called; None where it is not."""
        since_ns = self._since_ns.get(number)
        return None if since_ns is None else self._now_ns - since_ns

    def failed(self, number: int) -> bool:
        """Whether its call has lasted longer than any vehicle takes."""
        called_ns = self.called_ns(number)
        return called_ns is not None and called_ns >= self._rows[number].max_presence_ns

    def counts(self, number: int) -> bool:
        """Whether it is called, and its call has not failed."""
        return self.called_ns(number) is not None and not self.failed(number)

    def delayed(self) -> Preemption | None:
        """The first of those that will count when their delay is over."""
        return min((row for row in self._counting() if not self._is_due(row)), key=_rank, default=None)

    def due(self) -> Preemption | None:
        """The first of those that may begin now: lowest priority, then lowest number."""
        return min((row for row in self._counting() if self._is_due(row)), key=_rank, default=None)

    def _counting(self) -> list[Preemption]:
        return [row for row in self._rows.values() if self.counts(row.number)]

    def _is_due(self, row: Preemption) -> bool:
        called_ns = self.called_ns(row.number)
        if called_ns is None or self._now_ns < self._not_before_ns.get(row.number, self._now_ns):
            return False
        return called_ns >= row.delay_ns


def _rank(row: Preemption) -> tuple[int, int]:
    return row.priority, row.number
