/* libFuzzer harness: a device with a table in it, behind a line on which anything may come.
 *
 * The input is a row of steps. First byte of each: 0-127 so many raw bytes for the line; 128-191 a
 * whole frame of the host's with a right CRC (kind, session offset, number, payload length and bytes
 * follow); 192-255 so many ticks, of 10 to 100 ms and with pins by the next byte.
 *
 * Wrong is: a state that could not come from the core, a law broken by the lamps, a table in use
 * that the core refuses, a buffer over its end (the sanitizers see that).
 */
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "sl_device.h"
#include "sl_laws.h"

static sl_device device;
static sl_table table, staging;
static sl_outputs outputs;
static sl_witness witness;
static uint32_t now_ms;

static uint8_t nowhere(void *where, const uint8_t *bytes, uint16_t count)
{
    uint16_t zeros = 0, i;

    (void)where;
    for (i = 0; i < count; i++)
        zeros = (uint16_t)(zeros + (bytes[i] == 0));
    if (zeros != 2 || bytes[0] != 0 || bytes[count - 1] != 0 || count > SL_WIRE_OUT_MOST + SL_FRAME_AROUND)
        abort();
    return (uint8_t)(now_ms % 70 != 0); /* sometimes there is no room */
}

static void make_table(void)
{
    uint8_t i;

    memset(&table, 0, sizeof table);
    table.version = SL_TABLE_VERSION;
    table.channels = 2;
    table.startup_red_cs = 300;
    for (i = 0; i < 2; i++) {
        sl_channel *row = &table.channel[i];

        row->compatible = 1u << i;
        row->min_green_cs = 300;
        row->yellow_cs = 300;
        row->red_clearance_cs = 100;
        row->number = (uint8_t)(2 + 2 * i);
        row->out_red = (uint8_t)(3 * i);
        row->out_yellow = (uint8_t)(3 * i + 1);
        row->out_green = (uint8_t)(3 * i + 2);
        row->out_walk = row->out_dont_walk = SL_NO_OUTPUT;
    }
    table.crc = sl_table_crc(&table);
}

static void tick(const sl_pins *pins, uint32_t step_ms)
{
    uint8_t was_there = device.at_cabinet || device.loading == SL_LOAD_TO_STORE;
    sl_inputs in;
    sl_look look;

    memset(&in, 0, sizeof in);
    in.request_new = device.request_new;
    in.request_phases = device.request_phases;
    in.request_ttl_ms = device.request_ttl_ms;
    in.agreed = device.agreed;
    in.manual_flash = pins->manual_flash;
    in.stop_time = pins->stop_time;
    in.reset = pins->reset || (device.reset_asked && (pins->door || pins->reset));
    in.platform_fault = pins->platform_fault;
    now_ms += step_ms;
    sl_device_tick(&device, pins, now_ms, &outputs);
    if (!sl_consistent(&table, &device.core))
        abort();
    sl_look_at(&table, &in, &outputs, step_ms, sl_credited_ms(step_ms, pins->stop_time), &look);
    if (sl_witness_see(&table, &witness, &look) != SL_LAWS_KEPT)
        abort();
    if (sl_device_to_store(&device)) {
        uint8_t channel;

        if (sl_table_check(sl_device_to_store(&device), &channel) != SL_TABLE_OK)
            abort();
        if (device.core.mode != SL_FLASH || outputs.mode != SL_FLASH || !was_there)
            abort();
        if (now_ms % 40 == 0)
            return; /* it takes its time */
        sl_device_stored(&device, now_ms & 16 ? 1 : 0, 2);
        memset(&witness, 0, sizeof witness); /* as after power-up */
    }
}

static size_t frame(const uint8_t *data, size_t size)
{
    uint8_t out[SL_FRAME_MOST + SL_FRAME_AROUND], payload[64];
    sl_frame made;
    uint16_t count, i;

    if (size < 4)
        return size;
    made.sender = SL_WIRE_FROM_HOST;
    made.kind = data[0];
    made.session = (uint16_t)(device.link.session + (data[1] & 1) * (uint16_t)(device.link.offered - device.link.session));
    made.number = (SL_MSG_IS_KEPT(made.kind) ? device.link.expected : device.link.fresh_taken) + data[2];
    made.acknowledged = (data[1] & 2) ? device.link.kept_first + device.link.kept_count : 0;
    made.count = (uint8_t)(data[3] % 64);
    if (size < 4u + made.count)
        made.count = (uint8_t)(size - 4);
    memcpy(payload, data + 4, made.count);
    if (made.kind == SL_MSG_REQUEST && made.count == SL_REQUEST_BYTES && (data[1] & 4)) {
        sl_wire_put16(payload + 6, table.crc); /* what a host would have to say */
        sl_wire_put32(payload + 8, now_ms);
    }
    made.payload = payload;
    count = sl_wire_encode(&made, out);
    for (i = 0; i < count; i++)
        sl_device_byte(&device, out[i]);
    return 4u + made.count;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const sl_about about = {1, 0x0100, SL_CAUSE_POWER, 2, 7};
    unsigned ticks_left = 300; /* more would only be slow */
    sl_pins pins;

    memset(&pins, 0, sizeof pins);
    memset(&witness, 0, sizeof witness);
    memset(&outputs, 0, sizeof outputs);
    memset(&staging, 0, sizeof staging);
    make_table();
    now_ms = 0;
    sl_device_start(&device, &about, &table, 1, &staging, nowhere, 0, now_ms);
    while (size > 0) {
        uint8_t step = *data++;
        size_t used;

        size--;
        if (step < 128) {
            for (used = 0; used < step && used < size; used++)
                sl_device_byte(&device, data[used]);
        } else if (step < 192) {
            used = frame(data, size);
        } else {
            uint8_t step_ms = 10;

            used = size > 0;
            if (used) {
                pins.door = data[0] & 1;
                pins.reset = (data[0] >> 1) & 1;
                pins.manual_flash = (data[0] >> 2) & 1;
                pins.stop_time = (data[0] >> 3) & 1;
                step_ms = (uint8_t)"\x0a\x14\x32\x64"[(data[0] >> 4) & 3];
                pins.platform_fault = data[0] >= 0xf0 ? (uint8_t)(16 + (data[0] & 7)) : 0;
            }
            for (step = (uint8_t)(step - 191); step > 0 && ticks_left > 0; step--, ticks_left--)
                tick(&pins, step_ms);
        }
        data += used;
        size -= used;
    }
    return 0;
}
