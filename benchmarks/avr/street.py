"""What hangs on a chip: its lamps as the pins show them, and its switches as the input registers read them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from benchmarks.avr.boards import AvrBoard
from benchmarks.avr.chip import Chip
from firmware_bridge.host.core import CoreOutputs, Mode, Sense, Why
from firmware_bridge.timing_table import Channel, TimingTable

#: Bits of the first input register: cabinet.c.
MARK_LOW, STOP_TIME, RESET, SENSE_FITTED = 0x80, 0x20, 0x10, 0x08


@dataclass(frozen=True, slots=True)
class Lamps:
    """What the pins show, as masks by channel; relay: the chip holds it."""

    red: int = 0
    yellow: int = 0
    green: int = 0
    walk: int = 0
    dont_walk: int = 0
    relay: bool = False

    def as_outputs(self, fault: int) -> CoreOutputs:
        """For the witness, who looks at lamps, relay and fault."""
        return CoreOutputs(
            red=self.red,
            yellow=self.yellow,
            green=self.green,
            walk=self.walk,
            dont_walk=self.dont_walk,
            flash_relay=self.relay,
            mode=Mode.RUN if self.relay else Mode.FLASH,
            fault=fault,
            why=Why.RUNNING,
            refused=False,
            wanted=0,
            intervals=(),
            ages_ms=(),
            peds=(),
            ped_ages_ms=(),
        )


@dataclass(slots=True)
class Switches:
    """What people and lamps do to the inputs. sense: what is lit by the lamps driven before; None: not fitted."""

    door_open: bool = False
    stop_time: bool = False
    reset: bool = False
    chain: bool = True
    sense: Callable[[Lamps], Sense] | None = None

    def chain_hex(self, board: AvrBoard, lamps: Lamps) -> str:
        """Bytes of the input registers in the order in which the chip reads them; empty where there are none."""
        if not self.chain:
            return ""
        bits = 0xFF & ~MARK_LOW
        if self.stop_time:
            bits &= ~STOP_TIME
        if self.reset:
            bits &= ~RESET
        senses = "1" * (4 * board.channels)
        if self.sense is not None:
            bits &= ~SENSE_FITTED
            sensed = self.sense(lamps)
            masks = (sensed.red, sensed.yellow, sensed.green, sensed.walk)
            senses = "".join(str(1 - (mask >> i & 1)) for mask in masks for i in range(board.channels))
        return (bytes([bits]) + int(senses, 2).to_bytes(len(senses) // 8, "big")).hex()


def lamps_of(chip: Chip, table: TimingTable) -> Lamps:
    """By the pins that are driven high now."""

    def mask(output: Callable[[Channel], int | None]) -> int:
        pins = ((i, output(channel)) for i, channel in enumerate(table.channels))
        return sum(1 << i for i, pin in pins if pin is not None and chip.driven(chip.board.lamps[pin]))

    return Lamps(
        mask(lambda channel: channel.red),
        mask(lambda channel: channel.yellow),
        mask(lambda channel: channel.green),
        mask(lambda channel: channel.walk),
        mask(lambda channel: channel.dont_walk),
        chip.driven(chip.board.relay),
    )
