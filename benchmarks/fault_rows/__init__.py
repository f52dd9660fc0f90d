"""Rows of the table of injected faults (`python -m benchmarks.faults`): one module for each bridge, with `rows()`."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class FaultRow:
    """One fault, injected into one bridge.

    what_lamps_did is for people. simulated_ms is from the fault to the end of what the
    lamps did about it, None where they had nothing to do. laws_broken has names of
    `sl_laws.h`, and is to be empty.
    """

    fault: str
    bridge: str
    what_lamps_did: str
    simulated_ms: float | None
    laws_broken: tuple[str, ...]
