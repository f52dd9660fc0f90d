"""Out of flash and into it before the first green."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import SILENT, ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import CROSSING, FOUR


def scenarios() -> list[Scenario]:
    return [
        of(
            CROSSING,
            "startup",
            "the first request leads out of flash: 6 s all red, then its green",
            7000,
            {10: ask(2)},
            {10: "STARTUP RR dd OK RUNNING", 6000: "STARTUP", 6010: "RUN GR", 7000: "RUN GR"},
        ),
        of(
            CROSSING,
            "flash-without-requests",
            "nothing is asked: flash goes on",
            9000,
            {},
            {10: "FLASH FF -- OK SILENCE", 9000: "FLASH FF"},
        ),
        of(
            FOUR,
            "startup-flash-then-phases",
            "4 s of flash after power-up, then start-up phases 2 and 6 for their minimum, though 4 is asked",
            26000,
            {10: ask(4)},
            {
                3990: "FLASH FFFF ---- OK BOOT",
                4000: "STARTUP RRRR",
                9990: "STARTUP RRRR",
                10000: "RUN GGRR",
                19990: "RUN GGRR",
                20000: "RUN YYRR",
                24000: "RUN CCRR",
                25490: "RUN CCRR",
                25500: "RUN RRGR ddwd",
            },
        ),
        of(
            CROSSING,
            "startup-not-agreed",
            "the host has not agreed to the table: flash until it has",
            9000,
            {10: {**ask(2), "agreed": False}, 2000: {"agreed": True}},
            {10: "FLASH FF -- OK NOT_AGREED", 1990: "FLASH", 2000: "STARTUP RR", 8000: "RUN GR"},
        ),
        of(
            CROSSING,
            "startup-agreement-lost",
            "agreement lost in all red: all red in full, then flash",
            9000,
            {10: ask(2), 3000: {"agreed": False}},
            {2990: "STARTUP RR", 3000: "STARTUP RR dd OK NOT_AGREED", 6000: "STARTUP", 6010: "FLASH FF"},
        ),
        of(
            CROSSING,
            "startup-silence",
            "requests stop in all red: all red in full, then flash",
            9000,
            {10: ask(2, every_ms=0)},
            {300: "STARTUP RR dd OK RUNNING", 310: "STARTUP RR dd OK SILENCE", 6010: "FLASH FF -- OK SILENCE"},
        ),
        of(
            CROSSING,
            "startup-manual",
            "the flash switch in all red: flash at once, then all red anew",
            12000,
            {10: ask(2), 3000: {"manual": True}, 5000: {"manual": False}},
            {2990: "STARTUP RR", 3000: "FLASH FF -- OK MANUAL", 4990: "FLASH", 5000: "STARTUP RR", 11000: "RUN GR"},
        ),
        of(
            CROSSING,
            "manual-from-power-up",
            "the flash switch from the start: no start-up",
            3000,
            {10: {**ask(2), "manual": True}},
            {10: "FLASH FF -- OK MANUAL", 3000: "FLASH FF -- OK MANUAL"},
        ),
        of(
            CROSSING,
            "startup-stop-time",
            "stop time holds all red",
            9000,
            {10: ask(2), 2000: {"stop": True}, 3000: {"stop": False}},
            {6010: "STARTUP RR", 6990: "STARTUP RR", 7010: "RUN GR"},
        ),
        of(
            CROSSING,
            "flash-stop-time",
            "stop time holds flash",
            9000,
            {10: {**ask(2), "stop": True}, 1000: {"stop": False}},
            {990: "FLASH FF -- OK BOOT", 1000: "STARTUP RR", 7000: "RUN GR"},
        ),
        of(
            CROSSING,
            "startup-empty-request",
            "a request for no phase: all red, and no flash",
            9000,
            {10: ask()},
            {10: "STARTUP RR", 6010: "RUN RR dd OK RUNNING", 9000: "RUN RR dd OK RUNNING"},
        ),
        of(
            FOUR,
            "startup-phases-again",
            "after an orderly flash the start-up phases come first again, without the start-up flash",
            50000,
            {10: ask(2, 6), 21000: SILENT, 30000: ask(8)},
            {
                21200: "RUN GGRR",
                21290: "RUN YYRR dddd OK SILENCE",
                25290: "RUN CCRR",
                26790: "FLASH FFFF",
                30000: "STARTUP RRRR",
                36000: "RUN GGRR",
                46000: "RUN YYRR",
                50000: "RUN CCRR",
            },
        ),
        of(
            CROSSING,
            "startup-stop-time-manual",
            "the flash switch in stop time: all red stands still, then flash",
            6000,
            {10: ask(2), 2000: {"stop": True, "manual": True}, 3000: {"stop": False}},
            {1990: "STARTUP RR", 2000: "STARTUP RR dd OK MANUAL", 2990: "STARTUP RR", 3000: "FLASH FF -- OK MANUAL"},
        ),
    ]
