/* The laws and their witness. Nothing here calls the core: what it says about the lamps is reckoned
 * again from the table alone. See sl_laws.h. */
#include "sl_laws.h"

#define OLDEST_MS 0x7fffffffu

static sl_mask bit(uint8_t channel)
{
    return (sl_mask)1u << channel;
}

static uint32_t in_ms(uint16_t cs)
{
    return (uint32_t)cs * 10u;
}

static uint32_t plus(uint32_t age_ms, uint32_t by_ms)
{
    return by_ms > OLDEST_MS - age_ms ? OLDEST_MS : age_ms + by_ms;
}

/* Of a step, what surely passed: by the stopwatch and by the clock. */
static uint32_t surely_ms(const sl_look *look)
{
    return look->step_ms < look->credited_ms ? look->step_ms : look->credited_ms;
}

uint32_t sl_credited_ms(uint32_t clock_step_ms, uint8_t stop_time)
{
    return stop_time || clock_step_ms > SL_MOST_STEP_MS ? 0u : clock_step_ms;
}

/* --- What the witness makes of a look ------------------------------------------------------- */

static uint8_t may_be_together(const sl_table *table, uint8_t i, uint8_t j)
{
    return (table->channel[i].compatible & bit(j)) && (table->channel[j].compatible & bit(i));
}

/* Channels with the overlaps of them. */
static sl_mask and_overlaps(const sl_table *table, sl_mask channels)
{
    sl_mask all = channels;
    uint8_t i;

    for (i = 0; i < table->channels; i++)
        if (table->channel[i].parents & channels)
            all |= bit(i);
    return all;
}

static uint8_t any_conflict(const sl_table *table, sl_mask channels)
{
    uint8_t i, j;

    for (i = 0; i < table->channels; i++)
        for (j = 0; j < i; j++)
            if ((channels & bit(i)) && (channels & bit(j)) && !may_be_together(table, i, j))
                return 1;
    return 0;
}

/* What one head shows outside of flash, where it shows one lamp. */
static uint8_t lamp_of(const sl_look *look, uint8_t i)
{
    if (look->flash)
        return SL_FLASHING;
    if (look->green & bit(i))
        return SL_GREEN;
    return look->yellow & bit(i) ? SL_YELLOW : SL_RED;
}

static uint8_t green_begins(const sl_witness *before, const sl_look *look, uint8_t i)
{
    return lamp_of(look, i) == SL_GREEN && before->channel[i].lamp != SL_GREEN;
}

/* A green or yellow is over, and no fault excuses it. */
static uint8_t ends_unexcused(const sl_witness *before, const sl_look *look, uint8_t i, uint8_t lamp)
{
    return before->channel[i].lamp == lamp && lamp_of(look, i) != lamp && !(look->flash && look->fault);
}

/* Whether a channel that shows red has shown it for its clearance, at least or at most. */
static uint8_t clearance_is_over(const sl_table *table, const sl_witness_channel *channel, uint32_t age_ms, uint8_t i)
{
    return channel->lamp == SL_RED && (channel->cleared || age_ms >= in_ms(table->channel[i].red_clearance_cs));
}

static uint8_t request_is_alive(const sl_witness *before, const sl_look *look)
{
    return look->asked_new || before->asked_left_ms > look->step_ms;
}

/* Whether the look's inputs let any green go on. */
static uint8_t green_is_allowed(const sl_witness *before, const sl_look *look)
{
    return request_is_alive(before, look) && look->agreed && !look->manual_flash;
}

void sl_look_at(const sl_table *table, const sl_inputs *inputs, const sl_outputs *outputs, uint32_t step_ms,
                uint32_t credited_ms, sl_look *look)
{
    uint16_t known = 0;
    sl_mask asked = 0;
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        uint8_t number = table->channel[i].number;
        uint16_t phase = (uint16_t)(number >= 1 && number <= 16 ? 1u << (number - 1u) : 0u);

        known = (uint16_t)(known | phase);
        if (inputs->request_phases & phase)
            asked |= bit(i);
    }
    asked = and_overlaps(table, asked);
    look->red = outputs->red;
    look->yellow = outputs->yellow;
    look->green = outputs->green;
    look->walk = outputs->walk;
    look->flash = !outputs->flash_relay;
    look->fault = outputs->fault;
    look->agreed = inputs->agreed;
    look->manual_flash = inputs->manual_flash;
    look->reset = inputs->reset;
    look->asked_new = inputs->request_new && !(inputs->request_phases & ~known) && !any_conflict(table, asked)
        && inputs->request_ttl_ms >= 1u && inputs->request_ttl_ms <= SL_MOST_TTL_MS;
    look->asked = asked;
    look->asked_ttl_ms = inputs->request_ttl_ms;
    look->step_ms = step_ms;
    look->credited_ms = credited_ms;
}

/* --- The laws ------------------------------------------------------------------------------- */

uint8_t sl_law_no_conflict(const sl_table *table, const sl_look *look)
{
    return look->flash || !any_conflict(table, look->yellow | look->green | look->walk);
}

/* By now: in yellow that ends in this very step red clearance of no length is over too. */
static uint8_t is_out_of_the_way(const sl_table *table, const sl_witness *before, const sl_look *look, uint8_t j)
{
    const sl_witness_channel *other = &before->channel[j];

    if (other->lamp == SL_YELLOW)
        return lamp_of(look, j) == SL_RED && table->channel[j].red_clearance_cs == 0;
    return clearance_is_over(table, other, plus(other->age_ms, surely_ms(look)), j);
}

uint8_t sl_law_clearance_first(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i, j;

    for (i = 0; i < table->channels; i++)
        for (j = 0; j < table->channels; j++)
            if (!may_be_together(table, i, j) && green_begins(before, look, i)
                && !is_out_of_the_way(table, before, look, j))
                return 0;
    return 1;
}

uint8_t sl_law_yellow_in_full(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        uint32_t age_ms = plus(before->channel[i].age_ms, surely_ms(look));

        if (ends_unexcused(before, look, i, SL_YELLOW)
            && (age_ms < in_ms(table->channel[i].yellow_cs) || age_ms < 3000u))
            return 0;
    }
    return 1;
}

uint8_t sl_law_yellow_not_long(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        uint32_t age_ms = plus(before->channel[i].credited_ms, look->credited_ms);

        if (before->channel[i].lamp == SL_YELLOW && lamp_of(look, i) == SL_YELLOW
            && (age_ms >= in_ms(table->channel[i].yellow_cs) || age_ms >= 6000u))
            return 0;
    }
    return 1;
}

uint8_t sl_law_min_green_in_full(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++)
        if (ends_unexcused(before, look, i, SL_GREEN)
            && plus(before->channel[i].age_ms, surely_ms(look)) < in_ms(table->channel[i].min_green_cs))
            return 0;
    return 1;
}

uint8_t sl_law_walk_in_full(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++)
        if (before->channel[i].walk && !(look->walk & bit(i)) && !(look->flash && look->fault)
            && plus(before->channel[i].walk_age_ms, surely_ms(look)) < in_ms(table->channel[i].walk_cs))
            return 0;
    return 1;
}

uint8_t sl_law_ped_clearance_in_full(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        const sl_witness_channel *channel = &before->channel[i];
        uint32_t since_ms = channel->walk ? 0u : plus(channel->walk_age_ms, surely_ms(look));
        uint8_t again = channel->lamp == SL_GREEN && !channel->walk && (look->walk & bit(i));

        if (channel->walked && (again || ends_unexcused(before, look, i, SL_GREEN))
            && since_ms < in_ms(table->channel[i].ped_clearance_cs))
            return 0;
    }
    return 1;
}

uint8_t sl_law_walk_with_green(const sl_table *table, const sl_look *look)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++)
        if ((look->walk & bit(i)) && (lamp_of(look, i) != SL_GREEN || table->channel[i].walk_cs == 0))
            return 0;
    return 1;
}

uint8_t sl_law_order(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        uint8_t was = before->channel[i].lamp, is = lamp_of(look, i);

        if (is == SL_GREEN && was != SL_GREEN && was != SL_RED)
            return 0;
        if (is == SL_YELLOW && was != SL_YELLOW && was != SL_GREEN)
            return 0;
        if (is == SL_RED && was == SL_GREEN)
            return 0;
    }
    return 1;
}

uint8_t sl_law_one_lamp(const sl_table *table, const sl_look *look)
{
    uint8_t i;

    if (look->flash)
        return !look->green && !look->walk && !(look->red & look->yellow) && !(look->yellow & ~table->flash_yellow);
    for (i = 0; i < table->channels; i++) {
        uint8_t lamps = (uint8_t)(((look->red & bit(i)) != 0) + ((look->yellow & bit(i)) != 0)
                                  + ((look->green & bit(i)) != 0));

        if (lamps != 1)
            return 0;
    }
    return 1;
}

uint8_t sl_law_orderly_flash(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i;

    if (!look->flash || before->flash || look->fault)
        return 1;
    for (i = 0; i < table->channels; i++) {
        const sl_witness_channel *channel = &before->channel[i];

        if (!clearance_is_over(table, channel, plus(channel->age_ms, surely_ms(look)), i))
            return 0;
    }
    return 1;
}

uint8_t sl_law_startup(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint32_t out_ms = before->flash ? 0u : plus(before->out_of_flash_ms, surely_ms(look));
    uint8_t i;

    if (before->flash && !look->flash && (!look->agreed || look->manual_flash || look->fault))
        return 0;
    for (i = 0; i < table->channels; i++) {
        if (!green_begins(before, look, i))
            continue;
        if (!before->startup_over && out_ms < in_ms(table->startup_red_cs))
            return 0;
        if (before->startup_left && !(before->startup_left & bit(i)))
            return 0;
    }
    return 1;
}

uint8_t sl_law_asked(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    sl_mask asked = look->asked_new ? look->asked : before->asked;
    uint8_t i;

    for (i = 0; i < table->channels; i++)
        if (green_begins(before, look, i) && !((asked | before->startup_left) & bit(i)))
            return 0;
    return 1;
}

/* An overlap's parent was green a look ago; in silence none begins. */
static uint8_t parent_was_green(const sl_table *table, const sl_witness *before, uint8_t i)
{
    uint8_t j;

    for (j = 0; j < table->channels; j++)
        if ((table->channel[i].parents & bit(j)) && before->channel[j].lamp == SL_GREEN)
            return 1;
    return 0;
}

/* A green that nothing holds: its minimum, walk and pedestrian clearance are over at the latest, and
 * no parent of it was green. */
static uint8_t may_end(const sl_table *table, const sl_witness *before, const sl_look *look, uint8_t i)
{
    const sl_witness_channel *channel = &before->channel[i];
    uint32_t since_walk_ms = plus(channel->walk_credited_ms, look->credited_ms);

    if (parent_was_green(table, before, i))
        return 0;
    if (channel->walk || (look->walk & bit(i)))
        return 0;
    if (channel->walked && since_walk_ms < in_ms(table->channel[i].ped_clearance_cs))
        return 0;
    return plus(channel->credited_ms, look->credited_ms) >= in_ms(table->channel[i].min_green_cs);
}

uint8_t sl_law_silence(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    uint8_t i, all_clear = 1;

    if (look->flash || green_is_allowed(before, look))
        return 1;
    for (i = 0; i < table->channels; i++) {
        const sl_witness_channel *channel = &before->channel[i];
        uint32_t age_ms = plus(channel->credited_ms, look->credited_ms);

        if (green_begins(before, look, i))
            return 0;
        if (look->credited_ms && lamp_of(look, i) == SL_GREEN && may_end(table, before, look, i))
            return 0;
        if (!clearance_is_over(table, channel, age_ms, i))
            all_clear = 0;
    }
    return !(look->credited_ms && before->startup_over && all_clear);
}

uint8_t sl_law_fault_flashes(const sl_look *look)
{
    return !look->fault || look->flash;
}

uint8_t sl_law_fault_latched(const sl_witness *before, const sl_look *look)
{
    return !before->fault || look->fault == before->fault || look->fault == SL_FAULT_STATE
        || (look->reset && !before->reset);
}

/* --- The witness ---------------------------------------------------------------------------- */

static sl_law first_broken(const sl_table *table, const sl_witness *before, const sl_look *look)
{
    if (!sl_law_no_conflict(table, look))
        return SL_LAW_NO_CONFLICT;
    if (!sl_law_walk_with_green(table, look))
        return SL_LAW_WALK_WITH_GREEN;
    if (!sl_law_one_lamp(table, look))
        return SL_LAW_ONE_LAMP;
    if (!sl_law_fault_flashes(look))
        return SL_LAW_FAULT_FLASHES;
    if (!sl_law_clearance_first(table, before, look))
        return SL_LAW_CLEARANCE_FIRST;
    if (!sl_law_yellow_in_full(table, before, look))
        return SL_LAW_YELLOW_IN_FULL;
    if (!sl_law_yellow_not_long(table, before, look))
        return SL_LAW_YELLOW_NOT_LONG;
    if (!sl_law_min_green_in_full(table, before, look))
        return SL_LAW_MIN_GREEN_IN_FULL;
    if (!sl_law_walk_in_full(table, before, look))
        return SL_LAW_WALK_IN_FULL;
    if (!sl_law_ped_clearance_in_full(table, before, look))
        return SL_LAW_PED_CLEARANCE_IN_FULL;
    if (!sl_law_order(table, before, look))
        return SL_LAW_ORDER;
    if (!sl_law_orderly_flash(table, before, look))
        return SL_LAW_ORDERLY_FLASH;
    if (!sl_law_startup(table, before, look))
        return SL_LAW_STARTUP;
    if (!sl_law_asked(table, before, look))
        return SL_LAW_ASKED;
    if (!sl_law_silence(table, before, look))
        return SL_LAW_SILENCE;
    if (!sl_law_fault_latched(before, look))
        return SL_LAW_FAULT_LATCHED;
    return SL_LAWS_KEPT;
}

static void follow_walk(sl_witness_channel *channel, const sl_look *look, uint8_t walk, uint8_t green)
{
    if (walk != channel->walk) {
        channel->walk = walk;
        channel->walk_age_ms = 0;
        channel->walk_credited_ms = 0;
    } else {
        channel->walk_age_ms = plus(channel->walk_age_ms, surely_ms(look));
        channel->walk_credited_ms = plus(channel->walk_credited_ms, look->credited_ms);
    }
    channel->walked = green && (channel->walked || walk);
}

static void follow_lamp(const sl_channel *row, sl_witness_channel *channel, const sl_look *look, uint8_t lamp)
{
    if (lamp != channel->lamp) {
        channel->cleared = channel->lamp != SL_YELLOW || row->red_clearance_cs == 0;
        channel->lamp = lamp;
        channel->age_ms = 0;
        channel->credited_ms = 0;
        return;
    }
    channel->age_ms = plus(channel->age_ms, surely_ms(look));
    channel->credited_ms = plus(channel->credited_ms, look->credited_ms);
    if (lamp == SL_RED && channel->age_ms >= in_ms(row->red_clearance_cs))
        channel->cleared = 1;
}

/* What is asked, for how long still, and which start-up channels have not been green. */
static void follow_requests(const sl_table *table, sl_witness *witness, const sl_look *look)
{
    if (look->asked_new) {
        witness->asked = look->asked;
        witness->asked_left_ms = look->asked_ttl_ms;
    } else if (witness->asked_left_ms > look->step_ms) {
        witness->asked_left_ms -= look->step_ms;
    } else {
        witness->asked = 0;
        witness->asked_left_ms = 0;
    }
    if (look->flash) {
        witness->startup_left = and_overlaps(table, table->startup);
        witness->startup_over = 0;
        witness->out_of_flash_ms = 0;
        return;
    }
    witness->out_of_flash_ms = witness->flash ? 0u : plus(witness->out_of_flash_ms, surely_ms(look));
    if (look->green)
        witness->startup_over = 1;
    witness->startup_left &= ~look->green;
}

/* Before the first look: in flash, as at power-up, with reset held. */
static void begin(const sl_table *table, sl_witness *witness)
{
    uint8_t i;

    witness->begun = 1;
    witness->flash = 1;
    witness->fault = 0;
    witness->reset = 1;
    witness->startup_over = 0;
    witness->out_of_flash_ms = 0;
    witness->asked_left_ms = 0;
    witness->asked = 0;
    witness->startup_left = and_overlaps(table, table->startup);
    for (i = 0; i < SL_CHANNELS; i++) {
        sl_witness_channel *channel = &witness->channel[i];

        channel->lamp = SL_FLASHING;
        channel->cleared = 1;
        channel->walk = channel->walked = 0;
        channel->age_ms = channel->credited_ms = 0;
        channel->walk_age_ms = channel->walk_credited_ms = 0;
    }
}

sl_law sl_witness_see(const sl_table *table, sl_witness *witness, const sl_look *look)
{
    sl_law broken;
    uint8_t i;

    if (!witness->begun)
        begin(table, witness);
    broken = first_broken(table, witness, look);
    for (i = 0; i < table->channels; i++) {
        uint8_t lamp = lamp_of(look, i);

        follow_walk(&witness->channel[i], look, (look->walk & bit(i)) != 0, lamp == SL_GREEN);
        follow_lamp(&table->channel[i], &witness->channel[i], look, lamp);
    }
    follow_requests(table, witness, look);
    witness->flash = look->flash;
    witness->fault = look->fault;
    witness->reset = look->reset != 0;
    return broken;
}

const char *sl_law_name(sl_law law)
{
    switch (law) {
    case SL_LAWS_KEPT: return "all kept";
    case SL_LAW_NO_CONFLICT: return "no conflict";
    case SL_LAW_CLEARANCE_FIRST: return "clearance first";
    case SL_LAW_YELLOW_IN_FULL: return "yellow in full";
    case SL_LAW_YELLOW_NOT_LONG: return "yellow not long";
    case SL_LAW_MIN_GREEN_IN_FULL: return "min green in full";
    case SL_LAW_WALK_IN_FULL: return "walk in full";
    case SL_LAW_PED_CLEARANCE_IN_FULL: return "ped clearance in full";
    case SL_LAW_WALK_WITH_GREEN: return "walk with green";
    case SL_LAW_ORDER: return "order";
    case SL_LAW_ONE_LAMP: return "one lamp";
    case SL_LAW_ORDERLY_FLASH: return "orderly flash";
    case SL_LAW_STARTUP: return "start-up";
    case SL_LAW_ASKED: return "asked";
    case SL_LAW_SILENCE: return "silence";
    case SL_LAW_FAULT_FLASHES: return "fault flashes";
    case SL_LAW_FAULT_LATCHED: return "fault latched";
    default: return "no such law";
    }
}
