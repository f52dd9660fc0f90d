"""The stream in its times only: too slow, with holes, late, or by a clock that runs wrong."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass
from statistics import median

from edge.clock import NS_PER_S

#: What is counted together, and how much of it is needed first.
_WINDOW_NS = 10 * NS_PER_S
_LEAST_NS = 4 * NS_PER_S
_LEAST_FRAMES = 8
#: Longer than so many usual steps is a hole.
_HOLE = 1.6
#: More than this between two frames is a camera that was away, which is told elsewhere.
_AWAY_NS = 2 * NS_PER_S
#: The usual rate is the best so far, slowly forgotten, for a camera is set to another one now and then.
_FORGET_A_S = 1e-4
_DRIFT_LEAST_NS = 300 * NS_PER_S
_DRIFT_EVERY_NS = 30 * NS_PER_S
_DRIFT_KEPT = 60


@dataclass(frozen=True, slots=True)
class StreamFindings:
    """fps: of the camera, frames left out on purpose too. slow: share missing of the usual rate; lost: share of
    frames that did not come or came twice. None: too short to tell."""

    fps: float | None
    usual_fps: float | None
    slow: float | None
    lost: float | None


class Stream:
    """Rate and holes of one camera's frames."""

    def __init__(self) -> None:
        self._usual_fps: float | None = None
        self._frames: deque[tuple[int, int, bool]] = deque()
        self._usual_repeats: float | None = None

    def update(self, t_ns: int, index: int, *, repeated: bool) -> StreamFindings:
        """One frame; repeated: its picture is the one before to the last bit."""
        frames = self._frames
        if frames and (t_ns - frames[-1][0] > _AWAY_NS or t_ns <= frames[-1][0] or index <= frames[-1][1]):
            frames.clear()
        frames.append((t_ns, index, repeated))
        while t_ns - frames[0][0] > _WINDOW_NS:
            frames.popleft()
        span_ns = t_ns - frames[0][0]
        if span_ns < _LEAST_NS or len(frames) < _LEAST_FRAMES:
            return StreamFindings(None, self._usual_fps, None, None)
        fps = (index - frames[0][1]) * NS_PER_S / span_ns
        whole = span_ns >= 0.9 * _WINDOW_NS
        if whole:
            step_s = (t_ns - frames[-2][0]) / NS_PER_S
            self._usual_fps = fps if self._usual_fps is None else max(fps, self._usual_fps * (1 - _FORGET_A_S * step_s))
        slow = None if self._usual_fps is None else max(0.0, 1 - fps / self._usual_fps)
        return StreamFindings(fps, self._usual_fps, slow, self._lost(whole=whole))

    def _lost(self, *, whole: bool) -> float:
        frames = self._frames
        steps = [after[0] - before[0] for before, after in zip(frames, list(frames)[1:], strict=False)]
        # Where every second frame is lost the commonest step is two long.
        usual = sorted(steps)[len(steps) * 3 // 10]
        missing = sum(round(step / usual) - 1 for step in steps if step > _HOLE * usual)
        repeats = sum(repeated for _, _, repeated in frames) / len(frames)
        # Many a camera fills up to its nominal rate: what it always did is no fault.
        if self._usual_repeats is None and whole:
            self._usual_repeats = repeats
        more = max(0.0, repeats - (self._usual_repeats or 0.0)) if self._usual_repeats is not None else 0.0
        return max(missing / (missing + len(steps)), more)


class Lateness:
    """How late frames come against the least that was seen, and not just once."""

    def __init__(self) -> None:
        self._recent: deque[tuple[int, int]] = deque()

    def update(self, t_ns: int, now_ns: int) -> float | None:
        """Seconds from when a frame was taken to now, the least of the last second; None at first."""
        recent = self._recent
        recent.append((now_ns, now_ns - t_ns))
        while now_ns - recent[0][0] > NS_PER_S:
            recent.popleft()
        return min(late for _, late in recent) / NS_PER_S if len(recent) > 1 else None


class ClockDrift:
    """Drift of the camera's clock against the cabinet's, from the offset between them every half minute."""

    def __init__(self) -> None:
        self._points: deque[tuple[int, int]] = deque(maxlen=_DRIFT_KEPT)

    def update(self, t_ns: int, offset_ns: int | None) -> float | None:
        """Millionths, positive where the camera's clock is slow; None until five minutes were seen.

        offset_ns: cabinet time less the stream's, the least of about half a minute (`CameraTimes`).
        """
        points = self._points
        if offset_ns is None or (points and abs(offset_ns - points[-1][1]) > NS_PER_S):
            points.clear()  # a new stream: its stamps begin anew
        if offset_ns is None:
            return None
        if not points or t_ns - points[-1][0] >= _DRIFT_EVERY_NS:
            points.append((t_ns, offset_ns))
        if points[-1][0] - points[0][0] < _DRIFT_LEAST_NS:
            return None
        slopes = [
            (later[1] - first[1]) / (later[0] - first[0])
            for first, later in zip(list(points)[: len(points) // 2], list(points)[-(len(points) // 2) :], strict=True)
        ]
        return median(slopes) * 1e6
