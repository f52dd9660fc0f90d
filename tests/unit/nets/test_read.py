"""A net read: phases from its program, who yields to whom, lanes followed back, and what is wrong with bad ones."""

from __future__ import annotations

from itertools import combinations
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import InputError
from firmware_bridge.host.core import table_fault
from firmware_bridge.table_bytes import to_bytes
from sim_videos.nets.groups import cliques, group
from sim_videos.nets.junction import Network, Times, network
from sim_videos.nets.net_file import read_net
from tests.unit.nets import tee


@pytest.fixture
def roads(tmp_path: Path) -> Network:
    return network(read_net(tee.write(tmp_path)), Times(red_clearance_s=2.0))


def test_links_that_are_shown_alike_from_one_road_are_one_phase(roads: Network) -> None:
    grouping = roads.junctions["J"].grouping
    assert {link.number: link.phase for link in grouping.links} == {0: 1, 1: 1, 2: 2, 3: 2, 4: 3, 5: 3}
    assert grouping.compatible == {frozenset((1, 2))}


def test_stages_are_those_of_the_program_first_then_the_largest_then_those_without_yielding(roads: Network) -> None:
    grouping = roads.junctions["J"].grouping
    assert grouping.program_stages == 3
    assert grouping.stages == (frozenset((1, 2)), frozenset((1,)), frozenset((3,)), frozenset((2,)))


def test_the_left_turn_yields_to_whom_it_meets_alone(roads: Network) -> None:
    grouping = roads.junctions["J"].grouping
    links = {link.number: link for link in grouping.links}
    assert links[1].yields_to == {2, 3}
    assert links[1].foes == {2, 3, 4}
    assert links[4].yields_to == {0, 1, 2}
    # From the side road nobody is met in the same stage, so the phase yields to none.
    assert {phase: grouping.yields(phase) for phase in grouping.phases} == {1: {2}, 2: set(), 3: set()}


def test_the_model_says_where_each_lane_leads(roads: Network) -> None:
    model = roads.junctions["J"].model
    lanes = {lane.lane: lane for lane in model.lanes}
    assert {way.exit: way.phase for way in lanes["S_0"].ways} == {"Wx": 3, "Ex": 3}
    assert [way.yields_to for way in lanes["E_1"].ways] == [{2}]
    assert sum(way.share for way in lanes["W_0"].ways) == pytest.approx(1)
    # 50 m of W, 4 m of the junction before it, and 100 m of the road from there.
    assert lanes["W_0"].length_m == pytest.approx(154)


def test_lanes_upstream_know_how_far_the_stop_line_is(roads: Network) -> None:
    assert [(one.stop_lane, one.from_end_m) for one in roads.reach.ahead["far_0"]] == [("W_0", 54.0)]
    assert [(one.stop_lane, one.from_end_m) for one in roads.reach.ahead[":K_0_0"]] == [("W_0", 50.0)]


def test_the_core_takes_the_table(roads: Network) -> None:
    table = roads.junctions["J"].table
    assert table_fault(to_bytes(table)) is None
    assert [(one.yellow_cs, one.red_clearance_cs, one.min_green_cs) for one in table.channels] == [(300, 200, 500)] * 3


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (("<net ", "<nets "), "is not XML"),
        (("</net>", ""), "is not XML"),
        (('<tlLogic id="J"', '<other id="J"'), "is not XML"),
        (('state="rrrrGG"', 'state="rrrrGr"'), "lane S_0 has no phase: the program never shows link 5 (to Ex) green"),
        (('state="GgGGrr"', 'state="GgGGr"'), "lane S_0 has link 5, and its program has states of 5 letters"),
        (('from="S" to="Wx" fromLane="0"', 'from="S" to="Wx" fromLane="7"'), "names lane S_7, which is not there"),
    ],
)
def test_a_bad_net_is_refused_with_what_is_wrong(tmp_path: Path, change: tuple[str, str], said: str) -> None:
    path = tee.write(tmp_path, tee.NET.replace(*change))
    with pytest.raises(InputError) as error:
        network(read_net(path), Times())
    assert said in str(error.value)
    assert str(path) in str(error.value)


def test_a_net_without_a_light_is_refused(tmp_path: Path) -> None:
    start, end = tee.NET.index("<tlLogic"), tee.NET.index("</tlLogic>") + len("</tlLogic>")
    with pytest.raises(InputError, match="has no traffic light"):
        read_net(tee.write(tmp_path, tee.NET[:start] + tee.NET[end:]))


def test_a_file_that_is_no_net_or_not_there(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="its root is <routes>"):
        read_net(tee.write(tmp_path, "<routes/>"))
    with pytest.raises(InputError, match="cannot be read"):
        read_net(tmp_path / "none.net.xml")


def test_more_phases_than_the_core_has(tmp_path: Path) -> None:
    lanes = "".join(f'<edge id="a{i}"><lane id="a{i}_0" index="0" speed="9" length="9"/></edge>' for i in range(17))
    links = "".join(
        f'<connection from="a{i}" to="a{i}" fromLane="0" toLane="0" tl="J" linkIndex="{i}"/>' for i in range(17)
    )
    text = f'<net>{lanes}<tlLogic id="J"><phase duration="9" state="{"G" * 17}"/></tlLogic>{links}</net>'
    with pytest.raises(InputError, match="needs 17 phases, the signal core has 16"):
        group(read_net(tee.write(tmp_path, text)), "J")


@given(st.integers(1, 7), st.sets(st.tuples(st.integers(1, 7), st.integers(1, 7))))
def test_cliques_are_all_that_cannot_grow(count: int, drawn: set[tuple[int, int]]) -> None:
    phases = tuple(range(1, count + 1))
    pairs = frozenset(frozenset(pair) for pair in drawn if pair[0] != pair[1] and max(pair) <= count)
    found = cliques(phases, pairs)

    def together(some: frozenset[int]) -> bool:
        return all(frozenset(pair) in pairs for pair in combinations(sorted(some), 2))

    sets = [frozenset(one) for n in range(1, count + 1) for one in combinations(phases, n)]
    whole = {one for one in sets if together(one) and not any(together(one | {p}) for p in set(phases) - one)}
    assert set(found) == whole
    assert len(found) == len(whole)
