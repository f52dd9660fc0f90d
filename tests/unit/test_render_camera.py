"""The pin-hole camera: there and back, knocked, distorted, and refused where it can see nothing."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import ConfigError
from sim_videos.render.camera import PinholeCamera, camera_of
from sim_videos.scenario import CameraSpec
from tests.rendered_street import NORTH, camera, street

cameras = st.builds(
    lambda z, yaw, tilt, roll, focal, k1, k2: PinholeCamera((3.0, -4.0, z), yaw, tilt, roll, focal, (640, 360), k1, k2),
    st.floats(3, 30), st.floats(-math.pi, math.pi), st.floats(0.1, 1.2), st.floats(-0.3, 0.3),
    st.floats(400, 1500), st.floats(-0.12, 0.3), st.floats(0.0, 0.1),
)  # fmt: skip


@given(cameras, st.floats(1, 639), st.floats(1, 359))
def test_a_pixel_goes_to_the_ground_and_comes_back(eye: PinholeCamera, x: float, y: float) -> None:
    ground = eye.to_ground([(x, y)])
    if np.isnan(ground).any() or np.abs(ground).max() > 2000:
        return
    assert eye.ground_to_px(ground)[0] == pytest.approx((x, y), abs=0.01)


@given(cameras)
def test_above_the_horizon_there_is_no_ground(eye: PinholeCamera) -> None:
    pixels = np.array([(x, y) for x in range(5, 640, 90) for y in range(5, 360, 50)])
    rises = eye.rays(pixels)[:, 2] >= 0
    assert np.isnan(eye.to_ground(pixels)[rises]).all()


def test_the_optical_axis_is_in_the_middle() -> None:
    eye = PinholeCamera((0.0, 0.0, 10.0), 0.0, math.atan2(10.0, 20.0), 0.2, 500.0, (640, 360), 0.1, 0.05)
    assert eye.ground_to_px([(20.0, 0.0)])[0] == pytest.approx((320, 180))


def test_left_is_left_and_near_is_low() -> None:
    eye = PinholeCamera((0.0, 0.0, 10.0), 0.0, 0.4, 0.0, 500.0, (640, 360))
    (near_left, near_right, far) = eye.ground_to_px([(20.0, 3.0), (20.0, -3.0), (40.0, 0.0)])
    assert near_left[0] < 320 < near_right[0]
    assert far[1] < near_left[1]


def test_knocked_to_the_right_and_down_things_move_left_and_up() -> None:
    eye = camera()
    point = [(2.0, -20.0)]
    before, after = eye.ground_to_px(point)[0], eye.turned(4.0, 2.0).ground_to_px(point)[0]
    assert after[0] < before[0] - 5
    assert after[1] < before[1] - 3


def test_what_is_behind_is_not_imaged() -> None:
    assert np.isnan(camera().to_px([(2.0, 60.0, 1.0)])).all()


def test_barrel_distortion_draws_the_corners_in() -> None:
    plain = PinholeCamera((0.0, 0.0, 10.0), 0.0, 0.4, 0.0, 500.0, (640, 360))
    barrel = PinholeCamera((0.0, 0.0, 10.0), 0.0, 0.4, 0.0, 500.0, (640, 360), k1=-0.2)
    corner = plain.to_ground([(630.0, 350.0)])
    assert barrel.ground_to_px(corner)[0][0] < 625


def test_a_lens_that_folds_the_picture_is_refused() -> None:
    with pytest.raises(ValueError, match="fold"):
        PinholeCamera((0.0, 0.0, 10.0), 0.0, 0.4, 0.0, 250.0, (640, 360), k1=-0.5)
    spec = CameraSpec(id="mast", facing="NB", fov_deg=100, k1=-0.5)
    with pytest.raises(ConfigError, match=r"cameras\.mast.*smaller"):
        camera_of(spec, street())


def test_a_scenarios_camera_looks_at_the_lanes_it_is_for() -> None:
    spec = CameraSpec(id="mast", facing="NB", beyond_m=20, aside_m=3, height_m=9, aim_m=20)
    eye = camera_of(spec, street())
    assert eye.pos_m == pytest.approx((3.0, 20.0, 9.0))
    assert eye.to_ground([(320.0, 180.0)])[0] == pytest.approx((3.3, -32.0), abs=0.01)


def test_a_camera_that_sees_no_lane_is_refused() -> None:
    spec = CameraSpec(id="mast", facing="NB", pos_m=(300.0, 300.0), aim_m=-20, fov_deg=15, height_m=40)
    eye_away = spec.model_copy(update={"pos_m": (3.3, -200.0), "aim_m": -20.0})
    with pytest.raises(ConfigError, match=r"cameras\.mast: it sees no inbound lane"):
        camera_of(eye_away.model_copy(update={"pos_m": (3.3, 7.5), "height_m": 40.0, "fov_deg": 15.0}), street())


def test_an_approach_that_is_not_there_is_named() -> None:
    with pytest.raises(ConfigError, match="no approach SB, only NB"):
        camera_of(CameraSpec(id="mast", facing="SB"), street())


def test_scaled_keeps_the_view() -> None:
    eye = camera()
    assert eye.scaled(2).ground_to_px([(2.0, -20.0)])[0] == pytest.approx(2 * eye.ground_to_px([(2.0, -20.0)])[0])
    assert eye.yaw_rad == -NORTH
