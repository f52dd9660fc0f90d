"""Every scenario."""

from __future__ import annotations

from firmware_bridge.vectors.cases import changes, clocks, faults, people, refusals, silence, startup, switches
from firmware_bridge.vectors.scenario import Scenario


def all_scenarios() -> list[Scenario]:
    """Each with a name of its own."""
    modules = (startup, changes, refusals, silence, people, switches, faults, clocks)
    return [scenario for module in modules for scenario in module.scenarios()]
