"""Modelled lamps under actuated control, for tests: demand as a function of time in, greens out."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

from calibration.site import Plan, Signal
from edge.clock import NS_PER_S
from edge.control.actuated import ActuatedController, ActuatedSettings
from edge.control.coordinate import Coordinate
from edge.control.loop import ControlLoop
from edge.types import Demand, Interval, LaneDemand, PhaseRequest, SignalState
from firmware_bridge.recording import RecordingBridge
from tests.lamp_laws import Witness

STEP_NS = NS_PER_S // 10
#: Second → lanes as they are then.
Street = Callable[[float], tuple[LaneDemand, ...]]


def empty(phase: int) -> LaneDemand:
    """A lane that is seen and empty, named after its phase."""
    return LaneDemand(f"L{phase}", phase, False, (), 0, None, 0.0)


def queued(phase: int, vehicles: int = 3, wait_s: float = 10.0) -> LaneDemand:
    return LaneDemand(f"L{phase}", phase, True, (), vehicles, wait_s, 0.0)


def coming(phase: int, before_m: float, mps: float) -> LaneDemand:
    return LaneDemand(f"L{phase}", phase, False, ((before_m, mps),), 0, None, 0.0)


def unseen(phase: int) -> LaneDemand:
    return LaneDemand(f"L{phase}", phase, None, None, None, None, None)


def phases_of(signal: Signal) -> tuple[int, ...]:
    return tuple(phase.number for phase in signal.phases)


def street(signal: Signal, busy: Callable[[float], Mapping[int, LaneDemand]]) -> Street:
    """Lanes of all phases, empty except for what `busy` says of a second."""

    def lanes(t_s: float) -> tuple[LaneDemand, ...]:
        return tuple(({p: empty(p) for p in phases_of(signal)} | dict(busy(t_s))).values())

    return lanes


@dataclass
class Run:
    """What happened: every request and state, and the start of each green as (second, phase)."""

    requests: list[PhaseRequest] = field(default_factory=list)
    states: list[SignalState] = field(default_factory=list)
    greens: list[tuple[float, int]] = field(default_factory=list)
    refused: int = 0

    def sequence(self, ring: tuple[int, ...], after_s: float = 0.0) -> list[int]:
        """Phases of a ring in the order in which they turned green."""
        return [phase for at_s, phase in self.greens if phase in ring and at_s >= after_s]

    def green_s(self, phase: int, nth: int = 0) -> float:
        """How long the nth green of a phase lasted; up to the end of the run where it did not end."""
        spans: list[float] = []
        since: int | None = None
        for state in self.states:
            green = state.intervals[phase] is Interval.GREEN
            if green and since is None:
                since = state.since_ns[phase]
            elif not green and since is not None:
                spans.append((state.since_ns[phase] - since) / NS_PER_S)
                since = None
        if since is not None:
            spans.append((self.states[-1].t_ns - since) / NS_PER_S)
        return spans[nth]

    def reasons(self) -> list[str]:
        return [request.reason for request in self.requests]


def run(
    signal: Signal,
    lanes: Street,
    seconds: float,
    *,
    plan: Plan | None = None,
    settings: ActuatedSettings | None = None,
    coordinate: Coordinate | None = None,
    pressed: Callable[[float], frozenset[int]] = lambda _t_s: frozenset(),
    begin_ns: int = 0,
) -> Run:
    """Control at 10 Hz on modelled lamps, watched by the laws of lamps; t_s counts from begin_ns."""
    bridge = RecordingBridge(signal, lambda _line: None, startup_s=2.0)
    now_s = 0.0
    controller = ActuatedController(signal, plan, settings, coordinate=coordinate, ped_calls=lambda: pressed(now_s))
    loop = ControlLoop(controller, bridge)
    witness = Witness(signal)
    done = Run()
    for step in range(round(seconds * 10)):
        t_ns, now_s = begin_ns + step * STEP_NS, step / 10
        demand = Demand(t_ns, {lane.lane: lane for lane in lanes(now_s)})
        request, state = loop.step(demand, t_ns)
        witness.see(state)
        before = done.states[-1].intervals if done.states else {}
        done.greens += [
            (state.t_ns / NS_PER_S, phase)
            for phase, shown in sorted(state.intervals.items())
            if shown is Interval.GREEN and before.get(phase) is not Interval.GREEN
        ]
        done.requests.append(request)
        done.states.append(state)
    done.refused = bridge.refused
    return done
