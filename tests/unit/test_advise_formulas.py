"""Advice reckoned by hand: Webster's cycle and splits, delay and saturation flow of the Highway Capacity Manual."""

from __future__ import annotations

from itertools import pairwise
from math import ceil

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from calibration.load import load_site
from edge.control.advise.delay import incremental_delay_s, level_of_service, uniform_delay_s
from edge.control.advise.flows import Flow, Passage
from edge.control.advise.groups import lane_groups
from edge.control.advise.headways import LEAST_QUEUES, measured_headways
from edge.control.advise.saturation import Timing, group_flow, heavy_factor, permitted_left, saturation_vph
from edge.control.advise.splits import Critical, Need, critical_path, shortest_cycle_s, splits_s, webster_cycle_s

RINGS = [[[1, 2], [3, 4]], [[5, 6], [7, 8]]]
TWO_PHASES = [[[2], [4]]]


@pytest.mark.parametrize(
    ("ratios", "lost_s", "cycle_s"),
    [
        # An examination's: flows of 500 and 300 an hour, 1600 saturation, 16 s lost: (24 + 5) / 0.5.
        ((500 / 1600, 300 / 1600), 16.0, 58.0),
        # 0.37 and 0.40, 3 s lost a phase: 14 / 0.23.
        ((0.37, 0.40), 6.0, 60.8696),
        # 0.4 and 0.3, 12 s lost: 23 / 0.3.
        ((0.4, 0.3), 12.0, 76.6667),
    ],
)
def test_websters_cycle_is_that_of_the_textbooks(ratios: tuple[float, ...], lost_s: float, cycle_s: float) -> None:
    assert webster_cycle_s(Critical((2, 4), sum(ratios), lost_s)) == pytest.approx(cycle_s, abs=1e-3)


def test_flows_beyond_what_can_be_served_have_no_best_cycle() -> None:
    assert webster_cycle_s(Critical((2, 4), 0.95, 12.0)) is None
    assert webster_cycle_s(Critical((2, 4), 1.4, 12.0)) is None


def test_splits_are_proportional_to_flow_ratios() -> None:
    # 77 s, 12 s lost: 65 s of green in the ratio 4 to 3 are 37.1 and 27.9 s, each with 6 s lost.
    needs = {2: Need(0.4, 6.0, 12.0), 4: Need(0.3, 6.0, 12.0)}
    assert splits_s(TWO_PHASES, needs, 77) == {2: 43, 4: 34}


def test_a_least_split_is_taken_from_the_others() -> None:
    # A pedestrian clearance holds phase 4 at 40 s: phase 2 has what is left, though it needs more.
    needs = {2: Need(0.4, 6.0, 12.0), 4: Need(0.1, 6.0, 39.5)}
    assert splits_s(TWO_PHASES, needs, 70) == {2: 30, 4: 40}
    with pytest.raises(ValueError, match="least splits take 52 s, the cycle has 50 s"):
        splits_s(TWO_PHASES, needs, 50)


def test_the_critical_path_takes_the_neediest_ring_between_barriers() -> None:
    ratios = {1: 0.10, 2: 0.30, 5: 0.05, 6: 0.40, 3: 0.12, 4: 0.20, 7: 0.02, 8: 0.25}
    needs = {phase: Need(ratio, 5.0, 10.0) for phase, ratio in ratios.items()}
    critical = critical_path(RINGS, needs)
    assert critical.phases == (5, 6, 3, 4)
    assert critical.ratio == pytest.approx(0.77)
    assert critical.lost_s == 20


needs_drawn = st.builds(
    lambda ratio, lost_s, green_s: Need(ratio, lost_s, lost_s + green_s),
    st.floats(0, 0.6),
    st.sampled_from([4.0, 4.6, 5.0, 5.5]),
    st.floats(3, 25),
)


@settings(deadline=None)
@given(st.fixed_dictionaries(dict.fromkeys(range(1, 9), needs_drawn)), st.integers(0, 120))
def test_rings_meet_at_barriers_and_nobody_has_less_than_the_least(needs: dict[int, Need], spare_s: int) -> None:
    cycle_s = shortest_cycle_s(RINGS, needs) + spare_s
    splits = splits_s(RINGS, needs, cycle_s)
    for one, other in zip(RINGS[0], RINGS[1], strict=True):
        assert sum(splits[p] for p in one) == sum(splits[p] for p in other)
    assert sum(splits[p] for group in RINGS[0] for p in group) == cycle_s
    assert all(splits[phase] >= ceil(need.least_s) for phase, need in needs.items())
    # Within a ring nobody could be helped by a second of another who is not at his least.
    for group in (group for ring in RINGS for group in ring):
        for a, b in (*pairwise(group), *pairwise(reversed(group))):
            if splits[b] > ceil(needs[b].least_s):
                green_a, green_b = splits[a] - needs[a].lost_s, splits[b] - needs[b].lost_s
                assert needs[a].ratio / (green_a + 1) <= needs[b].ratio / max(green_b - 1, 1e-9) + 1e-6


def test_delay_is_that_of_a_worked_example() -> None:
    # Roess, Prassas, McShane, Traffic Engineering: v = 800, c = 775, g/C = 0.40, C = 90 s, T = 0.25 h.
    # d1 = 0.5 · 90 · 0.6² / (1 − 0.4) = 27.0; with X − 1 = 1/31: 225 · (0.03226 + √(0.00104 + 0.02131)) = 40.9.
    degree = 800 / 775
    assert uniform_delay_s(90, 36, degree) == pytest.approx(27.0)
    assert incremental_delay_s(775, degree) == pytest.approx(40.90, abs=0.02)
    # Undersaturated: 0.5 · 60 · 0.5² / (1 − 0.8 · 0.5) = 12.5; 225 · (−0.2 + √(0.04 + 3.2/200)) = 8.24.
    assert uniform_delay_s(60, 30, 0.8) == pytest.approx(12.5)
    assert incremental_delay_s(800, 0.8) == pytest.approx(8.244, abs=0.001)


def test_nobody_has_no_incremental_delay_and_waits_for_half_of_red() -> None:
    assert incremental_delay_s(800, 0.0) == pytest.approx(0.0)
    assert uniform_delay_s(60, 30, 0.0) == pytest.approx(7.5)


@pytest.mark.parametrize(
    ("delay_s", "degree", "level"), [(10, 0.5, "A"), (10.1, 0.5, "B"), (55, 1, "D"), (81, 0.9, "F"), (5, 1.01, "F")]
)
def test_levels_of_service(delay_s: float, degree: float, level: str) -> None:
    assert level_of_service(delay_s, degree) == level


def test_heavy_vehicles_and_grade() -> None:
    # (100 − 0.78 · 10 − 0.31 · 2²) / 100, and (100 − 0.79 · 10 + 2.07 · 4) / 100 downhill.
    assert heavy_factor(0.10, 2.0) == pytest.approx(0.9096)
    assert heavy_factor(0.10, -4.0) == pytest.approx(1.0038)


def test_left_turns_through_gaps() -> None:
    # 600 an hour against it: 600 e^(−0.75) / (1 − e^(−0.41667)) = 831.6 an hour find gaps, so one counts as 2.285.
    assert permitted_left(600, Timing(60, 30), 1900) == pytest.approx(1900 / 831.6, abs=0.002)
    # Nobody against it: one each 2.5 s.
    assert permitted_left(0, Timing(60, 30), 1900) == pytest.approx(1900 / 1440)
    # An opposing queue of flow ratio 0.4 takes 0.4 · 30 / 0.6 = 20 of 30 s, so gaps are there a third of the time;
    # then no more than two at the end of each green leave: 1900 · 30 / 3600 / 2 = 7.9.
    assert permitted_left(600, Timing(60, 30, 30, 0.4), 1900) == pytest.approx(3 * 1900 / 831.6, abs=0.01)
    assert permitted_left(600, Timing(60, 30, 30, 0.6), 1900) == pytest.approx(1900 * 30 / 3600 / 2)


def flow(movement: str, vph: float | None, heavy: float | None = 0.0) -> Flow:
    return Flow(movement, 0 if vph is None else round(vph), 1, 3600.0, vph, heavy)


def test_lane_groups_of_the_example() -> None:
    site = load_site("example")
    assert site.signal is not None
    groups = {group.name: group for group in lane_groups(site, site.signal)}
    assert set(groups) == {"WBL", "EBT+EBR", "NBL+NBU", "SBT+SBR", "EBL", "WBT+WBR", "SBL", "NBT+NBR"}
    assert groups["NBT+NBR"].lanes == ("NB2",)
    assert not any(group.opposing for group in groups.values()), "every left turn has a phase of its own"


def test_a_left_turn_that_shares_its_phase_yields_to_the_opposing_approach() -> None:
    site = load_site("example")
    signal = site.signal
    assert signal is not None
    movements = tuple(
        m.model_copy(update={"phase": {"NBL": 8, "NBU": 8, "SBL": 4}.get(m.id, m.phase)}) for m in site.movements
    )
    changed = site.model_copy(update={"movements": movements})
    groups = {group.name: group for group in lane_groups(changed, signal)}
    assert groups["NBL+NBU"].phase == 8
    assert groups["NBL+NBU"].opposing == ("SBT", "SBR")
    assert groups["NBT+NBR"].opposing == (), "it shares no lane with the left turn"


def test_saturation_of_a_shared_lane() -> None:
    site = load_site("example")
    assert site.signal is not None
    group = next(group for group in lane_groups(site, site.signal) if group.name == "NBT+NBR")
    flows = {"NBT": flow("NBT", 300.0), "NBR": flow("NBR", 100.0)}
    whole = group_flow(site, group, flows, {}, 1900.0)
    assert whole.vph == 400
    # A quarter turns right, each as 1.18 through vehicles: 1900 / 1.045.
    assert saturation_vph(whole, Timing(60, 30), 1900.0) == pytest.approx(1900 / 1.045)
    unknown = group_flow(site, group, flows | {"NBR": flow("NBR", None)}, {}, 1900.0)
    assert (unknown.vph, unknown.unknown) == (None, ("NBR",))


def queue(lane: str, vehicles: int, headway_s: float) -> list[Passage]:
    first = [Passage(lane, 40.0, 20.0)]
    return first + [Passage(lane, 3.0 if i < 4 else headway_s, 10.0) for i in range(1, vehicles)]


def test_saturation_headway_is_that_of_the_fifth_and_later_vehicles_of_long_queues() -> None:
    lane = [passage for _ in range(LEAST_QUEUES) for passage in queue("NB2", 10, 2.1)]
    short = [passage for _ in range(40) for passage in queue("SB2", 7, 2.0)]
    few = [passage for _ in range(LEAST_QUEUES - 1) for passage in queue("EB2", 10, 2.0)]
    free = [Passage("WB2", 2.0, 0.0) for _ in range(500)]
    found = measured_headways([*lane, *short, *few, *free])
    assert set(found) == {"NB2"}
    assert found["NB2"].headway_s == pytest.approx(2.1)
    assert (found["NB2"].vehicles, found["NB2"].queues) == (6 * LEAST_QUEUES, LEAST_QUEUES)


def test_vehicles_that_join_what_already_moves_end_the_queue() -> None:
    joined = [*queue("NB2", 8, 2.0), *(Passage("NB2", 2.0, 0.0) for _ in range(9))]
    found = measured_headways(joined * LEAST_QUEUES)
    assert found["NB2"].vehicles == 4 * LEAST_QUEUES
