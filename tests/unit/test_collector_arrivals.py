"""What is not ours, or cannot be stored, is set aside with a reason and ends nothing."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from collector.arrivals import Poison, parse_arrival
from edge.messages import Body, RecordMessage, StatusMessage, Stream, ThinnedBody
from edge.types import Kind
from tests.collector_cabinet import Cabinet, crossing, health, lanes, summary

CABINET = Cabinet()
RECORD = CABINET.record(crossing())
TOPIC = CABINET.topic("crossing")


def changed(**fields: Any) -> bytes:
    """The record's JSON with some fields of envelope or body replaced."""
    whole = json.loads(RECORD.model_dump_json())
    for name, value in fields.items():
        target = whole["body"] if name in whole["body"] else whole
        target[name] = value
    return json.dumps(whole).encode()


def test_a_record_and_a_status_pass() -> None:
    assert parse_arrival(TOPIC, RECORD.model_dump_json().encode()) == RECORD
    status = CABINET.status()
    assert parse_arrival(CABINET.topic("status"), status.model_dump_json().encode()) == status
    assert isinstance(parse_arrival(TOPIC, changed()), RecordMessage)
    assert isinstance(status, StatusMessage)


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        (TOPIC, b"", "payload"),
        (TOPIC, b"\xff\xfe", "payload"),
        (TOPIC, b"[" * 100_000, "payload"),
        (TOPIC, changed(schema="stopline/9"), "schema"),
        (TOPIC, changed(extra=1), "extra"),
        (TOPIC, changed(seq=0), "seq"),
        (TOPIC, changed(ts="2026-05-01T12:00:00"), "ts"),
        (TOPIC, changed(ts="9999-05-01T12:00:00Z"), "out of range"),
        (TOPIC, changed(seq=2**63), "64 bits"),
        (TOPIC, changed(track_id=2**64), "64 bits"),
        (TOPIC, changed(speed_mps=float("inf")), "finite"),
        (TOPIC, changed(movement="N\0T"), "NUL"),
        (TOPIC, changed(site="b2"), "town/b2/cabinet/crossing but came on town/a1/cabinet/crossing"),
        (CABINET.topic("summary"), changed(), "crossing but came on"),
        ("stopline/v1/town/a1/crossing", changed(), "topic"),
        ("elsewhere/v1/town/a1/cabinet/crossing", changed(), "topic"),
        (CABINET.topic("status"), b"{}", "status refused"),
        (CABINET.topic("ack"), changed(), "came on"),
    ],
)
def test_what_is_wrong_is_named(topic: str, payload: bytes, why: str) -> None:
    arrival = parse_arrival(topic, payload)
    assert isinstance(arrival, Poison)
    assert why in arrival.reason
    assert (arrival.topic, arrival.payload) == (topic, payload)


def test_contradictions_are_refused() -> None:
    thinned = CABINET.record(ThinnedBody(of=Stream.CROSSING, from_seq=9), seq=3)
    doubled = lanes(nb1=1)
    for record, why in [
        (thinned, "beyond its seq"),
        (CABINET.record(doubled.model_copy(update={"lanes": doubled.lanes * 2})), "twice"),
    ]:
        arrival = parse_arrival(CABINET.topic(record.stream.value), record.model_dump_json().encode())
        assert isinstance(arrival, Poison)
        assert why in arrival.reason


@given(st.binary(max_size=300))
def test_no_bytes_end_the_collector(payload: bytes) -> None:
    assert isinstance(parse_arrival(TOPIC, payload), Poison)


@given(st.data())
def test_no_damaged_record_ends_the_collector(data: st.DataObject) -> None:
    bodies: list[Body] = [crossing(), health(), lanes(nb1=None), summary({"NBT": {Kind.BUS: 1}})]
    body = data.draw(st.sampled_from(bodies))
    record = Cabinet().record(body)
    payload = bytearray(record.model_dump_json().encode())
    at = data.draw(st.integers(0, len(payload) - 1))
    payload[at] = data.draw(st.integers(0, 255))
    arrival = parse_arrival(CABINET.topic(record.stream.value), bytes(payload))
    assert isinstance(arrival, RecordMessage | Poison)
