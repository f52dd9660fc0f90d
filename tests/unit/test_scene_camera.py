"""The scene's camera, paths and lamps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.types import Interval, PedInterval
from sim_videos.old.camera import DEMO_CAMERA, PinholeCamera
from sim_videos.old.lamps import FixedLamps
from sim_videos.old.layout import PLAN, SIGNAL
from sim_videos.old.paths import Path, arc


@given(x=st.floats(-15, 20), y=st.floats(-150, 15), tilt=st.floats(5, 40), pan=st.floats(-20, 20))
def test_ground_to_pixel_and_back(x: float, y: float, tilt: float, pan: float) -> None:
    camera = PinholeCamera((3.0, 37.0), 12.0, tilt, pan, 600.0, (640, 360))
    back = camera.to_ground(camera.ground_to_px([(x, y)]))[0]
    assert back == pytest.approx((x, y), abs=1e-6)


def test_a_camera_that_looks_south_has_west_on_its_right_and_near_below() -> None:
    west, east, near = DEMO_CAMERA.ground_to_px([(-5.0, -20.0), (10.0, -20.0), (-5.0, 0.0)])
    assert west[0] > east[0]
    assert near[1] > west[1]


def test_height_rises_in_the_picture_and_depth_is_known() -> None:
    foot, top = DEMO_CAMERA.to_px([(0.0, -20.0, 0.0), (0.0, -20.0, 3.0)])
    assert top[1] < foot[1]
    # 3 m at that depth, upright, under this tilt
    depth = DEMO_CAMERA.depth_m([(0.0, -20.0, 1.5)])[0]
    assert foot[1] - top[1] == pytest.approx(600 * 3 / depth, rel=0.05)


def test_the_sky_has_no_ground() -> None:
    row = DEMO_CAMERA.horizon_px
    above, below = DEMO_CAMERA.to_ground([(320, row - 1), (320, row + 1)])
    assert np.isnan(above).all()
    assert np.isfinite(below).all()


def test_enlarged_sees_the_same() -> None:
    points = [(1.0, -30.0), (5.0, 3.0)]
    assert DEMO_CAMERA.enlarged(3).ground_to_px(points) == pytest.approx(3 * DEMO_CAMERA.ground_to_px(points))


def test_a_path_is_measured_along_its_turns() -> None:
    path = Path([(0.0, -10.0), *arc((-8.0, 0.0), 8.0, 0, 90), (-30.0, 8.0)])
    assert path.where(1, 0.0) == pytest.approx(10.0)
    assert path.at(10 + 8 * math.pi / 2) == pytest.approx((-8.0, 8.0), abs=0.05)
    pose = path.pose(path.length_m, 4.0)
    assert pose.ahead == pytest.approx((-1.0, 0.0))
    assert pose.pos_m == pytest.approx((-28.0, 8.0))


@given(t_s=st.floats(-200, 200))
def test_lamps_repeat_and_never_show_conflicting_phases(t_s: float) -> None:
    lamps = FixedLamps(SIGNAL, PLAN)
    shows = lamps.intervals(t_s)
    moving = {phase for phase, interval in shows.items() if interval in {Interval.GREEN, Interval.YELLOW}}
    assert not (moving & {2, 5, 6} and moving & {4, 8})
    assert not moving >= {5, 6}
    if lamps.pedestrian(4, t_s) in {PedInterval.WALK, PedInterval.CLEARANCE}:
        assert shows[4] is Interval.GREEN
    assert lamps.pedestrian(2, t_s) is PedInterval.DARK


def test_green_begins_at_the_offset() -> None:
    lamps = FixedLamps(SIGNAL, PLAN)
    assert lamps.interval(2, PLAN.offset_s - 0.01) is Interval.RED
    assert lamps.interval(2, PLAN.offset_s) is Interval.GREEN
    green_s = PLAN.splits_s[2] - 5.0
    assert lamps.interval(2, PLAN.offset_s + green_s) is Interval.YELLOW
    assert lamps.interval(2, PLAN.offset_s + green_s + 3.5) is Interval.RED_CLEARANCE
    assert lamps.interval(6, PLAN.offset_s + PLAN.splits_s[5]) is Interval.GREEN


def test_splits_that_do_not_fill_the_cycle_are_refused() -> None:
    with pytest.raises(ValueError, match="sum to 52"):
        FixedLamps(SIGNAL, PLAN.model_copy(update={"splits_s": {**PLAN.splits_s, 4: 18}}))
