"""The street that a scenario describes: lanes, names, phases, timing; and what cannot be built."""

from __future__ import annotations

import math
import subprocess
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from calibration.check_signal import check_signal
from calibration.finding import Finding
from calibration.load import load_site
from calibration.signal_timing import conflicts
from calibration.site import Signal
from edge.errors import ConfigError
from sim_videos.scenario import ArmSpec, JunctionSpec, SignalSpec
from sim_videos.street import LaneUse, Street
from tests.world_scenes import FOUR_ARMS, demand, scene

sumo = pytest.importorskip("sumo")

from sim_videos.world import build_street  # noqa: E402 - after the check for SUMO


def _findings(street: Street) -> list[Finding]:
    site = load_site("example").model_copy(update={"signal": street.signal, "plan": street.plan})

    def at(*loc: str | int) -> str:
        return ".".join(map(str, loc))

    return list(check_signal(site, at))


def _phases(signal: Signal) -> set[int]:
    return {phase.number for phase in signal.phases}


def test_four_arms_have_the_lanes_movements_and_phases_of_the_field(tmp_path: Path) -> None:
    street = build_street(scene(), tmp_path)
    assert [lane.name for lane in street.inbound] == ["NB1", "NB2", "NBL1", "SB1", "SB2", "SBL1", "EB1", "WB1"]
    lanes = {lane.name: lane for lane in street.inbound}
    assert lanes["NB1"].movements == ("NBT", "NBR")
    assert lanes["NB2"].movements == ("NBT",)
    assert (lanes["NBL1"].movements, lanes["NBL1"].phase) == (("NBL",), 5)
    assert lanes["EB1"].movements == ("EBL", "EBT", "EBR")
    assert street.signal.rings == (((1, 2), (4,)), ((5, 6), (8,)))
    assert {arm.name for arm in street.arms} == {"High Street", "SB", "EB", "WB"}
    assert sum(lane.use is LaneUse.BICYCLES and lane.inbound for lane in street.lanes) == 1
    # A protected left and the walkers on the leg it sweeps are never green together.
    crossings = {crossing.approach: crossing.phase for crossing in street.crosswalks}
    assert crossings == {"NB": 4, "SB": 8, "EB": 6, "WB": 2}
    assert {frozenset((5, 6)), frozenset((1, 2))} <= conflicts(street.signal)


def test_lanes_end_at_the_stop_line_in_the_frame_of_the_junction(tmp_path: Path) -> None:
    street = build_street(scene(), tmp_path)
    arms = {arm.approach: arm for arm in street.arms}
    for lane in street.inbound:
        assert lane.approach is not None
        (x1, y1), (x2, y2) = arms[lane.approach].stop_line_m
        end_x, end_y = lane.line_m[-1]
        assert abs((x2 - x1) * (end_y - y1) - (y2 - y1) * (end_x - x1)) < 1e-3
        assert max(math.dist(lane.line_m[-1], p) for p in ((x1, y1), (x2, y2))) < math.dist((x1, y1), (x2, y2))
    assert arms["NB"].heading_rad == pytest.approx(math.pi / 2)
    # Driving on the right: northbound traffic is east of the axis, its stop line south of the middle.
    assert min(lane.line_m[-1][0] for lane in street.inbound if lane.name in {"NB1", "NB2"}) > 0
    assert arms["NB"].stop_line_m[0][1] < -5


def test_throughs_are_as_long_as_the_arm_and_bays_as_long_as_asked(tmp_path: Path) -> None:
    lanes = {lane.name: lane for lane in build_street(scene(), tmp_path).inbound}
    lengths = {name: sum(math.dist(a, b) for a, b in pairwise(lane.line_m)) for name, lane in lanes.items()}
    assert lengths["NB1"] == pytest.approx(205, abs=8)
    assert lengths["NBL1"] == pytest.approx(45, abs=8)


def test_turns_lead_from_stop_line_to_exit(tmp_path: Path) -> None:
    street = build_street(scene(), tmp_path)
    turns = {turn.movement: turn for turn in street.turns}
    assert len(turns) == 12
    lanes = {lane.name: lane for lane in street.inbound}
    for turn in street.turns:
        for name, path in zip(turn.lanes, turn.paths_m, strict=True):
            assert math.dist(path[0], lanes[name].line_m[-1]) < 0.01
    assert turns["NBL"].paths_m[0][-1][0] < -10  # out to the west
    assert turns["NBR"].paths_m[0][-1][0] > 10


@pytest.mark.parametrize(
    "arms",
    [
        FOUR_ARMS,
        (FOUR_ARMS[0], ArmSpec(approach="SB"), ArmSpec(approach="EB")),
        (ArmSpec(approach="NB"), ArmSpec(approach="EB", left_bay_m=0), ArmSpec(approach="WB", left_bay_m=30)),
        tuple(ArmSpec(approach=a, crossing=False) for a in ("NB", "SB", "EB", "WB")),
        tuple(ArmSpec(approach=a, lanes=3, exit_lanes=3, left_bay_m=60) for a in ("NB", "SB", "EB", "WB")),
    ],
)
@pytest.mark.parametrize("share", [0.1, 1.0, 3.0])
def test_the_plan_is_one_that_a_signal_core_can_serve(arms: tuple[ArmSpec, ...], share: float, tmp_path: Path) -> None:
    there = {arm.approach for arm in arms}
    flows = {"NBR": 120.0, "NBT": 600.0, "WBT": 300.0, "EBT": 250.0}
    leads_to = {"NBT": "SB", "WBT": "EB", "EBT": "WB", "NBR": "WB"}
    per_h = {m: v for m, v in flows.items() if leads_to[m] in there and m[:2] in there}
    there_and_busy = scene(junction=JunctionSpec(arms=arms), demand=demand(per_h, share), walkers=(), cyclists_per_h={})
    street = build_street(there_and_busy, tmp_path)
    assert [str(finding) for finding in _findings(street)] == []
    assert 40 <= street.plan.cycle_s <= 150


def test_a_busier_phase_gets_more_green(tmp_path: Path) -> None:
    def split_s(main: float, side: float) -> tuple[float, float]:
        plan = build_street(scene(demand=demand({"NBT": main, "EBT": side}), walkers=()), tmp_path).plan
        return plan.splits_s[2] / plan.cycle_s, plan.splits_s[4] / plan.cycle_s

    busy, quiet = split_s(1500, 100), split_s(300, 600)
    assert busy[0] > quiet[0] + 0.1
    assert busy[1] < quiet[1] - 0.1


def test_given_splits_are_taken_as_they_are(tmp_path: Path) -> None:
    splits = {1: 14.0, 2: 40.0, 4: 36.0, 5: 14.0, 6: 40.0, 8: 36.0}
    plan = build_street(scene(signal=SignalSpec(splits_s=splits)), tmp_path).plan
    assert (plan.cycle_s, plan.splits_s) == (90, splits)


@pytest.mark.parametrize(
    ("signal", "said"),
    [
        ({"splits_s": {2: 40.0, 4: 36.0}}, "signal.splits_s: phase 1 has no split"),
        ({"splits_s": {1: 14.0, 2: 40.0, 4: 36.0, 5: 14.0, 6: 40.0, 7: 10.0, 8: 36.0}}, "has no phase 7"),
        ({"splits_s": {1: 5.0, 2: 40.0, 4: 36.0, 5: 14.0, 6: 40.0, 8: 36.0}}, "signal.splits_s.1: 5 s is too short"),
        ({"splits_s": {1: 20.0, 2: 40.0, 4: 36.0, 5: 14.0, 6: 40.0, 8: 36.0}}, "the rings reach barrier 1 after"),
        ({"cycle_s": 40}, "signal.cycle_s: 40 s is too short"),
    ],
)
def test_timing_that_cannot_be_served(signal: dict[str, Any], said: str, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=said.replace(".", r"\.")):
        build_street(scene(signal=SignalSpec(**signal)), tmp_path)


def test_driving_on_the_left_is_the_mirror_image(tmp_path: Path) -> None:
    arms = tuple(ArmSpec(approach=a, left_bay_m=40 if a in {"NB", "SB"} else 0) for a in ("NB", "SB", "EB", "WB"))
    street = build_street(
        scene(junction=JunctionSpec(arms=arms, left_hand_traffic=True), demand=demand({"NBT": 300.0}), walkers=()),
        tmp_path,
    )
    lanes = {lane.name: lane for lane in street.inbound}
    # The bay is for the turn across oncoming traffic, here the right one.
    assert lanes["NBR1"].movements == ("NBR",)
    assert lanes["NBR1"].phase == 5
    assert lanes["NB1"].line_m[-1][0] < 0
    crossings = {crossing.approach: crossing.phase for crossing in street.crosswalks}
    assert crossings == {"NB": 8, "SB": 4, "EB": 2, "WB": 6}
    assert [str(finding) for finding in _findings(street)] == []


def test_a_stem_turns_both_ways_and_nothing_goes_where_no_leg_is(tmp_path: Path) -> None:
    arms = (ArmSpec(approach="NB", lanes=2), ArmSpec(approach="EB"), ArmSpec(approach="WB"))
    street = build_street(
        scene(junction=JunctionSpec(arms=arms), demand=demand({"NBL": 100.0}), walkers=(), cyclists_per_h={}), tmp_path
    )
    assert {turn.movement for turn in street.turns} == {"NBL", "NBR", "EBT", "EBR", "WBL", "WBT"}
    # Nobody comes toward the stem, so its left needs no phase of its own.
    assert _phases(street.signal) == {2, 4, 8}


def test_faults_of_the_junction_are_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"demand\.0\.movement: the junction has no movement NBU; it has NBL, NBT"):
        build_street(scene(demand=demand({"NBU": 10.0})), tmp_path)
    arms = (ArmSpec(approach="NB"), ArmSpec(approach="EB", left_bay_m=30), ArmSpec(approach="WB"))
    with pytest.raises(ConfigError, match=r"junction\.arms\.1\.left_bay_m: EB has no leg to turn into"):
        build_street(scene(junction=JunctionSpec(arms=arms), demand=demand({"NBL": 10.0})), tmp_path)


def _netgenerate(tmp_path: Path, *options: str) -> Path:
    net = tmp_path / "grid.net.xml"
    binary = Path(sumo.SUMO_HOME) / "bin" / "netgenerate"
    command = [str(binary), "--grid", "--grid.number", "3", "--grid.length", "150", "-o", str(net), *options]
    subprocess.run(command, check=True, capture_output=True, timeout=60)
    return net


def test_a_junction_of_any_net_is_read_by_the_same_rules(tmp_path: Path) -> None:
    net = _netgenerate(tmp_path, "--tls.set", "B1", "--default.lanenumber", "2", "--turn-lanes", "1")
    spec = JunctionSpec(net=net, junction="B1")
    street = build_street(scene(junction=spec, demand=demand({"NBT": 100.0}), walkers=(), cyclists_per_h={}), tmp_path)
    assert {arm.approach for arm in street.arms} == {"NB", "SB", "EB", "WB"}
    assert {"NB1", "NBL1"} <= {lane.name for lane in street.inbound}
    assert _phases(street.signal) == set(range(1, 9))
    # The junction's node is the origin, wherever it lies in the net.
    assert all(math.hypot(*point) < 30 for point in street.outline_m)


def test_nets_that_will_not_do(tmp_path: Path) -> None:
    def build(net: Path, junction: str | None) -> None:
        build_street(scene(junction=JunctionSpec(net=net, junction=junction)), tmp_path)

    plain = _netgenerate(tmp_path)
    with pytest.raises(ConfigError, match=r"grid\.net\.xml: no junction of this net has a signal"):
        build(plain, "B1")
    net = _netgenerate(tmp_path, "--tls.set", "B1,A1")
    with pytest.raises(ConfigError, match="there is no junction 'Z9'; those with a signal are A1, B1"):
        build(net, "Z9")
    with pytest.raises(ConfigError, match="junction B2 has no signal"):
        build(net, "B2")
    with pytest.raises(ConfigError, match="has 2 signals; name one of A1, B1"):
        build(net, None)
    with pytest.raises(ConfigError, match="No such file"):
        build(tmp_path / "gone.net.xml", None)
    (tmp_path / "half.net.xml").write_text("<net><edge id=", encoding="utf-8")
    with pytest.raises(ConfigError, match="is not XML"):
        build(tmp_path / "half.net.xml", None)
    (tmp_path / "other.xml").write_text("<routes/>", encoding="utf-8")
    with pytest.raises(ConfigError, match="is no SUMO net but <routes>"):
        build(tmp_path / "other.xml", None)
