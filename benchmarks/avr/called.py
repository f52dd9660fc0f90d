"""The core's functions as they stand in the firmware's image, called one by one with any inputs."""

from __future__ import annotations

import struct
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from benchmarks.avr.boards import AvrBoard, layout
from benchmarks.avr.chip import Chip
from firmware_bridge.host.core import CoreInputs, CoreOutputs

_INPUTS = struct.Struct("<BHHHBBBBBIIIII")
_OUTPUTS_HEAD = struct.Struct("<IIIIIBBBBBI")
#: Ticks in one go: their answers fit into a pipe.
_AT_ONCE = 64


@dataclass(frozen=True, slots=True)
class CalledTick:
    """What sl_tick left in sl_outputs, channels as tuples."""

    head: tuple[int, ...]
    intervals: tuple[int, ...]
    ages_ms: tuple[int, ...]
    peds: tuple[int, ...]
    ped_ages_ms: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """One tick's clock and inputs; flip: byte of the table and the bits that change in it before."""

    now_ms: int
    inputs: CoreInputs
    flip: tuple[int, int] | None = None


class CalledCore:
    """sl_boot, sl_tick and sl_table_check of a firmware, in the memory of its chip."""

    def __init__(self, board: AvrBoard) -> None:
        self.board = board
        self.chip = Chip(board)
        self.chip.run_us(5_000)  # variables have their first values
        self.chip.ask("events off")
        self._bytes = layout(board)
        self._table = self.chip.address("table")
        self._state = self.chip.address("device") + self._bytes["at_device_core"]
        self._inputs = self.chip.address("staging")
        self._outputs = self.chip.address("outputs")
        self._loaded = b""

    def load(self, table: bytes) -> None:
        """Put a table of at most the board's channels into its memory."""
        self._loaded = table.ljust(self._bytes["bytes_of_table"], b"\0")
        self.chip.ask(f"poke {self._table} {self._loaded.hex()}")

    def boot(self, now_ms: int) -> None:
        """sl_boot."""
        self.chip.ask(self._call("sl_boot", {24: (self._state, 2), 20: (now_ms, 4)}))

    def table_fault(self) -> tuple[int, int]:
        """sl_table_check: the rule, and the channel."""
        self.chip.ask(self._call("sl_table_check", {24: (self._table, 2), 22: (self._outputs, 2)}))
        registers = bytes.fromhex(self.chip.ask("peek 24 2"))
        return registers[0], self.chip.peek("outputs", 1)[0]

    def ticks(self, calls: Iterable[Call]) -> Iterator[CalledTick]:
        """sl_tick for each call."""
        pending: list[Call] = []
        for call in calls:
            pending.append(call)
            if len(pending) == _AT_ONCE:
                yield from self._ticks(pending)
                pending = []
        yield from self._ticks(pending)

    def _ticks(self, calls: list[Call]) -> Iterator[CalledTick]:
        commands: list[str] = []
        for call in calls:
            if call.flip:
                at, bits = call.flip
                changed = bytearray(self._loaded)
                changed[at] ^= bits
                self._loaded = bytes(changed)
                commands.append(f"poke {self._table} {self._loaded.hex()}")
            commands += [
                f"poke {self._inputs} {_input_bytes(call.inputs).hex()}",
                self._call(
                    "sl_tick",
                    {
                        24: (self._table, 2),
                        22: (self._state, 2),
                        20: (self._inputs, 2),
                        16: (call.now_ms, 4),
                        14: (self._outputs, 2),
                    },
                ),
                f"peek {self._outputs} {self._bytes['bytes_of_outputs']}",
            ]
        told = self.chip.ask_all(commands)
        for command, answer in zip(commands, told, strict=True):
            if command.startswith("peek"):
                yield self._tick(bytes.fromhex(answer))

    def _call(self, function: str, arguments: dict[int, tuple[int, int]]) -> str:
        registers = bytearray(12)
        for first, (value, count) in arguments.items():
            registers[first - 14 : first - 14 + count] = value.to_bytes(count, "little")
        return f"call {self.chip.address(function)} {registers.hex()}"

    def _tick(self, data: bytes) -> CalledTick:
        most = self.board.channels
        used = min(self._loaded[1], most)
        at = _OUTPUTS_HEAD.size
        intervals = tuple(data[at : at + used])
        ages = struct.unpack_from(f"<{most}I", data, at + most)[:used]
        peds = tuple(data[at + 5 * most : at + 5 * most + used])
        ped_ages = struct.unpack_from(f"<{most}I", data, at + 6 * most)[:used]
        return CalledTick(_OUTPUTS_HEAD.unpack_from(data), intervals, ages, peds, ped_ages)


def as_called(outputs: CoreOutputs) -> CalledTick:
    """The same of the Python build."""
    head = (
        outputs.red,
        outputs.yellow,
        outputs.green,
        outputs.walk,
        outputs.dont_walk,
        int(outputs.flash_relay),
        int(outputs.mode),
        outputs.fault,
        int(outputs.why),
        int(outputs.refused),
        outputs.wanted,
    )
    return CalledTick(
        head, tuple(map(int, outputs.intervals)), outputs.ages_ms, tuple(map(int, outputs.peds)), outputs.ped_ages_ms
    )


def _input_bytes(inputs: CoreInputs) -> bytes:
    sense = inputs.sense
    return _INPUTS.pack(
        inputs.request is not None,
        sum(1 << (phase - 1) for phase in inputs.request or ()),
        inputs.ttl_ms,
        sum(1 << (phase - 1) for phase in inputs.ped_calls),
        inputs.agreed,
        inputs.manual_flash,
        inputs.stop_time,
        inputs.reset,
        inputs.platform_fault,
        *((sense.fitted, sense.red, sense.yellow, sense.green, sense.walk) if sense else (0, 0, 0, 0, 0)),
    )
