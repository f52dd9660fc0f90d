/* One simulated chip with what hangs on it: input switches, the chain of 74HC165, the serial line,
 * power. Time is the chip's own, in cycles; nothing here knows a clock on the wall. */
#ifndef AVRSIM_MACHINE_H
#define AVRSIM_MACHINE_H

#include <stdint.h>
#include <stdio.h>

#include "sim_avr.h"

#define CHAIN_MOST 16

typedef struct {
    char port;
    int bit;
} wire;

typedef struct {
    avr_t *avr;
    FILE *events;              /* where pins, bytes, ticks and resets are told; null: nowhere */
    /* serial line */
    uint8_t *fed;              /* bytes on their way to the chip */
    size_t fed_count, fed_at;
    uint64_t feed_cycle;       /* when the next one starts */
    /* chain of input registers */
    wire chain_data;
    int chain_fitted, chain_bytes;
    uint8_t chain[CHAIN_MOST], shifting[CHAIN_MOST];
    int chain_bit;
    int latch_level, clock_level;
    /* switches, by port letter and bit: 0, 1, or -1 for nothing */
    int8_t switches[26][8];
    /* pins held by something stronger: 0, 1, or -1 */
    int8_t stuck[26][8];
    /* what the pins show */
    uint8_t port[26], ddr[26], has_port[26];
    uint8_t hidden[26];        /* not told: the wires of the chain */
    /* EEPROM that takes its time */
    uint64_t eeprom_armed;
    int eeprom_busy;
    /* ticks, from GPIOR0 */
    uint64_t tick_began;
    uint64_t tick_worst, tick_worst_at, tick_sum, ticks;
    int was_reset;
    int stop_at_tick, tick_over;
    void (*core_reset)(struct avr_t *);
} machine;

/* A chip with this program in it, just powered up. 0: told on stderr why not. */
int machine_make(machine *m, const char *mcu, const char *elf);

/* Run for so many cycles, and an instruction more. 0: the program crashed. */
int machine_run(machine *m, uint64_t cycles);

/* Run until a tick is complete, at most so many cycles. */
int machine_run_tick(machine *m, uint64_t cycles);

/* Bytes to the chip, one after the other from now on, as fast as its line takes them. */
void machine_feed(machine *m, const uint8_t *bytes, size_t count);

/* Put 0 or 1 on an input. */
void machine_switch(machine *m, wire at, int level);

/* Wires of the chain; bytes in the order in which the chip reads them. count 0: no chain. */
void machine_chain(machine *m, wire latch, wire clock, wire data);
void machine_inputs(machine *m, const uint8_t *bytes, int count);

/* Hold a pin whatever the chip drives: 0, 1, or -1 to let go. */
void machine_stuck(machine *m, wire at, int level);

/* Power or reset line away for so many cycles, then a start with this cause: p, b or e. RAM is lost
 * unless the cause is e; a byte of EEPROM that was being written is damaged. */
void machine_restart(machine *m, char cause, uint64_t cycles);

/* Of around.c, for machine.c: slow EEPROM, readings of a port that may be stuck, a level on an input. */
void around_eeprom(machine *m);
void around_reading(machine *m, int i);
void around_drive(machine *m, wire at, int level);

#endif
