"""Where the time axis of local days has its marks: round hours and midnights of the street, summer time or not."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Final
from zoneinfo import ZoneInfo

from edge.clock import NS_PER_S, instant_utc

MOST: Final = 10
_MINUTES: Final = (1, 2, 5, 10, 15, 30, 60, 120, 180, 360, 720)
_DAYS: Final = (1, 2, 7, 14, 28, 56, 182, 364)


def ticks(start_s: int, end_s: int, zone: ZoneInfo) -> list[tuple[int, str]]:
    """(seconds since 1970, text), at most about MOST of them."""
    span_s = end_s - start_s
    midnight = _local(start_s, zone).replace(hour=0, minute=0, second=0, microsecond=0)
    minutes = next((step for step in _MINUTES if span_s / (60 * step) <= MOST), None)
    if minutes is None:
        days = next((step for step in _DAYS if span_s / (86_400 * step) <= MOST), 10 * _DAYS[-1])
        wall = [midnight + timedelta(days=days * i) for i in range(span_s // (86_400 * days) + 2)]
    else:
        # Wall times of each day from its own midnight: summer time moves them with the street.
        wall = [
            midnight + timedelta(days=day, minutes=minutes * i)
            for day in range(span_s // 86_400 + 2)
            for i in range(1440 // minutes)
        ]
    at = ((int(one.timestamp()), one) for one in wall)
    return [(unix_s, _text(one)) for unix_s, one in at if start_s <= unix_s <= end_s]


def _local(unix_s: int, zone: ZoneInfo) -> datetime:
    return instant_utc(unix_s * NS_PER_S).astimezone(zone)


def _text(at: datetime) -> str:
    return f"{at:%H:%M}" if at.hour or at.minute else f"{at:%a} {at.day} {at:%b}"
