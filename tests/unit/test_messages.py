"""The wire contract: what is read back equals what was sent, and what does not follow it is named."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from edge.errors import ProtocolError
from edge.messages import (
    COMMANDS,
    TOPICS,
    AckMessage,
    Body,
    CrossingBody,
    CycleBody,
    HealthBody,
    LaneNow,
    LanesBody,
    LaneSummary,
    MovementCount,
    PhaseCycle,
    PhaseInterval,
    RecordMessage,
    SignalBody,
    StatusMessage,
    Stream,
    SummaryBody,
    ThinnedBody,
    parse_record,
    topic,
)
from edge.types import Interval, Kind

_NAME = st.text(min_size=1, max_size=8)
_MAYBE = st.none() | st.floats(0, 1e6)
_COUNT = st.integers(0, 10_000)
_LENGTH_S = st.floats(0.001, 1e5)
_KNOWN_S = st.floats(0, 60)

_CROSSING = st.builds(
    CrossingBody,
    speed_mps=_MAYBE,
    waited_s=_MAYBE,
    since_green_s=_MAYBE,
    headway_s=_MAYBE,
    stream=st.just(Stream.CROSSING),
)
_MOVEMENT = st.builds(
    MovementCount,
    movement=_NAME,
    known_s=_KNOWN_S,
    counts=st.none() | st.dictionaries(st.sampled_from(Kind), _COUNT),
    mean_speed_mps=_MAYBE,
)
_LANE = st.builds(
    LaneSummary,
    lane=_NAME,
    known_s=_KNOWN_S,
    occupancy=st.none() | st.floats(0, 1),
    max_queue_vehicles=st.none() | _COUNT,
    max_queue_m=_MAYBE,
    max_wait_s=_MAYBE,
    mean_speed_mps=_MAYBE,
    mean_headway_s=_MAYBE,
)
_SUMMARY = st.builds(SummaryBody, interval_s=_LENGTH_S, movements=st.lists(_MOVEMENT), lanes=st.lists(_LANE))
_PHASE_CYCLE = st.builds(
    PhaseCycle,
    green_s=_KNOWN_S,
    yellow_s=_KNOWN_S,
    red_clearance_s=_KNOWN_S,
    crossings=st.none() | _COUNT,
    crossings_on_red=st.none() | _COUNT,
)
_CYCLE = st.builds(CycleBody, number=st.integers(1, 999), cycle_s=_LENGTH_S, phases=st.lists(_PHASE_CYCLE))
_HEALTH = st.builds(
    HealthBody,
    fps=_MAYBE,
    frames=_COUNT,
    frames_dropped=_COUNT,
    detector_ms=_MAYBE,
    outbox_records=st.none() | _COUNT,
    outbox_thinned=st.none() | _COUNT,
)
_SIGNAL = st.builds(
    SignalBody,
    phases=st.lists(
        st.builds(PhaseInterval, phase=st.integers(1, 16), interval=st.sampled_from(Interval), age_s=_KNOWN_S)
    ),
)
_LANES = st.builds(
    LanesBody,
    lanes=st.lists(
        st.builds(
            LaneNow,
            vehicles=st.none() | _COUNT,
            queue_vehicles=st.none() | _COUNT,
            queue_m=_MAYBE,
            wait_s=_MAYBE,
            speed_mps=_MAYBE,
        )
    ),
)
_THINNED = st.builds(ThinnedBody, from_seq=st.integers(1, 5))


def record(body: Body, seq: int = 5) -> RecordMessage:
    return RecordMessage(
        id="town/a1/cabinet/0123456789abcdef/x/5",
        org="town",
        site="a1",
        node="cabinet",
        epoch="0123456789abcdef",
        seq=seq,
        ts=datetime(2026, 5, 1, 12, 0, 0, 250_000, tzinfo=UTC),
        t_ns=1,
        clock_synced=False,
        body=body,
    )


def raw(**changes: Any) -> str:
    """A good record as JSON, with some keys set; a value of `...` takes the key away."""
    content = json.loads(record(ThinnedBody(of=Stream.LANES, from_seq=2)).model_dump_json()) | changes
    return json.dumps({key: value for key, value in content.items() if value is not ...})


@settings(deadline=None)  # the machine may be busy
@given(st.one_of(_CROSSING, _SUMMARY, _CYCLE, _HEALTH, _SIGNAL, _LANES, _THINNED))
def test_what_is_read_equals_what_was_written(body: Body) -> None:
    sent = record(body)
    assert parse_record(sent.model_dump_json()) == sent
    assert parse_record(sent.model_dump_json().encode()) == sent


def test_the_envelope_on_the_wire() -> None:
    content = json.loads(record(ThinnedBody(of=Stream.LANES, from_seq=2)).model_dump_json())
    assert content == {
        "schema": "stopline/1",
        "id": "town/a1/cabinet/0123456789abcdef/x/5",
        "org": "town",
        "site": "a1",
        "node": "cabinet",
        "epoch": "0123456789abcdef",
        "seq": 5,
        "ts": "2026-05-01T12:00:00.250000Z",
        "t_ns": 1,
        "clock_synced": False,
        "body": {"stream": "thinned", "of": "lanes", "from_seq": 2},
    }


def test_a_thinned_range_belongs_to_the_stream_it_is_of() -> None:
    thinned = record(ThinnedBody(of=Stream.LANES, from_seq=2))
    assert (thinned.stream, thinned.first_seq, thinned.seq) == (Stream.LANES, 2, 5)
    lanes = record(LanesBody(lanes=[]))
    assert (lanes.stream, lanes.first_seq, lanes.seq) == (Stream.LANES, 5, 5)


@pytest.mark.parametrize(
    ("payload", "named"),
    [
        ("{", "payload: Invalid JSON"),
        ("[]", "payload"),
        (raw(colour="red"), "colour: Extra inputs"),
        (raw(seq=0), "seq: "),
        (raw(seq=...), "seq: Field required"),
        (raw(schema="stopline/2"), "schema: "),
        (raw(epoch="XYZ"), "epoch: "),
        (raw(org="Town/1"), "org: "),
        (raw(ts="2026-05-01T12:00:00"), "ts: .*timezone"),
        (raw(body={"stream": "weather"}), "body: .*'weather'"),
        (raw(body={"stream": "thinned", "of": "lanes", "from_seq": 1, "x": 1}), "body.thinned.x: Extra"),
    ],
)
def test_a_payload_that_does_not_follow_is_refused_by_field(payload: str, named: str) -> None:
    with pytest.raises(ProtocolError, match=f"record refused: {named}"):
        parse_record(payload)


@pytest.mark.parametrize("speed_mps", [float("nan"), float("inf"), -1.0])
def test_numbers_that_json_cannot_carry_or_that_cannot_be_never_leave(speed_mps: float) -> None:
    with pytest.raises(ValidationError, match="mean_speed_mps"):
        MovementCount(movement="NBT", known_s=1, counts=None, mean_speed_mps=speed_mps)


def test_every_topic_is_one_level_of_its_own_and_every_stream_has_one() -> None:
    names = [row.name for row in TOPICS]
    assert len(set(names)) == len(names)
    assert {row.name for row in TOPICS if row.message is RecordMessage} == {stream.value for stream in Stream}
    assert [row.name for row in TOPICS if row.retained] == ["status"]
    assert [row.name for row in TOPICS if not row.node_sends] == ["ack", *(f"cmd/{name}" for name in COMMANDS)]
    assert topic("town", "a1", "cabinet", "summary") == "stopline/v1/town/a1/cabinet/summary"


@pytest.mark.parametrize("level", ["", "+", "#", "a/b", "Town", "-a", "a b", "x" * 64])
def test_names_that_would_change_a_topic(level: str) -> None:
    with pytest.raises(ValueError, match="cannot be a topic level"):
        topic("town", level, "cabinet", "summary")


def test_status_and_acknowledgement_read_back() -> None:
    status = StatusMessage(org="town", site="a1", node="cabinet", state="online", boot="b", version="1", lanes=["nb1"])
    assert StatusMessage.model_validate_json(status.model_dump_json()) == status
    ack = AckMessage(epoch="0123456789abcdef", stream=Stream.CYCLE, seq=0)
    assert AckMessage.model_validate_json(ack.model_dump_json()) == ack
