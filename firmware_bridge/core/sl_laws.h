/* The laws of the lamps, each a named predicate, and a witness that knows nothing of the core.
 *
 * The witness sees what a person with a stopwatch would: lamps, the flash relay, the switches, what
 * was asked. It keeps its own ages. Every check uses these same predicates: the prover, the
 * exhaustive walk, the fuzzer, the Python state machine, the pins of the microcontroller.
 *
 *     sl_look look = …lamps and inputs of one step…;
 *     sl_law broken = sl_witness_see(&table, &witness, &look);   (SL_LAWS_KEPT, or the first broken)
 */
#ifndef STOPLINE_LAWS_H
#define STOPLINE_LAWS_H

#include "stopline_core.h"

typedef enum {
    SL_LAWS_KEPT = 0,
    SL_LAW_NO_CONFLICT,        /* no two incompatible channels are other than red at once */
    SL_LAW_CLEARANCE_FIRST,    /* no green before yellow and red clearance of all it conflicts with are over */
    SL_LAW_YELLOW_IN_FULL,     /* yellow lasts its table value, and 3 s */
    SL_LAW_YELLOW_NOT_LONG,    /* and no longer than that by more than one step, so never over 6 s */
    SL_LAW_MIN_GREEN_IN_FULL,  /* green lasts its minimum */
    SL_LAW_WALK_IN_FULL,       /* walk lasts its table value */
    SL_LAW_PED_CLEARANCE_IN_FULL, /* from the end of walk to yellow, or to the next walk, there is pedestrian clearance */
    SL_LAW_WALK_WITH_GREEN,    /* walk is shown only beside its own green, where there are pedestrians */
    SL_LAW_ORDER,              /* red, green, yellow, red; flash follows red, and red follows flash */
    SL_LAW_ONE_LAMP,           /* a head shows one lamp, never two and never none; in flash never green or walk,
                                  and yellow only where the table says so */
    SL_LAW_ORDERLY_FLASH,      /* flash begins from red whose clearance is over, unless a fault is latched */
    SL_LAW_STARTUP,            /* out of flash: table agreed, no fault, no switch; all red for its time; the
                                  start-up channels before any other */
    SL_LAW_ASKED,              /* green begins only where it is asked for, or at start-up */
    SL_LAW_SILENCE,            /* with no request alive, the table not agreed or the switch on: every green that may
                                  end does, none begins, and then the lamps flash */
    SL_LAW_FAULT_FLASHES,      /* a latched fault flashes at once */
    SL_LAW_FAULT_LATCHED,      /* the first reason stays until a person presses reset, or its own memory was changed */
    SL_LAWS                    /* number of them and one */
} sl_law;

/* One step as seen from outside. */
typedef struct {
    sl_mask red, yellow, green; /* lamps */
    sl_mask walk;
    uint8_t flash;              /* 1: the flash relay is released */
    uint8_t fault;              /* latched */
    uint8_t agreed, manual_flash, reset; /* inputs of this step */
    uint8_t asked_new;          /* a request came that must be accepted, by the witness's own judgement */
    sl_mask asked;              /* its channels with their overlaps */
    uint16_t asked_ttl_ms;
    uint32_t step_ms;           /* time that really passed since the step before */
    uint32_t credited_ms;       /* what the intervals must have advanced by: sl_credited_ms of the clock's step */
} sl_look;

typedef struct {
    uint8_t lamp;           /* sl_interval: SL_RED, SL_GREEN, SL_YELLOW or SL_FLASHING */
    uint8_t cleared;        /* 1: its red clearance is over, or it never was yellow since flash */
    uint8_t walk;
    uint8_t walked;         /* walk was lit in this green */
    uint32_t age_ms;        /* at least so long: of each step the lesser of what really passed and what is credited */
    uint32_t credited_ms;   /* at most so long: by what intervals must have advanced */
    uint32_t walk_age_ms;   /* of walk, or since walk, at least so long */
    uint32_t walk_credited_ms; /* the same, at most so long */
} sl_witness_channel;

typedef struct {
    uint8_t begun;
    uint8_t flash;
    uint8_t fault;
    uint8_t reset;
    uint8_t startup_over;   /* a green has begun since flash */
    uint32_t out_of_flash_ms; /* at least so long */
    uint32_t asked_left_ms;
    sl_mask asked;
    sl_mask startup_left;   /* start-up channels that have not been green since flash */
    sl_witness_channel channel[SL_CHANNELS];
} sl_witness;

#ifdef __cplusplus
extern "C" {
#endif

/* What a step of the clock (now_ms less the now_ms before, wrapping) is worth to the intervals. */
uint32_t sl_credited_ms(uint32_t clock_step_ms, uint8_t stop_time);

/* What the outputs of one tick look like from outside. */
void sl_look_at(const sl_table *table, const sl_inputs *inputs, const sl_outputs *outputs, uint32_t step_ms,
                uint32_t credited_ms, sl_look *look);

/* Check a step against all laws and remember it; the first broken law. */
sl_law sl_witness_see(const sl_table *table, sl_witness *witness, const sl_look *look);

/* "no conflict", "yellow in full" … for reports. */
const char *sl_law_name(sl_law law);

/* The predicates: 1 where the law is kept by this look after what the witness saw before. */
uint8_t sl_law_no_conflict(const sl_table *table, const sl_look *look);
uint8_t sl_law_clearance_first(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_yellow_in_full(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_yellow_not_long(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_min_green_in_full(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_walk_in_full(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_ped_clearance_in_full(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_walk_with_green(const sl_table *table, const sl_look *look);
uint8_t sl_law_order(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_one_lamp(const sl_table *table, const sl_look *look);
uint8_t sl_law_orderly_flash(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_startup(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_asked(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_silence(const sl_table *table, const sl_witness *before, const sl_look *look);
uint8_t sl_law_fault_flashes(const sl_look *look);
uint8_t sl_law_fault_latched(const sl_witness *before, const sl_look *look);

#ifdef __cplusplus
}
#endif

#endif
