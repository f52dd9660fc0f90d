"""Whatever comes over the line: the decoders of both languages agree, and junk changes nothing."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from firmware_bridge.host.emulated_device import EmulatedDevice
from firmware_bridge.link import RETRY_NS, Link
from firmware_bridge.wire import FROM_DEVICE, FROM_HOST, MOST_FRAME, Decoder, Frame, WireCounts, encode
from firmware_bridge.wire_messages import DeviceHello, Kind, Request, Reset, host_hello
from tests.firmware.wire_codec import CCodec
from tests.firmware.wire_golden import CRC, TABLE

U8, U16, U32 = (st.integers(0, 2**bits - 1) for bits in (8, 16, 32))
PAYLOADS = st.one_of(
    st.binary(max_size=MOST_FRAME - 14), st.integers(0, MOST_FRAME - 14).map(bytes), st.just(b"\xff" * 239)
)
FRAMES = st.builds(Frame, U8, U8, U16, U32, U32, PAYLOADS)


@pytest.fixture(scope="module")
def codec(tmp_path_factory: pytest.TempPathFactory) -> Iterator[CCodec]:
    with CCodec(tmp_path_factory.mktemp("wire")) as codec:
        yield codec


@st.composite
def spoilt(draw: st.DrawFn, data: bytes) -> bytes:
    """A line that flips, loses and doubles bytes, and adds some."""
    line = bytearray(data)
    for _ in range(draw(st.integers(0, 6))):
        at = draw(st.integers(0, max(0, len(line) - 1)))
        match draw(st.sampled_from(["flip", "lose", "double", "add", "cut"])):
            case "flip" if line:
                line[at] ^= draw(st.integers(1, 255))
            case "lose":
                del line[at : at + draw(st.integers(1, 5))]
            case "double":
                line[at:at] = line[at : at + draw(st.integers(1, 40))]
            case "add":
                line[at:at] = draw(st.binary(max_size=5))
            case _:
                del line[at : at + draw(st.integers(1, 300))]
    return bytes(line)


@st.composite
def spoilt_lines(draw: st.DrawFn) -> tuple[list[Frame], bytes]:
    frames = draw(st.lists(FRAMES, max_size=4))
    return frames, draw(spoilt(b"".join(map(encode, frames))))


@given(st.lists(FRAMES, max_size=4), st.integers(1, 300))
def test_frames_come_through_in_any_pieces(frames: list[Frame], size: int) -> None:
    data = b"".join(map(encode, frames))
    counts = WireCounts()
    decoder = Decoder(counts)
    found = [frame for at in range(0, len(data), size) for frame in decoder.feed(data[at : at + size])]
    assert (found, counts.total()) == (frames, 0)


@given(spoilt_lines())
def test_a_bad_line_delivers_nothing_that_was_not_sent(line: tuple[list[Frame], bytes]) -> None:
    frames, data = line
    for frame in Decoder(WireCounts()).feed(data):
        assert frame in frames


@given(st.one_of(spoilt_lines().map(lambda line: line[1]), st.binary(max_size=700)))
@example(b"\x00\xff" + b"\x01" * 254 + b"\x01\x00")
@example(b"\x00" + b"\x02\x07" * 127 + b"\x00")
@example(b"\x00" + b"\x02\x07" * 127 + b"\x01\x00")
@example(b"\x00\xff" + b"\x01" * 253 + b"\x00")
def test_c_and_python_find_the_same(codec: CCodec, data: bytes) -> None:
    counts = WireCounts()
    frames = list(Decoder(counts).feed(data))
    assert codec.decode(data) == (frames, (counts.damaged, counts.partial))


@given(FRAMES)
def test_c_and_python_write_the_same(codec: CCodec, frame: Frame) -> None:
    assert codec.encode(frame) == encode(frame)


def test_a_payload_that_does_not_fit_is_refused() -> None:
    with pytest.raises(ValueError, match="does not fit"):
        encode(Frame(FROM_HOST, 0x20, 1, 1, 0, bytes(240)))


@given(st.data())
def test_kept_messages_arrive_once_and_in_order_over_any_line(data: st.DataObject) -> None:
    host, device = Link(FROM_HOST, FROM_DEVICE), Link(FROM_DEVICE, FROM_HOST)
    host.start(9)
    device.start(9)
    sent = [bytes([i]) * i for i in range(1, data.draw(st.integers(1, 12)))]
    for payload in sent:
        host.keep(Kind.LOAD_PIECE, payload)
    held: list[bytes] = []
    came: list[bytes] = []
    t_ns = 0
    for turn in range(60):
        t_ns += RETRY_NS
        held += [host.due(t_ns)]
        bad = turn < 8  # a link gives up after 10 tries of one message in vain
        order = data.draw(st.permutations(held)) if bad else held
        later = len(order) // 3 if bad else 0
        held = list(order[:later])
        for piece in order[later:]:
            line = data.draw(spoilt(piece)) if bad else piece
            came += [frame.payload for frame in device.receive(line)]
        answer = device.due(t_ns)
        host.receive(data.draw(spoilt(answer)) if bad else answer)
    assert came == sent
    assert not host.lost


def test_a_link_that_is_never_answered_ends_its_session() -> None:
    link = Link(FROM_HOST, FROM_DEVICE)
    link.start(9)
    link.keep(Kind.RESET, b"\x01")
    tries = sum(bool(link.due(i * RETRY_NS)) for i in range(30))
    assert (tries, link.lost, link.session) == (10, True, 0)


def test_no_more_than_the_window_is_on_its_way() -> None:
    link = Link(FROM_HOST, FROM_DEVICE)
    link.start(9)
    for _ in range(20):
        link.keep(Kind.RESET, b"\x01")
    assert len(list(Decoder(WireCounts()).feed(link.due(0)))) == 4
    assert link.due(1) == b""


@st.composite
def junk(draw: st.DrawFn, heard: list[bytes]) -> bytes:
    """Bytes that must change nothing: damaged, partial, repeated, old, foreign, or mere noise."""
    old = draw(st.sampled_from(heard))
    (frame,) = Decoder(WireCounts()).feed(old)
    at = draw(st.integers(1, len(old) - 2))
    kinds = st.sampled_from([0, 3, 0x0F, 0x30, 0x80, 0xFF])
    spoils: st.SearchStrategy[bytes] = st.one_of(
        st.just(old),
        st.integers(1, 255).map(lambda bits: old[:at] + bytes([old[at] ^ bits]) + old[at + 1 :] + b"\x00"),
        st.just(old[:at] + b"\x00"),
        st.integers(1, 0xFFF).map(lambda bits: encode(replace(frame, session=frame.session ^ bits))),
        st.just(encode(replace(frame, sender=FROM_DEVICE))),
        kinds.map(lambda kind: encode(replace(frame, kind=kind))),
        st.just(encode(replace(frame, number=frame.number + 5000))),
        st.binary(max_size=7).map(lambda payload: encode(replace(frame, kind=Kind.HELLO, payload=payload))),
        st.binary(max_size=60).map(lambda noise: b"\x00" + noise + b"\x00"),
    )
    return draw(spoils)


@settings(max_examples=30)
@given(st.data())
def test_junk_changes_nothing_and_is_counted(data: st.DataObject) -> None:
    """Two controllers hear the same host, one of them on a terrible line: their lamps never differ."""
    quiet, noisy = (EmulatedDevice(TABLE, first_session=0x0FFF) for _ in range(2))
    hello = encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload()))
    heard: list[bytes] = []
    spoils = data.draw(st.sets(st.integers(5, 79), min_size=3, max_size=12))
    for turn in range(80):
        now_ms = turn * 100
        said = [hello] if turn == 0 else []
        if turn >= 1 and turn % 40 < 34:
            request = Request(0b10 if turn < 60 else 0b1000, 300, 0, CRC, now_ms - 100)
            acknowledged = int(turn > 22)  # the answer to the reset
            said.append(encode(Frame(FROM_HOST, Kind.REQUEST, 0x1000, turn, acknowledged, request.payload())))
        if turn == 20:
            said.append(encode(Frame(FROM_HOST, Kind.RESET, 0x1000, 0, 0, Reset(1).payload())))
        for device in (quiet, noisy):
            device.receive(b"".join(said))
        heard += said[turn == 0 :]
        if turn in spoils:
            before = noisy.counts.total()
            noisy.receive(data.draw(junk(heard)))
            assert noisy.counts.total() >= before
        for step_ms in range(0, 100, 10):
            for device in (quiet, noisy):
                device.tick(now_ms + step_ms)
            assert noisy.mode == quiet.mode
            assert noisy.intervals == quiet.intervals
            assert noisy.ages_ms == quiet.ages_ms
            assert (noisy.fault, noisy.why) == (quiet.fault, quiet.why)
            assert noisy.requests_refused == quiet.requests_refused
    assert noisy.session == quiet.session == 0x1000
    assert noisy.table_crc == CRC
    assert noisy.broken_law is None
    assert quiet.counts.total() == 0


@pytest.mark.parametrize(
    ("spoil", "counter"),
    [
        (encode, "repeated"),
        (lambda frame: encode(replace(frame, number=frame.number - 1)), "reordered"),
        (lambda frame: encode(replace(frame, session=77)), "foreign"),
        (lambda _frame: encode(Frame(FROM_DEVICE, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload())), "foreign"),
        (lambda frame: encode(replace(frame, sender=FROM_DEVICE)), "foreign"),
        (lambda frame: encode(replace(frame, kind=Kind.STATE, number=frame.number + 1)), "foreign"),
        (lambda frame: encode(replace(frame, number=frame.number + 1, acknowledged=9)), "foreign"),
        (lambda frame: encode(replace(frame, number=frame.number + 1, payload=b"")), "foreign"),
        (lambda frame: encode(replace(frame, number=frame.number + 1001)), "foreign"),
        (lambda frame: encode(frame)[:12] + b"\x00", "partial"),
        (lambda frame: encode(frame)[:-3] + b"\x55\x55\x00", "damaged"),
        (lambda _frame: b"\x00" + b"\x01" * 300 + b"\x00", "damaged"),
        (lambda frame: encode(replace(frame, kind=Kind.RESET, number=3, payload=b"\x01")), "reordered"),
    ],
)
def test_each_kind_of_junk_is_counted_as_what_it_is(spoil: object, counter: str) -> None:
    assert callable(spoil)
    device = EmulatedDevice(TABLE, first_session=0x0FFF)
    device.receive(encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload())))
    device.tick(0)
    frame = Frame(FROM_HOST, Kind.REQUEST, 0x1000, 5, 0, Request(0b10, 300, 0, CRC, 0).payload())
    device.receive(encode(frame))
    device.tick(10)
    before = (device.mode, device.intervals, device.requests_refused)
    assert device.counts.total() == 0
    device.receive(spoil(frame))
    device.tick(20)
    assert device.counts == replace(WireCounts(), **{counter: 1})
    assert (device.mode, device.intervals, device.requests_refused) == before


@pytest.mark.parametrize(
    ("frame", "begins"),
    [
        (Frame(FROM_HOST, Kind.CLOCK, 0x1000, 0, 0, bytes(4)), True),
        (Frame(FROM_HOST, Kind.REQUEST, 0x1000, 1, 0, bytes(12)), True),
        (Frame(FROM_HOST, Kind.REQUEST, 0x1000, 9, 0, bytes(12)), True),  # those before it were lost
        (Frame(FROM_HOST, Kind.CLOCK, 0x1000, 1, 0, bytes(4)), False),  # the one before it comes again
        (Frame(FROM_HOST, Kind.CLOCK, 0x1000, 0, 1, bytes(4)), False),  # acknowledges what was never sent
        (Frame(FROM_HOST, Kind.ACK, 0x1000, 0, 0), False),
        (Frame(FROM_HOST, Kind.CLOCK, 0x1001, 0, 0, bytes(4)), False),  # not the one offered
        (Frame(FROM_HOST, Kind.CLOCK, 0, 0, 0, bytes(4)), False),
        (Frame(FROM_DEVICE, Kind.CLOCK, 0x1000, 0, 0, bytes(4)), False),
    ],
)
def test_only_a_first_message_begins_the_session_that_was_offered(frame: Frame, begins: bool) -> None:
    device = EmulatedDevice(TABLE, first_session=0x0FFF)
    device.receive(encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload())))
    device.tick(0)
    device.receive(encode(frame))
    assert (device.session, device.counts.foreign) == ((0x1000, 0) if begins else (0, 1))


def test_a_session_is_offered_once_and_never_the_one_in_use() -> None:
    device = EmulatedDevice(TABLE, first_session=0xFFFE)
    hello = encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload()))
    offered = []
    for now_ms in range(0, 60, 10):
        device.receive(hello * 3)
        device.tick(now_ms)
        frames = [frame for frame in Decoder(WireCounts()).feed(device.sent()) if frame.kind == Kind.HELLO]
        offered += [DeviceHello.of(frame.payload).session for frame in frames]
        if now_ms % 20:
            device.receive(encode(Frame(FROM_HOST, Kind.CLOCK, offered[-1], 0, 0, bytes(4))))
            assert device.session == offered[-1]
    assert offered == [0xFFFF, 0xFFFF, 1, 1, 2, 2]  # the same until it is used; 0 is none


def test_an_answer_is_sent_again_until_it_is_acknowledged_and_then_no_more() -> None:
    device = EmulatedDevice(TABLE, first_session=0x0FFF)
    device.receive(encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload())))
    device.tick(0)
    device.receive(encode(Frame(FROM_HOST, Kind.RESET, 0x1000, 0, 0, Reset(4).payload())))
    device.sent()
    at_ms = []
    for now_ms in range(10, 1500, 10):
        device.tick(now_ms)
        kinds = [frame.kind for frame in Decoder(WireCounts()).feed(device.sent())]
        at_ms += [now_ms] * kinds.count(Kind.ANSWER)
        if now_ms == 700:
            device.receive(encode(Frame(FROM_HOST, Kind.ACK, 0x1000, 0, 1)))
    assert at_ms == [10, 210, 410, 610]
    assert device.session == 0x1000


def test_a_session_whose_answers_are_never_acknowledged_ends() -> None:
    device = EmulatedDevice(TABLE, first_session=0x0FFF)
    device.receive(encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload())))
    device.tick(0)
    device.receive(encode(Frame(FROM_HOST, Kind.RESET, 0x1000, 0, 0, Reset(4).payload())))
    for now_ms in range(10, 2200, 10):
        device.tick(now_ms)
        assert device.session == (0x1000 if now_ms < 2010 else 0)


def test_answers_that_nobody_acknowledges_fill_the_window_and_nothing_else() -> None:
    device = EmulatedDevice(TABLE, first_session=0x0FFF)
    device.receive(encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, host_hello(CRC, 5).payload())))
    device.tick(0)
    device.sent()
    for number in range(12):
        device.receive(encode(Frame(FROM_HOST, Kind.RESET, 0x1000, number, 0, Reset(4).payload())))
        device.tick(10 + number * 10)
    answers = [frame for frame in Decoder(WireCounts()).feed(device.sent()) if frame.kind == Kind.ANSWER]
    assert [frame.number for frame in answers] == [0, 1, 2, 3]
    device.receive(encode(Frame(FROM_HOST, Kind.ACK, 0x1000, 0, 4)))
    device.tick(130)
    answers = [frame for frame in Decoder(WireCounts()).feed(device.sent()) if frame.kind == Kind.ANSWER]
    assert [frame.number for frame in answers] == [4, 5]  # two waited; the rest found no room
