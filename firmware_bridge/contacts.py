"""Contacts that call for preemption or for a walk: GPIO pins of this computer and lines of serial ports, debounced.

A thread reads them twenty times a second, so a port that hangs holds up nobody. A contact that
cannot be read calls for nothing, which is said, and is opened again later.
"""

from __future__ import annotations

import logging
import termios
import threading
from collections.abc import Callable, Collection, Iterable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Protocol, Self

from calibration.preempts import PreemptInput
from edge.clock import NS_PER_S, Clock
from edge.errors import DeviceError

_log = logging.getLogger(__name__)
_EVERY_S = 0.05
_AGAIN_NS = 10 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Contact:
    """An opened input: whether its line is active now, and how to let it go. Both may raise `errors`."""

    active: Callable[[], bool]
    close: Callable[[], object]
    errors: tuple[type[Exception], ...] = (OSError, termios.error)


def open_contact(wanted: PreemptInput) -> Contact:
    """The pin or the line; DeviceError where it cannot be had."""
    if wanted.gpio is not None:
        return _pin(wanted.gpio)
    return _line(wanted.port or "", wanted.line)


class Called(Protocol):
    """A row of the site file that contacts call: a preemption or a push button."""

    @property
    def number(self) -> int: ...
    @property
    def inputs(self) -> tuple[PreemptInput, ...]: ...


@dataclass(slots=True)
class _Input:
    """One input of one row, as the thread knows it. row: "preempt 1", for the log."""

    number: int
    row: str
    wanted: PreemptInput
    contact: Contact | None = None
    since_ns: int | None = None
    again_ns: int | None = None
    lost: bool = False
    spoken: str = field(init=False)

    def __post_init__(self) -> None:
        pin = self.wanted.gpio
        self.spoken = f"pin {pin}" if pin is not None else f"{self.wanted.line} of {self.wanted.port}"


class Contacts:
    """Which rows are called by contacts. A context manager; leaving it lets the inputs go.

    DeviceError where one cannot be had at the start. kind: what the rows are, for the log.
    """

    def __init__(
        self,
        rows: Iterable[Called],
        clock: Clock,
        opener: Callable[[PreemptInput], Contact] = open_contact,
        kind: str = "preempt",
    ) -> None:
        self._clock = clock
        self._opener = opener
        self._inputs = [_Input(row.number, f"{kind} {row.number}", wanted) for row in rows for wanted in row.inputs]
        self._called: frozenset[int] = frozenset()
        self._came: frozenset[int] = frozenset()
        self._taking = threading.Lock()
        self._ending = threading.Event()
        self._thread = threading.Thread(target=self._watch, name="contacts", daemon=True)

    def called(self, _t_ns: int) -> Collection[int]:
        """Numbers called as of the last look; never waits."""
        return self._called

    def came(self) -> Collection[int]:
        """Numbers that were called in any look since it was last asked, or still are: no short press is missed."""
        with self._taking:
            came, self._came = self._came, self._called
        return came

    def look(self) -> None:
        """Read all inputs once; the thread does so."""
        now_ns = self._clock.now_ns()
        called = frozenset(one.number for one in self._inputs if self._calls(one, now_ns))
        with self._taking:
            self._called, self._came = called, self._came | called

    def __enter__(self) -> Self:
        try:
            for one in self._inputs:
                one.contact = self._opener(one.wanted)
        except DeviceError:
            self._let_go()
            raise
        if self._inputs:
            self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        if self._thread.is_alive():
            self._thread.join(10 * _EVERY_S)
        self._let_go()

    def _watch(self) -> None:
        while not self._ending.wait(_EVERY_S):
            self.look()

    def _calls(self, one: _Input, now_ns: int) -> bool:
        active = self._is_active(one, now_ns)
        if active is None or active is one.wanted.inverted:
            one.since_ns = None
            return False
        one.since_ns = now_ns if one.since_ns is None else one.since_ns
        return now_ns - one.since_ns >= one.wanted.debounce_s * NS_PER_S

    def _is_active(self, one: _Input, now_ns: int) -> bool | None:
        """Whether its line is active; None where it cannot be read."""
        if one.contact is None:
            if one.again_ns is not None and now_ns < one.again_ns:
                return None
            try:
                one.contact = self._opener(one.wanted)
            except DeviceError as error:
                self._lose(one, now_ns, str(error))
                return None
            _log.warning("%s: %s is read again", one.row, one.spoken)
            one.lost = False
        try:
            return one.contact.active()
        except one.contact.errors as error:
            self._lose(one, now_ns, str(error))
            return None

    def _lose(self, one: _Input, now_ns: int, why: str) -> None:
        if not one.lost:
            _log.error("%s: %s cannot be read, so it calls nothing: %s", one.row, one.spoken, why)
        _close(one)
        one.lost, one.again_ns = True, now_ns + _AGAIN_NS

    def _let_go(self) -> None:
        for one in self._inputs:
            _close(one)


def _close(one: _Input) -> None:
    contact, one.contact = one.contact, None
    if contact is not None:
        try:
            contact.close()
        except contact.errors:
            _log.debug("%s was gone when it was closed", one.spoken)


def _pin(number: int) -> Contact:
    from gpiozero import InputDevice
    from gpiozero.exc import GPIOZeroError

    errors: tuple[type[Exception], ...] = (GPIOZeroError, OSError)
    try:
        device = InputDevice(number, pull_up=True)
    except errors as error:
        raise DeviceError(f"input, pin {number}: cannot be had ({error}); check board, pin and group") from error
    return Contact(lambda: bool(device.value), device.close, errors)


def _line(port: str, line: str) -> Contact:
    import serial

    try:
        opened = serial.serial_for_url(port, timeout=0)
    except (OSError, ValueError) as error:
        raise DeviceError(f"input, {line} of {port}: cannot be opened ({error}); check port and group") from error
    return Contact(lambda: bool(getattr(opened, line)), opened.close)
