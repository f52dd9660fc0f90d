#include "lamps.h"

#include <avr/io.h>
#include <avr/pgmspace.h>

#include "board.h"

static const uint8_t lamp_pins[BOARD_OUTPUTS] PROGMEM = BOARD_LAMP_PINS;
static volatile uint8_t *const ports[BOARD_PORTS] = BOARD_PORT_REGISTERS;
static volatile uint8_t *const directions[BOARD_PORTS] = BOARD_DDR_REGISTERS;
static volatile uint8_t *const readings[BOARD_PORTS] = BOARD_PIN_REGISTERS;

static uint8_t driven[BOARD_PORTS]; /* bits that are ours: lamps and relay, without the heartbeat */
static uint8_t levels[BOARD_PORTS]; /* what was last driven there */

static uint8_t bit_of(uint8_t pin)
{
    return (uint8_t)(1u << (pin & 7u));
}

void lamps_start(void)
{
    uint8_t i;

    for (i = 0; i < BOARD_OUTPUTS; i++) {
        uint8_t pin = pgm_read_byte(&lamp_pins[i]);

        driven[pin >> 3] |= bit_of(pin);
    }
    driven[BOARD_RELAY_PIN >> 3] |= bit_of(BOARD_RELAY_PIN);
    for (i = 0; i < BOARD_PORTS; i++) {
        levels[i] = 0;
        *ports[i] &= (uint8_t)~driven[i];
        *directions[i] |= driven[i];
    }
    *ports[BOARD_HEARTBEAT_PIN >> 3] &= (uint8_t)~bit_of(BOARD_HEARTBEAT_PIN);
    *directions[BOARD_HEARTBEAT_PIN >> 3] |= bit_of(BOARD_HEARTBEAT_PIN);
}

static void light(uint8_t *wanted, uint8_t output)
{
    if (output < BOARD_OUTPUTS) {
        uint8_t pin = pgm_read_byte(&lamp_pins[output]);

        wanted[pin >> 3] |= bit_of(pin);
    }
}

void lamps_show(const sl_table *table, const sl_outputs *outputs)
{
    uint8_t wanted[BOARD_PORTS] = { 0 };
    sl_mask bit = 1;
    uint8_t i;

    /* No lamp is on without a whole table: the core says so by empty masks. */
    for (i = 0; i < table->channels && i < SL_CHANNELS; i++, bit <<= 1) {
        const sl_channel *row = &table->channel[i];

        if (outputs->red & bit)
            light(wanted, row->out_red);
        if (outputs->yellow & bit)
            light(wanted, row->out_yellow);
        if (outputs->green & bit)
            light(wanted, row->out_green);
        if (outputs->walk & bit)
            light(wanted, row->out_walk);
        if (outputs->dont_walk & bit)
            light(wanted, row->out_dont_walk);
    }
    if (outputs->flash_relay)
        wanted[BOARD_RELAY_PIN >> 3] |= bit_of(BOARD_RELAY_PIN);
    for (i = 0; i < BOARD_PORTS; i++)
        *ports[i] &= (uint8_t)(wanted[i] | ~driven[i]);
    for (i = 0; i < BOARD_PORTS; i++) {
        *ports[i] |= wanted[i];
        *directions[i] |= driven[i];
        levels[i] = wanted[i];
    }
}

uint8_t lamps_follow(void)
{
    uint8_t i;

    for (i = 0; i < BOARD_PORTS; i++)
        if ((*readings[i] & driven[i]) != levels[i])
            return 0;
    return 1;
}

void lamps_beat(void)
{
    *ports[BOARD_HEARTBEAT_PIN >> 3] ^= bit_of(BOARD_HEARTBEAT_PIN);
}

static uint8_t output_fits(uint8_t output)
{
    return output < BOARD_OUTPUTS || output == SL_NO_OUTPUT;
}

uint8_t lamps_fit(const sl_table *table)
{
    uint8_t i;

    if (table->board != BOARD_KIND)
        return 0;
    for (i = 0; i < table->channels && i < SL_CHANNELS; i++) {
        const sl_channel *row = &table->channel[i];

        if (!output_fits(row->out_red) || !output_fits(row->out_yellow) || !output_fits(row->out_green)
            || !output_fits(row->out_walk) || !output_fits(row->out_dont_walk))
            return 0;
    }
    return 1;
}
