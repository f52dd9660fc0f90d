/* Milliseconds since power-up, from timer 1; they wrap after 49 days and the core does not mind. */
#ifndef STOPLINE_CLOCK_H
#define STOPLINE_CLOCK_H

#include <stdint.h>

void clock_start(void);
uint32_t clock_ms(void);

#endif
