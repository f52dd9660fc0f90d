"""What a technician does with new lamps: walk every phase slowly, and test the controller.

Works over any bridge, by what it measures and by nothing else.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import pairwise

from edge.clock import NS_PER_MS, NS_PER_S, Clock
from edge.errors import DeviceError
from edge.types import Interval, PhaseRequest, SignalState
from firmware_bridge.bridge import Bridge
from firmware_bridge.timing_table import Channel, TimingTable

_STEP_NS = 100 * NS_PER_MS
_TTL_MS = 300
#: For what a table does not time: a wire, a start.
_GRACE_S = 2.0
#: How far a measured interval may lie beside the table: a step of the core, and the wire.
_TOLERANCE_MS = 60
_REST = (Interval.RED, Interval.FLASH_RED, Interval.FLASH_YELLOW)


@dataclass(frozen=True, slots=True)
class Walked:
    """One phase as it was measured, in ms; None for what was not seen."""

    phase: int
    green_ms: int | None
    yellow_ms: int | None
    red_clearance_ms: int | None
    conflict: str | None


@dataclass(frozen=True, slots=True)
class Check:
    """One check of the self-test: what was looked at, whether it is right, what was seen."""

    name: str
    good: bool
    seen: str


class Stopped(Exception):
    """Somebody wished it to end; its text says how."""


class Asker:
    """Asks a bridge ten times a second and looks at what it shows. stop: why not to go on, asked every time."""

    def __init__(self, table: TimingTable, bridge: Bridge, clock: Clock, stop: Callable[[], str | None]) -> None:
        self.table = table
        self._bridge = bridge
        self._clock = clock
        self._stop = stop

    def ask(
        self, phases: frozenset[int] | None, until: Callable[[SignalState], bool], most_s: float
    ) -> tuple[bool, tuple[SignalState, ...]]:
        """Ask for phases (None: in silence) until something shows, or so long; whether it did, and all seen.

        DeviceError of the bridge, and Stopped where `stop` says so.
        """
        end_ns = self._clock.now_ns() + round(most_s * NS_PER_S)
        seen: list[SignalState] = []
        while True:
            stopped = self._stop()
            if stopped is not None:
                raise Stopped(stopped)
            now_ns = self._clock.now_ns()
            if phases is not None:
                self._bridge.request(PhaseRequest(now_ns, phases, "commissioning", _TTL_MS))
            seen.append(self._bridge.state(now_ns))
            if until(seen[-1]):
                return True, tuple(seen)
            if now_ns >= end_ns:
                return False, tuple(seen)
            self._clock.sleep_until(now_ns + _STEP_NS)

    def start(self) -> tuple[SignalState, ...]:
        """Ask for all red until the core runs; DeviceError with its own reason where it does not."""
        table = self.table
        most_s = (table.startup_flash_cs + table.startup_red_cs) / 100 + _startup_s(table) + _GRACE_S
        running, seen = self.ask(frozenset(), lambda s: s.mode == "running" and _all_red(s), most_s)
        if not running:
            raise DeviceError(f"the lamps do not leave {seen[-1].mode}: {seen[-1].fault or 'the core says no reason'}")
        return seen


def exercise(asker: Asker, hold_s: float) -> Iterator[Walked]:
    """Each phase green by itself for so long at least, then all red, in the order of their numbers."""
    asker.start()
    for channel in asker.table.channels:
        if channel.number:
            yield walk(asker, channel, hold_s)


def walk(asker: Asker, channel: Channel, hold_s: float) -> Walked:
    """One phase through green, yellow and red clearance, all else red."""
    number = channel.number
    owed_s = _owed_s(channel)
    begun, seen = asker.ask(
        frozenset({number}), lambda s: s.intervals[number] is Interval.GREEN, _GRACE_S + _startup_s(asker.table)
    )
    if begun:
        since_ns = seen[-1].since_ns[number]
        _, held = asker.ask(
            frozenset({number}), lambda s: s.t_ns - since_ns >= hold_s * NS_PER_S, max(hold_s, owed_s) + _GRACE_S
        )
        ending_s = owed_s + (channel.yellow_cs + channel.red_clearance_cs) / 100 + _GRACE_S
        _, ended = asker.ask(frozenset(), _all_red, ending_s)
        seen = (*seen, *held, *ended)
    lasted = _lasted(seen, number)
    return Walked(
        number,
        lasted.get(Interval.GREEN),
        lasted.get(Interval.YELLOW),
        lasted.get(Interval.RED_CLEARANCE, 0 if channel.red_clearance_cs == 0 else None),
        next((clash for state in seen if (clash := _clash(asker.table, state)) is not None), None),
    )


def selftest(asker: Asker) -> Iterator[Check]:
    """Whether this controller keeps the table: start-up, every phase, a refusal, and silence."""
    table = asker.table
    _, (first, *_) = asker.ask(None, lambda _state: True, 0)
    yield Check("at rest nothing is green", all(shown in _REST for shown in first.intervals.values()), first.mode)
    seen = asker.start()
    red_ms = [(s.t_ns - s.since_ns[n]) // NS_PER_MS for s in seen if s.mode == "startup" for n in list(s.since_ns)[:1]]
    least_ms = table.startup_red_cs * 10 - 2 * _STEP_NS // NS_PER_MS
    began_running = first.mode == "running"
    yield Check(
        "start-up is all red for its time",
        began_running or max(red_ms, default=0) >= least_ms,
        "was running" if began_running else f"{max(red_ms, default=0)} ms seen of {table.startup_red_cs * 10} ms",
    )
    for channel in table.channels:
        if channel.number:
            yield _phase_test(channel, walk(asker, channel, 0.0))
    yield from _refusal_test(asker)
    yield _silence_test(asker)


def _phase_test(channel: Channel, walked: Walked) -> Check:
    wanted = {"yellow": channel.yellow_cs * 10, "red clearance": channel.red_clearance_cs * 10}
    got = {"yellow": walked.yellow_ms, "red clearance": walked.red_clearance_ms}
    least_ms = _owed_s(channel) * 1000
    good = walked.conflict is None and walked.green_ms is not None and walked.green_ms >= least_ms - _TOLERANCE_MS
    for key, wanted_ms in wanted.items():
        measured_ms = got[key]
        good = good and measured_ms is not None and abs(measured_ms - wanted_ms) <= _TOLERANCE_MS
    parts = [f"green {_spoken(walked.green_ms)} (least {least_ms:.0f})"]
    parts += [f"{key} {_spoken(got[key])} ({wanted_ms})" for key, wanted_ms in wanted.items()]
    if walked.conflict is not None:
        parts.append(walked.conflict)
    return Check(f"phase {channel.number} keeps its times", good, ", ".join(parts) + " ms")


def _refusal_test(asker: Asker) -> Iterator[Check]:
    """Two phases that conflict: refused, and said so."""
    numbers = sorted(asker.table.phases())
    pair = next((frozenset((a, b)) for a in numbers for b in numbers if asker.table.clash(frozenset((a, b)))), None)
    if pair is None:
        return
    said, seen = asker.ask(pair, lambda s: s.fault is not None and "refused" in s.fault, 1.0)
    lit = {number for state in seen for number in pair if state.intervals[number] is Interval.GREEN}
    what = f"phases {' and '.join(map(str, sorted(pair)))}"
    yield Check(f"{what} together are refused", said and len(lit) < 2, seen[-1].fault or "nothing was said")


def _silence_test(asker: Asker) -> Check:
    """A green that is no longer asked for ends in order, then flash."""
    channel = next(channel for channel in asker.table.channels if channel.number)
    asker.start()
    number = channel.number
    asker.ask(frozenset({number}), lambda s: s.intervals[number] is Interval.GREEN, _GRACE_S)
    last_s = _TTL_MS / 1000 + _owed_s(channel) + (channel.yellow_cs + channel.red_clearance_cs) / 100 + _GRACE_S
    flashed, seen = asker.ask(None, lambda s: s.mode == "flash", last_s)
    shown = [state.intervals[number] for state in seen]
    orderly = Interval.YELLOW in shown
    took_s = (seen[-1].t_ns - seen[0].t_ns) / NS_PER_S
    return Check("silence ends green in order, then flash", flashed and orderly, f"flash after {took_s:.1f} s")


def _lasted(seen: tuple[SignalState, ...], number: int) -> dict[Interval, int]:
    """How long each interval that began and ended within these states lasted, ms; the last of its kind."""
    changes: list[tuple[Interval, int]] = []
    for state in seen:
        change = (state.intervals[number], state.since_ns[number])
        if not changes or changes[-1][0] is not change[0]:
            changes.append(change)
    return {shown: round((after_ns - since_ns) / NS_PER_MS) for (shown, since_ns), (_, after_ns) in pairwise(changes)}


def _clash(table: TimingTable, state: SignalState) -> str | None:
    lit = [(i, c) for i, c in enumerate(table.channels) if c.number and state.intervals[c.number] not in _REST]
    for i, one in lit:
        for _, other in lit:
            if i not in other.compatible:
                return f"phases {one.number} and {other.number} were lit together"
    return None


def _all_red(state: SignalState) -> bool:
    return all(shown is Interval.RED for shown in state.intervals.values())


def _owed_s(channel: Channel) -> float:
    """Least green that is served once begun, with pedestrians."""
    return max(channel.min_green_cs, channel.walk_cs + channel.ped_clearance_cs) / 100


def _startup_s(table: TimingTable) -> float:
    """The longest that start-up greens keep others waiting."""
    owed = [
        _owed_s(table.channels[i]) + (table.channels[i].yellow_cs + table.channels[i].red_clearance_cs) / 100
        for i in table.startup
    ]
    return max(owed, default=0.0)


def _spoken(ms: int | None) -> str:
    return "not seen" if ms is None else str(ms)
