/* ATmega2560, 16 MHz: 12 channels (8 phases with pedestrians, 4 overlaps) on 52 outputs.
 * Arduino Mega 2560 has these pins on its headers. */
#define BOARD_KIND 2u /* as in boards.py */
#define BOARD_CHANNELS 12
#define BOARD_OUTPUTS 52u

/* From a tick's beginning to its lamps, rounded up; tests hold it to that. */
#define BOARD_TICK_TAKES_MS 5u

#define BOARD_PORTS 8u
#define BOARD_PORT_REGISTERS { &PORTA, &PORTB, &PORTC, &PORTE, &PORTF, &PORTH, &PORTK, &PORTL }
#define BOARD_DDR_REGISTERS { &DDRA, &DDRB, &DDRC, &DDRE, &DDRF, &DDRH, &DDRK, &DDRL }
#define BOARD_PIN_REGISTERS { &PINA, &PINB, &PINC, &PINE, &PINF, &PINH, &PINK, &PINL }
#define ON_A(bit) (0u << 3 | (bit))
#define ON_B(bit) (1u << 3 | (bit))
#define ON_C(bit) (2u << 3 | (bit))
#define ON_E(bit) (3u << 3 | (bit))
#define ON_F(bit) (4u << 3 | (bit))
#define ON_H(bit) (5u << 3 | (bit))
#define ON_K(bit) (6u << 3 | (bit))
#define ON_L(bit) (7u << 3 | (bit))

/* Logical outputs 0 to 51, port by port. */
#define BOARD_LAMP_PINS \
    { \
        ON_A(0), ON_A(1), ON_A(2), ON_A(3), ON_A(4), ON_A(5), ON_A(6), ON_A(7), /* D22 to D29 */ \
        ON_C(0), ON_C(1), ON_C(2), ON_C(3), ON_C(4), ON_C(5), ON_C(6), ON_C(7), /* D37 to D30 */ \
        ON_L(0), ON_L(1), ON_L(2), ON_L(3), ON_L(4), ON_L(5), ON_L(6), ON_L(7), /* D49 to D42 */ \
        ON_F(0), ON_F(1), ON_F(2), ON_F(3), ON_F(4), ON_F(5), ON_F(6), ON_F(7), /* A0 to A7 */ \
        ON_K(0), ON_K(1), ON_K(2), ON_K(3), ON_K(4), ON_K(5), ON_K(6), ON_K(7), /* A8 to A15 */ \
        ON_B(0), ON_B(1), ON_B(2), ON_B(3), ON_B(4), ON_B(5), ON_B(6), ON_B(7), /* D53 to D50, D10 to D13 */ \
        ON_H(3), ON_H(4), ON_H(5), ON_H(6)                                      /* D6 to D9 */ \
    }

#define BOARD_RELAY_PIN ON_E(4)     /* D2 */
#define BOARD_HEARTBEAT_PIN ON_E(5) /* D3 */

/* Chain of 74HC165: D5 latches, D4 clocks, D15 reads. */
#define CHAIN_LATCH_LOW() (PORTE &= (uint8_t)~_BV(3))
#define CHAIN_LATCH_HIGH() (PORTE |= _BV(3))
#define CHAIN_CLOCK_LOW() (PORTG &= (uint8_t)~_BV(5))
#define CHAIN_CLOCK_HIGH() (PORTG |= _BV(5))
#define CHAIN_DATA() (PINJ & _BV(0))
#define CHAIN_OUTPUTS() (DDRE |= _BV(3), DDRG |= _BV(5))

/* Flash switch and door: D14, closed to ground when all is well. An open wire flashes. */
#define SWITCH_PULL_UP() (PORTJ |= _BV(1))
#define SWITCH_IS_OPEN() (PINJ & _BV(1))

#define UART_RX_vect USART0_RX_vect
#define UART_EMPTY_vect USART0_UDRE_vect

#define UART_RX_BYTES 128u
#define UART_TX_BYTES 256u
