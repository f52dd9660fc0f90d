"""Contacts for preemption and push buttons: gpiozero's mock pins, pyserial's loop, and ones that break."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import serial
from gpiozero import Device
from gpiozero.pins.mock import MockFactory

from calibration.buttons import Button
from calibration.preempts import Preempt, PreemptInput
from edge.clock import NS_PER_MS, NS_PER_S, ReplayClock
from edge.errors import DeviceError
from firmware_bridge.contacts import Contact, Contacts, open_contact
from tests.mqtt import wait_until


def row(number: int, *inputs: PreemptInput) -> Preempt:
    return Preempt(number=number, name=f"p{number}", phases=(2,), inputs=inputs)


@pytest.fixture
def pins() -> Iterator[MockFactory]:
    before, Device.pin_factory = Device.pin_factory, MockFactory()
    factory = Device.pin_factory
    assert isinstance(factory, MockFactory)
    yield factory
    factory.reset()
    Device.pin_factory = before


def test_a_pin_calls_while_it_is_closed_to_ground_after_its_debounce(pins: MockFactory) -> None:
    clock = ReplayClock()
    contacts = Contacts([row(1, PreemptInput(gpio=21)), row(2, PreemptInput(gpio=22, inverted=True))], clock)
    for one in contacts._inputs:
        one.contact = open_contact(one.wanted)
    pins.pin(22).drive_low()
    seen = []
    for tenth_ms, low in enumerate([False, True, True, True, False, True, True, True, True, False]):
        (pins.pin(21).drive_low if low else pins.pin(21).drive_high)()
        clock.advance_to(tenth_ms * 50 * NS_PER_MS)
        contacts.look()
        seen.append(1 in contacts.called(0))
    # 0.1 s is two looks after the first.
    assert seen == [False, False, False, True, False, False, False, True, True, False]
    pins.pin(22).drive_high()
    for tenth_ms in range(10, 14):
        clock.advance_to(tenth_ms * 50 * NS_PER_MS)
        contacts.look()
    assert set(contacts.called(0)) == {2}, "a broken wire calls where it is inverted"


def test_a_line_of_a_serial_port_calls_while_it_is_asserted() -> None:
    contact = open_contact(PreemptInput(port="loop://", line="cts"))
    assert contact.active() is True, "the loop joins RTS, which is on, to CTS"
    contact.close()
    opened = serial.serial_for_url("loop://")
    opened.rts = False
    assert opened.cts is False
    opened.close()


def test_what_cannot_be_had_is_told_with_the_port() -> None:
    with pytest.raises(DeviceError, match=r"cts of /dev/not-there: cannot be opened"):
        open_contact(PreemptInput(port="/dev/not-there"))


def test_a_contact_that_breaks_calls_nothing_and_is_opened_again(caplog: pytest.LogCaptureFixture) -> None:
    clock = ReplayClock()
    broken = {"now": False}
    opened: list[int] = []

    def active() -> bool:
        if broken["now"]:
            raise OSError("unplugged")
        return True

    def opener(wanted: PreemptInput) -> Contact:
        if broken["now"]:
            raise DeviceError("not there")
        opened.append(1)
        return Contact(active, lambda: None)

    contacts = Contacts([row(3, PreemptInput(port="x", debounce_s=0))], clock, opener)
    contacts.look()
    assert set(contacts.called(0)) == {3}
    broken["now"] = True
    for second in range(1, 40):
        clock.advance_to(second * NS_PER_S)
        contacts.look()
        assert set(contacts.called(0)) == set()
    assert [r.message for r in caplog.records if r.levelname == "ERROR"] == [
        "preempt 3: cts of x cannot be read, so it calls nothing: unplugged"
    ]
    broken["now"] = False
    for second in range(40, 55):
        clock.advance_to(second * NS_PER_S)
        contacts.look()
    assert set(contacts.called(0)) == {3}
    assert len(opened) == 2


def test_the_thread_looks_by_itself() -> None:
    from edge.clock import SystemClock

    opener = lambda _wanted: Contact(lambda: True, lambda: None)  # noqa: E731
    with Contacts([row(1, PreemptInput(port="x", debounce_s=0))], SystemClock(), opener) as contacts:
        wait_until(lambda: set(contacts.called(0)) == {1}, "the contact is seen")


def test_a_pin_is_a_button_and_no_short_press_is_missed(pins: MockFactory) -> None:
    clock = ReplayClock()
    contacts = Contacts([Button(number=5, phase=4, inputs=(PreemptInput(gpio=21),))], clock, kind="button")
    for one in contacts._inputs:
        one.contact = open_contact(one.wanted)
    came = []
    for look, low in enumerate([False, True, True, True, False, False, False, False]):
        (pins.pin(21).drive_low if low else pins.pin(21).drive_high)()
        clock.advance_to(look * 50 * NS_PER_MS)
        contacts.look()
        if look % 2 == 0:
            came.append(set(contacts.came()))
    # Debounced, it is closed in the look at 150 ms alone, and control asks at 100 and at 200.
    assert came == [set(), set(), {5}, set()]
