/* Lamps that break one law each, shown to the witness: what it must say of them, worked out by hand.
 *
 * Three channels: 0 is phase 2 with pedestrians, 1 is phase 4 against it, 2 is an overlap of 0. Lamps are
 * written as one letter a channel: R, Y, G, W for green with walk, w for red with walk, y for yellow with
 * walk, . for dark, B for red and yellow, D for red and green, A for all three; F alone for flash.
 */
#include <stdio.h>
#include <string.h>

#include "sl_laws.h"

static int failures;

typedef struct {
    sl_table table;
    sl_witness witness;
    sl_look look; /* switches and requests of the next looks */
} trace;

static void channel(sl_channel *row, uint8_t number, uint32_t compatible, uint16_t clearance_cs)
{
    row->number = number;
    row->compatible = compatible;
    row->min_green_cs = 500;
    row->yellow_cs = 300;
    row->red_clearance_cs = clearance_cs;
}

static trace powered_up(void)
{
    trace t;

    memset(&t, 0, sizeof t);
    t.table.version = 1;
    t.table.channels = 3;
    t.table.startup_red_cs = 600;
    t.table.flash_yellow = 1;
    channel(&t.table.channel[0], 2, 5, 100);
    channel(&t.table.channel[1], 4, 2, 0);
    channel(&t.table.channel[2], 0, 5, 100);
    t.table.channel[0].walk_cs = 700;
    t.table.channel[0].ped_clearance_cs = 500;
    t.table.channel[2].parents = 1;
    t.look.agreed = 1;
    t.look.asked_new = 1;
    t.look.asked = 5;
    t.look.asked_ttl_ms = 300;
    t.look.step_ms = t.look.credited_ms = 100;
    return t;
}

/* Show lamps for so long in steps of the trace; the first law broken. */
static sl_law show(trace *t, const char *lamps, uint32_t ms)
{
    uint32_t left_ms;
    sl_law broken = SL_LAWS_KEPT;
    uint8_t i;

    t->look.red = t->look.yellow = t->look.green = t->look.walk = 0;
    t->look.flash = lamps[0] == 'F';
    for (i = 0; !t->look.flash && lamps[i]; i++) {
        sl_mask bit = (sl_mask)1 << i;

        t->look.red |= strchr("RwBDA", lamps[i]) ? bit : 0;
        t->look.yellow |= strchr("YyBA", lamps[i]) ? bit : 0;
        t->look.green |= strchr("GWDA", lamps[i]) ? bit : 0;
        t->look.walk |= strchr("Wwy", lamps[i]) ? bit : 0;
    }
    for (left_ms = ms; left_ms && broken == SL_LAWS_KEPT; left_ms -= t->look.step_ms)
        broken = sl_witness_see(&t->table, &t->witness, &t->look);
    return broken;
}

static void expect_at(int line, trace *t, const char *lamps, uint32_t ms, sl_law law)
{
    sl_law broken = show(t, lamps, ms);

    if (broken != law) {
        printf("laws.c:%d: %s: \"%s\", not \"%s\"\n", line, lamps, sl_law_name(broken), sl_law_name(law));
        failures++;
    }
}

#define EXPECT(t, lamps, ms, law) expect_at(__LINE__, t, lamps, ms, law)
#define KEPT(t, lamps, ms) expect_at(__LINE__, t, lamps, ms, SL_LAWS_KEPT)

/* Out of flash and all red for its time: the next look may be green. */
static trace started(void)
{
    trace t = powered_up();

    KEPT(&t, "F", 200);
    KEPT(&t, "RRR", 6000);
    return t;
}

static trace green(uint32_t ms)
{
    trace t = started();

    KEPT(&t, "GRG", ms);
    return t;
}

static void ask(trace *t, sl_mask channels)
{
    t->look.asked_new = 1;
    t->look.asked = channels;
}

static void conflicts(void)
{
    trace t = green(5000);

    EXPECT(&t, "GGG", 100, SL_LAW_NO_CONFLICT);
    t = green(5000);
    EXPECT(&t, "GYG", 100, SL_LAW_NO_CONFLICT);
    t = green(5000);
    ask(&t, 2);
    KEPT(&t, "YRY", 3000);
    EXPECT(&t, "RGR", 100, SL_LAW_CLEARANCE_FIRST); /* yellow ends, clearance of 1 s has not begun */
    t = green(5000);
    ask(&t, 2);
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 900);
    EXPECT(&t, "RGR", 100, SL_LAW_CLEARANCE_FIRST);
    t = green(5000);
    ask(&t, 2);
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 1000);
    KEPT(&t, "RGR", 100);
    /* Yellow of channel 1 without clearance: the other begins as it ends. */
    KEPT(&t, "RGR", 4900);
    ask(&t, 5);
    KEPT(&t, "RYR", 3000);
    KEPT(&t, "GRG", 100);
    t = green(5000);
    ask(&t, 2);
    EXPECT(&t, "RGR", 100, SL_LAW_CLEARANCE_FIRST);
    t = green(5000);
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 1000);
    ask(&t, 2);
    KEPT(&t, "RGR", 5000);
    KEPT(&t, "RYR", 3000);
    show(&t, "GYR", 0); /* no clearance to wait for, but a yellow that goes on */
    if (sl_law_clearance_first(&t.table, &t.witness, &t.look))
        failures++, puts("laws.c: green beside a yellow that it conflicts with");
    t = powered_up();
    t.table.channel[1].compatible = 3; /* asymmetric: neither may */
    KEPT(&t, "RRR", 6100);
    EXPECT(&t, "GGR", 100, SL_LAW_NO_CONFLICT);
}

static void yellows(void)
{
    trace t = green(5000);

    KEPT(&t, "YRY", 2900);
    EXPECT(&t, "RRR", 100, SL_LAW_YELLOW_IN_FULL);
    t = green(5000);
    KEPT(&t, "YRY", 3000);
    EXPECT(&t, "YRY", 100, SL_LAW_YELLOW_NOT_LONG);
    t = green(5000);
    t.table.channel[0].yellow_cs = t.table.channel[2].yellow_cs = 200; /* 3 s whatever the table says */
    KEPT(&t, "YRY", 2000);
    EXPECT(&t, "RRR", 100, SL_LAW_YELLOW_IN_FULL);
    t = green(5000);
    t.table.channel[0].yellow_cs = t.table.channel[2].yellow_cs = 700; /* and 6 s */
    KEPT(&t, "YRY", 6000);
    EXPECT(&t, "YRY", 100, SL_LAW_YELLOW_NOT_LONG);
    t = green(5000);
    KEPT(&t, "YRY", 2000);
    t.look.credited_ms = 0; /* stop time */
    KEPT(&t, "YRY", 5000);
    t.look.credited_ms = 100;
    EXPECT(&t, "RRR", 100, SL_LAW_YELLOW_IN_FULL);
    t = green(5000);
    KEPT(&t, "YRY", 2000);
    t.look.step_ms = 10; /* a clock that runs fast shortens it by the stopwatch */
    EXPECT(&t, "RRR", 10, SL_LAW_YELLOW_IN_FULL);
    t = green(5000);
    KEPT(&t, "YRY", 2000);
    t.look.fault = SL_FAULT_CONFLICT;
    KEPT(&t, "F", 100);
    t = green(5000);
    KEPT(&t, "YRY", 2000);
    EXPECT(&t, "F", 100, SL_LAW_YELLOW_IN_FULL);
    t = green(5000);
    KEPT(&t, "YRY", 2000);
    t.look.fault = SL_FAULT_CONFLICT;
    EXPECT(&t, "RRR", 100, SL_LAW_FAULT_FLASHES);
}

static void greens(void)
{
    trace t = green(4900);

    EXPECT(&t, "YRG", 100, SL_LAW_MIN_GREEN_IN_FULL);
    t = green(5000);
    KEPT(&t, "YRG", 100);
    t = green(5000);
    EXPECT(&t, "RRG", 100, SL_LAW_ORDER);
    t = started();
    EXPECT(&t, "YRR", 100, SL_LAW_ORDER);
    t = green(5000);
    KEPT(&t, "YRG", 3000);
    EXPECT(&t, "GRG", 100, SL_LAW_ORDER);
    t = powered_up();
    KEPT(&t, "F", 100);
    show(&t, "GRR", 0);
    if (sl_law_order(&t.table, &t.witness, &t.look))
        failures++, puts("laws.c: green must not follow flash");
    EXPECT(&t, "YRR", 100, SL_LAW_ORDER);
    t = started();
    EXPECT(&t, "RGR", 100, SL_LAW_ASKED);
    t = started();
    t.look.asked_new = 0; /* asked for before, and still alive */
    KEPT(&t, "GRR", 100);
    KEPT(&t, "GRG", 100);
    t = started();
    t.look.asked_new = 0;
    KEPT(&t, "RRR", 200);
    EXPECT(&t, "GRG", 100, SL_LAW_SILENCE); /* and not alive any more */
}

static void people(void)
{
    trace t = started();

    KEPT(&t, "WRG", 6900);
    EXPECT(&t, "GRG", 100, SL_LAW_WALK_IN_FULL);
    t = started();
    KEPT(&t, "WRG", 7000);
    KEPT(&t, "GRG", 4900);
    EXPECT(&t, "YRG", 100, SL_LAW_PED_CLEARANCE_IN_FULL);
    t = started();
    KEPT(&t, "WRG", 7000);
    KEPT(&t, "GRG", 5000);
    KEPT(&t, "YRG", 100);
    t = started();
    KEPT(&t, "WRG", 7000);
    EXPECT(&t, "YRG", 100, SL_LAW_PED_CLEARANCE_IN_FULL); /* no clearance at all */
    t = started();
    KEPT(&t, "WRG", 7000);
    KEPT(&t, "GRG", 4900);
    EXPECT(&t, "WRG", 100, SL_LAW_PED_CLEARANCE_IN_FULL); /* the next walk cuts it */
    t = started();
    KEPT(&t, "WRG", 7000);
    KEPT(&t, "GRG", 5000);
    KEPT(&t, "WRG", 7000);
    KEPT(&t, "GRG", 5000);
    KEPT(&t, "YRG", 3000);
    t = started();
    KEPT(&t, "GRG", 5000);
    KEPT(&t, "WRG", 100); /* walk that begins in a green */
    t = started();
    KEPT(&t, "WRG", 100);
    t.look.fault = SL_FAULT_DUAL;
    KEPT(&t, "F", 100);
    t = started();
    KEPT(&t, "WRG", 6000);
    EXPECT(&t, "F", 100, SL_LAW_WALK_IN_FULL);
    t = started();
    KEPT(&t, "WRG", 7000);
    KEPT(&t, "GRG", 100);
    t.look.fault = SL_FAULT_DUAL;
    KEPT(&t, "F", 100);
    t = started();
    EXPECT(&t, "wRR", 100, SL_LAW_WALK_WITH_GREEN);
    t = started();
    KEPT(&t, "WRG", 7000);
    EXPECT(&t, "yRG", 100, SL_LAW_WALK_WITH_GREEN);
    t = started();
    EXPECT(&t, "GRW", 100, SL_LAW_WALK_WITH_GREEN); /* there are no pedestrians */
}

static void heads(void)
{
    trace t = green(5000);

    EXPECT(&t, ".RG", 100, SL_LAW_ONE_LAMP);
    t = green(5000);
    EXPECT(&t, "BRG", 100, SL_LAW_ONE_LAMP);
    t = green(5000);
    EXPECT(&t, "DRG", 100, SL_LAW_ONE_LAMP);
    t = green(5000);
    EXPECT(&t, "ARG", 100, SL_LAW_ONE_LAMP);
    t = powered_up();
    t.look.flash = 1;
    t.look.yellow = 1;
    t.look.red = 6;
    if (sl_witness_see(&t.table, &t.witness, &t.look) != SL_LAWS_KEPT)
        failures++, puts("laws.c: yellow and red flash as the table says");
    t.look.yellow = 2;
    t.look.red = 5;
    if (sl_witness_see(&t.table, &t.witness, &t.look) != SL_LAW_ONE_LAMP)
        failures++, puts("laws.c: channel 1 must not flash yellow");
    t.look.yellow = 1;
    if (sl_witness_see(&t.table, &t.witness, &t.look) != SL_LAW_ONE_LAMP)
        failures++, puts("laws.c: a head must not flash both");
    t.look.yellow = t.look.red = 0;
    t.look.green = 1;
    if (sl_witness_see(&t.table, &t.witness, &t.look) != SL_LAW_ONE_LAMP)
        failures++, puts("laws.c: green must not be lit in flash");
    t.look.green = 0;
    t.look.walk = 1;
    if (sl_law_one_lamp(&t.table, &t.look))
        failures++, puts("laws.c: walk must not be lit in flash");
}

static void flash(void)
{
    trace t = green(5000);

    EXPECT(&t, "F", 100, SL_LAW_ORDERLY_FLASH);
    t = green(5000);
    t.look.fault = SL_FAULT_STATE;
    KEPT(&t, "F", 100);
    t = green(5000);
    KEPT(&t, "YRY", 3000);
    EXPECT(&t, "F", 100, SL_LAW_ORDERLY_FLASH);
    t = green(5000);
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 900);
    EXPECT(&t, "F", 100, SL_LAW_ORDERLY_FLASH);
    t = green(5000);
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 1000);
    KEPT(&t, "F", 100);
    t = started();
    KEPT(&t, "F", 100); /* from all red */
}

static void startups(void)
{
    trace t = powered_up();

    KEPT(&t, "F", 100);
    KEPT(&t, "RRR", 5900);
    EXPECT(&t, "GRG", 100, SL_LAW_STARTUP);
    t = powered_up();
    t.look.agreed = 0;
    EXPECT(&t, "RRR", 100, SL_LAW_STARTUP);
    t = powered_up();
    t.look.manual_flash = 1;
    EXPECT(&t, "RRR", 100, SL_LAW_STARTUP);
    t = powered_up();
    t.look.fault = SL_FAULT_CONFLICT;
    EXPECT(&t, "RRR", 100, SL_LAW_FAULT_FLASHES);
    if (sl_law_startup(&t.table, &t.witness, &t.look)) /* flash now, red then: the fault is still there */
        t.witness.flash = 1;
    t.witness.flash = 1;
    if (sl_law_startup(&t.table, &t.witness, &t.look))
        failures++, puts("laws.c: no start-up with a fault");
    t = powered_up();
    t.table.startup = 1;
    ask(&t, 2);
    KEPT(&t, "F", 100);
    KEPT(&t, "RRR", 6000);
    EXPECT(&t, "RGR", 100, SL_LAW_STARTUP); /* 0 and its overlap come first */
    t = powered_up();
    t.table.startup = 1;
    ask(&t, 2);
    KEPT(&t, "F", 100);
    KEPT(&t, "RRR", 6000);
    KEPT(&t, "GRG", 5000);
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 1000);
    KEPT(&t, "RGR", 100);
    t = green(5000); /* start-up red is asked for once, not before every green */
    ask(&t, 2);
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 1000);
    KEPT(&t, "RGR", 100);
}

static void silence(void)
{
    trace t = green(5000);

    t.look.asked_new = 0;
    KEPT(&t, "GRG", 200);
    EXPECT(&t, "GRG", 100, SL_LAW_SILENCE);
    t = green(4000);
    t.look.asked_new = 0;
    KEPT(&t, "GRG", 1000);
    EXPECT(&t, "GRG", 100, SL_LAW_SILENCE);
    t = started();
    KEPT(&t, "WRG", 6000);
    t.look.asked_new = 0;
    KEPT(&t, "WRG", 200);
    KEPT(&t, "WRY", 800); /* the overlap has no pedestrians */
    KEPT(&t, "GRY", 2200);
    KEPT(&t, "GRR", 2800);
    EXPECT(&t, "GRR", 100, SL_LAW_SILENCE);
    t = green(5000);
    t.look.agreed = 0;
    KEPT(&t, "WRY", 100); /* a walk that begins holds its green */
    t = green(5000);
    t.look.agreed = 0;
    EXPECT(&t, "GRG", 100, SL_LAW_SILENCE);
    t = started();
    KEPT(&t, "WRG", 6000);
    t.look.asked_new = 0;
    KEPT(&t, "WRG", 1000); /* an overlap may stay while its parent serves pedestrians */
    t = green(5000);
    t.look.manual_flash = 1;
    EXPECT(&t, "GRG", 100, SL_LAW_SILENCE);
    t = green(5000);
    t.look.manual_flash = 1;
    t.look.credited_ms = 0; /* nothing ends in a step that is not credited */
    KEPT(&t, "GRG", 1000);
    t = started();
    t.look.agreed = 0;
    EXPECT(&t, "GRG", 100, SL_LAW_SILENCE);
    t = started();
    t.look.manual_flash = 1;
    KEPT(&t, "RRR", 100); /* no green since flash: start-up goes on */
    t = green(5000);
    t.look.manual_flash = 1;
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 1000);
    EXPECT(&t, "RRR", 100, SL_LAW_SILENCE); /* and then the lamps flash */
    t = green(5000);
    t.look.manual_flash = 1;
    KEPT(&t, "YRY", 3000);
    KEPT(&t, "RRR", 900);
    t.look.credited_ms = 0;
    KEPT(&t, "RRR", 1000);
    t = green(5000);
    KEPT(&t, "YRG", 3000);
    t.look.asked_new = 0;
    KEPT(&t, "RRG", 200);
    KEPT(&t, "RRY", 3000);
    t = green(5000);
    KEPT(&t, "YRG", 3000);
    t.look.asked_new = 0;
    KEPT(&t, "RRG", 200);
    EXPECT(&t, "RRG", 100, SL_LAW_SILENCE); /* its parent is over */
}

static void faults(void)
{
    trace t = green(5000);

    t.look.fault = SL_FAULT_CONFLICT;
    EXPECT(&t, "GRG", 100, SL_LAW_FAULT_FLASHES);
    t = green(5000);
    t.look.fault = SL_FAULT_CONFLICT;
    KEPT(&t, "F", 200);
    t.look.fault = SL_FAULT_DUAL;
    EXPECT(&t, "F", 100, SL_LAW_FAULT_LATCHED);
    t.look.fault = 0;
    EXPECT(&t, "F", 100, SL_LAW_FAULT_LATCHED);
    t.look.fault = SL_FAULT_DUAL;
    KEPT(&t, "F", 100);
    t.look.fault = SL_FAULT_STATE; /* its own memory was changed */
    KEPT(&t, "F", 100);
    t.look.fault = 0;
    t.look.reset = 1;
    KEPT(&t, "F", 100);
    t.look.fault = SL_FAULT_DUAL;
    KEPT(&t, "F", 100);
    t.look.fault = 0; /* held, not pressed */
    EXPECT(&t, "F", 100, SL_LAW_FAULT_LATCHED);
}

/* What sl_look_at makes of requests. */
static void requests(void)
{
    static const struct {
        uint8_t request_new;
        uint16_t phases, ttl_ms;
        uint8_t accepted;
        sl_mask channels;
    } cases[] = {
        { 1, 0x0002, 300, 1, 5 },    { 1, 0x0008, 1000, 1, 2 }, { 1, 0x0000, 1, 1, 0 },     { 0, 0x0002, 300, 0, 5 },
        { 1, 0x000a, 300, 0, 7 },    { 1, 0x0002, 0, 0, 5 },    { 1, 0x0002, 1001, 0, 5 },  { 1, 0x0001, 300, 0, 0 },
        { 1, 0x8002, 300, 0, 5 },
    };
    size_t i;

    for (i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        trace t = powered_up();
        sl_inputs in;
        sl_outputs out;

        memset(&in, 0, sizeof in);
        memset(&out, 0, sizeof out);
        in.request_new = cases[i].request_new;
        in.request_phases = cases[i].phases;
        in.request_ttl_ms = cases[i].ttl_ms;
        in.agreed = in.reset = 1;
        out.red = 1, out.yellow = 2, out.green = 4, out.walk = 8, out.flash_relay = 1, out.fault = 9;
        sl_look_at(&t.table, &in, &out, 10, 7, &t.look);
        if (t.look.asked_new != cases[i].accepted || t.look.asked != cases[i].channels)
            failures++, printf("laws.c: request %u\n", (unsigned)i);
        if (t.look.red != 1 || t.look.yellow != 2 || t.look.green != 4 || t.look.walk != 8 || t.look.flash
            || t.look.fault != 9 || t.look.step_ms != 10 || t.look.credited_ms != 7 || !t.look.agreed || !t.look.reset
            || t.look.manual_flash || t.look.asked_ttl_ms != cases[i].ttl_ms)
            failures++, puts("laws.c: a look that is not of its outputs");
    }
    {
        trace t = powered_up();
        sl_inputs in;
        sl_outputs out;

        memset(&in, 0, sizeof in);
        memset(&out, 0, sizeof out);
        t.table.channel[1].number = 17; /* no bit for it */
        in.request_new = 1;
        in.request_phases = 0x0001;
        in.request_ttl_ms = 300;
        sl_look_at(&t.table, &in, &out, 10, 10, &t.look);
        if (t.look.asked_new || !t.look.flash)
            failures++, puts("laws.c: phase 17");
    }
}

static void times(void)
{
    trace t = green(5000);
    uint32_t i;

    if (sl_credited_ms(100, 0) != 100 || sl_credited_ms(101, 0) || sl_credited_ms(10, 1) || sl_credited_ms(0xfffffff0u, 0))
        failures++, puts("laws.c: what a step is worth");
    t.look.step_ms = t.look.credited_ms = 0x70000000u; /* ages stop growing, and do not wrap */
    for (i = 0; i < 5; i++)
        KEPT(&t, "GRG", 0x70000000u);
    t.look.step_ms = t.look.credited_ms = 100;
    KEPT(&t, "YRY", 100);
    for (i = SL_LAWS_KEPT; i < SL_LAWS; i++)
        if (!strcmp(sl_law_name((sl_law)i), "no such law"))
            failures++, puts("laws.c: a law without a name");
    if (strcmp(sl_law_name(SL_LAWS), "no such law"))
        failures++, puts("laws.c: one law more than there are");
}

int main(void)
{
    conflicts();
    yellows();
    greens();
    people();
    heads();
    flash();
    startups();
    silence();
    faults();
    requests();
    times();
    return failures != 0;
}
