"""What the figures, goals and kept rows of `benchmarks.signal` come to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from benchmarks.signal_max_pressure import MaxPressure
from benchmarks.signal_runs import (
    ACTUATED,
    ADAPTIVE,
    CAMERA_GRADE,
    COLUMNS,
    OWN,
    SUMO_ACTUATED,
    Kept,
    Row,
    fingerprint,
    scenarios_of,
)
from benchmarks.signal_table import figures, goals, lines, tabled
from edge.errors import InputError
from edge.types import Demand, Interval, LaneDemand, SignalState
from sim_videos.nets.eyes import StreetAround
from sim_videos.nets.junction import Junction, Times, network
from sim_videos.nets.net_file import read_net
from sim_videos.nets.own_programs import additional_file
from tests.unit.nets import tee


def row(column: str, seed: int, delay_s: float, *, red_s: float = 0.0, laws: int = 0) -> Row:
    decision_ms = None if column in {OWN, SUMO_ACTUATED} else 4.0
    return Row(
        scenario="cologne3",
        column=column,
        red_clearance_s=red_s,
        seed=seed,
        sumo="1.9.1",
        code="c",
        delay_s=delay_s,
        vehicles=100,
        unfinished=1,
        waiting=0,
        laws=laws,
        first_law="yellow: of 2 s" if laws else None,
        refused=0,
        decision_p99_ms=decision_ms,
        decision_max_ms=decision_ms,
        took_s=1.0,
    )


def held(rows: list[Row], sumo: str = "1.9.1") -> Mapping[str, bool]:
    return {goal.name: goal.holds for goal in goals(tabled(rows), sumo)}


def test_figures_of_a_column_with_one_gridlocked_seed() -> None:
    one = figures([row(ADAPTIVE, seed, delay) for seed, delay in enumerate([10.0, 12.0, 11.0, 40.0, 33.0], start=1)])
    assert (one.mean_s, one.median_s, one.worst_s, one.worst_seed) == (21.2, 12.0, 40.0, 4)
    # Over three times the median: 36 s.
    assert one.gridlocked == (4,)
    assert one.p95_s == pytest.approx(38.6)


def test_goals_follow_the_all_red() -> None:
    rows = [row(ADAPTIVE, 1, 19.0), row(ADAPTIVE, 1, 19.0, red_s=2.0)]
    told = held(rows)
    assert told["cologne3, all-red 0 s: delay, adaptive, s"] is False
    assert told["cologne3, all-red 2 s: delay, adaptive, s"] is True


def test_papers_are_not_compared_with_on_another_sumo() -> None:
    assert not any("delay, adaptive" in name for name in held([row(ADAPTIVE, 1, 19.0)], "1.28.0"))


def test_a_broken_law_a_gridlock_and_dim_eyes_miss_their_goals() -> None:
    rows = [row(ADAPTIVE, seed, 10.0, laws=int(seed == 2)) for seed in (1, 2, 3)]
    rows += [row(CAMERA_GRADE, seed, delay) for seed, delay in ((1, 10.0), (2, 10.0), (3, 40.0))]
    rows += [row(ACTUATED, 1, 21.0), row(SUMO_ACTUATED, 1, 20.0)]
    missed = {name.partition(": ")[2] for name, holds in held(rows).items() if not holds}
    assert missed == {
        "gridlocked seeds, camera-grade",
        "camera-grade / full sensing",
        "our actuated / SUMO's",
        "laws broken",
    }


def test_the_own_program_stands_by_each_all_red() -> None:
    table = tabled([row(OWN, 1, 40.0), row(ADAPTIVE, 1, 19.0), row(ADAPTIVE, 1, 22.0, red_s=2.0)])
    assert [key for key in table if key[2] == OWN] == [("cologne3", 0.0, OWN), ("cologne3", 2.0, OWN)]


def test_columns_can_be_listed_with_commas() -> None:
    assert not any("," in column for column in COLUMNS)


def test_the_table_names_what_it_shows() -> None:
    text = "\n".join(lines(tabled([row(ADAPTIVE, 1, 19.04), row(SUMO_ACTUATED, 1, 20.0)])))
    assert "cologne3, 3 s yellow, no all-red" in text
    assert "19.0" in text
    assert "0 of 1" in text


def test_kept_rows_are_read_again_and_others_are_other_runs(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    kept = Kept(path)
    kept.add(row(ADAPTIVE, 1, 19.0))
    kept.add(replace(row(ADAPTIVE, 1, 18.0), code="newer"))
    again = Kept(path)
    assert again.rows == kept.rows
    assert len(again.rows) == 2
    path.write_text('{"scenario": 1}\n', encoding="utf-8")
    with pytest.raises(InputError, match="line 1 is no row"):
        Kept(path)


def test_the_fingerprint_is_that_of_the_code(tmp_path: Path) -> None:
    code = tmp_path / "edge" / "control"
    code.mkdir(parents=True)
    (tmp_path / "edge" / "types.py").write_text("a")
    (tmp_path / "benchmarks").mkdir()
    (tmp_path / "benchmarks" / "signal_max_pressure.py").write_text("m")
    (code / "one.py").write_text("1")
    first = fingerprint(ADAPTIVE, tmp_path)
    bare = fingerprint(SUMO_ACTUATED, tmp_path)
    (code / "one.py").write_text("2")
    assert fingerprint(ADAPTIVE, tmp_path) != first
    assert fingerprint(SUMO_ACTUATED, tmp_path) == bare


def test_scenarios_that_are_not_there_are_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"cologne1\.net\.xml: is not there; give the folder that holds cologne1/"):
        scenarios_of(tmp_path, ["cologne1"])


def junction(tmp_path: Path) -> Junction:
    return network(read_net(tee.write(tmp_path)), Times()).junctions["J"]


def queue(lane: str, phase: int, count: int) -> LaneDemand:
    return LaneDemand(lane, phase, count > 0, (), count, 1.0 if count else None, 0.0, (phase,) * count)


def test_max_pressure_relieves_the_longer_queue_every_ten_seconds(tmp_path: Path) -> None:
    around = StreetAround(0)
    controller = MaxPressure(junction(tmp_path), lambda _t_ns: around)
    state = SignalState(0, dict.fromkeys((1, 2, 3), Interval.RED), dict.fromkeys((1, 2, 3), 0))

    def asked(t_s: int, **counts: int) -> frozenset[int]:
        names = {"E_0": 1, "E_1": 1, "W_0": 2, "S_0": 3}
        lanes = {name: queue(name, phase, counts.get(name, 0)) for name, phase in names.items()}
        return controller.update(Demand(t_s * 10**9, lanes), replace(state, t_ns=t_s * 10**9)).phases

    assert asked(0, S_0=3, W_0=2) == {3}
    assert asked(9, W_0=9) == {3}
    assert asked(10, W_0=9) == {1, 2}
    # Nobody is let into a road whose own queue is longer.
    around = StreetAround(0, standing={"Ex": 20, "Sx": 0, "Wx": 0})
    assert asked(20, W_0=9, E_0=2) == {1}


def test_own_programs_with_other_yellows(tmp_path: Path) -> None:
    programs = read_net(tee.write(tmp_path)).programs
    made = ET.parse(additional_file(tmp_path / "a.xml", programs, "sumo actuated", 3.5, 2.0)).getroot()  # noqa: S314
    phases = [(phase.get("duration"), phase.get("state"), phase.get("maxDur")) for phase in made.iter("phase")]
    assert phases[:4] == [("30", "GgGGrr", "50"), ("3.5", "Ggyyrr", None), ("2", "Ggrrrr", None), ("8", "GGrrrr", "50")]
    assert made[0].get("type") == "actuated"
