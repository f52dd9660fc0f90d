"""The site of a rendered junction: it can be served, tells turns apart, and says what it cannot count."""

from __future__ import annotations

import itertools
import tomllib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.check import check_site
from calibration.geometry import GroundPlane, stop_axes
from calibration.site import Site
from edge.errors import ConfigError
from edge.types import Kind
from sim_videos.gates import GroundGate
from sim_videos.polyline import Polyline
from sim_videos.render.camera import camera_of
from sim_videos.scenario import load_scenario
from sim_videos.site import ground_gates, site_of
from sim_videos.site_toml import site_toml
from sim_videos.state import PointM, RoadUser
from sim_videos.street import LaneUse, RoadLane, Street
from sim_videos.truth.crossings import Counted, GateWatch
from tests.plain_street import ARMS, STOP_M, WIDE_M, scenario, street, turned

MAST = {"height_m": 10, "beyond_m": 30, "aside_m": -4, "aim_m": 12, "fov_deg": 62}
FOUR = [{"id": f"mast-{name.lower()}", "facing": name, **MAST} for name in ARMS]


@pytest.fixture(scope="module")
def four() -> Site:
    return site_of(scenario(cameras=FOUR), street())


def drive(path: tuple[PointM, ...], kind: Kind = Kind.CAR) -> Iterator[RoadUser]:
    """A road user along a path, from 20 m before to 20 m past it, half a metre a frame."""
    way = Polyline(path).stretched(20.0, 20.0)
    for along_m in np.arange(0.0, way.length_m, 0.5).tolist():
        place, ahead = way.at(along_m)
        yield RoadUser(1, "saloon", kind, 0, (float(place[0]), float(place[1])), float(np.arctan2(*ahead[::-1])), 5.0)


def test_every_movement_is_counted_by_the_camera_that_faces_it(four: Site) -> None:
    assert not check_site(four)
    turns = {f"{approach}{turn}" for approach in ARMS for turn in "LTR"}
    walks = {"PSE", "PSW", "PNE", "PNW", "PEN", "PES", "PWN", "PWS"}
    assert {movement.id for movement in four.movements} == turns | walks
    assert "can count" not in four.notes
    facing = {spec["id"]: spec["facing"] for spec in FOUR}
    assert all(facing[movement.camera] == movement.approach for movement in four.movements)
    assert {lane.id for lane in four.lanes} == {f"{approach}{lane}" for approach in ARMS for lane in ("1", "2", "L1")}
    assert all(movement.lanes for movement in four.movements if movement.id[0] != "P")


def test_driving_a_turn_counts_that_movement_and_no_other(four: Site) -> None:
    kinds = {movement.id: frozenset(movement.kinds) for movement in four.movements}
    for turn in street().turns:
        for camera in four.cameras:
            gates = ground_gates(four, camera.id)
            for path in turn.paths_m:
                watch = GateWatch({name: Counted(pair, kinds[name]) for name, pair in gates.items()})
                made = [row.movement for user in drive(path) for row in watch.update([user])]
                assert made == ([turn.movement] if turn.movement in gates else []), (turn.movement, camera.id)


def with_cycle_lanes() -> Street:
    """The junction with a cycle lane at the kerb of each approach, that leads straight on and to the right."""
    plain = street()
    lanes = list(plain.lanes)
    for name, (quarters, _, _) in ARMS.items():
        y = -3 * WIDE_M - 0.8
        stop, far, over = (turned((x, y), quarters) for x in (-STOP_M, -200.0, STOP_M))
        right = turned((-3 * WIDE_M - 0.8, -STOP_M), quarters)
        uses = (LaneUse.BICYCLES, 8.0)
        lanes.append(RoadLane(f"cycle_{name}", (far, stop), 1.5, *uses, inbound=True, approach=name))
        lanes.append(RoadLane(f":on_{name}", (stop, over), 1.5, *uses, inside=True))
        lanes.append(
            RoadLane(f":right_{name}", (stop, turned((-STOP_M + 2, y), quarters), right), 1.5, *uses, inside=True)
        )
    return replace(plain, lanes=tuple(lanes))


def test_a_cyclist_straight_on_is_not_taken_for_one_who_turns() -> None:
    whole = with_cycle_lanes()
    site = site_of(scenario(cameras=FOUR), whole)
    kinds = {movement.id: frozenset(movement.kinds) for movement in site.movements}
    gates = ground_gates(site, "mast-nb")
    assert {"NBL", "NBT", "NBR"} <= gates.keys()
    way = next(lane.line_m for lane in whole.lanes if lane.id == ":on_NB")
    watch = GateWatch({name: Counted(pair, kinds[name]) for name, pair in gates.items()})
    made = [row.movement for user in drive(way, Kind.BICYCLE) for row in watch.update([user])]
    assert made == ["NBT"]


def test_no_other_way_leaves_by_an_exit_gate_unless_the_notes_say_so(four: Site) -> None:
    everything = {name: pair for camera in four.cameras for name, pair in ground_gates(four, camera.id).items()}
    for turn in street().turns:
        for path in turn.paths_m:
            steps = [user.pos_m for user in drive(path)]
            left_by = {name for name, pair in everything.items() if any(map(pair.exit.passed, steps, steps[1:]))}
            others = {name for name in left_by - {turn.movement} if name[0] != "P" and name not in four.notes}
            assert not others, turn.movement


def test_a_route_that_is_known_decides_against_a_gate(four: Site) -> None:
    kinds = {movement.id: frozenset(movement.kinds) for movement in four.movements}
    gates = ground_gates(four, "mast-nb")
    through = next(turn for turn in street().turns if turn.movement == "NBT")
    watch = GateWatch({name: Counted(pair, kinds[name]) for name, pair in gates.items()})
    users = [replace(user, movement="NBL") for user in drive(through.paths_m[0])]
    assert [row for user in users for row in watch.update([user])] == []


def test_a_cycle_lane_of_the_library_does_not_pass_the_exit_of_a_turn(tmp_path: Path) -> None:
    pytest.importorskip("sumo")
    from sim_videos.world import build_street

    plan = load_scenario("cyclists")
    whole = build_street(plan, tmp_path)
    gates = ground_gates(site_of(plan, whole), "north-mast")
    stop = next(lane.line_m[-1] for lane in whole.lanes if lane.use is LaneUse.BICYCLES and lane.approach == "NB")
    on = next(
        lane.line_m
        for lane in whole.lanes
        if lane.inside
        and lane.use is LaneUse.BICYCLES
        and lane.line_m[0] == stop
        and abs(lane.line_m[-1][0] - stop[0]) < 1
    )
    steps = [user.pos_m for user in drive(on, Kind.BICYCLE)]
    assert {name for name in ("NBL", "NBT", "NBR") if any(map(gates[name].exit.passed, steps, steps[1:]))} == {"NBT"}


def test_someone_on_foot_is_counted_over_the_crossing_and_a_car_is_not(four: Site) -> None:
    kinds = {movement.id: frozenset(movement.kinds) for movement in four.movements}
    gates = ground_gates(four, "mast-nb")
    crosswalk = next(walk for walk in street().crosswalks if walk.approach == "NB")
    for kind, expected in ((Kind.PERSON, 1), (Kind.CAR, 0)):
        watch = GateWatch({name: Counted(pair, kinds[name]) for name, pair in gates.items() if name[0] == "P"})
        made = [row.movement for user in drive(crosswalk.axis_m, kind) for row in watch.update([user])]
        assert len(made) == expected
        assert set(made) <= {"PSE", "PSW"}


def test_gates_measure_metres_and_stop_lines_lie_where_they_are(four: Site) -> None:
    for camera in four.cameras:
        plane = GroundPlane.fit(camera.homography)
        assert plane.worst_error_m < 0.05
        assert camera.homography.max_error_m == 0.2
        assert len(camera.homography.pairs) >= 10
    axes = stop_axes(four)
    assert set(axes) == {lane.id for lane in four.lanes}
    assert axes["NB1"].middle_m == pytest.approx((2.5 * WIDE_M, -STOP_M), abs=0.1)
    assert axes["NB1"].upstream == pytest.approx((0.0, -1.0), abs=0.02)
    assert 40.0 < axes["NB1"].far_m < 120.0
    assert axes["NBL1"].far_m <= 41.0


def test_what_one_camera_cannot_count_is_left_out_and_named() -> None:
    site = site_of(scenario(), street())
    assert "No camera can count" in site.notes
    counted = {movement.id for movement in site.movements}
    assert {"NBL", "NBT", "NBR"} <= counted
    for name in ("SBT", "SBL", "WBT"):
        assert name not in counted
        assert name in site.notes
    assert {lane.approach for lane in site.lanes} == {"NB"}


def test_it_writes_itself_as_toml(four: Site) -> None:
    assert Site.model_validate(tomllib.loads(site_toml(four))) == four


def test_a_lens_that_bends_is_owned_up_to() -> None:
    bent = scenario(cameras=[{"id": "mast", "facing": "NB", **MAST, "k1": -0.12}])
    limit_m = site_of(bent, street()).cameras[0].homography.max_error_m
    assert 0.2 < limit_m <= 1.5


def test_a_camera_that_sees_no_lane_is_refused() -> None:
    plan = scenario()
    away = camera_of(plan.cameras[0], street()).turned(pan_deg=180.0, tilt_deg=0.0)
    with pytest.raises(ConfigError, match=r"cameras\.mast: sees no lane"):
        site_of(plan, street(), {"mast": away})


@given(
    st.floats(-40, 40),
    st.floats(-40, 40),
    st.floats(0, 2 * np.pi),
    st.floats(2, 20),
    st.floats(0.05, 0.95),
    st.floats(0.1, 5),
)
def test_a_gate_is_passed_one_way_between_its_ends(
    x: float, y: float, turn: float, length_m: float, share: float, step_m: float
) -> None:
    along = np.array((np.cos(turn), np.sin(turn)))
    ahead = np.array((-along[1], along[0]))
    a = np.array((x, y))

    def point(place: np.ndarray) -> PointM:
        return float(place[0]), float(place[1])

    gate = GroundGate(point(a), point(a + length_m * along), point(a + 2.0 * ahead))
    on = a + share * length_m * along
    before, past = point(on - step_m * ahead), point(on + step_m * ahead)
    assert gate.passed(before, past)
    assert not gate.passed(past, before)
    beside = (length_m * (1 + share)) * along
    assert not gate.passed(point(np.array(before) + beside), point(np.array(past) + beside))
    # a way is passed once however finely it is cut
    cuts = [point(on + (i / 4 - 1) * step_m * ahead) for i in range(9)]
    assert sum(gate.passed(p, q) for p, q in itertools.pairwise(cuts)) == 1


@pytest.mark.parametrize("name", ["tee", "left_hand"])
def test_a_camera_counts_every_movement_of_the_approach_it_faces(name: str, tmp_path: Path) -> None:
    pytest.importorskip("libsumo")
    from sim_videos.world import build_street

    of_library = load_scenario(name)
    built = build_street(of_library, tmp_path)
    faced = {camera.facing for camera in of_library.cameras}
    counted = {movement.id for movement in site_of(of_library, built).movements}
    assert {turn.movement for turn in built.turns if turn.approach in faced} <= counted
