"""Delay against a list of trips added up by hand, and who was due by the route file."""

from __future__ import annotations

from pathlib import Path

import pytest

from edge.errors import InputError
from sim_videos.nets.delay import delay_of, scheduled

TRIPS = """<tripinfos>
  <tripinfo id="a" depart="3.0" departDelay="1.5" arrival="40" timeLoss="10.5"/>
  <tripinfo id="b" depart="9.0" departDelay="0.0" arrival="-1.00" timeLoss="20"/>
</tripinfos>"""
ROUTES = """<routes>
  <vType id="car"/>
  <trip id="early" depart="99.9" from="a" to="b"/>
  <trip id="a" depart="101.5" from="a" to="b"/>
  <vehicle id="b" depart="0:01:49"><route edges="a b"/></vehicle>
  <trip id="c" depart="130" from="a" to="b"/>
  <trip id="late" depart="200" from="a" to="b"/>
</routes>"""


def write(folder: Path, text: str) -> Path:
    path = folder / "file.xml"
    path.write_text(text, encoding="utf-8")
    return path


def test_by_hand(tmp_path: Path) -> None:
    due = {"a": 101.5, "b": 109.0, "c": 130.0}
    delay = delay_of(write(tmp_path, TRIPS), due, 200.0)
    # a: 10.5 lost and 1.5 waited; b, not arrived: 20 so far; c never departed: from 130 to 200.
    assert delay.mean_s == pytest.approx((12.0 + 20.0 + 70.0) / 3)
    assert (delay.vehicles, delay.unfinished, delay.waiting) == (3, 1, 1)
    assert sorted(delay.each_s) == [12.0, 20.0, 70.0]


def test_without_vehicles_delay_is_unknown(tmp_path: Path) -> None:
    assert delay_of(write(tmp_path, "<tripinfos/>"), {}, 200.0).mean_s is None


def test_a_list_that_broke_off(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="is not whole"):
        delay_of(write(tmp_path, TRIPS[:80]), {}, 200.0)


def test_due_are_those_of_the_time_asked_for(tmp_path: Path) -> None:
    assert scheduled(write(tmp_path, ROUTES), 100, 200) == {"a": 101.5, "b": 109.0, "c": 130.0}


@pytest.mark.parametrize(
    ("flow", "times_s"),
    [
        ('begin="0" end="100" vehsPerHour="144"', [0, 25, 50, 75]),
        ('begin="10" end="100" period="40"', [10, 50, 90]),
        ('begin="0" end="200" number="4"', [0, 50]),
        ('begin="0" period="30" number="2"', [0, 30]),
    ],
)
def test_flows(tmp_path: Path, flow: str, times_s: list[float]) -> None:
    routes = write(tmp_path, f'<routes><flow id="f" from="a" to="b" {flow}/></routes>')
    assert scheduled(routes, 0, 100) == {f"f.{i}": at for i, at in enumerate(times_s)}


@pytest.mark.parametrize("chance", ['probability="0.2"', 'period="exp(0.1)"'])
def test_flows_by_chance_are_refused(tmp_path: Path, chance: str) -> None:
    with pytest.raises(InputError, match="by chance"):
        scheduled(write(tmp_path, f'<routes><flow id="f" begin="0" end="9" {chance}/></routes>'), 0, 9)


def test_bad_route_files(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        scheduled(tmp_path / "none.rou.xml", 0, 9)
    with pytest.raises(InputError, match="is not XML"):
        scheduled(write(tmp_path, "<routes>"), 0, 9)
    with pytest.raises(InputError, match="trip a has depart=soon"):
        scheduled(write(tmp_path, '<routes><trip id="a" depart="soon"/></routes>'), 0, 9)
