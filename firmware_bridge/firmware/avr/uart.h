/* The serial line: 8 data bits, no parity, 1 stop bit, BAUD of the Makefile. Interrupts fill and
 * empty two rings; nothing waits. */
#ifndef STOPLINE_UART_H
#define STOPLINE_UART_H

#include <stdint.h>

void uart_start(void);

/* The next byte received; 0 where there is none. */
uint8_t uart_take(uint8_t *byte);

/* Bytes on their way out, all of them and 1, or none and 0 where there is no room. An sl_send. */
uint8_t uart_send(void *unused, const uint8_t *bytes, uint16_t count);

#endif
