"""How many of a camera's frames are looked at: every nth, by the detector's time and the chip's heat.

A chip that is too hot slows itself down, and then frames are lost by chance. Leaving out
every second one on purpose costs less. How far apart two looks may be follows from the
site: a vehicle that enters between two looks and leaves before the next is never counted.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from edge.clock import NS_PER_S

_THERMAL = Path("/sys/class/thermal")


_log = logging.getLogger(__name__)
#: Heat changes slowly: it is read so often.
_HEAT_EVERY_S = 2.0
#: Weight of the newest look in the mean time of a look.
_NEWEST = 0.2


@dataclass(frozen=True, slots=True)
class PaceSettings:
    """busy: the detector may take this share of the time between two looks; below calm it may look more often.

    hot_c: from here on every step looks less often; below cool_c it may again. hold_s: a
    pace is kept at least so long, unless it must look more often to lose no crossing.
    """

    busy: float = 0.85
    calm: float = 0.55
    hot_c: float = 80.0
    cool_c: float = 72.0
    hold_s: float = 5.0
    most: int = 8


@dataclass(frozen=True, slots=True)
class Pace:
    """Look at every nth frame. why is in words, None at full pace."""

    every: int
    why: str | None


def longest_gap_s(gate_spacing_m: float, speed_mps: float, looks: int = 4) -> float:
    """The longest time between looks at which a vehicle at speed_mps is seen `looks` times between two gates.

    ValueError unless all are positive. The tracker needs two looks to begin a track and
    one on either side of the exit gate, hence four.
    """
    if gate_spacing_m <= 0 or speed_mps <= 0 or looks <= 0:
        raise ValueError("gate spacing, speed and looks must be positive")
    return gate_spacing_m / speed_mps / looks


def hottest_c(thermal: Path = _THERMAL) -> float | None:
    """The hottest thermal zone in °C; None where the machine does not say."""
    readings = []
    for zone in sorted(thermal.glob("thermal_zone*/temp")):
        try:
            readings.append(int(zone.read_text(encoding="ascii")) / 1000)
        except (OSError, ValueError):
            continue
    # Zones that are not connected read as absolute zero or as nonsense.
    return max((reading for reading in readings if -40 < reading < 150), default=None)


class FramePace:
    """Chooses the pace of one camera. max_gap_s: never leave more time than this between two looks."""

    def __init__(self, max_gap_s: float, settings: PaceSettings | None = None) -> None:
        if max_gap_s <= 0:
            raise ValueError("max_gap_s must be positive")
        self._max_gap_s = max_gap_s
        self._settings = settings if settings is not None else PaceSettings()
        self._pace = Pace(1, None)
        self._changed_ns: int | None = None
        self._count = 0
        self.skipped = 0

    @property
    def pace(self) -> Pace:
        """The pace now."""
        return self._pace

    def wants(self) -> bool:
        """Whether this frame is to be looked at; call once a frame, in order."""
        due = self._count == 0
        self._count = (self._count + 1) % self._pace.every
        self.skipped += not due
        return due

    def measured(self, t_ns: int, frame_s: float, look_s: float, soc_c: float | None) -> Pace:
        """Take in that frames come every frame_s and a look takes look_s; the pace from here on.

        soc_c None: the heat is unknown, and then only the time counts.
        """
        s = self._settings
        if frame_s <= 0:
            return self._pace
        most = max(1, min(s.most, int(self._max_gap_s / frame_s)))
        every = min(self._pace.every, most)
        share = look_s / (frame_s * every)
        hot = soc_c is not None and soc_c >= s.hot_c
        cool = soc_c is None or soc_c <= s.cool_c
        held = self._changed_ns is not None and t_ns - self._changed_ns < s.hold_s * NS_PER_S
        if not held and (share > s.busy or hot):
            every = min(most, every + 1)
        elif not held and cool and every > 1 and look_s / (frame_s * (every - 1)) < s.calm:
            every -= 1
        if every != self._pace.every:
            self._changed_ns = t_ns
            self._count = 0
            self._pace = Pace(every, self._why(every, share, soc_c if hot else None))
        return self._pace

    @staticmethod
    def _why(every: int, share: float, hot_c: float | None) -> str | None:
        if every == 1:
            return None
        heat = "" if hot_c is None else f", chip at {hot_c:.0f} °C"
        return f"1 frame in {every}: looks took {100 * share:.0f} % of the time{heat}"


class PacedLooks:
    """A pace for frames as they come: told each frame and how long its look took, it says which to look at.

    frame_s: time between two frames of the camera; where it is None it is taken from the
    frames. heat: °C now, None where unknown. Every change is logged, with what was left out.
    """

    def __init__(self, pace: FramePace, frame_s: float | None, heat: Callable[[], float | None] = hottest_c) -> None:
        self._pace = pace
        self._told_s = frame_s
        self._heat = heat
        self._soc_c: float | None = None
        self._heat_ns: int | None = None
        self._frame_s = frame_s
        self._look_s: float | None = None
        self._t_ns: int | None = None

    @property
    def skipped(self) -> int:
        """Frames left out on purpose so far."""
        return self._pace.skipped

    def wants(self, t_ns: int) -> bool:
        """Whether the frame at t_ns is to be looked at; ask once a frame, in order."""
        if self._told_s is None and self._t_ns is not None:
            gap_s = (t_ns - self._t_ns) / NS_PER_S
            # A frame that the source dropped makes one gap longer, none shorter.
            self._frame_s = gap_s if self._frame_s is None else min(gap_s, self._frame_s * 1.05)
        self._t_ns = t_ns
        return self._pace.wants()

    def took(self, look_ns: int | None) -> None:
        """The look at the frame last asked about took so long; None: there was none, the camera is blind."""
        if look_ns is None or self._t_ns is None or self._frame_s is None:
            return
        seconds = look_ns / NS_PER_S
        self._look_s = seconds if self._look_s is None else self._look_s + _NEWEST * (seconds - self._look_s)
        if self._heat_ns is None or self._t_ns - self._heat_ns >= _HEAT_EVERY_S * NS_PER_S:
            self._soc_c, self._heat_ns = self._heat(), self._t_ns
        before = self._pace.pace
        now = self._pace.measured(self._t_ns, self._frame_s, self._look_s, self._soc_c)
        if now != before:
            _log.warning("%s; %d frames left out so far", now.why or "every frame again", self.skipped)
