/* What holds between two ticks: the core's state by itself, and beside what the witness saw.
 *
 * Groups, so that a failure says which one is not kept. sl_consistent is one of them; the core checks
 * it itself in every tick.
 */
#ifndef STOPLINE_PROVE_INVARIANT_H
#define STOPLINE_PROVE_INVARIANT_H

#include "model.h"

#include "sl_laws.c"

/* Both know of flash, of the fault, and of a reset that is held. */
static uint8_t flags_agree(const sl_state *state, const sl_witness *witness)
{
    if (!witness->begun || witness->flash != (state->mode == SL_FLASH) || witness->fault != state->fault)
        return 0;
    return !witness->reset || state->reset_held;
}

/* The lamp that the witness saw is the interval's, and it saw it for as long as the core counted. */
static uint8_t lamp_agrees(const sl_channel_state *channel, const sl_witness_channel *seen)
{
    if (seen->age_ms > SL_MOST_AGE_MS || seen->credited_ms > SL_MOST_AGE_MS)
        return 0;
    switch (channel->interval) {
    case SL_GREEN:
    case SL_YELLOW:
        return seen->lamp == channel->interval && seen->age_ms == channel->age_ms
            && seen->credited_ms == channel->age_ms;
    case SL_CLEARANCE:
        return seen->lamp == SL_RED && !seen->cleared && seen->age_ms == channel->age_ms
            && seen->credited_ms == channel->age_ms;
    case SL_RED:
        return seen->lamp == SL_RED && seen->cleared;
    default:
        return seen->lamp == SL_FLASHING;
    }
}

/* The same for walk. After walk the witness counts on until green ends: then clearance is over. */
static uint8_t walk_agrees(const sl_channel *row, const sl_channel_state *channel, const sl_witness_channel *seen)
{
    uint8_t same = seen->walk_age_ms == channel->ped_age_ms && seen->walk_credited_ms == channel->ped_age_ms;
    uint32_t clearance_ms = (uint32_t)row->ped_clearance_cs * 10u;

    if (seen->walk_age_ms > SL_MOST_AGE_MS || seen->walk_credited_ms > SL_MOST_AGE_MS)
        return 0;
    switch (channel->ped) {
    case SL_WALK:
        return seen->walk == 1 && seen->walked && same;
    case SL_PED_CLEARANCE:
        return seen->walk == 0 && seen->walked && same;
    default:
        return seen->walk == 0
            && (!seen->walked
                || (channel->interval == SL_GREEN && seen->walk_age_ms >= clearance_ms
                    && seen->walk_credited_ms >= clearance_ms));
    }
}

static uint8_t lamps_agree(const sl_table *table, const sl_state *state, const sl_witness *witness)
{
    uint8_t i;

    for (i = 0; i < SL_CHANNELS; i++)
        if (i < table->channels && !lamp_agrees(&state->channel[i], &witness->channel[i]))
            return 0;
    return 1;
}

static uint8_t walks_agree(const sl_table *table, const sl_state *state, const sl_witness *witness)
{
    uint8_t i;

    for (i = 0; i < SL_CHANNELS; i++)
        if (i < table->channels && !walk_agrees(&table->channel[i], &state->channel[i], &witness->channel[i]))
            return 0;
    return 1;
}

/* In start-up both count the same; running, its time is over and its greens were lit at once and stay
 * till the core forgets them. */
static uint8_t startups_agree(const sl_table *table, const sl_state *state, const sl_witness *witness)
{
    uint8_t i;

    if (witness->out_of_flash_ms > SL_MOST_AGE_MS || (witness->startup_left & ~(0xffffffffu >> (32u - table->channels))))
        return 0;
    for (i = 0; i < SL_CHANNELS; i++) {
        if (i >= table->channels)
            break;
        if (state->mode != SL_RUN && has(witness->startup_left, i) != starts(table, i))
            return 0;
        if (state->mode == SL_RUN && state->startup_left && starts(table, i) && state->channel[i].interval != SL_GREEN)
            return 0;
        if (state->mode == SL_RUN && state->channel[i].interval != SL_RED && !witness->startup_over)
            return 0;
    }
    switch (state->mode) {
    case SL_FLASH:
        return !witness->startup_over;
    case SL_STARTUP:
        return !witness->startup_over && witness->out_of_flash_ms == state->mode_age_ms
            && state->startup_left == table->startup;
    default:
        return witness->startup_left == 0
            && (witness->startup_over || witness->out_of_flash_ms >= (uint32_t)table->startup_red_cs * 10u);
    }
}

/* A request that lives for the core lives for the witness. Needs a clock that is never slow. */
static uint8_t requests_agree(const sl_table *table, const sl_state *state, const sl_witness *witness)
{
    sl_mask asked = state->request;
    uint8_t i;

    for (i = 0; i < SL_CHANNELS; i++)
        if (i < table->channels && (table->channel[i].parents & state->request))
            asked |= (sl_mask)1u << i;
    return state->request_left_ms == 0
        || (witness->asked_left_ms >= state->request_left_ms && witness->asked == asked);
}

#endif
