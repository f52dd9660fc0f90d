/* The signal core: from what software asks to what the lamps may show.
 *
 *     inputs ──┐
 *     table ───┼─→ sl_tick ─→ outputs
 *     state ───┘      every 10 ms, or more often
 *
 * Freestanding C99: no allocation, no floating point, no hardware, no mutable global.
 * The same file runs in the microcontroller, in the GPIO bridge of a Pi and in the
 * simulator. What it promises is in sl_laws.h, where each law is a predicate.
 *
 * A channel is one vehicle head group with an optional pedestrian movement: a phase, or an
 * overlap, which is asked for whenever one of its parents is, and stays green while one is. Channels are numbered from 0
 * in the order of the table; a mask has bit i for channel i. Phases are known to the
 * outside by their NEMA numbers, 1 to 16; a mask of phases has bit n-1 for phase n.
 *
 * Times in the table are hundredths of a second (_cs), times that run are milliseconds (_ms).
 */
#ifndef STOPLINE_CORE_H
#define STOPLINE_CORE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Most channels this build can hold; a table of more is refused. 16 phases and 4 overlaps. */
#ifndef SL_CHANNELS
#define SL_CHANNELS 20
#endif
#if SL_CHANNELS < 1 || SL_CHANNELS > 32
#error "SL_CHANNELS must be 1 to 32"
#endif

#define SL_TABLE_VERSION 1
#define SL_NO_OUTPUT 0xffu

/* Limits that no table can loosen. MUTCD 2009 section 4D.26 (yellow 3 to 6 s, red clearance
 * up to 6 s), section 4E.06 (walk 7 s, 4 s where an engineer says why). */
#define SL_LEAST_YELLOW_CS 300u
#define SL_MOST_YELLOW_CS 600u
#define SL_MOST_RED_CLEARANCE_CS 600u
#define SL_LEAST_WALK_CS 700u
#define SL_LEAST_SHORT_WALK_CS 400u
#define SL_LEAST_PED_CLEARANCE_CS 300u
#define SL_LEAST_MIN_GREEN_CS 300u
#define SL_LEAST_STARTUP_RED_CS 300u
/* A request lives for so long unless it says otherwise, and never longer than the most. */
#define SL_USUAL_TTL_MS 300u
#define SL_MOST_TTL_MS 1000u
/* A step longer than this is not credited to any interval: the clock may have jumped where little time
 * passed. After a jump, or a stop of the process, lamps stay longer than they had to, never shorter. */
#ifndef SL_MOST_STEP_MS /* checks that walk through all states take longer steps */
#define SL_MOST_STEP_MS 100u
#endif
/* Ticks in a row of which no time was credited after which the clock is taken to be dead. */
#define SL_MOST_STUCK_TICKS 250u
/* How long the lamps may be sensed wrong before they are put to flash. NEMA TS 2-2003 section 4.4. */
#define SL_SENSE_CONFLICT_MS 300u
#define SL_SENSE_RED_FAIL_MS 800u
#define SL_SENSE_DUAL_MS 1000u
/* Half a period of flashing lamps: 60 flashes a minute, lit for half (MUTCD 4D.28: 50 to 60). */
#define SL_BLINK_MS 500u
/* Ages stop here instead of wrapping: 24 days. */
#define SL_MOST_AGE_MS 0x7fffffffu

typedef uint32_t sl_mask; /* of channels */

typedef enum {
    SL_RED = 0,       /* at rest; any compatible green may begin */
    SL_GREEN = 1,
    SL_YELLOW = 2,
    SL_CLEARANCE = 3, /* red, but conflicting greens still wait */
    SL_FLASHING = 4   /* yellow or red, as the table says */
} sl_interval;

typedef enum {
    SL_DONT_WALK = 0,
    SL_WALK = 1,
    SL_PED_CLEARANCE = 2, /* flashing don't walk */
    SL_PED_DARK = 3       /* while the junction flashes */
} sl_ped;

typedef enum {
    SL_FLASH = 0,   /* flash relay released */
    SL_STARTUP = 1, /* all red on the way out of flash */
    SL_RUN = 2
} sl_mode;

/* Latched: the first one stays until a person resets it. */
typedef enum {
    SL_OK = 0,
    SL_FAULT_TABLE = 1,     /* the table breaks a rule of sl_table_check */
    SL_FAULT_TABLE_CRC = 2, /* the table changed in memory */
    SL_FAULT_STATE = 3,     /* the state cannot have come from this core */
    SL_FAULT_CONFLICT = 4,  /* sensed: two incompatible channels lit */
    SL_FAULT_RED_FAIL = 5,  /* sensed: a head with no lamp lit */
    SL_FAULT_DUAL = 6,      /* sensed: a head with two lamps lit */
    SL_FAULT_CLOCK = 7,     /* the clock stands still, jumps or runs back all the time */
    SL_FAULT_PLATFORM = 16  /* and above: reported by what the core runs in, see protocol.md */
} sl_fault;

/* Why the lamps flash, or are on their way to it; not latched. */
typedef enum {
    SL_WHY_RUNNING = 0,   /* they do not */
    SL_WHY_BOOT = 1,      /* just powered up */
    SL_WHY_NO_TABLE = 2,  /* there is no table to run by */
    SL_WHY_NOT_AGREED = 3,/* the host has not agreed to the table's CRC */
    SL_WHY_SILENCE = 4,   /* no request is alive */
    SL_WHY_MANUAL = 5,    /* the flash switch or the door */
    SL_WHY_OVERSTAY = 6,  /* nothing is asked but what has been asked for too long */
    SL_WHY_FAULT = 7      /* see the fault */
} sl_why;

/* Which rule a table breaks; sl_table_check names the channel beside it. */
typedef enum {
    SL_TABLE_OK = 0,
    SL_TABLE_VERSION_UNKNOWN,
    SL_TABLE_TOO_MANY_CHANNELS,
    SL_TABLE_NO_CHANNEL,
    SL_TABLE_CRC_WRONG,
    SL_TABLE_STARTUP_RED_SHORT,
    SL_TABLE_MASK_OUTSIDE,       /* a mask names a channel that is not there */
    SL_TABLE_NUMBER_WRONG,       /* a phase not 1 to 16, or one that carries parents and a number */
    SL_TABLE_NUMBER_TWICE,
    SL_TABLE_MATRIX_ASYMMETRIC,
    SL_TABLE_MATRIX_SELF,        /* a channel that is not compatible with itself */
    SL_TABLE_MIN_GREEN_SHORT,
    SL_TABLE_YELLOW_OUT_OF_RANGE,
    SL_TABLE_RED_CLEARANCE_LONG,
    SL_TABLE_WALK_SHORT,
    SL_TABLE_PED_CLEARANCE_SHORT,
    SL_TABLE_PED_HALF,           /* walk without clearance, or the reverse */
    SL_TABLE_OVERLAP_OF_OVERLAP,
    SL_TABLE_OVERLAP_AGAINST_PARENT,
    SL_TABLE_OVERLAP_PEDESTRIANS,
    SL_TABLE_STARTUP_CONFLICT,   /* start-up phases that may not be green together */
    SL_TABLE_STARTUP_OVERLAP,
    SL_TABLE_FLASH_YELLOW_CONFLICT, /* two incompatible channels would both flash yellow */
    SL_TABLE_OUTPUT_MISSING,     /* a head without red, yellow or green, or walk without don't walk */
    SL_TABLE_OUTPUT_TWICE
} sl_table_fault;

#define SL_FLAG_PED_RECALL 0x01u  /* walk is served with every green, called or not */
#define SL_FLAG_SHORT_WALK 0x02u  /* a walk of 4 to 7 s is meant: the site file says why */

/* One channel's row: 28 bytes without padding, as it stands on the wire (little-endian). */
typedef struct {
    uint32_t compatible;       /* mask of the channels that may be non-red together with this one; itself too */
    uint32_t parents;          /* mask: an overlap of these; 0: a phase */
    uint16_t min_green_cs;
    uint16_t yellow_cs;
    uint16_t red_clearance_cs;
    uint16_t walk_cs;          /* 0: no pedestrians */
    uint16_t ped_clearance_cs;
    uint16_t max_request_cs;   /* asked for longer than this without a break is not asked for; 0: no limit */
    uint8_t number;            /* NEMA phase 1 to 16; 0: an overlap */
    uint8_t flags;
    uint8_t out_red;           /* logical outputs of the board; SL_NO_OUTPUT: none */
    uint8_t out_yellow;
    uint8_t out_green;
    uint8_t out_walk;
    uint8_t out_dont_walk;
    uint8_t spare;             /* 0 */
} sl_channel;

/* The timing and conflict table: 24 bytes and the channels in use, as on the wire. The CRC is
 * CRC-16/IBM-3740 over those bytes with `crc` as 0. */
typedef struct {
    uint8_t version;
    uint8_t channels;          /* in use, from the first */
    uint16_t crc;
    uint16_t board;            /* kind of board the outputs are numbered for; 0: any */
    uint16_t startup_flash_cs; /* least flash after power-up */
    uint16_t startup_red_cs;   /* all red on leaving flash */
    uint16_t spare;            /* 0 */
    uint32_t startup;          /* mask: green first after start-up; 0: whatever is asked */
    uint32_t flash_yellow;     /* mask: these flash yellow, the others red */
    uint32_t site;             /* CRC-32 of the site's id: tables of two junctions differ though their times agree */
    sl_channel channel[SL_CHANNELS];
} sl_table;

#define SL_TABLE_HEAD_BYTES 24u
#define SL_CHANNEL_BYTES 28u

typedef struct {
    /* A new request this tick. Phases by NEMA number; refused whole when it names a phase that is
     * not there, or two that conflict (overlaps counted in), or lives for 0 or more than SL_MOST_TTL_MS:
     * then the one before holds on to its own end. */
    uint8_t request_new;
    uint16_t request_phases;
    uint16_t request_ttl_ms;
    uint16_t ped_calls;      /* phases; remembered until walk is served */
    uint8_t agreed;          /* the host has said this table's CRC */
    uint8_t manual_flash;    /* flash switch, or the door's */
    uint8_t stop_time;       /* intervals stand still; senses and faults do not */
    uint8_t reset;           /* a person at the cabinet clears the latched fault; its rising edge counts */
    uint8_t platform_fault;  /* SL_FAULT_PLATFORM and above; 0: none */
    /* What the lamps are sensed to do; looked at only where sense_fitted has the channel. */
    sl_mask sense_fitted;
    sl_mask sense_red;
    sl_mask sense_yellow;
    sl_mask sense_green;
    sl_mask sense_walk;
} sl_inputs;

typedef struct {
    /* What to switch on now, flashing worked in. Nothing is on without a table. */
    sl_mask red;
    sl_mask yellow;
    sl_mask green;
    sl_mask walk;
    sl_mask dont_walk;
    uint8_t flash_relay;    /* 1: held, the core drives the lamps; 0: released, the cabinet flashes */
    uint8_t mode;           /* sl_mode */
    uint8_t fault;          /* sl_fault, latched */
    uint8_t why;            /* sl_why */
    uint8_t refused;        /* 1: this tick's new request was refused */
    sl_mask wanted;         /* what is asked for and counted, overlaps worked in */
    uint8_t interval[SL_CHANNELS];  /* sl_interval */
    uint32_t age_ms[SL_CHANNELS];   /* of the interval */
    uint8_t ped[SL_CHANNELS];       /* sl_ped */
    uint32_t ped_age_ms[SL_CHANNELS];
} sl_outputs;

typedef struct {
    uint8_t interval;
    uint8_t ped;
    uint8_t guard;          /* of all of this: a flipped bit shows */
    uint8_t walked;         /* recall has been served in this green */
    uint32_t age_ms;
    uint32_t ped_age_ms;
    uint32_t asked_ms;      /* asked for without a break */
} sl_channel_state;

typedef struct {
    uint32_t last_ms;
    uint32_t mode_age_ms;
    uint32_t blink_ms;      /* 0 to 2 * SL_BLINK_MS - 1 */
    sl_mask request;        /* channels of the phases asked for, without overlaps */
    sl_mask ped_calls;
    sl_mask startup_left;   /* start-up greens still to be served */
    uint16_t request_left_ms; /* 0: no request is alive */
    uint16_t conflict_ms;   /* sensed for so long */
    uint16_t red_fail_ms;
    uint16_t dual_ms;
    uint8_t mode;
    uint8_t mode_guard;     /* of mode, times, and what is asked: a flipped bit shows */
    uint8_t fault;
    uint8_t fault_guard;    /* its complement */
    uint8_t booting;        /* 1: the start-up flash is not over */
    uint8_t stuck_ticks;
    uint8_t reset_held;     /* the reset input was active: only its rising edge resets */
    sl_channel_state channel[SL_CHANNELS];
} sl_state;

/* CRC-16/IBM-3740 (init 0xffff, polynomial 0x1021, no reflection) going on from `crc`. */
uint16_t sl_crc16(uint16_t crc, const uint8_t *bytes, uint16_t count);

/* CRC of a table's bytes on the wire, whatever SL_CHANNELS of this build. A table of more channels
 * than fit is taken for one of none. */
uint16_t sl_table_crc(const sl_table *table);

/* The first rule that a table breaks; *channel then says at which channel, where there is one. */
sl_table_fault sl_table_check(const sl_table *table, uint8_t *channel);

/* Channels of phases by NEMA number, without overlaps; *unknown gets the phases that are not there. */
sl_mask sl_channels_of(const sl_table *table, uint16_t phases, uint16_t *unknown);

/* Those channels and the overlaps of them. */
sl_mask sl_with_overlaps(const sl_table *table, sl_mask channels);

/* Whether no two channels of a mask are incompatible. */
uint8_t sl_together(const sl_table *table, sl_mask channels);

/* State at power-up: in flash, nothing asked, no fault. */
void sl_boot(sl_state *state, uint32_t now_ms);

/* Whether a state could have come from this core under this table; sl_tick latches
 * SL_FAULT_STATE where not. */
uint8_t sl_consistent(const sl_table *table, const sl_state *state);

/* One step. table may be a null pointer: then the lamps are dark and the flash relay is released.
 * A table that sl_table_check refuses is a latched fault; it is checked whole on leaving flash, and by
 * its CRC in every tick. Another table may be given only while the lamps flash. now_ms may wrap, stand
 * still, run back or jump by more than SL_MOST_STEP_MS: no interval is shortened by that, and a jump
 * or a step back ends the request that was alive. */
void sl_tick(const sl_table *table, sl_state *state, const sl_inputs *inputs, uint32_t now_ms, sl_outputs *outputs);

#ifdef __cplusplus
}
#endif

#endif
