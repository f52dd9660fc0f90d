"""How the C core becomes the Python extension `firmware_bridge.host._core`; run by setup.py.

The declarations below are those of stopline_core.h, sl_laws.h and host_core.h; the C
compiler compares every struct and constant with the headers.
"""

from __future__ import annotations

from cffi import FFI

_DECLARATIONS = """
#define SL_CHANNELS ...
#define SL_MOST_STEP_MS ...
#define SL_TABLE_HEAD_BYTES ...
#define SL_CHANNEL_BYTES ...

typedef uint32_t sl_mask;
typedef int... sl_table_fault;
typedef int... sl_law;

typedef struct {
    uint32_t compatible; uint32_t parents;
    uint16_t min_green_cs; uint16_t yellow_cs; uint16_t red_clearance_cs;
    uint16_t walk_cs; uint16_t ped_clearance_cs; uint16_t max_request_cs;
    uint8_t number; uint8_t flags;
    uint8_t out_red; uint8_t out_yellow; uint8_t out_green; uint8_t out_walk; uint8_t out_dont_walk;
    uint8_t spare;
} sl_channel;

typedef struct {
    uint8_t version; uint8_t channels; uint16_t crc; uint16_t board;
    uint16_t startup_flash_cs; uint16_t startup_red_cs; uint16_t spare;
    uint32_t startup; uint32_t flash_yellow; uint32_t site;
    sl_channel channel[...];
} sl_table;

typedef struct {
    uint8_t request_new; uint16_t request_phases; uint16_t request_ttl_ms; uint16_t ped_calls;
    uint8_t agreed; uint8_t manual_flash; uint8_t stop_time; uint8_t reset; uint8_t platform_fault;
    sl_mask sense_fitted; sl_mask sense_red; sl_mask sense_yellow; sl_mask sense_green; sl_mask sense_walk;
} sl_inputs;

typedef struct {
    sl_mask red; sl_mask yellow; sl_mask green; sl_mask walk; sl_mask dont_walk;
    uint8_t flash_relay; uint8_t mode; uint8_t fault; uint8_t why; uint8_t refused;
    sl_mask wanted;
    uint8_t interval[...]; uint32_t age_ms[...]; uint8_t ped[...]; uint32_t ped_age_ms[...];
} sl_outputs;

typedef struct {
    uint8_t interval; uint8_t ped; uint8_t guard; uint8_t walked;
    uint32_t age_ms; uint32_t ped_age_ms; uint32_t asked_ms;
} sl_channel_state;

typedef struct {
    uint32_t last_ms; uint32_t mode_age_ms; uint32_t blink_ms;
    sl_mask request; sl_mask ped_calls; sl_mask startup_left;
    uint16_t request_left_ms; uint16_t conflict_ms; uint16_t red_fail_ms; uint16_t dual_ms;
    uint8_t mode; uint8_t mode_guard; uint8_t fault; uint8_t fault_guard;
    uint8_t booting; uint8_t stuck_ticks; uint8_t reset_held;
    sl_channel_state channel[...];
} sl_state;

typedef struct { ...; } sl_look;
typedef struct { ...; } sl_witness;

uint16_t sl_crc16(uint16_t crc, const uint8_t *bytes, uint16_t count);
uint16_t sl_table_crc(const sl_table *table);
sl_table_fault sl_table_check(const sl_table *table, uint8_t *channel);
void sl_boot(sl_state *state, uint32_t now_ms);
uint8_t sl_consistent(const sl_table *table, const sl_state *state);
void sl_tick(const sl_table *table, sl_state *state, const sl_inputs *inputs, uint32_t now_ms, sl_outputs *outputs);

uint32_t sl_credited_ms(uint32_t clock_step_ms, uint8_t stop_time);
void sl_look_at(const sl_table *table, const sl_inputs *inputs, const sl_outputs *outputs, uint32_t step_ms,
                uint32_t credited_ms, sl_look *look);
sl_law sl_witness_see(const sl_table *table, sl_witness *witness, const sl_look *look);
const char *sl_law_name(sl_law law);

uint8_t sl_host_load(sl_table *table, const uint8_t *bytes, size_t count);
sl_law sl_host_run(const sl_table *table, sl_state *state, const sl_table *watched, sl_witness *witness,
                   const sl_inputs *inputs, uint32_t before_ms, uint32_t now_ms, uint32_t step_ms, uint32_t ticks,
                   uint32_t ask_every, sl_outputs *outputs, uint32_t *broken_ms);
"""

_SOURCES = [
    "firmware_bridge/core/stopline_core.c",
    "firmware_bridge/core/sl_laws.c",
    "firmware_bridge/host/host_core.c",
]
_HEADERS = [
    "firmware_bridge/core/stopline_core.h",
    "firmware_bridge/core/sl_laws.h",
    "firmware_bridge/host/host_core.h",
]

ffibuilder = FFI()
ffibuilder.cdef(_DECLARATIONS)
# optional: where nothing can compile it, the rest of Stopline still installs.
ffibuilder.set_source(
    "firmware_bridge.host._core",
    '#include "host_core.h"',
    sources=_SOURCES,
    depends=_HEADERS,
    include_dirs=["firmware_bridge/core", "firmware_bridge/host"],
    optional=True,
)
