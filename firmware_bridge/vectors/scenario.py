"""What a vector is: inputs over time to one table, and what the lamps did.

Scenario ── ticks() ─→ Tick, Tick, … ── run() over the Python build ─→ Event, Event, …
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from firmware_bridge.host.core import (
    CoreInputs,
    CoreOutputs,
    Fault,
    Interval,
    Mode,
    Ped,
    Sense,
    SignalCore,
    Witness,
    credited_ms,
    table_fault,
)

INTERVAL_LETTERS = {
    Interval.RED: "R",
    Interval.GREEN: "G",
    Interval.YELLOW: "Y",
    Interval.CLEARANCE: "C",
    Interval.FLASHING: "F",
}
PED_LETTERS = {Ped.DONT_WALK: "d", Ped.WALK: "w", Ped.CLEARANCE: "c", Ped.DARK: "-"}


@dataclass(frozen=True, slots=True)
class Scenario:
    """Inputs over time, in ms since power-up; keys of an input are told in README.md.

    hand has what a person worked out from the table: instants and how the event that
    holds there must begin.
    """

    name: str
    about: str
    table: bytes
    until_ms: int
    inputs: tuple[tuple[int, Mapping[str, Any]], ...]
    hand: tuple[tuple[int, str], ...]
    tick_ms: int = 10
    boot_ms: int = 0


@dataclass(frozen=True, slots=True)
class Tick:
    """One tick: real time since power-up, the clock's reading, and the inputs but for the senses."""

    t_ms: int
    now_ms: int
    inputs: CoreInputs
    sense: Mapping[str, Any] | None
    corrupt: tuple[int, int] | None


@dataclass(frozen=True, slots=True)
class Event:
    """What can be seen changed at t_ms; text is `MODE intervals peds FAULT WHY`, with ` refused` where it was."""

    t_ms: int
    text: str


def ticks(scenario: Scenario) -> Iterator[Tick]:
    """Every tick of a scenario."""
    held: dict[str, Any] = {}
    asked_at_ms = 0
    pending = list(scenario.inputs)
    offset_ms = scenario.boot_ms
    for t_ms in range(scenario.tick_ms, scenario.until_ms + 1, scenario.tick_ms):
        once: dict[str, Any] = {}
        while pending and pending[0][0] <= t_ms:
            at_ms, change = pending.pop(0)
            for key, value in change.items():
                if key == "ask":
                    asked_at_ms = at_ms
                (once if key in {"ped", "jump_ms", "table_xor"} else held)[key] = value
        offset_ms += once.get("jump_ms", 0)
        ask = held.get("ask")
        due = ask is not None and asked_at_ms <= t_ms
        if ask is not None and due:
            every_ms = ask.get("every_ms", 100)
            asked_at_ms = asked_at_ms + every_ms if every_ms else scenario.until_ms + 1
        yield Tick(
            t_ms,
            (t_ms + offset_ms) & 0xFFFFFFFF,
            CoreInputs(
                request=frozenset(ask["phases"]) if ask is not None and due else None,
                ttl_ms=ask.get("ttl_ms", 300) if ask is not None and due else 0,
                ped_calls=frozenset(once.get("ped", ())),
                agreed=held.get("agreed", True),
                manual_flash=held.get("manual", False),
                stop_time=held.get("stop", False),
                reset=held.get("reset", False),
                platform_fault=held.get("platform", 0),
            ),
            held.get("sense"),
            tuple(once["table_xor"]) if "table_xor" in once else None,
        )


def sensed(rule: Mapping[str, Any] | None, before: CoreOutputs | None) -> Sense | None:
    """What the lamps are sensed to do: as they were driven in the tick before, but for what the rule says."""
    if rule is None:
        return None
    on, off = rule.get("on", {}), rule.get("off", {})
    masks = {
        lamp: ((getattr(before, lamp) if before else 0) | on.get(lamp, 0)) & ~off.get(lamp, 0)
        for lamp in ("red", "yellow", "green", "walk")
    }
    return Sense(rule["fitted"], masks["red"], masks["yellow"], masks["green"], masks["walk"])


def event_text(outputs: CoreOutputs) -> str:
    """What an event tells of a tick."""
    fault = Fault(outputs.fault).name if outputs.fault in set(Fault) else f"PLATFORM+{outputs.fault - Fault.PLATFORM}"
    text = " ".join(
        (
            Mode(outputs.mode).name,
            "".join(INTERVAL_LETTERS[interval] for interval in outputs.intervals),
            "".join(PED_LETTERS[ped] for ped in outputs.peds),
            fault,
            outputs.why.name,
        )
    )
    return text + " refused" if outputs.refused else text


def run(scenario: Scenario) -> tuple[list[Event], list[str]]:
    """Events of a scenario under the Python build, and the laws it broke: `at ms: law`."""
    core = SignalCore(scenario.table)
    core.boot(scenario.boot_ms)
    witness = None if table_fault(scenario.table) else Witness(scenario.table)
    events: list[Event] = []
    broken: list[str] = []
    outputs: CoreOutputs | None = None
    last_ms = scenario.boot_ms
    for tick in ticks(scenario):
        if tick.corrupt:
            byte, flipped = tick.corrupt
            core.table_memory[byte] ^= flipped
        inputs = tick.inputs
        if tick.sense is not None:
            inputs = replace(inputs, sense=sensed(tick.sense, outputs))
        outputs = core.tick(tick.now_ms, inputs)
        if witness is not None:
            credited = credited_ms(tick.now_ms - last_ms, inputs.stop_time)
            law = witness.see(inputs, outputs, scenario.tick_ms, credited)
            if law:
                broken.append(f"{tick.t_ms}: {law}")
        last_ms = tick.now_ms
        text = event_text(outputs)
        if not events or events[-1].text != text:
            events.append(Event(tick.t_ms, text))
    return events, broken


def at(events: list[Event], t_ms: int) -> str:
    """What holds at t_ms; empty before the first event."""
    return next((event.text for event in reversed(events) if event.t_ms <= t_ms), "")


def disagreements(scenario: Scenario, events: list[Event], broken: list[str]) -> list[str]:
    """Where events disagree with what was worked out by hand, and the laws that were broken."""
    by_hand = [
        f"{t_ms} ms: {at(events, t_ms)!r} does not begin with {text!r}"
        for t_ms, text in scenario.hand
        if not at(events, t_ms).startswith(text)
    ]
    return by_hand + broken
