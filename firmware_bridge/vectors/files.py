"""The vectors as JSON lines: writing them from the core, reading them back."""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from firmware_bridge.vectors.refused_tables import TableCase, all_tables
from firmware_bridge.vectors.scenario import Event, Scenario, run
from firmware_bridge.vectors.scenarios import all_scenarios

FOLDER = Path(__file__).parent
SCENARIOS = FOLDER / "scenarios.jsonl"
TABLES = FOLDER / "tables.jsonl"


def scenario_lines() -> Iterable[str]:
    """What `scenarios.jsonl` should hold: each scenario with the events of the Python build."""
    for scenario in all_scenarios():
        events, _ = run(scenario)
        yield _line(
            {
                "name": scenario.name,
                "about": scenario.about,
                "table": scenario.table.hex(),
                "tick_ms": scenario.tick_ms,
                "boot_ms": scenario.boot_ms,
                "until_ms": scenario.until_ms,
                "inputs": [[at_ms, dict(change)] for at_ms, change in scenario.inputs],
                "hand": [[at_ms, text] for at_ms, text in scenario.hand],
                "expect": [[event.t_ms, event.text] for event in events],
            }
        )


def table_lines() -> Iterable[str]:
    """What `tables.jsonl` should hold."""
    for case in all_tables():
        yield _line({"name": case.name, "table": case.table.hex(), "fault": case.fault, "channel": case.channel})


def read_scenarios() -> list[tuple[Scenario, list[Event]]]:
    """The committed scenarios and their expected events."""
    return [(_scenario(row), [Event(*event) for event in row["expect"]]) for row in _rows(SCENARIOS)]


def read_tables() -> list[TableCase]:
    """The committed tables."""
    return [TableCase(row["name"], bytes.fromhex(row["table"]), row["fault"], row["channel"]) for row in _rows(TABLES)]


def _scenario(row: dict[str, Any]) -> Scenario:
    return Scenario(
        row["name"],
        row["about"],
        bytes.fromhex(row["table"]),
        row["until_ms"],
        tuple((at_ms, change) for at_ms, change in row["inputs"]),
        tuple((at_ms, text) for at_ms, text in row["hand"]),
        row["tick_ms"],
        row["boot_ms"],
    )


def _rows(path: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


def _line(row: dict[str, Any]) -> str:
    return json.dumps(row, ensure_ascii=False, separators=(",", ":")) + "\n"
