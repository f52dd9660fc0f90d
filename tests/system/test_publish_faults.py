"""`stopline publish` as a process: kill -9 of it, kill -9 of the broker, an office that is away."""

from __future__ import annotations

import itertools
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from edge.clock import SystemClock
from edge.messages import StatusMessage, Stream
from edge.telemetry.outbox import Outbox
from tests.mqtt import MOSQUITTO, PATIENCE_S, Broker, Office, make_broker, wait_until
from tests.unit.test_outbox import NODE, crossing, lanes

RECORDS = 400

Publish = Callable[..., subprocess.Popen[str]]


@pytest.fixture(
    params=[
        "embedded",
        pytest.param(
            "mosquitto",
            marks=[pytest.mark.peer, pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")],
        ),
    ]
)
def broker(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Broker]:
    if request.param == "embedded":
        pytest.importorskip("iotcore", reason="the extra `collector` is not installed")
    broker = make_broker(request.param, tmp_path)
    broker.start()
    yield broker
    broker.stop()


@pytest.fixture
def office(broker: Broker) -> Iterator[Office]:
    office = Office(broker.port)
    yield office
    office.close()


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db", identity=NODE, clock=SystemClock()) as box:
        box.append_many([(i, crossing(i) if i % 2 else lanes(1)) for i in range(RECORDS)])
        yield box


@pytest.fixture
def publish(outbox: Outbox, broker: Broker) -> Iterator[Publish]:
    """Starts the command; whatever still runs at the end of the test is ended by its process id."""
    started: list[subprocess.Popen[str]] = []

    def start(*more: str) -> subprocess.Popen[str]:
        command = [sys.executable, "-m", "edge.cli.main", "publish", "--outbox", str(outbox.path)]
        command += ["--broker", f"127.0.0.1:{broker.port}", "--org", "town", "--site", "a1", *more]
        process = subprocess.Popen(command, stderr=subprocess.PIPE, text=True)
        started.append(process)
        return process

    yield start
    for process in started:
        process.kill()
        process.wait()
        assert process.stderr is not None
        process.stderr.close()


def everything_is_there(office: Office, outbox: Outbox) -> None:
    wait_until(lambda: outbox.stats().records == 0, "the outbox is empty")
    for stream in (Stream.CROSSING, Stream.LANES):
        stored = sorted(seq for _, s, seq in office.stored if s is stream)
        assert stored == list(range(1, RECORDS // 2 + 1))


def in_order_from_where_it_stopped(seqs: list[int]) -> bool:
    """Each run of a repeated delivery begins at or below what came before and misses none."""
    return all(now <= before + 1 for before, now in itertools.pairwise(seqs)) and seqs[0] == 1


def test_a_publisher_that_is_killed_loses_nothing(office: Office, outbox: Outbox, publish: Publish) -> None:
    office.hold_after(RECORDS // 4)
    first = publish()
    office.wait_for(lambda: len(office.arrivals) >= RECORDS // 4, "a quarter arrived")
    wait_until(lambda: outbox.stats().records < RECORDS, "some are acknowledged, and let go")
    first.kill()
    first.wait()
    office.wait_for(
        lambda: StatusMessage.model_validate_json(office.statuses[-1][0]).state == "offline", "the last will came"
    )
    left = outbox.stats().records
    assert 0 < left < RECORDS
    publish()
    office.release()
    everything_is_there(office, outbox)
    assert StatusMessage.model_validate_json(office.statuses[-1][0]).state == "online"
    assert in_order_from_where_it_stopped(office.seqs(Stream.CROSSING))
    assert in_order_from_where_it_stopped(office.seqs(Stream.LANES))


def test_a_broker_that_is_killed_with_its_memory_loses_nothing(
    broker: Broker, office: Office, outbox: Outbox, publish: Publish
) -> None:
    office.hold_after(RECORDS // 4)
    publisher = publish()
    office.wait_for(lambda: len(office.arrivals) >= RECORDS // 4, "a quarter arrived")
    broker.kill()
    # The cabinet goes on recording while nothing can be sent.
    outbox.append_many([(i, crossing(i)) for i in range(10)])
    assert outbox.stats().records > 10
    broker.start()
    office.release()
    wait_until(lambda: outbox.stats().records == 0, "the outbox is empty")
    stored = sorted(seq for _, s, seq in office.stored if s is Stream.CROSSING)
    assert stored == list(range(1, RECORDS // 2 + 11))
    assert publisher.poll() is None


def test_it_waits_for_a_broker_that_is_not_there_yet_and_names_it(
    broker: Broker, outbox: Outbox, publish: Publish
) -> None:
    broker.kill()
    publisher = publish()
    assert publisher.stderr is not None
    assert f"cannot reach broker 127.0.0.1:{broker.port}: Connection refused" in publisher.stderr.readline()
    broker.start()
    office = Office(broker.port)
    try:
        everything_is_there(office, outbox)
    finally:
        office.close()


def test_sigterm_says_offline_and_ends_with_0(office: Office, publish: Publish) -> None:
    publisher = publish()
    office.wait_for(lambda: len(office.statuses) > 0, "a status came")
    publisher.send_signal(signal.SIGTERM)
    assert publisher.wait(PATIENCE_S) == 0
    office.wait_for(lambda: b'"offline"' in office.statuses[-1][0], "offline came")


def test_drain_ends_with_0_when_the_office_has_everything(office: Office, outbox: Outbox, publish: Publish) -> None:
    assert publish("--drain").wait(PATIENCE_S) == 0
    everything_is_there(office, outbox)


def test_drain_ends_with_76_when_nobody_acknowledges(outbox: Outbox, publish: Publish) -> None:
    publisher = publish("--drain", "--timeout-s", "1")
    assert publisher.wait(PATIENCE_S) == 76
    assert publisher.stderr is not None
    assert f"no collector acknowledged the last {RECORDS} records" in publisher.stderr.read()
    assert outbox.stats().records == RECORDS
