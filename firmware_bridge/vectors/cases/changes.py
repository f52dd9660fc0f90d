"""From one green to another."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import CROSSING, EIGHT, FOUR


def scenarios() -> list[Scenario]:
    return [
        of(
            CROSSING,
            "change",
            "another phase is asked for: yellow, clearance, its green",
            15000,
            {10: ask(2), 8000: ask(4)},
            {11000: "RUN GR", 11010: "RUN YR", 14000: "RUN YR", 14010: "RUN CR", 15000: "RUN CR"},
        ),
        of(
            CROSSING,
            "change-after-minimum",
            "the minimum is over: yellow in the tick of the request",
            16000,
            {10: ask(2), 12000: ask(4)},
            {11990: "RUN GR", 12000: "RUN YR", 15000: "RUN CR", 15990: "RUN CR", 16000: "RUN RG"},
        ),
        of(
            CROSSING,
            "change-of-mind-in-yellow",
            "the phase is asked for again in its yellow: yellow and clearance are served",
            18000,
            {10: ask(2), 12000: ask(4), 13000: ask(2)},
            {13000: "RUN YR", 14990: "RUN YR", 15000: "RUN CR", 15990: "RUN CR", 16000: "RUN GR"},
        ),
        of(
            CROSSING,
            "change-of-mind-in-clearance",
            "the phase is asked for again in its clearance",
            18000,
            {10: ask(2), 12000: ask(4), 15500: ask(2)},
            {15490: "RUN CR", 15990: "RUN CR", 16000: "RUN GR", 18000: "RUN GR"},
        ),
        of(
            CROSSING,
            "change-of-mind-in-min-green",
            "asked away and back within the minimum: green goes on",
            15000,
            {10: ask(2), 7000: ask(4), 9000: ask(2)},
            {11010: "RUN GR", 15000: "RUN GR"},
        ),
        of(
            CROSSING.with_row(0, red_clearance_cs=0),
            "no-clearance",
            "no red clearance: the other green begins as yellow ends",
            17000,
            {10: ask(2), 12000: ask(4)},
            {14990: "RUN YR", 15000: "RUN RG"},
        ),
        of(
            CROSSING.with_row(0, red_clearance_cs=0),
            "no-clearance-same-phase",
            "no red clearance and the same phase: red for a tick",
            17000,
            {10: ask(2), 12000: ask(4), 13000: ask(2)},
            {14990: "RUN YR", 15000: "RUN RR", 15010: "RUN GR"},
        ),
        of(
            CROSSING.with_row(0, yellow_cs=600, red_clearance_cs=600),
            "longest-times",
            "yellow and clearance of 6 s",
            25000,
            {10: ask(2), 12000: ask(4)},
            {17990: "RUN YR", 18000: "RUN CR", 23990: "RUN CR", 24000: "RUN RG"},
        ),
        of(
            FOUR,
            "one-of-two",
            "one phase of a pair ends, the other stays",
            30000,
            {10: ask(2, 6), 22000: ask(2)},
            {21990: "RUN GGRR", 22000: "RUN GYRR", 26000: "RUN GCRR", 27500: "RUN GRRR"},
        ),
        of(
            FOUR,
            "slowest-clearance-counts",
            "4 waits for both phases that conflict: 6 has still to be cleared",
            35000,
            {10: ask(2, 6), 22000: ask(2), 25000: ask(4)},
            {
                22000: "RUN GYRR",
                25000: "RUN YYRR",
                26000: "RUN YCRR",
                27500: "RUN YRRR",
                29000: "RUN CRRR",
                30490: "RUN CRRR",
                30500: "RUN RRGR",
            },
        ),
        of(
            EIGHT,
            "ring-change",
            "2 and 6, then 1 and 6: 2 ends with its overlap, the overlap of 6 that phase 1 stops ends too",
            20000,
            {10: ask(2, 6), 15000: ask(1, 5)},
            {
                6010: "RUN RGRRRGRRGG",
                14990: "RUN RGRRRGRRGG",
                15000: "RUN RYRRRYRRYY",
                18200: "RUN RCRRRYRRCY",
                18500: "RUN RCRRRYRRCR",
                18600: "RUN RCRRRCRRCR",
            },
        ),
        of(
            EIGHT,
            "overlap-held",
            "an overlap of 6 and 7 stays green from 6 to 7 only while one of them is asked for",
            30000,
            {10: ask(2, 6), 15000: ask(3, 7)},
            {15000: "RUN RYRRRYRRGY", 19590: "RUN RRRRRCRRGR", 19600: "RUN RRGRRRGRGR"},
        ),
        of(
            EIGHT,
            "overlap-beside-its-parent",
            "overlaps whose least green is over stay green beside 2 and 6, which are not asked for but not over",
            52000,
            {10: ask(2, 6), 15000: ask(4, 8), 20000: ask(2, 6), 44500: ask(4, 8)},
            {44500: "RUN RGRRRGRRGG", 47390: "RUN RGRRRGRRGG", 47400: "RUN RYRRRYRRYY"},
        ),
        of(
            EIGHT,
            "overlap-against-phase",
            "1 and 6 together are refused: the overlap of 6 conflicts with 1",
            12000,
            {10: ask(2, 6), 9000: ask(1, 6)},
            {8990: "RUN RGRRRGRRGG", 9000: "RUN RGRRRGRRGG dddddddddd OK RUNNING refused", 9010: "RUN RGRRRGRRGG"},
        ),
    ]
