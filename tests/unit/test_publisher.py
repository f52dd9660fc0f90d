"""Waiting, windows and addresses of the publisher; and a broker that is none."""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.clock import NS_PER_S, ReplayClock, SystemClock
from edge.errors import ConfigError
from edge.telemetry.backoff import Backoff
from edge.telemetry.link import BrokerAddress
from edge.telemetry.outbox import Outbox
from edge.telemetry.publisher import MqttPublisher
from edge.telemetry.window import SendWindow
from tests.unit.test_outbox import NODE, crossing


class TestBackoff:
    def test_it_doubles_to_its_limit_with_jitter_and_begins_again(self) -> None:
        backoff = Backoff(Random(3), first_s=1.0, limit_s=8.0)
        waits_s = [backoff.next_ns() / NS_PER_S for _ in range(6)]
        for wait_s, bound_s in zip(waits_s, [1, 2, 4, 8, 8, 8], strict=True):
            assert bound_s / 2 <= wait_s <= bound_s
        assert len(set(waits_s)) == 6
        backoff.reset()
        assert backoff.next_ns() <= NS_PER_S

    def test_bounds_that_make_no_sense(self) -> None:
        with pytest.raises(ValueError, match="first_s"):
            Backoff(Random(3), first_s=2.0, limit_s=1.0)


class TestSendWindow:
    @staticmethod
    def window() -> SendWindow:
        return SendWindow(limit=10, timeout_s=1.0, max_timeout_s=4.0)

    def test_a_silent_collector_is_probed_with_few_records_ever_less_often(self) -> None:
        window = self.window()
        for seq in range(1, 11):
            window.sent(seq, 0)
        assert window.room == 0
        t_ns, waits_s = 0, []
        for _ in range(5):
            since_ns = t_ns
            while not (overdue := window.rewind_if_overdue(t_ns)):
                t_ns += NS_PER_S // 10
            waits_s.append((t_ns - since_ns) / NS_PER_S)
            assert overdue == (10 if len(waits_s) == 1 else 4)
            assert (window.sent_seq, window.room) == (0, 4)
            for seq in range(1, 5):
                window.sent(seq, t_ns)
        assert waits_s == [1.0, 2.0, 4.0, 4.0, 4.0]
        window.acknowledged(2, t_ns)
        assert window.room == 6  # 8 in all, 2 of them still on their way
        assert window.rewind_if_overdue(t_ns + NS_PER_S) == 2

    def test_an_old_acknowledgement_shows_that_the_collector_lives(self) -> None:
        window = self.window()
        window.sent(5, 0)
        assert window.rewind_if_overdue(NS_PER_S) == 1
        window.sent(5, NS_PER_S)
        assert window.rewind_if_overdue(2 * NS_PER_S) == 0
        window.acknowledged(4, 2 * NS_PER_S)
        assert window.rewind_if_overdue(2 * NS_PER_S) == 1

    @settings(deadline=None)  # the machine may be busy
    @given(st.lists(st.one_of(st.integers(0, 60), st.sampled_from(["send", "wait", "restart"]))))
    def test_room_and_waiting_never_exceed_the_limit(self, steps: list[int | str]) -> None:
        window, t_ns = self.window(), 0
        for step in steps:
            match step:
                case "send" if window.room:
                    window.sent(window.sent_seq + 1, t_ns)
                case "wait":
                    t_ns += NS_PER_S
                    window.rewind_if_overdue(t_ns)
                case "restart":
                    window.restart()
                case int():
                    window.acknowledged(step, t_ns)
            assert 0 <= window.room <= 10
            assert len(window._waiting) + window.room <= 10 or window.room == 0
            assert list(window._waiting) == sorted(window._waiting)


class TestBrokerAddress:
    @pytest.mark.parametrize(
        ("text", "host", "port"),
        [("127.0.0.1:1883", "127.0.0.1", 1883), ("broker.example:8883", "broker.example", 8883), ("[::1]:1", "::1", 1)],
    )
    def test_parsed(self, text: str, host: str, port: int) -> None:
        assert BrokerAddress.parse(text) == BrokerAddress(host, port)

    @pytest.mark.parametrize("text", ["", "host", "host:", ":1883", "host:0", "host:70000", "host:mqtt"])
    def test_refused_with_an_example(self, text: str) -> None:
        with pytest.raises(ConfigError, match="write HOST:PORT"):
            BrokerAddress.parse(text)

    def test_the_password_is_not_shown(self) -> None:
        words = "open sesame"
        assert words not in repr(BrokerAddress("host", 1883, username="cabinet", password=words))


@pytest.fixture
def outbox(tmp_path: Path) -> Iterator[Outbox]:
    with Outbox(tmp_path / "outbox.db", identity=NODE, clock=ReplayClock()) as box:
        box.append(crossing(), 0)
        yield box


def test_a_refused_connection_is_named_and_tried_again_later(outbox: Outbox, caplog: pytest.LogCaptureFixture) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))  # bound but not listening: refused
        port = unused.getsockname()[1]
        clock = ReplayClock()
        with MqttPublisher(outbox, BrokerAddress("127.0.0.1", port), clock=clock, rng=Random(1)) as publisher:
            for _ in range(200):
                assert publisher.step(1.0) == 0
        attempts = caplog.text.count(f"cannot reach broker 127.0.0.1:{port}: Connection refused")
        # One step in a second: after some doublings one attempt in 30 to 60 s.
        assert 4 <= attempts <= 14
        assert clock.now_ns() > 100 * NS_PER_S
    assert outbox.stats().records == 1


@pytest.mark.parametrize(
    ("answer", "message"),
    [
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", "lost"),
        (b"\x20\x02\x00\x01", "lost"),  # a broker of MQTT 3.1.1 that refuses the version
        (b"\x20\x03\x00\x87\x00", "refused it .Not authorized"),
        (b"", "before it answered in MQTT 5"),
    ],
)
def test_something_else_than_our_broker(
    outbox: Outbox, caplog: pytest.LogCaptureFixture, answer: bytes, message: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:

        def serve() -> None:
            link, _ = server.accept()
            with link:
                link.recv(1000)
                link.sendall(answer)

        thread = threading.Thread(target=serve)
        thread.start()
        address = BrokerAddress("127.0.0.1", server.getsockname()[1])
        with MqttPublisher(outbox, address, clock=SystemClock(), backoff_first_s=60) as publisher:
            for _ in range(100):
                publisher.step(0.05)
                if caplog.records:
                    break
            assert not publisher.online
        thread.join()
    assert f"connection to broker {address} lost" in caplog.text
    assert len(caplog.records) == 1
    assert re.search(message, caplog.text)


def test_a_ca_file_that_is_none(outbox: Outbox, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.write_text("no certificate")
    address = BrokerAddress("127.0.0.1", 1, ca_file=ca_file)
    with (
        MqttPublisher(outbox, address, clock=SystemClock()) as publisher,
        pytest.raises(ConfigError, match=r"ca\.pem: .*PEM"),
    ):
        publisher.step(0.0)
