"""Incidents of a live run: told as records, asked of control once, and judged by measured lamps only."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from edge.clock import NS_PER_S
from edge.frames import Frame, VisionResult
from edge.incident import Finding, Incident, IncidentKind, Place, Silenced, Stage
from edge.incidents.reactions import Reactions
from edge.live.incidents import LiveIncidents
from edge.messages import IncidentBody, SummaryBody
from edge.stages.noticing import Noticing
from edge.types import Interval, SignalState
from tests.junction import junction, seen

SITE = junction()


def picture(result: VisionResult) -> Frame:
    return Frame(result.camera, result.frame_index, result.t_ns, np.zeros((360, 640, 3), np.uint8))


def test_a_blind_camera_is_told_and_asks_for_recall_until_it_sees_again() -> None:
    asked: list[Reactions] = []
    live = LiveIncidents(Noticing(SITE, ["north"], wall_ns=lambda t_ns: t_ns), asked.append)
    bodies: list[IncidentBody] = []
    for half_s in range(100):
        result = seen(half_s / 2, blind="covered" if 20 <= half_s < 60 else None)
        told = live.see(picture(result), result, None)
        if half_s % 2:
            told += live.tick(result.t_ns)
        bodies += [body for _, body in told if isinstance(body, IncidentBody)]
    assert {body.kind for body in bodies} == {IncidentKind.CAMERA_FAULT}
    assert [body.stage for body in bodies if body.stage is not Stage.UPDATE] == [Stage.START, Stage.END]
    assert [one.recall for one in asked] == [frozenset({2}), frozenset()]


class Listens:
    """Keeps the lamps that it is given."""

    def __init__(self) -> None:
        self.lamps: list[SignalState | None] = []
        self.heard: list[Finding] = []

    def see(self, frame: Frame | None, result: VisionResult, signal: SignalState | None) -> list[Incident]:
        del frame, result
        self.lamps.append(signal)
        return []

    def hear(self, findings: Iterable[Finding]) -> list[Incident]:
        self.heard += findings
        return []

    def tick(self, t_ns: int) -> list[Incident]:
        del t_ns
        return []

    def finish(self, t_ns: int) -> list[Incident]:
        del t_ns
        return []

    def silenced(self) -> list[Silenced]:
        return []

    def reactions(self) -> Reactions:
        return Reactions()


def test_only_measured_lamps_are_believed() -> None:
    rules = Listens()
    live = LiveIncidents(rules)
    result = seen(1.0)
    measured = SignalState(NS_PER_S, {2: Interval.GREEN}, {2: 0})
    model = SignalState(NS_PER_S, {2: Interval.GREEN}, {2: 0}, modelled=True)
    for state in (measured, model, None):
        live.see(picture(result), result, state)
    assert rules.lamps == [measured, None, None]


class Odd:
    """Statistics to which every minute is odd."""

    saved = False

    def take(self, t_ns: int, summary: SummaryBody) -> list[Finding]:
        place = Place(approach="NB")
        rule, kind = "statistics.flow", IncidentKind.CONGESTION
        return [Finding(t_ns, rule, str(t_ns), kind, Stage.MOMENT, place, t_ns, summary.interval_s / 100)]

    def save(self) -> None:
        self.saved = True


def test_summaries_go_through_the_statistics_and_the_end_keeps_what_they_learned() -> None:
    rules, odd = Listens(), Odd()
    live = LiveIncidents(rules, minutes=odd)
    minute = SummaryBody(interval_s=60, movements=[], lanes=[])
    told = live.see(picture(seen(1.0)), seen(1.0), None)
    assert live.hear([(60 * NS_PER_S, minute), *told]) == []
    assert [one.confidence for one in rules.heard] == [0.6]
    live.finish(61 * NS_PER_S)
    assert odd.saved
    assert LiveIncidents(rules).hear([(60 * NS_PER_S, minute)]) == []
