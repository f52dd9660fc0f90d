"""The broker that comes with Stopline, for the demo and for a town without one.

`iotcore` brings rumqttd as a wheel. It runs in a child process that we can end by its
id, since it has no way to stop by itself, and that ends when its parent does. It keeps
nothing on disk: what a publisher has sent and no collector has acknowledged comes
again from the cabinet's outbox.
"""

from __future__ import annotations

import errno
import importlib.util
import logging
import os
import socket
import subprocess
import sys
import tempfile
import threading
from pathlib import Path
from types import TracebackType
from typing import Self

from edge.clock import NS_PER_S, Clock, SystemClock
from edge.errors import ConfigError, NetworkError

#: An MQTT 5 CONNECT, clean start, keep alive 10 s, client id "ready"; and its answer's first byte.
_CONNECT = b"\x10\x12\x00\x04MQTT\x05\x02\x00\x0a\x00\x00\x05ready"
_DISCONNECT = b"\xe0\x00"
_CONNACK = 0x20
_POLL_NS = NS_PER_S // 50
_HELLO_TIMEOUT_S = 2.0

# rumqttd speaks MQTT 3.1.1 on `[v4.x]` listeners and 5 on `[v5.x]` ones; a cabinet uses 5.
# It keeps what it forwards in segments and forgets whole ones: 8 of 2 MiB for each topic filter.
_CONFIG = """\
id = 0

[router]
id = 0
max_connections = 1000
max_outgoing_packet_count = 200
max_segment_size = 2097152
max_segment_count = 8

[v5.1]
name = "stopline"
listen = "{host}:{port}"
next_connection_delay_ms = 1

[v5.1.connections]
connection_timeout_ms = 10000
max_payload_size = {max_payload_bytes}
max_inflight_count = 200
"""


class EmbeddedBroker:
    """An MQTT 5 broker on `host:port`, as a context manager; port 0 takes a free one.

    `port` is the one it listens on and `pid` the child's. Entering raises NetworkError
    where the port is taken or the broker does not answer within `timeout_s`, and
    ConfigError where the package `iotcore` is missing (extra `collector`).
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 0,
        *,
        max_payload_bytes: int = 1 << 20,
        timeout_s: float = 15.0,
        clock: Clock | None = None,
    ) -> None:
        self.host = host
        self.port = port
        self._max_payload_bytes = max_payload_bytes
        self._timeout_s = timeout_s
        self._clock: Clock = clock or SystemClock()
        self._child: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """`host:port`, for messages and command lines."""
        return f"{self.host}:{self.port}"

    @property
    def pid(self) -> int:
        """Process id of the running broker; NetworkError when it does not run."""
        if self._child is None:
            raise NetworkError(f"the embedded broker on {self.address} is not running: start it first")
        return self._child.pid

    def start(self) -> Self:
        """Start the child and return when it answers an MQTT 5 CONNECT."""
        if importlib.util.find_spec("iotcore") is None:
            raise ConfigError("the embedded broker needs the package iotcore: pip install 'stopline[collector]'")
        self.host, self.port = _claim(self.host, self.port)
        with tempfile.TemporaryDirectory(prefix="stopline-broker-") as folder:
            path = Path(folder) / "rumqttd.toml"
            path.write_text(
                _CONFIG.format(host=self.host, port=self.port, max_payload_bytes=self._max_payload_bytes), "utf-8"
            )
            # The child ends when this pipe closes, so it never outlives us; a session of its
            # own keeps a Ctrl-C meant for us from ending it before our last records are in.
            command = [sys.executable, "-m", "collector.broker", str(path)]
            self._child = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True)
            try:
                self._await_ready()
            except BaseException:
                self.stop()
                raise
        return self

    def stop(self, timeout_s: float = 5.0) -> None:
        """End the child; safe to call twice, and after the child was killed."""
        child, self._child = self._child, None
        if child is None:
            return
        child.terminate()
        try:
            child.wait(timeout_s)
        except subprocess.TimeoutExpired:
            child.kill()
            child.wait()
        if child.stdin is not None:
            child.stdin.close()

    def kill(self) -> None:
        """End the child as a power cut would, with all it had in memory."""
        if self._child is not None:
            self._child.kill()
        self.stop()

    def __enter__(self) -> Self:
        return self.start()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def _await_ready(self) -> None:
        assert self._child is not None  # noqa: S101 - for the type checker; start() sets it
        deadline_ns = self._clock.now_ns() + int(self._timeout_s * NS_PER_S)
        while not _answers(self.host, self.port):
            if self._child.poll() is not None:
                raise NetworkError(
                    f"the embedded broker on {self.address} ended with code {self._child.returncode} "
                    "instead of listening: its reason is on standard error"
                )
            if self._clock.now_ns() >= deadline_ns:
                raise NetworkError(f"the embedded broker on {self.address} gave no answer within {self._timeout_s} s")
            self._clock.sleep_until(self._clock.now_ns() + _POLL_NS)


def _claim(host: str, port: int) -> tuple[str, int]:
    """The IPv4 address and free port to listen on; NetworkError says why not."""
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as probe:
        # As the broker itself does, so that connections of a broker just ended do not count.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError as error:
            if error.errno == errno.EADDRINUSE:
                why = f"port {port} on {host} is taken: end what listens there or choose another port"
            elif error.errno == errno.EACCES:
                why = f"port {port} on {host} is reserved: choose one above 1023"
            else:
                why = f"cannot listen on {host}:{port} ({error.strerror}): give an IPv4 address of this machine"
            raise NetworkError(why) from error
        address: tuple[str, int] = probe.getsockname()
        return address


def _answers(host: str, port: int) -> bool:
    """Whether an MQTT 5 broker accepts a client there."""
    target = "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound
    try:
        with socket.create_connection((target, port), timeout=_HELLO_TIMEOUT_S) as link:
            link.sendall(_CONNECT)
            answer = link.recv(4)
            link.sendall(_DISCONNECT)
    except OSError:
        return False
    return len(answer) == 4 and answer[0] == _CONNACK and answer[3] == 0


def _end_with_parent() -> None:
    sys.stdin.buffer.read()
    os._exit(0)  # the broker's own threads know no other way


def _serve(config: Path) -> None:
    """Be the child: serve until killed or until the parent is gone."""
    from iotcore import Broker

    # rumqttd opens an error-level span for each packet; only its crashes are of interest.
    logging.getLogger("rumqttd").setLevel(logging.CRITICAL)
    threading.Thread(target=_end_with_parent, daemon=True).start()
    Broker(config_path=str(config)).run_forever()


if __name__ == "__main__":
    _serve(Path(sys.argv[1]))
