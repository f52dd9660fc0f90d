"""Kinds of board that lamps can hang on, as a table knows them.

A table names its board's number, so that a microcontroller of another kind refuses it.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Board:
    """One kind. channels: head groups at most. outputs: pin numbers below this one; spoken: what people call it."""

    name: str
    number: int
    channels: int
    outputs: int
    spoken: str


#: Lamps that exist in no cabinet: simulation.
ANY = Board("any", 0, 20, 255, "no board")
AVR328P = Board("avr328p", 1, 4, 12, "ATmega328P")
AVR2560 = Board("avr2560", 2, 12, 52, "ATmega2560")
#: A Pi; outputs are GPIO numbers, 0 to 27 on its 40-pin header.
GPIO = Board("gpio", 3, 20, 28, "a Pi's header")

BOARDS: dict[str, Board] = {board.name: board for board in (ANY, AVR328P, AVR2560, GPIO)}


def board_name(number: int) -> str:
    """What people call the board of a number."""
    return next((board.spoken for board in BOARDS.values() if board.number == number), f"board {number}")
