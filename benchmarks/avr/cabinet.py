"""A chip with everything around it: lamps, door, buttons, lamp sense, transfer relay, and its host.

with AvrCabinet(B328, table) as cabinet:
    cabinet.load()
    cabinet.ticks(700, frozenset({2, 6}))
    cabinet.lamps.green
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from dataclasses import dataclass
from typing import Self

from benchmarks.avr.boards import CYCLES_PER_MS, AvrBoard, layout
from benchmarks.avr.chip import Chip, Pins, Sent, Started, TickDone
from benchmarks.avr.host import AvrHost, Heard
from benchmarks.avr.street import Lamps, Switches, lamps_of
from firmware_bridge.host.core import CoreInputs, Witness
from firmware_bridge.table_bytes import crc_of, to_bytes
from firmware_bridge.timing_table import TimingTable
from firmware_bridge.wire_messages import Answer, Kind

TICK_MS = 10
#: What the host sends begins so long after a tick is complete: see count_from_last_byte in main.c.
FED_AFTER_US = 3000
#: The transfer relay of docs/wiring.md falls when its charge pump has had no edge for so long.
RELAY_FALLS_MS = 60
#: A button counts for the chip when it was seen in so many ticks: cabinet.c.
BOUNCE_TICKS = 3


@dataclass(frozen=True, slots=True)
class Broken:
    """A law that was broken, when."""

    law: str
    t_ms: float


#: What ticks change, beside the chip and the witness.
_STATE = (
    "switches",
    "lamps",
    "broken",
    "edges",
    "starts",
    "host",
    "fault",
    "_beat",
    "_driven",
    "_fault_before",
    "_ticked_at",
    "_stop_held",
)


class AvrCabinet:
    """Steps one tick of the chip at a time; every tick goes by the witness of the laws.

    lamps are those of the newest tick, fault what is latched then; broken, edges (cycles of
    the heartbeat's edges) and starts grow.
    """

    def __init__(self, board: AvrBoard, table: TimingTable) -> None:
        self.board = board
        self.chip = Chip(board)
        self.table = table
        self.data = to_bytes(table)
        self.host = AvrHost(crc_of(self.data))
        self.switches = Switches()
        self.lamps = Lamps()
        self.broken: list[Broken] = []
        self.edges: list[int] = []
        self.starts: list[Started] = []
        self.witness = Witness(self.data)
        self.watch: Callable[[Pins], None] | None = None
        self.fault = 0
        self._fault_command = f"peek {self.chip.address('outputs') + layout(board)['at_outputs_fault']} 1"
        self._beat = 0
        self._driven: list[str] = []
        self._fault_before = 0
        self._ticked_at: int | None = None
        self._stop_held = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.chip.close()

    @property
    def heard(self) -> Heard:
        """What the host heard since its last hello."""
        return self.host.heard

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
            self.host.send(self.host.request(request, ttl_ms, ped))
        data = self.host.due(self.chip.cycle * 1000 // 16)
        feed = [f"run {FED_AFTER_US}", f"feed {data.hex()}"] if data else []
        *_, cycle, fault = self.chip.ask_all([*self._inputs(), *feed, "tick 30000", self._fault_command])
        self.chip.cycle = int(cycle)
        self.fault = int(fault, 16)
        began = self.absorb()
        if began is not None:
            self._see(began, request, ttl_ms, ped)
        return began is not None

    def ticks(self, count: int, request: frozenset[int] | None = None) -> None:
        """Many of them, asking in every tenth."""
        for i in range(count):
            self.tick(request if request is not None and i % 10 == 0 else None)

    def until(self, seen: Callable[[], bool], most_ms: int, request: frozenset[int] | None = None) -> bool:
        """Ticks until something is seen; False where it was not in most_ms."""
        for i in range(most_ms // TICK_MS):
            if seen():
                return True
            self.tick(request if request is not None and i % 10 == 0 else None)
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
        self.tick()  # what comes before the chip listens is lost
        self.host.hello()
        if not self.until(lambda: self.heard.hello is not None, 1000):
            raise AssertionError("no hello")
        self.host.begin()
        if not self.until(lambda: self.heard.report is not None, 1000):
            raise AssertionError("no report")

    def load(self, data: bytes | None = None, most_ms: int = 30_000) -> Answer:
        """Load a table over the wire, its own or another; the answer to its commit."""
        if not self.host.link.session:
            self.hello()
        self.host.load(self.data if data is None else data)
        return self._answer_to(Kind.LOAD_COMMIT, most_ms)

    def reset_fault(self, fault: int) -> Answer:
        """Ask over the wire to clear a latched fault."""
        self.host.reset(fault)
        return self._answer_to(Kind.RESET, 2000)

    def _answer_to(self, kind: Kind, most_ms: int) -> Answer:
        self.heard.answers.clear()
        if not self.until(lambda: any(answer.to == kind for answer in self.heard.answers), most_ms):
            raise AssertionError(f"no answer to {kind.name}")
        return next(answer for answer in self.heard.answers if answer.to == kind)

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
        """Take in what the chip told; the cycle at which its newest tick began."""
        began = None
        received = bytearray()
        for event in self.chip.taken():
            match event:
                case Sent():
                    received.append(event.byte)
                case TickDone():
                    began = event.began
                case Started():
                    self._start(event)
                case Pins():
                    self._see_pins(event)
        self.host.take(bytes(received))
        self.lamps = lamps_of(self.chip, self.table)
        return began

    def _start(self, event: Started) -> None:
        self.starts.append(event)
        self.witness = Witness(self.data)
        self.host.agreed = False
        self._ticked_at = None
        self._fault_before = 0

    def _see_pins(self, event: Pins) -> None:
        if self.watch is not None:
            self.watch(event)
        if event.port == self.board.heartbeat.port:
            level = event.levels >> self.board.heartbeat.bit & 1
            if not self.edges or level != self._beat:
                self.edges.append(event.cycle)
            self._beat = level

    def _see(self, began: int, request: frozenset[int] | None, ttl_ms: int, ped: frozenset[int]) -> None:
        if request is not None:
            self.host.agreed = True
        step_ms = TICK_MS if self._ticked_at is None else round((began - self._ticked_at) / CYCLES_PER_MS / 10) * 10
        self._ticked_at = began
        self._stop_held = self._stop_held + 1 if self.switches.stop_time else 0
        inputs = CoreInputs(
            request=request,
            ttl_ms=ttl_ms,
            ped_calls=ped,
            agreed=self.host.agreed,
            manual_flash=self.switches.door_open,
            stop_time=self.switches.stop_time,
            # When a button or a message clears it is the chip's; that somebody is there, the cabinet knows.
            reset=bool(self._fault_before and not self.fault) and (self.switches.reset or self.switches.door_open),
        )
        self._fault_before = self.fault
        credited_ms = 0 if self._stop_held >= BOUNCE_TICKS else step_ms
        law = self.witness.see(inputs, self.lamps.as_outputs(self.fault), step_ms, credited_ms)
        if law:
            self.broken.append(Broken(law, self.t_ms))

    def _inputs(self) -> list[str]:
        """Commands that put the switches to where they are now."""
        chain = self.switches.chain_hex(self.board, self.lamps)
        commands = [f"switch {self.board.switch} {int(self.switches.door_open)}", f"inputs {chain}"]
        changed = [command for command in commands if command not in self._driven]
        self._driven = commands
        return changed
