/* Runs scripts of inputs from stdin through the core, tick by tick, and prints what can be seen change.
 *
 *   S                                    a new scenario: state and table are forgotten
 *   T <hex>                              its table; the witness looks on where sl_table_check passes it
 *   B <ms>                               power-up at this reading of the clock
 *   I <request_new> <phases> <ttl_ms> <ped_calls> <agreed> <manual> <stop> <reset> <platform>
 *     <fitted> <red on> <yellow on> <green on> <walk on> <red off> <yellow off> <green off> <walk off>
 *   X <byte> <bits>                      flip bits in a byte of the table
 *   P <byte> <bits>                      flip bits in a byte of the state
 *   R <count> <tick_ms> <jump_ms>        that many ticks; the clock jumps before the first, which alone
 *                                        has the request and the pedestrian calls
 *   C                                    print sl_table_check of the table
 *
 * Besides the laws of the witness it checks in every tick what follows from intervals and table alone: lamps
 * and their blinking, ages, masks. Prints `broken …` and ends with 1 where something is wrong.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host_core.h"

static const char *const modes[] = { "FLASH", "STARTUP", "RUN" };
static const char *const faults[] = { "OK", "TABLE", "TABLE_CRC", "STATE", "CONFLICT", "RED_FAIL", "DUAL", "CLOCK" };
static const char *const whys[]
    = { "RUNNING", "BOOT", "NO_TABLE", "NOT_AGREED", "SILENCE", "MANUAL", "OVERSTAY", "FAULT" };

typedef struct {
    sl_table table;
    uint8_t table_is_good;
    sl_state state;
    sl_witness witness;
    sl_inputs inputs;
    sl_mask on[4], off[4]; /* sensed red, yellow, green, walk */
    sl_outputs outputs;
    uint8_t has_outputs;
    uint32_t now_ms, t_ms, blink_ms;
    char event[256];
    int broken;
} scenario;

static void complain(scenario *run, const char *what)
{
    printf("broken %" PRIu32 " %s\n", run->t_ms, what);
    run->broken = 1;
}

static void describe(const scenario *run, char *text, size_t size)
{
    const sl_outputs *out = &run->outputs;
    uint8_t channels = run->table.channels <= SL_CHANNELS ? run->table.channels : 0;
    char intervals[SL_CHANNELS + 1] = "", peds[SL_CHANNELS + 1] = "", fault[24];
    uint8_t i;

    for (i = 0; i < channels; i++) {
        intervals[i] = "RGYCF"[out->interval[i] % 5];
        peds[i] = "dwc-"[out->ped[i] % 4];
    }
    if (out->fault < 8)
        snprintf(fault, sizeof fault, "%s", faults[out->fault]);
    else if (out->fault == SL_FAULT_PLATFORM)
        snprintf(fault, sizeof fault, "PLATFORM");
    else
        snprintf(fault, sizeof fault, "PLATFORM+%d", out->fault - SL_FAULT_PLATFORM);
    snprintf(text, size, "%s %s %s %s %s%s", modes[out->mode % 3], intervals, peds, fault, whys[out->why % 8],
             out->refused ? " refused" : "");
}

/* Lamps that intervals and table call for. */
static void check_lamps(scenario *run, uint8_t table_is_whole)
{
    const sl_outputs *out = &run->outputs;
    sl_mask red = 0, yellow = 0, green = 0, walk = 0, dont_walk = 0;
    uint8_t i, lit = run->blink_ms < 500;

    for (i = 0; table_is_whole && i < run->table.channels; i++) {
        sl_mask bit = (sl_mask)1 << i;

        if (out->interval[i] == SL_GREEN)
            green |= bit;
        else if (out->interval[i] == SL_YELLOW || (out->interval[i] == SL_FLASHING && (run->table.flash_yellow & bit)))
            yellow |= out->interval[i] == SL_YELLOW || lit ? bit : 0;
        else
            red |= out->interval[i] != SL_FLASHING || lit ? bit : 0;
        if (run->table.channel[i].walk_cs && out->ped[i] == SL_WALK)
            walk |= bit;
        if (run->table.channel[i].walk_cs && (out->ped[i] == SL_DONT_WALK || (out->ped[i] == SL_PED_CLEARANCE && lit)))
            dont_walk |= bit;
    }
    if (red != out->red || yellow != out->yellow || green != out->green || walk != out->walk || dont_walk != out->dont_walk)
        complain(run, "lamps are not those of the intervals");
    if (out->flash_relay != (out->mode != SL_FLASH))
        complain(run, "flash relay is not that of the mode");
}

static void check_ages(scenario *run, const sl_outputs *before, uint32_t credited_ms)
{
    uint8_t i;

    for (i = 0; run->has_outputs && i < run->table.channels && i < SL_CHANNELS; i++) {
        const sl_outputs *out = &run->outputs;
        uint32_t age_ms = before->age_ms[i] + credited_ms, ped_age_ms = before->ped_age_ms[i] + credited_ms;

        /* A latched fault and flash begin anew without a change; so may an interval of one tick. */
        if (out->mode != before->mode || out->fault != before->fault)
            continue;
        if (out->interval[i] != before->interval[i] ? out->age_ms[i] != 0 : out->age_ms[i] != age_ms)
            complain(run, "age is not the time since the interval began");
        if (out->ped[i] != before->ped[i] ? out->ped_age_ms[i] != 0 : out->ped_age_ms[i] != ped_age_ms)
            complain(run, "age is not the time since the pedestrian interval began");
    }
}

static void sense(scenario *run)
{
    const sl_outputs *out = &run->outputs;
    sl_inputs *in = &run->inputs;

    in->sense_red = (out->red | run->on[0]) & ~run->off[0];
    in->sense_yellow = (out->yellow | run->on[1]) & ~run->off[1];
    in->sense_green = (out->green | run->on[2]) & ~run->off[2];
    in->sense_walk = (out->walk | run->on[3]) & ~run->off[3];
}

static void tick(scenario *run, uint32_t tick_ms, uint32_t clock_ms)
{
    sl_outputs before = run->outputs;
    uint32_t credited_ms = sl_credited_ms(clock_ms, run->inputs.stop_time);
    uint8_t table_is_whole;
    char text[sizeof run->event];

    run->now_ms += clock_ms;
    run->t_ms += tick_ms;
    run->blink_ms = (run->blink_ms + sl_credited_ms(clock_ms, 0)) % 1000;
    sense(run);
    sl_tick(&run->table, &run->state, &run->inputs, run->now_ms, &run->outputs);
    if (run->outputs.fault == SL_FAULT_STATE && before.fault != SL_FAULT_STATE)
        run->blink_ms = 0; /* begun anew */
    table_is_whole = run->table.channels <= SL_CHANNELS && run->table.crc == sl_table_crc(&run->table)
        && run->table.version == 1 && run->table.channels;
    check_lamps(run, table_is_whole);
    if (table_is_whole)
        check_ages(run, &before, credited_ms);
    if (run->table_is_good) {
        sl_look look;
        sl_law law;

        sl_look_at(&run->table, &run->inputs, &run->outputs, tick_ms, credited_ms, &look);
        law = sl_witness_see(&run->table, &run->witness, &look);
        if (law != SL_LAWS_KEPT)
            complain(run, sl_law_name(law));
    }
    run->has_outputs = 1;
    describe(run, text, sizeof text);
    if (strcmp(text, run->event)) {
        printf("%" PRIu32 " %s\n", run->t_ms, text);
        strcpy(run->event, text);
    }
}

static void read_inputs(scenario *run, const char *line)
{
    unsigned v[18];
    sl_inputs *in = &run->inputs;
    int i;

    if (sscanf(line, "I %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u %u", &v[0], &v[1], &v[2], &v[3], &v[4], &v[5],
               &v[6], &v[7], &v[8], &v[9], &v[10], &v[11], &v[12], &v[13], &v[14], &v[15], &v[16], &v[17]) != 18) {
        complain(run, "inputs cannot be read");
        return;
    }
    in->request_new = (uint8_t)v[0];
    in->request_phases = (uint16_t)v[1];
    in->request_ttl_ms = (uint16_t)v[2];
    in->ped_calls = (uint16_t)v[3];
    in->agreed = (uint8_t)v[4];
    in->manual_flash = (uint8_t)v[5];
    in->stop_time = (uint8_t)v[6];
    in->reset = (uint8_t)v[7];
    in->platform_fault = (uint8_t)v[8];
    in->sense_fitted = v[9];
    for (i = 0; i < 4; i++) {
        run->on[i] = v[10 + i];
        run->off[i] = v[14 + i];
    }
}

static void read_table(scenario *run, const char *hex)
{
    static uint8_t bytes[24 + 28 * 255];
    size_t count = 0;
    unsigned byte;
    uint8_t channel;

    while (count < sizeof bytes && sscanf(hex + 2 * count, "%2x", &byte) == 1)
        bytes[count++] = (uint8_t)byte;
    if (!sl_host_load(&run->table, bytes, count))
        complain(run, "table of a wrong length");
    run->table_is_good = sl_table_check(&run->table, &channel) == SL_TABLE_OK;
}

static void obey(scenario *run, const char *line)
{
    unsigned one, other;
    int jump, count;
    uint8_t channel;

    if (line[0] == 'S') {
        int broken = run->broken;

        memset(run, 0, sizeof *run);
        run->broken = broken;
        printf("%s", line);
    } else if (line[0] == 'T') {
        read_table(run, line + 2);
    } else if (line[0] == 'B' && sscanf(line, "B %u", &one) == 1) {
        run->now_ms = one;
        sl_boot(&run->state, run->now_ms);
    } else if (line[0] == 'I') {
        read_inputs(run, line);
    } else if (line[0] == 'X' && sscanf(line, "X %u %u", &one, &other) == 2 && one < sizeof run->table) {
        ((uint8_t *)&run->table)[one] ^= (uint8_t)other;
    } else if (line[0] == 'P' && sscanf(line, "P %u %u", &one, &other) == 2 && one < sizeof run->state) {
        ((uint8_t *)&run->state)[one] ^= (uint8_t)other;
    } else if (line[0] == 'R' && sscanf(line, "R %d %u %d", &count, &one, &jump) == 3) {
        for (; count > 0; count--, jump = 0) {
            tick(run, one, one + (uint32_t)jump);
            run->inputs.request_new = 0;
            run->inputs.ped_calls = 0;
        }
    } else if (line[0] == 'C') {
        one = sl_table_check(&run->table, &channel);
        printf("check %u %u\n", one, channel);
    } else {
        complain(run, "a line that cannot be read");
    }
}

int main(void)
{
    static scenario run;
    static char line[16384];

    while (fgets(line, sizeof line, stdin))
        obey(&run, line);
    return run.broken;
}
