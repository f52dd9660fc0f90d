"""Clocks that jump, wrap or are slow."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import CROSSING


def scenarios() -> list[Scenario]:
    change = {10: ask(2), 12000: ask(4)}
    return [
        of(
            CROSSING,
            "jump-in-yellow",
            "the clock jumps an hour ahead in yellow: yellow is not shortened",
            20000,
            {**change, 13000: {"jump_ms": 3_600_000}},
            {15000: "RUN YR", 15010: "RUN CR", 16010: "RUN RG"},
        ),
        of(
            CROSSING,
            "back-in-yellow",
            "the clock runs back an hour in yellow",
            20000,
            {**change, 13000: {"jump_ms": -3_600_000}},
            {15000: "RUN YR", 15010: "RUN CR", 16010: "RUN RG"},
        ),
        of(
            CROSSING,
            "jump-ends-request",
            "a jump ends the request that was alive: why is silence until the next",
            15000,
            {10: ask(2), 12050: {"jump_ms": 5000}},
            {12040: "RUN GR", 12050: "RUN YR dd OK SILENCE", 12110: "RUN YR dd OK RUNNING"},
        ),
        of(
            CROSSING,
            "jump-of-101",
            "a step of 101 ms is not credited",
            20000,
            {**change, 13000: {"jump_ms": 91}},
            {15000: "RUN YR", 15010: "RUN CR"},
        ),
        of(
            CROSSING,
            "wrap",
            "the counter wraps in yellow, after 49 days",
            20000,
            change,
            {15000: "RUN CR", 16000: "RUN RG"},
            boot_ms=0x100000000 - 13_500,
        ),
        of(
            CROSSING,
            "wrap-in-startup",
            "the counter wraps in all red",
            9000,
            {10: ask(2)},
            {6000: "STARTUP", 6010: "RUN GR"},
            boot_ms=0x100000000 - 3_000,
        ),
        of(
            CROSSING,
            "ticks-of-7",
            "ticks of 7 ms: every interval in full, and over by less than a tick",
            20000,
            change,
            {15001: "RUN YR", 15008: "RUN CR", 16002: "RUN CR", 16009: "RUN RG"},
            tick_ms=7,
        ),
        of(
            CROSSING,
            "ticks-of-50",
            "ticks of 50 ms",
            20000,
            change,
            {14950: "RUN YR", 15000: "RUN CR", 16000: "RUN RG"},
            tick_ms=50,
        ),
        of(
            CROSSING,
            "ticks-of-100",
            "ticks of 100 ms, the longest that count",
            20000,
            change,
            {14900: "RUN YR", 15000: "RUN CR", 16000: "RUN RG"},
            tick_ms=100,
        ),
        of(
            CROSSING,
            "ticks-of-110",
            "ticks of 110 ms are too slow: nothing moves, then the clock is called dead",
            40000,
            {10: ask(2)},
            {110: "STARTUP RR", 27390: "STARTUP RR", 27500: "FLASH FF -- CLOCK FAULT"},
            tick_ms=110,
        ),
    ]
