/* libFuzzer's harness: bytes become a table and a run of inputs, and the witness looks on.
 *
 * The first bytes make a table that is mostly good; the rest are orders of two bytes or a few more. A
 * flipped bit, of state or table, is followed by a tick before the next one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "sl_laws.h"

typedef struct {
    const uint8_t *at;
    size_t left;
} bytes;

static uint8_t next(bytes *from)
{
    if (!from->left)
        return 0;
    from->left--;
    return *from->at++;
}

static uint32_t next_u32(bytes *from)
{
    uint32_t value = next(from);

    value |= (uint32_t)next(from) << 8;
    value |= (uint32_t)next(from) << 16;
    return value | (uint32_t)next(from) << 24;
}

/* A time within its limits, or now and then just outside. */
static uint16_t pick(uint8_t byte, uint16_t least_cs, uint16_t most_cs)
{
    if (byte == 255)
        return (uint16_t)(least_cs ? least_cs - 1 : most_cs + 1);
    return (uint16_t)(least_cs + (most_cs - least_cs) * (byte % 16) / 15);
}

static void make_table(sl_table *table, bytes *from)
{
    uint8_t i, j, kind = next(from);

    memset(table, 0, sizeof *table);
    table->version = SL_TABLE_VERSION;
    table->channels = (uint8_t)(1 + kind % 6);
    table->startup_red_cs = pick(next(from), 300, 600);
    table->startup_flash_cs = kind & 0x40 ? 200 : 0;
    for (i = 0; i < table->channels; i++) {
        sl_channel *row = &table->channel[i];
        uint8_t flags = next(from), beside = next(from);

        row->number = (uint8_t)(i * 2 + 1);
        row->compatible |= 1u << i;
        for (j = 0; j < i; j++)
            if (beside & 1u << j) {
                row->compatible |= 1u << j;
                table->channel[j].compatible |= 1u << i;
            }
        row->min_green_cs = pick(next(from), 300, 900);
        row->yellow_cs = pick(next(from), 300, 600);
        row->red_clearance_cs = flags & 1 ? pick(next(from), 0, 600) : 0;
        row->flags = (uint8_t)((flags & 2 ? SL_FLAG_PED_RECALL : 0) | (flags & 4 ? SL_FLAG_SHORT_WALK : 0));
        if (flags & 8) {
            row->walk_cs = pick(next(from), flags & 4 ? 400 : 700, 1000);
            row->ped_clearance_cs = pick(next(from), 300, 900);
        }
        row->max_request_cs = flags & 16 ? 1500 : 0;
        if (i && (flags & 0xe0) == 0xe0) {
            row->number = 0;
            row->parents = 1u << beside % i;
            row->walk_cs = row->ped_clearance_cs = 0;
        }
        row->out_red = row->out_yellow = row->out_green = row->out_walk = row->out_dont_walk = SL_NO_OUTPUT;
        if (flags & 32 && !row->parents)
            table->startup |= 1u << i;
        if (flags & 64 && !(table->flash_yellow & ~row->compatible))
            table->flash_yellow |= 1u << i;
    }
    table->crc = sl_table_crc(table);
}

typedef struct {
    sl_table table, true_table;
    sl_state state;
    sl_witness witness;
    sl_inputs in;
    uint32_t now_ms;
    uint8_t watched, given;
} run;

static void tick(run *r, uint32_t clock_ms, uint32_t real_ms)
{
    sl_outputs out;
    sl_look look;
    sl_law law;

    r->now_ms += clock_ms;
    sl_tick(r->given ? &r->table : 0, &r->state, &r->in, r->now_ms, &out);
    sl_look_at(&r->true_table, &r->in, &out, real_ms, sl_credited_ms(clock_ms, r->in.stop_time), &look);
    r->in.request_new = 0;
    r->in.ped_calls = 0;
    if (!r->watched)
        return;
    if (!sl_consistent(&r->true_table, &r->state)) {
        fputs("the core left a state that cannot be\n", stderr);
        abort();
    }
    law = sl_witness_see(&r->true_table, &r->witness, &look);
    if (law != SL_LAWS_KEPT) {
        fprintf(stderr, "broken: %s\n", sl_law_name(law));
        abort();
    }
}

static void hear(run *r, bytes *from)
{
    static const uint16_t lives_ms[] = { 300, 1000, 50, 1, 1001, 0, 300, 500 };
    uint8_t how = next(from);

    r->in.request_new = 1;
    r->in.request_ttl_ms = lives_ms[how % 8];
    r->in.request_phases = 0;
    /* Channels in a byte, spread over their phases. */
    for (uint8_t bits = next(from), i = 0; i < 6; i++)
        if (bits & 1u << i)
            r->in.request_phases |= (uint16_t)(1u << (2 * i));
}

static void flip(run *r, bytes *from)
{
    uint8_t *memory = (uint8_t *)&r->state;
    size_t size = sizeof r->state;
    uint32_t where = next_u32(from);

    if (where & 0x8000u) {
        memory = (uint8_t *)&r->table;
        size = SL_TABLE_HEAD_BYTES + r->true_table.channels * SL_CHANNEL_BYTES;
    }
    memory[(where >> 16) % size] ^= (uint8_t)(1u << where % 8);
    tick(r, 10, 10);
    /* A table is mended, so that there is something to go on with. */
    r->table = r->true_table;
}

static void obey(run *r, bytes *from)
{
    static const uint32_t tick_ms[] = { 10, 10, 10, 100, 1, 50, 0, 150 };
    uint8_t order = next(from), how;

    switch (order % 16) {
    case 0:
    case 1:
        hear(r, from);
        /* fall through */
    case 2:
    case 3:
    case 4:
        how = next(from);
        for (unsigned i = 0; i <= (how & 31u) * 4u; i++)
            tick(r, tick_ms[how >> 5], tick_ms[how >> 5]);
        break;
    case 5: /* asked for again and again, in green as long as it takes */
        how = next(from);
        for (unsigned i = 0; i <= (how & 127u); i++) {
            r->in.request_new = 1;
            tick(r, how & 128 ? 100 : 50, how & 128 ? 100 : 50);
        }
        break;
    case 6:
        r->in.ped_calls = 0x5555u & (uint16_t)(next(from) * 257u);
        tick(r, 10, 10);
        break;
    case 7:
        r->in.agreed ^= 1;
        break;
    case 8:
        r->in.manual_flash ^= 1;
        break;
    case 9:
        r->in.stop_time ^= 1;
        break;
    case 10:
        r->in.reset ^= 1;
        break;
    case 11:
        r->in.platform_fault = next(from) & 1 ? next(from) : 0;
        break;
    case 12:
        r->in.sense_fitted = next(from);
        r->in.sense_red = next(from);
        r->in.sense_yellow = next(from);
        r->in.sense_green = next(from);
        r->in.sense_walk = next(from);
        break;
    case 13: {
        uint32_t jump_ms = next_u32(from);

        /* A jump too short to be told from time that passes is time that passed. */
        tick(r, jump_ms, jump_ms <= SL_MOST_STEP_MS ? jump_ms : 10);
        break;
    }
    case 14:
        flip(r, from);
        break;
    default:
        r->given = !(next(from) & 1);
        tick(r, 10, 10);
        r->given = 1;
        break;
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    bytes from = { data, size };
    uint8_t channel;
    run r;

    memset(&r, 0, sizeof r);
    make_table(&r.table, &from);
    r.true_table = r.table;
    r.given = 1;
    r.in.agreed = 1;
    r.in.request_ttl_ms = 300;
    r.watched = sl_table_check(&r.table, &channel) == SL_TABLE_OK;
    r.now_ms = next_u32(&from);
    sl_boot(&r.state, r.now_ms);
    while (from.left)
        obey(&r, &from);
    return 0;
}

#ifdef REPLAY
/* Without libFuzzer: the files that are named, one after the other. */
int main(int count, char **names)
{
    static uint8_t data[4096];
    int i;

    for (i = 1; i < count; i++) {
        FILE *file = fopen(names[i], "rb");
        size_t size = file ? fread(data, 1, sizeof data, file) : 0;

        if (!file)
            return 2;
        fclose(file);
        LLVMFuzzerTestOneInput(data, size);
    }
    return 0;
}
#endif
