#include "clock.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

/* The simulator sets it near its wrap: see tests/firmware. */
volatile uint32_t clock_now_ms;

ISR(TIMER1_COMPA_vect)
{
    clock_now_ms++;
}

void clock_start(void)
{
    TCCR1A = 0;
    OCR1A = (uint16_t)(F_CPU / 1000UL - 1UL);
    TCCR1B = _BV(WGM12) | _BV(CS10);
    TIMSK1 = _BV(OCIE1A);
}

uint32_t clock_ms(void)
{
    uint32_t now_ms;

    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        now_ms = clock_now_ms;
    }
    return now_ms;
}
