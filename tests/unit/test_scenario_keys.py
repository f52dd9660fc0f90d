"""A mishap takes the keys of its kind: what would be ignored is refused, and the scenario's file is named."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import ConfigError
from sim_videos.scenario import Scenario, load_scenario
from tests.plain_street import scenario

PLAIN = Path(__file__).parents[2] / "sim_videos" / "scenarios" / "quiet.toml"
WHEN = "at_s = 1\nfor_s = 2\n"


def load(tmp_path: Path, added: str) -> Scenario:
    path = tmp_path / "mine.toml"
    path.write_text(f"{PLAIN.read_text(encoding='utf-8')}\n{added}", encoding="utf-8")
    return load_scenario(str(path))


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('kind = "emergency_vehicle"\nmovement = "NBT"\nlane = "NB9"', "emergency_vehicle does not use lane, only"),
        ('kind = "emergency_vehicle"\nmovement = "NBT"\nfrom_stop_m = 3', "does not use from_stop_m"),
        ('kind = "blocked_box"\nmovement = "EBT"\nmake = "lorry"', "blocked_box does not use make"),
        ('kind = "stopped_vehicle"\nlane = "NB1"\nmovement = "NBT"', "does not use movement, only lane, approach"),
        ('kind = "wrong_way"\nlane = "NB1"\nfrom_stop_m = 20', "wrong_way does not use from_stop_m"),
        ('kind = "crash"\nlane = "NB1"\nmovement = "NBT"', "crash in a lane does not use movement"),
        ('kind = "crash"\nmovement = "NBT"\nfrom_stop_m = 20', "crash on a movement does not use from_stop_m"),
        ('kind = "lost_load"\nlane = "NB1"\napproach = "SB"', "approach stands in for lane: give one of them"),
        ('kind = "spillback"\nmovement = "NBT"\napproach = "SB"', "approach stands in for movement: give one"),
    ],
)
def test_a_key_that_its_kind_has_no_use_for_is_refused(tmp_path: Path, row: str, said: str) -> None:
    with pytest.raises(ConfigError, match=rf"mine\.toml: incidents\.0: .*{said}.*; correct it"):
        load(tmp_path, f"[[incidents]]\n{WHEN}{row}\n")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        ('kind = "dark"\namount = 0.5', "dark does not use amount, only at_s and for_s"),
        ('kind = "blur"\nlate_s = 1', "blur does not use late_s, only amount"),
        ('kind = "latency"\namount = 0.5', "latency does not use amount, only late_s"),
    ],
)
def test_so_is_one_of_another_camera_fault(tmp_path: Path, row: str, said: str) -> None:
    camera = load_scenario("quiet").cameras[0].id
    with pytest.raises(ConfigError, match=rf"mine\.toml: camera_faults\.0: {said}; correct it"):
        load(tmp_path, f'[[camera_faults]]\ncamera = "{camera}"\n{WHEN}{row}\n')


@pytest.mark.parametrize(
    "row",
    [
        'kind = "stopped_vehicle"\napproach = "NB"\nfrom_stop_m = 9\nmake = "lorry"',
        'kind = "crash"\nlane = "NB1"\nfrom_stop_m = 20',
        'kind = "crash"\napproach = "NB"',
        'kind = "spillback"\napproach = "SB"\nfrom_stop_m = 40',
    ],
)
def test_those_of_its_kind_are_taken(tmp_path: Path, row: str) -> None:
    assert len(load(tmp_path, f"[[incidents]]\n{WHEN}{row}\n").incidents) == 1


def test_a_complaint_begins_with_the_file_or_with_the_id_of_what_came_from_none(tmp_path: Path) -> None:
    assert load(tmp_path, "").source == str(tmp_path / "mine.toml")
    assert load(tmp_path, "").lasting(9000).source == str(tmp_path / "mine.toml")
    assert scenario().source == f"scenario {scenario().id}"


def test_what_a_run_does_not_reach_is_said(tmp_path: Path) -> None:
    own = load(tmp_path, f'[[incidents]]\nkind = "lost_load"\nlane = "NB1"\n{WHEN}')
    assert own.beyond(1.5) == ()
    (said,) = own.beyond(1.0)
    assert said.startswith("incidents.0, lost load, lies after the end of the run: it begins at 1 s")
