/* A device that exists in memory only: sl_device with a place for the bytes it sends, and a witness
 * of its lamps. For tests and for trying the serial bridge without hardware; drives nothing. */
#ifndef STOPLINE_HOST_DEVICE_H
#define STOPLINE_HOST_DEVICE_H

#include <stddef.h>

#include "sl_device.h"
#include "sl_laws.h"

#define SL_HOST_OUT 16384u

typedef struct {
    sl_device device;
    sl_table table, staging;
    sl_outputs outputs;
    sl_witness witness;
    sl_law broken;              /* the first law that its lamps broke */
    uint32_t ticked_ms;
    uint32_t out_count;
    uint8_t out[SL_HOST_OUT];
} sl_host_device;

/* Power it up. count 0: no table stored; 1 where the bytes fit, 0 where they do not. */
uint8_t sl_host_device_start(sl_host_device *host, const sl_about *about, const uint8_t *table, size_t count,
                             uint32_t now_ms);
void sl_host_device_bytes(sl_host_device *host, const uint8_t *bytes, size_t count);
/* One tick, seen by the witness. */
void sl_host_device_tick(sl_host_device *host, const sl_pins *pins, uint32_t now_ms);
/* Take what it has sent: at most `room` bytes. */
size_t sl_host_device_take(sl_host_device *host, uint8_t *to, size_t room);
/* Whether it waits for its table to be stored, and the outcome. */
uint8_t sl_host_device_stores(const sl_host_device *host);
void sl_host_device_stored(sl_host_device *host, uint8_t ok);

#endif
