"""Whether the camera still points where it did when it was calibrated: the reference views, and what they say.

One reference a light (night, dusk, day), learned once and from then on only refined in its place, so that a
mast that creeps is not followed. A light that was never seen may be learned only while the camera is known to
point right.
"""

from __future__ import annotations

import math
from collections import deque

import cv2
import numpy as np

from edge.vision.health.look import SMALL_PX, WIDTH_PX, Floats, Look
from edge.vision.health.normal import N_LIGHTS
from edge.vision.health.view import EdgeMatcher, Shift, edge_map

#: Looks at the view whose shifts are taken together: a mast in the wind sways about where it was.
_TOGETHER = 5
_REFRESH = 25
_SLOWEST = 20_000
_LEAST_MATCH = 0.25
#: A shift of more than a step of the small picture must match so much better than none at all.
_BETTER = 0.12
_STEP_PX = 3.0 * WIDTH_PX / SMALL_PX[0]
#: Matches below this share of the usual one, for so many looks: another place.
_ELSEWHERE, _ELSEWHERE_LOOKS = 0.35, 15


class Reference:
    """The edges in one light since calibration: mean (90, 160) of count looks, and the usual match with it."""

    def __init__(self, edges: Floats | None = None, count: int = 0, usual: float = 0.0) -> None:
        self.edges: Floats = np.zeros((SMALL_PX[1], SMALL_PX[0]), np.float32) if edges is None else edges
        self.count, self.usual = count, usual
        self._matcher: EdgeMatcher | None = None
        self._fresh = 0

    def shift(self, edges: Floats) -> Shift:
        """How edges lie over it; it must have seen at least one look."""
        if self._matcher is None or self._fresh >= min(self.count, _REFRESH):
            self._matcher, self._fresh = EdgeMatcher(self.edges), 0
        return self._matcher.shift(edges)

    def learn(self, edges: Floats, shift: Shift | None) -> None:
        """Take in edges, moved back by a shift of less than a pixel or two."""
        if shift is not None and shift.length_px > 0.5:
            scale = SMALL_PX[0] / WIDTH_PX
            back = np.array([[1, 0, -shift.right_px * scale], [0, 1, -shift.down_px * scale]], np.float32)
            edges = np.asarray(cv2.warpAffine(edges, back, SMALL_PX, borderMode=cv2.BORDER_REPLICATE), np.float32)
        self.count = min(self.count + 1, _SLOWEST)
        self._fresh += 1
        self.edges += (edges - self.edges) / np.float32(self.count)
        if shift is not None:
            self.usual += (shift.match - self.usual) / min(self.count, 200)


class Pointing:
    """Where the camera points, look by look.

    focal_px: of the lens at 640 px width, to tell degrees; None: not known.
    """

    def __init__(self, learn_looks: int, focal_px: float | None = None) -> None:
        self.references = [Reference() for _ in range(N_LIGHTS)]
        #: Lights that were learned before anything said that the camera points right.
        self.unproven: set[int] = set()
        self._learn_looks, self._focal_px = learn_looks, focal_px
        self._recent: deque[Shift] = deque(maxlen=_TOGETHER)
        self._light: int | None = None
        self._proven = False
        self._elsewhere = 0
        self.shift: Shift | None = None

    def adopt(self, references: list[Reference]) -> None:
        """Go on with references that were kept."""
        self.references = references

    def update(self, look: Look, light: int, *, clear: bool) -> float | None:
        """The shift in px at 640 px width; None where it cannot be told now. clear: nothing else is wrong."""
        if light != self._light:
            self._light = light
            self._recent.clear()
            self._elsewhere = 0
        reference, edges = self.references[light], edge_map(look)
        if reference.count < self._learn_looks:
            if clear and self._may_learn(light):
                reference.learn(edges, reference.shift(edges) if reference.count else None)
            return None
        shift = reference.shift(edges)
        if not clear and shift.match < _LEAST_MATCH:
            return None
        self._elsewhere = self._elsewhere + 1 if clear and shift.match < _ELSEWHERE * reference.usual else 0
        if self._elsewhere >= _ELSEWHERE_LOOKS:
            self.shift = None
            return math.inf
        if not _sure(shift):
            return None
        self._recent.append(shift)
        moved = self._together()
        if moved is None:
            return None
        self.shift = moved
        if moved.length_px < 2.0:
            self._proven = True
            if clear and shift.length_px < 4.0:
                reference.learn(edges, shift)
        elif moved.length_px > 5.0:
            self._forget_unproven(light)
        return moved.length_px

    def spoken(self) -> str:
        """The shift in words and numbers: "14 px right, 3 px down (1.5° and 0.3°)"."""
        shift = self.shift
        if shift is None:
            return "it shows another place"
        across, along = abs(shift.right_px), abs(shift.down_px)
        words = [
            f"{across:.0f} px {'right' if shift.right_px > 0 else 'left'}",
            f"{along:.0f} px {'down' if shift.down_px > 0 else 'up'}",
        ]
        if abs(shift.turned_deg) >= 1.5:
            words.append(f"turned by {abs(shift.turned_deg):.1f}°")
        text = ", ".join(words)
        if self._focal_px is None:
            return text
        degrees = (math.degrees(math.atan2(px, self._focal_px)) for px in (across, along))
        return text + " ({:.1f}° and {:.1f}°)".format(*degrees)

    def _may_learn(self, light: int) -> bool:
        if self._proven or all(other.count == 0 for n, other in enumerate(self.references) if n != light):
            return True
        self.unproven.add(light)
        return True

    def _forget_unproven(self, light: int) -> None:
        for other in self.unproven - {light}:
            self.references[other] = Reference()
        self.unproven.clear()

    def _together(self) -> Shift | None:
        """The median of the recent shifts where they agree; None where they do not, or are too few."""
        if len(self._recent) < _TOGETHER - 1:
            return None
        right, down = (
            np.array(values) for values in zip(*((s.right_px, s.down_px) for s in self._recent), strict=True)
        )
        middle = float(np.median(right)), float(np.median(down))
        apart = float(np.median(np.hypot(right - middle[0], down - middle[1])))
        if apart > max(1.5, 0.25 * math.hypot(*middle)):
            return None
        last = self._recent[-1]
        return Shift(*middle, float(np.median([s.turned_deg for s in self._recent])), last.match, last.match_unmoved)


def _sure(shift: Shift) -> bool:
    if shift.match < _LEAST_MATCH:
        return False
    return shift.length_px < _STEP_PX or shift.match > shift.match_unmoved + _BETTER
