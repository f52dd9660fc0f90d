"""The lines of a `*.truth.jsonl`: a header, one object a frame, and a last line that says it is whole.

`sim_videos/README.md` explains every key. Metres and angles are those of
`sim_videos.state`, pixels those of the camera's picture.
"""

from __future__ import annotations

import json
from typing import Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from calibration.key_types import SiteId
from calibration.site import PointM
from edge.types import Interval, Kind, PedInterval
from sim_videos.scenario import CameraSpec
from sim_videos.state import IncidentKind


class UserRow(NamedTuple):
    """One road user that is in the picture. The box is cut at the frame; x_m, y_m is its footprint's middle.

    visible: share of its whole outline that is seen, 0..1. to_stop_m: its front to its
    lane's stop line, None off an approach.
    """

    id: int
    kind: Kind
    make: str
    x1_px: float
    y1_px: float
    x2_px: float
    y2_px: float
    visible: float
    x_m: float
    y_m: float
    heading_rad: float
    speed_mps: float
    lane: str | None
    to_stop_m: float | None


class QueueRow(NamedTuple):
    """Two definitions of one lane's queue: standing from the stop line back, and (HCM) stopped and not yet over it."""

    vehicles: int
    length_m: float
    hcm_vehicles: int
    hcm_length_m: float


class _Row(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class TrueCrossing(_Row):
    """A road user whose ground point passed a movement's exit gate, having passed its entry gate."""

    id: int
    movement: str
    kind: Kind
    lane: str | None


class IncidentRow(_Row):
    """An incident that is going on: its number in the scenario, and where and with whom it is."""

    number: int = Field(ge=0)
    kind: IncidentKind
    lane: str | None
    x_m: float
    y_m: float
    started_s: float
    users: tuple[int, ...]


class GateRow(_Row):
    """One gate on the ground: its ends, and a point on the side that traffic leaves to."""

    a_m: PointM
    b_m: PointM
    toward_m: PointM


class MovementRow(_Row):
    """What of a movement is counted, and by which gates."""

    kinds: tuple[Kind, ...]
    entry: GateRow
    exit: GateRow


class SceneHeader(_Row):
    """First line. eye_m is where the camera stands (x, y, height); camera is its entry in the scenario."""

    schema_: Literal["stopline-scene-truth/2"] = Field(alias="schema")
    scenario: SiteId
    site: SiteId
    seed: int = Field(ge=0)
    fps: float = Field(gt=0)
    size: tuple[int, int]
    camera: CameraSpec
    eye_m: tuple[float, float, float]
    movements: dict[str, MovementRow]
    lanes: tuple[str, ...]


class SceneFrame(_Row):
    """One frame. faults: what is wrong with the camera now; a frame it never gave has its line too."""

    frame: int = Field(ge=0)
    t_s: float
    signal: dict[int, Interval]
    walk: dict[int, PedInterval]
    users: tuple[UserRow, ...]
    crossings: tuple[TrueCrossing, ...]
    queues: dict[str, QueueRow]
    incidents: tuple[IncidentRow, ...] = ()
    faults: tuple[str, ...] = ()


class SceneEnd(_Row):
    """Last line: how many frames there are, so that a file that was cut off is noticed."""

    frames: int = Field(gt=0)


def line_of(value: SceneHeader | SceneFrame | SceneEnd) -> str:
    """One line of the file, always the same bytes for the same value."""
    row = value.model_dump(mode="json", by_alias=True)
    if isinstance(value, SceneFrame):
        row = {key: part for key, part in row.items() if part != [] or key in {"users", "crossings"}}
    return json.dumps(row, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
