"""An hour of our high-resolution events, read by the package atspm: its figures are those of the street.

Actuated control on the compiled signal core; what is expected is counted here from the
vehicles, the lamps and the requests of each step, without a code of an event.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest

from edge.cli.main import main
from edge.clock import NS_PER_S, ReplayClock
from edge.telemetry.hires import HiResEvents, HiResTap, body_of
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.outbox import Outbox
from edge.types import Demand, Ending, Interval, PhaseRequest, SignalState
from tests.hires_street import FLOWS, SIGNAL, ToyStreet, detectors, drive

pytest.importorskip("atspm")

BEGIN_NS = 1_777_618_800 * NS_PER_S  # 2026-05-01T07:00:00Z
HOUR_S = 3600
BIN_S = 900
#: Phase 3 has no red clearance, so no event tells where its red begins.
WITH_RED = (1, 2, 4, 5, 6, 7, 8)
WORDS = {Ending.GAP_OUT: "GapOut", Ending.MAX_OUT: "MaxOut", Ending.FORCE_OFF: "ForceOff"}
RED_S = 5


@dataclass
class Seen:
    """What happened, in tenths of a second: lamps as (begin, interval), and what was on from when to when."""

    lamps: dict[int, list[tuple[int, Interval]]] = field(default_factory=lambda: defaultdict(list))
    at_line: dict[int, list[list[int]]] = field(default_factory=lambda: defaultdict(list))
    upstream: dict[int, list[list[int]]] = field(default_factory=lambda: defaultdict(list))
    called: list[tuple[int, frozenset[int]]] = field(default_factory=list)
    endings: Counter[tuple[int, int, str]] = field(default_factory=Counter)
    passed: int = 0

    def step(self, street: ToyStreet, request: PhaseRequest, state: SignalState) -> None:
        """Note one step, from the street and from what was asked."""
        at = state.t_ns // 10**8
        for phase, shown in state.intervals.items():
            lamps = self.lamps[phase]
            if not lamps or lamps[-1][1] is not shown:
                lamps.append((state.since_ns[phase] // 10**8 if lamps else 0, shown))
        for lane in street.lanes:
            mark(self.at_line[lane.phase], lane.at_line, at)
            mark(self.upstream[lane.phase], lane.upstream, at)
        assert request.facts is not None
        self.called.append((at, request.facts.called or frozenset()))
        for phase, ending in request.facts.endings.items():
            self.endings[at // (10 * BIN_S), phase, WORDS[ending]] += 1

    def shown(self, phase: int, at: int) -> Interval:
        begins = [begin for begin, _ in self.lamps[phase]]
        return self.lamps[phase][max(0, bisect_right(begins, at) - 1)][1]

    def cycles(self, phase: int) -> Iterator[tuple[int, int, int, int]]:
        """Begin of green, yellow and red clearance, and of the next green or of the end, of each whole cycle."""
        lamps = self.lamps[phase]
        greens = [number for number, (_, shown) in enumerate(lamps) if shown is Interval.GREEN]
        for here, there in pairwise([*greens, len(lamps)]):
            begins = {shown: begin for begin, shown in lamps[here:there]}
            if Interval.RED_CLEARANCE in begins:
                until = lamps[there][0] if there < len(lamps) else 10 * HOUR_S
                yield begins[Interval.GREEN], begins[Interval.YELLOW], begins[Interval.RED_CLEARANCE], until


def mark(spans: list[list[int]], on: bool, at: int) -> None:
    """Keep [begin, end] of what is on; the last one is open until it ends."""
    if on and (not spans or spans[-1][1] >= 0):
        spans.append([at, -1])
    elif not on and spans and spans[-1][1] < 0:
        spans[-1][1] = at


@pytest.fixture(scope="module")
def hour(tmp_path_factory: pytest.TempPathFactory) -> tuple[Seen, Path]:
    """The hour, and its events as a Parquet file by way of an outbox."""
    folder = tmp_path_factory.mktemp("hires")
    street, clock, seen = ToyStreet(FLOWS, seed=11), ReplayClock(BEGIN_NS), Seen()
    waiting: list[Any] = []
    tap = HiResTap(HiResEvents(SIGNAL, detectors(street)), [waiting.extend])
    with Outbox(folder / "outbox.db", identity=NodeIdentity("town", "a1", "cabinet"), clock=clock) as outbox:

        def heard(demand: Demand, request: PhaseRequest, state: SignalState) -> None:
            clock.advance_to(state.t_ns)
            tap(demand, request, state)
            if len(waiting) > 100:
                outbox.append_many([body_of(waiting, clock.wall_ns)])
                waiting.clear()
            seen.step(street, request, state)

        drive(street, HOUR_S, heard)
        outbox.append_many([body_of(waiting, clock.wall_ns)])
    seen.passed = sum(lane.passed for lane in street.lanes)
    out = folder / "hour.parquet"
    assert main(["hires", "export", "--outbox", str(folder / "outbox.db"), "-o", str(out)]) == 0
    return seen, out


@pytest.fixture(scope="module")
def figures(hour: tuple[Seen, Path], tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[dict[str, Any]]]:
    """Every table that atspm makes of it."""
    from atspm import SignalDataProcessor

    config = tmp_path_factory.mktemp("config") / "detectors.csv"
    rows = [f"a1,{p},{p},{what}" for p in FLOWS for what in ("Presence", "Yellow_Red")]
    rows += [f"a1,{p},{20 + p},Advance" for p in FLOWS]
    config.write_text("\n".join(["DeviceId,Phase,Parameter,Function", *rows, ""]))
    wanted: dict[str, dict[str, Any]] = {
        "has_data": {"no_data_min": 5, "min_data_points": 3},
        "actuations": {},
        "terminations": {},
        "arrival_on_green": {"latency_offset_seconds": 0},
        "split_failures": {
            "red_time": RED_S,
            "red_occupancy_threshold": 0.8,
            "green_occupancy_threshold": 0.8,
            "by_approach": True,
            "by_cycle": False,
        },
        "yellow_red": {"latency_offset_seconds": 0, "min_red_offset": -300},
        "timeline": {"min_duration": 0.1, "cushion_time": 1},
        "phase_wait": {
            "preempt_recovery_seconds": 0,
            "assumed_cycle_length": 140,
            "skip_multiplier": 1.5,
            "tsp_skip_multiplier": 3,
        },
    }
    found: dict[str, list[dict[str, Any]]] = {}
    with SignalDataProcessor(
        raw_data=str(hour[1]),
        detector_config=str(config),
        bin_size=BIN_S // 60,
        verbose=0,
        aggregations=[{"name": name, "params": params} for name, params in wanted.items()],
    ) as processor:
        processor.load()
        processor.aggregate()
        for name in wanted:
            table = processor.conn.execute(f"SELECT * FROM {name}")  # noqa: S608  names are ours
            columns = [column[0] for column in table.description]
            found[name] = [dict(zip(columns, row, strict=True)) for row in table.fetchall()]
    return found


def bin_of(row: dict[str, Any]) -> int:
    """Quarter of the hour."""
    assert row["DeviceId"] == "a1"
    return int(row["TimeStamp"].minute) // 15


def test_the_hour_has_data_and_everything_that_is_to_be_found(
    hour: tuple[Seen, Path], figures: dict[str, list[dict[str, Any]]]
) -> None:
    seen, _ = hour
    assert sorted(bin_of(row) for row in figures["has_data"]) == [0, 1, 2, 3]
    assert {word for _, _, word in seen.endings} == {"GapOut", "MaxOut"}
    assert seen.passed > 2500


def test_terminations(hour: tuple[Seen, Path], figures: dict[str, list[dict[str, Any]]]) -> None:
    told = {(bin_of(r), r["Phase"], r["PerformanceMeasure"]): r["Total"] for r in figures["terminations"]}
    assert told == dict(hour[0].endings)


def test_actuations_are_the_vehicles_that_came(
    hour: tuple[Seen, Path], figures: dict[str, list[dict[str, Any]]]
) -> None:
    for channel, spans in [(p, hour[0].at_line[p]) for p in FLOWS] + [(20 + p, hour[0].upstream[p]) for p in FLOWS]:
        told = {bin_of(r): r["Total"] for r in figures["actuations"] if r["Detector"] == channel}
        assert told == dict(Counter(begin // (10 * BIN_S) for begin, _ in spans))


def test_arrivals_on_green(hour: tuple[Seen, Path], figures: dict[str, list[dict[str, Any]]]) -> None:
    total: Counter[tuple[int, int]] = Counter()
    green: Counter[tuple[int, int]] = Counter()
    for phase in FLOWS:
        for begin, _ in hour[0].upstream[phase]:
            total[begin // (10 * BIN_S), phase] += 1
            green[begin // (10 * BIN_S), phase] += hour[0].shown(phase, begin) is Interval.GREEN
    told = {(bin_of(r), r["Phase"]): (r["Total_Actuations"], r["Percent_AOG"]) for r in figures["arrival_on_green"]}
    assert told == {key: (count, pytest.approx(green[key] / count)) for key, count in total.items() if green[key]}
    assert len(told) > 25


def occupied(spans: list[list[int]], begin: int, end: int) -> float:
    """Share of a time with presence."""
    on = sum(max(0, min(end, off if off >= 0 else end) - max(begin, at)) for at, off in spans)
    return on / (end - begin)


def test_split_failures(hour: tuple[Seen, Path], figures: dict[str, list[dict[str, Any]]]) -> None:
    told: Counter[int] = Counter()
    for row in figures["split_failures"]:
        told[row["Phase"]] += row["Split_Failure"]
    expected: Counter[int] = Counter()
    for phase in WITH_RED:
        spans = hour[0].at_line[phase]
        for green, yellow, red, _ in hour[0].cycles(phase):
            if spans[0][0] >= green:
                continue  # before its first vehicle nobody knows that a detector is off
            full = occupied(spans, green, yellow) >= 0.8 and occupied(spans, red, red + 10 * RED_S) >= 0.8
            expected[phase] += full
    assert {p: told[p] for p in WITH_RED} == {p: expected[p] for p in WITH_RED}
    assert sum(expected.values()) > 10
    assert told[3] == 0


def test_yellow_and_red_actuations(hour: tuple[Seen, Path], figures: dict[str, list[dict[str, Any]]]) -> None:
    expected: Counter[tuple[int, int, float]] = Counter()
    for phase in WITH_RED:
        cycles = list(hour[0].cycles(phase))
        for begin, _ in hour[0].at_line[phase]:
            for green, yellow, red, after in cycles:
                if green <= begin < after:
                    shown = 1 if begin < yellow else 8 if begin < red else 10
                    late = abs(begin - red)  # to the nearest half second, halves away from zero
                    halves = (2 * late + 5) // 10
                    expected[phase, shown, (1 if begin >= red else -1) * halves / 2] += 1
    told: Counter[tuple[int, int, float]] = Counter()
    for row in figures["yellow_red"]:
        told[row["Phase"], row["Signal_State"], row["Red_Offset"] + 0.0] += row["Count"]
    assert {key: count for key, count in told.items() if count} == dict(expected)
    assert {shown for _, shown, _ in expected} == {1, 8, 10}
    assert 3 not in {phase for phase, _, _ in told}


def waits(seen: Seen, phase: int) -> Iterator[tuple[int, int]]:
    """(begin of green, tenths waited for it) of each green that somebody had called for."""
    begins = [(begin, shown) for begin, shown in seen.lamps[phase] if shown in {Interval.GREEN, Interval.YELLOW}]
    since: int | None = None
    called, at = False, 0
    calls = iter(seen.called)
    step: tuple[int, frozenset[int]] | None = next(calls)
    for begin, shown in begins:
        while step is not None and step[0] < begin:
            at, now = step[0], phase in step[1]
            if now and not called:
                since = at
            called = now
            step = next(calls, None)
        if shown is Interval.GREEN:
            if called and since is not None:
                yield begin, begin - since
            since = None
        else:
            since = begin


def test_phase_wait(hour: tuple[Seen, Path], figures: dict[str, list[dict[str, Any]]]) -> None:
    expected: dict[tuple[int, int], list[float]] = defaultdict(list)
    for phase in FLOWS:
        for begin, waited in waits(hour[0], phase):
            expected[begin // (10 * BIN_S), phase].append(waited / 10)
    told = {(bin_of(r), r["Phase"]): (r["AvgPhaseWait"], r["MaxPhaseWait"]) for r in figures["phase_wait"]}
    assert told == {
        key: (pytest.approx(sum(all_) / len(all_)), pytest.approx(max(all_))) for key, all_ in expected.items()
    }
    assert sum(map(len, expected.values())) > 250
    skipped = sum(waited > 210 for all_ in expected.values() for waited in all_)
    assert sum(row["TotalSkips"] for row in figures["phase_wait"]) == skipped
