"""Commands through a real broker to a policy, and the policy by itself: what is taken, refused, and lapses."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from paho.mqtt.client import Client, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion

from edge.clock import NS_PER_S, SystemClock, instant_utc
from edge.control.coordinate import free
from edge.control.policy import Known, Policy
from edge.messages import (
    Command,
    CommandAck,
    CoordinationCommand,
    PlanCommand,
    PreemptCommand,
    RecallCommand,
    topic,
)
from edge.stages.obey import obey
from edge.telemetry.commands import CommandListener
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from edge.types import Interval, SignalState
from tests.mqtt import MOSQUITTO, PATIENCE_S, make_broker, wait_until

KNOWN = Known(frozenset({1, 2}), frozenset({2, 4}), frozenset({4}), frozenset({"day", "night"}))
SENT = datetime(2026, 5, 1, tzinfo=UTC)
LAMPS = SignalState(0, {2: Interval.RED}, {2: 0})


def stamped(**more: object) -> dict[str, object]:
    return {"id": "c1", "sent": SENT, "ttl_s": 30, **more}


def s(seconds: float) -> int:
    return round(seconds * NS_PER_S)


def test_a_call_of_preemption_holds_until_it_lapses_or_is_ended() -> None:
    policy = Policy(KNOWN)
    assert policy.take(PreemptCommand.model_validate(stamped(number=1)), 30, s(0)) is None
    assert policy.take(PreemptCommand.model_validate(stamped(number=2)), 5, s(0)) is None
    assert set(policy.preempts(s(4.9))) == {1, 2}
    assert set(policy.preempts(s(5))) == {1}
    policy.take(PreemptCommand.model_validate(stamped(number=1, active=False)), 30, s(6))
    assert set(policy.preempts(s(6))) == set()


@pytest.mark.parametrize(
    ("command", "words"),
    [
        (PreemptCommand.model_validate(stamped(number=7)), "no preemption 7, only 1, 2"),
        (PlanCommand.model_validate(stamped(plan="noon")), "no plan 'noon', only day, night"),
        (RecallCommand.model_validate(stamped(phases=[2, 9])), "no phase 9, only 2, 4"),
        (RecallCommand.model_validate(stamped(phases=[], ped_phases=[2])), "phase 2 has no walk; those with one are 4"),
    ],
)
def test_what_the_site_does_not_have_is_refused(command: Command, words: str) -> None:
    told: list[str | None] = []
    policy = Policy(KNOWN, told.append)
    assert words in (policy.take(command, 30, 0) or "")
    policy.lapse(s(100))
    assert told == []


def test_without_plans_there_is_no_coordination_to_leave() -> None:
    assert "no plan" in (Policy(Known()).take(CoordinationCommand.model_validate(stamped(mode="free")), 9, 0) or "")


def test_plan_and_coordination_lapse_to_the_schedule() -> None:
    told: list[str | None] = []
    policy = Policy(KNOWN, told.append)
    policy.take(PlanCommand.model_validate(stamped(plan="night")), 10, s(0))
    policy.lapse(s(9.9))
    assert told == ["night"]
    policy.lapse(s(10))
    policy.lapse(s(11))
    assert told == ["night", None]
    policy.take(CoordinationCommand.model_validate(stamped(mode="free")), 10, s(20))
    policy.take(CoordinationCommand.model_validate(stamped(mode="plan")), 10, s(21))
    policy.lapse(s(40))
    assert told == ["night", None, "free", None]


def test_recalls_are_added_to_what_coordination_wants() -> None:
    policy = Policy(KNOWN)
    asked = policy.recalled(lambda _state: free("as it is"))
    assert asked(LAMPS) == free("as it is")
    policy.take(RecallCommand.model_validate(stamped(phases=[2], ped_phases=[4])), 10, s(0))
    wanted = asked(LAMPS)
    assert (wanted.recall, wanted.ped_recall, wanted.reason) == (frozenset({2}), frozenset({4}), "as it is")
    policy.lapse(s(10))
    assert policy.recalled(None)(LAMPS).recall == frozenset()


class _Synced(SystemClock):
    """The machine's clock, said to be right."""

    def synced(self) -> bool:
        return True


class Desk:
    """Who sends commands and hears acknowledgements."""

    def __init__(self, port: int) -> None:
        self.acks: list[CommandAck] = []
        self._subscribed = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id="desk", protocol=MQTTv5)
        self._client.on_connect = lambda client, *_: client.subscribe(topic("town", "a1", "cabinet", "cmd/ack"), qos=1)
        self._client.on_subscribe = lambda *_: self._subscribed.set()
        self._client.on_message = lambda _client, _data, message: self.acks.append(
            CommandAck.model_validate_json(message.payload)
        )
        self._client.connect("127.0.0.1", port, clean_start=True)
        self._client.loop_start()
        assert self._subscribed.wait(PATIENCE_S)

    def send(self, name: str, body: dict[str, object], *, retain: bool = False) -> None:
        self._client.publish(topic("town", "a1", "cabinet", f"cmd/{name}"), json.dumps(body), qos=1, retain=retain)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()


@pytest.fixture(params=["embedded", pytest.param("mosquitto", marks=pytest.mark.peer)])
def desk_and_listener(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[Desk, CommandListener]]:
    if request.param == "mosquitto" and MOSQUITTO is None:
        pytest.skip("mosquitto is not installed")
    broker = make_broker(request.param, tmp_path)
    broker.start()
    clock = _Synced()
    address = BrokerAddress("127.0.0.1", broker.port)
    with CommandListener(NodeIdentity("town", "a1", "cabinet"), address, clock=clock, backoff_first_s=0.1) as listener:
        desk = Desk(broker.port)
        wait_until(lambda: listener.online, "the listener is online")
        try:
            yield desk, listener
        finally:
            desk.close()
    broker.stop()


def test_commands_are_taken_refused_and_acknowledged(desk_and_listener: tuple[Desk, CommandListener]) -> None:
    desk, listener = desk_and_listener
    policy = Policy(KNOWN)
    clock = SystemClock()
    now = instant_utc(clock.wall_ns(clock.now_ns()))
    good: dict[str, object] = {"schema": "stopline/1", "sent": now.isoformat(), "ttl_s": 60}
    desk.send("preempt", {**good, "id": "a", "number": 1})
    desk.send("preempt", {**good, "id": "a", "number": 1})
    desk.send("preempt", {**good, "id": "b", "number": 9})
    desk.send("preempt", {**good, "id": "c", "number": 2, "sent": (now - timedelta(seconds=90)).isoformat()})
    desk.send("plan", {**good, "id": "d", "number": 2})
    desk.send("preempt", {**good, "id": "e", "number": 2, "lamp": "green"})

    def answered() -> bool:
        obey(listener, policy, clock.now_ns())
        return len(desk.acks) >= 5

    wait_until(answered, "five acknowledgements")
    desk.send("preempt", {**good, "id": "a", "number": 1})
    wait_until(lambda: len(desk.acks) == 6, "the same answer again")
    assert listener.received() == []
    said = [(ack.id, ack.command, ack.state, ack.reason or "") for ack in desk.acks]
    assert {one[:3] for one in said} == {
        ("a", "preempt", "accepted"),
        ("b", "preempt", "refused"),
        ("c", "preempt", "refused"),
        (None, "plan", "refused"),
        (None, "preempt", "refused"),
    }
    reasons = " | ".join(one[3] for one in said)
    for words in ("no preemption 9", "it had expired 30.", "plan: Field required", "lamp: Extra inputs"):
        assert words in reasons
    assert set(policy.preempts(clock.now_ns())) == {1}


def test_a_retained_command_is_not_taken(tmp_path: Path) -> None:
    broker = make_broker("embedded", tmp_path)
    broker.start()
    desk = Desk(broker.port)
    clock = _Synced()
    sent = instant_utc(clock.wall_ns(clock.now_ns())).isoformat()
    old: dict[str, object] = {"schema": "stopline/1", "id": "old", "sent": sent, "ttl_s": 60, "number": 1}
    desk.send("preempt", old, retain=True)
    with CommandListener(
        NodeIdentity("town", "a1", "cabinet"), BrokerAddress("127.0.0.1", broker.port), clock=clock
    ) as listener:
        wait_until(lambda: bool(desk.acks), "an answer")
        assert listener.received() == []
    assert desk.acks[0].reason == "it was retained by the broker: send it without retain"
    desk.close()
    broker.stop()


def test_a_broker_that_is_away_costs_the_loop_nothing() -> None:
    address = BrokerAddress("127.0.0.1", 9)
    with CommandListener(NodeIdentity("town", "a1", "cabinet"), address, clock=SystemClock()) as listener:
        assert listener.received() == []
        assert not listener.online
