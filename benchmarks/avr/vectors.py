"""The vectors of the core on the chip: called function by function, and through its serial line and pins."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

from benchmarks.avr.boards import AvrBoard
from benchmarks.avr.cabinet import TICK_MS, AvrCabinet
from benchmarks.avr.called import Call, CalledCore, as_called
from benchmarks.avr.stored import copy_at, copy_bytes
from firmware_bridge.host.core import CoreInputs, CoreOutputs, SignalCore, TableFault, table_fault
from firmware_bridge.table_bytes import from_bytes, to_bytes
from firmware_bridge.timing_table import TimingTable
from firmware_bridge.vectors.files import read_tables
from firmware_bridge.vectors.scenario import Scenario, Tick, sensed, ticks


@dataclass(frozen=True, slots=True)
class Difference:
    """Where the chip was not like the vectors' Python build."""

    scenario: str
    t_ms: int
    chip: object
    python: object


def called(core: CalledCore, scenario: Scenario) -> Difference | None:
    """Run a scenario by calling the core of the image; every field of every tick is compared."""
    core.load(scenario.table)
    core.boot(scenario.boot_ms)
    python = list(_python(scenario))
    calls = (Call(tick.now_ms, inputs, tick.corrupt) for tick, inputs, _ in python)
    for (tick, _, outputs), seen in zip(python, core.ticks(calls), strict=True):
        if seen != as_called(outputs):
            return Difference(scenario.name, tick.t_ms, seen, as_called(outputs))
    return None


def _python(scenario: Scenario) -> Iterator[tuple[Tick, CoreInputs, CoreOutputs]]:
    core = SignalCore(scenario.table)
    core.boot(scenario.boot_ms)
    outputs: CoreOutputs | None = None
    for tick in ticks(scenario):
        if tick.corrupt:
            byte, flipped = tick.corrupt
            core.table_memory[byte] ^= flipped
        inputs = tick.inputs if tick.sense is None else replace(tick.inputs, sense=sensed(tick.sense, outputs))
        outputs = core.tick(tick.now_ms, inputs)
        yield tick, inputs, outputs


def wrong_tables(core: CalledCore) -> tuple[int, list[str]]:
    """How many tables of the vectors the chip's sl_table_check judged, and the names of those judged otherwise."""
    fitting = [case for case in read_tables() if case.table[1] <= core.board.channels]
    wrong = []
    for case in fitting:
        core.load(case.table)
        if core.table_fault() != ((TableFault[case.fault.upper()], case.channel) if case.fault else (0, 0)):
            wrong.append(case.name)
    return len(fitting), wrong


#: What a host and the cabinet can do to a chip.
_FROM_OUTSIDE = {"ask", "ped", "manual", "stop", "sense"}


def can_be_wired(scenario: Scenario, board: AvrBoard) -> bool:
    """Whether line and pins can bring all of a scenario's inputs, and the board has lamps for it."""
    keys = {key for _, change in scenario.inputs for key in change}
    senses = (change["sense"] for _, change in scenario.inputs if change.get("sense"))
    return (
        keys <= _FROM_OUTSIDE
        and scenario.tick_ms == TICK_MS
        and scenario.boot_ms == 0
        and table_fault(scenario.table) is None
        and scenario.table[1] <= board.channels
        and _outputs_needed(scenario) <= len(board.lamps)
        and all(sense["fitted"] == (1 << scenario.table[1]) - 1 for sense in senses)
        # A pedestrian call goes with a request.
        and all(tick.inputs.request is not None for tick in ticks(scenario) if tick.inputs.ped_calls)
    )


def _outputs_needed(scenario: Scenario) -> int:
    return sum(5 if channel.walk_cs else 3 for channel in from_bytes(scenario.table).channels)


def _on_board(scenario: Scenario, board: AvrBoard) -> TimingTable:
    """The scenario's table with lamps on the board's outputs."""
    table = from_bytes(scenario.table)
    free = iter(range(len(board.lamps)))
    channels = tuple(
        replace(
            channel,
            red=next(free),
            yellow=next(free),
            green=next(free),
            walk=next(free) if channel.walk_cs else None,
            dont_walk=next(free) if channel.walk_cs else None,
        )
        for channel in table.channels
    )
    return replace(table, board=board.number, channels=channels)


def wired(scenario: Scenario, board: AvrBoard) -> Difference | None:
    """Run a scenario through the serial line and the pins; lamps, relay and fault of every tick are compared.

    The chip starts with the table in its EEPROM; its host says hello, then time 0 of the scenario begins.
    """
    table = _on_board(scenario, board)
    data = to_bytes(table)
    with AvrCabinet(board, table) as cabinet:
        for copy in (0, 1):
            cabinet.chip.burn(copy_at(board, copy), copy_bytes(data))
        cabinet.hello()
        core = SignalCore(data)
        core.boot(0)
        plan = list(ticks(scenario))
        # A button counts when it was seen in three ticks: it is pressed so much earlier.
        cabinet.switches.stop_time = plan[0].inputs.stop_time
        cabinet.ticks(2)
        before_ms = int.from_bytes(cabinet.chip.peek("ticked_ms", 4), "little")
        outputs = [core.tick(t_ms, CoreInputs(agreed=False)) for t_ms in range(TICK_MS, before_ms + 1, TICK_MS)][-1]
        agreed = False
        for i, tick in enumerate(plan):
            cabinet.switches.stop_time = any(later.inputs.stop_time for later in plan[i : i + 3])
            cabinet.switches.door_open = tick.inputs.manual_flash
            rule = tick.sense
            seen = sensed(rule, outputs)
            cabinet.switches.sense = None if seen is None else lambda _, seen=seen: seen
            agreed = agreed or tick.inputs.request is not None
            outputs = core.tick(before_ms + tick.t_ms, replace(tick.inputs, agreed=agreed, sense=seen))
            cabinet.tick(tick.inputs.request, tick.inputs.ttl_ms, tick.inputs.ped_calls)
            python = (outputs.red, outputs.yellow, outputs.green, outputs.walk, outputs.dont_walk, outputs.flash_relay)
            lamps = cabinet.lamps
            chip = (lamps.red, lamps.yellow, lamps.green, lamps.walk, lamps.dont_walk, lamps.relay)
            if (chip, cabinet.fault) != (python, outputs.fault):
                return Difference(scenario.name, tick.t_ms, (chip, cabinet.fault), (python, outputs.fault))
        if cabinet.broken:
            return Difference(scenario.name, round(cabinet.broken[0].t_ms), cabinet.broken[0].law, None)
    return None
