"""The collector as a process, with a real broker: killed, refused, ended."""

from __future__ import annotations

import signal
import socket
import sqlite3
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import httpx
import pytest
from paho.mqtt.client import MQTTv5
from paho.mqtt.publish import single

from edge.cli.main import main
from edge.messages import Stream
from tests.collector_cabinet import Cabinet, ResendingCabinet, crossing, cycle, lanes
from tests.collector_process import CollectorProcess
from tests.mqtt import MOSQUITTO, Mosquitto, wait_until

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto")


@pytest.fixture
def mosquitto(tmp_path: Path) -> Iterator[Mosquitto]:
    broker = Mosquitto(tmp_path)
    broker.start()
    yield broker
    broker.stop()


def health(url: str) -> Any:
    return httpx.get(f"{url}api/v1/health", timeout=10).json()["collector"]


def send_all(cabinet: ResendingCabinet, until: int = 0) -> None:
    """Step the cabinet until at most `until` records wait for their acknowledgement."""

    def done() -> bool:
        cabinet.step()
        return len(cabinet.unacked) <= until

    wait_until(done, f"the collector acknowledges all but {until}", 60)


def stored(folder: Path) -> list[tuple[str, int, int]]:
    """(stream, records, different seqs) as another program reads the file."""
    with closing(sqlite3.connect(folder / "town.sqlite")) as link:
        query = (
            "SELECT stream, count(*), count(DISTINCT seq) FROM records JOIN streams ON streams.id = stream_id "
            "GROUP BY stream ORDER BY stream"
        )
        return link.execute(query).fetchall()


@pytest.mark.peer
@needs_mosquitto
def test_killed_in_the_middle_each_record_is_stored_once(tmp_path: Path, mosquitto: Mosquitto) -> None:
    source = Cabinet()
    records = [source.record(crossing(track_id=n), n) for n in range(900)]
    records += [source.record(cycle(n + 1), n) for n in range(300)]
    cabinet = ResendingCabinet(mosquitto.port, records)
    broker = ("--broker", f"127.0.0.1:{mosquitto.port}")
    for left in (1100, 800, 400):
        with CollectorProcess(tmp_path, *broker) as collector:
            send_all(cabinet, left)
            assert cabinet.unacked
            collector.kill()
        # What was acknowledged is on disk, though the process had no time to say goodbye.
        on_disk = {stream: count for stream, count, _ in stored(tmp_path)}
        for stream, total in ((Stream.CROSSING, 900), (Stream.CYCLE, 300)):
            waiting = sum(key[1] is stream for key in cabinet.unacked)
            assert on_disk.get(stream.value, 0) >= total - waiting
    with CollectorProcess(tmp_path, *broker) as collector:
        send_all(cabinet)
        assert collector.end() == 0
    cabinet.close()
    assert stored(tmp_path) == [("crossing", 900, 900), ("cycle", 300, 300)]
    with closing(sqlite3.connect(tmp_path / "town.sqlite")) as link:
        assert link.execute("SELECT count(*), count(DISTINCT track_id) FROM crossings").fetchone() == (900, 900)


@pytest.mark.peer
@needs_mosquitto
def test_a_broker_that_comes_late_and_goes_is_waited_for(tmp_path: Path, mosquitto: Mosquitto) -> None:
    mosquitto.kill()
    with CollectorProcess(tmp_path, "--broker", f"127.0.0.1:{mosquitto.port}") as collector:
        wait_until(lambda: "not reachable" in health(collector.url)["broker_reason"], "the refusal is told")
        for _ in range(2):
            mosquitto.start()
            wait_until(lambda: bool(health(collector.url)["broker_connected"]), "it connects")
            mosquitto.kill()
            wait_until(lambda: not health(collector.url)["broker_connected"], "the loss is told")
        mosquitto.start()
        source = Cabinet()
        cabinet = ResendingCabinet(mosquitto.port, [source.record(crossing(), n) for n in range(3)])
        send_all(cabinet)
        cabinet.close()
        assert collector.end() == 0


@pytest.mark.peer
@needs_mosquitto
def test_two_collectors_share_the_work_on_one_database(tmp_path: Path, mosquitto: Mosquitto) -> None:
    shared = ("--broker", f"127.0.0.1:{mosquitto.port}", "--share", "office")
    with CollectorProcess(tmp_path, *shared) as one, CollectorProcess(tmp_path, *shared) as two:
        source = Cabinet()
        cabinet = ResendingCabinet(mosquitto.port, [source.record(crossing(track_id=n), n) for n in range(300)])
        send_all(cabinet)
        cabinet.close()
        assert health(one.url)["stored"] + health(two.url)["stored"] == 300
        assert min(health(one.url)["stored"], health(two.url)["stored"]) > 0
    assert stored(tmp_path) == [("crossing", 300, 300)]


def test_a_locked_database_holds_the_acknowledgement_and_is_told(tmp_path: Path) -> None:
    with CollectorProcess(tmp_path, "--embedded-broker", "--broker-port", "0") as collector:
        source = Cabinet()
        cabinet = ResendingCabinet(collector.broker_port, [source.record(crossing(), n) for n in range(5)])
        with closing(sqlite3.connect(tmp_path / "town.sqlite", isolation_level=None)) as other:
            other.execute("BEGIN IMMEDIATE")

            def told() -> bool:
                cabinet.step()
                return "locked" in (health(collector.url)["storage_reason"] or "")

            wait_until(told, "the lock is told")
            assert len(cabinet.unacked) == 5
            assert cabinet.acks == 0
            other.execute("ROLLBACK")
        send_all(cabinet)
        cabinet.close()
        wait_until(lambda: health(collector.url)["storage_reason"] is None, "all is well again")
        assert collector.end() == 0
    assert stored(tmp_path) == [("crossing", 5, 5)]


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_it_ends_cleanly_with_its_broker(tmp_path: Path, number: signal.Signals) -> None:
    with CollectorProcess(tmp_path, "--embedded-broker", "--broker-port", "0") as collector:
        source = Cabinet()
        cabinet = ResendingCabinet(collector.broker_port, [source.record(lanes(nb1=1), n) for n in range(20)])
        send_all(cabinet)
        cabinet.close()
        collector.process.send_signal(number)
        assert collector.process.wait(20) == 0
        with socket.socket() as probe:
            assert probe.connect_ex(("127.0.0.1", collector.broker_port)) != 0
    assert stored(tmp_path) == [("lanes", 20, 20)]


def test_poison_is_counted_and_ends_nothing(tmp_path: Path) -> None:
    with CollectorProcess(tmp_path, "--embedded-broker", "--broker-port", "0", "--org", "town") as collector:
        source = Cabinet()
        for payload in (b"\xff\xfe", b"{}", source.record(crossing(), seq=1).model_dump_json().encode()):
            single(source.topic("summary"), payload, 1, port=collector.broker_port, protocol=MQTTv5)
        wait_until(lambda: health(collector.url)["quarantined"] == 3, "three are set aside")
        cabinet = ResendingCabinet(collector.broker_port, [source.record(crossing())])
        send_all(cabinet)
        cabinet.close()
        assert collector.end() == 0


def test_a_port_that_is_taken_is_named_with_the_fix(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        assert main(["collector", "run", "--port", str(port), "--db", str(tmp_path / "town.sqlite")]) == 76
        assert f"port {port} on 127.0.0.1 is taken" in capsys.readouterr().err
        broker = ["--embedded-broker", "--broker-port", str(port)]
        assert main(["collector", "run", "--port", "0", "--db", str(tmp_path / "town.sqlite"), *broker]) == 76
        assert f"port {port} on 127.0.0.1 is taken" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("arguments", "code", "sentence"),
    [
        (["--db", "/nowhere/at/all/town.sqlite"], 74, "make the folder /nowhere/at/all"),
        (["--host", "203.0.113.7"], 76, "change --host"),
        (["--broker", "here:or-there"], 78, "HOST:PORT"),
        (["--broker", "here", "--embedded-broker"], 78, "exclude each other"),
        (["--broker-port", "1883"], 78, "--embedded-broker"),
        (["--org", "Our Town"], 78, "--org"),
    ],
)
def test_what_cannot_be_is_told_in_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], code: int, sentence: str
) -> None:
    rest = [] if "--db" in arguments else ["--db", str(tmp_path / "town.sqlite")]
    assert main(["collector", "run", "--port", "0", *rest, *arguments]) == code
    said = capsys.readouterr().err
    assert sentence in said
    assert len(said.splitlines()) == 1
