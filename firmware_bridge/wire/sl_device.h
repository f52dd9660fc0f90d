/* What a device does with each message, whatever hardware it is: shared by the firmware and by the
 * host emulation. It owns the core's state, feeds it, and reports.
 *
 *     bytes ─→ sl_device_byte ─┐
 *     pins ──────────────────→ sl_device_tick ─→ sl_tick ─→ outputs, and reports on the wire
 *
 *     sl_device_start(&device, &about, table_or_null, &staging, send, where, now_ms);
 *     for (;;) { every byte: sl_device_byte; every 10 ms: sl_device_tick; drive the outputs;
 *                sl_device_to_store: write the staged table, then sl_device_stored; }
 *
 * None of these functions may interrupt another: feed bytes from the main loop, not from the UART's
 * interrupt.
 */
#ifndef STOPLINE_DEVICE_H
#define STOPLINE_DEVICE_H

#include "stopline_core.h"
#include "sl_wire.h"

#ifdef __cplusplus
extern "C" {
#endif

#define SL_REPORT_MS 100u
/* A request answers a report; when that report is older than this it is refused as late. */
#define SL_MOST_REQUEST_AGE_MS 1000u
#define SL_PIECE_MOST 32u       /* bytes of the table in one LOAD_PIECE */

/* Bytes of payloads; what is in them is in protocol.md. */
#define SL_HELLO_HOST_BYTES 8u
#define SL_HELLO_DEVICE_BYTES 18u
#define SL_LOAD_BEGIN_BYTES 4u
#define SL_PIECE_HEAD_BYTES 2u
#define SL_LOAD_COMMIT_BYTES 2u
#define SL_RESET_BYTES 1u
#define SL_CLOCK_BYTES 4u
#define SL_REQUEST_BYTES 12u
#define SL_FAULT_BYTES 12u
#define SL_ANSWER_BYTES 4u
#define SL_STATE_HEAD_BYTES 32u
#define SL_STATE_CHANNEL_BYTES 9u
/* Longest frames that a device takes in and sends: for SL_WIRE_IN_MOST and SL_WIRE_OUT_MOST. */
#define SL_DEVICE_IN_MOST (SL_FRAME_HEAD + SL_PIECE_HEAD_BYTES + SL_PIECE_MOST + SL_FRAME_CRC)
#define SL_DEVICE_OUT_MOST \
    (SL_FRAME_HEAD + SL_STATE_HEAD_BYTES + SL_CHANNELS * SL_STATE_CHANNEL_BYTES + SL_FRAME_CRC)

#if SL_WIRE_IN_MOST < SL_DEVICE_IN_MOST || SL_WIRE_OUT_MOST < SL_DEVICE_OUT_MOST
#error "SL_WIRE_IN_MOST or SL_WIRE_OUT_MOST is too little for the frames of this device"
#endif
#if SL_LINK_KEPT < SL_FAULT_BYTES
#error "SL_LINK_KEPT is too little for FAULT"
#endif

/* Flags of STATE. */
#define SL_STATE_HAS_TABLE 0x01u
#define SL_STATE_AGREED 0x02u       /* the newest request that was taken named the table's CRC */
#define SL_STATE_MANUAL_FLASH 0x04u
#define SL_STATE_STOP_TIME 0x08u
#define SL_STATE_AT_CABINET 0x10u   /* door or reset input */
#define SL_STATE_RELAY_HELD 0x20u   /* the core drives the lamps; otherwise the cabinet flashes */
#define SL_STATE_LOADING 0x40u

/* Faults of the platform, from SL_FAULT_PLATFORM up. */
#define SL_FAULT_STORAGE 16u    /* no stored copy of the table is whole */
#define SL_FAULT_WATCHDOG 17u   /* restarted by the watchdog: the program hung */
#define SL_FAULT_MEMORY 18u     /* the stack or a guard word was overwritten */
#define SL_FAULT_OVERRUN 19u    /* a tick came far too late */
#define SL_FAULT_PINS 20u       /* an output does not read back as it was written */
#define SL_FAULT_INPUTS 21u     /* the registers of the inputs are gone */

/* Why the device started. */
typedef enum {
    SL_CAUSE_UNKNOWN = 0,
    SL_CAUSE_POWER = 1,
    SL_CAUSE_BROWN_OUT = 2,
    SL_CAUSE_WATCHDOG = 3,
    SL_CAUSE_RESET = 4
} sl_cause;

/* What became of the newest request. */
typedef enum {
    SL_REQUEST_TAKEN = 0,
    SL_REQUEST_NO_TABLE = 1,
    SL_REQUEST_OTHER_TABLE = 2, /* it names another CRC than the table's */
    SL_REQUEST_LATE = 3,        /* it answers a report older than SL_MOST_REQUEST_AGE_MS */
    SL_REQUEST_BY_CORE = 4      /* unknown or conflicting phases, or a wrong time to live */
} sl_request_fate;

/* Answers to LOAD_BEGIN, LOAD_PIECE, LOAD_COMMIT and RESET. */
typedef enum {
    SL_ANSWER_DONE = 0,
    SL_ANSWER_NOT_BEGUN = 1,    /* a piece or commit without LOAD_BEGIN, or not in order */
    SL_ANSWER_TOO_LONG = 2,     /* more channels than this device has */
    SL_ANSWER_WRONG_BOARD = 3,
    SL_ANSWER_BAD_TABLE = 4,    /* detail: sl_table_fault, and the channel */
    SL_ANSWER_WRONG_CRC = 5,    /* the table's CRC is not the one announced */
    SL_ANSWER_NOT_FLASHING = 6, /* a table is changed only while the junction flashes */
    SL_ANSWER_NOBODY_THERE = 7, /* neither the door nor the reset input is active */
    SL_ANSWER_NOT_STORED = 8,   /* the memory did not take it; the old table stays */
    SL_ANSWER_NO_SUCH_FAULT = 9 /* RESET of a fault that is not the latched one */
} sl_answer;

/* What a device says about itself in HELLO. */
typedef struct {
    uint16_t board;             /* kind of board the outputs are numbered for */
    uint16_t firmware;          /* major << 8 | minor */
    uint8_t cause;              /* sl_cause */
    uint8_t copies;             /* whole stored copies of the table */
    uint16_t first_session;     /* different at each start, as far as the platform can make it */
} sl_about;

/* What the platform senses; every field as in sl_inputs. */
typedef struct {
    uint8_t manual_flash;
    uint8_t stop_time;
    uint8_t door;               /* somebody is at the cabinet: RESET and LOAD_COMMIT are honoured */
    uint8_t reset;              /* the reset button: clears a latched fault by itself, and counts as door */
    uint8_t platform_fault;     /* 0: none */
    sl_mask sense_fitted, sense_red, sense_yellow, sense_green, sense_walk;
} sl_pins;

typedef enum {
    SL_LOAD_IDLE = 0,
    SL_LOAD_STAGING = 1,
    SL_LOAD_TO_STORE = 2        /* checked; the platform is to store it */
} sl_load_state;

typedef struct {
    sl_link link;
    sl_about about;
    sl_table *table;            /* the one in use; the caller's memory */
    sl_table *staging;          /* a new one on its way in; the caller's memory */
    uint8_t has_table;
    sl_state core;
    /* the newest request, until the next tick */
    uint8_t request_new;
    uint16_t request_phases, request_ttl_ms;
    uint16_t ped_calls;
    uint8_t agreed;
    uint8_t fate;               /* sl_request_fate of request_number */
    uint32_t request_number;
    uint16_t requests_refused;
    /* loading */
    uint8_t loading;            /* sl_load_state */
    uint16_t load_bytes, load_have, load_crc;
    /* reset */
    uint8_t reset_asked;        /* a RESET came while somebody was at the cabinet */
    /* time of day, for logs: 0 where unknown */
    uint32_t clock_utc_s;
    uint32_t clock_at_ms;
    /* reporting */
    uint32_t now_ms;            /* of the last tick */
    uint32_t reported_ms;
    uint8_t report_due;
    uint8_t hello_due;          /* 1: a hello is to be answered */
    uint8_t hello_speaks;       /* 1: its host speaks our version */
    uint32_t hello_nonce;
    uint8_t answers;            /* answers that wait for room in the window */
    uint8_t answer[2][SL_ANSWER_BYTES];
    uint8_t at_cabinet;         /* by the last tick's pins */
    uint8_t told[4];            /* flags, mode, fault, why of the last report */
    uint8_t told_shown[SL_CHANNELS]; /* interval and pedestrian interval, packed as on the wire */
    uint16_t session_seen;      /* the session that was current at the last tick */
    uint8_t fault_told;         /* the fault last sent by FAULT in this session */
} sl_device;

/* Begin at power-up. has_table: 0 where *table is yet to be loaded. Both tables are memory of the
 * caller that outlives the device; *table is changed only inside sl_device_stored. */
void sl_device_start(sl_device *device, const sl_about *about, sl_table *table, uint8_t has_table,
                     sl_table *staging, sl_send send, void *where, uint32_t now_ms);

/* One byte from the wire. */
void sl_device_byte(sl_device *device, uint8_t byte);

/* One step, every 10 ms or more often: the core's, then what is to be told. Drive *outputs after it. */
void sl_device_tick(sl_device *device, const sl_pins *pins, uint32_t now_ms, sl_outputs *outputs);

/* A checked table that waits to be stored, or a null pointer. Its bytes are those of the wire on a
 * little-endian machine: SL_TABLE_HEAD_BYTES + channels * SL_CHANNEL_BYTES. The lamps flash, go on
 * ticking while it is stored. */
const sl_table *sl_device_to_store(const sl_device *device);

/* It was stored and read back (1), or not (0). If so it is the table from now on, as after power-up. */
void sl_device_stored(sl_device *device, uint8_t ok, uint8_t copies);

#ifdef __cplusplus
}
#endif

#endif
