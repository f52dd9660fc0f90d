"""Runs a collector: web server in the main thread, ingest in another, until told to stop."""

from __future__ import annotations

import contextlib
import errno
import logging
import signal
import socket
import sys
import threading
from collections.abc import Callable, Iterator
from types import FrameType

import uvicorn
from fastapi import FastAPI

from collector.answers import CollectorHealth
from collector.api import close_api, collector_health, create_api
from collector.broker import EmbeddedBroker
from collector.database import open_database
from collector.ingest import Ingest
from collector.page import mount_page
from collector.queries import Queries
from collector.settings import CollectorSettings
from collector.store import Store
from collector.view import Views
from edge.clock import Clock, SystemClock
from edge.errors import NetworkError

_log = logging.getLogger(__name__)

_BACKLOG = 128
_GOODBYE_S = 2


def serve(
    settings: CollectorSettings,
    *,
    announce: Callable[[str], None] | None = None,
    clock: Clock | None = None,
) -> None:
    """Run until SIGTERM or SIGINT; `announce` gets one line when all of it is ready.

    A broker that cannot be reached is tried again for ever, and the page says so. Raises
    NetworkError where a port is taken and StorageError where the database cannot be used.
    """
    clock = clock or SystemClock()
    with contextlib.ExitStack() as stack:
        listener = stack.enter_context(_listen(settings.host, settings.port))
        database = open_database(settings.db)
        stack.callback(database.close)
        broker_host, broker_port = settings.broker_host, settings.broker_port
        if settings.embedded_broker:
            embedded = stack.enter_context(EmbeddedBroker(settings.host, settings.broker_port, clock=clock))
            broker_host, broker_port = _reachable(settings.host), embedded.port
        broker = f"{_bracketed(broker_host)}:{broker_port}"
        state = stack.enter_context(
            Ingest(
                Store(database.writer, clock),
                broker_host,
                broker_port,
                clock=clock,
                org=settings.org,
                share=settings.share,
            )
        )

        def health() -> CollectorHealth:
            return collector_health(state, broker=broker, database=database.name)

        queries = Queries(database.reader, clock)
        app = create_api(queries, health)
        close_api(app)
        mount_page(app, Views(queries, health, clock))
        port = int(listener.getsockname()[1])
        line = f"Stopline collector: http://{_bracketed(settings.host)}:{port}/  broker {broker}  db {database.name}"
        server = _Server(_web(app), lambda: (announce or _say)(line))
        with _quiet_signals():
            server.run(sockets=[listener])


class _Server(uvicorn.Server):
    """uvicorn, telling when it answers."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], None]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _web(app: FastAPI) -> uvicorn.Config:
    return uvicorn.Config(
        app, log_config=None, access_log=False, timeout_graceful_shutdown=_GOODBYE_S, server_header=False
    )


def _say(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()


def _listen(host: str, port: int) -> socket.socket:
    """A listening socket; NetworkError names the port and the fix."""
    try:
        found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE)
    except socket.gaierror as error:
        raise NetworkError(f"host {host!r} is not an address of this machine: change --host") from error
    family, kind, protocol, _, address = found[0]
    listener = socket.socket(family, kind, protocol)
    try:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(address)
        listener.listen(_BACKLOG)
    except OSError as error:
        listener.close()
        raise NetworkError(_why_not(error, host, port)) from error
    return listener


def _why_not(error: OSError, host: str, port: int) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"port {port} on {host} is taken: end what listens there or choose another with --port"
    if error.errno == errno.EACCES:
        return f"port {port} on {host} is reserved: choose one above 1023 with --port"
    return f"cannot listen on {host}:{port} ({error.strerror}): change --host or --port"


def _reachable(host: str) -> str:
    return "127.0.0.1" if host == "0.0.0.0" else host  # noqa: S104 - compared, not bound


def _bracketed(host: str) -> str:
    return f"[{host}]" if ":" in host else host


@contextlib.contextmanager
def _quiet_signals() -> Iterator[None]:
    """uvicorn raises a signal again once it has shut down; by then it has been obeyed."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def obeyed(number: int, _frame: FrameType | None) -> None:
        _log.info("ended by %s", signal.Signals(number).name)

    before = {number: signal.signal(number, obeyed) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
