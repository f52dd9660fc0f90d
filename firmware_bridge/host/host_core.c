/* See host_core.h. */
#include "host_core.h"

#include <string.h>

static uint16_t u16_at(const uint8_t *bytes)
{
    return (uint16_t)(bytes[0] | ((uint16_t)bytes[1] << 8));
}

static uint32_t u32_at(const uint8_t *bytes)
{
    return (uint32_t)u16_at(bytes) | ((uint32_t)u16_at(bytes + 2) << 16);
}

static void load_channel(sl_channel *row, const uint8_t *bytes)
{
    row->compatible = u32_at(bytes);
    row->parents = u32_at(bytes + 4);
    row->min_green_cs = u16_at(bytes + 8);
    row->yellow_cs = u16_at(bytes + 10);
    row->red_clearance_cs = u16_at(bytes + 12);
    row->walk_cs = u16_at(bytes + 14);
    row->ped_clearance_cs = u16_at(bytes + 16);
    row->max_request_cs = u16_at(bytes + 18);
    row->number = bytes[20];
    row->flags = bytes[21];
    row->out_red = bytes[22];
    row->out_yellow = bytes[23];
    row->out_green = bytes[24];
    row->out_walk = bytes[25];
    row->out_dont_walk = bytes[26];
    row->spare = bytes[27];
}

uint8_t sl_host_load(sl_table *table, const uint8_t *bytes, size_t count)
{
    uint8_t i;

    memset(table, 0, sizeof *table);
    if (count < SL_TABLE_HEAD_BYTES || count != SL_TABLE_HEAD_BYTES + (size_t)bytes[1] * SL_CHANNEL_BYTES)
        return 0;
    table->version = bytes[0];
    table->channels = bytes[1];
    table->crc = u16_at(bytes + 2);
    table->board = u16_at(bytes + 4);
    table->startup_flash_cs = u16_at(bytes + 6);
    table->startup_red_cs = u16_at(bytes + 8);
    table->spare = u16_at(bytes + 10);
    table->startup = u32_at(bytes + 12);
    table->flash_yellow = u32_at(bytes + 16);
    table->site = u32_at(bytes + 20);
    for (i = 0; i < table->channels && i < SL_CHANNELS; i++)
        load_channel(&table->channel[i], bytes + SL_TABLE_HEAD_BYTES + (size_t)i * SL_CHANNEL_BYTES);
    return 1;
}

sl_law sl_host_run(const sl_table *table, sl_state *state, const sl_table *watched, sl_witness *witness,
                   const sl_inputs *inputs, uint32_t before_ms, uint32_t now_ms, uint32_t step_ms, uint32_t ticks,
                   uint32_t ask_every, sl_outputs *outputs, uint32_t *broken_ms)
{
    sl_law first = SL_LAWS_KEPT;
    sl_inputs asking = *inputs;
    sl_look look;
    uint32_t i;

    for (i = 0; i < ticks; i++) {
        uint32_t passed_ms = now_ms - before_ms;
        sl_law broken;

        asking.request_new = (uint8_t)(inputs->request_new && (ask_every ? i % ask_every == 0 : i == 0));
        sl_tick(table, state, &asking, now_ms, outputs);
        sl_look_at(watched, &asking, outputs, passed_ms, sl_credited_ms(passed_ms, inputs->stop_time), &look);
        broken = sl_witness_see(watched, witness, &look);
        if (broken != SL_LAWS_KEPT && first == SL_LAWS_KEPT) {
            first = broken;
            *broken_ms = now_ms;
        }
        before_ms = now_ms;
        now_ms += step_ms;
    }
    return first;
}
