"""How a device in memory becomes the extension `firmware_bridge.host._device`; run by setup.py.

It is the core behind the wire as in the microcontroller, for tests and for `host.emulator`.
"""

from __future__ import annotations

from cffi import FFI

_DECLARATIONS = """
typedef uint32_t sl_mask;
typedef int... sl_law;

typedef struct {
    sl_mask red; sl_mask yellow; sl_mask green; sl_mask walk; sl_mask dont_walk;
    uint8_t flash_relay; uint8_t mode; uint8_t fault; uint8_t why; uint8_t refused;
    sl_mask wanted;
    uint8_t interval[...]; uint32_t age_ms[...]; uint8_t ped[...]; uint32_t ped_age_ms[...];
} sl_outputs;

typedef struct {
    uint16_t board; uint16_t firmware; uint8_t cause; uint8_t copies; uint16_t first_session;
} sl_about;

typedef struct {
    uint8_t manual_flash; uint8_t stop_time; uint8_t door; uint8_t reset; uint8_t platform_fault;
    sl_mask sense_fitted; sl_mask sense_red; sl_mask sense_yellow; sl_mask sense_green; sl_mask sense_walk;
} sl_pins;

typedef struct {
    uint16_t damaged; uint16_t partial; uint16_t repeated; uint16_t reordered; uint16_t foreign;
} sl_wire_counts;

typedef struct { uint16_t session; sl_wire_counts counts; ...; } sl_link;
typedef struct { sl_link link; uint8_t has_table; uint16_t requests_refused; uint32_t clock_utc_s; ...; } sl_device;
typedef struct { uint8_t channels; uint16_t crc; ...; } sl_table;
typedef struct { sl_device device; sl_table table; sl_outputs outputs; sl_law broken; ...; } sl_host_device;

const char *sl_law_name(sl_law law);
uint8_t sl_host_device_start(sl_host_device *host, const sl_about *about, const uint8_t *table, size_t count,
                             uint32_t now_ms);
void sl_host_device_bytes(sl_host_device *host, const uint8_t *bytes, size_t count);
void sl_host_device_tick(sl_host_device *host, const sl_pins *pins, uint32_t now_ms);
size_t sl_host_device_take(sl_host_device *host, uint8_t *to, size_t room);
uint8_t sl_host_device_stores(const sl_host_device *host);
void sl_host_device_stored(sl_host_device *host, uint8_t ok);
"""

_SOURCES = [
    "firmware_bridge/core/stopline_core.c",
    "firmware_bridge/core/sl_laws.c",
    "firmware_bridge/wire/sl_wire.c",
    "firmware_bridge/wire/sl_device.c",
    "firmware_bridge/host/host_device.c",
]
_HEADERS = [
    "firmware_bridge/core/stopline_core.h",
    "firmware_bridge/core/sl_laws.h",
    "firmware_bridge/wire/sl_wire.h",
    "firmware_bridge/wire/sl_device.h",
    "firmware_bridge/host/host_device.h",
]

ffibuilder = FFI()
ffibuilder.cdef(_DECLARATIONS)
ffibuilder.set_source(
    "firmware_bridge.host._device",
    '#include "host_device.h"',
    sources=_SOURCES,
    depends=_HEADERS,
    include_dirs=["firmware_bridge/core", "firmware_bridge/wire", "firmware_bridge/host"],
    optional=True,
)
