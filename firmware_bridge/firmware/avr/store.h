/* What outlives power: two copies of the table, the latched fault, and a count of starts, in EEPROM.
 *
 * A new table goes into the copy not in use: unmark, write, read back, mark; only then does it count.
 * Then the other copy is brought up to it. At every instant one copy at least is whole, so power may
 * fail at any byte. A copy found damaged at power-up is written anew from the other.
 * Nothing here waits: store_step writes a byte at most, when the EEPROM is ready for one.
 */
#ifndef STOPLINE_STORE_H
#define STOPLINE_STORE_H

#include "stopline_core.h"

typedef enum {
    STORE_BLANK = 0,   /* never written: a new chip */
    STORE_FOUND = 1,   /* *table is the newest whole copy */
    STORE_DAMAGED = 2  /* written once, and no copy is whole */
} store_found;

typedef enum {
    STORE_IDLE = 0,
    STORE_BUSY = 1,
    STORE_WRITTEN = 2, /* the table is in one copy; told once */
    STORE_FAILED = 3   /* it did not read back; the copy in use is untouched; told once */
} store_progress;

/* At power-up: the table, and the fault that was latched when power went (0: none). What can be read
 * of neither is SL_FAULT_STORAGE. Damaged copies are mended in the background from *table. */
store_found store_load(sl_table *table, uint8_t *fault);

/* Whole copies of the table in use. */
uint8_t store_copies(void);

/* How many times this chip has started, this time too. */
uint16_t store_starts(void);

/* Begin to write a table. It must stay as it is until store_step says STORE_WRITTEN or STORE_FAILED;
 * `settled` must have become the same by then, and is what the other copy is written from. */
void store_begin(const sl_table *table, const sl_table *settled);

/* Remember this fault from now on; 0: none. Written before anything else. */
void store_fault(uint8_t fault);

/* Go on by a byte at most. */
store_progress store_step(void);

#endif
