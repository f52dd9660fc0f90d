"""Requests that must not be taken, and how long one lives."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import CROSSING


def scenarios() -> list[Scenario]:
    return [
        of(
            CROSSING,
            "refused-conflict",
            "2 and 4 together are refused; the request before it lives to its own end",
            15000,
            {10: ask(2), 12000: ask(2, 4)},
            {
                11990: "RUN GR",
                12000: "RUN GR dd OK RUNNING refused",
                12200: "RUN GR dd OK RUNNING refused",
                12210: "RUN YR dd OK SILENCE",
                15000: "RUN YR",
            },
        ),
        of(
            CROSSING,
            "refused-conflict-in-yellow",
            "2 and 4 together asked for in yellow and clearance",
            20000,
            {10: ask(2), 12000: ask(4), 13000: ask(2, 4), 14000: ask(4), 15200: ask(2, 4, every_ms=0), 15210: ask(4)},
            {
                13000: "RUN YR dd OK RUNNING refused",
                15000: "RUN CR",
                15200: "RUN CR dd OK RUNNING refused",
                16000: "RUN RG",
            },
        ),
        of(
            CROSSING,
            "refused-unknown-phase",
            "phase 6 is not there: refused whole",
            13000,
            {10: ask(2), 12000: ask(2, 6)},
            {12000: "RUN GR dd OK RUNNING refused", 12210: "RUN YR dd OK SILENCE"},
        ),
        of(
            CROSSING,
            "refused-ttl-0",
            "a time to live of 0",
            2000,
            {10: ask(2, ttl_ms=0)},
            {10: "FLASH FF -- OK SILENCE refused", 2000: "FLASH"},
        ),
        of(
            CROSSING,
            "refused-ttl-1001",
            "a time to live over 1 s",
            2000,
            {10: ask(2, ttl_ms=1001)},
            {10: "FLASH FF -- OK SILENCE refused", 2000: "FLASH"},
        ),
        of(
            CROSSING,
            "ttl-1000",
            "the longest time to live",
            13000,
            {10: ask(2), 12000: ask(2, ttl_ms=1000, every_ms=0)},
            {12990: "RUN GR dd OK RUNNING", 13000: "RUN YR dd OK SILENCE"},
        ),
        of(
            CROSSING,
            "ttl-shortened",
            "a later request with a shorter life counts",
            13000,
            {10: ask(2, ttl_ms=1000), 12000: ask(2, ttl_ms=50, every_ms=0)},
            {12040: "RUN GR dd OK RUNNING", 12050: "RUN YR dd OK SILENCE"},
        ),
    ]
