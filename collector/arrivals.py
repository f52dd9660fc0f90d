"""Tells what came by MQTT: a record, a status, or something to set aside with a reason.

Nothing that arrives can end the collector. What is not understood is kept, so that a
person can see which cabinet speaks wrongly, and is not acknowledged.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel, ValidationError

from edge.clock import NS_PER_S, wall_ns_of
from edge.errors import ProtocolError
from edge.messages import (
    TOPIC_ROOT,
    CycleBody,
    LanesBody,
    RecordMessage,
    SignalBody,
    StatusMessage,
    SummaryBody,
    ThinnedBody,
    parse_record,
)

#: What a BIGINT holds.
_INT_LIMIT = 2**63
_DAY_NS = 86_400 * NS_PER_S


@dataclass(frozen=True, slots=True)
class Poison:
    """A payload that was not understood, and why."""

    topic: str
    payload: bytes
    reason: str


Arrival = RecordMessage | StatusMessage | Poison


def parse_arrival(topic: str, payload: bytes) -> Arrival:
    """What a payload on a topic says; `Poison` where it says nothing we can store."""
    try:
        return _parse(topic, payload)
    except ProtocolError as error:
        return Poison(topic, payload, str(error))


def _parse(topic: str, payload: bytes) -> RecordMessage | StatusMessage:
    levels = topic.removeprefix(f"{TOPIC_ROOT}/").split("/")
    if not topic.startswith(f"{TOPIC_ROOT}/") or len(levels) != 4:
        raise ProtocolError(f"topic refused: {topic!r} is not {TOPIC_ROOT}/org/site/node/name")
    message: RecordMessage | StatusMessage
    if levels[3] == "status":
        message = _parse_status(payload)
        name = "status"
    else:
        message = parse_record(payload)
        name = message.stream.value
    said = [message.org, message.site, message.node, name]
    if said != levels:
        raise ProtocolError(f"record refused: it says {'/'.join(said)} but came on {'/'.join(levels)}")
    _refuse_unstorable(message)
    if isinstance(message, RecordMessage):
        _refuse_contradictions(message)
    return message


def _parse_status(payload: bytes) -> StatusMessage:
    try:
        return StatusMessage.model_validate_json(payload)
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(part) for part in first["loc"]) or "payload"
        raise ProtocolError(f"status refused: {where}: {first['msg']}") from error


def _refuse_unstorable(message: BaseModel) -> None:
    """JSON has numbers and texts that no database column holds."""
    for value in _leaves(message.model_dump(mode="python")):
        if isinstance(value, int) and not -_INT_LIMIT <= value < _INT_LIMIT:
            raise ProtocolError(f"record refused: {value} does not fit 64 bits")
        if isinstance(value, str) and "\0" in value:
            raise ProtocolError("record refused: a text holds the character NUL")


def _leaves(value: object) -> Iterator[object]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield key
            yield from _leaves(inner)
    elif isinstance(value, list | tuple):
        for inner in value:
            yield from _leaves(inner)
    else:
        yield value


def _refuse_contradictions(record: RecordMessage) -> None:
    # A day less at the end: events of a record may be so much later than it.
    if not -_INT_LIMIT <= wall_ns_of(record.ts) < _INT_LIMIT - _DAY_NS:
        raise ProtocolError(f"record refused: ts {record.ts.isoformat()} is out of range")
    body = record.body
    if isinstance(body, ThinnedBody) and body.from_seq > record.seq:
        raise ProtocolError(f"record refused: thinned from_seq {body.from_seq} is beyond its seq {record.seq}")
    named: list[list[object]] = []
    if isinstance(body, SummaryBody):
        named = [[count.movement for count in body.movements], [lane.lane for lane in body.lanes]]
    elif isinstance(body, LanesBody):
        named = [[lane.lane for lane in body.lanes]]
    elif isinstance(body, CycleBody | SignalBody):
        named = [[phase.phase for phase in body.phases]]
    for names in named:
        twice = [name for name, times in Counter(names).items() if times > 1]
        if twice:
            raise ProtocolError(f"record refused: {twice[0]} is in it twice")
