"""What is advised, tried in SUMO: the proposed plan has less delay, and about as much of it as was expected."""

from __future__ import annotations

import importlib.util

import pytest

from benchmarks.advise import PRESENT, compare, present_plan
from calibration.check_plans import check_plans
from calibration.load import load_site


@pytest.mark.skipif(importlib.util.find_spec("libsumo") is None, reason="needs the extra sim")
def test_the_proposed_plan_really_has_less_delay() -> None:
    row = compare("made for others", 0.75, seeds=1, seconds=600.0)
    assert row.sumo_s[1] < 0.85 * row.sumo_s[0]
    assert row.expected_s[1] == pytest.approx(row.sumo_s[1], rel=0.25)
    assert row.expected_s[1] < row.expected_s[0]


@pytest.mark.parametrize("name", PRESENT)
def test_the_plan_that_is_to_be_bettered_can_be_served(name: str) -> None:
    site = load_site("example")
    assert site.signal is not None
    # Nobody walks on the benchmark's street.
    walking = {"walk_s": None, "ped_clearance_s": None}
    phases = tuple(phase.model_copy(update=walking) for phase in site.signal.phases)
    signal = site.signal.model_copy(update={"phases": phases})
    changed = site.model_copy(update={"signal": signal, "plan": present_plan(signal, PRESENT[name])})
    assert not list(check_plans(changed, lambda *loc: ".".join(map(str, loc)), rings_sound=True))
