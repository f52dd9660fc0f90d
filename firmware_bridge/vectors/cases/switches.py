"""Switches at the cabinet, and requests that outstay."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import SILENT, ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import CROSSING, FOUR, WALKERS


def scenarios() -> list[Scenario]:
    return [
        of(
            CROSSING,
            "manual-in-green",
            "the flash switch in green: orderly end into flash, and out when it is off",
            30000,
            {10: ask(2), 12000: {"manual": True}, 20000: {"manual": False}},
            {
                11990: "RUN GR",
                12000: "RUN YR dd OK MANUAL",
                15000: "RUN CR",
                16000: "FLASH FF -- OK MANUAL",
                20000: "STARTUP RR",
                26000: "RUN GR",
            },
        ),
        of(
            CROSSING,
            "manual-in-min-green",
            "the flash switch in minimum green",
            20000,
            {10: ask(2), 7000: {"manual": True}},
            {11000: "RUN GR dd OK MANUAL", 11010: "RUN YR", 14010: "RUN CR", 15010: "FLASH FF"},
        ),
        of(
            CROSSING,
            "agreement-lost",
            "the host agrees no more: orderly end into flash",
            20000,
            {10: ask(2), 12000: {"agreed": False}},
            {12000: "RUN YR dd OK NOT_AGREED", 16000: "FLASH FF -- OK NOT_AGREED"},
        ),
        of(
            CROSSING,
            "stop-time-in-yellow",
            "stop time holds yellow for 5 s",
            25000,
            {10: ask(2), 12000: ask(4), 13000: {"stop": True}, 18000: {"stop": False}},
            {17990: "RUN YR", 19990: "RUN YR", 20000: "RUN CR", 21000: "RUN RG"},
        ),
        of(
            CROSSING,
            "stop-time-in-green",
            "stop time holds green though another phase is asked for",
            25000,
            {10: ask(2), 12000: {"stop": True}, 13000: ask(4), 20000: {"stop": False}},
            {19990: "RUN GR", 20000: "RUN YR"},
        ),
        of(
            CROSSING,
            "stop-time-and-silence",
            "stop time holds green though nothing is asked; then it ends",
            25000,
            {10: ask(2), 12000: {"stop": True}, 13000: SILENT, 20000: {"stop": False}},
            {13210: "RUN GR dd OK SILENCE", 19990: "RUN GR", 20000: "RUN YR", 24000: "FLASH FF"},
        ),
        of(
            WALKERS,
            "stop-time-in-walk",
            "stop time holds walk",
            25000,
            {10: ask(4), 8000: {"stop": True}, 10000: {"stop": False}},
            {14010: "RUN RG dw", 16000: "RUN RG dw", 16010: "RUN RG dc", 22010: "RUN RG dd"},
        ),
        of(
            CROSSING.with_row(0, max_request_cs=1000),
            "overstay",
            "asked for over 10 s without a break: ended; then flash, as nothing else is asked",
            25000,
            {10: ask(2)},
            {
                10000: "RUN GR dd OK RUNNING",
                10010: "RUN GR dd OK OVERSTAY",
                11010: "RUN YR dd OK OVERSTAY",
                15010: "FLASH FF -- OK OVERSTAY",
                25000: "FLASH FF",
            },
        ),
        of(
            FOUR.with_row(0, max_request_cs=2000),
            "overstay-of-one",
            "2 is asked for too long, 6 beside it stays",
            30000,
            {10: ask(2, 6)},
            {
                20000: "RUN GGRR",
                20010: "RUN YGRR dddd OK RUNNING",
                24010: "RUN CGRR",
                25510: "RUN RGRR",
                30000: "RUN RGRR",
            },
        ),
        of(
            CROSSING.with_row(0, max_request_cs=1000),
            "overstay-broken",
            "a break in the request begins the count anew",
            25000,
            {10: ask(2), 9000: ask(4), 9500: ask(2)},
            {19490: "RUN GR dd OK RUNNING", 19500: "RUN YR dd OK OVERSTAY"},
        ),
        of(
            CROSSING.with_row(0, max_request_cs=1000),
            "overstay-after-silence",
            "silence is a break too",
            25000,
            {10: ask(2), 9000: SILENT, 9500: ask(2)},
            {
                9210: "RUN GR dd OK SILENCE",
                9500: "RUN GR dd OK RUNNING",
                19490: "RUN GR dd OK RUNNING",
                19500: "RUN YR dd OK OVERSTAY",
            },
        ),
    ]
