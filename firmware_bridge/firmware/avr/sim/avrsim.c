/* A firmware in simavr, in lock-step with whoever writes commands to it.
 *
 *     avrsim MCU ELF          commands on stdin, events and answers on stdout
 *     avrsim --pty MCU ELF    a serial port for real programs, its name on stdout; not paced exactly
 *
 * A command is a line. Events come before its answer, which is a line that begins with `=`; `! why` is
 * an answer too. Numbers are decimal, bytes hexadecimal, pins a letter and a bit: C4.
 *
 *     run US                       go on for so many microseconds      = CYCLE
 *     cycles N                     go on for so many cycles            = CYCLE
 *     tick US                      go on until a tick is complete, or so long = CYCLE
 *     feed HEX                     bytes to the chip, from now on      = CYCLE at which the last one starts
 *     switch PIN 0|1               level on an input
 *     chain LATCH CLOCK DATA       pins of the chain of 74HC165
 *     inputs [HEX]                 what hangs on the chain; nothing: no chain
 *     stuck PIN 0|1|free           hold a pin whatever the chip drives
 *     restart p|b|e US             power, brown-out or reset line: away so long, then a start
 *     peek ADDR N, poke ADDR HEX   memory                              = HEX
 *     flash ADDR HEX               program memory
 *     eeprom ADDR N, burn ADDR HEX EEPROM                              = HEX
 *     ticks                        since asked last                    = COUNT WORST WORST_AT SUM, in cycles
 *     paint ADDR, stack ADDR       fill from there to the stack; bytes still untouched from there   = BYTES
 *     call ADDR HEX                call a function with registers r14 to r25, interrupts and watchdog off
 *     events on|off
 *     branch, join                 what is between happens to a copy of the machine only
 *     quit
 *
 * Events, with the cycle they happened at:
 *     P CYCLE PORT DDR LEVELS      pins of a port that are driven      U CYCLE BYTE   sent by the chip
 *     K CYCLE BEGAN                a tick is complete                  R CYCLE MCUSR  a start, and its cause
 */
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "avr_eeprom.h"
#include "machine.h"
#include "parts/uart_pty.h"

#define LINE_MOST 65536
#define WDTCSR 0x60

static size_t unhex(const char *text, uint8_t *bytes)
{
    size_t count = 0;
    unsigned byte;

    while (sscanf(text, "%2x", &byte) == 1) {
        bytes[count++] = (uint8_t)byte;
        text += text[1] ? 2 : 1;
    }
    return count;
}

static void hex(const uint8_t *bytes, size_t count)
{
    size_t i;

    printf("= ");
    for (i = 0; i < count; i++)
        printf("%02x", bytes[i]);
    printf("\n");
}

static wire wire_of(const char *text)
{
    return (wire){ text[0], text[1] - '0' };
}

static void cycle_is(const machine *m)
{
    printf("= %llu\n", (unsigned long long)m->avr->cycle);
}

static void ran(const machine *m, int alive)
{
    if (alive)
        cycle_is(m);
    else
        printf("! the program crashed at cycle %llu, pc %x\n", (unsigned long long)m->avr->cycle, m->avr->pc);
}

#define PAINT 0xc5

static void paint_from(machine *m, unsigned from)
{
    unsigned stack = (unsigned)(m->avr->data[0x5d] | m->avr->data[0x5e] << 8);
    unsigned at;

    for (at = from; at < stack; at++)
        m->avr->data[at] = PAINT;
    printf("= %u\n", stack - from);
}

static void untouched_from(machine *m, unsigned from)
{
    unsigned at = from;

    while (at <= m->avr->ramend && m->avr->data[at] == PAINT)
        at++;
    printf("= %u\n", at - from);
}

/* A chip that was called from outside never goes on with its own program. */
static void call(machine *m, unsigned address, const uint8_t *registers)
{
    avr_t *avr = m->avr;
    uint32_t home = avr->flashend - 1u, link = home >> 1;
    uint16_t stack = (uint16_t)(avr->data[0x5d] | avr->data[0x5e] << 8);
    uint64_t end = avr->cycle + 16000000u;
    int i;

    avr->sreg[S_I] = 0;
    avr->data[WDTCSR] = 0;
    avr->data[1] = 0;
    memcpy(avr->data + 14, registers, 12);
    for (i = 0; i < avr->address_size; i++, link >>= 8)
        avr->data[stack--] = (uint8_t)link;
    avr->data[0x5d] = (uint8_t)stack;
    avr->data[0x5e] = (uint8_t)(stack >> 8);
    avr->state = cpu_Running;
    avr->pc = address;
    while (avr->pc != home && avr->cycle < end && avr->state == cpu_Running)
        avr_run(avr);
    if (avr->pc == home)
        cycle_is(m);
    else
        printf("! the function did not return\n");
}

static void eeprom(machine *m, uint32_t ctl, unsigned at, uint8_t *bytes, unsigned count)
{
    avr_eeprom_desc_t what = { .ee = bytes, .offset = (uint16_t)at, .size = count };

    avr_ioctl(m->avr, ctl, &what);
}

/* The child goes on with the commands; the parent waits for it and forgets what it did. 1: we are
 * the child. */
static int branch(void)
{
    pid_t child;

    fflush(stdout);
    child = fork();
    if (child == 0) {
        prctl(PR_SET_PDEATHSIG, SIGKILL);
        printf("=\n");
        return 1;
    }
    waitpid(child, 0, 0);
    return 0;
}

static int obey(machine *m, char *line)
{
    static uint8_t bytes[LINE_MOST];
    static char text[LINE_MOST];
    char one[8], two[8], three[8];
    unsigned long long number;
    unsigned at, count;

    if (sscanf(line, "run %llu", &number) == 1) {
        ran(m, machine_run(m, number * (m->avr->frequency / 1000000u)));
    } else if (sscanf(line, "cycles %llu", &number) == 1) {
        ran(m, machine_run(m, number));
    } else if (sscanf(line, "tick %llu", &number) == 1) {
        ran(m, machine_run_tick(m, number * (m->avr->frequency / 1000000u)));
    } else if (sscanf(line, "feed %65535s", text) == 1) {
        machine_feed(m, bytes, unhex(text, bytes));
        cycle_is(m);
    } else if (sscanf(line, "switch %2s %1s", one, two) == 2) {
        machine_switch(m, wire_of(one), two[0] - '0');
        printf("=\n");
    } else if (sscanf(line, "chain %2s %2s %2s", one, two, three) == 3) {
        machine_chain(m, wire_of(one), wire_of(two), wire_of(three));
        printf("=\n");
    } else if (strncmp(line, "inputs", 6) == 0) {
        count = sscanf(line, "inputs %32s", text) == 1 ? (unsigned)unhex(text, bytes) : 0;
        machine_inputs(m, bytes, (int)count);
        printf("=\n");
    } else if (sscanf(line, "stuck %2s %1s", one, two) == 2) {
        machine_stuck(m, wire_of(one), two[0] == 'f' ? -1 : two[0] - '0');
        printf("=\n");
    } else if (sscanf(line, "restart %1s %llu", one, &number) == 2) {
        machine_restart(m, one[0], number * (m->avr->frequency / 1000000u));
        cycle_is(m);
    } else if (sscanf(line, "peek %u %u", &at, &count) == 2) {
        hex(m->avr->data + at, count);
    } else if (sscanf(line, "poke %u %65535s", &at, text) == 2) {
        memcpy(m->avr->data + at, bytes, unhex(text, bytes));
        printf("=\n");
    } else if (sscanf(line, "flash %u %65535s", &at, text) == 2) {
        memcpy(m->avr->flash + at, bytes, unhex(text, bytes));
        printf("=\n");
    } else if (sscanf(line, "eeprom %u %u", &at, &count) == 2) {
        eeprom(m, AVR_IOCTL_EEPROM_GET, at, bytes, count);
        hex(bytes, count);
    } else if (sscanf(line, "burn %u %65535s", &at, text) == 2) {
        count = (unsigned)unhex(text, bytes);
        eeprom(m, AVR_IOCTL_EEPROM_SET, at, bytes, count);
        printf("=\n");
    } else if (strncmp(line, "ticks", 5) == 0) {
        printf("= %llu %llu %llu %llu\n", (unsigned long long)m->ticks, (unsigned long long)m->tick_worst,
               (unsigned long long)m->tick_worst_at, (unsigned long long)m->tick_sum);
        m->ticks = m->tick_worst = m->tick_worst_at = m->tick_sum = 0;
    } else if (sscanf(line, "paint %u", &at) == 1) {
        paint_from(m, at);
    } else if (sscanf(line, "stack %u", &at) == 1) {
        untouched_from(m, at);
    } else if (sscanf(line, "call %u %65535s", &at, text) == 2 && unhex(text, bytes) == 12) {
        call(m, at, bytes);
    } else if (sscanf(line, "events %3s", one) == 1) {
        m->events = strcmp(one, "on") == 0 ? stdout : 0;
        printf("=\n");
    } else if (strncmp(line, "branch", 6) == 0) {
        if (!branch())
            return 1; /* the copy answered */
    } else if (strncmp(line, "join", 4) == 0) {
        printf("=\n");
        fflush(stdout);
        _exit(0);
    } else if (strncmp(line, "quit", 4) == 0) {
        return 0;
    } else {
        printf("! no such command: %s", line);
    }
    fflush(stdout);
    return 1;
}

static int serve_port(machine *m, const char *mcu)
{
    static uart_pty_t pty;

    /* The door is shut; no input registers. */
    machine_switch(m, wire_of(strcmp(mcu, "atmega2560") == 0 ? "J1" : "C5"), 0);
    m->avr->sleep = avr_callback_sleep_raw; /* about as fast as a real one */
    uart_pty_init(m->avr, &pty);
    uart_pty_connect(&pty, '0');
    printf("%s\n", pty.pty.slavename);
    fflush(stdout);
    while (machine_run(m, 160000u))
        ;
    return 1;
}

int main(int argc, char **argv)
{
    static machine m;
    static char line[2 * LINE_MOST];
    int pty = argc == 4 && strcmp(argv[1], "--pty") == 0;

    if (argc != 3 && !pty) {
        fprintf(stderr, "usage: avrsim [--pty] MCU ELF\n");
        return 64;
    }
    if (!machine_make(&m, argv[argc - 2], argv[argc - 1])) {
        fprintf(stderr, "avrsim: no chip %s, or no program %s\n", argv[argc - 2], argv[argc - 1]);
        return 65;
    }
    if (pty)
        return serve_port(&m, argv[2]);
    m.events = stdout;
    setvbuf(stdin, 0, _IONBF, 0); /* a branch must not find commands that its parent has read */
    while (fgets(line, sizeof line, stdin) && obey(&m, line))
        ;
    return 0;
}
