/* Lamps, flash relay and heartbeat: everything this chip drives.
 *
 * From reset until the first tick every pin is an input without pull-up; drivers need a resistor to
 * ground there (docs/wiring.md). Then they are outputs, low: lamps dark, relay released.
 */
#ifndef STOPLINE_LAMPS_H
#define STOPLINE_LAMPS_H

#include "stopline_core.h"

void lamps_start(void);

/* Drive what a tick decided. What goes out goes out before what comes on is switched on. */
void lamps_show(const sl_table *table, const sl_outputs *outputs);

/* Whether every pin reads as it was driven; 0: an output is held by something else. */
uint8_t lamps_follow(void);

/* One more edge of the heartbeat: a tick is complete. */
void lamps_beat(void);

/* Whether a table is of this kind of board, and names only outputs that it has. */
uint8_t lamps_fit(const sl_table *table);

#endif
