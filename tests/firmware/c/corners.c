/* Corners of the core that no run of lamps reaches: states that cannot be, memory that changed, no table. */
#include <stdio.h>
#include <string.h>

#include "reseal.h"

static int failures;

#define CHECK(condition) \
    do { \
        if (!(condition)) { \
            failures++; \
            printf("corners.c:%d: %s\n", __LINE__, #condition); \
        } \
    } while (0)

typedef struct {
    sl_table table;
    sl_state state;
    sl_inputs in;
    sl_outputs out;
    uint32_t now_ms;
} junction;

/* Phases 2 and 4 against each other, both with pedestrians by recall; 2 first after start-up. */
static junction powered_up(void)
{
    junction j;
    uint8_t i;

    memset(&j, 0, sizeof j);
    j.table.version = SL_TABLE_VERSION;
    j.table.channels = 2;
    j.table.startup_red_cs = 600;
    j.table.startup = 1;
    for (i = 0; i < 2; i++) {
        sl_channel *row = &j.table.channel[i];

        row->number = (uint8_t)(2 * i + 2);
        row->compatible = 1u << i;
        row->min_green_cs = 500;
        row->yellow_cs = 300;
        row->red_clearance_cs = 100;
        row->walk_cs = 700;
        row->ped_clearance_cs = 500;
        row->flags = SL_FLAG_PED_RECALL;
        row->out_red = row->out_yellow = row->out_green = row->out_walk = row->out_dont_walk = SL_NO_OUTPUT;
    }
    j.table.crc = sl_table_crc(&j.table);
    j.in.agreed = 1;
    j.in.request_phases = 0x0002;
    j.in.request_ttl_ms = 300;
    sl_boot(&j.state, 0);
    return j;
}

static void tick(junction *j)
{
    j->now_ms += 10;
    j->in.request_new = 1;
    sl_tick(&j->table, &j->state, &j->in, j->now_ms, &j->out);
}

static void ticks(junction *j, int count)
{
    for (; count > 0; count--)
        tick(j);
}

/* Green of phase 2 for so many ticks. */
static junction running(int after)
{
    junction j = powered_up();

    ticks(&j, 601 + after);
    CHECK(j.out.mode == SL_RUN && j.out.interval[0] == SL_GREEN && j.out.age_ms[0] == 10u * (unsigned)after);
    return j;
}

static void set_mode(sl_state *state, uint8_t mode)
{
    state->mode = mode;
}

static void set_fault(sl_state *state, uint8_t fault)
{
    state->fault = fault;
    state->fault_guard = (uint8_t)~fault;
}

/* One change of a running state, its guards made right again, and whether it is still one that can be. */
#define CHANGED(after, change, consistent) \
    do { \
        junction j = running(after); \
        sl_state *s = &j.state; \
        CHECK(sl_consistent(&j.table, s)); \
        change; \
        reseal(s); \
        CHECK(sl_consistent(&j.table, s) == (consistent)); \
        tick(&j); \
        CHECK((j.out.fault == SL_FAULT_STATE) == !(consistent)); \
        CHECK((j.out.mode == SL_FLASH) == !(consistent)); \
        CHECK(sl_consistent(&j.table, s)); \
    } while (0)

static void show(sl_channel_state *channel, uint8_t interval, uint8_t ped, uint32_t age_ms, uint32_t ped_age_ms)
{
    channel->interval = interval;
    channel->ped = ped;
    channel->age_ms = age_ms;
    channel->ped_age_ms = ped_age_ms;
}

static void states_that_cannot_be(void)
{
    CHANGED(5, set_mode(s, SL_STARTUP), 0);
    CHANGED(5, set_mode(s, SL_FLASH), 0);
    CHANGED(5, set_mode(s, 3), 0);
    CHANGED(5, set_mode(s, 255), 0);
    CHANGED(5, s->fault ^= 4, 0);
    CHANGED(5, s->fault_guard ^= 0x80, 0);
    CHANGED(5, s->mode_age_ms = SL_MOST_AGE_MS, 1);
    CHANGED(5, s->mode_age_ms = SL_MOST_AGE_MS + 1u, 0);
    CHANGED(5, s->blink_ms = 999, 1);
    CHANGED(5, s->request_left_ms = SL_MOST_TTL_MS, 1);
    CHANGED(5, s->request_left_ms = SL_MOST_TTL_MS + 1u, 0);
    CHANGED(5, s->startup_left = 1, 1);
    CHANGED(5, s->startup_left = 2, 0);
    CHANGED(5, s->channel[0].age_ms = SL_MOST_AGE_MS, 1);
    CHANGED(5, s->channel[0].age_ms = SL_MOST_AGE_MS + 1u, 0);
    CHANGED(5, s->channel[1].ped_age_ms = SL_MOST_AGE_MS, 1);
    CHANGED(5, s->channel[1].ped_age_ms = SL_MOST_AGE_MS + 1u, 0);
    CHANGED(5, s->channel[0].asked_ms = SL_MOST_AGE_MS, 1);
    CHANGED(5, s->channel[0].asked_ms = SL_MOST_AGE_MS + 1u, 0);
    /* Intervals that should have ended, and such as there are not. */
    CHANGED(5, show(&s->channel[0], SL_YELLOW, SL_DONT_WALK, 2990, 0), 1);
    CHANGED(5, show(&s->channel[0], SL_YELLOW, SL_DONT_WALK, 3000, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_CLEARANCE, SL_DONT_WALK, 990, 0), 1);
    CHANGED(5, show(&s->channel[0], SL_CLEARANCE, SL_DONT_WALK, 1000, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_FLASHING, SL_DONT_WALK, 0, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_FLASHING, SL_PED_DARK, 0, 0), 0);
    CHANGED(5, show(&s->channel[0], 5, SL_DONT_WALK, 0, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_GREEN, SL_WALK, 0, 6990), 1);
    CHANGED(5, show(&s->channel[0], SL_GREEN, SL_WALK, 0, 7000), 0);
    CHANGED(5, show(&s->channel[0], SL_GREEN, SL_PED_CLEARANCE, 0, 4990), 1);
    CHANGED(5, show(&s->channel[0], SL_GREEN, SL_PED_CLEARANCE, 0, 5000), 0);
    CHANGED(5, show(&s->channel[0], SL_GREEN, SL_PED_DARK, 0, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_YELLOW, SL_WALK, 0, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_YELLOW, SL_PED_CLEARANCE, 0, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_RED, SL_WALK, 0, 0), 0);
    /* Two that conflict. */
    CHANGED(5, show(&s->channel[1], SL_GREEN, SL_DONT_WALK, 0, 0), 0);
    CHANGED(5, show(&s->channel[1], SL_YELLOW, SL_DONT_WALK, 0, 0), 0);
    CHANGED(5, show(&s->channel[1], SL_CLEARANCE, SL_DONT_WALK, 0, 0), 0);
    CHANGED(5, show(&s->channel[0], SL_RED, SL_DONT_WALK, 0, 0), 1);
    /* Channels that the table has not. */
    CHANGED(5, show(&s->channel[2], SL_YELLOW, SL_WALK, 0, 0), 1);
}

/* Any bit of what guards watch over flips, in flash, in all red, in green with walk and without, in yellow. */
static void flipped_bits(void)
{
    static const int when[] = { 1, 300, 606, 1400, 1800, 2150 };
    size_t i, byte;
    unsigned bit;

    for (i = 0; i < sizeof when / sizeof when[0]; i++) {
        junction j = powered_up(), flipped;

        ticks(&j, when[i] > 1000 ? 1000 : when[i]);
        j.in.request_phases = 0x0008;
        ticks(&j, when[i] > 1000 ? when[i] - 1000 : 0);
        for (byte = 0; byte < sizeof j.state; byte++)
            for (bit = 0; bit < 8; bit++) {
                sl_state *s = &flipped.state;
                uint8_t *at = (uint8_t *)s + byte, watched = 0, k;

#define WATCHES(field) watched |= at >= (uint8_t *)&(field) && at < (uint8_t *)(&(field) + 1)
                flipped = j;
                WATCHES(s->last_ms);
                WATCHES(s->mode_age_ms);
                WATCHES(s->request);
                WATCHES(s->startup_left);
                WATCHES(s->request_left_ms);
                WATCHES(s->mode);
                WATCHES(s->mode_guard);
                WATCHES(s->fault);
                WATCHES(s->fault_guard);
                for (k = 0; k < 2; k++) {
                    WATCHES(s->channel[k].interval);
                    WATCHES(s->channel[k].ped);
                    WATCHES(s->channel[k].guard);
                    WATCHES(s->channel[k].age_ms);
                    WATCHES(s->channel[k].ped_age_ms);
                    WATCHES(s->channel[k].asked_ms);
                }
                *at ^= (uint8_t)(1u << bit);
                if (watched) {
                    CHECK(!sl_consistent(&flipped.table, s));
                    tick(&flipped);
                    CHECK(flipped.out.fault == SL_FAULT_STATE && flipped.out.mode == SL_FLASH);
                }
            }
    }
}

static void states_out_of_run(void)
{
    junction j = powered_up();

    CHECK(sl_consistent(&j.table, &j.state));
    j.state.blink_ms = 999;
    CHECK(sl_consistent(&j.table, &j.state));
    j.state.blink_ms = 1000;
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    j.state.blink_ms = 0;
    show(&j.state.channel[1], SL_RED, SL_PED_DARK, 0, 0);
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    show(&j.state.channel[1], SL_FLASHING, SL_DONT_WALK, 0, 0);
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    j = powered_up();
    show(&j.state.channel[SL_CHANNELS - 1], SL_RED, SL_PED_DARK, 0, 0);
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    j = powered_up();
    ticks(&j, 600);
    CHECK(j.out.mode == SL_STARTUP && sl_consistent(&j.table, &j.state));
    j.state.mode_age_ms = 6000;
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    j.state.mode_age_ms = 5999;
    reseal(&j.state);
    CHECK(sl_consistent(&j.table, &j.state));
    j.state.startup_left = 3;
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    j.state.startup_left = 0;
    show(&j.state.channel[1], SL_GREEN, SL_DONT_WALK, 0, 0);
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    show(&j.state.channel[1], SL_RED, SL_WALK, 0, 0);
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
    show(&j.state.channel[1], SL_RED, SL_DONT_WALK, 0, 0);
    reseal(&j.state);
    CHECK(sl_consistent(&j.table, &j.state));
    set_fault(&j.state, SL_FAULT_DUAL); /* a fault without flash */
    reseal(&j.state);
    CHECK(!sl_consistent(&j.table, &j.state));
}

/* A changed state begins anew; a fault that can still be read keeps its reason. */
static void begins_anew(void)
{
    junction j = running(5);

    j.in.platform_fault = 20;
    tick(&j);
    CHECK(j.out.fault == 20);
    j.in.platform_fault = 0;
    j.state.channel[0].guard ^= 1;
    tick(&j);
    CHECK(j.out.fault == 20 && j.out.mode == SL_FLASH && j.state.booting);
    j.state.fault ^= 1;
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_STATE);
    /* Reset brings start-up again, after the start-up flash of power-up. */
    j.table.startup_flash_cs = 100;
    j.table.crc = sl_table_crc(&j.table);
    ticks(&j, 10);
    j.in.reset = 1;
    tick(&j);
    CHECK(j.out.fault == SL_OK && j.out.mode == SL_FLASH && j.out.why == SL_WHY_BOOT);
    ticks(&j, 87);
    CHECK(j.out.mode == SL_FLASH);
    tick(&j);
    CHECK(j.out.mode == SL_STARTUP);
    /* A state of nothing but zeros is no state. */
    j = powered_up();
    memset(&j.state, 0, sizeof j.state);
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_STATE && j.out.mode == SL_FLASH);
    /* A reset held through it does not count. */
    j = running(5);
    j.in.reset = 1;
    tick(&j);
    j.state.channel[0].guard ^= 1;
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_STATE);
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_STATE);
}

/* A request does not outlive its time while there is no table to hear it by. */
static void request_without_a_table(void)
{
    junction j = powered_up();

    j.in.manual_flash = 1;
    tick(&j);
    CHECK(j.state.request_left_ms == 300);
    j.in.manual_flash = 0;
    j.in.request_new = 0;
    for (; j.now_ms < 5000; j.now_ms += 10)
        sl_tick(0, &j.state, &j.in, j.now_ms + 10, &j.out);
    sl_tick(&j.table, &j.state, &j.in, j.now_ms + 10, &j.out);
    CHECK(j.out.mode == SL_FLASH && j.out.why == SL_WHY_SILENCE);
}

static void without_a_table(void)
{
    junction j = powered_up();

    memset(&j.out, 0xa5, sizeof j.out);
    sl_tick(0, &j.state, &j.in, 10, &j.out);
    CHECK(j.out.mode == SL_FLASH && !j.out.flash_relay && j.out.why == SL_WHY_NO_TABLE && j.out.fault == SL_OK);
    CHECK(!j.out.refused);
    CHECK(!j.out.red && !j.out.yellow && !j.out.green && !j.out.walk && !j.out.dont_walk && !j.out.wanted);
    j.in.platform_fault = 17;
    sl_tick(0, &j.state, &j.in, 20, &j.out);
    CHECK(j.out.fault == 17 && j.out.why == SL_WHY_FAULT);
    j = running(5); /* the table is taken away while it runs */
    sl_tick(0, &j.state, &j.in, j.now_ms + 10, &j.out);
    CHECK(j.out.fault == SL_FAULT_STATE && j.out.mode == SL_FLASH && !j.out.red);
    j = powered_up();
    j.state.channel[0].guard ^= 1; /* looked at without a table too */
    sl_tick(0, &j.state, &j.in, 10, &j.out);
    CHECK(j.out.fault == SL_FAULT_STATE);
}

/* Tables that cannot be read at all: not looked into, and a fault. */
static void tables_that_are_not_whole(void)
{
    static const struct {
        uint8_t version, channels;
    } cases[] = { { 0, 2 }, { 2, 2 }, { 1, 0 }, { 1, SL_CHANNELS + 1 }, { 1, 255 } };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        junction j = running(5);

        j.table.version = cases[i].version;
        j.table.channels = cases[i].channels;
        j.table.crc = sl_table_crc(&j.table);
        tick(&j);
        CHECK(j.out.fault == SL_FAULT_TABLE_CRC && j.out.mode == SL_FLASH && !j.out.red && !j.out.yellow);
    }
    {
        junction j = powered_up();
        uint16_t crc_of_head;

        j.table.channels = SL_CHANNELS + 1;
        crc_of_head = sl_table_crc(&j.table);
        j.table.channel[0].yellow_cs++;
        CHECK(sl_table_crc(&j.table) == crc_of_head);
    }
}

/* Every byte of a table in use counts for its CRC, but the CRC's own. */
static void crcs(void)
{
    junction j = powered_up();
    size_t i, used = SL_TABLE_HEAD_BYTES + 2 * SL_CHANNEL_BYTES;

    CHECK(sl_crc16(0xffffu, (const uint8_t *)"123456789", 9) == 0x29b1u); /* the catalogue's check value */
    CHECK(sl_crc16(sl_crc16(0xffffu, (const uint8_t *)"1234", 4), (const uint8_t *)"56789", 5) == 0x29b1u);
    CHECK(sl_crc16(0x1234u, (const uint8_t *)"", 0) == 0x1234u);
    for (i = 0; i < sizeof j.table; i++) {
        uint8_t *byte = (uint8_t *)&j.table + i, of_crc = i == 2 || i == 3;

        *byte ^= 0x40u;
        /* A changed count of channels changes how many bytes there are: another table altogether. */
        if (i != 1)
            CHECK((sl_table_crc(&j.table) == j.table.crc) == (i >= used || of_crc) || of_crc);
        *byte ^= 0x40u;
    }
    CHECK(sizeof(sl_channel) == SL_CHANNEL_BYTES);
    CHECK(sizeof(sl_table) == SL_TABLE_HEAD_BYTES + SL_CHANNELS * SL_CHANNEL_BYTES);
    /* On a little-endian machine the bytes of the struct are those of the wire. */
    j.table.crc = 0;
    if (*(const uint8_t *)&j.table.startup == 1)
        CHECK(sl_crc16(0xffffu, (const uint8_t *)&j.table, (uint16_t)used) == sl_table_crc(&j.table));
}

static void ages_stop(void)
{
    junction j = running(5);

    j.state.channel[0].age_ms = SL_MOST_AGE_MS - 20u;
    j.state.mode_age_ms = SL_MOST_AGE_MS - 10u;
    j.state.channel[0].asked_ms = SL_MOST_AGE_MS - 5u;
    j.state.channel[1].ped_age_ms = SL_MOST_AGE_MS - 11u;
    reseal(&j.state);
    tick(&j);
    CHECK(j.out.age_ms[0] == SL_MOST_AGE_MS - 10u && j.state.mode_age_ms == SL_MOST_AGE_MS);
    CHECK(j.state.channel[0].asked_ms == SL_MOST_AGE_MS && j.out.ped_age_ms[1] == SL_MOST_AGE_MS - 1u);
    ticks(&j, 3);
    CHECK(j.out.age_ms[0] == SL_MOST_AGE_MS && j.out.fault == SL_OK);
}

/* How long lamps are sensed wrong stops being counted before it wraps. */
static void senses_stop(void)
{
    junction j = running(5);

    j.in.sense_fitted = 3;
    j.in.sense_red = 3;
    j.in.sense_green = 1;
    j.state.dual_ms = 0;
    tick(&j);
    CHECK(j.state.dual_ms == 10 && j.state.conflict_ms == 0 && j.state.red_fail_ms == 0 && j.out.fault == SL_OK);
    j.in.sense_green = 0;
    tick(&j);
    CHECK(j.state.dual_ms == 0);
    j.in.sense_green = 1;
    j.state.dual_ms = 65530;
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_DUAL);
    /* Red beside yellow, and yellow beside green, on one head. */
    j = running(5);
    j.in.sense_fitted = 1;
    j.in.sense_red = j.in.sense_yellow = 1;
    ticks(&j, 99);
    CHECK(j.out.fault == SL_OK);
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_DUAL);
    j = running(5);
    j.in.sense_fitted = 1;
    j.in.sense_green = j.in.sense_yellow = 1;
    ticks(&j, 100);
    CHECK(j.out.fault == SL_FAULT_DUAL);
    /* Yellow and walk are movements too; of several faults at once conflict is told, then red fail. */
    j = running(5);
    j.in.sense_fitted = 3;
    j.in.sense_yellow = 2;
    j.in.sense_walk = 1;
    j.state.red_fail_ms = 795;
    ticks(&j, 29);
    CHECK(j.out.fault == SL_FAULT_RED_FAIL);
    j = running(5);
    j.in.sense_fitted = 3;
    j.in.sense_yellow = j.in.sense_red = 3;
    j.state.conflict_ms = 295;
    j.state.dual_ms = 995;
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_CONFLICT);
    j = running(5);
    j.in.sense_fitted = 3;
    j.in.sense_red = j.in.sense_yellow = 1;
    j.state.red_fail_ms = 795;
    j.state.dual_ms = 995;
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_RED_FAIL);
    /* Not counted while the lamps flash, and from nothing after it. */
    j = powered_up();
    j.in.agreed = 0;
    j.in.sense_fitted = 3;
    ticks(&j, 500);
    CHECK(j.state.red_fail_ms == 0 && j.out.fault == SL_OK);
    j = running(5);
    j.in.sense_fitted = 3;
    ticks(&j, 50);
    CHECK(j.state.red_fail_ms == 500);
    j.in.platform_fault = 16;
    tick(&j);
    CHECK(j.state.red_fail_ms == 0 && j.state.conflict_ms == 0 && j.state.dual_ms == 0);
}

static void masks(void)
{
    junction j = powered_up();
    uint16_t unknown;

    CHECK(sl_channels_of(&j.table, 0x000a, &unknown) == 3 && unknown == 0);
    CHECK(sl_channels_of(&j.table, 0x8003, &unknown) == 1 && unknown == 0x8001);
    CHECK(sl_channels_of(&j.table, 0, &unknown) == 0 && unknown == 0);
    j.table.channel[1].number = 16;
    CHECK(sl_channels_of(&j.table, 0x8000, &unknown) == 2 && unknown == 0);
    j.table.channel[1].number = 17;
    CHECK(sl_channels_of(&j.table, 0xffff, &unknown) == 1 && unknown == 0xfffd);
    j.table.channel[0].number = 1;
    CHECK(sl_channels_of(&j.table, 1, &unknown) == 1 && unknown == 0);
    CHECK(sl_with_overlaps(&j.table, 2) == 2);
    j.table.channel[0].parents = 2;
    CHECK(sl_with_overlaps(&j.table, 2) == 3 && sl_with_overlaps(&j.table, 1) == 1);
    CHECK(sl_together(&j.table, 0) && sl_together(&j.table, 2) && !sl_together(&j.table, 3));
    j.table.channel[1].compatible = 3; /* of two that disagree the one that forbids counts, whichever it is */
    CHECK(!sl_together(&j.table, 3));
    j.table.channel[1].compatible = 2;
    j.table.channel[0].compatible = 3;
    CHECK(!sl_together(&j.table, 3));
}

/* Wrong lamps are borne for one millisecond less than their time. */
static void senses_to_the_millisecond(void)
{
    static const struct {
        sl_mask red, green;
        uint32_t most_ms;
        uint8_t fault;
    } cases[] = { { 0, 3, 300, SL_FAULT_CONFLICT }, { 2, 0, 800, SL_FAULT_RED_FAIL }, { 3, 1, 1000, SL_FAULT_DUAL } };
    size_t i;
    uint32_t ms;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        junction j = running(5);

        j.in.sense_fitted = 3;
        j.in.sense_red = cases[i].red;
        j.in.sense_green = cases[i].green;
        for (ms = 1; ms <= cases[i].most_ms; ms++) {
            j.in.request_new = 1;
            sl_tick(&j.table, &j.state, &j.in, ++j.now_ms, &j.out);
            CHECK(j.out.fault == (ms < cases[i].most_ms ? SL_OK : cases[i].fault));
        }
    }
}

/* Flashing lamps are lit for 500 ms and dark for 500 ms, by the millisecond. */
static void blinking(void)
{
    junction j = powered_up();
    uint32_t ms;

    j.in.agreed = 0;
    for (ms = 1; ms <= 2000; ms++) {
        sl_tick(&j.table, &j.state, &j.in, ++j.now_ms, &j.out);
        CHECK(j.out.red == (ms % 1000 < 500 ? 3u : 0u) && !j.out.yellow);
    }
}

/* Power-up makes a whole state of whatever stood in memory, and writes nothing beside it. */
static void power_up_over(uint8_t garbage)
{
    struct {
        sl_state state;
        uint8_t beside[256];
    } at;
    sl_table table = powered_up().table;
    uint8_t i;

    memset(&at, garbage, sizeof at);
    sl_boot(&at.state, 1234567);
    CHECK(at.state.last_ms == 1234567 && at.state.mode_age_ms == 0 && at.state.blink_ms == 0);
    CHECK(at.state.request == 0 && at.state.ped_calls == 0 && at.state.startup_left == 0);
    CHECK(at.state.request_left_ms == 0 && at.state.conflict_ms == 0 && at.state.red_fail_ms == 0 && at.state.dual_ms == 0);
    CHECK(at.state.mode == SL_FLASH && at.state.fault == SL_OK && at.state.booting == 1);
    CHECK(at.state.stuck_ticks == 0 && at.state.reset_held == 1);
    for (i = 0; i < SL_CHANNELS; i++) {
        const sl_channel_state *channel = &at.state.channel[i];

        CHECK(channel->interval == SL_FLASHING && channel->ped == SL_PED_DARK && channel->walked == 0);
        CHECK(channel->age_ms == 0 && channel->ped_age_ms == 0 && channel->asked_ms == 0);
    }
    CHECK(sl_consistent(&table, &at.state));
    for (i = 0; i < sizeof at.beside - 1; i++)
        CHECK(at.beside[i] == garbage);
}

/* A tick writes its outputs whole, whatever stood there, and nothing beside state and outputs. */
static void ticks_over(uint8_t garbage)
{
    struct {
        sl_state state;
        uint8_t beside_state[256];
        sl_outputs out;
        uint8_t beside_out[256];
    } at;
    junction j = powered_up();
    int i, k;

    memset(&at, garbage, sizeof at);
    sl_boot(&at.state, 0);
    for (i = 0; i < 4000; i++) {
        j.in.request_phases = i > 1500 ? 0x0008 : 0x0002;
        j.in.agreed = i < 3000;
        tick(&j);
        memset(&at.out, garbage, sizeof at.out);
        sl_tick(&j.table, &at.state, &j.in, j.now_ms, &at.out);
        CHECK(at.out.red == j.out.red && at.out.yellow == j.out.yellow && at.out.green == j.out.green);
        CHECK(at.out.walk == j.out.walk && at.out.dont_walk == j.out.dont_walk && at.out.wanted == j.out.wanted);
        CHECK(at.out.refused == j.out.refused && at.out.flash_relay == j.out.flash_relay && at.out.mode == j.out.mode);
        CHECK(!memcmp(at.out.interval, j.out.interval, sizeof j.out.interval));
        CHECK(!memcmp(at.out.age_ms, j.out.age_ms, sizeof j.out.age_ms));
        CHECK(!memcmp(at.out.ped, j.out.ped, sizeof j.out.ped));
        CHECK(!memcmp(at.out.ped_age_ms, j.out.ped_age_ms, sizeof j.out.ped_age_ms));
    }
    for (k = 0; k < 256; k++)
        CHECK(at.beside_state[k] == garbage && at.beside_out[k] == garbage);
}

/* A clock is dead after so many ticks in a row without time, not with one between that had some. */
static void dead_clocks(void)
{
    junction j = running(5);
    int round, i;

    for (round = 0; round < 2; round++) {
        for (i = 0; i < 249; i++) {
            sl_tick(&j.table, &j.state, &j.in, j.now_ms, &j.out);
            CHECK(j.out.fault == SL_OK);
        }
        if (round == 0)
            tick(&j);
    }
    sl_tick(&j.table, &j.state, &j.in, j.now_ms, &j.out);
    CHECK(j.out.fault == SL_FAULT_CLOCK && j.out.mode == SL_FLASH);
    for (i = 0; i < 300; i++) {
        sl_tick(&j.table, &j.state, &j.in, j.now_ms, &j.out);
        CHECK(j.out.fault == SL_FAULT_CLOCK);
    }
    j.in.reset = 1; /* counts anew */
    sl_tick(&j.table, &j.state, &j.in, j.now_ms, &j.out);
    CHECK(j.out.fault == SL_OK);
    for (i = 0; i < 249; i++)
        sl_tick(&j.table, &j.state, &j.in, j.now_ms, &j.out);
    CHECK(j.out.fault == SL_OK);
    sl_tick(&j.table, &j.state, &j.in, j.now_ms, &j.out);
    CHECK(j.out.fault == SL_FAULT_CLOCK);
}

/* A call that was not served when the lamps went to flash is forgotten there. */
static void forgotten_calls(void)
{
    junction j = running(1300);

    j.in.request_phases = 0x0008;
    j.in.ped_calls = 0x0002;
    ticks(&j, 10);
    j.in.ped_calls = 0;
    CHECK(j.state.ped_calls == 1);
    j.in.manual_flash = 1;
    ticks(&j, 1000);
    CHECK(j.out.mode == SL_FLASH && j.state.ped_calls == 0);
}

/* Rows beyond those in use are never looked at, whatever stands there. */
static void rows_beyond(void)
{
    junction clean = powered_up(), dirty = powered_up();
    uint16_t unknown;
    uint8_t fault_at;
    int i;

    memset(&dirty.table.channel[2], 0xff, sizeof dirty.table.channel[2] * (SL_CHANNELS - 2));
    dirty.table.channel[2].number = 3;
    dirty.table.channel[2].compatible = 0;
    CHECK(dirty.table.crc == sl_table_crc(&dirty.table) && sl_table_check(&dirty.table, &fault_at) == SL_TABLE_OK);
    CHECK(sl_channels_of(&dirty.table, 0xffff, &unknown) == 3 && unknown == 0xfff5);
    CHECK(sl_with_overlaps(&dirty.table, 3) == 3);
    CHECK(sl_together(&dirty.table, 4));
    for (i = 0; i < 6000; i++) {
        clean.in.request_phases = dirty.in.request_phases = i / 1000 % 2 ? 0x0002 : 0x0008;
        clean.in.manual_flash = dirty.in.manual_flash = i > 5000;
        clean.in.ped_calls = dirty.in.ped_calls = 0xffff;
        clean.in.sense_fitted = dirty.in.sense_fitted = 0xffffffffu;
        clean.in.sense_red = dirty.in.sense_red = clean.out.red;
        clean.in.sense_yellow = dirty.in.sense_yellow = clean.out.yellow;
        clean.in.sense_green = dirty.in.sense_green = clean.out.green;
        tick(&clean);
        tick(&dirty);
        CHECK(!memcmp(&clean.out, &dirty.out, sizeof clean.out) && clean.out.fault == SL_OK);
        CHECK(!memcmp(&clean.state, &dirty.state, sizeof clean.state));
    }
}

/* What is wanted and refused is told; a refused request does not touch the one before. */
static void reports(void)
{
    junction j = running(505);

    CHECK(j.out.wanted == 1 && !j.out.refused);
    j.in.request_phases = 0x0008;
    tick(&j);
    CHECK(j.out.wanted == 2 && j.out.why == SL_WHY_RUNNING);
    j.in.request_phases = 0x0010;
    tick(&j);
    CHECK(j.out.refused && j.out.wanted == 2);
    j.in.manual_flash = 1;
    tick(&j);
    CHECK(j.out.wanted == 0 && j.out.why == SL_WHY_MANUAL);
    j.in.agreed = 0; /* the switch is told first */
    tick(&j);
    CHECK(j.out.why == SL_WHY_MANUAL);
    j.in.manual_flash = 0;
    tick(&j);
    CHECK(j.out.why == SL_WHY_NOT_AGREED);
    j.in.platform_fault = 3; /* no platform's number: taken for the first of them */
    tick(&j);
    CHECK(j.out.fault == SL_FAULT_PLATFORM && j.out.wanted == 0);
    CHECK(sl_table_check(&j.table, &(uint8_t){ 0 }) == SL_TABLE_OK);
}

/* A start-up green that has not had its minimum when the request for it stops is not brought back. */
static void startup_given_up(void)
{
    junction j = running(5);

    CHECK(j.state.startup_left == 1);
    j.in.manual_flash = 1;
    tick(&j);
    CHECK(j.state.startup_left == 0);
    j = running(499);
    CHECK(j.state.startup_left == 1);
    ticks(&j, 1);
    CHECK(j.state.startup_left == 0);
}

int main(void)
{
    states_that_cannot_be();
    flipped_bits();
    states_out_of_run();
    begins_anew();
    without_a_table();
    request_without_a_table();
    tables_that_are_not_whole();
    crcs();
    ages_stop();
    senses_stop();
    senses_to_the_millisecond();
    blinking();
    masks();
    rows_beyond();
    power_up_over(0xa5);
    power_up_over(0xff);
    ticks_over(0xa5);
    dead_clocks();
    forgotten_calls();
    reports();
    startup_given_up();
    return failures != 0;
}
