/* Every state that a small table can reach, and every input in each: the laws must hold in every step.
 *
 *     walk <table> [most states]        table: a number, see tables below
 *
 * States are those of the core and of the witness together. What makes no difference to what follows is
 * rounded off first: ages beyond the last instant that counts, the phase of blinking, a request that has
 * died, ticks without time (so the fault of a dead clock is left to other tests).
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reseal.h"
#include "sl_laws.h"

#define STEP_MS SL_MOST_STEP_MS

typedef struct {
    sl_state core;
    sl_witness witness;
} joint;

typedef struct {
    const char *about;
    uint8_t channels;
    uint32_t beside[4]; /* masks without the channel itself */
    uint8_t overlap_of;  /* index of the last channel's parent and one; 0: a phase */
    uint32_t startup;
    uint16_t walk_cs[4]; /* 0: no pedestrians */
    uint16_t clearance_cs[4], most_asked_cs;
    uint8_t recall;
} plan;

static const plan plans[] = {
    { "two against each other", 2, { 0, 0 }, 0, 0, { 0, 0 }, { 100, 0 }, 0, 0 },
    { "two against each other, pedestrians who call", 2, { 0, 0 }, 0, 1, { 400, 0 }, { 100, 100 }, 0, 0 },
    { "two against each other, pedestrians with every green", 2, { 0, 0 }, 0, 0, { 0, 400 }, { 0, 100 }, 0, 1 },
    { "one that is asked for too long", 2, { 0, 0 }, 0, 0, { 0, 0 }, { 0, 0 }, 400, 0 },
    { "two together against a third", 3, { 2, 1, 0 }, 0, 3, { 0, 0, 0 }, { 100, 0, 100 }, 0, 0 },
    { "three against each other", 3, { 0, 0, 0 }, 0, 0, { 0, 0, 0 }, { 100, 0, 50 }, 0, 0 },
    { "two and an overlap of the first", 3, { 4, 0, 1 }, 1, 1, { 400, 0, 0 }, { 0, 100, 50 }, 0, 0 },
    { "two and an overlap of the first, beside both", 3, { 4, 4, 3 }, 1, 0, { 0, 0, 0 }, { 100, 0, 50 }, 0, 0 },
    { "two streets of two", 4, { 2, 1, 8, 4 }, 0, 3, { 0, 0, 0, 0 }, { 100, 0, 50, 100 }, 0, 0 },
};

static sl_table table;
static const plan *chosen;

/* Open addressing; the hash of a state stands for it (128 bits: states do not collide). */
typedef struct {
    uint64_t one, other;
} print;

static print *seen;
static size_t seen_size, seen_count;
static joint *queue;
static size_t queue_size, queue_head, queue_count;
static unsigned long long steps;

static void *allocated(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (!memory) {
        fputs("walk: no memory\n", stderr);
        exit(2);
    }
    return memory;
}

static print print_of(const joint *state)
{
    const uint8_t *byte = (const uint8_t *)state;
    print p = { 0xcbf29ce484222325u, 0x9ae16a3b2f90404fu };
    size_t i;

    for (i = 0; i < sizeof *state; i += 8) {
        uint64_t word = 0;

        memcpy(&word, byte + i, sizeof *state - i < 8 ? sizeof *state - i : 8);
        p.one = (p.one ^ word) * 0xff51afd7ed558ccdu;
        p.one ^= p.one >> 32;
        p.other = (p.other + word) * 0xc4ceb9fe1a85ec53u;
        p.other ^= p.other >> 29;
    }
    if (!p.one)
        p.one = 1;
    return p;
}

static int is_new(const joint *state)
{
    print p = print_of(state);
    size_t at = p.one & (seen_size - 1);

    while (seen[at].one) {
        if (seen[at].one == p.one && seen[at].other == p.other)
            return 0;
        at = (at + 1) & (seen_size - 1);
    }
    seen[at] = p;
    seen_count++;
    return 1;
}

static void enqueue(const joint *state)
{
    if (queue_count == queue_size) {
        joint *more = allocated(queue_size * 2, sizeof *more);
        size_t i;

        for (i = 0; i < queue_count; i++)
            more[i] = queue[(queue_head + i) % queue_size];
        free(queue);
        queue = more;
        queue_size *= 2;
        queue_head = 0;
    }
    queue[(queue_head + queue_count++) % queue_size] = *state;
}

static uint32_t at_most(uint32_t value, uint32_t most)
{
    return value < most ? value : most;
}

static void round_off_channel(const sl_channel *row, sl_channel_state *core, sl_witness_channel *seen_one)
{
    uint32_t min_green_ms = row->min_green_cs * 10u, clearance_ms = row->red_clearance_cs * 10u;

    if (core->interval == SL_RED || core->interval == SL_FLASHING)
        core->age_ms = 0;
    if (core->interval == SL_GREEN)
        core->age_ms = at_most(core->age_ms, min_green_ms);
    if (core->ped == SL_DONT_WALK || core->ped == SL_PED_DARK)
        core->ped_age_ms = 0;
    if (core->interval != SL_GREEN)
        core->walked = 0;
    core->asked_ms = row->max_request_cs ? at_most(core->asked_ms, row->max_request_cs * 10u + STEP_MS) : 0;
    if (seen_one->lamp == SL_GREEN) {
        seen_one->age_ms = at_most(seen_one->age_ms, min_green_ms);
        seen_one->credited_ms = at_most(seen_one->credited_ms, min_green_ms);
    }
    if (seen_one->lamp == SL_FLASHING || (seen_one->lamp == SL_RED && seen_one->cleared))
        seen_one->age_ms = seen_one->credited_ms = 0;
    if (seen_one->lamp == SL_RED) {
        seen_one->age_ms = at_most(seen_one->age_ms, clearance_ms);
        seen_one->credited_ms = at_most(seen_one->credited_ms, clearance_ms);
    }
    if (!seen_one->walk && !seen_one->walked) {
        seen_one->walk_age_ms = seen_one->walk_credited_ms = 0;
    } else {
        uint32_t most_ms = 10u * (seen_one->walk ? row->walk_cs : row->ped_clearance_cs);

        seen_one->walk_age_ms = at_most(seen_one->walk_age_ms, most_ms);
        seen_one->walk_credited_ms = at_most(seen_one->walk_credited_ms, most_ms);
    }
}

static void round_off(joint *state)
{
    uint8_t i;

    state->core.last_ms = 0;
    state->core.blink_ms = 0;
    state->core.stuck_ticks = 0;
    if (state->core.request_left_ms == 0)
        state->core.request = 0;
    if (state->core.mode == SL_RUN || (state->core.mode == SL_FLASH && !state->core.booting))
        state->core.mode_age_ms = 0;
    else
        state->core.mode_age_ms = at_most(state->core.mode_age_ms, 10000);
    state->witness.out_of_flash_ms
        = state->witness.startup_over ? 0 : at_most(state->witness.out_of_flash_ms, table.startup_red_cs * 10u);
    for (i = 0; i < table.channels; i++)
        round_off_channel(&table.channel[i], &state->core.channel[i], &state->witness.channel[i]);
    reseal(&state->core);
}

static void make_table(void)
{
    uint8_t i, fault_at;

    table.version = SL_TABLE_VERSION;
    table.channels = chosen->channels;
    table.startup_red_cs = 300;
    table.startup_flash_cs = 100;
    table.startup = chosen->startup;
    for (i = 0; i < chosen->channels; i++) {
        sl_channel *row = &table.channel[i];
        int overlap = chosen->overlap_of && i == chosen->channels - 1;

        row->number = overlap ? 0 : (uint8_t)(i + 1);
        row->parents = overlap ? 1u << (chosen->overlap_of - 1) : 0;
        row->compatible = chosen->beside[i] | 1u << i;
        row->min_green_cs = 300;
        row->yellow_cs = 300;
        row->red_clearance_cs = chosen->clearance_cs[i];
        row->walk_cs = chosen->walk_cs[i];
        row->ped_clearance_cs = chosen->walk_cs[i] ? 300 : 0;
        row->max_request_cs = i == 0 ? chosen->most_asked_cs : 0;
        row->flags = (uint8_t)(SL_FLAG_SHORT_WALK | (chosen->recall ? SL_FLAG_PED_RECALL : 0));
        row->out_red = row->out_yellow = row->out_green = row->out_walk = row->out_dont_walk = SL_NO_OUTPUT;
    }
    table.crc = sl_table_crc(&table);
    if (sl_table_check(&table, &fault_at) != SL_TABLE_OK) {
        printf("table refused: %d\n", sl_table_check(&table, &fault_at));
        exit(2);
    }
}

/* Switches and senses that go with a request. */
enum { USUAL, NOT_AGREED, MANUAL, STOP, STOP_MANUAL, RESET, PLATFORM, CALLS, CALLS_MANUAL, CONFLICT, RED_FAIL, DUAL, JUMP, CASES };

static void set_case(sl_inputs *in, int which)
{
    sl_mask all = (1u << table.channels) - 1;

    in->agreed = which != NOT_AGREED;
    in->manual_flash = which == MANUAL || which == STOP_MANUAL || which == CALLS_MANUAL;
    in->stop_time = which == STOP || which == STOP_MANUAL;
    in->reset = which == RESET;
    in->platform_fault = which == PLATFORM ? SL_FAULT_PLATFORM + 1 : 0;
    in->ped_calls = which == CALLS || which == CALLS_MANUAL ? 0xf : 0;
    in->sense_fitted = which >= CONFLICT && which <= DUAL ? all : 0;
    in->sense_red = which == RED_FAIL ? 0 : all;
    in->sense_green = which == CONFLICT ? all : which == DUAL ? 1 : 0;
    if (which == CONFLICT)
        in->sense_red = 0;
}

static void tell(const joint *before, const sl_inputs *in, const sl_outputs *out, const char *what)
{
    uint8_t i;

    printf("broken: %s\nmode %u, request %u for %u, agreed %u manual %u stop %u\n", what, before->core.mode,
           in->request_new ? in->request_phases : 0u, in->request_ttl_ms, in->agreed, in->manual_flash, in->stop_time);
    for (i = 0; i < table.channels; i++)
        printf("channel %u: interval %u of %lu ms, walk %u of %lu ms; then interval %u, walk %u\n", i,
               before->core.channel[i].interval, (unsigned long)before->core.channel[i].age_ms, before->core.channel[i].ped,
               (unsigned long)before->core.channel[i].ped_age_ms, out->interval[i], out->ped[i]);
    exit(1);
}

static void step(const joint *before, const sl_inputs *in, uint32_t clock_ms, uint32_t real_ms)
{
    joint after = *before;
    sl_outputs out;
    sl_look look;
    sl_law law;

    steps++;
    sl_tick(&table, &after.core, in, clock_ms, &out);
    sl_look_at(&table, in, &out, real_ms, sl_credited_ms(clock_ms, in->stop_time), &look);
    law = sl_witness_see(&table, &after.witness, &look);
    if (law != SL_LAWS_KEPT)
        tell(before, in, &out, sl_law_name(law));
    if (out.fault == SL_FAULT_STATE || !sl_consistent(&table, &after.core))
        tell(before, in, &out, "the core's own check of its state");
    round_off(&after);
    if (is_new(&after))
        enqueue(&after);
}

static void all_steps(const joint *before)
{
    static const uint16_t lives_ms[] = { SL_MOST_TTL_MS, STEP_MS };
    sl_inputs in;
    int which, life;
    uint32_t phases, most = 1u << (table.channels - (chosen->overlap_of ? 1 : 0));

    memset(&in, 0, sizeof in);
    for (which = 0; which < CASES; which++) {
        uint32_t clock_ms = which == JUMP ? 3600000u : STEP_MS;

        set_case(&in, which);
        in.request_new = 0;
        in.request_phases = 0;
        step(before, &in, clock_ms, STEP_MS);
        in.request_new = 1;
        /* One phase more than there are: refused. */
        for (phases = 0; phases <= most; phases++)
            for (life = 0; life < 2; life++) {
                in.request_phases = (uint16_t)phases;
                in.request_ttl_ms = lives_ms[life];
                step(before, &in, clock_ms, STEP_MS);
            }
    }
}

int main(int count, char **words)
{
    size_t plan_at = count > 1 ? (size_t)atoi(words[1]) : 0;
    size_t most = count > 2 ? (size_t)atol(words[2]) : 1u << 21;
    joint first;

    if (plan_at >= sizeof plans / sizeof plans[0]) {
        printf("%u tables\n", (unsigned)(sizeof plans / sizeof plans[0]));
        return 2;
    }
    chosen = &plans[plan_at];
    make_table();
    for (seen_size = 1024; seen_size < most * 2; seen_size *= 2)
        ;
    seen = allocated(seen_size, sizeof *seen);
    queue_size = 1024;
    queue = allocated(queue_size, sizeof *queue);
    memset(&first, 0, sizeof first);
    sl_boot(&first.core, 0);
    round_off(&first);
    is_new(&first);
    enqueue(&first);
    while (queue_count) {
        joint state = queue[queue_head];

        queue_head = (queue_head + 1) % queue_size;
        queue_count--;
        all_steps(&state);
        if (seen_count > most) {
            printf("%s: more than %lu states\n", chosen->about, (unsigned long)most);
            return 2;
        }
    }
    if (seen_count < 1000) {
        printf("%s: only %lu states, so it hardly runs\n", chosen->about, (unsigned long)seen_count);
        return 1;
    }
    printf("%s: %lu states, %llu steps, every law kept\n", chosen->about, (unsigned long)seen_count, steps);
    return 0;
}
