"""Incidents of a live run: told as records, asked of control once, and judged by measured lamps only."""

from __future__ import annotations

import numpy as np

from edge.clock import NS_PER_S
from edge.frames import Frame, VisionResult
from edge.incident import Incident, IncidentKind, Silenced, Stage
from edge.incidents.reactions import Reactions
from edge.live.incidents import LiveIncidents
from edge.messages import IncidentBody
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

    def see(self, frame: Frame | None, result: VisionResult, signal: SignalState | None) -> list[Incident]:
        del frame, result
        self.lamps.append(signal)
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
