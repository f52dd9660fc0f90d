"""Pixels to metres and back, what determines a plane, and plane polygons."""

from __future__ import annotations

import math

import cv2
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from calibration import polygon
from calibration.geometry import GroundPlane, stop_axes, stop_axis
from calibration.load import load_site
from calibration.site import Homography, Lane, PointPair
from calibration.stop_axis import StopAxis

#: A camera 8 m up, looking 25° down along +y, 500 px focal length, 640×360.
HEIGHT_M, PITCH, FOCAL_PX = 8.0, math.radians(25), 500.0


def seen_px(x_m: float, y_m: float) -> tuple[float, float]:
    """Where that camera sees a place on the ground; it stands at the origin."""
    depth = y_m * math.cos(PITCH) + HEIGHT_M * math.sin(PITCH)
    down = HEIGHT_M * math.cos(PITCH) - y_m * math.sin(PITCH)
    return 320 + FOCAL_PX * x_m / depth, 180 + FOCAL_PX * down / depth


def homography(places_m: list[tuple[float, float]], noise_px: tuple[float, ...] = ()) -> Homography:
    noise = noise_px or (0.0,) * len(places_m)
    seen = [seen_px(*place) for place in places_m]
    pairs = tuple(PointPair(px=(x + off, y), m=place) for (x, y), off, place in zip(seen, noise, places_m, strict=True))
    return Homography(pairs=pairs)


PLACES = [(-5.0, 10.0), (5.0, 10.0), (-6.0, 40.0), (6.0, 40.0), (0.0, 20.0)]
PLANE = GroundPlane.fit(homography(PLACES))
HORIZON_PX = 180 - FOCAL_PX * math.tan(PITCH)


@given(st.floats(-30, 30), st.floats(5, 80))
@settings(max_examples=100)
def test_maps_both_ways_as_the_camera_does(x_m: float, y_m: float) -> None:
    px = seen_px(x_m, y_m)
    assert PLANE.to_m([px])[0] == pytest.approx((x_m, y_m), abs=1e-3)
    assert PLANE.to_px([(x_m, y_m)])[0] == pytest.approx(px, abs=1e-3)
    assert PLANE.on_ground([px]).all()
    assert PLANE.before_camera([(x_m, y_m)]).all()


def test_shapes_of_one_and_many() -> None:
    assert PLANE.to_m((320, 300)).shape == (1, 2)
    assert PLANE.to_m(np.zeros((7, 2))).shape == (7, 2)
    assert PLANE.metres_per_px(np.zeros((7, 2))).shape == (7,)


@pytest.mark.parametrize(("above_px", "expected"), [(1, False), (-1, True)])
def test_the_horizon_ends_the_ground(above_px: int, expected: bool) -> None:
    assert bool(PLANE.on_ground([(100, HORIZON_PX - above_px)])[0]) is expected


def test_what_is_behind_the_camera_is_not_before_it() -> None:
    assert not PLANE.before_camera([(0.0, -20.0)])[0]


def test_a_pixel_is_longer_further_away() -> None:
    near, far = PLANE.metres_per_px([seen_px(0, 10), seen_px(0, 40)])
    # Along the road one pixel is (depth)² / (focal length · height), for a camera that looks level.
    assert far / near == pytest.approx(((40 + 3.4) / (10 + 3.4)) ** 2, rel=0.1)


def test_error_is_that_of_the_worst_pair() -> None:
    grid = [(float(x), float(y)) for x in (-6, -2, 2, 6) for y in (10, 20, 30)]
    plane = GroundPlane.fit(homography(grid, noise_px=(0.0,) * 4 + (25.0,) + (0.0,) * 7))
    assert int(plane.errors_m.argmax()) == 4
    assert plane.worst_error_m == plane.errors_m.max()
    assert 0.1 < plane.error_m < plane.worst_error_m
    assert PLANE.worst_error_m < 1e-4


@pytest.mark.parametrize(
    "places",
    [
        [(0.0, 10.0), (0.0, 20.0), (0.0, 30.0), (0.0, 40.0)],
        [(0.0, 10.0), (0.0, 20.0), (0.0, 30.0), (4.0, 40.0)],
        [(0.0, 10.0), (0.0, 20.0), (0.02, 30.0), (0.0, 40.0), (0.0, 15.0)],
        [(1.0, 10.0)] * 4,
    ],
)
def test_pairs_on_one_line_determine_nothing(places: list[tuple[float, float]]) -> None:
    with pytest.raises(ValueError, match="do not determine a plane"):
        GroundPlane.fit(homography(places))


def test_a_line_that_is_no_line_elsewhere_determines_nothing() -> None:
    square = [(0.0, 0.0), (10.0, 0.0), (10.0, 10.0), (0.0, 10.0)]
    line = [(0.0, 0.0), (100.0, 0.0), (200.0, 0.0), (50.0, 80.0)]
    for px, m in ((line, square), (square, line)):
        pairs = tuple(PointPair(px=a, m=b) for a, b in zip(px, m, strict=True))
        with pytest.raises(ValueError, match="do not determine a plane"):
            GroundPlane.fit(Homography(pairs=pairs))


def test_pairs_in_a_twisted_order_contradict() -> None:
    px = [(100.0, 300.0), (500.0, 300.0), (200.0, 100.0), (400.0, 100.0)]
    m = [(0.0, 0.0), (10.0, 0.0), (10.0, 30.0), (0.0, 30.0)]
    pairs = tuple(PointPair(px=a, m=b) for a, b in zip(px, m, strict=True))
    with pytest.raises(ValueError, match="contradict one another"):
        GroundPlane.fit(Homography(pairs=pairs))


def lane(stop: tuple[tuple[float, float], tuple[float, float]] | None) -> Lane:
    corners = tuple(seen_px(*place) for place in [(0.0, 12.0), (3.5, 12.0), (3.5, 40.0), (0.0, 40.0)])
    line = None if stop is None else (seen_px(*stop[0]), seen_px(*stop[1]))
    return Lane(id="s1", approach="SB", camera="c", polygon_px=corners, stop_line_px=line)


@pytest.mark.parametrize("ends", [((0.0, 12.0), (3.5, 12.0)), ((3.5, 12.0), (0.0, 12.0))])
def test_upstream_is_where_the_lane_lies(ends: tuple[tuple[float, float], tuple[float, float]]) -> None:
    axis = stop_axis(lane(ends), PLANE)
    assert axis is not None
    assert axis.middle_m == pytest.approx((1.75, 12.0))
    assert axis.upstream == pytest.approx((0.0, 1.0), abs=1e-6)
    assert axis.far_m == pytest.approx(28.0)
    assert axis.before_m((9.0, 20.0)) == pytest.approx(8.0)
    assert axis.toward_mps((1.0, -9.0)) == pytest.approx(9.0)
    assert stop_axis(lane(None), PLANE) is None


def test_every_stop_line_of_a_site_has_an_axis() -> None:
    axes = stop_axes(load_site("example"))
    assert set(axes) == {"NB1", "NB2", "SB1", "SB2", "EB1", "EB2", "WB1", "WB2"}
    assert axes["NB1"].upstream == pytest.approx((0.0, -1.0), abs=0.05)
    assert axes["WB2"].upstream == pytest.approx((1.0, 0.0), abs=0.05)
    assert isinstance(axes["NB1"], StopAxis)


SQUARE = [(0.0, 0.0), (4.0, 0.0), (4.0, 4.0), (0.0, 4.0)]


@pytest.mark.parametrize(
    ("points", "expected"),
    [
        (SQUARE, None),
        ([(0, 0), (4, 4), (4, 0), (0, 4)], (0, 2)),  # bow tie
        ([(0, 0), (4, 0), (4, 4), (4, 4), (0, 4)], (2, 2)),  # a point twice
        ([(0, 0), (4, 0), (2, 0), (2, 4)], (0, 1)),  # runs back over itself
        ([(0, 0), (4, 0), (4, 4), (2, 0), (0, 4)], (0, 2)),  # touches its own edge
        ([(0, 0), (4, 0), (8, 0), (4, 4)], None),  # a corner of 180° is allowed
        ([(0, 0), (4, 0), (2, 1), (4, 4), (0, 4)], None),  # concave is allowed
    ],
)
def test_names_the_edges_at_which_a_polygon_crosses_itself(
    points: list[tuple[float, float]], expected: tuple[int, int] | None
) -> None:
    assert polygon.self_crossing(points) == expected


COORDINATE = st.integers(0, 50).map(float)
POINT = st.tuples(COORDINATE, COORDINATE)


@given(st.lists(POINT, min_size=3, max_size=6, unique=True), POINT)
@settings(max_examples=200)
def test_inside_distance_and_area_agree_with_opencv(
    points: list[tuple[float, float]], point: tuple[float, float]
) -> None:
    assume(polygon.self_crossing(points) is None)
    contour = np.array(points, np.float32)
    signed = cv2.pointPolygonTest(contour, point, True)
    assert polygon.area(points) == pytest.approx(cv2.contourArea(contour), abs=1e-3)
    assert polygon.distance(points, point) == pytest.approx(max(0.0, -signed), abs=1e-3)
    if abs(signed) > 1e-6:
        assert polygon.inside(points, point) == (signed > 0)


@given(POINT, POINT, POINT, POINT)
def test_segments_meet_either_way_round(
    a: tuple[float, float], b: tuple[float, float], c: tuple[float, float], d: tuple[float, float]
) -> None:
    met = polygon.meet((a, b), (c, d))
    assert met == polygon.meet((c, d), (a, b)) == polygon.meet((b, a), (c, d))
    nearest = min(
        polygon.to_segment((a, b), c),
        polygon.to_segment((a, b), d),
        polygon.to_segment((c, d), a),
        polygon.to_segment((c, d), b),
    )
    if nearest == 0:
        assert met


def test_points_along_a_segment_are_the_middles_of_equal_parts() -> None:
    assert polygon.along(((0.0, 0.0), (8.0, 4.0)), 4) == [(1.0, 0.5), (3.0, 1.5), (5.0, 2.5), (7.0, 3.5)]
