"""annotated.mp4: the recording with what was made of it drawn on, for a person to check by eye.

Small pictures are drawn at twice their size. What is not a place in the picture
(counts, queues, signal) stands in a strip below it, so it hides nothing.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from calibration.site import Camera, Lane, PointPx, SegmentPx, Site
from edge.clock import NS_PER_S
from edge.frames import Frame, ImageBGR, VisionResult
from edge.replay.video_file import open_video
from edge.types import Interval, LaneState, SignalState, Track

Colour = tuple[int, int, int]

#: Blue, green, red; movement by movement, as in the report.
MOVEMENT_COLOURS: tuple[Colour, ...] = (
    (232, 165, 106),
    (75, 160, 240),
    (178, 194, 83),
    (182, 128, 216),
    (232, 152, 165),
    (82, 195, 185),
    (104, 129, 234),
    (182, 165, 148),
)
_PANEL: Colour = (30, 23, 17)
_TEXT: Colour = (241, 236, 231)
_DIM: Colour = (160, 148, 134)
_LANE: Colour = (200, 170, 60)
_LAMPS: Mapping[Interval, Colour] = {
    Interval.GREEN: (90, 190, 60),
    Interval.YELLOW: (40, 190, 240),
    Interval.FLASH_YELLOW: (40, 190, 240),
    Interval.RED: (60, 60, 215),
    Interval.RED_CLEARANCE: (60, 60, 215),
    Interval.FLASH_RED: (60, 60, 215),
}
_FONT = cv2.FONT_HERSHEY_SIMPLEX
_ROW_PX = 28
#: A picture narrower than this is drawn at twice its size.
_SMALL_PX = 500
#: A box narrower than this carries only its number.
_ROOM_PX = 56


@dataclass(frozen=True, slots=True)
class _Chip:
    """A few words in the strip, with a mark of a colour before them."""

    text: str
    mark: Colour | None = None
    widest: str = ""


class Annotator:
    """Draws one camera's results on its frames; pictures come out (height, width, 3) uint8 BGR."""

    def __init__(self, site: Site, camera: Camera) -> None:
        width, height = camera.size_px
        self.scale = 2 if width < _SMALL_PX else 1
        self._lanes = [lane for lane in site.lanes if lane.camera == camera.id]
        self._movements = [movement for movement in site.movements if movement.camera == camera.id]
        self._phases = [phase.number for phase in site.signal.phases] if site.signal is not None else []
        self._colour = {m.id: MOVEMENT_COLOURS[i % len(MOVEMENT_COLOURS)] for i, m in enumerate(site.movements)}
        self._picture_px = (width * self.scale, height * self.scale)
        self._tint = self._lane_tint()
        rows = len(self._wrapped(self._chips(0, 0, Counter(), (), None, widest=True)))
        # encoders want even sides
        self.size_px = (self._picture_px[0] // 2 * 2, (self._picture_px[1] + rows * _ROW_PX + 10) // 2 * 2)
        self._counted: Counter[str] = Counter()
        self._counted_tracks: dict[int, str] = {}

    def draw(self, frame: Frame, result: VisionResult, signal: SignalState | None) -> ImageBGR:
        """The frame with everything known at its time; counts run on from call to call."""
        for crossing in result.crossings:
            self._counted[crossing.movement] += 1
            self._counted_tracks[crossing.track_id] = crossing.movement
        width, height = self._picture_px
        picture = frame.image if self.scale == 1 else cv2.resize(frame.image, (width, height))
        canvas: ImageBGR = np.empty((self.size_px[1], self.size_px[0], 3), np.uint8)
        canvas[:] = _PANEL
        shown = np.asarray(cv2.add(picture, self._tint), np.uint8)
        canvas[:height] = shown[:, : self.size_px[0]]
        self._draw_site(canvas)
        for track in result.tracks:
            self._draw_track(canvas, track)
        if not result.sight.ok:
            self._banner(canvas, f"camera cannot be believed: {result.sight.reason or 'unknown'}")
        chips = self._chips(frame.index, frame.t_ns, self._counted, result.lanes, signal, widest=False)
        self._draw_strip(canvas, height, chips)
        self._forget_ended(result.tracks)
        return canvas

    def _forget_ended(self, tracks: Sequence[Track]) -> None:
        alive = {track.track_id for track in tracks}
        self._counted_tracks = {k: v for k, v in self._counted_tracks.items() if k in alive}

    def _lane_tint(self) -> ImageBGR:
        tint: ImageBGR = np.zeros((self._picture_px[1], self._picture_px[0], 3), np.uint8)
        for lane in self._lanes:
            cv2.fillPoly(tint, [self._points(lane.polygon_px)], (34, 28, 8))
        return tint

    def _points(self, points: Iterable[PointPx]) -> np.ndarray[tuple[int, ...], np.dtype[np.int32]]:
        return np.round(np.array(list(points), np.float64) * self.scale).astype(np.int32)

    def _draw_site(self, canvas: ImageBGR) -> None:
        for lane in self._lanes:
            cv2.polylines(canvas, [self._points(lane.polygon_px)], True, _LANE, 1, cv2.LINE_AA)
            if lane.stop_line_px is not None:
                self._line(canvas, lane.stop_line_px, (255, 255, 255), 2)
            self._label(canvas, lane.id, self._points([_centre(lane)])[0], _LANE)
        for movement in self._movements:
            colour = self._colour[movement.id]
            self._line(canvas, movement.entry.line_px, colour, 1)
            self._line(canvas, movement.exit.line_px, colour, 3)
            self._label(canvas, movement.id, self._points([_middle(movement.exit.line_px)])[0], colour)

    def _line(self, canvas: ImageBGR, segment: SegmentPx, colour: Colour, thick: int) -> None:
        start, end = self._points(segment).tolist()
        cv2.line(canvas, start, end, colour, thick, cv2.LINE_AA)

    def _draw_track(self, canvas: ImageBGR, track: Track) -> None:
        x1, y1, x2, y2 = (round(v * self.scale) for v in track.box_px)
        movement = self._counted_tracks.get(track.track_id)
        colour = _TEXT if movement is None else self._colour[movement]
        cv2.rectangle(canvas, (x1, y1), (x2, y2), colour, 2 if track.seen and x2 - x1 >= _ROOM_PX else 1, cv2.LINE_AA)
        foot = tuple(round(v * self.scale) for v in track.foot_px)
        cv2.circle(canvas, (foot[0], foot[1]), 3, colour, -1, cv2.LINE_AA)
        if x2 - x1 >= _ROOM_PX:
            self._label(canvas, f"{track.track_id} {track.kind.value}", (x1 + 1, max(y1 - 4, 12)), colour)
        else:
            # a name on a dark ground above a small box would hide its neighbours
            cv2.putText(canvas, f"{track.track_id}", (x1, max(y1 - 3, 10)), _FONT, 0.33, colour, 1, cv2.LINE_AA)

    @staticmethod
    def _label(canvas: ImageBGR, text: str, at: Sequence[int], colour: Colour, size: float = 0.4) -> None:
        x, y = int(at[0]), int(at[1])
        (width, height), _ = cv2.getTextSize(text, _FONT, size, 1)
        cv2.rectangle(canvas, (x - 2, y - height - 3), (x + width + 2, y + 4), _PANEL, -1)
        cv2.putText(canvas, text, (x, y), _FONT, size, colour, 1, cv2.LINE_AA)

    def _banner(self, canvas: ImageBGR, text: str) -> None:
        cv2.rectangle(canvas, (0, 0), (canvas.shape[1], 30), (40, 40, 190), -1)
        cv2.putText(canvas, text, (10, 21), _FONT, 0.55, (255, 255, 255), 1, cv2.LINE_AA)

    def _chips(
        self,
        index: int,
        t_ns: int,
        counted: Mapping[str, int],
        lanes: Sequence[LaneState],
        signal: SignalState | None,
        *,
        widest: bool,
    ) -> list[list[_Chip]]:
        """Groups of chips, each group on a row of its own; `widest` for the room they may need."""
        minutes, seconds = divmod(t_ns / NS_PER_S, 60)
        lamps = [
            _Chip(
                f"{phase}", _LAMPS.get(signal.intervals[phase], _DIM) if signal and phase in signal.intervals else _DIM
            )
            for phase in self._phases
        ]
        if signal is None and not widest:
            lamps = []
        queues = {state.lane: state.queue for state in lanes}
        standing = []
        for lane in self._lanes:
            if lane.stop_line_px is not None:
                queue = queues.get(lane.id)
                count = "?" if queue is None or queue.vehicles is None else str(queue.vehicles)
                standing.append(_Chip(f"queue {lane.id} {count}", None, f"queue {lane.id} 99"))
        return [
            [_Chip(f"{minutes:.0f}:{seconds:04.1f}  frame {index}", None, "000:00.0  frame 000000"), *lamps],
            [_Chip(f"{m.id} {counted.get(m.id, 0)}", self._colour[m.id], f"{m.id} 0000") for m in self._movements],
            standing,
        ]

    def _wrapped(self, groups: Sequence[Sequence[_Chip]]) -> list[list[tuple[int, _Chip]]]:
        """Rows of (x, chip); room is kept for the widest text, so nothing moves as counts grow."""
        rows: list[list[tuple[int, _Chip]]] = []
        for group in groups:
            x = 10
            row: list[tuple[int, _Chip]] = []
            for chip in group:
                (text_px, _), _ = cv2.getTextSize(chip.widest or chip.text, _FONT, 0.5, 1)
                needed = text_px + (18 if chip.mark else 0) + 18
                if row and x + needed > self._picture_px[0]:
                    rows.append(row)
                    x, row = 10, []
                row.append((x, chip))
                x += needed
            if row:
                rows.append(row)
        return rows

    def _draw_strip(self, canvas: ImageBGR, top: int, groups: Sequence[Sequence[_Chip]]) -> None:
        for number, row in enumerate(self._wrapped(groups)):
            y = top + number * _ROW_PX + 24
            for start, chip in row:
                x = start
                if chip.mark is not None:
                    cv2.circle(canvas, (x + 6, y - 5), 6, chip.mark, -1, cv2.LINE_AA)
                    x += 18
                cv2.putText(canvas, chip.text, (x, y), _FONT, 0.5, _TEXT, 1, cv2.LINE_AA)


def _middle(segment: SegmentPx) -> PointPx:
    (x1, y1), (x2, y2) = segment
    return (x1 + x2) / 2, (y1 + y2) / 2


def _centre(lane: Lane) -> PointPx:
    """Where a lane's name stands: the mean of its corners."""
    xs, ys = zip(*lane.polygon_px, strict=True)
    return sum(xs) / len(xs), sum(ys) / len(ys)


class AnnotatedVideo:
    """Writes annotated frames into a file; codecs as in `edge.replay.video_file`."""

    def __init__(self, path: Path, annotator: Annotator, fps: float | None, codec: str = "auto") -> None:
        self._annotator = annotator
        self._file = open_video(path, fps or 25.0, annotator.size_px, codec)

    def write(self, frame: Frame, result: VisionResult, signal: SignalState | None) -> None:
        """Append one frame; StorageError when it cannot be written."""
        self._file.write(self._annotator.draw(frame, result, signal))

    def close(self) -> None:
        """Finish the file. Safe to call twice."""
        self._file.close()
