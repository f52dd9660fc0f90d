"""The committed bytes of the wire, in Python, in C, and by the firmware's own device."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastcrc import crc16

from edge.errors import ProtocolError
from firmware_bridge.wire import Decoder, Frame, WireCounts, encode
from firmware_bridge.wire_messages import (
    ClockTime,
    HostHello,
    Kind,
    LoadBegin,
    LoadCommit,
    LoadPiece,
    Request,
    Reset,
    device_message,
)
from tests.firmware import wire_golden
from tests.firmware.wire_codec import CCodec

ROWS = wire_golden.rows()
FRAMES = [row for row in ROWS if "frame" in row]
STREAMS = [row for row in ROWS if "stream" in row]
TALKS = [row for row in ROWS if "talk" in row]

HOST_MESSAGES: dict[Kind, Any] = {
    Kind.HELLO: HostHello,
    Kind.LOAD_BEGIN: LoadBegin,
    Kind.LOAD_PIECE: LoadPiece,
    Kind.LOAD_COMMIT: LoadCommit,
    Kind.RESET: Reset,
    Kind.CLOCK: ClockTime,
    Kind.REQUEST: Request,
}


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CCodec]:
    with CCodec(tmp_path_factory.mktemp("wire")) as codec:
        yield codec


def name_of(row: dict[str, Any]) -> str:
    return str(next(iter(row.values())))


def frame_of(row: dict[str, Any]) -> Frame:
    payload = bytes.fromhex(row["payload"])
    return Frame(row["sender"], row["kind"], row["session"], row["number"], row["acknowledged"], payload)


def test_the_file_is_what_the_code_says(update_golden: bool) -> None:
    if update_golden:
        wire_golden.FILE.write_text(wire_golden.written(), encoding="utf-8")
    assert wire_golden.FILE.read_text(encoding="utf-8") == wire_golden.written()


@pytest.mark.parametrize("row", FRAMES, ids=name_of)
def test_python_writes_and_reads_each_frame(row: dict[str, Any]) -> None:
    counts = WireCounts()
    data = bytes.fromhex(row["bytes"])
    assert encode(frame_of(row)) == data
    assert list(Decoder(counts).feed(data)) == [frame_of(row)]
    assert counts.total() == 0


@pytest.mark.parametrize("row", FRAMES, ids=name_of)
def test_c_writes_and_reads_each_frame(row: dict[str, Any], codec: CCodec) -> None:
    data = bytes.fromhex(row["bytes"])
    assert codec.encode(frame_of(row)) == data
    assert codec.decode(data) == ([frame_of(row)], (0, 0))


@pytest.mark.parametrize("row", [row for row in FRAMES if row["fields"]], ids=name_of)
def test_python_reads_each_message(row: dict[str, Any]) -> None:
    payload = bytes.fromhex(row["payload"])
    if row["sender"] == 0x41:
        message: Any = HOST_MESSAGES[Kind(row["kind"])].of(payload)
    else:
        message = device_message(row["kind"], payload)
    form: Any = type(message)
    assert wire_golden.fields_of(message) == row["fields"]
    assert message.payload() == payload
    with pytest.raises(ProtocolError):
        form.of(payload[:2] if row["kind"] == Kind.LOAD_PIECE else payload[:-1])


@pytest.mark.parametrize("row", STREAMS, ids=name_of)
def test_python_and_c_find_the_same_in_a_bad_line(row: dict[str, Any], codec: CCodec) -> None:
    data = bytes.fromhex(row["bytes"])
    counts = WireCounts()
    frames = list(Decoder(counts).feed(data))
    assert [frame.payload.hex() for frame in frames] == row["frames"]
    assert (counts.damaged, counts.partial) == (row["damaged"], row["partial"])
    assert codec.decode(data) == (frames, (row["damaged"], row["partial"]))


@pytest.mark.parametrize("row", TALKS, ids=name_of)
def test_the_device_answers_to_the_byte(row: dict[str, Any]) -> None:
    steps = [(at_ms, door, bytes.fromhex(data)) for at_ms, door, data, _ in row["steps"]]
    sent = wire_golden.talk(bytes.fromhex(row["table"]), steps, steps[-1][0] + 150)
    assert [data.hex() for data in sent] == [step[3] for step in row["steps"]]


def test_the_example_of_the_page_is_a_golden_frame() -> None:
    page = (wire_golden.FILE.parents[1] / "protocol.md").read_text(encoding="utf-8")
    example = " ".join(page.split("of 65 536 ms heard: `", 1)[1].split("`", 1)[0].split())
    (frame,) = Decoder(WireCounts()).feed(bytes.fromhex(example))
    assert Request.of(frame.payload) == Request(0b100010, 300, 0b10, 0xBEEF, 65_536)


def test_the_check_value_of_the_crc_is_that_of_the_catalogue() -> None:
    assert crc16.ibm_3740(b"123456789") == 0x29B1
