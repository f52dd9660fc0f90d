#include "host_device.h"

#include <string.h>

static uint8_t send_to_host(void *where, const uint8_t *bytes, uint16_t count)
{
    sl_host_device *host = where;

    if (host->out_count + count > SL_HOST_OUT)
        return 0;
    memcpy(host->out + host->out_count, bytes, count);
    host->out_count += count;
    return 1;
}

uint8_t sl_host_device_start(sl_host_device *host, const sl_about *about, const uint8_t *table, size_t count,
                             uint32_t now_ms)
{
    if (count > sizeof host->table)
        return 0;
    memset(host, 0, sizeof *host);
    memcpy(&host->table, table, count);
    host->ticked_ms = now_ms;
    sl_device_start(&host->device, about, &host->table, count != 0, &host->staging, send_to_host, host, now_ms);
    return 1;
}

void sl_host_device_bytes(sl_host_device *host, const uint8_t *bytes, size_t count)
{
    size_t i;

    for (i = 0; i < count; i++)
        sl_device_byte(&host->device, bytes[i]);
}

/* What the core is about to be given, as far as the witness cares for it. */
static sl_inputs inputs_of(const sl_device *device, const sl_pins *pins)
{
    sl_inputs in;

    memset(&in, 0, sizeof in);
    in.request_new = device->request_new;
    in.request_phases = device->request_phases;
    in.request_ttl_ms = device->request_ttl_ms;
    in.ped_calls = device->ped_calls;
    in.agreed = device->agreed;
    in.manual_flash = pins->manual_flash;
    in.stop_time = pins->stop_time;
    in.reset = pins->reset || (device->reset_asked && (pins->door || pins->reset));
    in.platform_fault = pins->platform_fault;
    return in;
}

void sl_host_device_tick(sl_host_device *host, const sl_pins *pins, uint32_t now_ms)
{
    sl_inputs in = inputs_of(&host->device, pins);
    uint32_t step_ms = now_ms - host->ticked_ms;
    sl_look look;

    sl_device_tick(&host->device, pins, now_ms, &host->outputs);
    host->ticked_ms = now_ms;
    if (!host->device.has_table)
        return;
    sl_look_at(&host->table, &in, &host->outputs, step_ms, sl_credited_ms(step_ms, pins->stop_time), &look);
    if (host->broken == SL_LAWS_KEPT)
        host->broken = sl_witness_see(&host->table, &host->witness, &look);
}

size_t sl_host_device_take(sl_host_device *host, uint8_t *to, size_t room)
{
    size_t count = host->out_count < room ? host->out_count : room;

    memcpy(to, host->out, count);
    memmove(host->out, host->out + count, host->out_count - count);
    host->out_count -= (uint32_t)count;
    return count;
}

uint8_t sl_host_device_stores(const sl_host_device *host)
{
    return sl_device_to_store(&host->device) != 0;
}

void sl_host_device_stored(sl_host_device *host, uint8_t ok)
{
    sl_device_stored(&host->device, ok, ok ? 2 : 0);
    if (ok)
        memset(&host->witness, 0, sizeof host->witness);
}
