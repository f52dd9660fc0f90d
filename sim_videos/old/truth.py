"""What is true of each frame of a rendered scene: how it is worked out, written and read.

The file has one JSON object a line: a header, then one a frame; `README.md` lists the
keys. The hand-count file beside it says which road user passed which movement when.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, NamedTuple, TypeVar

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from edge.errors import InputError
from edge.types import Interval, Kind, PedInterval
from sim_videos.old.camera import PinholeCamera
from sim_videos.old.canvas import Array, ImageBGR, cover
from sim_videos.old.draw import in_sight, silhouette
from sim_videos.old.lamps import FixedLamps
from sim_videos.old.layout import GATES, LANES, GateM
from sim_videos.old.world import UserState

#: Smaller than this in the picture (width, height in pixels) a road user is left out.
LEAST_PX = (4.0, 6.0)
QUEUE_MPS = 1.4
QUEUE_FIRST_M, QUEUE_GAP_M = 12.0, 8.0


class UserRow(NamedTuple):
    """One road user in one frame. The box is cut at the frame; the place is the footprint's middle."""

    id: int
    kind: Kind
    x1_px: float
    y1_px: float
    x2_px: float
    y2_px: float
    visible: float
    x_m: float
    y_m: float
    speed_mps: float


class QueueRow(NamedTuple):
    """Standing vehicles of a lane, and metres from the stop line to the rear of the last."""

    vehicles: int
    length_m: float


class _Line(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


_L = TypeVar("_L", bound=_Line)


class TrueCrossing(_Line):
    """A road user whose ground point passed a movement's exit gate, having passed its entry gate."""

    id: int
    movement: str
    kind: Kind
    lane: str | None


class SceneFrame(_Line):
    """One frame."""

    frame: int = Field(ge=0)
    t_s: float
    signal: dict[int, Interval]
    walk: dict[int, PedInterval]
    users: tuple[UserRow, ...]
    crossings: tuple[TrueCrossing, ...]
    queues: dict[str, QueueRow]


class SceneHeader(_Line):
    """First line of the file; camera is what `PinholeCamera` takes, in its order."""

    schema_: Literal["stopline-scene-truth/1"] = Field("stopline-scene-truth/1", alias="schema")
    clip: str
    site: str
    seed: int
    fps: float = Field(gt=0)
    frames: int = Field(gt=0)
    size: tuple[int, int]
    camera: dict[str, float | tuple[float, float]]


@dataclass(frozen=True, slots=True)
class SceneTruth:
    """A whole `*.truth.jsonl`."""

    header: SceneHeader
    frames: tuple[SceneFrame, ...]


def load_scene_truth(path: Path) -> SceneTruth:
    """Read a scene's truth; InputError names file, line and what is wrong."""
    try:
        lines = path.read_text(encoding="utf-8").splitlines()
    except OSError as error:
        raise InputError(f"{path}: {error.strerror}; give the .truth.jsonl of a rendered scene") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: is not text; give the .truth.jsonl of a rendered scene") from error
    if not lines:
        raise InputError(f"{path}: is empty; render the scene again")
    header = _parse(SceneHeader, path, 1, lines[0])
    frames = [_parse(SceneFrame, path, number, line) for number, line in enumerate(lines[1:], start=2)]
    if [frame.frame for frame in frames] != list(range(header.frames)):
        raise InputError(
            f"{path}: the header says {header.frames} frames, the file holds {len(frames)}; render it again"
        )
    return SceneTruth(header, tuple(frames))


def _parse(kind: type[_L], path: Path, number: int, line: str) -> _L:
    try:
        return kind.model_validate_json(line)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "line"
        raise InputError(f"{path}: line {number}: {where}: {first['msg']}; render the scene again") from error


class TruthRecorder:
    """Works out each frame's truth. Give it every frame in order: gates need the one before."""

    def __init__(self, camera: PinholeCamera) -> None:
        self._camera = camera
        self._gates = GateWatch()

    def frame(self, index: int, t_s: float, users: Sequence[UserState], lamps: FixedLamps) -> SceneFrame:
        """The truth of frame `index`, at t_s seconds of the clip."""
        phases = lamps.intervals(t_s)
        walk = {phase: lamps.pedestrian(phase, t_s) for phase in phases}
        return SceneFrame(
            frame=index,
            t_s=round(t_s, 3),
            signal=phases,
            walk={phase: shows for phase, shows in walk.items() if shows is not PedInterval.DARK},
            users=tuple(self._rows(users)),
            crossings=tuple(self._gates.update(users)),
            queues={lane: _queue([user for user in users if user.lane == lane]) for lane in LANES},
        )

    def _rows(self, users: Sequence[UserState]) -> list[UserRow]:
        width, height = self._camera.size_px
        eye = self._camera.eye_m
        shown = [user for user in users if in_sight(self._camera, user)]
        shown.sort(key=lambda user: -float(np.hypot(user.pose.pos_m[0] - eye[0], user.pose.pos_m[1] - eye[1])))
        owner: ImageBGR = np.zeros((height, width), np.uint8)
        outlines = [silhouette(self._camera, user) for user in shown]
        for number, outline in enumerate(outlines, start=1):
            cover(owner, outline, number)
        rows = []
        for number, (user, outline) in enumerate(zip(shown, outlines, strict=True), start=1):
            full = np.concatenate((outline.min(axis=0), outline.max(axis=0)))
            box = np.clip(full, 0.0, np.array((width, height, width, height)))
            wide, high = box[2] - box[0], box[3] - box[1]
            if wide < LEAST_PX[0] or high < LEAST_PX[1]:
                continue
            inside = float(wide * high / ((full[2] - full[0]) * (full[3] - full[1])))
            visible = inside * _unhidden(owner, outline, number)
            x1, y1, x2, y2 = (round(float(value), 1) for value in box)
            x_m, y_m = user.pose.pos_m
            rows.append(
                UserRow(
                    user.user_id,
                    user.body.kind,
                    x1,
                    y1,
                    x2,
                    y2,
                    round(visible, 2),
                    round(x_m, 2),
                    round(y_m, 2),
                    round(user.speed_mps, 2),
                )
            )
        return sorted(rows)


def _unhidden(owner: ImageBGR, outline: Array, number: int) -> float:
    """Share of an outline's pixels inside the frame that no nearer road user covers."""
    own: ImageBGR = np.zeros_like(owner)
    cover(own, outline, 1)
    inside = own > 0
    pixels = int(inside.sum())
    return int((owner[inside] == number).sum()) / pixels if pixels else 0.0


def _queue(users: list[UserState]) -> QueueRow:
    reach_m, vehicles, length_m = QUEUE_FIRST_M, 0, 0.0
    waiting = [(user.to_stop_m, user) for user in users if user.to_stop_m is not None and user.to_stop_m > -0.5]
    for before_m, user in sorted(waiting, key=lambda pair: pair[0]):
        if before_m > reach_m or user.speed_mps >= QUEUE_MPS:
            break
        vehicles += 1
        length_m = before_m + user.body.length_m
        reach_m = length_m + QUEUE_GAP_M
    return QueueRow(vehicles, round(length_m, 1))


class GateWatch:
    """Follows the ground point of each road user through the gates of every movement."""

    def __init__(self) -> None:
        self._last: dict[int, tuple[float, float]] = {}
        self._entered: set[tuple[int, str]] = set()

    def update(self, users: Sequence[UserState]) -> list[TrueCrossing]:
        """Those that passed an exit gate since the frame before, in order of id."""
        found = []
        for user in users:
            before, now = self._last.get(user.user_id), user.pose.pos_m
            if before is not None:
                for movement, (entry, leave) in GATES.items():
                    if (user.body.kind is Kind.PERSON) != movement.startswith("P"):
                        continue
                    key = (user.user_id, movement)
                    if passes(entry, before, now):
                        self._entered.add(key)
                    if key in self._entered and passes(leave, before, now):
                        self._entered.discard(key)
                        found.append(
                            TrueCrossing(id=user.user_id, movement=movement, kind=user.body.kind, lane=user.lane)
                        )
        self._last = {user.user_id: user.pose.pos_m for user in users}
        return found


def passes(gate: GateM, before: tuple[float, float], now: tuple[float, float]) -> bool:
    """Whether a step on the ground passes a gate between its ends, toward its leaving side."""
    (ax, ay), (bx, by) = gate.a_m, gate.b_m
    nx, ny = ay - by, bx - ax
    toward = (gate.toward_m[0] - ax) * nx + (gate.toward_m[1] - ay) * ny
    sign = 1.0 if toward > 0 else -1.0
    d0 = sign * ((before[0] - ax) * nx + (before[1] - ay) * ny)
    d1 = sign * ((now[0] - ax) * nx + (now[1] - ay) * ny)
    if not d0 < 0 <= d1:
        return False
    share = d0 / (d0 - d1)
    x, y = before[0] + share * (now[0] - before[0]), before[1] + share * (now[1] - before[1])
    along = (x - ax) * (bx - ax) + (y - ay) * (by - ay)
    return 0 <= along <= (bx - ax) * (bx - ax) + (by - ay) * (by - ay)


def line_of(value: SceneFrame | SceneHeader) -> str:
    """One line of the file, always the same bytes for the same value."""
    return json.dumps(value.model_dump(mode="json", by_alias=True), separators=(",", ":"), ensure_ascii=False)
