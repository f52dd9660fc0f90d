"""A cabinet's real outbox and publisher against the real collector, both ends' losses included."""

from __future__ import annotations

import sqlite3
from contextlib import closing
from pathlib import Path
from random import Random

import httpx
import pytest

from edge.clock import NS_PER_S, SystemClock
from edge.messages import Stream
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from edge.telemetry.outbox import Outbox
from edge.telemetry.publisher import MqttPublisher, drain
from tests.collector_cabinet import crossing, cycle, lanes
from tests.collector_process import CollectorProcess
from tests.mqtt import MOSQUITTO, Mosquitto, wait_until

NODE = NodeIdentity("town", "a1", "cabinet")

pytestmark = [pytest.mark.peer, pytest.mark.skipif(MOSQUITTO is None, reason="needs mosquitto")]


def test_collector_and_broker_killed_and_a_full_outbox_each_record_arrives_once(tmp_path: Path) -> None:
    broker = Mosquitto(tmp_path)
    broker.start()
    clock = SystemClock()
    with Outbox(tmp_path / "outbox.db", identity=NODE, clock=clock, max_bytes=256 << 10) as outbox:
        for n in range(120):
            outbox.append_many([(n * NS_PER_S, crossing(track_id=n)), (n * NS_PER_S, cycle(n + 1))])
            outbox.append_many([(n * NS_PER_S, lanes(nb1=k % 7, nb2=None, sb1=0)) for k in range(6)])
        thinned = outbox.stats().thinned
        assert thinned > 0, "the outbox was never full: it tests nothing"
        arguments = ("--broker", f"127.0.0.1:{broker.port}")
        publisher = MqttPublisher(
            outbox,
            BrokerAddress("127.0.0.1", broker.port),
            clock=clock,
            rng=Random(1),
            window=20,
            ack_timeout_s=1.0,
            max_ack_timeout_s=2.0,
            backoff_first_s=0.1,
            backoff_limit_s=0.5,
        )
        with publisher:

            def at_most(left: int) -> bool:
                publisher.step(0.05)
                return outbox.stats().records <= left

            total = outbox.stats().records
            with CollectorProcess(tmp_path, *arguments) as collector:
                wait_until(lambda: at_most(total - 60), "some are acknowledged", 60)
                collector.kill()
            with CollectorProcess(tmp_path, *arguments) as collector:
                wait_until(lambda: at_most(total - 160), "more are acknowledged", 60)
                broker.kill()
                broker.start()
                drain(publisher, outbox, clock=clock, timeout_s=60)
                answer = httpx.get(f"{collector.url}api/v1/counts?site=a1", timeout=10).json()
                assert answer["crossings_lost"] == 0
                assert collector.end() == 0
    broker.stop()
    with closing(sqlite3.connect(tmp_path / "town.sqlite")) as link:
        assert link.execute("SELECT count(*), count(DISTINCT track_id) FROM crossings").fetchone() == (120, 120)
        assert link.execute("SELECT count(*), count(DISTINCT number) FROM cycles").fetchone() == (120, 120)
        acked = dict(link.execute("SELECT stream, acked FROM streams").fetchall())
        assert acked == {Stream.CROSSING: 120, Stream.CYCLE: 120, Stream.LANES: 720}
        assert link.execute("SELECT count(*) FROM ahead").fetchone() == (0,)
        assert link.execute("SELECT count(*) FROM quarantine").fetchone() == (0,)
        kept = link.execute("SELECT count(DISTINCT seq) FROM lane_states").fetchone()
        assert kept == (720 - thinned,)
