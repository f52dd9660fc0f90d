/* What is around the chip: EEPROM's slowness, switches, the chain of registers, shorts. */
#include "machine.h"

#include <stdlib.h>
#include <string.h>

#include "avr_ioport.h"
#include "sim_io.h"
#include "sim_time.h"

/* Addresses in data memory, the same in ATmega328P and ATmega2560. */
#define EECR 0x3f
#define EEPE 0x02
#define EEMPE 0x04

#define EEPROM_WRITE_US 3400u

static int index_of(char port)
{
    return port - 'A';
}

static avr_irq_t *irq_of(machine *m, wire at)
{
    return avr_io_getirq(m->avr, AVR_IOCTL_IOPORT_GETIRQ(at.port), at.bit);
}

/* --- EEPROM that takes 3.4 ms a byte ------------------------------------------------------- */

static avr_cycle_count_t eeprom_done(avr_t *avr, avr_cycle_count_t when, void *param)
{
    machine *m = param;

    m->eeprom_busy = 0;
    avr->data[EECR] &= (uint8_t)~EEPE;
    return 0;
}

static void eecr_written(avr_t *avr, avr_io_addr_t addr, uint8_t value, void *param)
{
    machine *m = param;

    if (m->eeprom_busy) {
        avr->data[EECR] |= EEPE;
        return;
    }
    if ((value & EEPE) && m->eeprom_armed && avr->cycle - m->eeprom_armed <= 6) {
        m->eeprom_busy = 1;
        m->eeprom_armed = 0;
        avr->data[EECR] |= EEPE;
        avr_cycle_timer_register_usec(avr, EEPROM_WRITE_US, eeprom_done, m);
    } else if (value & EEMPE) {
        m->eeprom_armed = avr->cycle;
    }
}

void around_eeprom(machine *m)
{
    avr_register_io_write(m->avr, EECR, eecr_written, m);
}

/* --- Inputs -------------------------------------------------------------------------------- */

void around_drive(machine *m, wire at, int level)
{
    avr_ioport_external_t external = { .name = (unsigned long)at.port };
    int i;

    for (i = 0; i < 8; i++)
        if (m->switches[index_of(at.port)][i] >= 0) {
            external.mask |= (unsigned long)(1u << i);
            external.value |= (unsigned long)(m->switches[index_of(at.port)][i] << i);
        }
    /* Otherwise simavr lets the chip's pull-up win over the switch. */
    avr_ioctl(m->avr, AVR_IOCTL_IOPORT_SET_EXTERNAL(at.port), &external);
    avr_raise_irq(irq_of(m, at), (uint32_t)level);
}

void machine_switch(machine *m, wire at, int level)
{
    m->switches[index_of(at.port)][at.bit] = (int8_t)level;
    around_drive(m, at, level);
}

static void chain_show(machine *m)
{
    int level = 1; /* the resistor to supply */

    if (m->chain_fitted && m->chain_bit < 8 * m->chain_bytes)
        level = m->shifting[m->chain_bit >> 3] >> (7 - (m->chain_bit & 7)) & 1;
    machine_switch(m, m->chain_data, level);
}

static void latch_moved(avr_irq_t *irq, uint32_t value, void *param)
{
    machine *m = param;

    m->latch_level = (int)value & 1;
    if (m->latch_level == 0) {
        memcpy(m->shifting, m->chain, sizeof m->chain);
        m->chain_bit = 0;
        chain_show(m);
    }
}

static void clock_moved(avr_irq_t *irq, uint32_t value, void *param)
{
    machine *m = param;
    int rising = (value & 1) && !m->clock_level;

    m->clock_level = (int)value & 1;
    if (rising && m->latch_level) {
        m->chain_bit++;
        chain_show(m);
    }
}

void machine_chain(machine *m, wire latch, wire clock, wire data)
{
    m->chain_data = data;
    m->latch_level = 1;
    m->hidden[index_of(latch.port)] |= (uint8_t)(1u << latch.bit);
    m->hidden[index_of(clock.port)] |= (uint8_t)(1u << clock.bit);
    avr_irq_register_notify(irq_of(m, latch), latch_moved, m);
    avr_irq_register_notify(irq_of(m, clock), clock_moved, m);
    chain_show(m);
}

void machine_inputs(machine *m, const uint8_t *bytes, int count)
{
    m->chain_fitted = count > 0;
    m->chain_bytes = count;
    memcpy(m->chain, bytes, (size_t)count);
}

/* --- Pins held by something stronger ------------------------------------------------------- */

typedef struct {
    machine *m;
    int i;
    avr_io_read_t read;
    void *param;
} stuck_port;

static uint8_t stuck_read(avr_t *avr, avr_io_addr_t addr, void *param)
{
    stuck_port *s = param;
    uint8_t value = s->read(avr, addr, s->param);
    int bit;

    for (bit = 0; bit < 8; bit++)
        if (s->m->stuck[s->i][bit] >= 0)
            value = (uint8_t)((value & ~(1u << bit)) | (unsigned)s->m->stuck[s->i][bit] << bit);
    avr->data[addr] = value;
    return value;
}

void machine_stuck(machine *m, wire at, int level)
{
    m->stuck[index_of(at.port)][at.bit] = (int8_t)level;
}

/* PIN's address is known to simavr only: the register of this port that is read through a callback. */
void around_reading(machine *m, int i)
{
    avr_ioport_getirq_t query = { 0 };
    avr_io_addr_t io;

    for (io = 0; io < MAX_IOs - 32; io++) {
        avr_io_addr_t addr = (avr_io_addr_t)(io + 32);

        if (m->avr->io[io].r.c == 0)
            continue;
        query.bit.reg = addr;
        query.bit.mask = 0xff;
        if (avr_ioctl(m->avr, AVR_IOCTL_IOPORT_GETIRQ_REGBIT, &query) > 0
            && query.irq[0] == avr_io_getirq(m->avr, AVR_IOCTL_IOPORT_GETIRQ('A' + i), IOPORT_IRQ_PIN_ALL)) {
            stuck_port *s = malloc(sizeof *s);

            s->m = m;
            s->i = i;
            s->read = m->avr->io[io].r.c;
            s->param = m->avr->io[io].r.param;
            m->avr->io[io].r.c = stuck_read;
            m->avr->io[io].r.param = s;
            return;
        }
    }
}
