"""Boxes of a rendered frame as a detector's training labels, in YOLO's layout.

What a person could not label is not a label: a road user of which too little is seen, or
that is too small, goes to the regions that training should skip.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass

from edge.types import KINDS, Kind
from sim_videos.render.seen import SeenUser

#: Less of a road user than this in sight, or a shorter side in pixels, is no label.
LEAST_VISIBLE, LEAST_PX = 0.25, 7.0
#: Of even less than this nothing is left that a detector could be told to skip.
_NOTHING_VISIBLE, _NOTHING_PX = 0.02, 2.0


@dataclass(frozen=True, slots=True)
class LabelledBox:
    """One line of a label file: index in `KINDS`, then middle and size as shares of the picture."""

    kind: int
    x: float
    y: float
    width: float
    height: float

    @property
    def line(self) -> str:
        """As YOLO writes it."""
        return f"{self.kind} {self.x:.5f} {self.y:.5f} {self.width:.5f} {self.height:.5f}"


def labels_of(
    seen: Sequence[SeenUser],
    kinds: Mapping[int, Kind],
    size_px: tuple[int, int],
    veiled: Collection[int] = (),
) -> tuple[list[LabelledBox], list[LabelledBox]]:
    """Labels, and regions to skip; kinds gives the class of each user_id, veiled those lost in fog."""
    labels: list[LabelledBox] = []
    skipped: list[LabelledBox] = []
    for user in seen:
        x1, y1, x2, y2 = user.box_px
        short_px = min(x2 - x1, y2 - y1)
        if user.visible < _NOTHING_VISIBLE or short_px < _NOTHING_PX:
            continue
        wide, high = size_px
        kind = KINDS.index(kinds[user.user_id])
        box = LabelledBox(kind, (x1 + x2) / 2 / wide, (y1 + y2) / 2 / high, (x2 - x1) / wide, (y2 - y1) / high)
        plain = user.visible >= LEAST_VISIBLE and short_px >= LEAST_PX and user.user_id not in veiled
        (labels if plain else skipped).append(box)
    return labels, skipped
