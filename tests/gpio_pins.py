"""GPIO of a board that is not there: gpiozero's own mock pins under a settable clock."""

from __future__ import annotations

from typing import Any

from gpiozero.pins.mock import MockFactory

from calibration.channels import channel_names
from calibration.site import Head, Signal, Wiring
from edge.clock import NS_PER_MS, ReplayClock
from firmware_bridge.core_run import TICK_NS, Watcher
from firmware_bridge.gpio_bridge import GpioBridge
from firmware_bridge.table import table_of_signal
from firmware_bridge.timing_table import TimingTable

RELAY, BEAT, FLASH, DOOR, RESET, STOP = 0, 1, 24, 25, 26, 27


def wired(signal: Signal, first: int = 4, **changes: Any) -> Signal:
    """The signal with its lamps on pins from `first` on, in the order of the table; 2 and 3 are pulled up on a Pi."""
    heads, pin = {}, first
    walking = {str(phase.number) for phase in signal.phases if phase.walk_s is not None}
    for name in channel_names(signal):
        walks = name in walking
        heads[name] = Head(
            red=pin,
            yellow=pin + 1,
            green=pin + 2,
            walk=pin + 3 if walks else None,
            dont_walk=pin + 4 if walks else None,
        )
        pin += 5 if walks else 3
    wiring = Wiring(
        board="gpio",
        heads=heads,
        flash_relay=RELAY,
        heartbeat=BEAT,
        manual_flash=FLASH,
        door=DOOR,
        reset=RESET,
        stop_time=STOP,
    )
    return signal.model_copy(update={"wiring": wiring.model_copy(update=changes)})


class Rack:
    """A GPIO bridge on mock pins, ticked by its test every 10 ms."""

    def __init__(self, signal: Signal, *, start_ns: int = 0, watch: Watcher | None = None) -> None:
        assert signal.wiring is not None
        self.wiring = signal.wiring
        self.clock = ReplayClock()
        self.clock.advance_to(start_ns)
        self.factory = MockFactory()
        self.table: TimingTable = table_of_signal(signal)
        self.bridge = GpioBridge(self.table, self.wiring, self.clock, self.factory, threaded=False, watch=watch)
        for pin in (self.wiring.manual_flash, self.wiring.door):
            if pin is not None:
                self.factory.pin(pin).drive_low()  # closed: all is well; a claimed input is pulled up

    def pass_to(self, t_ns: int) -> None:
        """Tick every 10 ms up to an instant."""
        while self.clock.now_ns() + TICK_NS <= t_ns:
            self.clock.advance_to(self.clock.now_ns() + TICK_NS)
            self.bridge.tick()

    def pass_ms(self, ms: int) -> None:
        self.pass_to(self.clock.now_ns() + ms * NS_PER_MS)

    def level(self, pin: int) -> bool:
        """Whether a pin is high."""
        return bool(self.factory.pin(pin).state)

    def press(self, pin: int, *, down: bool = True) -> None:
        """A button to ground; for the contacts of flash switch and door, open them."""
        opens = pin in {self.wiring.manual_flash, self.wiring.door}
        (self.factory.pin(pin).drive_high if opens is down else self.factory.pin(pin).drive_low)()

    def lit(self) -> set[str]:
        """Lamps that are on: `2 red`."""
        return {
            f"{name} {colour}"
            for name, head in self.wiring.heads.items()
            for colour, pin in head
            if pin is not None and self.level(pin) != self.wiring.active_low
        }
