"""From a site to the timing table that its lamps run by.

    site.toml ─→ table_of ─→ TimingTable ─→ to_bytes ─→ core, wire, EEPROM

What the core would refuse is refused here first, in the words of the site file.
"""

from __future__ import annotations

import zlib
from collections.abc import Iterable, Mapping

from calibration.channels import channel_names, together
from calibration.check_lamps import USUAL_WALK_S, check_lamps
from calibration.check_signal import check_signal
from calibration.finding import At, Finding, path_of
from calibration.site import Head, Overlap, Phase, Signal, Site
from edge.errors import SiteError
from firmware_bridge.boards import ANY, BOARDS, Board
from firmware_bridge.table_bytes import from_bytes, table_crc, to_bytes
from firmware_bridge.timing_table import Channel, Flag, TimingTable

__all__ = ["Channel", "Flag", "TimingTable", "from_bytes", "table_crc", "table_of", "table_of_signal", "to_bytes"]

_CS_PER_S = 100
_TOLERANCE_CS = 1e-6


def table_of(site: Site, board: Board | None = None) -> TimingTable:
    """The table of a site for a board: that of its wiring unless given, none without wiring.

    SiteError naming key and fix: no [signal], wired for another board, a time or a pin the core would refuse.
    """
    if site.signal is None:
        raise SiteError("signal: is missing, so there are no lamps to time; add [signal] with its phases")
    data = site.model_dump(mode="json")

    def at(*loc: int | str) -> str:
        return path_of(loc, data)

    _refuse(check_signal(site, at))
    return _table(site.signal, site.id, board, at)


def table_of_signal(signal: Signal, site_id: str = "", board: Board | None = None) -> TimingTable:
    """As `table_of` where there is no whole site: simulated streets, tests."""
    data = {"signal": signal.model_dump(mode="json")}

    def at(*loc: int | str) -> str:
        return path_of(loc, data)

    _refuse(check_lamps(signal, at))
    return _table(signal, site_id, board, at)


def _table(signal: Signal, site_id: str, board: Board | None, at: At) -> TimingTable:
    wired = ANY if signal.wiring is None else BOARDS[signal.wiring.board]
    board = wired if board is None else board
    if ANY not in (board, wired) and board is not wired:
        raise SiteError(
            f'{at("signal", "wiring", "board")}: is "{wired.name}", and the table is wanted for "{board.name}"; '
            f'write board = "{board.name}" with its pins, or use the board it is wired for'
        )
    names = channel_names(signal)
    if len(names) > board.channels:
        raise SiteError(
            f"{at('signal')}: has {len(names)} phases and overlaps, {board.spoken} drives {board.channels}; "
            "take a larger board"
        )
    heads = _heads(signal, names, board, at)
    index = {name: i for i, name in enumerate(names)}
    beside = {name: frozenset(index[other] for other in others) for name, others in together(signal).items()}
    phases = {str(phase.number): (i, phase) for i, phase in enumerate(signal.phases)}
    overlaps = {overlap.name: (i, overlap) for i, overlap in enumerate(signal.overlaps)}
    channels = []
    for name in names:
        if name in phases:
            i, phase = phases[name]
            here = _Place(at, ("signal", "phases", i))
            channels.append(_of_phase(phase, beside[name], heads.get(name), here))
        else:
            i, overlap = overlaps[name]
            parents = frozenset(index[str(parent)] for parent in overlap.parents)
            here = _Place(at, ("signal", "overlaps", i))
            channels.append(_of_overlap(overlap, beside[name], parents, heads.get(name), here))
    top = _Place(at, ("signal",))
    flashing = [str(phase.number) for phase in signal.phases if phase.flash == "yellow"]
    flashing += [overlap.name for overlap in signal.overlaps if overlap.flash == "yellow"]
    return TimingTable(
        board=board.number,
        channels=tuple(channels),
        startup_flash_cs=top.cs(signal.startup_flash_s, "startup_flash_s"),
        startup_red_cs=top.cs(signal.startup_red_s, "startup_red_s"),
        startup=frozenset(index[str(number)] for number in signal.startup_phases),
        flash_yellow=frozenset(index[name] for name in flashing),
        site=zlib.crc32(site_id.encode()),
    )


class _Place:
    """A table of the site file, which names its keys in refusals."""

    def __init__(self, at: At, loc: tuple[int | str, ...]) -> None:
        self._at = at
        self._loc = loc

    def key(self, key: str) -> str:
        return self._at(*self._loc, key)

    def cs(self, seconds: float, key: str) -> int:
        """Hundredths of a second; SiteError where it is finer."""
        hundredths = seconds * _CS_PER_S
        if abs(hundredths - round(hundredths)) > _TOLERANCE_CS:
            raise SiteError(f"{self.key(key)}: {seconds:g} is finer than 0.01 s; write {round(hundredths) / 100:g}")
        return round(hundredths)


def _of_phase(phase: Phase, beside: frozenset[int], head: Head | None, here: _Place) -> Channel:
    flags = set()
    if phase.ped_recall and phase.walk_s is not None:
        flags.add(Flag.PED_RECALL)
    if phase.walk_s is not None and phase.walk_s < USUAL_WALK_S:
        if phase.walk_reason is None:
            raise SiteError(
                f"{here.key('walk_s')}: {phase.walk_s:g} is less than 7 without walk_reason; write at least 7, "
                'or say why it may be shorter: walk_reason = "…" (MUTCD 2009 section 4E.06)'
            )
        flags.add(Flag.SHORT_WALK)
    return Channel(
        phase.number,
        str(phase.number),
        beside,
        frozenset(),
        here.cs(phase.min_green_s, "min_green_s"),
        here.cs(phase.yellow_s, "yellow_s"),
        here.cs(phase.red_clearance_s, "red_clearance_s"),
        here.cs(phase.walk_s or 0.0, "walk_s"),
        here.cs(phase.ped_clearance_s or 0.0, "ped_clearance_s"),
        here.cs(phase.max_request_s or 0.0, "max_request_s"),
        frozenset(flags),
        *_pins(head),
    )


def _of_overlap(
    overlap: Overlap, beside: frozenset[int], parents: frozenset[int], head: Head | None, here: _Place
) -> Channel:
    return Channel(
        0,
        overlap.name,
        beside,
        parents,
        here.cs(overlap.min_green_s, "min_green_s"),
        here.cs(overlap.yellow_s, "yellow_s"),
        here.cs(overlap.red_clearance_s, "red_clearance_s"),
        0,
        0,
        0,
        frozenset(),
        *_pins(head),
    )


def _pins(head: Head | None) -> tuple[int | None, ...]:
    return (None,) * 5 if head is None else (head.red, head.yellow, head.green, head.walk, head.dont_walk)


def _heads(signal: Signal, names: Iterable[str], board: Board, at: At) -> Mapping[str, Head]:
    """Pins of each channel: those of the wiring, or in a row from 0 where a board is wanted without one."""
    if signal.wiring is not None:
        if board is ANY:
            return {}
        for name, head in signal.wiring.heads.items():
            for colour, pin in head:
                if pin is not None and pin >= board.outputs:
                    where = at("signal", "wiring", "heads", name, colour)
                    raise SiteError(f"{where}: {board.spoken} has no output {pin}; use 0 to {board.outputs - 1}")
        return signal.wiring.heads
    if board is ANY:
        return {}
    walking = {str(phase.number) for phase in signal.phases if phase.walk_s is not None}
    heads, pin = {}, 0
    for name in names:
        walks = name in walking
        heads[name] = Head(
            red=pin,
            yellow=pin + 1,
            green=pin + 2,
            walk=pin + 3 if walks else None,
            dont_walk=pin + 4 if walks else None,
        )
        pin += 5 if walks else 3
    if pin > board.outputs:
        raise SiteError(f"{at('signal')}: needs {pin} outputs, {board.spoken} has {board.outputs}; take a larger board")
    return heads


def _refuse(findings: Iterable[Finding]) -> None:
    faults = [finding.sentence() for finding in findings if finding.severity == "error"]
    if faults:
        raise SiteError("\n".join(faults))
