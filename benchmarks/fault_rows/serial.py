"""Faults of the serial line and of what is at its ends, injected between SerialBridge and the firmware's C.

The line is a real pseudo terminal; time is simulated, one for both ends. Each row begins with
phases 2 and 6 green and a control loop that asks for them 10 times a second.
"""

from __future__ import annotations

import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from random import Random

from benchmarks.fault_rows import FaultRow
from edge.errors import DeviceError
from firmware_bridge.host.core import Interval, Mode
from firmware_bridge.host.emulated_device import Pins
from firmware_bridge.table import table_of_signal, to_bytes
from tests.serial_cabinet import SerialCabinet
from tests.signal_tables import EIGHT

MAIN, SIDE = frozenset({2, 6}), frozenset({4, 8})
TABLE = table_of_signal(EIGHT.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 4.0}))
OTHER = table_of_signal(EIGHT.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 6.0}))
#: Long enough for green, yellow, red clearance and start-up of any phase of the table.
LIMIT_S = 60.0
#: What the lamps did, for people, and how long it took.
Outcome = tuple[str, float | None]


def rows() -> list[FaultRow]:
    """Every fault of this module, injected."""
    return [_row(name, inject) for name, inject in _FAULTS.items()]


def _row(name: str, inject: Callable[[SerialCabinet], Outcome]) -> FaultRow:
    with _running() as cabinet:
        did, took_ms = inject(cabinet)
        broken = cabinet.device.broken_law
    return FaultRow(name, "serial", did, took_ms, () if broken is None else (broken,))


@contextmanager
def _running() -> Iterator[SerialCabinet]:
    with tempfile.TemporaryDirectory(prefix="stopline-faults-") as folder:
        cabinet = SerialCabinet(Path(folder), TABLE)
        bridge = cabinet.connect()
        try:
            bridge.wait_ready()
            cabinet.ask(set(MAIN), 16.0)  # green, walk and pedestrian clearance are over: it may end at once
            yield cabinet
        finally:
            bridge.close()
            cabinet.line.unplug()


def _shown(cabinet: SerialCabinet, interval: Interval) -> frozenset[int]:
    pairs = zip(TABLE.channels, cabinet.device.intervals, strict=True)
    return frozenset(channel.number for channel, shown in pairs if shown is interval)


def _greens(cabinet: SerialCabinet) -> frozenset[int]:
    return _shown(cabinet, Interval.GREEN)


def _until(cabinet: SerialCabinet, so: Callable[[], bool], asked: frozenset[int] | None = None) -> float | None:
    """Milliseconds until something is so, in steps of 10, asking meanwhile; None where it never is."""
    for step in range(round(LIMIT_S * 100)):
        if so():
            return step * 10.0
        if asked is not None and step % 10 == 0:
            cabinet.try_to_ask(set(asked))
        cabinet.advance(0.01)
    return None


def _orderly_end(cabinet: SerialCabinet, asked: frozenset[int] | None = None) -> Outcome:
    """Wait for yellow, then for flash."""
    yellow_ms = _until(cabinet, lambda: bool(_shown(cabinet, Interval.YELLOW)), asked)
    flash_ms = _until(cabinet, lambda: cabinet.device.mode is Mode.FLASH, asked)
    if yellow_ms is None or flash_ms is None:
        return "NEVER FLASHED", None
    return f"yellow after {yellow_ms:g} ms, red clearance, flash", yellow_ms + flash_ms


def _still_green(cabinet: SerialCabinet, seconds: float) -> Outcome:
    """Ask on, and say whether the greens ever went."""
    gone_ms = _until_gone(cabinet, seconds)
    return ("stayed as they were", 0.0) if gone_ms is None else ("LOST THEIR GREEN", gone_ms)


def _until_gone(cabinet: SerialCabinet, seconds: float) -> float | None:
    for step in range(round(seconds * 100)):
        if _greens(cabinet) != MAIN:
            return step * 10.0
        if step % 10 == 0:
            cabinet.try_to_ask(set(MAIN))
        cabinet.advance(0.01)
    return None


def _noise(rate: float) -> Callable[[SerialCabinet], Outcome]:
    def inject(cabinet: SerialCabinet) -> Outcome:
        chance = Random(7)

        def noisy(data: bytes) -> bytes:
            return bytes(byte ^ 1 << chance.randrange(8) if chance.random() < rate else byte for byte in data)

        cabinet.emulator.to_device = cabinet.emulator.to_host = noisy
        flashes, mode = 0, cabinet.device.mode
        for _ in range(1200):
            cabinet.try_to_ask(set(MAIN))
            cabinet.advance(0.1)
            flashes += cabinet.device.mode is Mode.FLASH is not mode
            mode = cabinet.device.mode
        spoilt = cabinet.device.counts.total()
        cabinet.emulator.to_device = cabinet.emulator.to_host = bytes
        back_ms = _until(cabinet, lambda: _greens(cabinet) == MAIN, MAIN)
        return f"{spoilt} frames dropped in 120 s, flashed {flashes} times, green again after it", back_ms

    return inject


def _unplugged(cabinet: SerialCabinet) -> Outcome:
    cabinet.line.unplug()
    return _orderly_end(cabinet, MAIN)


def _replugged(cabinet: SerialCabinet) -> Outcome:
    cabinet.line.unplug()
    _orderly_end(cabinet, MAIN)
    cabinet.line.plug()
    took_ms = _until(cabinet, lambda: _greens(cabinet) == MAIN, MAIN)
    return "flashed, then all red and green again by themselves", took_ms


def _other_controller(cabinet: SerialCabinet) -> Outcome:
    cabinet.line.unplug()
    cabinet.advance(1.0)
    cabinet.reboot(to_bytes(OTHER))
    cabinet.line.plug()
    left_ms = _until(cabinet, lambda: cabinet.device.mode is not Mode.FLASH, MAIN)
    return ("flash on: it runs another table", None) if left_ms is None else ("LEFT FLASH", left_ms)


def _silence(cabinet: SerialCabinet) -> Outcome:
    return _orderly_end(cabinet)


def _deaf(cabinet: SerialCabinet) -> Outcome:
    cabinet.emulator.to_device = lambda _data: b""
    return _orderly_end(cabinet, MAIN)


def _dumb(cabinet: SerialCabinet) -> Outcome:
    """Reports are lost: the bridge asks no more, since it would not know what it asks."""
    cabinet.emulator.to_host = lambda _data: b""
    return _orderly_end(cabinet, MAIN)


def _halves(cabinet: SerialCabinet) -> Outcome:
    cabinet.emulator.to_device = lambda data: data[: len(data) // 2]
    return _orderly_end(cabinet, MAIN)


def _replay(cabinet: SerialCabinet) -> Outcome:
    heard: list[bytes] = []

    def record(data: bytes) -> bytes:
        heard.append(data)
        return data

    cabinet.emulator.to_device = record
    for _ in range(20):
        cabinet.try_to_ask(set(SIDE))
        cabinet.advance(0.1)
    _until(cabinet, lambda: _greens(cabinet) == MAIN, MAIN)
    again = b"".join(heard)
    cabinet.emulator.to_device = lambda data: again + data
    did, took_ms = _still_green(cabinet, 10.0)
    return f"{did}; {cabinet.device.counts.total()} frames dropped", took_ms


def _held_back(cabinet: SerialCabinet) -> Outcome:
    """An adapter that holds everything back for 3 s, then sends it at once."""
    held: list[bytes] = []

    def hold(data: bytes) -> bytes:
        held.append(data)
        return b""

    cabinet.emulator.to_device = hold
    for _ in range(30):
        cabinet.try_to_ask(set(MAIN))
        cabinet.advance(0.1)
    cabinet.emulator.to_device = bytes
    before = cabinet.device.requests_refused
    cabinet.device.receive(b"".join(held))
    cabinet.advance(0.01)
    late = cabinet.device.requests_refused - before
    flash_ms = _until(cabinet, lambda: cabinet.device.mode is Mode.FLASH)
    lit = "ended meanwhile and were not lit again" if not _greens(cabinet) else "LIT AGAIN"
    return f"{late} of {len(held)} refused as late; greens {lit}; flash", flash_ms


def _swapped(cabinet: SerialCabinet) -> Outcome:
    """Every second frame is overtaken by the one after it."""
    waiting: list[bytes] = []

    def swap(data: bytes) -> bytes:
        if not waiting:
            waiting.append(data)
            return b""
        return data + waiting.pop()

    cabinet.emulator.to_device = swap
    return _still_green(cabinet, 10.0)


def _restart(cabinet: SerialCabinet) -> Outcome:
    cabinet.reboot()
    took_ms = _until(cabinet, lambda: _greens(cabinet) == MAIN, MAIN)
    return "flash at once, then all red and green again", took_ms


def _fault(cabinet: SerialCabinet) -> Outcome:
    cabinet.device.pins = Pins(platform_fault=18)
    took_ms = _until(cabinet, lambda: cabinet.device.mode is Mode.FLASH, MAIN)
    cabinet.device.pins = Pins()
    try:
        cabinet.bridge.reset()
    except DeviceError:
        return "flash at once; a reset over the wire with nobody there was refused", took_ms
    return "FAULT RESET WITH NOBODY THERE", took_ms


def _load_while_running(cabinet: SerialCabinet) -> Outcome:
    cabinet.device.pins = Pins(door=True)
    before = cabinet.device.table_crc
    try:
        cabinet.bridge.load()
    except DeviceError:
        did, took_ms = _orderly_end(cabinet)
        kept = cabinet.device.table_crc == before
        return f"refused; {did}" if kept else "TABLE CHANGED WHILE LAMPS RAN", took_ms
    return "TABLE CHANGED WHILE LAMPS RAN", None


_FAULTS: dict[str, Callable[[SerialCabinet], Outcome]] = {
    "control falls silent": _silence,
    "cable unplugged": _unplugged,
    "cable plugged in again": _replugged,
    "a controller with another table plugged in": _other_controller,
    "noise, 1 byte in 10 000": _noise(1e-4),
    "noise, 1 byte in 1 000": _noise(1e-3),
    "noise, 1 byte in 100": _noise(1e-2),
    "half frames only, to the controller": _halves,
    "nothing arrives at the controller": _deaf,
    "nothing arrives at the host": _dumb,
    "requests of before, replayed all the time": _replay,
    "requests held back for 3 s by an adapter": _held_back,
    "frames out of order": _swapped,
    "controller restarts in green": _restart,
    "memory fault in the controller": _fault,
    "a table loaded while lamps run": _load_while_running,
}
