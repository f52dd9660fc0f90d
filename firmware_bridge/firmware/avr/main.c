/* The signal core on an AVR: reset, then for ever bytes in, a tick every 10 ms, EEPROM in between.
 *
 * The watchdog is fed, and the heartbeat has its next edge, after a whole tick only: pins read, core
 * stepped, lamps driven. A program that hangs, or a clock that stands still, brings neither; the
 * flash-transfer relay falls without heartbeat in about 60 ms, and the watchdog restarts the chip.
 */
#include <avr/interrupt.h>
#include <avr/io.h>
#include <avr/sleep.h>
#include <avr/wdt.h>

#include "board.h"
#include "cabinet.h"
#include "clock.h"
#include "lamps.h"
#include "sl_device.h"
#include "store.h"
#include "uart.h"

#define FIRMWARE 0x0100u /* 1.0 */
#define TICK_MS 10u
/* An output must read wrong in so many ticks one after the other: long wires are slow. */
#define PINS_TICKS 5u
#define GUARD_WORD 0x6b9e31c7ul

_Static_assert(SL_WIRE_IN_MOST == SL_DEVICE_IN_MOST, "SL_WIRE_IN_MOST of the Makefile");
_Static_assert(SL_WIRE_OUT_MOST == SL_DEVICE_OUT_MOST, "SL_WIRE_OUT_MOST of the Makefile");
_Static_assert(UART_TX_BYTES > SL_DEVICE_OUT_MOST + SL_FRAME_AROUND, "a report would never fit");

/* Where variables end and the stack, growing down, must never come. */
extern uint32_t __heap_start;

uint8_t reset_flags __attribute__((section(".noinit")));

static sl_device device;
static sl_table table, staging;
static sl_pins pins;
static sl_outputs outputs;
static uint32_t ticked_ms;
static uint32_t drained_ms;  /* bytes that are taken now came after this */
static uint32_t heard_ms;    /* the newest request came after this */
static uint8_t no_copy;      /* no stored copy of the table is whole, and none has come since */
static uint8_t remembered;   /* the fault that the EEPROM knows of */
static uint8_t storing;
static uint8_t pins_wrong;

/* Before anything else: after a watchdog reset the watchdog still runs, at its shortest. */
void early(void) __attribute__((naked, used, section(".init3")));
void early(void)
{
    reset_flags = MCUSR;
    MCUSR = 0;
    wdt_enable(WDTO_120MS);
    wdt_reset();
}

static sl_cause cause_of(uint8_t flags)
{
    if (flags & _BV(WDRF))
        return SL_CAUSE_WATCHDOG;
    if (flags & _BV(PORF))
        return SL_CAUSE_POWER;
    if (flags & _BV(BORF))
        return SL_CAUSE_BROWN_OUT;
    return (flags & _BV(EXTRF)) ? SL_CAUSE_RESET : SL_CAUSE_UNKNOWN;
}

/* A fault latched before the power went is latched still: only a person takes it away. */
static void latch_again(uint8_t fault)
{
    device.core.fault = fault;
    device.core.fault_guard = (uint8_t)~fault;
}

static void start(void)
{
    sl_about about;
    uint8_t fault;
    store_found found = store_load(&table, &fault);

    remembered = fault;
    about.cause = (uint8_t)cause_of(reset_flags);
    if (fault == SL_OK && about.cause == SL_CAUSE_WATCHDOG)
        fault = SL_FAULT_WATCHDOG;
    no_copy = found == STORE_DAMAGED;
    about.board = BOARD_KIND;
    about.firmware = FIRMWARE;
    about.copies = store_copies();
    about.first_session = (uint16_t)(store_starts() << 6);
    sl_device_start(&device, &about, &table, found == STORE_FOUND, &staging, uart_send, 0, clock_ms());
    latch_again(fault);
}

static void check_platform(void)
{
    uint8_t follow = lamps_follow();

    pins.platform_fault = SL_OK;
    if (no_copy)
        pins.platform_fault = SL_FAULT_STORAGE;
    pins_wrong = follow ? 0u : pins_wrong < PINS_TICKS ? (uint8_t)(pins_wrong + 1u) : PINS_TICKS;
    if (pins_wrong == PINS_TICKS)
        pins.platform_fault = SL_FAULT_PINS;
    if (__heap_start != GUARD_WORD)
        pins.platform_fault = SL_FAULT_MEMORY;
}

static void keep_table(void)
{
    const sl_table *waiting = sl_device_to_store(&device);
    store_progress progress;

    if (waiting != 0 && !storing) {
        if (!lamps_fit(waiting)) {
            sl_device_stored(&device, 0, store_copies());
            return;
        }
        store_begin(waiting, &table);
        storing = 1;
    }
    progress = store_step();
    if (storing && (progress == STORE_WRITTEN || progress == STORE_FAILED)) {
        storing = 0;
        sl_device_stored(&device, progress == STORE_WRITTEN, store_copies());
        if (progress == STORE_WRITTEN)
            no_copy = 0;
    }
    device.about.copies = store_copies();
}

static void take_bytes(uint32_t now_ms)
{
    uint8_t byte;

    while (uart_take(&byte)) {
        uint32_t before = device.request_number;

        sl_device_byte(&device, byte);
        if (device.request_number != before)
            heard_ms = drained_ms;
    }
    drained_ms = now_ms;
}

/* A request lives from its last byte until the lamps have changed, not from tick to tick: so yellow
 * begins within its time to live and one tick, whenever it came. */
static void count_from_last_byte(uint32_t now_ms)
{
    uint32_t late_ms = now_ms - heard_ms + BOARD_TICK_TAKES_MS;
    uint16_t ttl_ms = device.request_ttl_ms;

    if (device.request_new && ttl_ms != 0 && ttl_ms <= SL_MOST_TTL_MS)
        device.request_ttl_ms = ttl_ms > late_ms ? (uint16_t)(ttl_ms - late_ms) : 1u;
}

static void tick(uint32_t now_ms)
{
    GPIOR0 = 1; /* seen by the simulator, which counts the cycles in between */
    check_platform();
    cabinet_read(device.has_table ? &table : 0, &pins);
    count_from_last_byte(now_ms);
    sl_device_tick(&device, &pins, now_ms, &outputs);
    lamps_show(&table, &outputs);
    if (outputs.fault != remembered) {
        remembered = outputs.fault;
        store_fault(remembered);
    }
    lamps_beat();
    wdt_reset();
    GPIOR0 = 0;
}

int main(void)
{
    lamps_start();
    cabinet_start();
    __heap_start = GUARD_WORD;
    clock_start();
    uart_start();
    start();
    set_sleep_mode(SLEEP_MODE_IDLE);
    sei();
    for (;;) {
        uint32_t now_ms = clock_ms();

        take_bytes(now_ms);
        keep_table();
        if (now_ms - ticked_ms >= TICK_MS) {
            ticked_ms = now_ms - ticked_ms >= 2u * TICK_MS ? now_ms : ticked_ms + TICK_MS;
            tick(now_ms);
        }
        sleep_mode(); /* at most until the next millisecond */
    }
}
