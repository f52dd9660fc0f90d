#include "uart.h"

#include <avr/interrupt.h>
#include <avr/io.h>
#include <util/atomic.h>

#include "board.h"

#define DIVISOR ((F_CPU + 4UL * BAUD) / (8UL * BAUD) - 1UL)

typedef struct {
    volatile uint8_t first; /* written by whoever takes */
    volatile uint8_t next;  /* written by whoever puts */
} ring;

static ring in, out;
static uint8_t in_bytes[UART_RX_BYTES];
static uint8_t out_bytes[UART_TX_BYTES];

/* Rings are powers of two, of 256 bytes at most: indexes wrap by masking. */
#define IN_MASK ((uint8_t)(UART_RX_BYTES - 1u))
#define OUT_MASK ((uint8_t)(UART_TX_BYTES - 1u))

ISR(UART_RX_vect)
{
    uint8_t broken = UCSR0A & (_BV(FE0) | _BV(DOR0));
    uint8_t byte = UDR0;
    uint8_t after = (uint8_t)(in.next + 1u) & IN_MASK;

    /* A byte that was not heard well is left out: the frame's CRC then fails. */
    if (broken || after == in.first)
        return;
    in_bytes[in.next] = byte;
    in.next = after;
}

ISR(UART_EMPTY_vect)
{
    if (out.first == out.next) {
        UCSR0B &= (uint8_t)~_BV(UDRIE0);
        return;
    }
    UDR0 = out_bytes[out.first];
    out.first = (uint8_t)(out.first + 1u) & OUT_MASK;
}

void uart_start(void)
{
    UCSR0A = _BV(U2X0);
    UCSR0C = _BV(UCSZ01) | _BV(UCSZ00);
    UBRR0H = (uint8_t)(DIVISOR >> 8);
    UBRR0L = (uint8_t)DIVISOR;
    UCSR0B = _BV(RXEN0) | _BV(TXEN0) | _BV(RXCIE0);
}

uint8_t uart_take(uint8_t *byte)
{
    if (in.first == in.next)
        return 0;
    *byte = in_bytes[in.first];
    in.first = (uint8_t)(in.first + 1u) & IN_MASK;
    return 1;
}

uint8_t uart_send(void *unused, const uint8_t *bytes, uint16_t count)
{
    uint8_t used = (uint8_t)(out.next - out.first) & OUT_MASK;
    uint8_t next = out.next;
    uint16_t i;

    (void)unused;
    if (count > (uint16_t)(UART_TX_BYTES - 1u - used))
        return 0;
    for (i = 0; i < count; i++) {
        out_bytes[next] = bytes[i];
        next = (uint8_t)(next + 1u) & OUT_MASK;
    }
    out.next = next;
    ATOMIC_BLOCK(ATOMIC_RESTORESTATE)
    {
        UCSR0B |= _BV(UDRIE0);
    }
    return 1;
}
