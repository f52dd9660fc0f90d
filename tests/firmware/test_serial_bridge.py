"""SerialBridge against the firmware's C behind a real pseudo terminal, in simulated time."""

from __future__ import annotations

import random
import select
import termios
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from edge.clock import NS_PER_MS, NS_PER_S
from edge.errors import ConfigError, DeviceError
from edge.types import Interval, PedInterval, PhaseRequest
from firmware_bridge.boards import AVR328P
from firmware_bridge.host.core import Mode
from firmware_bridge.host.emulated_device import Pins
from firmware_bridge.serial_bridge import SerialBridge
from firmware_bridge.table import table_of_signal, to_bytes
from firmware_bridge.timing_table import TimingTable
from firmware_bridge.wire import FROM_HOST, Frame, encode
from firmware_bridge.wire_messages import Kind, Report, Request
from tests.serial_cabinet import SerialCabinet
from tests.signal_tables import EIGHT, TWO

G, Y, R = Interval.GREEN, Interval.YELLOW, Interval.RED

Make = Callable[..., SerialCabinet]


def table(**signal: object) -> TimingTable:
    return table_of_signal(EIGHT.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 4.0, **signal}))


TABLE = table()
OTHER = table(startup_red_s=6.0)
SMALL = table_of_signal(TWO.model_copy(update={"startup_flash_s": 0.0}))


@pytest.fixture
def make(tmp_path: Path) -> Iterator[Make]:
    made: list[SerialCabinet] = []

    def one(of: TimingTable = TABLE, **how: object) -> SerialCabinet:
        cabinet = SerialCabinet(tmp_path, of, **how)  # type: ignore[arg-type]
        made.append(cabinet)
        return cabinet

    yield one
    for cabinet in made:
        if cabinet._bridge is not None:
            cabinet.bridge.close()
        cabinet.line.unplug()
        assert cabinet.device.broken_law is None


@pytest.fixture
def cabinet(make: Make) -> SerialCabinet:
    """Connected, agreed, and with phases 2 and 6 green for a second."""
    cabinet = make()
    cabinet.connect().wait_ready()
    assert cabinet.ask({2, 6}, 5.0).intervals[2] is G
    return cabinet


def greens(cabinet: SerialCabinet) -> set[int]:
    """Phases whose lamps are green at the controller, whatever the bridge knows of it."""
    shown = zip(cabinet.table.channels, cabinet.device.intervals, strict=True)
    return {channel.number for channel, interval in shown if interval == 1}


def trouble(cabinet: SerialCabinet) -> str:
    with pytest.raises(DeviceError) as error:
        cabinet.bridge.state(cabinet.now_ns())
    return str(error.value)


# --- hello and table -------------------------------------------------------------------------


def test_nothing_is_answered_before_the_hello(make: Make) -> None:
    cabinet = make()
    cabinet.connect()
    assert "no signal controller answers" in trouble(cabinet)
    with pytest.raises(DeviceError, match="no signal controller answers"):
        cabinet.bridge.request(PhaseRequest(cabinet.now_ns(), frozenset({2}), "test"))
    cabinet.bridge.wait_ready()
    assert cabinet.bridge.hello is not None
    assert cabinet.bridge.hello.table_crc == cabinet.device.table_crc
    assert cabinet.device.utc_s == cabinet.wall_ns(cabinet.now_ns()) // NS_PER_S


def test_another_table_is_told_with_both_crcs_and_no_lamp_is_asked(make: Make) -> None:
    cabinet = make(stored=OTHER)
    bridge = cabinet.connect()
    with pytest.raises(DeviceError, match="stopline bridge load") as error:
        bridge.wait_ready(1.0)
    held, ours = (int.from_bytes(to_bytes(each)[2:4], "little") for each in (OTHER, TABLE))
    assert f"{held:04x}" in str(error.value)
    assert f"{ours:04x}" in str(error.value)
    for _ in range(100):
        cabinet.try_to_ask({2, 6})
        cabinet.advance(0.1)
    assert (cabinet.device.mode, cabinet.device.why) == (Mode.FLASH, 3)


def test_a_request_that_names_another_table_is_refused_by_the_controller(cabinet: SerialCabinet) -> None:
    bridge = cabinet.bridge
    bridge._session.table_crc ^= 1
    port = bridge._port
    assert port is not None
    port.write(bridge._session.request(frozenset({4}), 300, frozenset()))
    bridge._session.table_crc ^= 1
    cabinet.advance(0.05)
    report = bridge.report
    assert report is not None
    assert (report.fate, report.refused, greens(cabinet)) == (2, 1, {2, 6})
    assert "runs another timing table" in str(bridge.state(cabinet.now_ns()).fault)


def test_an_empty_controller_gets_its_table_and_then_serves_it(make: Make) -> None:
    cabinet = make(empty=True)
    bridge = cabinet.connect()
    with pytest.raises(DeviceError, match="holds no timing table"):
        bridge.wait_ready(1.0)
    bridge.load()
    assert cabinet.device.table_crc == int.from_bytes(to_bytes(TABLE)[2:4], "little")
    bridge.wait_ready()
    assert cabinet.ask({2, 6}, 5.0).intervals[2] is G


def test_a_loaded_controller_takes_a_table_only_with_somebody_at_the_cabinet(make: Make) -> None:
    cabinet = make(stored=OTHER)
    bridge = cabinet.connect()
    before = cabinet.device.table_crc
    with pytest.raises(DeviceError, match="nobody is at the cabinet"):
        bridge.load()
    assert cabinet.device.table_crc == before
    cabinet.device.pins = Pins(door=True)
    bridge.load()
    assert cabinet.device.table_crc != before
    bridge.wait_ready()


def test_no_table_is_changed_while_lamps_run(cabinet: SerialCabinet) -> None:
    cabinet.device.pins = Pins(door=True)
    cabinet.bridge._table = OTHER
    before = cabinet.device.table_crc
    cabinet.try_to_ask({2, 6}, 1000)
    with pytest.raises(DeviceError, match="does not flash"):
        cabinet.bridge.load()
    assert cabinet.device.table_crc == before


def test_a_memory_that_does_not_take_the_table_leaves_the_old_one(make: Make) -> None:
    cabinet = make(stored=OTHER)
    cabinet.device.pins = Pins(door=True)
    cabinet.device.stores = False
    before = cabinet.device.table_crc
    with pytest.raises(DeviceError, match="did not take the table"):
        cabinet.connect().load()
    assert cabinet.device.table_crc == before


def test_a_table_for_another_board_is_refused_on_both_sides(make: Make) -> None:
    rows = [replace(channel, red=3 * i, yellow=3 * i + 1, green=3 * i + 2) for i, channel in enumerate(SMALL.channels)]
    theirs = replace(SMALL, board=AVR328P.number, channels=tuple(rows))
    cabinet = make(theirs, board=2, empty=True)
    bridge = cabinet.connect()
    with pytest.raises(DeviceError, match=r"ATmega2560.*ATmega328P.*signal\.wiring\.board"):
        bridge.wait_ready(1.0)
    with pytest.raises(ConfigError, match=r"another kind of board.*signal\.wiring\.board"):
        bridge.load()
    assert cabinet.device.table_crc is None


# --- lamps and time --------------------------------------------------------------------------


def test_intervals_bear_the_time_they_began_in_cabinet_time(make: Make) -> None:
    cabinet = make(start_ns=77 * NS_PER_S + 3_000_000, device_ms=2**32 - 6_000)  # its clock wraps on the way
    cabinet.connect().wait_ready()
    begun_ns = cabinet.now_ns()
    cabinet.ask({2, 6}, 10.0)
    state = cabinet.bridge.state(cabinet.now_ns())
    assert state.intervals[2] is G
    assert abs(state.since_ns[2] - begun_ns - 4 * NS_PER_S) < 30 * NS_PER_MS
    assert 0 <= cabinet.now_ns() - state.t_ns <= 100 * NS_PER_MS
    assert not state.modelled


def test_a_late_look_does_not_move_the_beginning_of_an_interval(cabinet: SerialCabinet) -> None:
    before = cabinet.bridge.state(cabinet.now_ns()).since_ns
    cabinet.try_to_ask({2, 6}, 1000)
    bridge, cabinet._bridge = cabinet.bridge, None  # nobody looks for 0.3 s
    cabinet._line.written = lambda: 0
    cabinet.advance(0.3)
    assert bridge.state(cabinet.now_ns()).since_ns == before
    cabinet._bridge = bridge


def test_a_report_that_is_too_old_is_no_state(cabinet: SerialCabinet) -> None:
    cabinet.emulator.to_host = lambda _data: b""
    cabinet.advance(0.2)
    assert cabinet.bridge.state(cabinet.now_ns()).intervals[2] is G
    cabinet.advance(0.2)
    assert "no report has come for 0." in trouble(cabinet)


def test_pedestrian_calls_are_sent_until_the_controller_has_them(make: Make) -> None:
    called = {"phases": tuple(phase.model_copy(update={"ped_recall": False}) for phase in EIGHT.phases)}
    cabinet = make(table(**called))
    bridge = cabinet.connect()
    bridge.wait_ready()
    cabinet.ask({6}, 6.0)
    lost = iter([b"", b""])
    cabinet.emulator.to_device = lambda data: next(lost, data) if data else data
    bridge.request(PhaseRequest(cabinet.now_ns(), frozenset({2, 6}), "test", 1000, frozenset({2})))
    cabinet.advance(0.1)
    assert PedInterval.WALK not in cabinet.ask({2, 6}, 0.1).pedestrian.values()
    assert cabinet.ask({2, 6}, 1.0).pedestrian[2] is PedInterval.WALK
    cabinet.ask({4, 8}, 25.0)
    state = cabinet.ask({2, 6}, 12.0)  # a call is served once
    assert (state.intervals[2], state.pedestrian[2]) == (G, PedInterval.DONT_WALK)


def test_a_request_that_answers_an_old_report_is_late(cabinet: SerialCabinet) -> None:
    """An adapter that holds requests back for seconds cannot keep a green alive."""
    held: list[bytes] = []

    def hold(data: bytes) -> bytes:
        held.append(data)
        return b""

    cabinet.emulator.to_device = hold
    for _ in range(15):
        cabinet.try_to_ask({2, 6})
        cabinet.advance(0.1)
    cabinet.emulator.to_device = bytes
    before = cabinet.device.requests_refused
    cabinet.device.receive(b"".join(held))
    assert before == 0
    cabinet.advance(0.02)
    assert cabinet.device.requests_refused in {5, 6}  # those of the first half second


# --- a bad line ------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [1e-4, 1e-3, 1e-2])
def test_noise_never_shows_a_wrong_lamp(cabinet: SerialCabinet, rate: float) -> None:
    chance = random.Random(round(1 / rate))

    def noisy(data: bytes) -> bytes:
        return bytes(byte ^ (1 << chance.randrange(8)) if chance.random() < rate else byte for byte in data)

    cabinet.emulator.to_device = cabinet.emulator.to_host = noisy
    for turn in range(600):
        cabinet.try_to_ask({2, 6} if turn % 200 < 100 else {4, 8}, ttl_ms=500)
        cabinet.advance(0.1)
        assert greens(cabinet) in (set(), {2, 6}, {2}, {6}, {4, 8}, {4}, {8})
    spoilt = cabinet.device.counts.total() + cabinet.bridge.counts.total()
    assert spoilt > 0 if rate > 1e-4 else spoilt >= 0
    cabinet.emulator.to_device = cabinet.emulator.to_host = bytes
    assert cabinet.ask({2, 6}, 12.0).intervals[2] is G  # and it goes on by itself


def test_half_frames_and_replayed_frames_change_nothing(cabinet: SerialCabinet) -> None:
    heard: list[bytes] = []

    def record(data: bytes) -> bytes:
        heard.append(data)
        return data

    cabinet.emulator.to_device = record
    cabinet.ask({4, 8}, 1.0)
    asked_for_4 = b"".join(heard)
    cabinet.emulator.to_device = bytes
    cabinet.ask({2, 6}, 12.0)
    for junk in (asked_for_4, asked_for_4[:9], asked_for_4[7:30]):
        before = cabinet.device.counts.total()
        cabinet.device.receive(junk)
        cabinet.ask({2, 6}, 1.0)
        assert cabinet.device.counts.total() > before
        assert greens(cabinet) == {2, 6}


def test_the_recorded_talk_of_another_day_changes_nothing(make: Make, cabinet: SerialCabinet) -> None:
    """Even its hello: the session it names is not offered again."""
    frames = [
        encode(Frame(FROM_HOST, Kind.HELLO, 0, 0, 0, bytes([1, 0, 1, 2, 3, 4, 5, 6]))),
        *(
            encode(Frame(FROM_HOST, Kind.REQUEST, session, 1, 0, Request(8, 300, 0, 0, 0).payload()))
            for session in range(1, 900)
        ),
    ]
    cabinet.device.receive(b"".join(frames))
    cabinet.ask({2, 6}, 2.0)
    assert greens(cabinet) == {2, 6}
    assert cabinet.device.counts.foreign >= 899


# --- the port --------------------------------------------------------------------------------


def test_unplugged_greens_end_in_order_and_the_bridge_says_so(cabinet: SerialCabinet) -> None:
    cabinet.line.unplug()
    for _ in range(200):
        cabinet.try_to_ask({2, 6})
        cabinet.advance(0.1)
    assert "controller" in trouble(cabinet)
    assert "there is no such port" in trouble(cabinet)
    assert cabinet.device.mode is Mode.FLASH


def test_the_first_read_after_unplugging_tells_it(cabinet: SerialCabinet) -> None:
    cabinet.line.unplug()
    with pytest.raises(DeviceError, match="was unplugged"):
        cabinet.bridge.request(PhaseRequest(cabinet.now_ns(), frozenset({2}), "test"))


def test_plugged_in_again_it_goes_on_after_the_same_check(cabinet: SerialCabinet) -> None:
    cabinet.line.unplug()
    cabinet.advance(20.0)
    cabinet.line.plug()
    assert "no such port" in trouble(cabinet)
    cabinet.advance(5.5)  # the longest wait between attempts is 5 s
    assert cabinet.bridge.reconnects == 1
    assert cabinet.ask({4, 8}, 5.0).intervals[4] is G


def test_another_controller_plugged_in_is_not_asked(cabinet: SerialCabinet) -> None:
    cabinet.line.unplug()
    cabinet.advance(1.0)
    cabinet.reboot(to_bytes(OTHER))
    cabinet.line.plug()
    for _ in range(100):
        cabinet.try_to_ask({2, 6})
        cabinet.advance(0.1)
    assert "runs timing table" in trouble(cabinet)
    assert cabinet.device.mode is Mode.FLASH


def test_a_controller_that_restarts_is_greeted_again(cabinet: SerialCabinet) -> None:
    cabinet.reboot()
    for _ in range(60):
        cabinet.try_to_ask({2, 6})
        cabinet.advance(0.1)
    assert cabinet.bridge.state(cabinet.now_ns()).intervals[2] is G


def test_requests_that_are_not_heard_begin_a_new_session(cabinet: SerialCabinet) -> None:
    """Reports come, and do not name our requests: here because the numbers are beyond belief."""
    session = cabinet.device.session
    cabinet.bridge._session._link.fresh_sent += 2000
    for _ in range(20):
        cabinet.try_to_ask({2, 6})
        cabinet.advance(0.1)
    assert cabinet.device.session != session
    assert cabinet.ask({2, 6}, 5.0).intervals[2] is G


def test_a_missing_port_is_named_with_the_fix(tmp_path: Path) -> None:
    with pytest.raises(DeviceError, match=r"/ttyNOT: there is no such port; plug the controller in"):
        SerialBridge(TABLE, str(tmp_path / "ttyNOT"), make_clock(tmp_path))


def test_a_busy_port_is_named_with_the_fix(cabinet: SerialCabinet) -> None:
    with pytest.raises(DeviceError, match="another program uses the port"):
        SerialBridge(TABLE, cabinet.line.path, cabinet, listen=False)
    assert cabinet.ask({2, 6}, 1.0).intervals[2] is G


def test_a_port_without_permission_names_the_group(monkeypatch: pytest.MonkeyPatch, make: Make) -> None:
    """A refused open is made here: tests may run as root, whom nothing refuses."""

    def refused(*_args: object) -> int:
        raise PermissionError(13, "Permission denied")

    cabinet = make()
    monkeypatch.setattr("serial.serialposix.os.open", refused)
    with pytest.raises(DeviceError, match=r"no permission; join the group .*dialout"):
        cabinet.connect()


def test_a_file_is_no_port(tmp_path: Path) -> None:
    path = tmp_path / "site.toml"
    path.write_text("id = 1\n")
    with pytest.raises(DeviceError, match=r"site\.toml: is no serial port"):
        SerialBridge(TABLE, str(path), make_clock(tmp_path))
    assert path.read_text() == "id = 1\n"


def test_a_raw_os_error_is_a_device_error(cabinet: SerialCabinet, monkeypatch: pytest.MonkeyPatch) -> None:
    """As where the kernel takes the port away between two calls."""
    port = cabinet.bridge._port
    assert port is not None
    cabinet.line.write(bytes(3))
    assert select.select([port.fileno()], [], [], 5.0)[0]
    monkeypatch.setattr("serial.serialposix.os.read", lambda *_args: (_ for _ in ()).throw(OSError(5, "I/O error")))
    cabinet.bridge.pump()
    monkeypatch.undo()
    with pytest.raises(DeviceError, match="was unplugged"):
        cabinet.bridge.state(cabinet.now_ns())


# --- faults ----------------------------------------------------------------------------------


def test_a_fault_is_told_once_and_reset_only_at_the_cabinet(cabinet: SerialCabinet) -> None:
    bridge = cabinet.bridge
    cabinet.device.pins = Pins(platform_fault=18)
    state = cabinet.ask({2, 6}, 1.0)
    assert (state.mode, "memory was overwritten" in str(state.fault)) == ("flash", True)
    (notice,) = bridge.take_faults()
    assert (notice.fault, notice.utc_s // 3600) == (18, cabinet.wall_ns(cabinet.now_ns()) // NS_PER_S // 3600)
    cabinet.device.pins = Pins()
    with pytest.raises(DeviceError, match="nobody is at the cabinet"):
        bridge.reset()
    assert cabinet.device.fault == 18
    cabinet.device.pins = Pins(door=True)
    cabinet.advance(0.02)
    bridge.reset()
    assert cabinet.ask({2, 6}, 5.0).intervals[2] is G
    with pytest.raises(DeviceError, match="no fault is latched"):
        bridge.reset()


def test_the_core_refuses_what_the_bridge_would_have_let_through(cabinet: SerialCabinet) -> None:
    port = cabinet.bridge._port
    assert port is not None
    port.write(cabinet.bridge._session.request(frozenset({2, 4}), 300, frozenset()))
    cabinet.advance(0.05)
    assert greens(cabinet) == {2, 6}
    assert cabinet.bridge.state(cabinet.now_ns()).fault == "request refused: the core does not take it"


def test_a_report_of_values_that_are_none_is_foreign(cabinet: SerialCabinet) -> None:
    bridge = cabinet.bridge
    report = bridge.report
    assert report is not None
    before = bridge.counts.foreign
    payload = bytearray(report.payload())
    payload[4] = 9
    frame = Frame(0xC1, Kind.STATE, cabinet.device.session, 900, 0, bytes(payload))
    cabinet.line.write(encode(frame))
    cabinet.advance(0.02)
    assert bridge.counts.foreign == before + 1
    assert isinstance(bridge.report, Report)
    assert bridge.state(cabinet.now_ns()).mode == "running"


def test_closing_the_port_does_not_restart_the_controller(cabinet: SerialCabinet) -> None:
    """DTR, which restarts many boards, falls on closing only where HUPCL is set."""
    port = cabinet.bridge._port
    assert port is not None
    assert not termios.tcgetattr(port.fileno())[2] & termios.HUPCL


def test_a_closed_bridge_frees_the_port_for_the_next(cabinet: SerialCabinet) -> None:
    cabinet.bridge.close()
    cabinet.bridge.close()
    cabinet.connect().wait_ready()


def make_clock(folder: Path) -> SerialCabinet:
    """Any clock: nothing is connected to it."""
    return SerialCabinet(folder, SMALL)
