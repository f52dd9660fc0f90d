"""A picture to draw on in its own pixels, enlarged first, with labels that keep off one another."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import ArrayLike, NDArray

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]

FOOTER_PX = 64
_WIDTH_PX = 1280
_FONT = cv2.FONT_HERSHEY_DUPLEX
_TEXT_SCALE = 0.55
_DARK: Colour = (28, 28, 28)
_WHITE: Colour = (255, 255, 255)
#: Shifts tried, in label heights, until a label covers no other.
_SHIFTS = [(0.0, 0.0)] + [
    (dx * reach, dy * reach)
    for reach in (0.7, 1.0, 1.4, 2.0, 2.8, 3.8, 5.0)
    for dx, dy in ((0, 1), (0, -1), (1.5, 0), (-1.5, 0), (1.5, 1), (-1.5, 1), (1.5, -1), (-1.5, -1), (3, 0), (-3, 0))
]


class Canvas:
    """Takes coordinates in pixels of the picture it was made from; widths in pixels of the large one."""

    def __init__(self, image: Image) -> None:
        height, width = image.shape[:2]
        self.scale = self.scale_of(width)
        size = (width * self.scale, height * self.scale)
        large = cv2.resize(image, size, interpolation=cv2.INTER_CUBIC)
        # A little darker, so that light lines stand out on a grey road.
        self._image: Image = np.asarray(large * 0.8, np.uint8)
        self._taken: list[tuple[int, int, int, int]] = []

    @staticmethod
    def scale_of(width_px: int) -> int:
        """How many times a picture of this width is enlarged."""
        return max(1, min(4, round(_WIDTH_PX / width_px)))

    def fill(self, polygon_px: ArrayLike, colour: Colour, opacity: float) -> None:
        """A translucent area."""
        over = self._image.copy()
        cv2.fillPoly(over, [self._at(polygon_px)], colour, cv2.LINE_AA)
        self._blend(over, opacity)

    def outline(self, polygon_px: ArrayLike, colour: Colour, width_px: int) -> None:
        """The closed border of an area."""
        cv2.polylines(self._image, [self._at(polygon_px)], True, colour, width_px, cv2.LINE_AA)

    def line(self, points_px: ArrayLike, colour: Colour, width_px: int) -> None:
        """An open line through points."""
        cv2.polylines(self._image, [self._at(points_px)], False, colour, width_px, cv2.LINE_AA)

    def dotted(self, runs_px: Sequence[NDArray[np.float64]], colour: Colour, opacity: float) -> None:
        """Thin translucent lines."""
        over = self._image.copy()
        cv2.polylines(over, [self._at(run) for run in runs_px if len(run) > 1], False, colour, 1, cv2.LINE_AA)
        self._blend(over, opacity)

    def arrow(self, tail_px: ArrayLike, head_px: ArrayLike, colour: Colour) -> None:
        """An arrow of at least a visible length."""
        tail, head = np.asarray(tail_px, np.float64), np.asarray(head_px, np.float64)
        length = float(np.hypot(*(head - tail))) or 1.0
        shown = max(length, 22 / self.scale)
        head = tail + (head - tail) * min(shown, 70 / self.scale) / length
        (start, end) = self._at(np.vstack([tail, head]))
        for width_px, stroke in ((5, _DARK), (2, colour)):
            cv2.arrowedLine(self._image, start.tolist(), end.tolist(), stroke, width_px, cv2.LINE_AA, tipLength=0.35)

    def cross(self, at_px: ArrayLike, colour: Colour) -> None:
        """A small upright cross."""
        (at,) = self._at(at_px)
        for width_px, stroke in ((3, _DARK), (1, colour)):
            cv2.drawMarker(self._image, at.tolist(), stroke, cv2.MARKER_CROSS, 13, width_px, cv2.LINE_AA)

    def label(self, text: str, at_px: ArrayLike, colour: Colour, badges: Sequence[str] = ()) -> None:
        """Text on a dark plate near a point, followed by round badges; moved aside where another label is."""
        (at,) = self._at(at_px)
        (text_w, text_h), base = cv2.getTextSize(text, _FONT, _TEXT_SCALE, 1)
        radius = text_h // 2 + 5
        width = text_w + 12 + len(badges) * (2 * radius + 4)
        height = text_h + base + 8
        x, y = self._free(int(at[0]) - width // 2, int(at[1]) - height // 2, width, height)
        if abs(x + width // 2 - at[0]) > width or abs(y + height // 2 - at[1]) > 1.2 * height:
            cv2.line(self._image, (x + width // 2, y + height // 2), at.tolist(), colour, 1, cv2.LINE_AA)
        plate = self._image[y : y + height, x : x + width]
        plate[:] = (plate * 0.25 + np.array(_DARK) * 0.75).astype(np.uint8)
        cv2.rectangle(self._image, (x, y), (x + width - 1, y + height - 1), colour, 1, cv2.LINE_AA)
        cv2.putText(self._image, text, (x + 6, y + 4 + text_h), _FONT, _TEXT_SCALE, _WHITE, 1, cv2.LINE_AA)
        for i, badge in enumerate(badges):
            centre = (x + text_w + 12 + radius + i * (2 * radius + 4), y + height // 2)
            cv2.circle(self._image, centre, radius, colour, -1, cv2.LINE_AA)
            (badge_w, badge_h), _ = cv2.getTextSize(badge, _FONT, 0.5, 1)
            origin = (centre[0] - badge_w // 2, centre[1] + badge_h // 2)
            cv2.putText(self._image, badge, origin, _FONT, 0.5, _DARK, 1, cv2.LINE_AA)

    def keep_clear(self, line_px: ArrayLike) -> None:
        """Let no label lie on a line."""
        a, b = self._at(line_px)
        steps = max(2, int(np.hypot(*(b - a)) / 6))
        for x, y in np.linspace(a, b, steps).astype(np.int32).tolist():
            self._taken.append((x - 3, y - 3, 6, 6))

    def finished(self, title: str, legend: Sequence[tuple[str, Colour]]) -> Image:
        """The picture with a footer of two lines: a title, and what the colours mean."""
        width = self._image.shape[1]
        footer: Image = np.full((FOOTER_PX, width, 3), 28, np.uint8)
        cv2.putText(footer, title, (12, 25), _FONT, self._fitting(title, width - 24), _WHITE, 1, cv2.LINE_AA)
        x = 12
        for text, colour in legend:
            cv2.line(footer, (x, 45), (x + 26, 45), colour, 3, cv2.LINE_AA)
            cv2.putText(footer, text, (x + 34, 50), _FONT, 0.5, (210, 210, 210), 1, cv2.LINE_AA)
            x += 34 + cv2.getTextSize(text, _FONT, 0.5, 1)[0][0] + 28
        return np.asarray(np.vstack([self._image, footer]), np.uint8)

    def _at(self, points_px: ArrayLike) -> NDArray[np.int32]:
        """(n, 2) points in the large picture: pixel centres stay where they are."""
        points = np.asarray(points_px, np.float64).reshape(-1, 2)
        return np.round((points + 0.5) * self.scale - 0.5).astype(np.int32)

    def _blend(self, over: Image, opacity: float) -> None:
        cv2.addWeighted(over, opacity, self._image, 1 - opacity, 0, self._image)

    def _free(self, x: int, y: int, width: int, height: int) -> tuple[int, int]:
        """The nearest place within the picture that no label has taken."""
        rows, columns = self._image.shape[:2]
        place = (x, y)
        for dx, dy in _SHIFTS:
            px = min(max(0, x + round(dx * height)), columns - width)
            py = min(max(0, y + round(dy * height)), rows - height)
            place = (max(0, px), max(0, py))
            if not any(_overlap((*place, width, height), other) for other in self._taken):
                break
        self._taken.append((*place, width, height))
        return place

    @staticmethod
    def _fitting(text: str, width_px: int) -> float:
        return min(0.6, 0.6 * width_px / max(1, cv2.getTextSize(text, _FONT, 0.6, 1)[0][0]))


def _overlap(a: tuple[int, int, int, int], b: tuple[int, int, int, int]) -> bool:
    return a[0] < b[0] + b[2] and b[0] < a[0] + a[2] and a[1] < b[1] + b[3] and b[1] < a[1] + a[3]
