"""Pedestrians."""

from __future__ import annotations

from firmware_bridge.vectors.cases.writing import ask, of
from firmware_bridge.vectors.scenario import Scenario
from firmware_bridge.vectors.tables import EIGHT, SHORT_WALK, WALKERS


def scenarios() -> list[Scenario]:
    twice = WALKERS.with_row(0, walk_cs=400, flags=SHORT_WALK)
    return [
        of(
            WALKERS,
            "recall",
            "phase 4 serves walk with its green, once",
            30000,
            {10: ask(4)},
            {6010: "RUN RG dw", 14000: "RUN RG dw", 14010: "RUN RG dc", 20010: "RUN RG dd", 30000: "RUN RG dd"},
        ),
        of(
            WALKERS,
            "no-call",
            "phase 2 shows no walk without a call",
            9000,
            {10: ask(2)},
            {6010: "RUN GR dd", 9000: "RUN GR dd"},
        ),
        of(
            WALKERS,
            "call-in-green",
            "a call in a green that goes on is served at once, and again when called again",
            35000,
            {10: ask(2), 8000: {"ped": [2]}, 21000: {"ped": [2]}},
            {
                7990: "RUN GR dd",
                8000: "RUN GR wd",
                14990: "RUN GR wd",
                15000: "RUN GR cd",
                20000: "RUN GR dd",
                21000: "RUN GR wd",
                28000: "RUN GR cd",
                33000: "RUN GR dd",
            },
        ),
        of(
            WALKERS,
            "call-remembered",
            "a call while the other phase is green is served with the next green",
            30000,
            {10: ask(4), 8000: {"ped": [2]}, 21000: ask(2)},
            {21000: "RUN RY dd", 24000: "RUN RC dd", 25000: "RUN GR wd"},
        ),
        of(
            WALKERS,
            "call-in-ended-green",
            "a call in a green that nobody asks for any more waits for the next",
            30000,
            {10: ask(2), 8000: ask(4), 9000: {"ped": [2]}, 16000: ask(2)},
            {9000: "RUN GR dd", 11010: "RUN YR dd", 15010: "RUN RG dw"},
        ),
        of(
            WALKERS,
            "call-in-clearance-of-walk",
            "a call in pedestrian clearance: the clearance is served, then walk again",
            35000,
            {10: ask(2), 8000: {"ped": [2]}, 16000: {"ped": [2]}},
            {15000: "RUN GR cd", 19990: "RUN GR cd", 20000: "RUN GR wd", 27000: "RUN GR cd"},
        ),
        of(
            WALKERS,
            "call-lost-in-flash",
            "a call while the lamps flash is not kept",
            9000,
            {10: {"ped": [2]}, 1000: ask(2)},
            {7000: "RUN GR dd", 9000: "RUN GR dd"},
        ),
        of(
            WALKERS,
            "call-in-startup",
            "a call in all red is kept",
            9000,
            {10: ask(2), 3000: {"ped": [2]}},
            {6010: "RUN GR wd"},
        ),
        of(
            WALKERS,
            "walk-not-cut",
            "another phase is asked for in walk: walk and clearance are served",
            30000,
            {10: ask(4), 7000: ask(2)},
            {14000: "RUN RG dw", 14010: "RUN RG dc", 20000: "RUN RG dc", 20010: "RUN RY dd", 24010: "RUN GR"},
        ),
        of(
            twice,
            "short-walk",
            "a walk of 4 s for a reason",
            20000,
            {10: ask(2), 3000: {"ped": [2]}},
            {6010: "RUN GR wd", 10000: "RUN GR wd", 10010: "RUN GR cd", 15010: "RUN GR dd"},
        ),
        of(
            EIGHT,
            "people-of-eight",
            "recall on 4 and 8; 4 and 8 end together, each after its pedestrians",
            40000,
            {10: ask(2, 6), 15000: ask(4, 8), 30000: ask(3, 7)},
            {
                20100: "RUN RRRGRRRGRR dddwdddwdd",
                27100: "RUN RRRGRRRGRR dddcdddcdd",
                34100: "RUN RRRYRRRGRR dddddddcdd",
                36100: "RUN RRRYRRRYRR dddddddddd",
            },
        ),
        of(
            WALKERS,
            "recall-in-every-green",
            "phase 4 serves walk in its second green too",
            45000,
            {10: ask(4), 21000: ask(2), 32000: ask(4)},
            {
                20010: "RUN RG dd",
                21000: "RUN RY dd",
                25000: "RUN GR dd",
                32000: "RUN YR dd",
                36000: "RUN RG dw",
                44000: "RUN RG dc",
            },
        ),
    ]
