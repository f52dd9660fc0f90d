"""Lamps, relay, heartbeat, switches and senses on GPIO pins, by gpiozero.

Pins are claimed with the flash relay released and every lamp off, and go back to that
before they are let go.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterable, Mapping
from importlib import import_module
from typing import TypeVar

from gpiozero import Device, Factory, InputDevice, OutputDevice
from gpiozero.exc import GPIOPinInUse, GPIOZeroError, PinInvalidPin

from calibration.site import Wiring
from edge.errors import DeviceError
from firmware_bridge.core_run import Switches
from firmware_bridge.host.core import CoreOutputs, Sense
from firmware_bridge.timing_table import Channel, TimingTable

_Claimed = TypeVar("_Claimed", OutputDevice, InputDevice)
_COLOURS = ("red", "yellow", "green", "walk", "dont_walk")
_GROUP = "let the user into the group that owns /dev/gpiochip*: sudo usermod -aG gpio $USER, then log in anew"


class LampPins:
    """The pins of one wiring. DeviceError naming key and fix where one cannot be had; then none is held."""

    def __init__(self, table: TimingTable, wiring: Wiring, factory: Factory | None = None) -> None:
        self._errors: tuple[type[Exception], ...] = (GPIOZeroError, OSError, *_library_errors())
        self._wiring = wiring
        self._opened: list[OutputDevice | InputDevice] = []
        self._beat = False
        try:
            self._factory = factory if factory is not None else self._default_factory()
            self._relay = self._output(wiring.flash_relay, "flash_relay")
            self._heartbeat = self._output(wiring.heartbeat, "heartbeat", lamp=False)
            self._lamps = [
                (colour, 1 << i, self._output(pin, f"heads.{channel.name}.{colour}"))
                for i, channel in enumerate(table.channels)
                for colour in _COLOURS
                if (pin := _pin_of(channel, colour)) is not None
            ]
            self._switches = {
                key: self._switch(getattr(wiring, key), key) for key in ("manual_flash", "door", "stop_time", "reset")
            }
            self._senses = self._open_senses(table)
        except BaseException:
            self.release()
            raise

    def show(self, out: CoreOutputs) -> None:
        """Switch lamps and relay as the core says. Lamps go off before others come on. DeviceError of the pins."""
        masks = {"red": out.red, "yellow": out.yellow, "green": out.green, "walk": out.walk, "dont_walk": out.dont_walk}
        wanted = [(device, bool(masks[colour] & bit)) for colour, bit, device in self._lamps]
        if self._relay is not None:
            wanted.append((self._relay, out.flash_relay))
        # Within a tick the relay is dropped first and picked up last.
        off = [device for device, on in wanted if device is not None and not on and device.value]
        on = [device for device, on in wanted if device is not None and on and not device.value]
        self._drive("lamps", [device.off for device in reversed(off)] + [device.on for device in on])

    def beat(self) -> None:
        """One edge of the square wave that tells the relay outside that ticks go on."""
        if self._heartbeat is not None:
            self._beat = not self._beat
            self._drive("heartbeat", [self._heartbeat.on if self._beat else self._heartbeat.off])

    def switches(self) -> Switches:
        """What is pressed and sensed now; an open flash or door contact flashes, so does its broken wire.

        DeviceError of the pins.
        """
        try:
            closed = {key: bool(device.value) for key, device in self._switches.items() if device is not None}
            return Switches(
                manual_flash=not (closed.get("manual_flash", True) and closed.get("door", True)),
                stop_time=closed.get("stop_time", False),
                reset=closed.get("reset", False),
                sense=self._sense(),
            )
        except self._errors as wrong:
            raise DeviceError(f"signal.wiring: a switch cannot be read ({wrong}); check the board") from wrong

    def release(self) -> None:
        """Relay released, heartbeat still, lamps off, pins let go. Does as much of it as the pins allow."""
        for device in self._opened:
            for act in (*((device.off,) if isinstance(device, OutputDevice) else ()), device.close):
                try:
                    act()
                except self._errors:
                    continue
        self._opened = []

    def _drive(self, what: str, acts: Iterable[Callable[[], None]]) -> None:
        try:
            for act in acts:
                act()
        except self._errors as wrong:
            raise DeviceError(f"signal.wiring: the {what} cannot be switched ({wrong}); check the board") from wrong

    def _output(self, pin: int | None, key: str, *, lamp: bool = True) -> OutputDevice | None:
        if pin is None:
            return None
        active_high = not (lamp and self._wiring.active_low)
        return self._claimed(pin, key, lambda: OutputDevice(pin, active_high=active_high, pin_factory=self._factory))

    def _switch(self, pin: int | None, key: str) -> InputDevice | None:
        if pin is None:
            return None
        pull_up = not self._wiring.switches_active_high
        return self._claimed(pin, key, lambda: InputDevice(pin, pull_up=pull_up, pin_factory=self._factory))

    def _open_senses(self, table: TimingTable) -> Mapping[str, list[tuple[int, InputDevice]]]:
        opened: dict[str, list[tuple[int, InputDevice]]] = {colour: [] for colour in _COLOURS[:4]}
        for i, channel in enumerate(table.channels):
            row = self._wiring.senses.get(channel.name)
            for colour, devices in opened.items():
                pin = None if row is None else getattr(row, colour)
                if pin is not None:
                    devices.append((1 << i, self._sensed(pin, f"senses.{channel.name}.{colour}")))
        return opened

    def _sensed(self, pin: int, key: str) -> InputDevice:
        return self._claimed(pin, key, lambda: InputDevice(pin, pull_up=False, pin_factory=self._factory))

    def _sense(self) -> Sense | None:
        if not self._senses["red"]:
            return None
        seen = {colour: sum(bit for bit, device in devices if device.value) for colour, devices in self._senses.items()}
        fitted = sum(bit for bit, _ in self._senses["red"])
        return Sense(fitted, seen["red"], seen["yellow"], seen["green"], seen["walk"])

    def _claimed(self, pin: int, key: str, claim: Callable[[], _Claimed]) -> _Claimed:
        where = f"signal.wiring.{key} = {pin}"
        try:
            device = claim()
        except GPIOPinInUse as wrong:
            raise DeviceError(f"{where}: the pin is already in use; end what uses it, or write another") from wrong
        except PinInvalidPin as wrong:
            raise DeviceError(f"{where}: this board has no such pin; write a GPIO number of its header") from wrong
        except PermissionError as wrong:
            raise DeviceError(f"{where}: no permission; {_GROUP}") from wrong
        except self._errors as wrong:
            raise DeviceError(f"{where}: {_reason(wrong)}") from wrong
        self._opened.append(device)
        return device

    def _default_factory(self) -> Factory:
        """The board's own pins. gpiozero tries one library after another and warns of each that does not work."""
        try:
            with warnings.catch_warnings(record=True) as tried:
                warnings.simplefilter("always")
                Device.ensure_pin_factory()
        except self._errors as wrong:
            said = "; ".join(str(one.message) for one in tried) or str(wrong)
            refused = any(word in said.lower() for word in ("permission", "not permitted", "can not open gpiochip"))
            fix = _GROUP if refused else "run it on a Pi with pip install 'stopline[gpio]', or choose another --bridge"
            raise DeviceError(f"signal.wiring: no GPIO pins can be had here ({said}); {fix}") from wrong
        if Device.pin_factory is None:
            raise DeviceError("signal.wiring: no GPIO pins can be had here; choose another --bridge")
        return Device.pin_factory


def _reason(wrong: Exception) -> str:
    said = str(wrong)
    if "busy" in said.lower():
        return "the pin is already in use by another program; end it, or write another pin"
    if "permi" in said.lower():
        return f"no permission ({said}); {_GROUP}"
    return f"cannot be had ({said}); check the board and the pin"


def _pin_of(channel: Channel, colour: str) -> int | None:
    pin = getattr(channel, colour)
    return None if pin is None else int(pin)


def _library_errors() -> tuple[type[Exception], ...]:
    """What the library below gpiozero raises, which is neither OSError nor gpiozero's own."""
    try:
        error = import_module("lgpio").error
    except (ImportError, AttributeError):
        return ()
    return (error,)
