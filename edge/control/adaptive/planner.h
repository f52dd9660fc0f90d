/* Search for the stage sequence of least delay over the next minute: integers, fixed sizes, no allocation.
 *
 * Times are int32 milliseconds from now, weights 256 for one vehicle, costs vehicle-milliseconds times 256.
 * The same input gives the same output on every machine. */
#ifndef PLANNER_H
#define PLANNER_H

#include <stdint.h>

#define PL_PHASES 16
#define PL_LANES 32
#define PL_CARS 64
#define PL_STAGES 32
#define PL_SECONDS 90
#define PL_CASES 8
#define PL_NONE 255

typedef uint16_t pl_mask;

/* One vehicle of a lane, nearest to the stop line first. yields: phases whose stream it must let pass.
 * stop_ms: what one stop costs it on top of waiting; 0 for one that stands already. */
typedef struct {
    int32_t at_ms;         /* when it could be at the stop line */
    int32_t not_before_ms; /* its exit is blocked until then */
    int32_t stop_ms;
    uint16_t weight;
    pl_mask yields;
    uint8_t phase;
} pl_car;

typedef struct {
    int32_t headway_ms; /* between vehicles of weight 256 at saturation */
    int32_t lost_ms;    /* from green until the first vehicle of a queue passes */
    int32_t second_ms;  /* its second needs so much more than the headway */
    int32_t waited_ms;  /* how long its first vehicle stands already */
    int32_t free_ms;    /* not before then can the next one pass: the last one passed just now */
    uint8_t cars;
    pl_car car[PL_CARS];
} pl_lane;

typedef struct {
    int32_t least_ms; /* minimum green, or walk and pedestrian clearance */
    int32_t most_ms;
    int32_t yellow_ms;
    int32_t clear_ms;
    pl_mask conflicts;
} pl_phase;

typedef struct {
    int32_t yellow_used_ms; /* vehicles pass so long after the end of green */
    int32_t gap_ahead_ms;   /* a turn that yields needs so much time before the next oncoming vehicle */
    int32_t gap_behind_ms;  /* and so much after the last */
    int32_t later_ms;       /* a queue left at the end without green waits so long for it */
    int32_t stop_after_ms;  /* a vehicle delayed by more than this stops */
    int32_t fair_after_ms;  /* waits beyond this cost more */
    int32_t fair_permille;  /* veh-s per s² beyond it, in thousandths */
    int32_t change_ms;      /* every change of stage costs all that wait so much beyond what is reckoned */
    int32_t sneakers;       /* yielding vehicles that leave a lane at the end of their green */
    int32_t seconds;        /* horizon */
    int32_t keep;           /* nodes kept per stage and second */
} pl_settings;

typedef struct {
    pl_settings settings;
    uint8_t phases, lanes, stages, cases;
    pl_phase phase[PL_PHASES];
    pl_lane lane[PL_CASES][PL_LANES]; /* what may be there: one plan is made that is good for all cases on average */
    pl_mask stage[PL_STAGES];
    uint8_t now;               /* the stage asked for */
    int32_t on_ms[PL_PHASES];  /* since or from when green; only for phases of that stage */
    int32_t off_ms[PL_PHASES]; /* until when vehicles still pass on phases that have ended */
    int32_t hold_ms;           /* no switch before then */
} pl_problem;

typedef struct {
    int64_t cost;            /* of the best plan, mean of all cases */
    uint8_t first;           /* stage of its first switch, PL_NONE without one */
    int32_t first_ms;        /* when it begins to end the present stage */
    int32_t nodes;           /* looked at */
} pl_plan;

/* A plan by hand: end the present stage for another at an instant. */
typedef struct {
    int32_t at_ms;
    uint8_t stage;
} pl_change;

typedef struct {
    int64_t cost;
    uint8_t left[PL_LANES]; /* vehicles that have passed, by lane, in the first case */
} pl_outcome;

/* Bytes that a search works in; the caller keeps them, one for each thread. */
uint32_t pl_room(void);

/* 0: solved; 1: the problem is malformed (sizes, indices). */
uint8_t pl_search(const pl_problem *problem, void *room, pl_plan *plan);

/* What comes of a plan until an instant within the horizon, whole seconds all of them. 0: done; 1: malformed. */
uint8_t pl_follow(const pl_problem *problem, void *room, const pl_change *changes, uint8_t count, int32_t until_ms,
                  pl_outcome *outcome);

#endif
