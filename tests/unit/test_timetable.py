"""Which plan runs when: weekdays, dates, over midnight, and in the nights of clock change."""

from __future__ import annotations

import itertools
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.plans import Plan, ScheduleEntry
from edge.control.timetable import Timetable
from tests.plan_sheets import LONDON, entry

WORKDAYS = ["mon", "tue", "wed", "thu", "fri"]
PLANS = tuple(
    Plan(name=name, number=number, cycle_s=40, splits_s={2: 22, 4: 18})
    for number, name in enumerate(("night", "day", "am-peak", "weekend", "christmas", "summer"), start=1)
)
SCHEDULE = (
    entry("06:30", "am-peak", weekdays=WORKDAYS),
    entry("09:15", "day", weekdays=WORKDAYS),
    entry("22:00", "night", weekdays=WORKDAYS),
    entry("10:00", "weekend", weekdays=["sat", "sun"]),
    entry("08:00", "christmas", dates=["12-25"]),
    entry("23:00", "free", dates=["12-25"]),
    entry("07:00", "summer", dates=["2026-07-20/2026-08-31"], weekdays=WORKDAYS),
    entry("05:00", "day", dates=["2026-08-31"]),
)
TABLE = Timetable(PLANS, SCHEDULE)


def runs(table: Timetable, text: str, zone: ZoneInfo = LONDON, fold: int = 0) -> str:
    plan = table.at(datetime.fromisoformat(text).replace(tzinfo=zone, fold=fold)).plan
    return "free" if plan is None else plan.name


@pytest.mark.parametrize(
    ("local", "plan"),
    [
        ("2026-11-20 06:29:59", "night"),  # a Friday
        ("2026-11-20 06:30:00", "am-peak"),
        ("2026-11-20 09:14:59", "am-peak"),
        ("2026-11-20 15:00", "day"),
        ("2026-11-21 03:00", "night"),  # Saturday morning: Friday's night plan goes on
        ("2026-11-21 10:00", "weekend"),
        ("2026-11-23 06:00", "weekend"),  # Monday, before its first entry
        ("2026-12-24 23:59", "night"),
        ("2026-12-25 07:00", "night"),  # Christmas, before its first entry: what weekdays say goes on
        ("2026-12-25 08:00", "christmas"),
        ("2026-12-25 09:30", "christmas"),  # the weekday's entries do not count on that day
        ("2026-12-25 23:30", "free"),
        ("2026-12-26 00:00", "night"),  # and the holiday's end with it: Friday's last is in force
        ("2027-12-25 12:00", "christmas"),
        ("2026-07-20 06:59", "weekend"),
        ("2026-07-20 07:00", "summer"),
        ("2026-07-21 06:30", "summer"),  # the range's own plan goes on over its midnights
        ("2026-07-25 12:00", "weekend"),  # a Saturday in the range that names weekdays
        ("2026-08-31 06:00", "day"),  # the date before the range
        ("2026-09-01 06:00", "night"),  # after the range: Monday's last by weekdays
    ],
)
def test_the_entry_that_names_the_day_most_closely_counts(local: str, plan: str) -> None:
    assert runs(TABLE, local) == plan


def test_what_is_not_scheduled_is_the_default_and_says_so() -> None:
    only_christmas = Timetable(PLANS, [entry("08:00", "christmas", dates=["12-25"])])
    assert only_christmas.at(datetime(2026, 12, 25, 9, tzinfo=LONDON)).reason == "since 08:00"
    after = only_christmas.at(datetime(2026, 12, 26, 9, tzinfo=LONDON))
    assert after.plan is PLANS[0]
    assert after.reason == "the default, nothing is scheduled yet"
    unsynced = TABLE.at(None)
    assert unsynced.plan is PLANS[0]
    assert unsynced.reason == "the default, the time of day is not known"
    assert Timetable(PLANS).at(None).reason == "", "one plan all day needs no clock to be chosen"
    assert TABLE.at(datetime(2026, 11, 21, 3, tzinfo=LONDON)).reason == "since Friday 22:00"


HOURLY = Timetable(PLANS, [entry("00:30", "night"), entry("01:30", "day"), entry("02:30", "am-peak")])


def test_an_hour_that_is_left_out_begins_its_plan_right_after() -> None:
    """London, 29 March 2026: 01:00 is followed by 02:00."""
    assert runs(HOURLY, "2026-03-29 00:59:59") == "night"
    assert runs(HOURLY, "2026-03-29 02:00:00") == "day"
    assert runs(HOURLY, "2026-03-29 02:30:00") == "am-peak"


def test_an_hour_that_comes_twice_begins_its_plan_once() -> None:
    """London, 25 October 2026: 01:59 is followed by 01:00."""
    assert runs(HOURLY, "2026-10-25 01:29:59") == "night"
    assert runs(HOURLY, "2026-10-25 01:30:00") == "day"
    assert runs(HOURLY, "2026-10-25 01:00:00", fold=1) == "day"
    assert runs(HOURLY, "2026-10-25 01:30:00", fold=1) == "day"
    assert runs(HOURLY, "2026-10-25 02:30:00") == "am-peak"


NIGHTS = [
    (ZoneInfo("Europe/London"), date(2026, 3, 29)),
    (ZoneInfo("Europe/London"), date(2026, 10, 25)),
    (ZoneInfo("America/Chicago"), date(2026, 3, 8)),
    (ZoneInfo("America/Chicago"), date(2026, 11, 1)),
    (ZoneInfo("Australia/Lord_Howe"), date(2026, 4, 5)),  # half an hour
    (ZoneInfo("Africa/Cairo"), date(2026, 4, 24)),  # midnight is left out
]


@settings(max_examples=25, deadline=None)
@given(
    night=st.sampled_from(NIGHTS),
    minutes=st.lists(st.integers(0, 6 * 60 - 1), min_size=1, max_size=8, unique=True).map(sorted),
)
def test_no_plan_is_lost_in_a_night_of_clock_change(night: tuple[ZoneInfo, date], minutes: list[int]) -> None:
    """Every two minutes of the night each entry comes into force once, in order; none that lasts is left out."""
    zone, day = night
    plans = [PLANS[0].model_copy(update={"name": f"p{minute}"}) for minute in minutes]
    schedule = [entry(f"{minute // 60:02}:{minute % 60:02}", f"p{minute}", dates=[str(day)]) for minute in minutes]
    table = Timetable([PLANS[1], *plans], schedule)
    start = datetime.combine(day, time(), zone).astimezone(UTC) - timedelta(hours=1)
    locals_ = [(start + timedelta(minutes=minute)).astimezone(zone) for minute in range(0, 9 * 60, 2)]
    found = [table.at(local) for local in locals_]
    seen = [choice.plan.name for choice in found if choice.plan is not None]
    order = list(dict.fromkeys(seen))
    changes = [b for a, b in itertools.pairwise(seen) if a != b]
    assert len(changes) == len(order) - 1, "no plan begins twice"
    wanted = [f"p{minute}" for minute in minutes]
    assert [name for name in order if name in wanted] == [name for name in wanted if name in order]
    shown = {(local.hour * 60 + local.minute) for local in locals_ if local.date() == day}
    for minute, following in zip(minutes, [*minutes[1:], 24 * 60], strict=True):
        lasts = any(minute <= m < following for m in shown)
        assert not lasts or f"p{minute}" in order


def test_a_timetable_needs_a_plan() -> None:
    with pytest.raises(ValueError, match="needs a plan"):
        Timetable([])
    with pytest.raises(KeyError):
        TABLE.plan("evening")


def test_entries_are_read_as_the_file_has_them() -> None:
    read = ScheduleEntry.model_validate_json('{"from": "06:30:15", "plan": "day"}', strict=True)
    assert read.begins == time(6, 30, 15)
