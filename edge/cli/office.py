"""A collector and a publisher as processes of their own, for the demo and for tests.

They are the commands a town would run: `stopline collector run --embedded-broker` and
`stopline publish`. Both end with us, whatever ends us.
"""

from __future__ import annotations

import json
import re
import select
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from types import TracebackType
from typing import Any, Self

from edge.clock import NS_PER_S, Clock
from edge.errors import NetworkError

_READY = re.compile(r"Stopline collector: (?P<page>\S+)\s+broker (?P<broker>\S+)")
_START_S = 60.0
_STOP_S = 10.0


class Office:
    """Collector with an embedded broker and a database file; `page` and `broker` are their addresses.

    A taken port is passed over for a free one. Raises NetworkError with the collector's
    own words when it does not start.
    """

    def __init__(self, database: Path, log: Path, clock: Clock, *, port: int = 8080) -> None:
        self._database = database
        self._log = log
        self._clock = clock
        self._port = port if _is_free(port) else 0
        self._processes: list[subprocess.Popen[bytes]] = []
        self.page = ""
        self.broker = ""

    def __enter__(self) -> Self:
        arguments = ["--embedded-broker", "--broker-port", "0", "--port", str(self._port), "--db", str(self._database)]
        collector = self._start("collector", "run", *arguments, stdout=subprocess.PIPE)
        try:
            self.page, self.broker = self._await(collector)
        except NetworkError:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def publish(self, outbox: Path, org: str, site: str) -> subprocess.Popen[bytes]:
        """Start the process that sends an outbox to this office."""
        return self._start("publish", "--outbox", str(outbox), "--broker", self.broker, "--org", org, "--site", site)

    def ask(self, path: str) -> Any:
        """What the API answers on a path such as `/api/v1/sites`."""
        with urllib.request.urlopen(self.page.rstrip("/") + path, timeout=10) as answer:  # noqa: S310  # our own http page
            return json.load(answer)

    def close(self) -> None:
        """End the processes, the latest first; one that does not end is killed."""
        for process in reversed(self._processes):
            process.terminate()
            try:
                process.wait(_STOP_S)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()
            if process.stdout is not None:
                process.stdout.close()
        self._processes.clear()

    def _start(self, *arguments: str, stdout: int | None = None) -> subprocess.Popen[bytes]:
        with self._log.open("ab") as log:
            process = subprocess.Popen(
                [sys.executable, "-m", "edge.cli.main", *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stdout if stdout is not None else log,
                stderr=log,
                # A Ctrl-C is for us: we end them after the last records are in.
                start_new_session=True,
            )
        self._processes.append(process)
        return process

    def _await(self, collector: subprocess.Popen[bytes]) -> tuple[str, str]:
        deadline_ns = self._clock.now_ns() + int(_START_S * NS_PER_S)
        assert collector.stdout is not None  # noqa: S101  # it was started with a pipe
        while self._clock.now_ns() < deadline_ns:
            readable, _, _ = select.select([collector.stdout], [], [], 0.2)
            line = collector.stdout.readline().decode(errors="replace") if readable else ""
            found = _READY.search(line)
            if found is not None:
                return found["page"], found["broker"]
            if collector.poll() is not None:
                break
        words = self._log.read_text(encoding="utf-8", errors="replace").strip().splitlines()
        raise NetworkError(f"the collector did not start: {words[-1] if words else f'see {self._log}'}")


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        return probe.connect_ex(("127.0.0.1", port)) != 0
