"""Timing tables that the boards are tried with."""

from __future__ import annotations

from benchmarks.avr.boards import AvrBoard
from firmware_bridge.timing_table import Channel, Flag, TimingTable

#: Four phases of a crossing: 2 and 6 run together, 4 and 8 together.
_FOUR = ((2, {0, 1}), (6, {0, 1}), (4, {2, 3}), (8, {2, 3}))


def four_phases(board: AvrBoard) -> TimingTable:
    """Without pedestrians, on 12 outputs: as much as an ATmega328P has."""
    channels = tuple(
        Channel(
            number,
            str(number),
            frozenset(together),
            frozenset(),
            500,
            350,
            150,
            red=3 * i,
            yellow=3 * i + 1,
            green=3 * i + 2,
        )
        for i, (number, together) in enumerate(_FOUR)
    )
    return TimingTable(board.number, channels, 0, 600, frozenset({0, 1}), frozenset({0, 1}), 1234)


#: NEMA's eight: barrier between {1, 2, 5, 6} and {3, 4, 7, 8}; rings {1, 2, 3, 4} and {5, 6, 7, 8}.
_RINGS = {1: 0, 2: 0, 3: 0, 4: 0, 5: 1, 6: 1, 7: 1, 8: 1}
_SIDES = {1: 0, 2: 0, 5: 0, 6: 0, 3: 1, 4: 1, 7: 1, 8: 1}
#: Overlaps A to D: right turns of a street beside the left turns of the other.
_OVERLAPS = ((2, 3), (4, 5), (6, 7), (8, 1))


def eight_phases(board: AvrBoard) -> TimingTable:
    """Eight phases, each with pedestrians, and four overlaps: as much as an ATmega2560 has."""
    names = [str(number) for number in range(1, 9)] + list("ABCD")

    def phases_of(i: int) -> tuple[int, ...]:
        return (i + 1,) if i < 8 else _OVERLAPS[i - 8]

    def together(i: int, j: int) -> bool:
        if i == j:
            return True
        if i >= 8 and j >= 8:
            return True
        if i < 8 and j < 8:
            return _SIDES[i + 1] == _SIDES[j + 1] and _RINGS[i + 1] != _RINGS[j + 1]
        overlap, phase = (i, j + 1) if i >= 8 else (j, i + 1)
        parents = _OVERLAPS[overlap - 8]
        return phase in parents or any(together(parent - 1, phase - 1) for parent in parents)

    channels = []
    output = 0
    for i, name in enumerate(names):
        walks = i < 8
        pins = list(range(output, output + (5 if walks else 3)))
        output += len(pins)
        channels.append(
            Channel(
                i + 1 if i < 8 else 0,
                name,
                frozenset(j for j in range(12) if together(i, j)),
                frozenset() if i < 8 else frozenset(parent - 1 for parent in _OVERLAPS[i - 8]),
                500,
                350,
                150,
                700 if walks else 0,
                500 if walks else 0,
                0,
                frozenset({Flag.PED_RECALL}) if walks and i % 2 else frozenset(),
                *pins,
            )
        )
    return TimingTable(board.number, tuple(channels), 0, 600, frozenset({1, 5}), frozenset({1, 5}), 5678)
