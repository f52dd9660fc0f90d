"""The signal core and the witness of its laws, compiled for this machine.

    core = SignalCore(table_bytes)
    core.boot(now_ms)
    outputs = core.tick(now_ms, CoreInputs(request=frozenset({2, 6})))     every 10 ms

Time is the caller's: milliseconds of any clock, taken modulo 2^32.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from enum import IntEnum
from functools import cache
from typing import Any

from edge.errors import DeviceError

_U16 = 0xFFFF
_U32 = 0xFFFFFFFF


class CoreMissingError(DeviceError):
    """The extension was not compiled when Stopline was installed."""


class Interval(IntEnum):
    """What a channel's head shows: `sl_interval`."""

    RED = 0
    GREEN = 1
    YELLOW = 2
    CLEARANCE = 3
    FLASHING = 4


class Ped(IntEnum):
    """What a channel's pedestrian head shows: `sl_ped`."""

    DONT_WALK = 0
    WALK = 1
    CLEARANCE = 2
    DARK = 3


class Mode(IntEnum):
    """`sl_mode`."""

    FLASH = 0
    STARTUP = 1
    RUN = 2


class Fault(IntEnum):
    """Latched reasons to flash: `sl_fault`. PLATFORM and above come from what the core runs in."""

    OK = 0
    TABLE = 1
    TABLE_CRC = 2
    STATE = 3
    CONFLICT = 4
    RED_FAIL = 5
    DUAL = 6
    CLOCK = 7
    PLATFORM = 16


class Why(IntEnum):
    """Why the lamps flash or are on their way to it: `sl_why`."""

    RUNNING = 0
    BOOT = 1
    NO_TABLE = 2
    NOT_AGREED = 3
    SILENCE = 4
    MANUAL = 5
    OVERSTAY = 6
    FAULT = 7


class TableFault(IntEnum):
    """The rule that a table breaks: `sl_table_fault`."""

    OK = 0
    VERSION_UNKNOWN = 1
    TOO_MANY_CHANNELS = 2
    NO_CHANNEL = 3
    CRC_WRONG = 4
    STARTUP_RED_SHORT = 5
    MASK_OUTSIDE = 6
    NUMBER_WRONG = 7
    NUMBER_TWICE = 8
    MATRIX_ASYMMETRIC = 9
    MATRIX_SELF = 10
    MIN_GREEN_SHORT = 11
    YELLOW_OUT_OF_RANGE = 12
    RED_CLEARANCE_LONG = 13
    WALK_SHORT = 14
    PED_CLEARANCE_SHORT = 15
    PED_HALF = 16
    OVERLAP_OF_OVERLAP = 17
    OVERLAP_AGAINST_PARENT = 18
    OVERLAP_PEDESTRIANS = 19
    STARTUP_CONFLICT = 20
    STARTUP_OVERLAP = 21
    FLASH_YELLOW_CONFLICT = 22
    OUTPUT_MISSING = 23
    OUTPUT_TWICE = 24


@dataclass(frozen=True, slots=True)
class Sense:
    """What lamps are sensed to do, as masks by channel; channels outside `fitted` are not looked at."""

    fitted: int
    red: int
    yellow: int
    green: int
    walk: int = 0


@dataclass(frozen=True, slots=True)
class CoreInputs:
    """One tick's inputs. Phases are NEMA numbers 1 to 16; a ttl_ms outside 1 to 1000 is refused by the core."""

    request: frozenset[int] | None = None
    ttl_ms: int = 300
    ped_calls: frozenset[int] = frozenset()
    agreed: bool = True
    manual_flash: bool = False
    stop_time: bool = False
    reset: bool = False
    platform_fault: int = 0
    sense: Sense | None = None


@dataclass(frozen=True, slots=True)
class CoreOutputs:
    """One tick's outputs: lamps to switch on as masks by channel, then what the core says of itself.

    flash_relay is True while the core drives the lamps. fault is a `Fault`, or the number
    above `Fault.PLATFORM` that the caller gave. The tuples are by channel of the table.
    """

    red: int
    yellow: int
    green: int
    walk: int
    dont_walk: int
    flash_relay: bool
    mode: Mode
    fault: int
    why: Why
    refused: bool
    wanted: int
    intervals: tuple[Interval, ...]
    ages_ms: tuple[int, ...]
    peds: tuple[Ped, ...]
    ped_ages_ms: tuple[int, ...]


class SignalCore:
    """The C core with its state.

    Args:
        table: bytes as on the wire, head 24 and 28 for each channel. One that
            `table_fault` finds fault with flashes with a latched fault.

    Raises CoreMissingError without the extension, ValueError for bytes of a wrong length.
    """

    def __init__(self, table: bytes) -> None:
        extension = _extension()
        self._lib: Any = extension.lib
        self._table: Any = _loaded(table)
        self._state: Any = extension.ffi.new("sl_state *")
        self._inputs: Any = extension.ffi.new("sl_inputs *")
        self._outputs: Any = extension.ffi.new("sl_outputs *")
        # Bytes of the table and of the state, to be flipped by tests of what memory faults do.
        self.table_memory = memoryview(extension.ffi.buffer(self._table))
        self.state_memory = memoryview(extension.ffi.buffer(self._state))
        self.boot(0)

    def boot(self, now_ms: int) -> None:
        """As at power-up: flash, nothing asked, no fault."""
        self._lib.sl_boot(self._state, now_ms & _U32)

    def tick(self, now_ms: int, inputs: CoreInputs) -> CoreOutputs:
        """One step to now_ms; ValueError for a phase outside 1 to 16."""
        _fill(self._inputs, inputs)
        self._lib.sl_tick(self._table, self._state, self._inputs, now_ms & _U32, self._outputs)
        return _read(self._outputs, min(self._table.channels, self._lib.SL_CHANNELS))

    def run(
        self, before_ms: int, times_ms: range, inputs: CoreInputs, witness: Witness, ask_every: int = 0
    ) -> tuple[CoreOutputs, tuple[str, int] | None]:
        """A tick at each of times_ms without Python in between, all seen by a witness.

        The last tick was at before_ms. A request is handed in at the first tick, and again at
        every ask_every-th where that is not 0. Outputs of the last tick, and the first law broken
        with its instant. ValueError for no tick, or ticks further apart than the core credits.
        """
        most_ms = self._lib.SL_MOST_STEP_MS
        if not times_ms or not 0 < times_ms.step <= most_ms:
            raise ValueError(f"{times_ms}: give at least one tick, ticks 1 to {most_ms} ms apart")
        _fill(self._inputs, inputs)
        broken_ms = _extension().ffi.new("uint32_t *")
        broken = self._lib.sl_host_run(
            self._table,
            self._state,
            *witness.memory,
            self._inputs,
            before_ms & _U32,
            times_ms.start & _U32,
            times_ms.step,
            len(times_ms),
            ask_every,
            self._outputs,
            broken_ms,
        )
        outputs = _read(self._outputs, min(self._table.channels, self._lib.SL_CHANNELS))
        return outputs, (_law_name(broken), int(broken_ms[0])) if broken else None


class Witness:
    """Checks lamps against the laws of `sl_laws.h`, knowing nothing of the core; begins in flash.

    Args:
        table: the one the lamps run by; ValueError where `table_fault` refuses it.
    """

    def __init__(self, table: bytes) -> None:
        if fault := table_fault(table):
            raise ValueError(f"no witness for a table that is refused: {fault[0]} at channel {fault[1]}")
        extension = _extension()
        self._data = table
        self._lib: Any = extension.lib
        self._name: Any = extension.ffi.string
        self._table: Any = _loaded(table)
        self._witness: Any = extension.ffi.new("sl_witness *")
        self._inputs: Any = extension.ffi.new("sl_inputs *")
        self._outputs: Any = extension.ffi.new("sl_outputs *")
        self._look: Any = extension.ffi.new("sl_look *")

    def see(self, inputs: CoreInputs, outputs: CoreOutputs, step_ms: int, credited_ms: int) -> str | None:
        """One step: the first law it breaks, or None.

        step_ms is the time that really passed since the step before; credited_ms what
        `credited_ms` says of the step that the core's clock made.
        """
        _fill(self._inputs, inputs)
        raw = self._outputs
        raw.red, raw.yellow, raw.green, raw.walk = outputs.red, outputs.yellow, outputs.green, outputs.walk
        raw.flash_relay, raw.fault = outputs.flash_relay, outputs.fault
        self._lib.sl_look_at(self._table, self._inputs, raw, step_ms, credited_ms, self._look)
        broken = self._lib.sl_witness_see(self._table, self._witness, self._look)
        return _law_name(broken) if broken else None

    @property
    def memory(self) -> tuple[Any, Any]:
        """Its own `sl_table *` and `sl_witness *`, for `SignalCore.run`."""
        return self._table, self._witness

    def copy(self) -> Witness:
        """Another that has seen the same."""
        other = Witness(self._data)
        other._witness[0] = self._witness[0]  # of its own class
        return other


def credited_ms(clock_step_ms: int, stop_time: bool = False) -> int:
    """What intervals advance by when the core's clock has gone on by clock_step_ms (any integer, modulo 2^32)."""
    return int(_extension().lib.sl_credited_ms(clock_step_ms & _U32, stop_time))


def law_names() -> tuple[str, ...]:
    """Every law, as `Witness.see` names them."""
    names: list[str] = []
    while (name := _law_name(len(names) + 1)) != "no such law":
        names.append(name)
    return tuple(names)


def table_fault(table: bytes) -> tuple[str, int] | None:
    """The first rule that a table breaks and at which channel; None for a good one."""
    extension = _extension()
    channel = extension.ffi.new("uint8_t *")
    fault = TableFault(extension.lib.sl_table_check(_loaded(table), channel))
    return None if fault is TableFault.OK else (fault.name.lower(), int(channel[0]))


def table_crc(table: bytes) -> int:
    """CRC-16/IBM-3740 of a table's bytes with its own crc field taken as 0."""
    return int(_extension().lib.sl_table_crc(_loaded(table)))


@cache
def _extension() -> Any:
    try:
        from firmware_bridge.host import _core
    except ImportError as error:
        raise CoreMissingError(
            "the signal core was not compiled: install a C compiler (apt install gcc python3-dev) and run "
            "pip install --force-reinstall stopline, or pip install --editable . in a clone"
        ) from error
    return _core


def _law_name(law: int) -> str:
    extension = _extension()
    return str(extension.ffi.string(extension.lib.sl_law_name(law)).decode())


def _loaded(table: bytes) -> Any:
    extension = _extension()
    loaded = extension.ffi.new("sl_table *")
    if not extension.lib.sl_host_load(loaded, table, len(table)):
        raise ValueError(f"a table of {len(table)} bytes: it has 24, and 28 for each channel that its byte 1 counts")
    return loaded


def _mask(phases: Iterable[int]) -> int:
    mask = 0
    for phase in phases:
        if not 1 <= phase <= 16:
            raise ValueError(f"phase {phase}: phases are numbered 1 to 16")
        mask |= 1 << (phase - 1)
    return mask


def _fill(raw: Any, inputs: CoreInputs) -> None:
    raw.request_new = inputs.request is not None
    raw.request_phases = _mask(inputs.request or ())
    raw.request_ttl_ms = min(max(inputs.ttl_ms, 0), _U16)
    raw.ped_calls = _mask(inputs.ped_calls)
    raw.agreed = inputs.agreed
    raw.manual_flash = inputs.manual_flash
    raw.stop_time = inputs.stop_time
    raw.reset = inputs.reset
    raw.platform_fault = inputs.platform_fault
    sense = inputs.sense or _NOTHING_SENSED
    raw.sense_fitted, raw.sense_walk = sense.fitted, sense.walk
    raw.sense_red, raw.sense_yellow, raw.sense_green = sense.red, sense.yellow, sense.green


def _read(raw: Any, channels: int) -> CoreOutputs:
    shown = slice(0, channels)
    return CoreOutputs(
        raw.red,
        raw.yellow,
        raw.green,
        raw.walk,
        raw.dont_walk,
        bool(raw.flash_relay),
        _MODES[raw.mode],
        raw.fault,
        _WHYS[raw.why],
        bool(raw.refused),
        raw.wanted,
        tuple(_INTERVALS[value] for value in raw.interval[shown]),
        tuple(raw.age_ms[shown]),
        tuple(_PEDS[value] for value in raw.ped[shown]),
        tuple(raw.ped_age_ms[shown]),
    )


_NOTHING_SENSED = Sense(0, 0, 0, 0)
_MODES = tuple(Mode)
_WHYS = tuple(Why)
_INTERVALS = tuple(Interval)
_PEDS = tuple(Ped)
