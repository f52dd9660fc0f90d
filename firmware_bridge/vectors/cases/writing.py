"""How a scenario is written down.

Unless told otherwise: power-up at 0, first request at 10 ms, start-up in all red from 10 ms
to 6010 ms, ticks of 10 ms, a request every 100 ms that lives for 300 ms.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import Table

Change = Mapping[str, Any]


def ask(*phases: int, **how: int) -> Change:
    """From now on ask for these phases; every_ms=0: once."""
    return {"ask": {"phases": sorted(phases), **how}}


#: No more requests from now on.
SILENT: Change = {"ask": None}


def of(
    table: Table, name: str, about: str, until_ms: int, inputs: dict[int, Change], hand: dict[int, str], **more: int
) -> Scenario:
    """A scenario whose table is good."""
    return Scenario(name, about, table.to_bytes(), until_ms, tuple(inputs.items()), tuple(hand.items()), **more)
