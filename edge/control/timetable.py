"""Which plan runs at which local instant: by date, by weekday, by time of day.

    local time ─→ today's entries ─→ the last that has begun ─→ plan
                                     (or one of the days before)

An entry begins once: in the hour that a night of clock change repeats it does not begin
again, and one in the hour that is left out begins with the first instant after it.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from calibration.plans import FREE, Plan, ScheduleEntry

#: Weekdays come round after so many days.
_WEEK = 7


@dataclass(frozen=True, slots=True)
class Choice:
    """The plan of an instant, None for free operation, and why it."""

    plan: Plan | None
    reason: str


@dataclass(frozen=True, slots=True)
class _Day:
    """A day's entries in order of time, and what goes on from the days before."""

    day: date
    begins: tuple[tuple[datetime, ScheduleEntry], ...]
    before: tuple[date, ScheduleEntry] | None


class Timetable:
    """The schedule of a site that `calibration.check` has passed. The first plan is the default."""

    def __init__(self, plans: Sequence[Plan], schedule: Sequence[ScheduleEntry] = ()) -> None:
        if not plans:
            raise ValueError("a timetable needs a plan")
        self._plans = {plan.name: plan for plan in plans}
        self._schedule = tuple(schedule)
        self._today: _Day | None = None
        self.default = plans[0]

    def plan(self, name: str) -> Plan:
        """The plan of that name; KeyError without."""
        return self._plans[name]

    def at(self, local: datetime | None) -> Choice:
        """The plan at a local time, with its time zone; None where that is not known."""
        if not self._schedule:
            return Choice(self.default, "")
        if local is None:
            return Choice(self.default, "the default, the time of day is not known")
        today = self._of(local.date())
        begun = [entry for begins, entry in today.begins if _has_begun(begins, local)]
        if begun:
            return self._chosen(begun[-1], f"since {begun[-1].from_local}")
        if today.before is not None:
            day, entry = today.before
            return self._chosen(entry, f"since {day:%A} {entry.from_local}")
        return Choice(self.default, "the default, nothing is scheduled yet")

    def _chosen(self, entry: ScheduleEntry, reason: str) -> Choice:
        return Choice(None if entry.plan == FREE else self._plans[entry.plan], reason)

    def _of(self, day: date) -> _Day:
        if self._today is None or self._today.day != day:
            begins = [(datetime.combine(day, e.begins), e) for e in _highest(self._schedule, day)]
            self._today = _Day(day, tuple(begins), self._before(day))
        return self._today

    def _before(self, day: date) -> tuple[date, ScheduleEntry] | None:
        """The last entry of the days before. Those by date end with their dates, and what weekdays say goes on."""
        lasting = [entry for entry in self._schedule if not entry.dates or entry.rank(day) is not None]
        for back in range(1, _WEEK + 1):
            earlier = day - timedelta(days=back)
            entries = _highest(lasting, earlier)
            if entries:
                return earlier, entries[-1]
        return None


def _highest(entries: Sequence[ScheduleEntry], day: date) -> list[ScheduleEntry]:
    """The entries that name a day most closely, in order of time."""
    ranked = [(rank, entry) for entry in entries if (rank := entry.rank(day)) is not None]
    highest = max((rank for rank, _ in ranked), default=0)
    return sorted((entry for rank, entry in ranked if rank == highest), key=lambda entry: entry.begins)


def _has_begun(begins: datetime, local: datetime) -> bool:
    """Whether a wall time of the day of `local` has come, at least once."""
    if begins <= local.replace(tzinfo=None):
        return True
    if not local.fold:
        return False
    # The clock was set back: what it showed before that has been.
    first, second = (begins.replace(tzinfo=local.tzinfo, fold=fold).utcoffset() for fold in (0, 1))
    return first is not None and second is not None and first > second
