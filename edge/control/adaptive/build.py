"""How the planner's search becomes the extension `edge.control.adaptive._planner`; run by setup.py.

The declarations below are those of planner.h; the C compiler compares them with it.
"""

from __future__ import annotations

from cffi import FFI

_DECLARATIONS = """
#define PL_PHASES ...
#define PL_LANES ...
#define PL_CARS ...
#define PL_STAGES ...
#define PL_SECONDS ...
#define PL_CASES ...
#define PL_NONE ...

typedef uint16_t pl_mask;
typedef struct {
    int32_t at_ms; int32_t not_before_ms; int32_t stop_ms; uint16_t weight; pl_mask yields; uint8_t phase; ...;
} pl_car;
typedef struct {
    int32_t headway_ms; int32_t lost_ms; int32_t second_ms; int32_t waited_ms; int32_t free_ms; uint8_t cars;
    pl_car car[...];
} pl_lane;
typedef struct { int32_t least_ms; int32_t most_ms; int32_t yellow_ms; int32_t clear_ms; pl_mask conflicts; } pl_phase;
typedef struct {
    int32_t yellow_used_ms; int32_t gap_ahead_ms; int32_t gap_behind_ms; int32_t later_ms;
    int32_t stop_after_ms; int32_t fair_after_ms; int32_t fair_permille; int32_t change_ms; int32_t sneakers;
    int32_t seconds; int32_t keep;
} pl_settings;
typedef struct {
    pl_settings settings;
    uint8_t phases; uint8_t lanes; uint8_t stages; uint8_t cases;
    pl_phase phase[...]; pl_lane lane[...][...]; pl_mask stage[...];
    uint8_t now; int32_t on_ms[...]; int32_t off_ms[...]; int32_t hold_ms;
} pl_problem;
typedef struct { int64_t cost; uint8_t first; int32_t first_ms; int32_t nodes; } pl_plan;
typedef struct { int32_t at_ms; uint8_t stage; } pl_change;
typedef struct { int64_t cost; uint8_t left[...]; } pl_outcome;

uint32_t pl_room(void);
uint8_t pl_search(const pl_problem *problem, void *room, pl_plan *plan);
uint8_t pl_follow(const pl_problem *problem, void *room, const pl_change *changes, uint8_t count, int32_t until_ms,
                  pl_outcome *outcome);
"""

ffibuilder = FFI()
ffibuilder.cdef(_DECLARATIONS)
# optional: without a compiler all but adaptive control works. No fused multiply-add is needed: it is all integers.
ffibuilder.set_source(
    "edge.control.adaptive._planner",
    '#include "planner.h"',
    sources=["edge/control/adaptive/planner.c"],
    depends=["edge/control/adaptive/planner.h"],
    include_dirs=["edge/control/adaptive"],
    optional=True,
)
