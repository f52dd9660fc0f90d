"""The monitor of the lamps: silent where the laws hold, and each planted fault is told by its name."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from sim_videos.nets.groups import group
from sim_videos.nets.junction import Times
from sim_videos.nets.monitor import Monitor
from sim_videos.nets.net_file import read_net
from tests.unit.nets import tee

#: Seconds of letters that keep every law with 3 s yellow, 2 s all-red and 5 s of green.
GOOD = [
    *["GgGGrr"] * 6,
    *["Ggyyrr"] * 3,
    *["Ggrrrr"] * 2,
    *["GGrrrr"] * 5,
    *["yyrrrr"] * 3,
    *["rrrrrr"] * 2,
    *["rrrrGG"] * 5,
    *["rrrryy"] * 3,
    *["rrrrrr"] * 2,
    *["GgGGrr"] * 5,
]


def laws(tmp_path: Path, letters: Sequence[str]) -> list[str]:
    grouping = group(read_net(tee.write(tmp_path)), "J")
    monitor = Monitor("J", grouping.links, Times(red_clearance_s=2.0))
    for t_s, shown in enumerate(letters):
        monitor.see(t_s, shown)
    return [one.law for one in monitor.violations]


def test_a_lawful_cycle(tmp_path: Path) -> None:
    assert laws(tmp_path, GOOD) == []


@pytest.mark.parametrize(
    ("fault", "law"),
    [
        # Two links whose paths cross, both with the right of way.
        ([*GOOD[:6], "GgGGGr"], "right of way"),
        # A left turn that does not yield to those that it meets.
        (["GGGGrr"], "right of way"),
        # Green beside a yellow in its way.
        ([*GOOD[:16], "yyrrGG"], "right of way"),
        # g against one to whom it need not yield and who need not yield to it: W through against S left.
        (["rrgrGr", "rrgrgr"], "right of way"),
        # Yellow of 2 s.
        ([*GOOD[:18], *["rrrrrr"] * 4, *["rrrrGG"] * 5], "yellow"),
        # No yellow at all.
        ([*GOOD[:16], *["rrrrrr"] * 5], "yellow"),
        # Yellow that turns green again.
        ([*GOOD[:19], "GGrrrr"], "yellow"),
        # Yellow out of red.
        (["rrrrrr", "rrrryy"], "yellow"),
        # All-red of 1 s.
        ([*GOOD[:20], *["rrrrGG"] * 5], "all-red"),
        # A left turn that stops yielding right after the yellow of those that it meets.
        ([*GOOD[:9], *["GGrrrr"] * 5], "all-red"),
        # Green of 4 s.
        ([*GOOD[:25], *["rrrryy"] * 3], "minimum"),
    ],
)
def test_a_planted_fault_is_seen(tmp_path: Path, fault: list[str], law: str) -> None:
    assert law in laws(tmp_path, fault)


def test_without_all_red_the_next_green_follows_yellow_at_once(tmp_path: Path) -> None:
    grouping = group(read_net(tee.write(tmp_path)), "J")
    monitor = Monitor("J", grouping.links, Times())
    for t_s, shown in enumerate([*["GGrrrr"] * 5, *["yyrrrr"] * 3, *["rrrrGG"] * 5]):
        monitor.see(t_s, shown)
    assert monitor.violations == []
