"""Where the camera points: the edges of what stands there, against those since calibration.

Edges of houses, kerbs and markings are told from passing vehicles by averaging, and from light by taking
only how strong an edge is beside its neighbours. The two maps are laid over one another by correlation at every
shift at once (FFT), and where that is not at zero the fit is refined by an affine warp (Evangelidis &
Psarakis 2008, ECC), for a turned camera moves the border of its picture more than the middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import cv2
import numpy as np

from edge.vision.health.look import SMALL_PX, WIDTH_PX, Floats, Look

#: Farthest shift looked for, as shares of width and height.
_REACH = (0.45, 0.42)
#: Room for the farthest shift, and quick to transform.
_PADDED_PX = (240, 144)
#: A border of so many pixels is not compared: what comes in there was never seen.
_BORDER_PX = 2
#: An edge weaker than this, in luminance, is noise.
_FLOOR = 6.0
_SCALE = WIDTH_PX / SMALL_PX[0]


@dataclass(frozen=True, slots=True)
class Shift:
    """How far what stood at the middle of the picture has moved. right_px, down_px: at 640 px width.

    match: correlation of the edges there, 0..1; match_unmoved: where they were. turned_deg: clockwise.
    """

    right_px: float
    down_px: float
    turned_deg: float
    match: float
    match_unmoved: float

    @property
    def length_px(self) -> float:
        """At 640 px width."""
        return math.hypot(self.right_px, self.down_px)


def edge_map(look: Look) -> Floats:
    """(90, 160) edges, each as strong as it is beside its neighbours, 0..1."""
    grey = cv2.GaussianBlur(look.small, (0, 0), 0.8)
    across = cv2.Sobel(grey, cv2.CV_32F, 1, 0, scale=0.25)
    down = cv2.Sobel(grey, cv2.CV_32F, 0, 1, scale=0.25)
    strong = cv2.magnitude(across, down)
    around = cv2.blur(strong, (21, 21), borderType=cv2.BORDER_REFLECT)
    return np.asarray(np.minimum(strong / (2.0 * around + _FLOOR), 1.0), np.float32)


class EdgeMatcher:
    """Compares edge maps with one reference, (90, 160)."""

    def __init__(self, reference: Floats) -> None:
        self._inside = _inside()
        self._reference = _centred(reference, self._inside)
        self._spectrum = _spectrum(self._reference)
        self._energy = _spectrum(self._reference**2)
        self._mask = _spectrum(self._inside)
        self._all = np.full(self._inside.shape, 255, np.uint8)

    def shift(self, edges: Floats) -> Shift:
        """How edges, (90, 160), lie over the reference."""
        now = _centred(edges, self._inside)
        spectrum = _spectrum(now)
        cross = _back(spectrum, self._spectrum)
        ours, theirs = _back(_spectrum(now**2), self._mask), _back(self._mask, self._energy)
        score = cross / np.sqrt(np.maximum(ours, 1e-3) * np.maximum(theirs, 1e-3))
        width, height = SMALL_PX
        reach_x, reach_y = int(width * _REACH[0]), int(height * _REACH[1])
        window = np.roll(score, (reach_y, reach_x), (0, 1))[: 2 * reach_y + 1, : 2 * reach_x + 1]
        row, column = np.unravel_index(int(window.argmax()), window.shape)
        dx, dy = _peak(window, int(row), int(column))
        best, unmoved = (
            float(window[row, column]),
            float(window[reach_y - 1 : reach_y + 2, reach_x - 1 : reach_x + 2].max()),
        )
        right, down = dx - reach_x, dy - reach_y
        turned = 0.0
        if math.hypot(right, down) > 1.0:
            right, down, turned = self._refined(now, right, down)
        return Shift(right * _SCALE, down * _SCALE, turned, best, unmoved)

    def _refined(self, now: Floats, right: float, down: float) -> tuple[float, float, float]:
        """An affine fit from the shift that correlates best: right, down at the middle, turn."""
        warp = np.array([[1, 0, right], [0, 1, down]], np.float32)
        stop = (cv2.TERM_CRITERIA_EPS | cv2.TERM_CRITERIA_COUNT, 40, 1e-4)
        soft = cv2.GaussianBlur(now, (0, 0), 1.5)
        try:
            found, fitted = cv2.findTransformECC(
                cv2.GaussianBlur(self._reference, (0, 0), 1.5), soft, warp, cv2.MOTION_AFFINE, stop, self._all, 1
            )
        except cv2.error:  # it says so where nothing fits
            return right, down, 0.0
        affine = np.asarray(fitted, np.float64)
        middle = np.array([SMALL_PX[0] / 2, SMALL_PX[1] / 2, 1.0])
        moved = affine @ middle - middle[:2]
        # Far from where the correlation was it has lost its way.
        if found < 0.2 or math.hypot(moved[0] - right, moved[1] - down) > 3.0 + 0.35 * math.hypot(right, down):
            return right, down, 0.0
        turned = math.degrees(math.atan2(affine[1, 0] - affine[0, 1], affine[0, 0] + affine[1, 1]))
        return float(moved[0]), float(moved[1]), turned


def _inside() -> Floats:
    width, height = SMALL_PX
    inside = np.zeros((height, width), np.float32)
    inside[_BORDER_PX:-_BORDER_PX, _BORDER_PX:-_BORDER_PX] = 1.0
    return inside


def _centred(edges: Floats, inside: Floats) -> Floats:
    return np.asarray((edges - float(edges[inside > 0].mean())) * inside, np.float32)


def _spectrum(image: Floats) -> Floats:
    padded = np.zeros((_PADDED_PX[1], _PADDED_PX[0]), np.float32)
    padded[: image.shape[0], : image.shape[1]] = image
    return np.asarray(cv2.dft(padded), np.float32)


def _back(a: Floats, b: Floats) -> Floats:
    """Correlation of two spectra: how well `a` moved back by each shift lies over `b`."""
    return np.asarray(
        cv2.idft(cv2.mulSpectrums(a, b, 0, conjB=True), flags=cv2.DFT_SCALE | cv2.DFT_REAL_OUTPUT), np.float32
    )


def _peak(window: Floats, row: int, column: int) -> tuple[float, float]:
    """Column and row of the peak, between pixels by the parabola through its neighbours."""
    return column + _top(window[row, column - 1 : column + 2]), row + _top(window[row - 1 : row + 2, column])


def _top(three: Floats) -> float:
    if len(three) < 3:
        return 0.0
    before, here, after = (float(value) for value in three)
    bend = before - 2 * here + after
    return 0.0 if bend >= 0 else max(-0.5, min(0.5, 0.5 * (before - after) / bend))
