"""What the tests of the wire run against: two brokers that can be killed, and an office that acknowledges."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from paho.mqtt.client import Client, ConnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.broker import EmbeddedBroker, _answers
from edge.clock import NS_PER_S, SystemClock
from edge.messages import AckMessage, RecordMessage, Stream, parse_record, topic

PATIENCE_S = 30.0
MOSQUITTO = shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin:/usr/bin:/usr/local/bin:/opt/homebrew/sbin")


class Broker(Protocol):
    """A broker on 127.0.0.1 that keeps its port over a kill and a start."""

    port: int

    def start(self) -> object: ...
    def stop(self) -> None: ...
    def kill(self) -> None: ...


class Mosquitto:
    """A real Mosquitto without persistence."""

    def __init__(self, folder: Path) -> None:
        self.port = 0
        self._folder = folder
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        assert MOSQUITTO is not None
        if self.port == 0:
            with socket.socket() as probe:
                probe.bind(("127.0.0.1", 0))
                self.port = probe.getsockname()[1]
        config = self._folder / "mosquitto.conf"
        config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n")
        self._process = subprocess.Popen(
            [MOSQUITTO, "-c", str(config)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        wait_until(lambda: _answers("127.0.0.1", self.port), "mosquitto answers")

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    stop = kill


def make_broker(name: str, folder: Path) -> Broker:
    """By its name in the parametrised fixtures."""
    return EmbeddedBroker() if name == "embedded" else Mosquitto(folder)


def wait_until(condition: Callable[[], bool], what: str, patience_s: float = PATIENCE_S) -> None:
    """Poll; the real world of other processes has no clock that we could inject."""
    clock = SystemClock()
    deadline_ns = clock.now_ns() + int(patience_s * NS_PER_S)
    while not condition():
        assert clock.now_ns() < deadline_ns, f"waited {patience_s} s in vain: {what}"
        clock.sleep_until(clock.now_ns() + NS_PER_S // 100)


class Office:
    """Stands in for the collector: stores each record once and acknowledges without gaps.

    `arrivals` has every record message in the order of arrival, repeats too.
    `hold_after(n)` stops acknowledging once n messages came, `release` goes on.
    """

    def __init__(self, port: int, name: str = "office") -> None:
        self.arrivals: list[RecordMessage] = []
        self.statuses: list[tuple[bytes, bool]] = []
        self.stored: dict[tuple[str, Stream, int], RecordMessage] = {}
        self._high: dict[tuple[str, Stream], int] = {}
        self._hold_after: int | None = None
        self._changed = threading.Condition()
        self._connected = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, client_id=name, protocol=MQTTv5)
        self._client.reconnect_delay_set(1, 1)
        self._client.on_connect = self._on_connect
        self._client.on_message = self._on_message
        self._client.connect("127.0.0.1", port, keepalive=10, clean_start=True)
        self._client.loop_start()
        assert self._connected.wait(PATIENCE_S)

    def hold_after(self, messages: int) -> None:
        self._hold_after = messages

    def release(self) -> None:
        """Acknowledge again, beginning with what is stored, as a collector does when it starts."""
        with self._changed:
            self._hold_after = None
            for (epoch, stream), seq in self._high.items():
                self._ack(epoch, stream, seq)

    def seqs(self, stream: Stream) -> list[int]:
        """Seqs of one stream in the order of arrival."""
        with self._changed:
            return [r.seq for r in self.arrivals if r.stream is stream]

    def wait_for(self, condition: Callable[[], bool], what: str) -> None:
        with self._changed:
            assert self._changed.wait_for(condition, PATIENCE_S), f"waited {PATIENCE_S} s in vain: {what}"

    def publish(self, name: str, payload: str, *, retain: bool = False) -> None:
        self._client.publish(topic("town", "a1", "cabinet", name), payload, qos=1, retain=retain)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()
        self._client._reset_sockets()  # loop_stop leaves its wake-up sockets to the garbage collector

    def _on_connect(
        self, client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del userdata, flags, reason, properties
        client.subscribe("stopline/v1/#", qos=1)
        client.on_subscribe = lambda *_: self._connected.set()

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        name = message.topic.rsplit("/", 1)[1]
        with self._changed:
            if name == "status":
                self.statuses.append((bytes(message.payload), message.retain))
            elif name != "ack":
                self._store(parse_record(bytes(message.payload)), name)
            self._changed.notify_all()

    def _store(self, record: RecordMessage, name: str) -> None:
        assert record.stream.value == name
        self.arrivals.append(record)
        key = (record.epoch, record.stream)
        high = self._high.get(key, 0)
        if record.first_seq <= high + 1:
            self.stored.setdefault((*key, record.seq), record)
            self._high[key] = max(high, record.seq)
        if self._hold_after is None or len(self.arrivals) < self._hold_after:
            self._ack(*key, self._high.get(key, 0))

    def _ack(self, epoch: str, stream: Stream, seq: int) -> None:
        self.publish("ack", AckMessage(epoch=epoch, stream=stream, seq=seq).model_dump_json())
