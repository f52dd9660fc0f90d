"""Sends the outbox to the broker and forgets a record when the collector has stored it.

One thread, one connection at a time. Each stream is sent in the order of its seq, a
window ahead of the collector's acknowledgements; streams do not wait for one another,
so a backlog of live lanes never holds up a count. After a lost connection or a silent
collector everything not yet acknowledged is sent again: at least once, from the outbox.

`status` is retained; the last will says offline. Where an old connection's will comes
late and overwrites it, the publisher says again that it is online. A collector that
acknowledges what it has when it starts is sent the rest at once.
"""

from __future__ import annotations

import logging
import secrets
from collections.abc import Callable, Sequence
from importlib.metadata import version
from random import Random
from types import TracebackType
from typing import Self

from pydantic import ValidationError

from edge.clock import NS_PER_S, Clock
from edge.errors import NetworkError, ProtocolError, StorageError
from edge.messages import AckMessage, StatusMessage, Stream
from edge.telemetry.backoff import Backoff
from edge.telemetry.link import BrokerAddress, Incoming, MqttLink
from edge.telemetry.outbox import Outbox
from edge.telemetry.outbox_file import FileLock
from edge.telemetry.window import SendWindow

_log = logging.getLogger(__name__)

#: Most valuable first: within one step a count goes before a live queue.
SEND_ORDER: tuple[Stream, ...] = (
    Stream.INCIDENT,
    Stream.CROSSING,
    Stream.CYCLE,
    Stream.SUMMARY,
    Stream.HEALTH,
    Stream.SIGNAL,
    Stream.HIRES,
    Stream.LANES,
)
_HANDSHAKE_S = 10.0
_GOODBYE_S = 2.0


class MqttPublisher:
    """`edge.seams.Publisher` over MQTT 5. StorageError where another publisher serves the outbox.

    The caller keeps the outbox open while this lives. window: records of one stream sent
    ahead of the collector's acknowledgement; ack_timeout_s: how long to wait for it to
    move before sending again, doubling to max_ack_timeout_s while the collector is silent.
    """

    def __init__(
        self,
        outbox: Outbox,
        address: BrokerAddress,
        *,
        clock: Clock,
        rng: Random | None = None,
        window: int = 100,
        ack_timeout_s: float = 10.0,
        max_ack_timeout_s: float = 300.0,
        backoff_first_s: float = 1.0,
        backoff_limit_s: float = 60.0,
    ) -> None:
        self.address = address
        self.refused = 0
        self._outbox = outbox
        self._clock = clock
        self._boot = secrets.token_hex(8)
        self._backoff = Backoff(rng or Random(), first_s=backoff_first_s, limit_s=backoff_limit_s)  # noqa: S311 - jitter
        self._windows = {
            stream: SendWindow(limit=window, timeout_s=ack_timeout_s, max_timeout_s=max_ack_timeout_s)
            for stream in SEND_ORDER
        }
        self._link: MqttLink | None = None
        self._online = False
        self._attempt_ns = clock.now_ns()
        self._handshake_end_ns = self._attempt_ns
        self._epoch = outbox.epoch
        self._told = outbox.description()
        self._lock = FileLock(outbox.path.with_name(outbox.path.name + ".publisher"))
        if not self._lock.take():
            self._lock.close()
            raise StorageError(f"another publisher already serves {outbox.path}: end it first")

    @property
    def online(self) -> bool:
        """Whether the broker has accepted us and was told that we are online."""
        return self._online

    def step(self, timeout_s: float) -> int:
        """Connect if it is time, send, and wait at most `timeout_s` for the broker.

        Returns how many records the collector acknowledged. A lost or refused connection
        is logged and tried again later; StorageError passes through.
        """
        now_ns = self._clock.now_ns()
        if self._link is None and now_ns < self._attempt_ns:
            self._clock.sleep_until(min(self._attempt_ns, now_ns + int(timeout_s * NS_PER_S)))
            return 0
        try:
            link = self._link or self._connect()
            if self._online:
                self._send_pending(link)
            incoming = link.loop(timeout_s)
            if not self._online:
                self._greet(link)
            return self._receive(link, incoming)
        except NetworkError as error:
            self._lose(error)
            return 0

    def close(self) -> None:
        """Tell the broker that we go offline, if it can be reached, and let the outbox go."""
        link, self._link = self._link, None
        if link is not None and self._online:
            try:
                self._say_goodbye(link)
            except NetworkError as error:
                _log.warning("%s, while saying goodbye", error)
                link.abandon()
        elif link is not None:
            link.abandon()
        self._online = False
        self._lock.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _topic(self, name: str) -> str:
        return self._outbox.identity.topic(name)

    def _status(self, *, online: bool) -> str:
        who = self._outbox.identity
        return StatusMessage(
            org=who.org,
            site=who.site,
            node=who.node,
            state="online" if online else "offline",
            boot=self._boot,
            version=version("stopline"),
            movements=list(self._told.movements),
            lanes=list(self._told.lanes),
        ).model_dump_json()

    def _connect(self) -> MqttLink:
        self._handshake_end_ns = self._clock.now_ns() + int(_HANDSHAKE_S * NS_PER_S)
        self._told = self._outbox.description()
        self._link = MqttLink(
            self.address,
            client_id="stopline-" + str(self._outbox.identity).replace("/", "-"),
            will=(self._topic("status"), self._status(online=False)),
            subscribe=(self._topic("ack"), self._topic("status")),
        )
        return self._link

    def _greet(self, link: MqttLink) -> None:
        """Go online once the broker has accepted us; NetworkError when that takes too long."""
        if link.ready:
            link.publish(self._topic("status"), self._status(online=True), retain=True)
            self._online = True
            self._backoff.reset()
            for window in self._windows.values():
                window.restart()
            _log.info("online at broker %s", self.address)
        elif self._clock.now_ns() >= self._handshake_end_ns:
            raise NetworkError(f"broker {self.address} does not answer: is it an MQTT 5 broker?")

    def _lose(self, error: NetworkError) -> None:
        if self._link is not None:
            self._link.abandon()
        self._link = None
        self._online = False
        wait_ns = self._backoff.next_ns()
        self._attempt_ns = self._clock.now_ns() + wait_ns
        _log.warning("%s; records wait in %s, next attempt in %.1f s", error, self._outbox.path, wait_ns / NS_PER_S)

    def _send_pending(self, link: MqttLink) -> None:
        now_ns = self._clock.now_ns()
        self._outbox.batch_hires()
        for stream, window in self._windows.items():
            overdue = window.rewind_if_overdue(now_ns)
            if overdue:
                _log.info("%d records of %s not acknowledged in time: sending them again", overdue, stream)
            if window.room == 0:
                continue
            for pending in self._outbox.pending(stream, window.sent_seq, window.room):
                link.publish(self._topic(stream), pending.payload)
                window.sent(pending.seq, now_ns)
        if self._outbox.epoch != self._epoch:
            # The file was damaged and replaced under us: its sequences begin anew.
            self._epoch = self._outbox.epoch
            for window in self._windows.values():
                window.restart()
        description = self._outbox.description()
        if description != self._told:
            self._told = description
            link.publish(self._topic("status"), self._status(online=True), retain=True)

    def _receive(self, link: MqttLink, incoming: Sequence[Incoming]) -> int:
        acks: list[AckMessage] = []
        for message in incoming:
            try:
                if message.topic == self._topic("ack"):
                    acks.append(AckMessage.model_validate_json(message.payload))
                elif StatusMessage.model_validate_json(message.payload).state == "offline":
                    link.publish(self._topic("status"), self._status(online=True), retain=True)
            except ValidationError as error:
                self._refuse(message.topic, error)
        # The highest of each stream says it all: one deletion instead of many. If it is
        # refused the next one counts.
        acknowledged: dict[Stream, int] = {}
        for ack in sorted(acks, key=lambda a: -a.seq):
            if ack.epoch == self._outbox.epoch and ack.stream not in acknowledged:
                try:
                    acknowledged[ack.stream] = self._outbox.acknowledge(ack.stream, ack.seq)
                except ProtocolError as error:
                    self._refuse(self._topic("ack"), error)
                else:
                    self._windows[ack.stream].acknowledged(ack.seq, self._clock.now_ns())
        return sum(acknowledged.values())

    def _refuse(self, topic: str, error: Exception) -> None:
        self.refused += 1
        _log.warning("message on %s dropped: %s", topic, error)

    def _say_goodbye(self, link: MqttLink) -> None:
        sent = link.publish(self._topic("status"), self._status(online=False), retain=True)
        deadline_ns = self._clock.now_ns() + int(_GOODBYE_S * NS_PER_S)
        while not sent.is_published() and self._clock.now_ns() < deadline_ns:
            link.loop(0.1)
        link.close()


def drain(
    publisher: MqttPublisher,
    outbox: Outbox,
    *,
    clock: Clock,
    timeout_s: float,
    stop: Callable[[], bool] = lambda: False,
) -> None:
    """Step until the collector has everything or `stop` says so; NetworkError after `timeout_s`."""
    deadline_ns = clock.now_ns() + int(timeout_s * NS_PER_S)
    outbox.batch_hires(unfinished=True)
    while (left := outbox.stats().records) and not stop():
        if clock.now_ns() >= deadline_ns:
            raise NetworkError(
                f"no collector acknowledged the last {left} records through {publisher.address} within "
                f"{timeout_s:g} s: they stay in {outbox.path}, start the collector and run it again"
            )
        publisher.step(0.05)
