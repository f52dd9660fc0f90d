"""The only place where Stopline asks what time it is.

Every stage takes its time from the data it is given. A process that must know
the time receives a `Clock`; a replay receives a `ReplayClock` and is therefore
repeatable to the byte.
"""

from __future__ import annotations

import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Protocol

NS_PER_S = 1_000_000_000
NS_PER_MS = 1_000_000

#: systemd-timesyncd touches this file each time it has set the clock from a server.
_TIMESYNC_STAMP = Path("/run/systemd/timesync/synchronized")


class Clock(Protocol):
    """Monotonic cabinet time, its relation to wall time, and waiting."""

    def now_ns(self) -> int:
        """Monotonic nanoseconds; never goes backwards while a process lives."""
        ...

    def wall_ns(self, t_ns: int) -> int:
        """UTC nanoseconds since 1970 of the monotonic instant `t_ns`."""
        ...

    def synced(self) -> bool:
        """Whether wall time is known to follow a time server."""
        ...

    def sleep_until(self, t_ns: int) -> None:
        """Return at or after the monotonic instant `t_ns`."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Monotonic nanoseconds of this machine."""
        return time.monotonic_ns()

    def wall_ns(self, t_ns: int) -> int:
        """UTC nanoseconds of `t_ns`, by the present offset of the two clocks."""
        return t_ns + time.time_ns() - time.monotonic_ns()

    def synced(self) -> bool:
        """True where systemd-timesyncd says so; unknown counts as not synced."""
        return _TIMESYNC_STAMP.exists()

    def sleep_until(self, t_ns: int) -> None:
        """Sleep until `t_ns`; returns at once when it has passed."""
        remaining_ns = t_ns - time.monotonic_ns()
        if remaining_ns > 0:
            time.sleep(remaining_ns / NS_PER_S)


class ReplayClock:
    """A clock that stands where the data puts it.

    `start_wall_ns` is the wall time of monotonic instant 0: when the recording began.
    """

    def __init__(self, start_wall_ns: int = 0) -> None:
        self._start_wall_ns = start_wall_ns
        self._t_ns = 0

    def advance_to(self, t_ns: int) -> None:
        """Move to `t_ns`; a smaller value is refused, for time does not run backwards."""
        if t_ns < self._t_ns:
            raise ValueError(f"replay clock is at {self._t_ns} ns, asked to go back to {t_ns} ns")
        self._t_ns = t_ns

    def now_ns(self) -> int:
        """The instant last advanced to."""
        return self._t_ns

    def wall_ns(self, t_ns: int) -> int:
        """Recording start plus `t_ns`."""
        return self._start_wall_ns + t_ns

    def synced(self) -> bool:
        """A recording has one clock, which agrees with itself."""
        return True

    def sleep_until(self, t_ns: int) -> None:
        """Jump to `t_ns`; nothing waits in a replay."""
        self.advance_to(max(t_ns, self._t_ns))


def iso_utc(wall_ns: int) -> str:
    """RFC 3339 text of a UTC instant, to the millisecond: `2026-05-01T12:00:00.250Z`."""
    return instant_utc(wall_ns).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def instant_utc(wall_ns: int) -> datetime:
    """Timezone-aware datetime of a UTC instant (microseconds, rounded down)."""
    seconds, ns = divmod(wall_ns, NS_PER_S)
    return datetime.fromtimestamp(seconds, UTC).replace(microsecond=ns // 1000)


def wall_ns_of(instant: datetime) -> int:
    """UTC nanoseconds since 1970 of a timezone-aware datetime; naive ones are refused."""
    if instant.tzinfo is None:
        raise ValueError(f"{instant.isoformat()} has no time zone: write for example {instant.isoformat()}Z")
    delta = instant - datetime(1970, 1, 1, tzinfo=UTC)
    return (delta.days * 86_400 + delta.seconds) * NS_PER_S + delta.microseconds * 1000
