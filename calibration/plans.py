"""Keys of `[plan]`, `[[plans]]` and `[[schedule]]`: the timing sheet of coordination, and when each plan runs.

Words are those of NTCIP 1202 (patterns, splits, coordination) and of the Signal Timing Manual
(NCHRP Report 812), chapter 7. Times of day are local, of the site's time zone.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import AfterValidator, ConfigDict, Field

from calibration.key_types import Name, PhaseNumber, SiteModel

if TYPE_CHECKING:
    from calibration.site import Site

#: What a schedule names for operation without cycle, as detectors ask.
FREE = "free"
WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
Weekday = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Transition = Literal["shortway", "lengthen", "dwell"]
#: Local cycle seconds from which and to which, over the cycle's end where the second is smaller.
PermissiveS = tuple[Annotated[float, Field(ge=0, le=600)], Annotated[float, Field(ge=0, le=600)]]
#: A leap year, in which every day of any year stands.
_EVERY_DAY = 2000
_LONGEST_RANGE = timedelta(days=732)


def _time_of_day(text: str) -> str:
    if re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?", text) is None:
        raise ValueError(f"{text!r} is not a time of day: write hours and minutes from 00:00 to 23:59, like '06:30'")
    return text


def _date_or_dates(text: str) -> str:
    first, slash, last = text.partition("/")
    for day in (first, last) if slash else (first,):
        parts = re.fullmatch(r"(?:(\d{4})-)?(\d\d)-(\d\d)", day)
        try:
            if parts is None or (slash and parts[1] is None):
                raise ValueError
            date(int(parts[1] or _EVERY_DAY), int(parts[2]), int(parts[3]))
        except ValueError:
            like = "'2026-12-25', '12-25' for every year, or '2026-07-20/2026-08-31'"
            raise ValueError(f"{day!r} is not a date: write one like {like}") from None
    if slash and not timedelta() <= date.fromisoformat(last) - date.fromisoformat(first) <= _LONGEST_RANGE:
        raise ValueError(f"{text!r} does not run forward for two years or less: write its first day, '/', its last")
    return text


TimeOfDay = Annotated[str, AfterValidator(_time_of_day)]
DateText = Annotated[str, AfterValidator(_date_or_dates)]


class Plan(SiteModel):
    """One pattern: cycle, offset, splits and order of the phases, and how coordination is kept.

    number: as events and neighbours know it. splits_s: phase → green + yellow + red clearance.
    offset_s: when after local midnight, modulo the cycle, the reference point comes: the beginning of the
    cycle, or the first green to begin or to end (the yield point) of a coordinated phase. sequence: as
    `Signal.rings`, with phases of a group in another order (lead and lag).

    For actuated control: coordinated phases are held until their force-off, or coordinated_actuated_s before it,
    from where on they may gap out. force_off: `floating` gives each phase its split and no
    more, `fixed` lets it have what phases before it left. permissive_s: when a phase may be begun, where that
    is not as long as its split still fits. recall: called in every cycle. inhibit_max: force-offs alone
    end greens; else the maximum of max_set does, too. transition: how the cycle gets in step.
    """

    number: int = Field(default=1, ge=1, le=253)
    name: Name
    cycle_s: float = Field(ge=10, le=600)
    offset_s: float = Field(default=0, ge=0)
    splits_s: dict[PhaseNumber, float]
    coordinated: tuple[PhaseNumber, ...] = Field(default=(), max_length=4)
    reference: Literal["cycle", "begin_green", "end_green"] = "cycle"
    sequence: tuple[tuple[tuple[PhaseNumber, ...], ...], ...] | None = None
    coordinated_actuated_s: float = Field(default=0, ge=0)
    force_off: Literal["fixed", "floating"] = "fixed"
    permissive_s: dict[PhaseNumber, PermissiveS] = Field(default_factory=dict)
    recall: dict[PhaseNumber, Literal["min", "max", "ped"]] = Field(default_factory=dict)
    inhibit_max: bool = True
    max_set: Literal[1, 2] = 1
    transition: Transition = "shortway"


class ScheduleEntry(SiteModel):
    """From when on which plan runs, until the next entry. weekdays, dates: on which days; none is every day."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, populate_by_name=True)

    weekdays: tuple[Weekday, ...] = ()
    dates: tuple[DateText, ...] = Field(default=(), max_length=400)
    from_local: TimeOfDay = Field(alias="from")
    plan: Name

    @property
    def begins(self) -> time:
        """Local time of day."""
        return time.fromisoformat(self.from_local)

    def rank(self, day: date) -> int | None:
        """How closely the entry names a day; None where it is not for that day.

        3 names the date, 2 the day of every year, 1 a range of dates, 0 the weekday. On
        each day only the entries of the highest rank count.
        """
        if self.weekdays and WEEKDAYS[day.weekday()] not in self.weekdays:
            return None
        if not self.dates:
            return 0
        return max((rank for text in self.dates if (rank := _rank(text, day)) is not None), default=None)

    def days(self) -> Iterator[tuple[int, str]]:
        """Every (rank, day) that the entry names, a day as its date, its day of the year or its weekday."""
        weekdays = self.weekdays or WEEKDAYS
        if not self.dates:
            yield from ((0, weekday) for weekday in weekdays)
        for text in self.dates:
            first, slash, last = text.partition("/")
            if len(first) == len("12-25"):
                yield from ((2, f"{text} on a {weekday}") for weekday in weekdays)
                continue
            day, end = date.fromisoformat(first), date.fromisoformat(last or first)
            while day <= end:
                if WEEKDAYS[day.weekday()] in weekdays:
                    yield 1 if slash else 3, day.isoformat()
                day += timedelta(days=1)


def _rank(text: str, day: date) -> int | None:
    first, slash, last = text.partition("/")
    if slash:
        return 1 if date.fromisoformat(first) <= day <= date.fromisoformat(last) else None
    if len(text) == len("12-25"):
        return 2 if f"{day:%m-%d}" == text else None
    return 3 if date.fromisoformat(text) == day else None


def plans_of(site: Site) -> tuple[Plan, ...]:
    """All plans of a site; the first is the default, which runs where the schedule or the time says nothing."""
    return (*(() if site.plan is None else (site.plan,)), *site.plans)
