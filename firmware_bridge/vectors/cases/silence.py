"""Requests that stop."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import SILENT, ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import CROSSING, WALKERS


def scenarios() -> list[Scenario]:
    return [
        of(
            CROSSING,
            "silence-in-green",
            "requests stop in green: yellow after 300 ms, clearance, flash",
            18000,
            {10: ask(2), 12000: SILENT},
            {
                12200: "RUN GR dd OK RUNNING",
                12210: "RUN YR dd OK SILENCE",
                15210: "RUN CR",
                16200: "RUN CR",
                16210: "FLASH FF",
            },
        ),
        of(
            CROSSING,
            "silence-in-min-green",
            "requests stop early in green: the minimum is served",
            18000,
            {10: ask(2), 7000: SILENT},
            {7210: "RUN GR dd OK SILENCE", 11000: "RUN GR", 11010: "RUN YR", 14010: "RUN CR", 15010: "FLASH FF"},
        ),
        of(
            CROSSING,
            "silence-in-yellow",
            "requests stop in yellow: no other green begins",
            18000,
            {10: ask(2), 12000: ask(4), 13000: SILENT},
            {15000: "RUN CR dd OK SILENCE", 15990: "RUN CR", 16000: "FLASH FF"},
        ),
        of(
            CROSSING,
            "silence-in-clearance",
            "the last request dies just before the clearance is over",
            18000,
            {10: ask(2), 12000: ask(4), 15690: ask(4, every_ms=0)},
            {15980: "RUN CR dd OK RUNNING", 15990: "RUN CR dd OK SILENCE", 16000: "FLASH FF"},
        ),
        of(
            CROSSING,
            "silence-at-the-end-of-clearance",
            "the last request is alive as the clearance ends: green, its minimum, flash",
            26000,
            {10: ask(2), 12000: ask(4), 15710: ask(4, every_ms=0)},
            {
                16000: "RUN RG",
                16010: "RUN RG dd OK SILENCE",
                20990: "RUN RG",
                21000: "RUN RY",
                24000: "RUN RC",
                25000: "FLASH FF",
            },
        ),
        of(
            WALKERS,
            "silence-in-walk",
            "requests stop in walk: walk and pedestrian clearance are served",
            30000,
            {10: ask(4), 8000: SILENT},
            {
                6010: "RUN RG dw",
                14000: "RUN RG dw OK SILENCE",
                14010: "RUN RG dc",
                20000: "RUN RG dc",
                20010: "RUN RY dd",
                23010: "RUN RC",
                24010: "FLASH FF --",
            },
        ),
        of(
            WALKERS,
            "silence-in-ped-clearance",
            "requests stop in pedestrian clearance",
            30000,
            {10: ask(4), 16000: SILENT},
            {16200: "RUN RG dc OK RUNNING", 16210: "RUN RG dc OK SILENCE", 20000: "RUN RG dc", 20010: "RUN RY dd"},
        ),
        of(
            CROSSING,
            "asked-again-while-ending",
            "requests come back in the orderly end: no flash",
            20000,
            {10: ask(2), 12000: SILENT, 14000: ask(4)},
            {12210: "RUN YR dd OK SILENCE", 14000: "RUN YR dd OK RUNNING", 15210: "RUN CR", 16210: "RUN RG"},
        ),
        of(
            CROSSING,
            "asked-again-after-flash",
            "requests come back in flash: all red anew",
            28000,
            {10: ask(2), 12000: SILENT, 20000: ask(4)},
            {16210: "FLASH FF", 20000: "STARTUP RR", 25990: "STARTUP RR", 26000: "RUN RG"},
        ),
        of(
            CROSSING,
            "empty-request-ends-greens",
            "a request for no phase ends green and does not flash",
            20000,
            {10: ask(2), 12000: ask()},
            {12000: "RUN YR dd OK RUNNING", 15000: "RUN CR", 16000: "RUN RR", 20000: "RUN RR dd OK RUNNING"},
        ),
    ]
