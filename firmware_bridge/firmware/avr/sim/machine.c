#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "avr_eeprom.h"
#include "avr_extint.h"
#include "avr_ioport.h"
#include "avr_uart.h"
#include "sim_elf.h"
#include "sim_io.h"
#include "sim_time.h"

/* Addresses in data memory, the same in ATmega328P and ATmega2560. */
#define MCUSR 0x54
#define GPIOR0 0x3e
#define EEARL 0x41
#define EEARH 0x42
#define UBRR0L 0xc4
#define UBRR0H 0xc5
#define BITS_OF_A_BYTE 11u /* simavr counts a parity bit whether there is one or not */

/* --- What the chip drives ------------------------------------------------------------------ */

static void tell_port(machine *m, int i, uint8_t ddr, uint8_t port)
{
    uint8_t shown = (uint8_t)(ddr & ~m->hidden[i]);
    uint8_t was = (uint8_t)(m->ddr[i] & ~m->hidden[i]);
    uint8_t levels = (uint8_t)(m->port[i] & was);

    m->ddr[i] = ddr;
    m->port[i] = port;
    /* A level behind an input is only its pull-up. */
    if (m->events && (was != shown || levels != (port & shown)))
        fprintf(m->events, "P %llu %c %02x %02x\n", (unsigned long long)m->avr->cycle, 'A' + i, shown, port & shown);
}

typedef struct {
    machine *m;
    int i;
} port_of;

static void port_written(avr_irq_t *irq, uint32_t value, void *param)
{
    port_of *p = param;

    tell_port(p->m, p->i, p->m->ddr[p->i], (uint8_t)value);
}

static void ddr_written(avr_irq_t *irq, uint32_t value, void *param)
{
    port_of *p = param;

    tell_port(p->m, p->i, (uint8_t)value, p->m->port[p->i]);
}

static void byte_out(avr_irq_t *irq, uint32_t value, void *param)
{
    machine *m = param;

    if (m->events)
        fprintf(m->events, "U %llu %02x\n", (unsigned long long)m->avr->cycle, value & 0xff);
}

static void gpior_written(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    machine *m = param;
    uint64_t took;

    avr->data[addr] = value;
    if (value) {
        m->tick_began = avr->cycle;
        return;
    }
    took = avr->cycle - m->tick_began;
    m->ticks++;
    m->tick_sum += took;
    if (took > m->tick_worst) {
        m->tick_worst = took;
        m->tick_worst_at = avr->cycle;
    }
    if (m->events)
        fprintf(m->events, "K %llu %llu\n", (unsigned long long)avr->cycle, (unsigned long long)m->tick_began);
    if (m->stop_at_tick) {
        m->tick_over = 1;
        avr->run_cycle_count = 0; /* this instruction is the last one for now */
    }
}

/* --- The serial line ----------------------------------------------------------------------- */

static uint64_t cycles_of_byte(machine *m)
{
    unsigned divisor = m->avr->data[UBRR0L] | (unsigned)m->avr->data[UBRR0H] << 8;

    return (divisor + 1u) * 8u * BITS_OF_A_BYTE;
}

void machine_feed(machine *m, const uint8_t *bytes, size_t count)
{
    if (m->fed_at == m->fed_count)
        m->fed_at = m->fed_count = 0;
    m->fed = realloc(m->fed, m->fed_count + count);
    memcpy(m->fed + m->fed_count, bytes, count);
    m->fed_count += count;
    if (m->feed_cycle < m->avr->cycle)
        m->feed_cycle = m->avr->cycle;
}

static void feed_now(machine *m)
{
    while (m->fed_at < m->fed_count && m->feed_cycle <= m->avr->cycle) {
        avr_raise_irq(avr_io_getirq(m->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_INPUT), m->fed[m->fed_at++]);
        m->feed_cycle += cycles_of_byte(m);
    }
}

/* --- Running ------------------------------------------------------------------------------- */

static void no_sleep(avr_t *avr, avr_cycle_count_t how_long)
{
}

static avr_cycle_count_t stop_here(avr_t *avr, avr_cycle_count_t when, void *param)
{
    return 0;
}

static machine *the_machine; /* simavr's reset callback has no place for it */

static void reset_seen(avr_t *avr)
{
    machine *m = the_machine;

    if (m->core_reset)
        m->core_reset(avr);
    m->was_reset = 1;
}

/* Pins of external interrupts are lamps here: simavr would look at them in every cycle. */
static void ignore_levels(machine *m)
{
    int i;

    for (i = 0; i < EXTINT_COUNT; i++)
        avr_extint_set_strict_lvl_trig(m->avr, (uint8_t)i, 0);
}

/* simavr tells of changes only, and takes what was before the reset for what is now. */
static void forget_levels(machine *m, int i)
{
    avr_irq_t *irq = avr_io_getirq(m->avr, AVR_IOCTL_IOPORT_GETIRQ('A' + i), 0);
    int k;

    for (k = 0; k < IOPORT_IRQ_COUNT; k++)
        irq[k].value = 0xffffffffu;
    irq[IOPORT_IRQ_REG_PORT].value = irq[IOPORT_IRQ_DIRECTION_ALL].value = 0;
}

/* After a reset pins float, and what is outside still drives its inputs. */
static void after_reset(machine *m)
{
    int i, bit;

    m->was_reset = 0;
    ignore_levels(m);
    if (m->eeprom_busy)
        m->eeprom_busy = 0; /* a reset does not stop the writing; it is over before anybody looks */
    for (i = 0; i < 26; i++) {
        if (!m->has_port[i])
            continue;
        tell_port(m, i, 0, 0);
        forget_levels(m, i);
        for (bit = 0; bit < 8; bit++)
            if (m->switches[i][bit] >= 0)
                around_drive(m, (wire){ (char)('A' + i), bit }, m->switches[i][bit]);
    }
    if (m->events)
        fprintf(m->events, "R %llu %02x\n", (unsigned long long)m->avr->cycle, m->avr->data[MCUSR]);
}

int machine_run(machine *m, uint64_t cycles)
{
    uint64_t end = m->avr->cycle + cycles;

    while (m->avr->cycle < end && !m->tick_over) {
        uint64_t until = end;

        feed_now(m);
        if (m->fed_at < m->fed_count && m->feed_cycle < until)
            until = m->feed_cycle;
        avr_cycle_timer_register(m->avr, until - m->avr->cycle, stop_here, m);
        while (m->avr->cycle < until) {
            int state = avr_run(m->avr);

            if (m->was_reset) {
                after_reset(m);
                break;
            }
            if (state == cpu_Done || state == cpu_Crashed)
                return 0;
            if (m->tick_over)
                break;
        }
    }
    return 1;
}

int machine_run_tick(machine *m, uint64_t cycles)
{
    int alive;

    m->stop_at_tick = 1;
    m->tick_over = 0;
    alive = machine_run(m, cycles);
    m->stop_at_tick = m->tick_over = 0;
    return alive;
}

void machine_restart(machine *m, char cause, uint64_t cycles)
{
    avr_t *avr = m->avr;
    uint32_t i;

    if (m->eeprom_busy && cause != 'e') {
        avr_eeprom_desc_t byte = { .offset = (uint16_t)(avr->data[EEARL] | avr->data[EEARH] << 8), .size = 1 };
        uint8_t damaged;

        byte.ee = &damaged;
        avr_ioctl(avr, AVR_IOCTL_EEPROM_GET, &byte);
        damaged ^= 0x5a;
        avr_ioctl(avr, AVR_IOCTL_EEPROM_SET, &byte);
    }
    for (i = 0; i < 26; i++)
        if (m->has_port[i])
            tell_port(m, (int)i, 0, 0);
    avr->cycle += cycles;
    m->fed_at = m->fed_count = 0;
    if (cause != 'e')
        for (i = avr->ioend + 1u; i <= avr->ramend; i++)
            avr->data[i] = (uint8_t)(i * 37u + 11u);
    avr_reset(avr);
    avr->data[MCUSR] = cause == 'p' ? 0x01 : cause == 'b' ? 0x04 : 0x02;
    after_reset(m);
}

/* A chip that hangs takes no bytes, and simavr would tell of each. */
static void console_is_quiet(avr_t *avr, const int level, const char *format, va_list args)
{
}

int machine_make(machine *m, const char *mcu, const char *elf)
{
    elf_firmware_t firmware;
    uint32_t flags = 0;
    int i;

    memset(m, 0, sizeof *m);
    memset(&firmware, 0, sizeof firmware);
    memset(m->switches, -1, sizeof m->switches);
    memset(m->stuck, -1, sizeof m->stuck);
    the_machine = m;
    avr_global_logger_set(console_is_quiet);
    if (elf_read_firmware(elf, &firmware) != 0)
        return 0;
    m->avr = avr_make_mcu_by_name(mcu);
    if (m->avr == 0)
        return 0;
    avr_init(m->avr);
    avr_load_firmware(m->avr, &firmware);
    m->avr->frequency = 16000000;
    m->avr->codeend = m->avr->flashend;
    m->avr->sleep = no_sleep;
    m->core_reset = m->avr->reset;
    m->avr->reset = reset_seen;
    avr_ioctl(m->avr, AVR_IOCTL_UART_SET_FLAGS('0'), &flags);
    avr_irq_register_notify(avr_io_getirq(m->avr, AVR_IOCTL_UART_GETIRQ('0'), UART_IRQ_OUTPUT), byte_out, m);
    avr_register_io_write(m->avr, GPIOR0, gpior_written, m);
    around_eeprom(m);
    ignore_levels(m);
    for (i = 0; i < 26; i++) {
        avr_irq_t *port = avr_io_getirq(m->avr, AVR_IOCTL_IOPORT_GETIRQ('A' + i), IOPORT_IRQ_REG_PORT);
        port_of *p;

        if (port == 0)
            continue;
        p = malloc(sizeof *p);
        p->m = m;
        p->i = i;
        m->has_port[i] = 1;
        avr_irq_register_notify(port, port_written, p);
        avr_irq_register_notify(avr_io_getirq(m->avr, AVR_IOCTL_IOPORT_GETIRQ('A' + i), IOPORT_IRQ_DIRECTION_ALL),
                                ddr_written, p);
        around_reading(m, i);
    }
    return 1;
}
