"""What every Publisher keeps to, against the embedded broker and a real Mosquitto."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from random import Random

import pytest

from edge.clock import NS_PER_S, SystemClock
from edge.errors import NetworkError, StorageError
from edge.messages import AckMessage, StatusMessage, Stream, ThinnedBody
from edge.seams import Publisher
from edge.telemetry.link import BrokerAddress
from edge.telemetry.outbox import Description, Outbox
from edge.telemetry.publisher import MqttPublisher, drain
from tests.mqtt import MOSQUITTO, PATIENCE_S, Broker, Office, make_broker
from tests.unit.test_outbox import NODE, crossing, lanes

CLOCK = SystemClock()


@pytest.fixture(
    scope="module",
    params=[
        "embedded",
        pytest.param(
            "mosquitto",
            marks=[pytest.mark.peer, pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")],
        ),
    ],
)
def broker(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Broker]:
    if request.param == "embedded":
        pytest.importorskip("iotcore", reason="the extra `collector` is not installed")
    broker = make_broker(request.param, tmp_path_factory.mktemp("broker"))
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def office(broker: Broker) -> Iterator[Office]:
    office = Office(broker.port)
    yield office
    office.publish("status", "", retain=True)  # the next test starts without our status
    office.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db", identity=NODE, clock=CLOCK, max_bytes=64 << 10) as box:
        yield box


def publisher_of(outbox: Outbox, port: int, *, window: int = 20, ack_timeout_s: float = 20.0) -> MqttPublisher:
    return MqttPublisher(
        outbox,
        BrokerAddress("127.0.0.1", port),
        clock=CLOCK,
        rng=Random(1),
        window=window,
        ack_timeout_s=ack_timeout_s,
        backoff_first_s=0.05,
        backoff_limit_s=0.2,
    )


def drive(publisher: Publisher, until: Callable[[], bool], what: str) -> int:
    """Step until something is so; returns how many records were acknowledged meanwhile."""
    deadline_ns = CLOCK.now_ns() + int(PATIENCE_S * NS_PER_S)
    acknowledged = 0
    while not until():
        assert CLOCK.now_ns() < deadline_ns, f"stepped {PATIENCE_S} s in vain: {what}"
        acknowledged += publisher.step(0.02)
    return acknowledged


def test_all_records_arrive_in_order_and_are_deleted_when_acknowledged(
    broker: Broker, office: Office, outbox: Outbox
) -> None:
    for i in range(50):
        outbox.append_many([(i, crossing(i)), (i, lanes(1))])
    with publisher_of(outbox, broker.port) as publisher:
        acknowledged = drive(publisher, lambda: outbox.stats().records == 0, "the outbox is empty")
        assert acknowledged == 100
        assert office.seqs(Stream.CROSSING) == office.seqs(Stream.LANES) == list(range(1, 51))
        # And what is appended later follows.
        outbox.append(crossing(50), 50)
        drive(publisher, lambda: outbox.stats().records == 0, "the outbox is empty again")
    assert office.seqs(Stream.CROSSING)[-1] == 51


def test_the_brokers_confirmation_alone_deletes_nothing(broker: Broker, office: Office, outbox: Outbox) -> None:
    office.hold_after(0)
    outbox.append_many([(i, crossing(i)) for i in range(30)])
    with publisher_of(outbox, broker.port, window=50) as publisher:
        drive(publisher, lambda: len(office.seqs(Stream.CROSSING)) >= 30, "all were sent")
        assert outbox.stats().records == 30
        office.release()
        drive(publisher, lambda: outbox.stats().records == 0, "the outbox is empty")


def test_sending_stops_a_window_ahead_of_the_acknowledgements(broker: Broker, office: Office, outbox: Outbox) -> None:
    office.hold_after(0)
    outbox.append_many([(i, crossing(i)) for i in range(30)])
    with publisher_of(outbox, broker.port, window=7) as publisher:
        drive(publisher, lambda: len(office.seqs(Stream.CROSSING)) >= 7, "a window was sent")
        outbox.append(lanes(), 0)
        drive(publisher, lambda: office.seqs(Stream.LANES) == [1], "another stream does not wait for it")
        assert office.seqs(Stream.CROSSING) == list(range(1, 8))


def test_what_is_not_acknowledged_in_time_is_sent_again(broker: Broker, office: Office, outbox: Outbox) -> None:
    office.hold_after(0)
    outbox.append_many([(i, crossing(i)) for i in range(10)])
    with publisher_of(outbox, broker.port, ack_timeout_s=0.2) as publisher:
        drive(publisher, lambda: office.seqs(Stream.CROSSING).count(1) >= 2, "the first was sent again")
        office.release()
        drive(publisher, lambda: outbox.stats().records == 0, "the outbox is empty")
    assert {seq for _, _, seq in office.stored} == set(range(1, 11))


def test_acknowledgements_that_do_not_fit_are_dropped(broker: Broker, office: Office, outbox: Outbox) -> None:
    office.hold_after(0)
    outbox.append_many([(i, crossing(i)) for i in range(3)])
    with publisher_of(outbox, broker.port) as publisher:
        drive(publisher, lambda: len(office.seqs(Stream.CROSSING)) == 3, "all were sent")
        office.publish("ack", AckMessage(epoch="0123456789abcdef", stream=Stream.CROSSING, seq=3).model_dump_json())
        office.publish("ack", AckMessage(epoch=outbox.epoch, stream=Stream.CROSSING, seq=4).model_dump_json())
        office.publish("ack", "not an acknowledgement")
        drive(publisher, lambda: publisher.refused == 2, "both wrong ones were refused")
        assert outbox.stats().records == 3
        office.publish("ack", AckMessage(epoch=outbox.epoch, stream=Stream.CROSSING, seq=2).model_dump_json())
        drive(publisher, lambda: outbox.stats().records == 1, "the right one counts")


def test_a_thinned_range_arrives_in_its_place(broker: Broker, office: Office, outbox: Outbox) -> None:
    for i in range(400):
        outbox.append(lanes(), i)
    thinned = outbox.stats().thinned
    assert thinned > 0
    with publisher_of(outbox, broker.port, window=500) as publisher:
        drive(publisher, lambda: outbox.stats().records == 0, "the outbox is empty")
    first = office.arrivals[0]
    assert first.body == ThinnedBody(of=Stream.LANES, from_seq=1)
    assert office.seqs(Stream.LANES) == list(range(thinned, 401))


class TestStatus:
    def test_it_is_retained_and_tells_what_the_node_counts(
        self, broker: Broker, office: Office, outbox: Outbox
    ) -> None:
        outbox.describe(Description(("NBT",), ("nb1",)))
        with publisher_of(outbox, broker.port) as publisher:
            drive(publisher, lambda: len(office.statuses) > 0, "a status came")
            late = self.retained(broker)
            assert (late.state, late.movements, late.lanes) == ("online", ["NBT"], ["nb1"])
            outbox.describe(Description(("NBT", "SBT"), ()))
            drive(publisher, lambda: b"SBT" in office.statuses[-1][0], "a new description is told")
        office.wait_for(lambda: b"offline" in office.statuses[-1][0], "offline came")
        assert self.retained(broker).state == "offline"

    def test_a_late_will_does_not_leave_a_living_node_offline(
        self, broker: Broker, office: Office, outbox: Outbox
    ) -> None:
        with publisher_of(outbox, broker.port) as publisher:
            drive(publisher, lambda: len(office.statuses) > 0, "a status came")
            online = json.loads(office.statuses[-1][0])
            office.publish("status", json.dumps(online | {"state": "offline", "boot": "earlier"}), retain=True)
            drive(publisher, lambda: len(office.statuses) >= 3, "it is online again")
            assert json.loads(office.statuses[-1][0]) == online
            assert self.retained(broker).state == "online"

    @staticmethod
    def retained(broker: Broker) -> StatusMessage:
        """What one who subscribes now is told first."""
        visitor = Office(broker.port, "visitor")
        try:
            visitor.wait_for(lambda: len(visitor.statuses) > 0, "a retained status")
            payload, retain = visitor.statuses[0]
            assert retain
            return StatusMessage.model_validate_json(payload)
        finally:
            visitor.close()


def test_one_outbox_has_one_publisher(broker: Broker, outbox: Outbox) -> None:
    with (
        publisher_of(outbox, broker.port),
        pytest.raises(StorageError, match=r"another publisher already serves .*outbox\.db"),
    ):
        publisher_of(outbox, broker.port)
    publisher_of(outbox, broker.port).close()


def test_draining_says_how_many_were_left(broker: Broker, office: Office, outbox: Outbox) -> None:
    office.hold_after(0)
    outbox.append_many([(i, crossing(i)) for i in range(3)])
    with publisher_of(outbox, broker.port) as publisher:
        with pytest.raises(NetworkError, match=r"no collector acknowledged the last 3 records through 127\.0\.0\.1"):
            drain(publisher, outbox, clock=CLOCK, timeout_s=0.3)
        drive(publisher, lambda: len(office.arrivals) >= 3, "all were sent")
        office.release()
        drain(publisher, outbox, clock=CLOCK, timeout_s=PATIENCE_S)
    assert outbox.stats().records == 0
