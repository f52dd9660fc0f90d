/* Which pin does what. README.md has the same as tables.
 *
 * A board gives: its kind, how many logical outputs it has, on which pin each of them is, and the
 * pins of the relay, the heartbeat, the flash switch and the chain of input registers.
 * A pin is (port index << 3) | bit; ports are indexed by BOARD_PORTS.
 */
#ifndef STOPLINE_BOARD_H
#define STOPLINE_BOARD_H

#include <avr/io.h>

#if defined(__AVR_ATmega328P__)
#include "board_328p.h"
#elif defined(__AVR_ATmega2560__)
#include "board_2560.h"
#else
#error "no pin table for this chip: write board_<chip>.h"
#endif

#if SL_CHANNELS != BOARD_CHANNELS
#error "build with -DSL_CHANNELS of the board: see the Makefile"
#endif

#endif
