"""Faults of the microcontroller, of its cabinet and its line, injected into the firmware's image in simavr.

Both boards begin with phases 2 and 6 green and a host that asks for them 10 times a second. Lamps are
read from the pins; the witness of the laws sees them after every tick of the chip.
"""

from __future__ import annotations

import random
from collections.abc import Callable

from benchmarks.avr.boards import B328, B2560, CYCLES_PER_MS, AvrBoard
from benchmarks.avr.cabinet import RELAY_FALLS_MS, TICK_MS, AvrCabinet
from benchmarks.avr.running import GREEN, OTHERS, ask_at, ms, running, yellow_begins
from benchmarks.avr.stored import HEAD_BYTES, copy_at
from benchmarks.avr.street import Lamps
from benchmarks.fault_rows import FaultRow
from firmware_bridge.host.core import Sense
from firmware_bridge.wire_messages import Result

#: What the lamps did, for people, and how long it took.
Outcome = tuple[str, float | None]


def rows() -> list[FaultRow]:
    """Every fault of this module, injected into both boards."""
    return [row for board in (B328, B2560) for row in _rows(board)]


def _rows(board: AvrBoard) -> list[FaultRow]:
    made = []
    with running(board) as cabinet:
        for name, inject in FAULTS.items():
            with cabinet.branch():
                did, took_ms = inject(cabinet)
                laws = tuple(sorted({broken.law for broken in cabinet.broken}))
            made.append(FaultRow(name, f"avr {board.name}", did, took_ms, laws))
    return made


def _requests_stop(cabinet: AvrCabinet) -> Outcome:
    phases = random.Random(1)
    longest = 0.0
    for _ in range(50):
        with cabinet.branch():
            arrived = ask_at(cabinet, phases.randrange(TICK_MS * CYCLES_PER_MS))
            begun = yellow_begins(cabinet, 400_000)
            if begun is None:
                return "green went ON", None
            longest = max(longest, ms(begun - arrived))
    cabinet.ticks(1500)
    return f"yellow at the latest {longest:.1f} ms after the last request; then {_now(cabinet)}", longest


def _hang(interrupts: bool) -> Callable[[AvrCabinet], Outcome]:
    def inject(cabinet: AvrCabinet) -> Outcome:
        frozen, begun = cabinet.lamps, cabinet.chip.cycle
        cabinet.chip.hang("sl_tick", interrupts)
        fell = _until_relay_falls(cabinet, begun)
        changed = "" if cabinet.lamps == frozen else ", and CHANGED"
        cabinet.chip.run_us(100_000)
        cabinet.absorb()
        again = ms(cabinet.starts[0].cycle - begun) if cabinet.starts else None
        dark = "dark" if cabinet.lamps == Lamps() else "LIT"
        restart = f"watchdog at {again:.0f} ms" if again else "NEVER restarted"
        return f"froze{changed}; transfer relay fell by itself, then {restart}, pins {dark}", fell

    return inject


def _clock_stops(cabinet: AvrCabinet) -> Outcome:
    begun = cabinet.chip.cycle
    cabinet.chip.ask("poke 111 00")  # TIMSK1: the timer's interrupt is off
    fell = _until_relay_falls(cabinet, begun)
    cabinet.chip.run_us(100_000)
    cabinet.absorb()
    cabinet.hello()
    cabinet.ticks(50, GREEN)
    return f"froze; transfer relay fell by itself; restarted into {_now(cabinet)}", fell


def _until_relay_falls(cabinet: AvrCabinet, begun: int) -> float:
    while cabinet.relay_held():
        cabinet.chip.run_us(1000)
        cabinet.absorb()
        if ms(cabinet.chip.cycle - begun) > 10 * RELAY_FALLS_MS:
            return float("inf")
    return ms(cabinet.chip.cycle - begun)


def _brown_out(cabinet: AvrCabinet) -> Outcome:
    begun = cabinet.t_ms
    cabinet.chip.restart("b", 100_000)
    cabinet.hello()
    lit = "LIT without a request" if cabinet.lamps.relay else "flash"
    cabinet.until(lambda: cabinet.lamps.green != 0, 10_000, GREEN)
    return f"dark, then {lit}, then start-up, all red, {_now(cabinet)}", cabinet.t_ms - begun


def _damaged(copies: tuple[int, ...]) -> Callable[[AvrCabinet], Outcome]:
    def inject(cabinet: AvrCabinet) -> Outcome:
        for copy in copies:
            at = copy_at(cabinet.board, copy) + HEAD_BYTES + 40 + copy
            cabinet.chip.burn(at, bytes([cabinet.chip.eeprom(at, 1)[0] ^ 4]))
        cabinet.chip.restart("p", 100_000)
        begun = cabinet.t_ms
        cabinet.hello()
        cabinet.until(lambda: cabinet.lamps.green != 0, 10_000, GREEN)
        green = cabinet.lamps.green != 0
        if green and len(copies) == 2:
            return "GREEN without a whole table", None
        return ("the other copy was used: " if green else "") + _now(cabinet), cabinet.t_ms - begun if green else None

    return inject


def _power_while_storing(cabinet: AvrCabinet) -> Outcome:
    cabinet.switches.door_open = True
    cabinet.until(lambda: not cabinet.lamps.relay, 60_000, GREEN)
    cuts = random.Random(2)
    found = set()
    for _ in range(20):
        with cabinet.branch():
            cabinet.host.load(cabinet.data)
            cabinet.until(lambda: cabinet.chip.peek("now", 1) != b"\0", 5000)
            cabinet.chip.run_us(cuts.randrange(3_000_000))
            cabinet.chip.restart("p", 100_000)
            cabinet.hello()
            hello = cabinet.heard.hello
            found.add(hello is not None and hello.table_crc == cabinet.host.crc and not cabinet.fault)
    return "flashed; a whole table was found after each of 20 cuts" if found == {True} else "the table was LOST", None


def _fault_and_power(cabinet: AvrCabinet) -> Outcome:
    cabinet.switches.sense = lambda lamps: Sense(0, lamps.red, lamps.yellow, lamps.green | 0b1111, lamps.walk)
    cabinet.until(lambda: cabinet.fault != 0, 2000, GREEN)
    cabinet.ticks(30, GREEN)
    cabinet.switches.sense = None
    cabinet.chip.restart("p", 2_000_000)
    cabinet.hello()
    cabinet.ticks(700, GREEN)
    return f"still {_now(cabinet)}" if cabinet.fault else f"FORGOTTEN: {_now(cabinet)}", None


def _wrap(cabinet: AvrCabinet) -> Outcome:
    cabinet.set_clock((1 << 32) - 1500)
    begun = cabinet.t_ms
    cabinet.until(lambda: bool(cabinet.lamps.green & 0b1100 or cabinet.lamps.green & 0b10001000), 30_000, OTHERS)
    return f"changed phases over the wrap: {_now(cabinet)}", cabinet.t_ms - begun


def _jump(by_ms: int) -> Callable[[AvrCabinet], Outcome]:
    def inject(cabinet: AvrCabinet) -> Outcome:
        cabinet.until(lambda: cabinet.lamps.yellow != 0, 30_000, OTHERS)
        begun = cabinet.t_ms
        cabinet.set_clock((cabinet.clock_ms() + by_ms) & 0xFFFFFFFF, only_clock=True)
        cabinet.until(lambda: cabinet.lamps.yellow == 0, 10_000, OTHERS)
        took = cabinet.t_ms - begun
        return f"yellow in full, then {_now(cabinet)}", took

    return inject


def _noise(rate: float) -> Callable[[AvrCabinet], Outcome]:
    def inject(cabinet: AvrCabinet) -> Outcome:
        noise = random.Random(3)

        def damaged(data: bytes) -> bytes:
            return bytes(b ^ 1 << noise.randrange(8) if noise.random() < rate else b for b in data)

        cabinet.host.through = damaged
        for asked in (OTHERS, GREEN):
            cabinet.ticks(2500, asked)
        cabinet.host.through = bytes
        cabinet.ticks(20, GREEN)
        counts = cabinet.heard.report.counts if cabinet.heard.report else None
        bad = 0 if counts is None else counts.damaged + counts.partial + counts.foreign
        return f"{bad} frames dropped in 50 s; {_now(cabinet)}", None

    return inject


def _replayed(cabinet: AvrCabinet) -> Outcome:
    old = cabinet.host.request(OTHERS)
    cabinet.host.send(old)
    cabinet.ticks(10, GREEN)
    begun = cabinet.t_ms
    for i in range(1200):
        if i % 10 == 0:
            cabinet.host.send(old)
        cabinet.tick()
    return f"the frame counted once: {_now(cabinet)}", cabinet.t_ms - begun


def _half_frames(cabinet: AvrCabinet) -> Outcome:
    begun = cabinet.t_ms
    cabinet.host.through = lambda data: data[: len(data) // 2]
    seen = cabinet.until(lambda: cabinet.lamps.yellow != 0, 2000, GREEN)
    took = cabinet.t_ms - begun
    cabinet.ticks(1200, GREEN)
    return f"{'yellow' if seen else 'NOTHING'}, then {_now(cabinet)}", took


def _conflicting(cabinet: AvrCabinet) -> Outcome:
    for _ in range(30):
        cabinet.ticks(10, GREEN)
        cabinet.tick(frozenset({2, 4}))
    kept = cabinet.lamps.relay and bool(cabinet.lamps.green)
    return f"refused each time: {_now(cabinet)}" if kept else f"OBEYED: {_now(cabinet)}", None


def _other_table(cabinet: AvrCabinet) -> Outcome:
    cabinet.host.crc ^= 1
    begun = cabinet.t_ms
    cabinet.until(lambda: cabinet.lamps.yellow != 0, 2000, GREEN)
    took = cabinet.t_ms - begun
    cabinet.ticks(1200, GREEN)
    cabinet.host.crc ^= 1
    return f"requests refused: yellow, then {_now(cabinet)}", took


def _new_table_while_running(cabinet: AvrCabinet) -> Outcome:
    cabinet.host.load(cabinet.data)
    cabinet.ticks(100, GREEN)
    refused = any(answer.result == Result.NOT_FLASHING for answer in cabinet.heard.answers)
    return f"{'refused' if refused else 'TAKEN'}: {_now(cabinet)}", None


def _until_flash(change: Callable[[AvrCabinet], None], most_ms: int = 3000) -> Callable[[AvrCabinet], Outcome]:
    def inject(cabinet: AvrCabinet) -> Outcome:
        begun = cabinet.t_ms
        change(cabinet)
        cabinet.until(lambda: not cabinet.lamps.relay, most_ms, GREEN)
        return _now(cabinet), cabinet.t_ms - begun

    return inject


def _sensed(sense: Callable[[Lamps], Sense]) -> Callable[[AvrCabinet], Outcome]:
    def change(cabinet: AvrCabinet) -> None:
        cabinet.switches.sense = sense

    return _until_flash(change)


def _door(cabinet: AvrCabinet) -> None:
    cabinet.switches.door_open = True


def _unplugged(cabinet: AvrCabinet) -> None:
    cabinet.switches.chain = False


def _short(cabinet: AvrCabinet) -> None:
    channel = next(c for i, c in enumerate(cabinet.table.channels) if not cabinet.lamps.green >> i & 1)
    if channel.green is not None:
        cabinet.chip.ask(f"stuck {cabinet.board.lamps[channel.green]} 1")


def _table_bit(cabinet: AvrCabinet) -> None:
    byte = cabinet.chip.peek("table", 1, 30)[0]
    cabinet.chip.poke("table", bytes([byte ^ 8]), 30)


def _stack(cabinet: AvrCabinet) -> None:
    cabinet.chip.poke("__heap_start", b"\0")


def _state_bits(cabinet: AvrCabinet) -> Outcome:
    """Every byte of the core's state in turn; some changes are of what may have any value."""
    first, count = cabinet.core_state()
    flashed = 0
    flip = random.Random(4)
    for at in range(first, first + count):
        with cabinet.branch():
            byte = cabinet.chip.peek("device", 1, at)[0]
            cabinet.chip.poke("device", bytes([byte ^ 1 << flip.randrange(8)]), at)
            cabinet.ticks(3, GREEN)
            flashed += not cabinet.lamps.relay
            broken = list(cabinet.broken)
        cabinet.broken += broken
    return f"flashed at once for {flashed} of {count} bytes, went on for the others", None


def _now(cabinet: AvrCabinet) -> str:
    """What is shown, in words."""
    if cabinet.lamps.relay:
        return "green" if cabinet.lamps.green else "yellow" if cabinet.lamps.yellow else "all red"
    return f"flash, latched: {_FAULT_NAMES.get(cabinet.fault, cabinet.fault)}" if cabinet.fault else "flash"


_FAULT_NAMES = {
    1: "TABLE",
    2: "TABLE_CRC",
    3: "STATE",
    4: "CONFLICT",
    5: "RED_FAIL",
    6: "DUAL",
    7: "CLOCK",
    16: "STORAGE",
    17: "WATCHDOG",
    18: "MEMORY",
    20: "PINS",
    21: "INPUTS",
}

FAULTS: dict[str, Callable[[AvrCabinet], Outcome]] = {
    "requests stop, at 50 instants of a tick": _requests_stop,
    "program hangs, interrupts go on": _hang(interrupts=True),
    "program hangs with interrupts off": _hang(interrupts=False),
    "timer stops": _clock_stops,
    "brown-out for 100 ms": _brown_out,
    "one EEPROM copy damaged, power-up": _damaged((0,)),
    "the other EEPROM copy damaged, power-up": _damaged((1,)),
    "both EEPROM copies damaged, power-up": _damaged((0, 1)),
    "power fails while a table is stored": _power_while_storing,
    "power fails while a fault is latched": _fault_and_power,
    "clock wraps after 49 days": _wrap,
    "clock jumps an hour ahead in yellow": _jump(3_600_000),
    "clock runs back 10 s in yellow": _jump(-10_000),
    "bit errors, 1 byte of 1000": _noise(1e-3),
    "bit errors, 1 byte of 100": _noise(1e-2),
    "old request replayed for 12 s": _replayed,
    "half frames": _half_frames,
    "conflicting phases asked between good requests": _conflicting,
    "requests by another table": _other_table,
    "new table sent while running": _new_table_while_running,
    "door opened": _until_flash(_door, 30_000),
    "sensed: conflict": _sensed(lambda s: Sense(0, s.red, s.yellow, s.green | 0b1111, s.walk)),
    "sensed: reds dark": _sensed(lambda s: Sense(0, 0, s.yellow, s.green, s.walk)),
    "sensed: red beside green": _sensed(lambda s: Sense(0, s.red | s.green, s.yellow, s.green, s.walk)),
    "input registers unplugged": _until_flash(_unplugged),
    "output shorted to supply": _until_flash(_short),
    "bit of the table flips in memory": _until_flash(_table_bit),
    "bits of the state flip in memory, one after the other": _state_bits,
    "stack overruns its guard": _until_flash(_stack),
}
