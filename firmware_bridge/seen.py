"""What the core shows, as the rest of Stopline reads it: `SignalState`, and sentences for people."""

from __future__ import annotations

from typing import Literal

from edge.clock import NS_PER_MS
from edge.types import Interval, PedInterval, SignalState
from firmware_bridge.timing_table import TimingTable

Mode = Literal["startup", "running", "flash"]

#: By the numbers of `core/stopline_core.h`, which the wire uses too.
INTERVALS = (Interval.RED, Interval.GREEN, Interval.YELLOW, Interval.RED_CLEARANCE)
FLASHING = 4
PEDS = (PedInterval.DONT_WALK, PedInterval.WALK, PedInterval.CLEARANCE, PedInterval.DARK)
MODES: tuple[Mode, ...] = ("flash", "startup", "running")
WHYS: dict[int, str] = {
    1: "the start-up flash is not over",
    2: "there is no timing table to run by",
    3: "the timing table's CRC has not been agreed to",
    4: "no request came in time: greens are ended and the lamps flash",
    5: "the flash switch or the door is on",
    6: "nothing is asked for but what has been asked for too long",
}
FAULTS: dict[int, str] = {
    1: "the timing table breaks a rule of the core",
    2: "the timing table changed in memory",
    3: "the core's state changed in memory",
    4: "two conflicting channels were sensed lit",
    5: "a head was sensed with no lamp lit",
    6: "a head was sensed with two lamps lit",
    7: "the clock stands still",
    16: "no stored copy of the timing table is whole",
    17: "the watchdog restarted a program that hung",
    18: "the program's memory was overwritten",
    19: "a tick came far too late",
    20: "an output does not read back as it was written",
    21: "the registers of the inputs are gone",
}


def fault_text(fault: int, why: int) -> str | None:
    """A sentence on the latched fault, or on why lamps flash or are about to; None where all is well."""
    if fault:
        what = FAULTS.get(fault, f"fault {fault} of the platform")
        return f"latched: {what}; it stays until a person resets it at the cabinet"
    return WHYS.get(why)


def signal_state(
    table: TimingTable,
    *,
    t_ns: int,
    tick_ns: int,
    mode: int,
    intervals: tuple[int, ...],
    ages_ms: tuple[int, ...],
    peds: tuple[int, ...],
    fault: str | None,
    modelled: bool = False,
) -> SignalState:
    """The lamps at t_ns, from what the core said at tick_ns: tuples by channel. Overlaps are left out."""
    phases = [(i, channel) for i, channel in enumerate(table.channels) if channel.number]
    return SignalState(
        t_ns,
        {channel.number: _interval(table, i, intervals[i]) for i, channel in phases},
        {channel.number: tick_ns - ages_ms[i] * NS_PER_MS for i, channel in phases},
        {channel.number: PEDS[peds[i]] for i, channel in phases if channel.walk_cs},
        MODES[mode],
        fault,
        modelled=modelled,
    )


def _interval(table: TimingTable, index: int, number: int) -> Interval:
    if number == FLASHING:
        return Interval.FLASH_YELLOW if index in table.flash_yellow else Interval.FLASH_RED
    return INTERVALS[number]
