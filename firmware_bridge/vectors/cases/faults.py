"""Senses, faults and reset."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import CROSSING, WALKERS, sealed


def scenarios() -> list[Scenario]:
    both = {"fitted": 3}
    short_yellow = sealed(CROSSING.with_row(0, yellow_cs=290).to_bytes())
    return [
        of(
            CROSSING,
            "sensed-right",
            "lamps sensed as they are driven: no fault in a whole change",
            20000,
            {10: {**ask(2), "sense": both}, 12000: ask(4)},
            {12000: "RUN YR dd OK", 16000: "RUN RG dd OK", 20000: "RUN RG dd OK"},
        ),
        of(
            CROSSING,
            "sensed-conflict",
            "a second green sensed for 300 ms: flash at once, latched",
            12000,
            {10: {**ask(2), "sense": both}, 8000: {"sense": {"fitted": 3, "on": {"green": 2}, "off": {"red": 2}}}},
            {8280: "RUN GR dd OK", 8290: "FLASH FF -- CONFLICT FAULT", 12000: "FLASH FF -- CONFLICT FAULT"},
        ),
        of(
            CROSSING,
            "sensed-conflict-short",
            "a second green sensed for 290 ms: nothing",
            12000,
            {
                10: {**ask(2), "sense": both},
                8000: {"sense": {"fitted": 3, "on": {"green": 2}, "off": {"red": 2}}},
                8290: {"sense": both},
            },
            {8290: "RUN GR dd OK", 12000: "RUN GR dd OK"},
        ),
        of(
            CROSSING,
            "sensed-conflict-not-fitted",
            "a sense that is not fitted is not looked at",
            12000,
            {10: {**ask(2), "sense": {"fitted": 1}}, 8000: {"sense": {"fitted": 1, "on": {"green": 2, "yellow": 2}}}},
            {12000: "RUN GR dd OK"},
        ),
        of(
            WALKERS,
            "sensed-walk-conflict",
            "walk sensed against a green",
            12000,
            {10: {**ask(2), "sense": both}, 8000: {"sense": {"fitted": 3, "on": {"walk": 2}}}},
            {8280: "RUN GR dd OK", 8290: "FLASH FF -- CONFLICT FAULT"},
        ),
        of(
            CROSSING,
            "sensed-red-fail",
            "a red lamp that fails: flash after 800 ms",
            12000,
            {10: {**ask(2), "sense": both}, 8000: {"sense": {"fitted": 3, "off": {"red": 2}}}},
            {8780: "RUN GR dd OK", 8790: "FLASH FF -- RED_FAIL FAULT"},
        ),
        of(
            CROSSING,
            "sensed-dual",
            "red beside green on one head: flash after 1000 ms",
            12000,
            {10: {**ask(2), "sense": both}, 8000: {"sense": {"fitted": 3, "on": {"red": 1}}}},
            {8980: "RUN GR dd OK", 8990: "FLASH FF -- DUAL FAULT"},
        ),
        of(
            CROSSING,
            "sensed-in-stop-time",
            "stop time does not stop the senses",
            12000,
            {
                10: {**ask(2), "sense": both},
                8000: {"stop": True, "sense": {"fitted": 3, "on": {"green": 2}, "off": {"red": 2}}},
            },
            {8280: "RUN GR dd OK", 8290: "FLASH FF -- CONFLICT FAULT"},
        ),
        of(
            CROSSING,
            "first-fault-stays",
            "dual indication, then the platform's fault: the first reason stays",
            12000,
            {10: {**ask(2), "sense": both}, 8000: {"sense": {"fitted": 3, "on": {"red": 1}}}, 10000: {"platform": 18}},
            {8990: "FLASH FF -- DUAL FAULT", 12000: "FLASH FF -- DUAL FAULT"},
        ),
        of(
            CROSSING,
            "reset",
            "a person presses reset after the fault has gone: start-up",
            20000,
            {
                10: ask(2),
                8000: {"platform": 18},
                9000: {"platform": 0},
                10000: {"reset": True},
                10500: {"reset": False},
            },
            {
                7990: "RUN GR",
                8000: "FLASH FF -- PLATFORM+2 FAULT",
                9990: "FLASH FF -- PLATFORM+2 FAULT",
                10000: "STARTUP RR dd OK",
                16000: "RUN GR",
            },
        ),
        of(
            CROSSING,
            "reset-held",
            "a reset button that hangs resets once",
            20000,
            {10: ask(2), 8000: {"reset": True}, 9000: {"platform": 18}, 10000: {"platform": 0}},
            {8990: "RUN GR dd OK", 9000: "FLASH FF -- PLATFORM+2 FAULT", 20000: "FLASH FF -- PLATFORM+2 FAULT"},
        ),
        of(
            CROSSING,
            "reset-held-from-power-up",
            "a reset button that hangs at power-up resets nothing",
            9000,
            {10: {**ask(2), "reset": True, "platform": 16}, 2000: {"platform": 0}},
            {10: "FLASH FF -- PLATFORM FAULT", 9000: "FLASH FF -- PLATFORM FAULT"},
        ),
        of(
            CROSSING,
            "reset-too-early",
            "reset while the fault is there: latched again",
            12000,
            {10: ask(2), 8000: {"platform": 18}, 9000: {"reset": True}, 9500: {"reset": False}, 10000: {"platform": 0}},
            {9000: "FLASH FF -- PLATFORM+2 FAULT", 12000: "FLASH FF -- PLATFORM+2 FAULT"},
        ),
        of(
            CROSSING,
            "fault-in-startup",
            "a fault in all red: flash at once",
            9000,
            {10: ask(2), 3000: {"platform": 40}},
            {2990: "STARTUP", 3000: "FLASH FF -- PLATFORM+24 FAULT"},
        ),
        of(
            CROSSING,
            "table-changed",
            "a bit of the table flips while it runs: flash at once",
            12000,
            {10: ask(2), 8000: {"table_xor": [34, 1]}},
            {7990: "RUN GR", 8000: "FLASH FF -- TABLE_CRC FAULT"},
        ),
        of(
            CROSSING,
            "table-mended",
            "the bit flips back: latched until reset, then start-up",
            20000,
            {10: ask(2), 8000: {"table_xor": [34, 1]}, 9000: {"table_xor": [34, 1]}, 10000: {"reset": True}},
            {9990: "FLASH FF -- TABLE_CRC FAULT", 10000: "STARTUP RR", 16000: "RUN GR"},
        ),
        Scenario(
            "table-refused",
            "a yellow of 2.9 s with a right CRC: refused on leaving flash",
            short_yellow,
            3000,
            ((1000, ask(2)),),
            ((990, "FLASH FF -- OK SILENCE"), (1000, "FLASH FF -- TABLE FAULT")),
        ),
    ]
