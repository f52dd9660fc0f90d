"""Tables that are sent to a device, and what it makes of wrong ones: the firmware's C, message by message."""

from __future__ import annotations

import struct
from collections.abc import Callable, Sequence

import pytest

from firmware_bridge.host.core import Mode, table_crc
from firmware_bridge.host.emulated_device import EmulatedDevice, Pins
from firmware_bridge.wire import FROM_HOST, Decoder, Frame, WireCounts, encode
from firmware_bridge.wire_messages import (
    Answer,
    HostMessage,
    Kind,
    LoadBegin,
    LoadCommit,
    LoadPiece,
    Request,
    Reset,
    Result,
    host_hello,
)
from tests.firmware.wire_golden import CRC, TABLE

YELLOW_AT = 24 + 10


def with_crc(table: bytes) -> bytes:
    return table[:2] + struct.pack("<H", table_crc(table)) + table[4:]


def short_yellow() -> bytes:
    second = YELLOW_AT + 28
    return with_crc(TABLE[:second] + struct.pack("<H", 290) + TABLE[second + 2 :])


def other() -> bytes:
    """A good table that is not the one stored: 1 s more of start-up red."""
    return with_crc(TABLE[:8] + struct.pack("<H", 700) + TABLE[10:])


def load(table: bytes, crc: int | None = None, size: int = 32) -> list[HostMessage]:
    crc = int.from_bytes(table[2:4], "little") if crc is None else crc
    pieces = [LoadPiece(at, table[at : at + size]) for at in range(0, len(table), size)]
    return [LoadBegin(len(table), crc), *pieces, LoadCommit(crc)]


class Talk:
    """A device with a session, to which kept messages are said one by one."""

    def __init__(self, table: bytes | None, *, door: bool = True, board: int = 1) -> None:
        self.device = EmulatedDevice(table, first_session=0x0FFF, board=board)
        self.device.pins = Pins(door=door)
        self.now_ms = 0
        self._number = 0
        self.answers: list[Answer] = []
        self._taken = 0
        self.device.receive(encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload())))
        self.tick()

    def tick(self) -> None:
        self.device.tick(self.now_ms)
        self.now_ms += 10
        for frame in Decoder(WireCounts()).feed(self.device.sent()):
            if frame.kind in {Kind.ANSWER, Kind.FAULT} and frame.number == self._taken:
                self._taken += 1
                if frame.kind == Kind.ANSWER:
                    self.answers.append(Answer.of(frame.payload))

    def say(self, messages: Sequence[HostMessage]) -> list[tuple[int, int]]:
        """Kind and result of the answers to these."""
        self.answers.clear()
        for message in messages:
            frame = Frame(FROM_HOST, message.kind, 0x1000, self._number, self._taken, message.payload())
            self._number += 1
            self.device.receive(encode(frame))
            self.tick()
        self.tick()
        return [(answer.to, answer.result) for answer in self.answers]


BEGUN = (Kind.LOAD_BEGIN, Result.DONE)
DONE = (Kind.LOAD_COMMIT, Result.DONE)


def test_a_table_in_pieces_of_any_size_is_stored_and_used() -> None:
    for size in (1, 7, 31, 32):
        talk = Talk(TABLE)
        assert talk.say(load(other(), size=size)) == [BEGUN, DONE]
        assert talk.device.table_crc == table_crc(other())


BAD: dict[str, tuple[Callable[[], list[HostMessage]], list[tuple[int, int]]]] = {
    "a piece before its begin": (lambda: [LoadPiece(0, b"\x01")], [(Kind.LOAD_PIECE, Result.NOT_BEGUN)]),
    "a commit before its begin": (lambda: [LoadCommit(CRC)], [(Kind.LOAD_COMMIT, Result.NOT_BEGUN)]),
    "a piece left out": (
        lambda: [*load(other())[:2], *load(other())[3:]],
        [BEGUN, (Kind.LOAD_PIECE, Result.NOT_BEGUN), (Kind.LOAD_COMMIT, Result.NOT_BEGUN)],
    ),
    "a piece twice": (
        lambda: [*load(other())[:2], load(other())[1], *load(other())[2:]],
        [BEGUN, (Kind.LOAD_PIECE, Result.NOT_BEGUN), DONE],
    ),
    "the last piece left out": (
        lambda: [*load(other())[:-2], load(other())[-1]],
        [BEGUN, (Kind.LOAD_COMMIT, Result.NOT_BEGUN)],
    ),
    "more than announced": (
        lambda: [*load(other())[:-1], LoadPiece(len(TABLE), b"\x00")],
        [BEGUN, (Kind.LOAD_PIECE, Result.NOT_BEGUN)],
    ),
    "a piece over the end": (
        lambda: [LoadBegin(52, 1), LoadPiece(0, bytes(32)), LoadPiece(32, bytes(21))],
        [BEGUN, (Kind.LOAD_PIECE, Result.NOT_BEGUN)],
    ),
    "too short for a channel": (lambda: [LoadBegin(51, 1)], [(Kind.LOAD_BEGIN, Result.TOO_LONG)]),
    "longer than the device has room": (lambda: [LoadBegin(24 + 28 * 20 + 1, 1)], [(Kind.LOAD_BEGIN, Result.TOO_LONG)]),
    "of more channels than announced": (
        lambda: load(TABLE[:1] + b"\x03" + TABLE[2:]),
        [BEGUN, (Kind.LOAD_COMMIT, Result.TOO_LONG)],
    ),
    "of more channels than the device has": (
        lambda: load(TABLE[:1] + b"\xff" + TABLE[2:]),
        [BEGUN, (Kind.LOAD_COMMIT, Result.TOO_LONG)],
    ),
    "committed by another CRC": (
        lambda: [*load(other())[:-1], LoadCommit(CRC)],
        [BEGUN, (Kind.LOAD_COMMIT, Result.WRONG_CRC)],
    ),
    "announced by another CRC": (lambda: load(other(), CRC), [BEGUN, (Kind.LOAD_COMMIT, Result.WRONG_CRC)]),
    "changed on its way": (
        lambda: load(other()[:-1] + b"\x55"),
        [BEGUN, (Kind.LOAD_COMMIT, Result.BAD_TABLE)],
    ),
    "that breaks a rule": (lambda: load(short_yellow()), [BEGUN, (Kind.LOAD_COMMIT, Result.BAD_TABLE)]),
    "for another board": (
        lambda: load(with_crc(other()[:4] + b"\x02\x00" + other()[6:])),
        [BEGUN, (Kind.LOAD_COMMIT, Result.BAD_TABLE)],  # it has no outputs either, and that is found first
    ),
}


@pytest.mark.parametrize("name", BAD)
def test_a_load_that_is_wrong_changes_nothing(name: str) -> None:
    messages, answers = BAD[name]
    talk = Talk(TABLE)
    found = talk.say(messages())
    assert found == answers
    if DONE not in answers:
        assert talk.device.table_crc == CRC
    assert talk.say(load(other())) == [BEGUN, DONE]  # and the next one is taken


def test_the_broken_rule_and_its_channel_are_told() -> None:
    talk = Talk(TABLE)
    talk.say(load(short_yellow()))
    assert (talk.answers[-1].detail, talk.answers[-1].channel) == (12, 1)


def test_a_commit_waits_for_somebody_at_the_cabinet() -> None:
    talk = Talk(TABLE, door=False)
    nobody = (Kind.LOAD_COMMIT, Result.NOBODY_THERE)
    assert talk.say(load(other())) == [BEGUN, nobody]
    talk.device.pins = Pins(reset=True)
    talk.tick()
    assert talk.say([LoadCommit(table_crc(other()))]) == [DONE]


def test_an_empty_device_is_loaded_by_nobody_there_but_not_with_a_fault() -> None:
    talk = Talk(None, door=False)
    talk.device.pins = Pins(platform_fault=16)
    talk.tick()
    talk.device.pins = Pins()
    assert talk.say(load(other())) == [BEGUN, (Kind.LOAD_COMMIT, Result.NOBODY_THERE)]
    assert Talk(None, door=False).say(load(other())) == [BEGUN, DONE]


def test_a_latched_fault_outlives_a_new_table() -> None:
    talk = Talk(TABLE)
    talk.device.pins = Pins(door=True, platform_fault=18)
    talk.tick()
    talk.device.pins = Pins(door=True)
    assert talk.say(load(other())) == [BEGUN, DONE]
    assert (talk.device.fault, talk.device.table_crc) == (18, table_crc(other()))
    assert talk.say([Reset(17)]) == [(Kind.RESET, Result.NO_SUCH_FAULT)]
    assert talk.device.fault == 18
    assert talk.say([Reset(18)]) == [(Kind.RESET, Result.DONE)]
    assert talk.device.fault == 0


def test_the_junction_flashes_until_the_table_is_stored_whatever_is_asked() -> None:
    talk = Talk(TABLE)
    frame = Frame(FROM_HOST, Kind.REQUEST, 0x1000, 1, 0, Request(0b10, 1000, 0, CRC, 0).payload())
    talk.say(load(other())[:-1])
    commit = load(other())[-1]
    talk.device.receive(
        encode(Frame(FROM_HOST, Kind.LOAD_COMMIT, 0x1000, len(load(other())) - 1, 1, commit.payload())) + encode(frame)
    )
    talk.tick()
    assert talk.device.mode is Mode.FLASH


def test_a_request_by_the_old_table_does_not_count_under_the_new_one() -> None:
    talk = Talk(TABLE)
    talk.say(load(other()))
    frame = Frame(FROM_HOST, Kind.REQUEST, 0x1000, 1, 0, Request(0b10, 1000, 0, CRC, talk.now_ms).payload())
    talk.device.receive(encode(frame))
    talk.tick()
    assert (talk.device.mode, talk.device.requests_refused) == (Mode.FLASH, 1)
