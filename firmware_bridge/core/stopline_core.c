/* The signal core. See stopline_core.h for what it does, sl_laws.h for what it promises. */
#include "stopline_core.h"

/* The complement of a byte that must not change unnoticed. */
static uint8_t guard_of(uint8_t value)
{
    return (uint8_t)(value ^ 0xffu);
}

static sl_mask bit_of(uint8_t channel)
{
    return (sl_mask)1u << channel;
}

static sl_mask all_of(const sl_table *table)
{
    return (sl_mask)(0xffffffffu >> (32u - table->channels));
}

static uint32_t ms_of(uint16_t cs)
{
    return (uint32_t)cs * 10u;
}

static uint32_t older(uint32_t age_ms, uint32_t by_ms)
{
    return age_ms >= SL_MOST_AGE_MS - by_ms ? SL_MOST_AGE_MS : age_ms + by_ms;
}

/* --- The table ----------------------------------------------------------------------------- */

static uint16_t crc_of_byte(uint16_t crc, uint8_t byte)
{
    uint8_t x = (uint8_t)((crc >> 8) ^ byte);

    x = (uint8_t)(x ^ (x >> 4));
    return (uint16_t)((uint16_t)(crc << 8) ^ (uint16_t)((uint16_t)x << 12) ^ (uint16_t)((uint16_t)x << 5) ^ x);
}

static uint16_t crc_of_u16(uint16_t crc, uint16_t value)
{
    return crc_of_byte(crc_of_byte(crc, (uint8_t)value), (uint8_t)(value >> 8));
}

static uint16_t crc_of_u32(uint16_t crc, uint32_t value)
{
    return crc_of_u16(crc_of_u16(crc, (uint16_t)value), (uint16_t)(value >> 16));
}

uint16_t sl_crc16(uint16_t crc, const uint8_t *bytes, uint16_t count)
{
    uint16_t i;

    for (i = 0; i < count; i++)
        crc = crc_of_byte(crc, bytes[i]);
    return crc;
}

uint16_t sl_table_crc(const sl_table *table)
{
    uint16_t crc = 0xffffu;
    uint8_t i;

    crc = crc_of_byte(crc, table->version);
    crc = crc_of_byte(crc, table->channels);
    crc = crc_of_u16(crc, 0);
    crc = crc_of_u16(crc, table->board);
    crc = crc_of_u16(crc, table->startup_flash_cs);
    crc = crc_of_u16(crc, table->startup_red_cs);
    crc = crc_of_u16(crc, table->spare);
    crc = crc_of_u32(crc, table->startup);
    crc = crc_of_u32(crc, table->flash_yellow);
    crc = crc_of_u32(crc, table->site);
    for (i = 0; i < table->channels && table->channels <= SL_CHANNELS; i++) {
        const sl_channel *row = &table->channel[i];

        crc = crc_of_u32(crc, row->compatible);
        crc = crc_of_u32(crc, row->parents);
        crc = crc_of_u16(crc, row->min_green_cs);
        crc = crc_of_u16(crc, row->yellow_cs);
        crc = crc_of_u16(crc, row->red_clearance_cs);
        crc = crc_of_u16(crc, row->walk_cs);
        crc = crc_of_u16(crc, row->ped_clearance_cs);
        crc = crc_of_u16(crc, row->max_request_cs);
        crc = crc_of_byte(crc, row->number);
        crc = crc_of_byte(crc, row->flags);
        crc = crc_of_byte(crc, row->out_red);
        crc = crc_of_byte(crc, row->out_yellow);
        crc = crc_of_byte(crc, row->out_green);
        crc = crc_of_byte(crc, row->out_walk);
        crc = crc_of_byte(crc, row->out_dont_walk);
        crc = crc_of_byte(crc, row->spare);
    }
    return crc;
}

sl_mask sl_channels_of(const sl_table *table, uint16_t phases, uint16_t *unknown)
{
    sl_mask channels = 0;
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        uint8_t number = table->channel[i].number;

        if (number >= 1 && number <= 16) {
            uint16_t phase = (uint16_t)(1u << (number - 1u));

            if (phases & phase) {
                channels |= bit_of(i);
                phases = (uint16_t)(phases & ~phase);
            }
        }
    }
    *unknown = phases;
    return channels;
}

sl_mask sl_with_overlaps(const sl_table *table, sl_mask channels)
{
    sl_mask with = channels;
    uint8_t i;

    for (i = 0; i < table->channels; i++)
        if (table->channel[i].parents & channels)
            with |= bit_of(i);
    return with;
}

uint8_t sl_together(const sl_table *table, sl_mask channels)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++)
        if ((channels & bit_of(i)) && (channels & ~table->channel[i].compatible))
            return 0;
    return 1;
}

static uint8_t number_is_twice(const sl_table *table, uint8_t i)
{
    uint8_t j;

    for (j = 0; j < i; j++)
        if (table->channel[j].number != 0 && table->channel[j].number == table->channel[i].number)
            return 1;
    return 0;
}

static uint8_t matrix_is_asymmetric(const sl_table *table, uint8_t i)
{
    uint8_t j;

    for (j = 0; j < i; j++) {
        uint8_t one = (table->channel[i].compatible & bit_of(j)) != 0;
        uint8_t other = (table->channel[j].compatible & bit_of(i)) != 0;

        if (one != other)
            return 1;
    }
    return 0;
}

/* Output `which` of a channel: red, yellow, green, walk, don't walk. */
static uint8_t output_of(const sl_channel *row, uint8_t which)
{
    switch (which) {
    case 0: return row->out_red;
    case 1: return row->out_yellow;
    case 2: return row->out_green;
    case 3: return row->out_walk;
    default: return row->out_dont_walk;
    }
}

/* Whether an output of channel i stands before, in this channel or an earlier one. */
static uint8_t output_is_twice(const sl_table *table, uint8_t i)
{
    uint8_t mine, j, theirs;

    for (mine = 0; mine < 5; mine++) {
        uint8_t output = output_of(&table->channel[i], mine);

        if (output == SL_NO_OUTPUT)
            continue;
        for (j = 0; j <= i; j++)
            for (theirs = 0; theirs < (j == i ? mine : 5); theirs++)
                if (output_of(&table->channel[j], theirs) == output)
                    return 1;
    }
    return 0;
}

static uint8_t output_is_missing(const sl_channel *row)
{
    uint8_t head = row->out_red == SL_NO_OUTPUT || row->out_yellow == SL_NO_OUTPUT || row->out_green == SL_NO_OUTPUT;
    uint8_t people = row->out_walk == SL_NO_OUTPUT || row->out_dont_walk == SL_NO_OUTPUT;

    return head || (row->walk_cs != 0 && people);
}

static sl_table_fault check_times(const sl_channel *row)
{
    uint16_t least_walk = (row->flags & SL_FLAG_SHORT_WALK) ? SL_LEAST_SHORT_WALK_CS : SL_LEAST_WALK_CS;

    if (row->min_green_cs < SL_LEAST_MIN_GREEN_CS)
        return SL_TABLE_MIN_GREEN_SHORT;
    if (row->yellow_cs < SL_LEAST_YELLOW_CS || row->yellow_cs > SL_MOST_YELLOW_CS)
        return SL_TABLE_YELLOW_OUT_OF_RANGE;
    if (row->red_clearance_cs > SL_MOST_RED_CLEARANCE_CS)
        return SL_TABLE_RED_CLEARANCE_LONG;
    if ((row->walk_cs == 0) != (row->ped_clearance_cs == 0))
        return SL_TABLE_PED_HALF;
    if (row->walk_cs != 0 && row->walk_cs < least_walk)
        return SL_TABLE_WALK_SHORT;
    if (row->walk_cs != 0 && row->ped_clearance_cs < SL_LEAST_PED_CLEARANCE_CS)
        return SL_TABLE_PED_CLEARANCE_SHORT;
    return SL_TABLE_OK;
}

static sl_table_fault check_overlap(const sl_table *table, uint8_t i)
{
    const sl_channel *row = &table->channel[i];
    uint8_t j;

    if (row->walk_cs != 0)
        return SL_TABLE_OVERLAP_PEDESTRIANS;
    for (j = 0; j < table->channels; j++)
        if ((row->parents & bit_of(j)) && table->channel[j].parents != 0)
            return SL_TABLE_OVERLAP_OF_OVERLAP;
    if (row->parents & ~row->compatible)
        return SL_TABLE_OVERLAP_AGAINST_PARENT;
    return SL_TABLE_OK;
}

static sl_table_fault check_channel(const sl_table *table, uint8_t i)
{
    const sl_channel *row = &table->channel[i];
    sl_table_fault fault;

    if ((row->compatible | row->parents) & ~all_of(table))
        return SL_TABLE_MASK_OUTSIDE;
    if (row->number > 16 || (row->number == 0) != (row->parents != 0))
        return SL_TABLE_NUMBER_WRONG;
    if (number_is_twice(table, i))
        return SL_TABLE_NUMBER_TWICE;
    if (!(row->compatible & bit_of(i)))
        return SL_TABLE_MATRIX_SELF;
    if (matrix_is_asymmetric(table, i))
        return SL_TABLE_MATRIX_ASYMMETRIC;
    fault = check_times(row);
    if (fault != SL_TABLE_OK)
        return fault;
    if (row->parents != 0) {
        fault = check_overlap(table, i);
        if (fault != SL_TABLE_OK)
            return fault;
    }
    if ((table->startup & bit_of(i)) && row->parents != 0)
        return SL_TABLE_STARTUP_OVERLAP;
    if ((table->flash_yellow & bit_of(i)) && (table->flash_yellow & ~row->compatible))
        return SL_TABLE_FLASH_YELLOW_CONFLICT;
    if (table->board != 0 && output_is_missing(row))
        return SL_TABLE_OUTPUT_MISSING;
    if (output_is_twice(table, i))
        return SL_TABLE_OUTPUT_TWICE;
    return SL_TABLE_OK;
}

sl_table_fault sl_table_check(const sl_table *table, uint8_t *channel)
{
    uint8_t i;

    *channel = 0;
    if (table->version != SL_TABLE_VERSION)
        return SL_TABLE_VERSION_UNKNOWN;
    if (table->channels > SL_CHANNELS)
        return SL_TABLE_TOO_MANY_CHANNELS;
    if (table->channels == 0)
        return SL_TABLE_NO_CHANNEL;
    if (table->crc != sl_table_crc(table))
        return SL_TABLE_CRC_WRONG;
    if (table->startup_red_cs < SL_LEAST_STARTUP_RED_CS)
        return SL_TABLE_STARTUP_RED_SHORT;
    if ((table->startup | table->flash_yellow) & ~all_of(table))
        return SL_TABLE_MASK_OUTSIDE;
    for (i = 0; i < table->channels; i++) {
        sl_table_fault fault = check_channel(table, i);

        if (fault != SL_TABLE_OK) {
            *channel = i;
            return fault;
        }
    }
    if (!sl_together(table, sl_with_overlaps(table, table->startup)))
        return SL_TABLE_STARTUP_CONFLICT;
    return SL_TABLE_OK;
}

/* --- The state ----------------------------------------------------------------------------- */

/* Four bytes in one: each bit that changes in them changes it. */
static uint8_t folded(uint32_t value)
{
    value ^= value >> 16;
    return (uint8_t)(value ^ (value >> 8));
}

static uint8_t guard_of_channel(const sl_channel_state *channel)
{
    uint8_t shown = (uint8_t)(channel->interval ^ (uint8_t)(channel->ped << 4) ^ (channel->walked ? 0x80u : 0u));

    return guard_of((uint8_t)(shown ^ folded(channel->age_ms ^ channel->ped_age_ms ^ channel->asked_ms)));
}

static uint8_t guard_of_mode(const sl_state *state)
{
    uint8_t is = (uint8_t)(state->mode ^ (uint8_t)(state->booting << 4) ^ (uint8_t)(state->reset_held << 5));

    return guard_of((uint8_t)(is
        ^ folded(state->last_ms ^ state->mode_age_ms ^ state->request ^ state->startup_left ^ state->request_left_ms)));
}

/* Guards of a state that the core leaves behind. */
static void seal(sl_state *state)
{
    uint8_t i;

    state->mode_guard = guard_of_mode(state);
    for (i = 0; i < SL_CHANNELS; i++)
        state->channel[i].guard = guard_of_channel(&state->channel[i]);
}

static void show(sl_channel_state *channel, sl_interval interval)
{
    channel->interval = (uint8_t)interval;
    channel->age_ms = 0;
}

static void show_ped(sl_channel_state *channel, sl_ped ped)
{
    channel->ped = (uint8_t)ped;
    channel->ped_age_ms = 0;
}

static void set_mode(sl_state *state, sl_mode mode)
{
    state->mode = (uint8_t)mode;
    state->mode_age_ms = 0;
}

static void set_fault(sl_state *state, uint8_t fault)
{
    state->fault = fault;
    state->fault_guard = guard_of(fault);
}

/* Every channel, whether the table has it or not: the table may be what is wrong. */
static void show_all(sl_state *state, sl_interval interval, sl_ped ped)
{
    uint8_t i;

    for (i = 0; i < SL_CHANNELS; i++) {
        show(&state->channel[i], interval);
        show_ped(&state->channel[i], ped);
        state->channel[i].walked = 0;
    }
}

static void enter_flash(sl_state *state)
{
    set_mode(state, SL_FLASH);
    show_all(state, SL_FLASHING, SL_PED_DARK);
    state->ped_calls = 0;
    state->startup_left = 0;
    state->conflict_ms = 0;
    state->red_fail_ms = 0;
    state->dual_ms = 0;
}

static void enter_startup(const sl_table *table, sl_state *state)
{
    set_mode(state, SL_STARTUP);
    show_all(state, SL_RED, SL_DONT_WALK);
    state->startup_left = table->startup;
    state->booting = 0;
}

/* Latches the first fault; the lamps flash from this tick on. */
static void latch(sl_state *state, uint8_t fault)
{
    if (state->fault != SL_OK)
        return;
    set_fault(state, fault);
    if (state->mode != SL_FLASH)
        enter_flash(state);
}

void sl_boot(sl_state *state, uint32_t now_ms)
{
    uint8_t i;

    state->last_ms = now_ms;
    state->blink_ms = 0;
    state->request = 0;
    state->request_left_ms = 0;
    state->booting = 1;
    state->stuck_ticks = 0;
    state->reset_held = 1; /* a button that hangs at power-up resets nothing */
    set_fault(state, SL_OK);
    enter_flash(state);
    for (i = 0; i < SL_CHANNELS; i++)
        state->channel[i].asked_ms = 0;
    seal(state);
}

/* After a state that cannot be: as at power-up, but a fault that can still be read keeps its reason. */
static void begin_anew(sl_state *state, uint32_t now_ms)
{
    uint8_t first = state->fault_guard == guard_of(state->fault) ? state->fault : (uint8_t)SL_OK;

    sl_boot(state, now_ms);
    latch(state, first != SL_OK ? first : (uint8_t)SL_FAULT_STATE);
}

static uint8_t channel_is_consistent(const sl_channel *row, const sl_channel_state *channel)
{
    uint32_t limit_ms;

    switch (channel->interval) {
    case SL_RED:
    case SL_GREEN:
        limit_ms = SL_MOST_AGE_MS + 1u;
        break;
    case SL_YELLOW:
        limit_ms = ms_of(row->yellow_cs);
        break;
    case SL_CLEARANCE:
        limit_ms = ms_of(row->red_clearance_cs);
        break;
    default:
        return 0;
    }
    if (channel->age_ms >= limit_ms)
        return 0;
    if (channel->ped == SL_DONT_WALK)
        return 1;
    if (channel->interval != SL_GREEN)
        return 0;
    if (channel->ped == SL_WALK)
        return channel->ped_age_ms < ms_of(row->walk_cs);
    return channel->ped == SL_PED_CLEARANCE && channel->ped_age_ms < ms_of(row->ped_clearance_cs);
}

/* In RUN: each channel by itself, and none other than red beside one it conflicts with. */
static uint8_t run_is_consistent(const sl_table *table, const sl_state *state)
{
    sl_mask lit = 0;
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        if (!channel_is_consistent(&table->channel[i], &state->channel[i]))
            return 0;
        if (state->channel[i].interval != SL_RED)
            lit |= bit_of(i);
    }
    return sl_together(table, lit);
}

static uint8_t all_show(const sl_state *state, uint8_t channels, sl_interval interval, sl_ped ped)
{
    uint8_t i;

    for (i = 0; i < channels; i++)
        if (state->channel[i].interval != (uint8_t)interval || state->channel[i].ped != (uint8_t)ped)
            return 0;
    return 1;
}

/* What holds whatever the table. */
static uint8_t numbers_are_consistent(const sl_state *state)
{
    uint8_t i;

    if (state->mode_guard != guard_of_mode(state) || state->fault_guard != guard_of(state->fault))
        return 0;
    if (state->mode_age_ms > SL_MOST_AGE_MS || state->blink_ms >= 2u * SL_BLINK_MS)
        return 0;
    if (state->request_left_ms > SL_MOST_TTL_MS || (state->fault != SL_OK && state->mode != SL_FLASH))
        return 0;
    for (i = 0; i < SL_CHANNELS; i++) {
        const sl_channel_state *channel = &state->channel[i];

        if (channel->guard != guard_of_channel(channel))
            return 0;
        if (channel->age_ms > SL_MOST_AGE_MS || channel->ped_age_ms > SL_MOST_AGE_MS)
            return 0;
        if (channel->asked_ms > SL_MOST_AGE_MS)
            return 0;
    }
    return 1;
}

uint8_t sl_consistent(const sl_table *table, const sl_state *state)
{
    if (!numbers_are_consistent(state))
        return 0;
    switch (state->mode) {
    case SL_FLASH:
        return all_show(state, SL_CHANNELS, SL_FLASHING, SL_PED_DARK);
    case SL_STARTUP:
        return state->mode_age_ms < ms_of(table->startup_red_cs) && !(state->startup_left & ~table->startup)
            && all_show(state, table->channels, SL_RED, SL_DONT_WALK);
    case SL_RUN:
        return !(state->startup_left & ~table->startup) && run_is_consistent(table, state);
    default:
        return 0;
    }
}

/* --- One tick ------------------------------------------------------------------------------ */

/* How far time has come since the last tick: by the clock, and as far as it is believed. */
typedef struct {
    uint32_t real_ms;   /* all of it; where the clock ran back more than any request lives */
    uint32_t step_ms;   /* 0 where the clock jumped or ran back */
    uint32_t credit_ms; /* the same, 0 in stop time */
} elapsed;

static elapsed pass_time(sl_state *state, uint32_t now_ms, uint8_t stop_time)
{
    uint32_t since_ms = now_ms - state->last_ms;
    elapsed passed;

    state->last_ms = now_ms;
    passed.real_ms = since_ms;
    passed.step_ms = since_ms > SL_MOST_STEP_MS ? 0u : since_ms;
    passed.credit_ms = stop_time ? 0u : passed.step_ms;
    if (passed.step_ms != 0)
        state->stuck_ticks = 0;
    else if (state->stuck_ticks < SL_MOST_STUCK_TICKS)
        state->stuck_ticks++;
    state->blink_ms = (state->blink_ms + passed.step_ms) % (2u * SL_BLINK_MS);
    return passed;
}

static uint16_t seen_for(uint16_t ms, uint8_t now, uint32_t step_ms)
{
    if (!now)
        return 0;
    return ms >= 2000u ? 2000u : (uint16_t)(ms + step_ms);
}

static void sense(const sl_table *table, sl_state *state, const sl_inputs *in, uint32_t step_ms)
{
    sl_mask fitted = in->sense_fitted & all_of(table);
    sl_mask moving = fitted & (in->sense_yellow | in->sense_green | in->sense_walk);
    sl_mask dark = fitted & ~(in->sense_red | in->sense_yellow | in->sense_green);
    sl_mask dual = fitted
        & ((in->sense_red & in->sense_yellow) | (in->sense_red & in->sense_green) | (in->sense_yellow & in->sense_green));

    if (state->mode == SL_FLASH)
        return;
    state->conflict_ms = seen_for(state->conflict_ms, !sl_together(table, moving), step_ms);
    state->red_fail_ms = seen_for(state->red_fail_ms, dark != 0, step_ms);
    state->dual_ms = seen_for(state->dual_ms, dual != 0, step_ms);
    if (state->conflict_ms >= SL_SENSE_CONFLICT_MS)
        latch(state, SL_FAULT_CONFLICT);
    else if (state->red_fail_ms >= SL_SENSE_RED_FAIL_MS)
        latch(state, SL_FAULT_RED_FAIL);
    else if (state->dual_ms >= SL_SENSE_DUAL_MS)
        latch(state, SL_FAULT_DUAL);
}

/* Ages the request that is alive, takes a new one or refuses it; 1: refused. */
static uint8_t hear(const sl_table *table, sl_state *state, const sl_inputs *in, uint32_t real_ms)
{
    uint16_t unknown;
    sl_mask asked;

    state->request_left_ms = real_ms >= state->request_left_ms ? 0u : (uint16_t)(state->request_left_ms - real_ms);
    if (!in->request_new)
        return 0;
    asked = sl_channels_of(table, in->request_phases, &unknown);
    if (unknown || in->request_ttl_ms == 0 || in->request_ttl_ms > SL_MOST_TTL_MS)
        return 1;
    if (!sl_together(table, sl_with_overlaps(table, asked)))
        return 1;
    state->request = asked;
    state->request_left_ms = in->request_ttl_ms;
    return 0;
}

/* Channels asked for that have not been asked for too long. */
static sl_mask count_asked(const sl_table *table, sl_state *state, uint32_t step_ms)
{
    sl_mask counted = 0;
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        sl_channel_state *channel = &state->channel[i];
        uint16_t most_cs = table->channel[i].max_request_cs;

        if (state->request_left_ms == 0 || !(state->request & bit_of(i))) {
            channel->asked_ms = 0;
            continue;
        }
        channel->asked_ms = older(channel->asked_ms, step_ms);
        if (most_cs == 0 || channel->asked_ms <= ms_of(most_cs))
            counted |= bit_of(i);
    }
    return counted;
}

/* Why nothing may be green from now on; SL_WHY_RUNNING: it may. */
static sl_why why_not(const sl_state *state, const sl_inputs *in, sl_mask counted)
{
    if (in->manual_flash)
        return SL_WHY_MANUAL;
    if (!in->agreed)
        return SL_WHY_NOT_AGREED;
    if (state->request_left_ms == 0)
        return SL_WHY_SILENCE;
    if (state->request != 0 && counted == 0)
        return SL_WHY_OVERSTAY;
    return SL_WHY_RUNNING;
}

static void leave_flash(const sl_table *table, sl_state *state, uint8_t stop_time)
{
    uint8_t channel;

    if (stop_time || (state->booting && state->mode_age_ms < ms_of(table->startup_flash_cs)))
        return;
    if (sl_table_check(table, &channel) != SL_TABLE_OK)
        latch(state, SL_FAULT_TABLE);
    else
        enter_startup(table, state);
}

/* Pedestrians beside a green: walk, clearance, don't walk, each in full. */
static void step_ped(const sl_channel *row, sl_channel_state *channel)
{
    if (channel->ped == SL_WALK && channel->ped_age_ms >= ms_of(row->walk_cs))
        show_ped(channel, SL_PED_CLEARANCE);
    else if (channel->ped == SL_PED_CLEARANCE && channel->ped_age_ms >= ms_of(row->ped_clearance_cs))
        show_ped(channel, SL_DONT_WALK);
}

/* Ends an interval whose time has come; 1: it was a yellow. */
static uint8_t step_interval(const sl_channel *row, sl_channel_state *channel, uint8_t kept)
{
    uint8_t yellow_ended = 0;

    if (channel->interval == SL_GREEN) {
        step_ped(row, channel);
        if (!kept && channel->ped == SL_DONT_WALK && channel->age_ms >= ms_of(row->min_green_cs))
            show(channel, SL_YELLOW);
    } else if (channel->interval == SL_YELLOW && channel->age_ms >= ms_of(row->yellow_cs)) {
        yellow_ended = 1;
        show(channel, row->red_clearance_cs ? SL_CLEARANCE : SL_RED);
    } else if (channel->interval == SL_CLEARANCE && channel->age_ms >= ms_of(row->red_clearance_cs)) {
        show(channel, SL_RED);
    }
    return yellow_ended;
}

/* An overlap stays green beside a parent that still is, though neither is asked for any more. */
static uint8_t parent_is_green(const sl_table *table, const sl_state *state, uint8_t i)
{
    uint8_t j;

    for (j = 0; j < table->channels; j++)
        if ((table->channel[i].parents & bit_of(j)) && state->channel[j].interval == SL_GREEN)
            return 1;
    return 0;
}

/* 1: every channel that conflicts with this one is at rest in red. */
static uint8_t way_is_clear(const sl_table *table, const sl_state *state, uint8_t i)
{
    uint8_t j;

    for (j = 0; j < table->channels; j++)
        if (!(table->channel[i].compatible & bit_of(j)) && state->channel[j].interval != SL_RED)
            return 0;
    return 1;
}

static void begin_walk(const sl_channel *row, sl_state *state, uint8_t i)
{
    sl_channel_state *channel = &state->channel[i];
    uint8_t recalled = (row->flags & SL_FLAG_PED_RECALL) && !channel->walked;

    if (row->walk_cs == 0 || channel->ped != SL_DONT_WALK || !(recalled || (state->ped_calls & bit_of(i))))
        return;
    show_ped(channel, SL_WALK);
    channel->walked = 1;
    state->ped_calls &= ~bit_of(i);
}

/* Start-up greens come before what is asked, until each has had its minimum. */
static sl_mask startup_first(const sl_table *table, sl_state *state, sl_mask wanted)
{
    uint8_t i;

    for (i = 0; i < table->channels; i++) {
        const sl_channel_state *channel = &state->channel[i];

        if ((state->startup_left & bit_of(i))
            && !(channel->interval == SL_GREEN && channel->age_ms >= ms_of(table->channel[i].min_green_cs)))
            return table->startup;
    }
    state->startup_left = 0;
    return wanted;
}

/* Lamps of a running junction. wanted has the overlaps worked in; 0 with ending brings flash. */
static void run(const sl_table *table, sl_state *state, sl_mask wanted, uint8_t ending)
{
    sl_mask just_yellow = 0;
    uint8_t i, at_rest = 1;

    for (i = 0; i < table->channels; i++) {
        uint8_t kept = (wanted & bit_of(i)) || parent_is_green(table, state, i);

        if (step_interval(&table->channel[i], &state->channel[i], kept))
            just_yellow |= bit_of(i);
    }
    for (i = 0; i < table->channels; i++) {
        sl_channel_state *channel = &state->channel[i];

        /* Red of no clearance is shown for a tick at least before green comes back. */
        if ((wanted & bit_of(i)) && channel->interval == SL_RED && !(just_yellow & bit_of(i))
            && way_is_clear(table, state, i)) {
            show(channel, SL_GREEN);
            channel->walked = 0;
        }
        if ((wanted & bit_of(i)) && channel->interval == SL_GREEN)
            begin_walk(&table->channel[i], state, i);
        if (channel->interval != SL_RED || (just_yellow & bit_of(i)))
            at_rest = 0;
    }
    if (ending && at_rest)
        enter_flash(state);
}

static void grow_older(const sl_table *table, sl_state *state, uint32_t credit_ms)
{
    uint8_t i;

    state->mode_age_ms = older(state->mode_age_ms, credit_ms);
    for (i = 0; i < table->channels; i++) {
        sl_channel_state *channel = &state->channel[i];

        channel->age_ms = older(channel->age_ms, credit_ms);
        channel->ped_age_ms = older(channel->ped_age_ms, credit_ms);
    }
}

/* The mode's step, with every fault known; what is wanted with overlaps, for the report. */
static sl_mask step_mode(const sl_table *table, sl_state *state, const sl_inputs *in, sl_mask counted, sl_why why)
{
    sl_mask wanted = why == SL_WHY_RUNNING ? counted : 0;

    if (state->fault != SL_OK)
        return 0;
    if (state->mode == SL_FLASH) {
        if (why == SL_WHY_RUNNING)
            leave_flash(table, state, in->stop_time);
    } else if (in->stop_time) {
        /* Intervals stand still. */
    } else if (state->mode == SL_STARTUP) {
        if (why == SL_WHY_MANUAL) {
            enter_flash(state);
        } else if (state->mode_age_ms >= ms_of(table->startup_red_cs)) {
            if (why == SL_WHY_RUNNING)
                set_mode(state, SL_RUN);
            else
                enter_flash(state);
        }
    }
    if (state->mode != SL_RUN)
        return sl_with_overlaps(table, wanted);
    if (why == SL_WHY_RUNNING)
        wanted = startup_first(table, state, wanted);
    else
        state->startup_left = 0;
    wanted = sl_with_overlaps(table, wanted);
    if (!in->stop_time)
        run(table, state, wanted, why != SL_WHY_RUNNING);
    return wanted;
}

/* --- What to switch ------------------------------------------------------------------------ */

static void lamps_of(const sl_table *table, const sl_state *state, uint8_t i, sl_outputs *out)
{
    const sl_channel_state *channel = &state->channel[i];
    uint8_t lit = state->blink_ms < SL_BLINK_MS;
    sl_mask bit = bit_of(i);

    switch (channel->interval) {
    case SL_GREEN:
        out->green |= bit;
        break;
    case SL_YELLOW:
        out->yellow |= bit;
        break;
    case SL_FLASHING:
        if (lit && (table->flash_yellow & bit))
            out->yellow |= bit;
        else if (lit)
            out->red |= bit;
        break;
    default:
        out->red |= bit;
        break;
    }
    if (table->channel[i].walk_cs == 0)
        return;
    if (channel->ped == SL_WALK)
        out->walk |= bit;
    else if (channel->ped == SL_DONT_WALK || (channel->ped == SL_PED_CLEARANCE && lit))
        out->dont_walk |= bit;
}

static sl_why say_why(const sl_table *table, const sl_state *state, sl_why why)
{
    if (state->fault != SL_OK)
        return SL_WHY_FAULT;
    if (table == 0)
        return SL_WHY_NO_TABLE;
    if (state->mode == SL_FLASH && why == SL_WHY_RUNNING)
        return SL_WHY_BOOT;
    return why;
}

static void report(const sl_table *table, const sl_state *state, sl_why why, sl_outputs *out)
{
    uint8_t i;

    out->flash_relay = state->mode != SL_FLASH;
    out->mode = state->mode;
    out->fault = state->fault;
    out->why = (uint8_t)say_why(table, state, why);
    for (i = 0; i < SL_CHANNELS; i++) {
        out->interval[i] = state->channel[i].interval;
        out->age_ms[i] = state->channel[i].age_ms;
        out->ped[i] = state->channel[i].ped;
        out->ped_age_ms[i] = state->channel[i].ped_age_ms;
        if (table != 0 && i < table->channels)
            lamps_of(table, state, i, out);
    }
}

/* A table that may be read at all: of this layout, and unchanged in memory. */
static uint8_t table_is_whole(const sl_table *table)
{
    return table->version == SL_TABLE_VERSION && table->channels >= 1 && table->channels <= SL_CHANNELS
        && table->crc == sl_table_crc(table);
}

/* Without a table the lamps flash already; one that was changed in memory is told as such. */
static uint8_t may_be_without_table(const sl_table *table, const sl_state *state)
{
    return numbers_are_consistent(state) && (table != 0 || state->mode == SL_FLASH);
}

void sl_tick(const sl_table *table, sl_state *state, const sl_inputs *in, uint32_t now_ms, sl_outputs *out)
{
    const sl_table *whole = table != 0 && table_is_whole(table) ? table : 0;
    uint8_t sound = whole != 0 ? sl_consistent(whole, state) : may_be_without_table(table, state);
    elapsed passed = pass_time(state, now_ms, in->stop_time);
    sl_mask counted;
    sl_why why = SL_WHY_SILENCE;

    out->red = out->yellow = out->green = out->walk = out->dont_walk = out->wanted = 0;
    out->refused = 0;
    if (in->reset && !state->reset_held) {
        set_fault(state, SL_OK);
        state->stuck_ticks = 0;
    }
    state->reset_held = in->reset != 0;
    if (table != 0 && whole == 0)
        latch(state, SL_FAULT_TABLE_CRC);
    if (!sound)
        begin_anew(state, now_ms);
    if (in->platform_fault)
        latch(state, in->platform_fault < SL_FAULT_PLATFORM ? SL_FAULT_PLATFORM : in->platform_fault);
    if (state->stuck_ticks >= SL_MOST_STUCK_TICKS)
        latch(state, SL_FAULT_CLOCK);
    if (whole != 0) {
        uint16_t unknown;

        grow_older(whole, state, passed.credit_ms);
        sense(whole, state, in, passed.step_ms);
        out->refused = hear(whole, state, in, passed.real_ms);
        if (state->mode != SL_FLASH)
            state->ped_calls |= sl_channels_of(whole, in->ped_calls, &unknown);
        counted = count_asked(whole, state, passed.step_ms);
        why = why_not(state, in, counted);
        out->wanted = step_mode(whole, state, in, counted, why);
    } else {
        state->request_left_ms = 0; /* nobody counts it down; it must not be found alive later */
    }
    seal(state);
    report(whole, state, why, out);
}
