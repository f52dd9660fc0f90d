"""A chip with everything around it: lamps, door, buttons, lamp sense, transfer relay, and its host.

with AvrCabinet(B328, table) as cabinet:
    cabinet.load()
    cabinet.ticks(700, {2})
    cabinet.lamps.green
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass, field
from typing import Self

from benchmarks.avr.boards import CYCLES_PER_MS, AvrBoard, layout
from benchmarks.avr.chip import Chip, Pins, Sent, Started, TickDone
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Sense, Witness
from firmware_bridge.link import Link
from firmware_bridge.table_bytes import crc_of, to_bytes
from firmware_bridge.timing_table import Channel, TimingTable
from firmware_bridge.wire import FROM_DEVICE, FROM_HOST
from firmware_bridge.wire_messages import (
    MOST_PIECE,
    Answer,
    ClockTime,
    DeviceHello,
    DeviceMessage,
    Kind,
    LoadBegin,
    LoadCommit,
    LoadPiece,
    Report,
    Request,
    Reset,
    Result,
    device_message,
    host_hello,
)

TICK_MS = 10
#: What the host sends begins so long after a tick is complete.
FED_AFTER_US = 3000
#: The transfer relay of docs/wiring.md falls when its charge pump has had no edge for so long.
RELAY_FALLS_MS = 60

#: Bits of the first input register.
MARK_LOW, MARK_HIGH, STOP_TIME, RESET, SENSE_FITTED = 0x80, 0x40, 0x20, 0x10, 0x08


@dataclass(frozen=True, slots=True)
class Lamps:
    """What the pins show at the end of a tick, as masks by channel; relay: the chip holds it."""

    red: int = 0
    yellow: int = 0
    green: int = 0
    walk: int = 0
    dont_walk: int = 0
    relay: bool = False


@dataclass(slots=True)
class Switches:
    """What people and lamps do to the inputs. sense: what is lit; None: not fitted."""

    door_open: bool = False
    stop_time: bool = False
    reset: bool = False
    chain: bool = True
    sense: Callable[[Lamps], Sense] | None = None


@dataclass(slots=True)
class Broken:
    """A law that was broken, when."""

    law: str
    t_ms: float


@dataclass(slots=True)
class _Heard:
    hello: DeviceHello | None = None
    report: Report | None = None
    answers: list[Answer] = field(default_factory=list)
    messages: list[DeviceMessage] = field(default_factory=list)


#: What ticks change, beside the chip and the witness.
_STATE = (
    "switches",
    "lamps",
    "broken",
    "edges",
    "starts",
    "heard",
    "link",
    "fault",
    "_agreed",
    "_beat",
    "_driven",
    "_fault_before",
    "_out",
    "_ticked_at",
    "_stop_held",
    "_wire_out",
)


class AvrCabinet:
    """Steps one tick of the chip at a time; every tick goes by the witness of the laws."""

    def __init__(self, board: AvrBoard, table: TimingTable) -> None:
        self.board = board
        self.chip = Chip(board)
        self.table = table
        self.data = to_bytes(table)
        self.crc = crc_of(self.data)
        self.switches = Switches()
        self.lamps = Lamps()
        self.broken: list[Broken] = []
        self.edges: list[int] = []
        self.starts: list[Started] = []
        self.heard = _Heard()
        self.link = Link(FROM_HOST, FROM_DEVICE)
        self.witness = Witness(self.data)
        self.watch: Callable[[Pins], None] | None = None
        self.fault = 0
        self._fault_command = f"peek {self.chip.address('outputs') + layout(board)['at_outputs_fault']} 1"
        self._beat = 0
        self._agreed = False
        self._fault_before = 0
        self._driven: list[str] = []
        self._out = bytearray()
        self._ticked_at: int | None = None
        self._stop_held = 0
        self._wire_out: Callable[[bytes], bytes] = bytes

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.chip.close()

    # --- time ---

    @property
    def t_ms(self) -> float:
        """Since power-up."""
        return self.chip.cycle / CYCLES_PER_MS

    def relay_held(self) -> bool:
        """Whether the transfer relay outside holds: driven, and with a heartbeat that is not too old."""
        beats = bool(self.edges) and self.chip.cycle - self.edges[-1] < RELAY_FALLS_MS * CYCLES_PER_MS
        return self.chip.driven(self.board.relay) and beats

    def tick(self, request: frozenset[int] | None = None, ttl_ms: int = 300, ped: frozenset[int] = frozenset()) -> bool:
        """One tick. What is asked arrives before it. False where no tick came for 30 ms."""
        if request is not None:
            self._out += self._request(request, ttl_ms, ped)
        self._out += self.link.due(self.chip.cycle * 1000 // 16)
        data = self._wire_out(bytes(self._out))
        self._out.clear()
        # In the second half of the time between two ticks: see count_from_last_byte in main.c.
        feed = [f"run {FED_AFTER_US}", f"feed {data.hex()}"] if data else []
        commands = [*self._inputs(), *feed, "tick 30000", self._fault_command]
        *_, cycle, fault = self.chip.ask_all(commands)
        self.chip.cycle = int(cycle)
        self.fault = int(fault, 16)
        began = self.absorb()
        if began is not None:
            self._see(began, request, ttl_ms, ped)
        return began is not None

    def ticks(self, count: int, request: frozenset[int] | None = None, every: int = 10, ttl_ms: int = 300) -> None:
        """Many of them, asking every so many."""
        for i in range(count):
            self.tick(request if request is not None and i % every == 0 else None, ttl_ms)

    def until(
        self, seen: Callable[[], bool], most_ms: int, request: frozenset[int] | None = None, ttl_ms: int = 300
    ) -> bool:
        """Ticks until something is seen; False where it was not in most_ms."""
        for i in range(most_ms // TICK_MS):
            if seen():
                return True
            self.tick(request if request is not None and i % 10 == 0 else None, ttl_ms)
        return seen()

    @contextmanager
    def branch(self) -> Iterator[None]:
        """What is done inside happens to a copy of everything: afterwards all is as it was."""
        kept = {name: deepcopy(self.__dict__[name]) for name in _STATE}
        witness = self.witness.copy()
        try:
            with self.chip.branch():
                yield
        finally:
            self.__dict__.update(kept)
            self.witness = witness

    # --- the host ---

    def hello(self) -> None:
        """Begin a session, and wait for the first report in it."""
        self.heard = _Heard()
        self.link.cut()
        self.tick()  # what comes before the chip listens is lost
        self._out += self.link.plain(Kind.HELLO, host_hello(self.crc, 1).payload())
        if not self.until(lambda: self.heard.hello is not None, 1000):
            raise AssertionError("no hello")
        hello = self.heard.hello
        assert hello is not None
        self.link.start(hello.session)
        self.link.keep(Kind.CLOCK, ClockTime(1).payload())
        if not self.until(lambda: self.heard.report is not None, 1000):
            raise AssertionError("no report")

    def load(self, data: bytes | None = None, most_ms: int = 30_000) -> Answer:
        """Load a table over the wire; the answer to its commit."""
        if not self.link.session:
            self.hello()
        self.begin_load(data)
        return self._answer_to(Kind.LOAD_COMMIT, most_ms)

    def begin_load(self, data: bytes | None = None) -> None:
        """Send a whole table, and wait for nothing."""
        data = self.data if data is None else data
        self.link.keep(Kind.LOAD_BEGIN, LoadBegin(len(data), crc_of(data)).payload())
        for at in range(0, len(data), MOST_PIECE):
            self.link.keep(Kind.LOAD_PIECE, LoadPiece(at, data[at : at + MOST_PIECE]).payload())
        self.link.keep(Kind.LOAD_COMMIT, LoadCommit(crc_of(data)).payload())

    def reset_fault(self, fault: int) -> Answer:
        """Ask over the wire to clear a latched fault."""
        self.link.keep(Kind.RESET, Reset(fault).payload())
        return self._answer_to(Kind.RESET, 2000)

    def _answer_to(self, kind: Kind, most_ms: int) -> Answer:
        self.heard.answers.clear()
        if not self.until(lambda: any(answer.to == kind for answer in self.heard.answers), most_ms):
            raise AssertionError(f"no answer to {kind.name}")
        return next(answer for answer in self.heard.answers if answer.to == kind)

    def send(self, data: bytes) -> None:
        """Raw bytes, before the next tick."""
        self._out += data

    def through(self, change: Callable[[bytes], bytes]) -> None:
        """A line that changes what goes over it to the chip."""
        self._wire_out = change

    def request_bytes(self, phases: frozenset[int], ttl_ms: int = 300) -> bytes:
        """A request as it goes over the line, not sent."""
        return self._request(phases, ttl_ms, frozenset())

    def _request(self, phases: frozenset[int], ttl_ms: int, ped: frozenset[int]) -> bytes:
        heard_ms = self.heard.report.time_ms if self.heard.report else 0
        message = Request(_mask(phases), ttl_ms, _mask(ped), self.crc, heard_ms)
        return self.link.fresh(Kind.REQUEST, message.payload())

    # --- the chip's memory ---

    def clock_ms(self) -> int:
        """What the chip's clock reads."""
        return int.from_bytes(self.chip.peek("clock_now_ms", 4), "little")

    def set_clock(self, to_ms: int, *, only_clock: bool = False) -> None:
        """Set it, and unless only_clock what the main loop took from it, by the same amount."""
        by_ms = to_ms - self.clock_ms()
        names = ("clock_now_ms",) if only_clock else ("clock_now_ms", "ticked_ms", "drained_ms", "heard_ms")
        for name in names:
            before = int.from_bytes(self.chip.peek(name, 4), "little")
            self.chip.poke(name, ((before + by_ms) & 0xFFFFFFFF).to_bytes(4, "little"))

    def core_state(self) -> tuple[int, int]:
        """Where in `device` the core's state begins, and its bytes."""
        where = layout(self.board)
        return where["at_device_core"], where["bytes_of_state"]

    # --- what comes from the chip ---

    def absorb(self) -> int | None:
        """Take in what the chip told; when its newest tick began."""
        began = None
        received = bytearray()
        for event in self.chip.taken():
            match event:
                case Sent():
                    received.append(event.byte)
                case TickDone():
                    began = event.began
                case Started():
                    self.starts.append(event)
                    self.witness = Witness(self.data)
                    self._ticked_at = None
                    self._agreed = False
                    self._fault_before = 0
                case Pins():
                    self._see_pins(event)
        for frame in self.link.receive(bytes(received)):
            message = device_message(frame.kind, frame.payload)
            self.heard.messages.append(message)
            match message:
                case DeviceHello():
                    self.heard.hello = message
                case Report():
                    self.heard.report = message
                case Answer():
                    self.heard.answers.append(message)
                    if message.to == Kind.LOAD_COMMIT and message.result == Result.DONE:
                        self._agreed = False
                case _:
                    pass
        self.lamps = self._lamps()
        return began

    def _see_pins(self, event: Pins) -> None:
        if self.watch is not None:
            self.watch(event)
        if event.port == self.board.heartbeat.port:
            level = event.levels >> self.board.heartbeat.bit & 1
            if not self.edges or level != self._beat:
                self.edges.append(event.cycle)
            self._beat = level

    def _lamps(self) -> Lamps:
        def mask(output: Callable[[Channel], int | None]) -> int:
            pins = ((i, output(channel)) for i, channel in enumerate(self.table.channels))
            return sum(1 << i for i, pin in pins if pin is not None and self.chip.driven(self.board.lamps[pin]))

        return Lamps(
            mask(lambda channel: channel.red),
            mask(lambda channel: channel.yellow),
            mask(lambda channel: channel.green),
            mask(lambda channel: channel.walk),
            mask(lambda channel: channel.dont_walk),
            self.chip.driven(self.board.relay),
        )

    def _see(self, began: int, request: frozenset[int] | None, ttl_ms: int, ped: frozenset[int]) -> None:
        if request is not None:
            self._agreed = True
        step_ms = TICK_MS if self._ticked_at is None else round((began - self._ticked_at) / CYCLES_PER_MS / 10) * 10
        self._ticked_at = began
        core = CoreInputs(
            request=request,
            ttl_ms=ttl_ms,
            ped_calls=ped,
            agreed=self._agreed,
            manual_flash=self.switches.door_open,
            stop_time=self.switches.stop_time,
            # When a button or a message clears it is the chip's; that somebody is there, the cabinet knows.
            reset=bool(self._fault_before and not self.fault) and (self.switches.reset or self.switches.door_open),
        )
        self._fault_before = self.fault
        law = self.witness.see(core, _as_outputs(self.lamps, self.fault), step_ms, 0 if self._stopped() else step_ms)
        if law:
            self.broken.append(Broken(law, self.t_ms))

    def _stopped(self) -> bool:
        self._stop_held = self._stop_held + 1 if self.switches.stop_time else 0
        return self._stop_held >= 3

    def _inputs(self) -> list[str]:
        """Commands that put the switches to where they are now."""
        commands = [f"switch {self.board.switch} {int(self.switches.door_open)}", f"inputs {self._chain()}"]
        changed = [command for command in commands if command not in self._driven]
        self._driven = commands
        return changed

    def _chain(self) -> str:
        if not self.switches.chain:
            return ""
        bits = 0xFF & ~MARK_LOW
        if self.switches.stop_time:
            bits &= ~STOP_TIME
        if self.switches.reset:
            bits &= ~RESET
        senses = "1" * (4 * self.board.channels)
        if self.switches.sense is not None:
            bits &= ~SENSE_FITTED
            sensed = self.switches.sense(self.lamps)
            masks = (sensed.red, sensed.yellow, sensed.green, sensed.walk)
            senses = "".join(str(1 - (mask >> i & 1)) for mask in masks for i in range(self.board.channels))
        return (bytes([bits]) + int(senses, 2).to_bytes(len(senses) // 8, "big")).hex()


def _mask(phases: frozenset[int]) -> int:
    return sum(1 << (phase - 1) for phase in phases)


def _as_outputs(lamps: Lamps, fault: int) -> CoreOutputs:
    from firmware_bridge.host.core import Mode, Why

    return CoreOutputs(
        red=lamps.red,
        yellow=lamps.yellow,
        green=lamps.green,
        walk=lamps.walk,
        dont_walk=lamps.dont_walk,
        flash_relay=lamps.relay,
        mode=Mode.RUN if lamps.relay else Mode.FLASH,
        fault=fault,
        why=Why.RUNNING,
        refused=False,
        wanted=0,
        intervals=(),
        ages_ms=(),
        peds=(),
        ped_ages_ms=(),
    )
