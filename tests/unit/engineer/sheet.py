"""A scenario as an engineer writes it down, and what the compiled signal core shows of it under simulated time.

    at what second who is where  ─→  controller at 10 Hz ─→ core ─→  which phase was green from when to when

The core is powered up three seconds before 0 and held in red, so that greens may begin at 0.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field

from calibration.detectors import Detector
from calibration.site import Phase, Signal
from edge.clock import NS_PER_S
from edge.control.coordinate import Coordination
from edge.controller import Controller
from edge.types import Demand, Ending, Interval, LaneDemand, PedInterval, PhaseRequest, SignalState
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Witness
from firmware_bridge.simulated_bridge import SimulatedBridge
from firmware_bridge.table import table_of_signal, to_bytes

STEP_NS = NS_PER_S // 10
_LETTERS = {
    Interval.GREEN: "G",
    Interval.YELLOW: "Y",
    Interval.RED_CLEARANCE: "r",
    Interval.RED: ".",
    Interval.FLASH_RED: "x",
    Interval.FLASH_YELLOW: "x",
}


@dataclass(frozen=True, slots=True)
class There:
    """What a lane holds from one second to another: `queue 3`, `at line`, `36 m at 12 m/s`, `unseen`.

    lane is named after its phase (`L4`) unless given.
    """

    phase: int
    from_s: float
    to_s: float
    what: str
    lane: str | None = None

    @property
    def name(self) -> str:
        return f"L{self.phase}" if self.lane is None else self.lane


@dataclass(frozen=True, slots=True)
class Green:
    """A green that is expected, to a tenth of a second; to_s None: it lasts to the end. how: its ending."""

    phase: int
    from_s: float
    to_s: float | None
    how: Ending | None = None


@dataclass(frozen=True, slots=True)
class Walk:
    """A walk that is expected, with its clearance."""

    phase: int
    from_s: float
    clearance_s: float
    to_s: float


@dataclass(frozen=True, slots=True)
class Scenario:
    """One row of the test set.

    changed: keys of phases that differ from the sheet, by phase; signal_keys: those of the signal. splits_s:
    of the plan that serves unseen phases. coordination: what a pattern wants at a second.
    only: phases of the junction. says: texts that some reason must contain.
    """

    name: str
    about: str
    seconds: float
    there: tuple[There, ...]
    greens: tuple[Green, ...]
    changed: Mapping[int, Mapping[str, object]] = field(default_factory=dict)
    signal_keys: Mapping[str, object] = field(default_factory=dict)
    detectors: tuple[Detector, ...] | None = None
    buttons: tuple[tuple[int, float], ...] = ()
    splits_s: Mapping[int, float] | None = None
    coordination: Callable[[float], Coordination] | None = None
    walks: tuple[Walk, ...] = ()
    says: tuple[str, ...] = ()
    only: tuple[int, ...] = (1, 2, 3, 4, 5, 6, 7, 8)


@dataclass(slots=True)
class Shown:
    """What came of it. bars: phase → one letter for each second."""

    greens: list[Green] = field(default_factory=list)
    walks: list[Walk] = field(default_factory=list)
    reasons: list[str] = field(default_factory=list)
    requests: list[PhaseRequest] = field(default_factory=list)
    states: list[SignalState] = field(default_factory=list)
    bars: dict[int, str] = field(default_factory=dict)


def sheet(scenario: Scenario) -> Signal:
    """The timing sheet: eight phases, minimum 5, maximum 25, yellow 3 and red clearance 1 s, unless changed."""
    times: dict[str, object] = {"min_green_s": 5.0, "max_green_s": 25.0, "yellow_s": 3.0, "red_clearance_s": 1.0}
    phases = tuple(Phase.model_validate({"number": p, **times, **scenario.changed.get(p, {})}) for p in scenario.only)
    rings = tuple(
        tuple(tuple(p for p in group if p in scenario.only) for group in ring)
        for ring in (((1, 2), (3, 4)), ((5, 6), (7, 8)))
        if any(p in scenario.only for group in ring for p in group)
    )
    keys: dict[str, object] = {"rings": rings, **scenario.signal_keys}
    return Signal.model_validate({"phases": phases, "startup_flash_s": 0.0, "startup_red_s": 3.0, **keys})


def lanes_at(scenario: Scenario, t_s: float) -> dict[str, LaneDemand]:
    """Every lane of the scenario at a second: what is said to be there, else seen and empty."""
    names = {f"L{p}": p for p in scenario.only}
    names |= {row.name: row.phase for row in scenario.there}
    lanes = {name: LaneDemand(name, phase, False, (), 0, None, 0.0) for name, phase in names.items()}
    for row in scenario.there:
        if row.from_s <= t_s < row.to_s:
            lanes[row.name] = _lane(row, t_s)
    return lanes


def _lane(row: There, t_s: float) -> LaneDemand:
    words = row.what.split()
    match words:
        case ["queue", count]:
            return LaneDemand(row.name, row.phase, True, (), int(count), round(t_s - row.from_s, 1), 0.0)
        case ["at", "line"]:
            return LaneDemand(row.name, row.phase, True, (), 0, None, 0.0)
        case [before_m, "m", "at", mps, "m/s"]:
            return LaneDemand(row.name, row.phase, False, ((float(before_m), float(mps)),), 0, None, 0.0)
        case ["unseen"]:
            return LaneDemand(row.name, row.phase, None, None, None, None, None)
    raise ValueError(f"nothing is known of {row.what!r} in a lane")


def run(scenario: Scenario, make: Callable[[Signal, Callable[[], frozenset[int]]], Controller]) -> Shown:
    """Run it on the real core, watched by the laws of lamps. make gets the sheet and the buttons."""
    signal = sheet(scenario)
    table = table_of_signal(signal)
    witness = Witness(to_bytes(table))
    broken: list[str | None] = []

    def watch(inputs: CoreInputs, outputs: CoreOutputs, step_ms: int, credited_ms: int) -> None:
        broken.append(witness.see(inputs, outputs, step_ms, credited_ms))

    bridge = SimulatedBridge(table, watch=watch)
    for t_ns in range(-3 * NS_PER_S, 0, NS_PER_S // 2):
        bridge.request(PhaseRequest(t_ns, frozenset(), "all red before 0", 1000))
    presses = sorted((at_s, phase) for phase, at_s in scenario.buttons)
    now_s = 0.0

    def buttons() -> frozenset[int]:
        pressed = set()
        while presses and presses[0][0] <= now_s + 1e-6:
            pressed.add(presses.pop(0)[1])
        return frozenset(pressed)

    controller = make(signal, buttons)
    shown = Shown()
    for step in range(round(scenario.seconds * 10) + 1):
        t_ns = step * STEP_NS
        now_s = step / 10
        state = bridge.state(t_ns)
        request = controller.update(Demand(t_ns, lanes_at(scenario, now_s)), state)
        bridge.request(request)
        shown.requests.append(request)
        shown.reasons.append(request.reason)
        shown.states.append(state)
    assert bridge.refused == 0
    assert not any(broken)
    _read(shown, scenario)
    return shown


def _read(shown: Shown, scenario: Scenario) -> None:
    endings = {
        (phase, request.t_ns): how
        for request in shown.requests
        if request.facts is not None
        for phase, how in request.facts.endings.items()
    }
    for phase in scenario.only:
        for from_ns, to_ns in _spans(shown.states, phase):
            how = None if to_ns is None else endings.get((phase, to_ns))
            shown.greens.append(Green(phase, _s(from_ns), None if to_ns is None else _s(to_ns), how))
        shown.walks += _walks(shown.states, phase)
        seconds = shown.states[5::10]
        shown.bars[phase] = "".join(_letter(state, phase) for state in seconds)
    shown.greens.sort(key=lambda green: (green.from_s, green.phase))
    shown.walks.sort(key=lambda walk: (walk.from_s, walk.phase))


def _letter(state: SignalState, phase: int) -> str:
    if state.intervals[phase] is Interval.GREEN:
        walking = {PedInterval.WALK: "W", PedInterval.CLEARANCE: "w"}
        return walking.get(state.pedestrian.get(phase, PedInterval.DONT_WALK), "G")
    return _LETTERS[state.intervals[phase]]


def _spans(states: list[SignalState], phase: int) -> Iterator[tuple[int, int | None]]:
    since: int | None = None
    for state in states:
        if state.intervals[phase] is Interval.GREEN:
            since = state.since_ns[phase]
        elif since is not None:
            yield since, state.since_ns[phase]
            since = None
    if since is not None:
        yield since, None


def _walks(states: list[SignalState], phase: int) -> Iterator[Walk]:
    begun: float | None = None
    clearing: float | None = None
    for state in states:
        now_s = _s(state.t_ns)
        match state.pedestrian.get(phase):
            case PedInterval.WALK if begun is None:
                # It began with the green, or was asked for at the step before.
                begun = _s(max(state.since_ns[phase], state.t_ns - STEP_NS))
            case PedInterval.CLEARANCE if clearing is None and begun is not None:
                clearing = now_s
            case PedInterval.DONT_WALK if begun is not None and clearing is not None:
                yield Walk(phase, begun, clearing, now_s)
                begun = clearing = None


def _s(t_ns: int) -> float:
    return round(t_ns / NS_PER_S, 1)


def render(scenario: Scenario, shown: Shown) -> str:
    """The scenario as a section of a page: what the sheet changes, who is there, and the signal second by second."""
    rows = [f"### {scenario.name[0].upper()}{scenario.name[1:]}", "", scenario.about, "", "```text"]
    rows += [f"sheet     {row}" for row in _sheet_rows(scenario)]
    rows += [f"{row.name:<9} {_second(row.from_s)} to {_second(row.to_s)}: {row.what}" for row in scenario.there[:8]]
    if len(scenario.there) > 8:
        rows.append(f"          … and {len(scenario.there) - 8} more such rows")
    rows += [f"button    phase {phase} at {_second(at_s)}" for phase, at_s in scenario.buttons]
    rows += ["", " " * 10 + "".join(f"{second:<10}" for second in range(0, round(scenario.seconds), 10)).rstrip()]
    for phase, bar in shown.bars.items():
        if set(bar) != {"."}:
            spans = ", ".join(_span(green) for green in shown.greens if green.phase == phase)
            rows.append(f"phase {phase}   {bar}   {spans}")
    return "\n".join([*rows, "```", ""])


def _sheet_rows(scenario: Scenario) -> Iterator[str]:
    for phase, keys in scenario.changed.items():
        yield f"phase {phase}: " + ", ".join(f"{key} = {_value(value)}" for key, value in keys.items())
    if scenario.signal_keys:
        yield ", ".join(f"{key} = {_value(value)}" for key, value in scenario.signal_keys.items())
    if scenario.splits_s:
        yield "splits " + ", ".join(f"{phase} = {_value(split_s)}" for phase, split_s in scenario.splits_s.items())
    for detector in scenario.detectors or ():
        keys = detector.model_dump(exclude_defaults=True, exclude={"channel", "lane", "phase"})
        if keys:
            given = ", ".join(f"{key} = {_value(value)}" for key, value in keys.items())
            yield f"detector {detector.channel} in {detector.lane}: {given}"


def _value(value: object) -> str:
    if isinstance(value, tuple):
        return f"[{', '.join(_value(part) for part in value)}]"
    if isinstance(value, bool):
        return str(value).lower()
    return f"{value:g}" if isinstance(value, float) else str(value)


def _second(at_s: float) -> str:
    return f"{at_s:g} s" if at_s < 1e6 else "the end"


def _span(green: Green) -> str:
    if green.to_s is None:
        return f"from {green.from_s:g}"
    how = "" if green.how is None else f" {green.how.replace('_', ' ')}"
    return f"{green.from_s:g} to {green.to_s:g}{how}"
