"""The GPIO bridge on gpiozero's mock pins: what the pins do, not what the core says."""

from __future__ import annotations

import threading
from collections.abc import Iterator

import pytest
from gpiozero import OutputDevice
from gpiozero.pins.mock import MockFactory, MockPin

from calibration.site import Senses, Signal
from edge.clock import NS_PER_MS, NS_PER_S, ReplayClock
from edge.errors import ConfigError, DeviceError
from edge.types import Interval, PhaseRequest
from firmware_bridge.boards import ANY
from firmware_bridge.gpio_bridge import GpioBridge
from firmware_bridge.gpio_pins import LampPins
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Witness
from firmware_bridge.table import table_of_signal, to_bytes
from tests.gpio_pins import BEAT, DOOR, FLASH, RELAY, RESET, Rack, wired
from tests.signal_tables import TWO, phase, short_walk

WALKING = Signal(
    phases=(
        short_walk(phase(2, min_green_s=5, walk_s=4, ped_clearance_s=3)),
        phase(4),
    ),
    rings=(((2,), (4,)),),
    startup_flash_s=0,
    startup_red_s=3,
)
SIGNAL = wired(WALKING)
assert SIGNAL.wiring is not None
WIRING = SIGNAL.wiring


class Laws:
    """Sees each tick by the laws of the core."""

    def __init__(self, signal: Signal) -> None:
        self._witness = Witness(to_bytes(table_of_signal(signal)))
        self.broken: list[str] = []

    def __call__(self, inputs: CoreInputs, outputs: CoreOutputs, step_ms: int, credited_ms: int) -> None:
        law = self._witness.see(inputs, outputs, step_ms, credited_ms)
        if law is not None:
            self.broken.append(law)


@pytest.fixture
def rack() -> Iterator[Rack]:
    laws = Laws(SIGNAL)
    rack = Rack(SIGNAL, watch=laws)
    yield rack
    rack.bridge.close()
    assert laws.broken == []


def ask(rack: Rack, phases: set[int], ms: int) -> None:
    for _ in range(ms // 100):
        rack.bridge.request(PhaseRequest(rack.clock.now_ns(), frozenset(phases), "test"))
        rack.pass_ms(100)


def test_pins_follow_the_core_through_a_cycle(rack: Rack) -> None:
    assert not rack.level(RELAY), "the cabinet flashes until the core drives the lamps"
    ask(rack, {2}, 2900)
    assert rack.lit() == {"2 red", "2 dont_walk", "4 red"}
    assert rack.level(RELAY)
    ask(rack, {2}, 200)
    assert rack.lit() == {"2 green", "2 walk", "4 red"}
    ask(rack, {4}, 7000)
    assert rack.lit() == {"2 yellow", "2 dont_walk", "4 red"}
    ask(rack, {4}, 3000)
    assert rack.lit() == {"2 red", "2 dont_walk", "4 red"}
    ask(rack, {4}, 1000)
    assert rack.lit() == {"2 red", "2 dont_walk", "4 green"}


def test_no_pin_shows_two_greens_or_two_lamps_of_a_head_at_any_edge(monkeypatch: pytest.MonkeyPatch) -> None:
    """Seen at each single edge, also within a tick."""
    seen: list[set[str]] = []
    rack = Rack(SIGNAL)
    set_state = MockPin._set_state

    def watched(self: MockPin, value: float) -> None:
        set_state(self, value)
        seen.append({lamp for lamp in rack.lit() if not lamp.endswith("walk")})

    monkeypatch.setattr(MockPin, "_set_state", watched)
    for phases in ({2}, {4}, {2}, set[int]()):
        ask(rack, phases, 12_000)
    rack.bridge.close()
    assert len(seen) > 1000
    for lit in seen:
        heads = [lamp.split()[0] for lamp in lit]
        assert len(heads) == len(set(heads)), lit
        assert len({lamp for lamp in lit if "red" not in lamp}) <= 1, lit


def test_heartbeat_has_an_edge_every_tick_and_none_without_one(rack: Rack) -> None:
    pin = rack.factory.pin(BEAT)
    before = len(pin.states)
    rack.pass_ms(1000)
    assert len(pin.states) == before + 100
    rack.clock.advance_to(rack.clock.now_ns() + 5 * NS_PER_S)
    assert len(pin.states) == before + 100, "a process that does not tick beats no more"


def test_silence_ends_green_in_order_and_drops_the_relay(rack: Rack) -> None:
    ask(rack, {4}, 10_000)
    assert "4 green" in rack.lit()
    rack.pass_ms(300)
    assert "4 yellow" in rack.lit()
    rack.pass_ms(4000 + 10)
    assert not rack.level(RELAY)


@pytest.mark.parametrize("switch", [FLASH, DOOR])
def test_an_open_contact_flashes_in_order(rack: Rack, switch: int) -> None:
    ask(rack, {4}, 10_000)
    rack.press(switch)
    ask(rack, {4}, 1000)
    assert "4 yellow" in rack.lit()
    ask(rack, {4}, 4000)
    assert not rack.level(RELAY)
    rack.press(switch, down=False)
    ask(rack, {4}, 3200)
    assert rack.level(RELAY)


def test_a_sensed_conflict_flashes_at_once_and_stays_until_the_button() -> None:
    senses = {"2": Senses(red=14, yellow=15, green=16), "4": Senses(red=17, yellow=18, green=19)}
    rack = Rack(wired(WALKING, senses=senses))
    for pin in (14, 17):
        rack.factory.pin(pin).drive_high()
    ask(rack, {4}, 3500)
    rack.factory.pin(17).drive_low()
    rack.factory.pin(19).drive_high()
    ask(rack, {4}, 2000)
    assert "4 green" in rack.lit()
    rack.factory.pin(14).drive_low()
    rack.factory.pin(16).drive_high()
    ask(rack, {4}, 200)
    assert rack.level(RELAY)
    ask(rack, {4}, 200)
    assert not rack.level(RELAY)
    fault = rack.bridge.state(rack.clock.now_ns()).fault
    assert fault is not None
    assert "conflicting" in fault
    for pin in (14, 17):
        rack.factory.pin(pin).drive_high()
    for pin in (16, 19):
        rack.factory.pin(pin).drive_low()
    ask(rack, {4}, 5000)
    assert not rack.level(RELAY), "nobody has pressed the button"
    rack.press(RESET)
    ask(rack, {4}, 100)
    rack.press(RESET, down=False)
    ask(rack, {4}, 500)
    assert rack.level(RELAY)
    rack.bridge.close()


def test_active_low_turns_lamps_and_relay_over_but_nothing_else() -> None:
    rack = Rack(wired(WALKING, active_low=True))
    assert rack.level(RELAY)
    ask(rack, {4}, 3500)
    assert not rack.level(RELAY)
    assert rack.lit() == {"2 red", "2 dont_walk", "4 green"}
    rack.bridge.close()


def test_closing_lets_every_pin_go_relay_first() -> None:
    rack = Rack(SIGNAL)
    ask(rack, {4}, 10_000)
    rack.bridge.close()
    assert all(rack.factory.pin(pin).function == "input" for pin in range(4, 12))
    assert not rack.level(RELAY)
    again = LampPins(rack.table, rack.wiring, rack.factory)
    again.release()


def test_an_exception_lets_every_pin_go() -> None:
    factory = MockFactory()

    def control() -> None:
        with GpioBridge(table_of_signal(SIGNAL), WIRING, ReplayClock(), factory, threaded=False) as bridge:
            bridge.tick()
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        control()
    assert [pin for pin in range(28) if factory.pin(pin).function == "output"] == []


def test_a_pin_in_use_is_refused_by_its_key_and_no_lamp_is_touched() -> None:
    factory = MockFactory()
    other = OutputDevice(6, pin_factory=factory)
    with pytest.raises(DeviceError, match=r"signal\.wiring\.heads\.2\.green = 6: the pin is already in use; end"):
        GpioBridge(table_of_signal(SIGNAL), WIRING, ReplayClock(), factory, threaded=False)
    assert [pin for pin in range(28) if factory.pin(pin).function == "output"] == [6]
    other.close()


class Unpermitted(MockPin):
    def __init__(self, _factory: MockFactory, _info: object) -> None:
        raise PermissionError(13, "Permission denied")


class Busy(MockPin):
    def __init__(self, _factory: MockFactory, _info: object) -> None:
        raise OSError("'GPIO busy'")


@pytest.mark.parametrize(
    ("kind", "words"),
    [(Unpermitted, ["no permission", "usermod -aG gpio"]), (Busy, ["already in use by another program"])],
)
def test_what_the_system_refuses_is_told_with_key_and_fix(kind: type[MockPin], words: list[str]) -> None:
    factory = MockFactory(pin_class=kind)
    with pytest.raises(DeviceError) as refused:
        GpioBridge(table_of_signal(SIGNAL), WIRING, ReplayClock(), factory, threaded=False)
    for word in ("signal.wiring.flash_relay = 0", *words):
        assert word in str(refused.value)


def test_a_table_for_another_board_is_refused() -> None:
    with pytest.raises(ConfigError, match=r'signal\.wiring\.board: the table is for no board; write board = "gpio"'):
        GpioBridge(table_of_signal(WALKING, board=ANY), WIRING, ReplayClock(), MockFactory())


def test_a_pin_that_fails_drops_the_relay_and_is_told_ever_after(monkeypatch: pytest.MonkeyPatch) -> None:
    rack = Rack(SIGNAL)
    ask(rack, {4}, 10_000)
    yellow = rack.factory.pin(10)  # of phase 4
    assert "4 green" in rack.lit()
    set_state = MockPin._set_state

    def fails(self: MockPin, value: float) -> None:
        if self is yellow and value:
            raise OSError(5, "Input/output error")
        set_state(self, value)

    monkeypatch.setattr(MockPin, "_set_state", fails)
    with pytest.raises(DeviceError, match="cannot be switched"):
        rack.pass_ms(400)
    assert not rack.level(RELAY)
    for again in (rack.bridge.tick, lambda: rack.bridge.state(0)):
        with pytest.raises(DeviceError, match="lamps are at flash"):
            again()
    rack.bridge.close()


def test_after_a_stop_the_lamps_flash_and_stay_so_until_the_button(rack: Rack) -> None:
    """A process that was stopped may not go on where it was: the relay outside has dropped meanwhile."""
    ask(rack, {4}, 10_000)
    rack.clock.advance_to(rack.clock.now_ns() + 500 * NS_PER_MS)
    rack.bridge.tick()
    ask(rack, {4}, 1000)
    assert rack.level(RELAY), "500 ms is late, and no more"
    before = len(rack.factory.pin(BEAT).states)
    rack.clock.advance_to(rack.clock.now_ns() + 501 * NS_PER_MS)
    rack.bridge.tick()
    assert not rack.level(RELAY)
    assert len(rack.factory.pin(BEAT).states) == before + 1
    assert rack.bridge.state(0).fault == (
        "latched: a tick came far too late; it stays until a person resets it at the cabinet"
    )
    ask(rack, {4}, 10_000)
    assert not rack.level(RELAY)
    rack.press(RESET)
    ask(rack, {4}, 500)
    assert rack.level(RELAY)


def test_a_stale_state_is_no_measurement(rack: Rack) -> None:
    rack.pass_ms(100)
    assert rack.bridge.state(rack.clock.now_ns() + 250 * NS_PER_MS).mode == "flash"
    with pytest.raises(DeviceError, match="251 ms ago"):
        rack.bridge.state(rack.clock.now_ns() + 251 * NS_PER_MS)


class Paced(ReplayClock):
    """A clock that a test lets run: `sleep_until` waits until it was let so far."""

    def __init__(self) -> None:
        super().__init__()
        self._may = threading.Condition()
        self._limit_ns = 0

    def let(self, t_ns: int) -> None:
        with self._may:
            self._limit_ns = t_ns
            self._may.notify_all()

    def sleep_until(self, t_ns: int) -> None:
        with self._may:
            assert self._may.wait_for(lambda: t_ns <= self._limit_ns, timeout=30)
        super().sleep_until(t_ns)


def test_closing_a_threaded_bridge_ends_greens_in_order_first() -> None:
    laws = Laws(SIGNAL)
    clock, factory = Paced(), MockFactory()
    wiring = WIRING.model_copy(update={"manual_flash": None, "door": None})
    bridge = GpioBridge(table_of_signal(SIGNAL), wiring, clock, factory, watch=laws)
    for tenth in range(1, 80):
        bridge.request(PhaseRequest(clock.now_ns(), frozenset({4}), "test", 1000))
        clock.let(tenth * 100 * NS_PER_MS)
        while clock.now_ns() < tenth * 100 * NS_PER_MS - 10 * NS_PER_MS:
            threading.Event().wait(0.0005)
    assert bridge.state(0).intervals[4] is Interval.GREEN
    yellow = factory.pin(10)
    assert not yellow.state
    clock.let(1000 * NS_PER_S)
    bridge.close()
    assert laws.broken == []
    assert [change.state for change in yellow.states].count(True) >= 1, "yellow was shown on the way out"
    assert not factory.pin(RELAY).state
    assert clock.now_ns() < 30 * NS_PER_S
    with pytest.raises(DeviceError, match="closed"):
        bridge.state(0)


def test_lamps_of_two_make_no_red_of_the_other_wait() -> None:
    """The least of junctions, without pedestrians: both rings of one phase."""
    rack = Rack(wired(TWO.model_copy(update={"startup_flash_s": 0.0, "startup_red_s": 3.0})))
    ask(rack, {2}, 3500)
    assert rack.lit() == {"2 green", "4 red"}
    rack.bridge.close()
