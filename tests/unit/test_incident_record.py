"""An incident as the office gets it."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest

from edge.clock import NS_PER_S
from edge.incident import Incident, IncidentKind, Place, Severity, Stage
from edge.messages import IncidentBody, Stream
from edge.telemetry.incidents import body_of


def incident(stage: Stage, ended_s: int | None) -> Incident:
    return Incident(
        t_ns=40 * NS_PER_S,
        id="20261121T080000Z-1",
        kind=IncidentKind.STOPPED_VEHICLE,
        severity=Severity.HIGH,
        stage=stage,
        confidence=0.9,
        place=Place(approach="NB", lane="nb1", camera="north", from_stop_m=22.5, pos_m=(1.0, -22.5)),
        started_ns=10 * NS_PER_S,
        last_seen_ns=35 * NS_PER_S,
        ended_ns=None if ended_s is None else ended_s * NS_PER_S,
        evidence={"standing_s": 25.0, "ahead_m": None},
        sources=("stopped_vehicle",),
        actions=("look at the camera",),
        tracks=(7,),
    )


def test_times_are_told_against_that_of_the_record_and_unknown_stays_unknown() -> None:
    t_ns, body = body_of(incident(Stage.UPDATE, None))
    assert (t_ns, body.began_s, body.seen_s, body.lasted_s) == (40 * NS_PER_S, 30.0, 5.0, None)
    assert body.stream is Stream.INCIDENT
    assert body.evidence["ahead_m"] is None
    assert body.place.movement is None
    assert IncidentBody.model_validate_json(body.model_dump_json()) == body


def test_the_end_says_how_long_it_lasted() -> None:
    assert body_of(incident(Stage.END, 35))[1].lasted_s == 25.0


@pytest.mark.parametrize("value", [math.inf, -math.inf, math.nan])
def test_evidence_that_is_no_number_is_unknown_and_keeps_no_incident_from_being_told(value: float) -> None:
    odd = replace(incident(Stage.UPDATE, None), evidence={"ttc_s": value, "standing_s": 25.0})
    assert body_of(odd)[1].evidence == {"ttc_s": None, "standing_s": 25.0}
