/* ATmega328P, 16 MHz: 4 channels on 12 outputs. Arduino Uno and Nano have these pins. */
#define BOARD_KIND 1u /* as in boards.py */
#define BOARD_CHANNELS 4
#define BOARD_OUTPUTS 12u

/* From a tick's beginning to its lamps, rounded up; tests hold it to that. */
#define BOARD_TICK_TAKES_MS 3u

#define BOARD_PORTS 3u
#define BOARD_PORT_REGISTERS { &PORTB, &PORTC, &PORTD }
#define BOARD_DDR_REGISTERS { &DDRB, &DDRC, &DDRD }
#define BOARD_PIN_REGISTERS { &PINB, &PINC, &PIND }
#define ON_B(bit) (0u << 3 | (bit))
#define ON_C(bit) (1u << 3 | (bit))
#define ON_D(bit) (2u << 3 | (bit))

/* Logical outputs 0 to 11: D2 to D13. */
#define BOARD_LAMP_PINS \
    { \
        ON_D(2), ON_D(3), ON_D(4), ON_D(5), ON_D(6), ON_D(7), \
        ON_B(0), ON_B(1), ON_B(2), ON_B(3), ON_B(4), ON_B(5) \
    }

#define BOARD_RELAY_PIN ON_C(0)     /* A0 */
#define BOARD_HEARTBEAT_PIN ON_C(1) /* A1 */

/* Chain of 74HC165: A2 latches, A3 clocks, A4 reads. */
#define CHAIN_LATCH_LOW() (PORTC &= (uint8_t)~_BV(2))
#define CHAIN_LATCH_HIGH() (PORTC |= _BV(2))
#define CHAIN_CLOCK_LOW() (PORTC &= (uint8_t)~_BV(3))
#define CHAIN_CLOCK_HIGH() (PORTC |= _BV(3))
#define CHAIN_DATA() (PINC & _BV(4))
#define CHAIN_OUTPUTS() (DDRC |= _BV(2) | _BV(3))

/* Flash switch and door: A5, closed to ground when all is well. An open wire flashes. */
#define SWITCH_PULL_UP() (PORTC |= _BV(5))
#define SWITCH_IS_OPEN() (PINC & _BV(5))

#define UART_RX_vect USART_RX_vect
#define UART_EMPTY_vect USART_UDRE_vect

#define UART_RX_BYTES 64u
#define UART_TX_BYTES 128u
