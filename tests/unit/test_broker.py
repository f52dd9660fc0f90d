"""The embedded broker: starts, speaks MQTT 5, ends, and says why it cannot."""

from __future__ import annotations

import os
import select
import signal
import socket
import subprocess
import sys
from pathlib import Path

import pytest

from collector.broker import EmbeddedBroker, _answers
from edge.errors import ConfigError, NetworkError

pytest.importorskip("iotcore", reason="the extra `collector` is not installed")


def test_it_answers_mqtt_5_on_a_free_port_and_frees_it_again() -> None:
    with EmbeddedBroker() as broker:
        assert broker.port > 0
        assert broker.address == f"127.0.0.1:{broker.port}"
        assert _answers("127.0.0.1", broker.port)
        port = broker.port
    assert not _answers("127.0.0.1", port)
    with EmbeddedBroker(port=port) as again:
        assert again.port == port


def test_two_brokers_take_two_ports() -> None:
    with EmbeddedBroker() as one, EmbeddedBroker() as two:
        assert one.port != two.port


def test_a_taken_port_is_named_with_the_fix() -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = other.getsockname()[1]
        with pytest.raises(NetworkError, match=f"port {port} on 127.0.0.1 is taken: .*choose another port"):
            EmbeddedBroker(port=port).start()


def test_an_address_of_another_machine_is_refused() -> None:
    with pytest.raises(NetworkError, match=r"cannot listen on 192\.0\.2\.1:0"):
        EmbeddedBroker("192.0.2.1").start()


def test_a_missing_package_names_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(ConfigError, match=r"stopline\[collector\]"):
        EmbeddedBroker().start()


def test_stopping_after_the_child_was_killed_is_quiet_and_it_starts_again() -> None:
    broker = EmbeddedBroker().start()
    os.kill(broker.pid, signal.SIGKILL)
    broker.stop()
    broker.stop()
    with pytest.raises(NetworkError, match="not running"):
        _ = broker.pid
    with broker:
        assert _answers("127.0.0.1", broker.port)


def test_it_does_not_outlive_its_parent(tmp_path: Path) -> None:
    program = tmp_path / "parent.py"
    program.write_text(
        "import signal\nfrom collector.broker import EmbeddedBroker\n"
        "broker = EmbeddedBroker().start()\nprint(broker.pid, flush=True)\nsignal.pause()\n"
    )
    parent = subprocess.Popen([sys.executable, str(program)], stdout=subprocess.PIPE, cwd=Path.cwd())
    assert parent.stdout is not None
    child_pid = int(parent.stdout.readline())
    watch = os.pidfd_open(child_pid)
    try:
        parent.kill()
        parent.wait()
        # A pidfd becomes readable when its process ends: no polling, no sleeping.
        assert select.select([watch], [], [], 20)[0] == [watch]
    finally:
        os.close(watch)
        parent.stdout.close()
