/* What this chip is told by wires: the flash switch on its own pin; stop time, reset button and
 * lamp sense through a chain of 74HC165 registers (docs/wiring.md has their bits). */
#ifndef STOPLINE_CABINET_H
#define STOPLINE_CABINET_H

#include "sl_device.h"

void cabinet_start(void);

/* Read all of it once a tick. platform_fault is set where the registers were there and are gone, else left. */
void cabinet_read(const sl_table *table, sl_pins *pins);

#endif
