"""The site description of the demo junction, made from its layout and its camera.

`python -m sim_videos.scene site -o calibration/sites/demo.toml` writes it; a test
compares the committed file with what is made here.
"""

from __future__ import annotations

import json
from typing import Any

from calibration.site import Approach, Camera, Gate, Homography, Lane, Movement, PointPair, Site
from edge.types import Kind
from sim_videos.old.camera import DEMO_CAMERA, PinholeCamera
from sim_videos.old.layout import (
    CROSS_LIMIT_MPS,
    CROSSWALK_Y,
    EAST_KERB_X,
    GATES,
    LANES,
    PLAN,
    SIGNAL,
    SPEED_LIMIT_MPS,
    STOP_Y,
    WEST_KERB_X,
    GateM,
)
from sim_videos.old.paths import PointM

SITE_ID = "demo"
CAMERA_ID = "north-mast"
#: Places one can find in the picture: kerbs, stop-line ends, lane-line ends, the crossing's corners.
_PAIRS_M: tuple[PointM, ...] = (
    (0.25, STOP_Y),
    (10.1, STOP_Y),
    (3.5, -36.0),
    (6.8, -43.0),
    (-3.5, -43.0),
    (WEST_KERB_X, CROSSWALK_Y[0]),
    (EAST_KERB_X, CROSSWALK_Y[0]),
    (14.0, 11.3),
    (-6.85, -80.0),
    (10.15, -80.0),
    (-8.0, 11.3),
)
_APPROACH_PHASES = {"NBL": 5, "NBT": 2, "NBR": 2, "SBT": 6, "EBT": 4, "WBT": 8, "PSE": 4, "PSW": 4}
_NOTES = (
    "Rendered junction of the demo clip (sim_videos). x runs east, y north, y = 0 is the northbound stop line. "
    "Made by `python -m sim_videos.scene site`; do not edit by hand."
)


def demo_site(camera: PinholeCamera = DEMO_CAMERA) -> Site:
    """The demo junction as `camera` sees it."""

    def px(point: PointM) -> tuple[float, float]:
        x, y = camera.ground_to_px([point])[0]
        return round(float(x), 2), round(float(y), 2)

    def gate(line: GateM) -> Gate:
        return Gate(line_px=(px(line.a_m), px(line.b_m)), toward_px=px(line.toward_m))

    def lane(name: str) -> Lane:
        approach, phase, west, east, far = LANES[name]
        corners = ((west, STOP_Y + 0.5), (east, STOP_Y + 0.5), (east, far), (west, far))
        return Lane(
            id=name,
            approach=approach,
            camera=CAMERA_ID,
            polygon_px=tuple(px(corner) for corner in corners),
            stop_line_px=(px((west, STOP_Y)), px((east, STOP_Y))),
            phase=phase,
        )

    def movement(name: str) -> Movement:
        entry, leave = GATES[name]
        on_foot = name.startswith("P")
        lanes = {"NBL": ("NBL",), "NBT": ("NBT1", "NBTR"), "NBR": ("NBTR",)}.get(name, ())
        parts: dict[str, Any] = {"kinds": (Kind.PERSON,)} if on_foot else {}
        return Movement(
            id=name,
            approach="NB" if on_foot else name[:2],
            camera=CAMERA_ID,
            entry=gate(entry),
            exit=gate(leave),
            lanes=lanes,
            phase=_APPROACH_PHASES[name],
            direction=name,
            **parts,
        )

    pairs = tuple(PointPair(px=px(point), m=point) for point in _PAIRS_M)
    return Site(
        schema_version=1,
        id=SITE_ID,
        name="Demo: Main Street and Mill Lane (rendered)",
        timezone="America/Denver",
        notes=_NOTES,
        cameras=(Camera(id=CAMERA_ID, size_px=camera.size_px, homography=Homography(pairs=pairs, max_error_m=0.2)),),
        approaches=(
            Approach(id="NB", name="Main Street, from the south", speed_limit_mps=SPEED_LIMIT_MPS),
            Approach(id="SB", name="Main Street, from the north", speed_limit_mps=SPEED_LIMIT_MPS),
            Approach(id="EB", name="Mill Lane, from the west", speed_limit_mps=CROSS_LIMIT_MPS),
            Approach(id="WB", name="Mill Lane, from the east", speed_limit_mps=CROSS_LIMIT_MPS),
        ),
        lanes=tuple(lane(name) for name in LANES),
        movements=tuple(movement(name) for name in GATES),
        signal=SIGNAL,
        plan=PLAN,
    )


def site_toml(site: Site) -> str:
    """A site as TOML that reads back as the same site."""
    return _table(site.model_dump(mode="json", exclude_none=True, exclude_defaults=True), "")


def _table(table: dict[str, Any], path: str) -> str:
    plain = {key: value for key, value in table.items() if not _is_table(key, value)}
    text = "".join(f"{key} = {_inline(value)}\n" for key, value in plain.items())
    for key, value in table.items():
        if key in plain:
            continue
        name = f"{path}.{key}" if path else key
        rows = value if isinstance(value, list) else [value]
        mark = ("[[", "]]") if isinstance(value, list) else ("[", "]")
        text += "".join(f"\n{mark[0]}{name}{mark[1]}\n{_table(row, name)}" for row in rows)
    return text


def _is_table(key: str, value: Any) -> bool:
    if isinstance(value, dict):
        return key not in {"entry", "exit"}
    return isinstance(value, list) and key != "pairs" and all(isinstance(row, dict) for row in value)


def _inline(value: Any) -> str:
    if isinstance(value, dict):
        return "{ " + ", ".join(f"{key} = {_inline(part)}" for key, part in value.items()) + " }"
    if isinstance(value, list) and value and all(isinstance(row, dict) for row in value):
        return "[\n" + "".join(f"  {_inline(row)},\n" for row in value) + "]"
    if isinstance(value, list):
        return "[" + ", ".join(_inline(part) for part in value) + "]"
    return json.dumps(value, ensure_ascii=False)
