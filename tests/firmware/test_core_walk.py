"""Every state that small tables can reach, with every input in each, by walk.c."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.firmware.building import CORE
from tests.firmware.walk import QUICK, Walk, walker


@pytest.mark.parametrize("walk", QUICK, ids=lambda walk: f"table {walk.plan}")
def test_every_reachable_state_keeps_the_laws(walk: Walk, tmp_path: Path) -> None:
    done = subprocess.run([walker(tmp_path, walk), str(walk.plan)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    states = int(done.stdout.split(": ")[1].split()[0])
    assert states > 2000


@pytest.mark.parametrize(
    ("was", "becomes", "law"),
    [
        (
            "channel->age_ms >= ms_of(row->yellow_cs)",
            "channel->age_ms + 500u >= ms_of(row->yellow_cs)",
            "yellow in full",
        ),
        ("&& way_is_clear(table, state, i)", "", "no conflict"),
        (
            "kept && channel->ped == SL_DONT_WALK && channel->age_ms >= ms_of(row->min_green_cs)",
            "kept",
            "min green",
        ),
        ("show(channel, row->red_clearance_cs ? SL_CLEARANCE : SL_RED)", "show(channel, SL_RED)", "clearance first"),
        ("if (ending && at_rest)", "if (ending)", "min green in full"),
    ],
)
def test_a_fault_of_the_core_is_found(was: str, becomes: str, law: str, tmp_path: Path) -> None:
    """The walk sees what it is for, and names the law."""
    core = tmp_path / "core"
    shutil.copytree(CORE, core)
    source = (core / "stopline_core.c").read_text(encoding="utf-8")
    assert source.count(was) == 1
    (core / "stopline_core.c").write_text(source.replace(was, becomes), encoding="utf-8")
    walk = QUICK[0]
    done = subprocess.run([walker(tmp_path, walk, core), str(walk.plan)], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert law in done.stdout
