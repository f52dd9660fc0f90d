"""Troubles of the stream: slow, lost frames, late, a clock that drifts."""

from __future__ import annotations

from collections.abc import Callable

from edge.vision.health.holding import Held, Level
from edge.vision.health.settings import SightSettings
from edge.vision.health.stream import ClockDrift, Lateness, Stream, StreamFindings
from edge.vision.health.trouble import Trouble


class Timing:
    """Judges the times of one camera's frames."""

    def __init__(
        self,
        settings: SightSettings,
        now_ns: Callable[[], int] | None,
        clock_offset_ns: Callable[[], int | None] | None,
    ) -> None:
        self._now_ns, self._offset_ns = now_ns, clock_offset_ns
        self._stream, self._lateness, self._drift = Stream(), Lateness(), ClockDrift()
        self._late, self._slow = Held(settings.late), Held(settings.slow)
        self._lost, self._drifts = Held(settings.lost), Held(settings.clock_drift)

    def update(self, t_ns: int, index: int, *, repeated: bool) -> list[Trouble]:
        """What is wrong at this frame, the worse kinds first."""
        found = self._stream.update(t_ns, index, repeated=repeated)
        late_s = None if self._now_ns is None else self._lateness.update(t_ns, self._now_ns())
        drift = None if self._offset_ns is None else self._drift.update(t_ns, self._offset_ns())
        levels = (
            ("late", self._late.update(t_ns, late_s), _late_words(late_s)),
            ("slow", self._slow.update(t_ns, found.slow), _slow_words(found)),
            ("lost_frames", self._lost.update(t_ns, found.lost), _lost_words(found)),
            ("clock_drift", self._drifts.update(t_ns, None if drift is None else abs(drift)), _drift_words(drift)),
        )
        return [Trouble(reason, words, level is Level.BLIND) for reason, level, words in levels if level]


def _late_words(late_s: float | None) -> str:
    return "" if late_s is None else f"pictures come {late_s:.1f} s late"


def _slow_words(found: StreamFindings) -> str:
    if found.fps is None or found.usual_fps is None:
        return ""
    return f"{found.fps:.1f} pictures a second, {found.usual_fps:.1f} usually"


def _lost_words(found: StreamFindings) -> str:
    return "" if found.lost is None else f"{found.lost:.0%} of the pictures are missing or come twice"


def _drift_words(drift: float | None) -> str:
    if drift is None:
        return ""
    return (
        f"its clock loses {drift * 3.6e-3:.1f} s an hour"
        if drift > 0
        else f"its clock gains {-drift * 3.6e-3:.1f} s an hour"
    )
