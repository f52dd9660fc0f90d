"""A device in memory: the firmware's own C behind bytes, under the caller's clock. It drives nothing.

device = EmulatedDevice(table_bytes)
device.receive(bytes_from_host)
device.tick(now_ms)                  every 10 ms
device.sent()                        bytes for the host
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from firmware_bridge.host.core import CoreMissingError, Fault, Interval, Mode, Sense, Why
from firmware_bridge.wire import WireCounts

_U32 = 0xFFFFFFFF
_ROOM = 16384


@dataclass(frozen=True, slots=True)
class Pins:
    """What the device senses at its cabinet; door or reset: somebody is there."""

    manual_flash: bool = False
    stop_time: bool = False
    door: bool = False
    reset: bool = False
    platform_fault: int = 0
    sense: Sense | None = None


class EmulatedDevice:
    """Powered up at now_ms with a stored table, or none. pins and stores may be set at any time.

    stores: whether its memory takes a table. broken_law: the first law that its lamps broke.
    CoreMissingError without the extension, ValueError for a table that is too long.
    """

    def __init__(
        self,
        table: bytes | None,
        now_ms: int = 0,
        *,
        board: int = 0,
        firmware: int = 0x0100,
        cause: int = 1,
        first_session: int = 0,
    ) -> None:
        try:
            from firmware_bridge.host import _device
        except ImportError as error:
            raise CoreMissingError(
                "the emulated device was not compiled: install a C compiler (apt install gcc python3-dev) and run "
                "pip install --force-reinstall stopline, or pip install --editable . in a clone"
            ) from error
        self._lib: Any = _device.lib
        self._ffi: Any = _device.ffi
        self._host: Any = self._ffi.new("sl_host_device *")
        self._out: Any = self._ffi.new("uint8_t[]", _ROOM)
        self.pins = Pins()
        self.stores = True
        about = self._ffi.new("sl_about *")
        about.board, about.firmware, about.cause = board, firmware, cause
        about.copies, about.first_session = (2 if table else 0), first_session
        data = table or b""
        if not self._lib.sl_host_device_start(self._host, about, data, len(data), now_ms & _U32):
            raise ValueError(f"a table of {len(data)} bytes does not fit into the emulated device")

    def receive(self, data: bytes) -> None:
        """Bytes from the wire."""
        self._lib.sl_host_device_bytes(self._host, data, len(data))

    def tick(self, now_ms: int) -> None:
        """One step of the device; a table that waits to be stored is, or is not, after it."""
        pins, sense = self._ffi.new("sl_pins *"), self.pins.sense or Sense(0, 0, 0, 0)
        pins.manual_flash, pins.stop_time = self.pins.manual_flash, self.pins.stop_time
        pins.door, pins.reset, pins.platform_fault = self.pins.door, self.pins.reset, self.pins.platform_fault
        pins.sense_fitted, pins.sense_walk = sense.fitted, sense.walk
        pins.sense_red, pins.sense_yellow, pins.sense_green = sense.red, sense.yellow, sense.green
        self._lib.sl_host_device_tick(self._host, pins, now_ms & _U32)
        if self._lib.sl_host_device_stores(self._host):
            self._lib.sl_host_device_stored(self._host, self.stores)

    def sent(self) -> bytes:
        """Bytes that it has sent since the last call."""
        count = self._lib.sl_host_device_take(self._host, self._out, _ROOM)
        return bytes(self._ffi.buffer(self._out, count))

    @property
    def mode(self) -> Mode:
        """Of the last tick."""
        return Mode(self._host.outputs.mode)

    @property
    def fault(self) -> int:
        """Latched; `Fault` or a platform's number."""
        return int(self._host.outputs.fault) or int(Fault.OK)

    @property
    def why(self) -> Why:
        """Why it flashes, or is about to."""
        return Why(self._host.outputs.why)

    @property
    def intervals(self) -> tuple[Interval, ...]:
        """By channel."""
        return tuple(Interval(value) for value in self._host.outputs.interval[0 : self._channels])

    @property
    def ages_ms(self) -> tuple[int, ...]:
        """Of the intervals, by channel."""
        return tuple(self._host.outputs.age_ms[0 : self._channels])

    @property
    def table_crc(self) -> int | None:
        """Of the table in use; None without one."""
        return int(self._host.table.crc) if self._host.device.has_table else None

    @property
    def session(self) -> int:
        """The link's; 0 for none."""
        return int(self._host.device.link.session)

    @property
    def counts(self) -> WireCounts:
        """Frames that changed nothing."""
        counts = self._host.device.link.counts
        return WireCounts(counts.damaged, counts.partial, counts.repeated, counts.reordered, counts.foreign)

    @property
    def requests_refused(self) -> int:
        """Since it was powered up."""
        return int(self._host.device.requests_refused)

    @property
    def utc_s(self) -> int | None:
        """The time of day it was told last; None for none."""
        return int(self._host.device.clock_utc_s) or None

    @property
    def broken_law(self) -> str | None:
        """By the witness of sl_laws.h."""
        broken = int(self._host.broken)
        return str(self._ffi.string(self._lib.sl_law_name(broken)).decode()) if broken else None

    @property
    def _channels(self) -> int:
        return int(self._host.table.channels) if self._host.device.has_table else 0
