#include "cabinet.h"

#include <avr/io.h>

#include "board.h"

/* The first register: 74HC165 inputs H to A come in this order. All but the marks are active low. */
#define MARK_LOW 0x80u    /* H, to ground: the chain is there */
#define MARK_HIGH 0x40u   /* G, to supply: and does not read nothing but zeros */
#define STOP_TIME 0x20u   /* F, to ground: intervals stand still */
#define RESET 0x10u       /* E, to ground: the reset button is held */
#define SENSE_FITTED 0x08u /* D, to ground: registers of lamp sense follow */

/* Then 4 bits a channel, in this order: all reds, all yellows, all greens, all walks. */
#define SENSES (4u * BOARD_CHANNELS)
#define SENSE_BYTES ((SENSES + 7u) / 8u)

/* A button counts when it is seen in so many ticks one after the other. */
#define BOUNCE_TICKS 3u
/* So many bad readings one after the other, and the chain is gone. */
#define GONE_TICKS 10u

static uint8_t seen;          /* the chain has answered since power-up */
static uint8_t bad_ticks;
static uint8_t stop_ticks, reset_ticks;

void cabinet_start(void)
{
    CHAIN_LATCH_HIGH();
    CHAIN_CLOCK_LOW();
    CHAIN_OUTPUTS();
    SWITCH_PULL_UP();
}

static uint8_t shift_in(void)
{
    uint8_t byte = 0, i;

    for (i = 0; i < 8u; i++) {
        byte = (uint8_t)(byte << 1);
        if (CHAIN_DATA())
            byte |= 1u;
        CHAIN_CLOCK_HIGH();
        CHAIN_CLOCK_LOW();
    }
    return byte;
}

static uint8_t held_for(uint8_t ticks, uint8_t now)
{
    if (!now)
        return 0;
    return ticks < BOUNCE_TICKS ? (uint8_t)(ticks + 1u) : ticks;
}

/* Bits of one colour from the middle of the stream. Lit reads 0. */
static sl_mask lit(const uint8_t *bytes, uint8_t first)
{
    sl_mask mask = 0, bit = 1;
    uint8_t i;

    for (i = first; i < first + BOARD_CHANNELS; i++, bit <<= 1)
        if (!(bytes[i >> 3] & (uint8_t)(0x80u >> (i & 7u))))
            mask |= bit;
    return mask;
}

static void clear_senses(sl_pins *pins)
{
    pins->sense_fitted = pins->sense_red = pins->sense_yellow = pins->sense_green = pins->sense_walk = 0;
}

void cabinet_read(const sl_table *table, sl_pins *pins)
{
    uint8_t bytes[SENSE_BYTES];
    uint8_t switches, i;

    CHAIN_LATCH_LOW();
    CHAIN_LATCH_HIGH();
    switches = shift_in();
    for (i = 0; i < SENSE_BYTES; i++)
        bytes[i] = shift_in();

    pins->manual_flash = pins->door = SWITCH_IS_OPEN() ? 1u : 0u;
    if ((switches & (MARK_LOW | MARK_HIGH)) != MARK_HIGH) {
        /* One bad reading is noise: the senses are held as they were, buttons are let go. */
        stop_ticks = reset_ticks = 0;
        pins->stop_time = pins->reset = 0;
        if (!seen)
            clear_senses(pins);
        else if (bad_ticks < GONE_TICKS)
            bad_ticks++;
        else
            pins->platform_fault = SL_FAULT_INPUTS;
        return;
    }
    seen = 1;
    bad_ticks = 0;
    stop_ticks = held_for(stop_ticks, !(switches & STOP_TIME));
    reset_ticks = held_for(reset_ticks, !(switches & RESET));
    pins->stop_time = stop_ticks == BOUNCE_TICKS;
    pins->reset = reset_ticks == BOUNCE_TICKS;
    clear_senses(pins);
    if (switches & SENSE_FITTED)
        return;
    pins->sense_fitted = table != 0 ? ((sl_mask)1u << table->channels) - 1u : 0;
    pins->sense_red = lit(bytes, 0);
    pins->sense_yellow = lit(bytes, BOARD_CHANNELS);
    pins->sense_green = lit(bytes, 2u * BOARD_CHANNELS);
    pins->sense_walk = lit(bytes, 3u * BOARD_CHANNELS);
}
