"""How `stopline bridge` says things: tables, checks, states, for people and as JSON."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from pathlib import Path

from rich.console import Console
from rich.table import Table

from calibration.site import Site
from edge.cli.bridge_open import Lamps
from edge.clock import NS_PER_S
from edge.control.commission import Check, Walked
from edge.errors import StorageError
from edge.types import Interval, SignalState
from firmware_bridge.boards import board_name
from firmware_bridge.host.core import CoreMissingError, table_fault
from firmware_bridge.table import Channel, Flag, TimingTable, table_crc, to_bytes
from firmware_bridge.times_check import TimeCheck

_COLOUR = {
    Interval.GREEN: "green",
    Interval.YELLOW: "yellow",
    Interval.FLASH_YELLOW: "yellow",
    Interval.RED: "red",
    Interval.RED_CLEARANCE: "red",
    Interval.FLASH_RED: "red",
}
#: Columns where no terminal says how many there are: none is cut off.
_WIDE = 160
_VERDICT = {"good": "green", "short": "bold red", "unknown": "dim"}


def print_table(site: Site, table: TimingTable, checks: Iterable[TimeCheck]) -> None:
    """The table for a person: channels, start-up, CRC, and every time with what it needs."""
    console = Console(highlight=False, soft_wrap=True)
    if not console.is_terminal:
        console.width = _WIDE
    console.print(_channels(site, table))
    console.print()
    console.print(
        f"start-up: flash {_s(table.startup_flash_cs)} s, all red {_s(table.startup_red_cs)} s, "
        f"then {_names(table, table.startup) or 'whatever is asked for'}"
    )
    console.print(f"flashes yellow: {_names(table, table.flash_yellow) or 'none'}; all others red")
    console.print(f"outputs for {board_name(table.board)}")
    console.print(f"{len(to_bytes(table))} bytes, CRC {table_crc(table):04x}; {_by_core(table)}")
    console.print()
    checks = tuple(checks)
    console.print(_checks(checks))
    counts = {verdict: sum(check.verdict == verdict for check in checks) for verdict in _VERDICT}
    console.print(f"{counts['good']} good, {counts['short']} short, {counts['unknown']} unknown")


def table_json(site: Site, table: TimingTable, checks: Iterable[TimeCheck]) -> str:
    """The same for programs; times in seconds, masks as lists of names."""
    names = [channel.name for channel in table.channels]
    return json.dumps(
        {
            "site": site.id,
            "board": table.board,
            "crc": f"{table_crc(table):04x}",
            "bytes": to_bytes(table).hex(),
            "startup_flash_s": table.startup_flash_cs / 100,
            "startup_red_s": table.startup_red_cs / 100,
            "startup": sorted(names[i] for i in table.startup),
            "flash_yellow": sorted(names[i] for i in table.flash_yellow),
            "channels": [_channel_json(channel, names) for channel in table.channels],
            "checks": [asdict(check) for check in checks],
        },
        ensure_ascii=False,
    )


def write_table(path: Path, table: TimingTable) -> None:
    """The table's bytes, whole or not at all. StorageError."""
    part = path.with_name(f".{path.name}.part")
    try:
        part.write_bytes(to_bytes(table))
        part.replace(path)
    except OSError as wrong:
        part.unlink(missing_ok=True)
        reason = wrong.strerror or str(wrong)
        raise StorageError(f"{path}: cannot be written ({reason}); choose a folder that exists and has room") from wrong


def load_report(lamps: Lamps) -> str:
    """What is about to be loaded, and where."""
    table = lamps.table
    where = "is stored in " + lamps.spoken if lamps.port else f"is not stored: {lamps.spoken} gets it at every start"
    return (
        f"{lamps.path}: table of {len(table.channels)} channels for {board_name(table.board)}, "
        f"{len(to_bytes(table))} bytes, CRC {table_crc(table):04x}; {_by_core(table)}; it {where}"
    )


def check_rows(checks: Iterable[TimeCheck]) -> str:
    """Short times in one line."""
    return ", ".join(f"{c.time} of {c.channel} ({c.given_s:g} s, needs {c.needed_s or 0:.1f} s)" for c in checks)


def walked_line(walked: Walked) -> str:
    """One phase of an exercise."""
    times = (("green", walked.green_ms), ("yellow", walked.yellow_ms), ("red clearance", walked.red_clearance_ms))
    parts = [f"{name} {'not seen' if ms is None else f'{ms / 1000:.2f} s'}" for name, ms in times]
    return f"phase {walked.phase}: {', '.join(parts)}" + (f"; {walked.conflict}" if walked.conflict else "")


def tested_line(tested: Check) -> str:
    """One check of a self-test."""
    return f"{'good  ' if tested.good else 'FAILED'}  {tested.name}: {tested.seen}"


def state_table(table: TimingTable, state: SignalState) -> Table:
    """A live view: a row for each phase, the mode and fault above."""
    title = f"{state.mode}" + (f": {state.fault}" if state.fault else "")
    shown = Table(title=title, box=None, pad_edge=False)
    for heading in ("phase", "shows", "for", "pedestrians"):
        shown.add_column(heading)
    for channel in table.channels:
        if channel.number:
            interval = state.intervals[channel.number]
            for_s = (state.t_ns - state.since_ns[channel.number]) / NS_PER_S
            walk = state.pedestrian.get(channel.number)
            shown.add_row(
                channel.name,
                f"[{_COLOUR[interval]}]{interval.replace('_', ' ')}[/]",
                f"{for_s:.1f} s",
                "" if walk is None else walk.replace("_", " "),
            )
    return shown


def _channels(site: Site, table: TimingTable) -> Table:
    shown = Table(title=f"{site.name} ({site.id})", title_justify="left", box=None, pad_edge=False)
    headings = (
        "channel",
        "with",
        "min green",
        "yellow",
        "red clr",
        "walk",
        "ped clr",
        "asked at most",
        "red yel grn wlk dwk",
    )
    for heading in headings:
        shown.add_column(heading, no_wrap=heading != "with")
    for channel in table.channels:
        pins = (channel.red, channel.yellow, channel.green, channel.walk, channel.dont_walk)
        walks = channel.walk_cs > 0
        shown.add_row(
            channel.name + (f" = {_names(table, channel.parents, '+')}" if channel.parents else ""),
            _names(table, channel.compatible, " ", but=channel.name) or "none",
            _s(channel.min_green_cs),
            _s(channel.yellow_cs),
            _s(channel.red_clearance_cs),
            _s(channel.walk_cs) + ("" if Flag.PED_RECALL in channel.flags else " on call") if walks else "",
            _s(channel.ped_clearance_cs) if walks else "",
            f"{_s(channel.max_request_cs)}" if channel.max_request_cs else "no limit",
            " ".join("  -" if pin is None else f"{pin:3d}" for pin in pins),
        )
    return shown


def _checks(checks: tuple[TimeCheck, ...]) -> Table:
    shown = Table(box=None, pad_edge=False)
    for heading in ("channel", "time", "given", "needs", "", "by"):
        shown.add_column(heading)
    for check in checks:
        needed = "" if check.needed_s is None else f"{check.needed_s:.2f} s"
        verdict = f"[{_VERDICT[check.verdict]}]{check.verdict}[/]"
        shown.add_row(check.channel, check.time, f"{check.given_s:g} s", needed, verdict, check.how)
    return shown


def _by_core(table: TimingTable) -> str:
    try:
        fault = table_fault(to_bytes(table))
    except CoreMissingError:
        return "not tried on the signal core, which was not compiled"
    return (
        "the signal core takes it" if fault is None else f"the signal core refuses it: {fault[0]}, channel {fault[1]}"
    )


def _channel_json(channel: Channel, names: list[str]) -> dict[str, object]:
    return {
        "name": channel.name,
        "number": channel.number or None,
        "with": sorted(names[i] for i in channel.compatible if names[i] != channel.name),
        "parents": sorted(names[i] for i in channel.parents),
        "min_green_s": channel.min_green_cs / 100,
        "yellow_s": channel.yellow_cs / 100,
        "red_clearance_s": channel.red_clearance_cs / 100,
        "walk_s": channel.walk_cs / 100 if channel.walk_cs else None,
        "ped_clearance_s": channel.ped_clearance_cs / 100 if channel.walk_cs else None,
        "max_request_s": channel.max_request_cs / 100 if channel.max_request_cs else None,
        "flags": sorted(flag.name.lower() for flag in channel.flags),
        "outputs": {
            "red": channel.red,
            "yellow": channel.yellow,
            "green": channel.green,
            "walk": channel.walk,
            "dont_walk": channel.dont_walk,
        },
    }


def _names(table: TimingTable, indexes: Iterable[int], between: str = ", ", but: str = "") -> str:
    return between.join(table.channels[i].name for i in sorted(indexes) if table.channels[i].name != but)


def _s(cs: int) -> str:
    return f"{cs / 100:g}"
