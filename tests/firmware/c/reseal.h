/* Makes the guards of a state right again that a test has changed. */
#ifndef STOPLINE_TEST_RESEAL_H
#define STOPLINE_TEST_RESEAL_H

#include <stddef.h>

#include "stopline_core.h"

/* The guards as stopline_core.h tells of them, reckoned anew. */
static void reseal(sl_state *state)
{
    const uint32_t words[]
        = { state->last_ms, state->mode_age_ms, state->request, state->startup_left, state->request_left_ms };
    unsigned guard = 0xffu ^ state->mode ^ (unsigned)state->booting << 4 ^ (unsigned)state->reset_held << 5;
    size_t i, byte;

    for (i = 0; i < sizeof words / sizeof words[0]; i++)
        for (byte = 0; byte < 4; byte++)
            guard ^= words[i] >> (8 * byte);
    state->mode_guard = (uint8_t)guard;
    for (i = 0; i < SL_CHANNELS; i++) {
        sl_channel_state *channel = &state->channel[i];

        guard = 0xffu ^ channel->interval ^ (unsigned)channel->ped << 4 ^ (channel->walked ? 0x80u : 0u);
        for (byte = 0; byte < 4; byte++)
            guard ^= channel->age_ms >> (8 * byte) ^ channel->ped_age_ms >> (8 * byte) ^ channel->asked_ms >> (8 * byte);
        channel->guard = (uint8_t)guard;
    }
}

#endif
