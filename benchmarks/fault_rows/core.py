"""Faults injected into the core itself: silence, conflicting requests, clocks, senses, switches, another table."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from itertools import combinations

from benchmarks.fault_rows import FaultRow
from benchmarks.fault_rows.junction import CYCLE, STEP_MS, Stage, laws
from firmware_bridge.host.core import CoreInputs, CoreOutputs, Fault, Interval, Mode, Ped, Sense

MAIN, SIDE = CYCLE[0][0], CYCLE[1][0]
NOTHING = CoreInputs()
BRIDGE = "core"
#: Of a cycle at which to do something to it; no divisor of any interval, so that all parts of each are met.
INSTANTS_MS = range(0, 26_000, 390)


def rows() -> list[FaultRow]:
    """All of them."""
    return [
        *silences(),
        conflicts_at_every_boundary(),
        *bad_requests(),
        thrash(),
        *clocks(),
        *senses(),
        *switches(),
        disagreement(),
        overstay(),
    ]


def flashing(out: CoreOutputs) -> bool:
    """The relay is released."""
    return out.mode is Mode.FLASH


#: Interval → where to fall silent in it: what must show, asked for what.
SILENT_IN: dict[str, tuple[frozenset[int], Callable[[Stage], bool]]] = {
    "start-up red": (MAIN, lambda s: s.out.mode is Mode.STARTUP),
    "walk": (MAIN, lambda s: s.out.peds[0] is Ped.WALK),
    "pedestrian clearance": (MAIN, lambda s: s.out.peds[0] is Ped.CLEARANCE),
    "minimum green": (SIDE, lambda s: s.interval(4) is Interval.GREEN),
    "yellow": (SIDE, lambda s: s.interval(2) is Interval.YELLOW),
    "red clearance": (SIDE, lambda s: s.interval(2) is Interval.CLEARANCE),
    "all red": (frozenset(), lambda s: s.out.mode is Mode.RUN and set(s.out.intervals) == {Interval.RED}),
}


def silences() -> Iterator[FaultRow]:
    """The newest request runs out at each tick of each interval."""
    for name, (phases, there) in SILENT_IN.items():
        stages, times_ms = [], []
        for offset in range(0, 700, 50):
            stage = Stage()
            if phases == SIDE:
                stage.up(MAIN)
                stage.ask(MAIN, 12_500)
            while not there(stage):
                stage.ask(phases, 10)
            # Silence from here, or this much later where the interval lasts so long.
            stage.ask(phases, offset) if offset else None
            took_ms = stage.until(flashing, NOTHING, 60_000)
            stages.append(stage)
            if took_ms is not None:
                times_ms.append(took_ms)
        lost = len(stages) - len(times_ms)
        did = f"each green served, yellow, red clearance, then flash; {len(stages)} instants" + (
            f", {lost} of them never came to flash" if lost else ""
        )
        yield FaultRow(f"time to live runs out in {name}", BRIDGE, did, float(max(times_ms, default=0)), laws(stages))


def conflicts_at_every_boundary() -> FaultRow:
    """Every pair that conflicts asked for at every boundary and a tick to either side; lamps as those of a twin."""
    script = [phases for phases, ms in (*CYCLE, *CYCLE) for _ in range(ms // STEP_MS)]
    first = Stage()
    shown = [_lamps(first.step(CoreInputs(phases))) for phases in script]
    changes = [i for i in range(1, len(shown)) if shown[i] != shown[i - 1]]
    near = {i + by for i in changes for by in (-1, 0, 1)}
    twin = Stage()  # is asked nothing there
    shown = [_lamps(twin.step(CoreInputs(None if i in near else phases))) for i, phases in enumerate(script)]
    pairs = [
        frozenset(pair) for pair in combinations(sorted(twin.table.phases()), 2) if twin.table.clash(frozenset(pair))
    ]
    asked = refused = differs = 0
    stages = [twin]
    for pair in pairs:
        stage = Stage()
        stages.append(stage)
        for i, phases in enumerate(script):
            out = stage.step(CoreInputs(pair if i in near else phases))
            asked += i in near
            refused += i in near and out.refused
            differs += _lamps(out) != shown[i]
    did = f"{refused} of {asked} refused; lamps differ from an undisturbed twin's in {differs} ticks"
    return FaultRow(
        f"{len(pairs)} conflicting pairs asked for at {len(changes)} boundaries", BRIDGE, did, None, laws(stages)
    )


def bad_requests() -> Iterator[FaultRow]:
    """Times to live and phases that cannot be."""
    for what, inputs in (
        ("time to live of 0 ms", CoreInputs(MAIN, 0)),
        ("time to live of 1001 ms", CoreInputs(MAIN, 1001)),
        ("a phase that is not in the table", CoreInputs(frozenset({2, 16}))),
    ):
        stage = Stage()
        stage.up(MAIN)
        refused = stage.step(inputs).refused
        took_ms = stage.until(flashing, inputs, 60_000)
        did = f"{'refused' if refused else 'TAKEN'}; then as with silence: greens end in order, flash"
        yield FaultRow(f"requests of {what} alone", BRIDGE, did, _ms(took_ms), laws([stage]))


def thrash() -> FaultRow:
    """Another set of phases every tick for ten minutes."""
    stage = Stage()
    sets = [MAIN, SIDE, frozenset({2}), frozenset({8}), frozenset(), frozenset({2, 8})]
    greens = 0
    for i in range(60_000):
        before = stage.out
        stage.step(CoreInputs(sets[i * 7 % len(sets)]))
        greens += stage.out.green & ~before.green != 0
    did = f"minimum greens, yellows and red clearances in full; {greens} greens begun"
    return FaultRow("another request every 10 ms for 10 minutes", BRIDGE, did, None, laws([stage]))


def clocks() -> Iterator[FaultRow]:
    """Jumps at every tick of an interval's end, the wrap, and a clock that stands."""
    for name, jump_ms, real_ms in (
        ("jumps on by 1 s", 1000, 1000),
        ("jumps on by 1 h", 3_600_000, 3_600_000),
        ("jumps on by 30 days", 30 * 86_400_000, 30 * 86_400_000),
        ("runs back by 1 s", -1000, 10),
        ("runs back by 25 days", -25 * 86_400_000, 10),
    ):
        stages, longest_ms = [], 0
        for at in INSTANTS_MS:
            stage = Stage()
            stage.up(MAIN)
            _cycle(stage, at)
            stage.step(NOTHING, jump_ms, real_ms)
            longest_ms = max(longest_ms, stage.until(flashing, NOTHING, 60_000) or 0)
            stages.append(stage)
        did = f"no interval shortened, requests gone; in order to flash; {len(stages)} instants"
        yield FaultRow(f"clock {name}", BRIDGE, did, float(longest_ms), laws(stages))
    stage = Stage(first_ms=2**32 - 20_000)
    stage.up(MAIN)
    _cycle(stage, 40_000)
    yield FaultRow("millisecond counter wraps after 49.7 days", BRIDGE, "the cycle goes on", None, laws([stage]))
    stage = Stage()
    stage.up(MAIN)
    stuck = 0
    while not flashing(stage.out) and stuck < 1000:
        stage.step(CoreInputs(MAIN), 0, 10)
        stuck += 1
    did = f"flash, latched: {Fault(stage.out.fault).name}, after {stuck} ticks"
    yield FaultRow("clock stands still", BRIDGE, did, float(stuck * STEP_MS), laws([stage]))


def senses() -> Iterator[FaultRow]:
    """Lamps sensed wrong for as long as it takes, and for 10 ms less."""
    good = Sense(0b1111, 0b1010, 0, 0b0101)
    for name, wrong, limit_ms in (
        ("conflict: 4 green beside 2", Sense(0b1111, 0b1000, 0, 0b0111), 300),
        ("red fail: 4 dark", Sense(0b1111, 0b1000, 0, 0b0101), 800),
        ("dual: 2 green and red", Sense(0b1111, 0b1011, 0, 0b0101), 1000),
    ):
        stage = Stage()
        stage.up(MAIN)
        stage.ask(MAIN, 1000, sense=good)
        stage.ask(MAIN, limit_ms - STEP_MS, sense=wrong)
        kept = not flashing(stage.out)
        stage.ask(MAIN, 100, sense=good)
        kept = kept and not flashing(stage.out)
        asked = CoreInputs(MAIN, sense=wrong)
        took_ms = stage.until(flashing, asked, 5000)
        latched = Fault(stage.out.fault).name
        stage.ask(MAIN, 5000, sense=good)
        held = flashing(stage.out)
        stage.step(CoreInputs(MAIN, reset=True, sense=good))
        back_ms = stage.until(lambda out: out.mode is Mode.RUN, CoreInputs(MAIN, sense=good), 5000)
        did = (
            f"{limit_ms - STEP_MS} ms of it {'borne' if kept else 'NOT BORNE'}; flash at once, latched: {latched}, "
            f"{'held' if held else 'NOT HELD'} till reset, then all red for {back_ms} ms"
        )
        yield FaultRow(f"sensed {name}", BRIDGE, did, _ms(took_ms), laws([stage]))


def switches() -> Iterator[FaultRow]:
    """What a person at the cabinet does in the middle of a green, at every tick of a cycle."""
    stages, longest_ms = [], 0
    for at in INSTANTS_MS:
        stage = Stage()
        stage.up(MAIN)
        _cycle(stage, at)
        longest_ms = max(longest_ms, stage.until(flashing, CoreInputs(MAIN, manual_flash=True), 60_000) or 0)
        stages.append(stage)
    did = f"greens end in order, then flash, though asked for; {len(stages)} instants"
    yield FaultRow("flash switch, or door opened", BRIDGE, did, float(longest_ms), laws(stages))
    stages = []
    for at in INSTANTS_MS:
        stage = Stage()
        stage.up(MAIN)
        _cycle(stage, at)
        before = _lamps(stage.out)
        for _ in range(1000):
            stage.step(CoreInputs(SIDE, stop_time=True))
        stage.broken += [] if _lamps(stage.out) == before else ["stop time changed lamps"]
        _cycle(stage, 10_000)
        stages.append(stage)
    did = f"lamps stand still, then each interval in full; {len(stages)} instants"
    yield FaultRow("stop time for 10 s", BRIDGE, did, None, laws(stages))
    stage = Stage()
    stage.step(CoreInputs(MAIN, platform_fault=17, reset=True))
    for _ in range(500):
        stage.step(CoreInputs(MAIN, reset=True))
    did = "flash stays: a button that hangs resets nothing" if flashing(stage.out) else "LEFT FLASH"
    yield FaultRow("reset button hangs", BRIDGE, did, None, laws([stage]))


def disagreement() -> FaultRow:
    """The host no longer agrees to the table's CRC."""
    stage = Stage()
    stage.up(MAIN)
    took_ms = stage.until(flashing, CoreInputs(MAIN, agreed=False), 60_000)
    for _ in range(1000):
        stage.step(CoreInputs(MAIN, agreed=False))
    did = "greens end in order, then flash, and stays so" if flashing(stage.out) else "LEFT FLASH"
    return FaultRow("the host says another table's CRC", BRIDGE, did, _ms(took_ms), laws([stage]))


def overstay() -> FaultRow:
    """A control process that hangs in one request and goes on sending it."""
    from dataclasses import replace

    table = Stage().table
    limited = replace(table, channels=tuple(replace(one, max_request_cs=3000) for one in table.channels))
    stage = Stage(table=limited)
    stage.up(MAIN)
    took_ms = stage.until(flashing, CoreInputs(MAIN), 120_000)
    did = "after 30 s it no longer counts: greens end in order, then flash"
    return FaultRow("the same phases asked for without end", BRIDGE, did, _ms(took_ms), laws([stage]))


def _cycle(stage: Stage, ms: int) -> None:
    """So long of the cycle, from where its first request began."""
    passed = 0
    while passed < ms:
        for phases, lasts_ms in CYCLE:
            now_ms = min(lasts_ms, ms - passed)
            stage.ask(phases, now_ms)
            passed += now_ms


def _lamps(out: CoreOutputs) -> tuple[int, ...]:
    return (out.red, out.yellow, out.green, out.walk)


def _ms(took_ms: int | None) -> float | None:
    return None if took_ms is None else float(took_ms)
