"""From a stream's own stamps to frame times that never stand still or go back.

A recording: the first frame is 0, real distances are kept (variable frame rate too).
A camera: cabinet time, as the stream's stamps place frames against their arrival.
Both count what they had to repair.
"""

from __future__ import annotations

from edge.clock import NS_PER_MS, NS_PER_S

_DEFAULT_STEP_MS = 40.0
#: Two frames are at least so far apart: 1 µs.
_LEAST_MS = 0.001
#: A step back by up to this is a picture out of order; by more the stream's clock was set back.
_DISORDER_MS = 1000.0
#: A step forward by more than this is a broken stamp, not a pause in a recording.
_LEAP_MS = 24 * 3600 * 1000.0


class RecordingTimes:
    """Times of a recording's frames, first 0, strictly increasing.

    A missing stamp, or one equal to the frame's before: one nominal step after the
    frame before. Out of order by up to 1 s: 1 ms after the frame before, and the
    frames after keep their own stamps. Set back by more, or a leap of more than a
    day: one nominal step after the frame before, and what follows keeps its distances
    from there. `repaired` counts these frames; `largest_gap_ms` is between any two.
    """

    def __init__(self, fps: float | None) -> None:
        self.step_ms = 1000.0 / fps if fps is not None else _DEFAULT_STEP_MS
        self.repaired = 0
        self.last_ms: float | None = None
        self.largest_gap_ms = 0.0
        self._last_pos_ms: float | None = None
        self._zero_ms = 0.0

    def t_ns(self, pos_ms: float | None) -> int:
        """Time of the next frame, whose stamp is `pos_ms`."""
        if self.last_ms is None:
            self._zero_ms = pos_ms if pos_ms is not None else 0.0
            self.repaired += pos_ms is None
            self.last_ms = 0.0
        else:
            at_ms = self._next_ms(pos_ms, self.last_ms)
            self.largest_gap_ms = max(self.largest_gap_ms, at_ms - self.last_ms)
            self.last_ms = at_ms
        if pos_ms is not None:
            self._last_pos_ms = pos_ms
        return round(self.last_ms * NS_PER_MS)

    def _next_ms(self, pos_ms: float | None, last_ms: float) -> float:
        nominal_ms = last_ms + self.step_ms
        if pos_ms is None or pos_ms == self._last_pos_ms:
            self.repaired += 1
            return nominal_ms
        at_ms = pos_ms - self._zero_ms
        if last_ms + _LEAST_MS <= at_ms <= last_ms + _LEAP_MS:
            return at_ms
        self.repaired += 1
        if last_ms - _DISORDER_MS <= at_ms < last_ms + _LEAST_MS:
            return last_ms + 1.0
        self._zero_ms = pos_ms - nominal_ms
        return nominal_ms


class CameraTimes:
    """Cabinet time of a camera's frames.

    The stream says how far frames lie apart; the least delayed frame of the last
    30 to 60 s says where they lie in cabinet time (a minimum filter over arrival −
    stamp, after D. Mills' clock filter, RFC 5905 §10). So delivery in bursts does not
    bend speeds, a camera whose clock drifts is followed, and no frame is dated after
    its arrival or before the frame it follows, across reconnects too. A frame with no
    stamp, one set back, or one that arrived more than 10 s late is dated by its arrival.
    """

    _WINDOW_NS = 30 * NS_PER_S
    _LATE_NS = 10 * NS_PER_S

    def __init__(self) -> None:
        self.repaired = 0
        self._last_t_ns: int | None = None
        self._last_pos_ns: int | None = None
        self._window_from_ns = 0
        self._low_ns: int | None = None
        self._low_before_ns: int | None = None

    @property
    def offset_ns(self) -> int | None:
        """Cabinet time less the stream's own, the least of the last half minute or so; None before the first stamp."""
        lows = [low for low in (self._low_ns, self._low_before_ns) if low is not None]
        return min(lows, default=None)

    def reconnected(self) -> None:
        """A new stream begins: its stamps have nothing to do with those before."""
        self._last_pos_ns = self._low_ns = self._low_before_ns = None

    def t_ns(self, pos_ms: float | None, arrival_ns: int) -> int:
        """Time of the next frame: stamp `pos_ms`, seen by the cabinet at `arrival_ns`."""
        t_ns = min(self._placed_ns(pos_ms, arrival_ns), arrival_ns)
        if self._last_t_ns is not None and t_ns <= self._last_t_ns:
            t_ns = self._last_t_ns + 1000
        self._last_t_ns = t_ns
        return t_ns

    def _placed_ns(self, pos_ms: float | None, arrival_ns: int) -> int:
        if pos_ms is None:
            self.repaired += 1
            return arrival_ns
        pos_ns = round(pos_ms * NS_PER_MS)
        if self._last_pos_ns is not None and pos_ns <= self._last_pos_ns:
            self.repaired += 1
            self.reconnected()
        self._last_pos_ns = pos_ns
        offset_ns = self._least_offset_ns(arrival_ns - pos_ns, arrival_ns)
        if arrival_ns - (pos_ns + offset_ns) > self._LATE_NS:
            self.repaired += 1
            self._low_ns = self._low_before_ns = None
            offset_ns = self._least_offset_ns(arrival_ns - pos_ns, arrival_ns)
        return pos_ns + offset_ns

    def _least_offset_ns(self, offset_ns: int, arrival_ns: int) -> int:
        if self._low_ns is None:
            self._window_from_ns = arrival_ns
            self._low_ns = offset_ns
        elif arrival_ns - self._window_from_ns > self._WINDOW_NS:
            self._window_from_ns = arrival_ns
            self._low_before_ns, self._low_ns = self._low_ns, offset_ns
        else:
            self._low_ns = min(self._low_ns, offset_ns)
        return self._low_ns if self._low_before_ns is None else min(self._low_ns, self._low_before_ns)
