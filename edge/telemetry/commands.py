"""Commands from the broker to the control loop, and its answers back, by a thread that may wait for the network.

    cmd/preempt, cmd/plan … ─→ read, fresh? ─→ queue ─→ control loop takes or refuses
    cmd/ack ←──────────────────────────────── queue ←─┘

The loop never waits for any of it. A command that is retained, expired or cannot be read never
gets there. One that comes twice (QoS 1 does that) is answered twice and taken once.
"""

from __future__ import annotations

import logging
import queue
import threading
from collections import OrderedDict
from dataclasses import dataclass
from random import Random
from types import TracebackType
from typing import Literal, Self

from pydantic import ValidationError

from edge.clock import NS_PER_S, Clock, instant_utc, wall_ns_of
from edge.errors import NetworkError
from edge.messages import COMMANDS, Command, CommandAck
from edge.telemetry.backoff import Backoff
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress, Incoming, MqttLink

_log = logging.getLogger(__name__)
Name = Literal["preempt", "plan", "recall", "coordination"]
_STEP_S = 0.1
_HANDSHAKE_S = 10.0
#: Commands are rare: more than this waiting means that somebody floods us, or that the loop hangs.
_MOST_WAITING = 32
_REMEMBERED = 256


@dataclass(frozen=True, slots=True)
class Received:
    """A command that can be read and is fresh: it holds for left_s more."""

    name: Name
    command: Command
    left_s: float


class CommandListener:
    """Commands of one node. A context manager; leaving it ends thread and connection.

    A broker that cannot be reached is tried again for ever; what is sent meanwhile is lost, as
    nobody wants yesterday's preemption.
    """

    def __init__(
        self,
        identity: NodeIdentity,
        address: BrokerAddress,
        *,
        clock: Clock,
        rng: Random | None = None,
        backoff_first_s: float = 1.0,
    ) -> None:
        self._identity = identity
        self._address = address
        self._clock = clock
        self._backoff = Backoff(rng or Random(), first_s=backoff_first_s, limit_s=60.0)  # noqa: S311 - jitter
        self._topics: dict[str, Name] = {identity.topic(f"cmd/{name}"): name for name in COMMANDS}
        self._taken: queue.Queue[Received] = queue.Queue(_MOST_WAITING)
        self._answers: queue.SimpleQueue[CommandAck] = queue.SimpleQueue()
        #: Acknowledgement of each command by its id; None while the loop has not answered.
        self._known: OrderedDict[str, CommandAck | None] = OrderedDict()
        self._ending = threading.Event()
        self._online = threading.Event()
        self._thread = threading.Thread(target=self._listen, name="commands", daemon=True)

    @property
    def online(self) -> bool:
        """Whether commands can come."""
        return self._online.is_set()

    def received(self) -> list[Received]:
        """Commands since the last call; never waits. Each must be answered."""
        found: list[Received] = []
        while True:
            try:
                found.append(self._taken.get_nowait())
            except queue.Empty:
                return found

    def answer(self, received: Received, refused: str | None) -> None:
        """What became of it, and why it was refused; never waits."""
        self._answers.put(self._ack(received.name, received.command.id, refused))

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._ending.set()
        self._thread.join(2 * _STEP_S)

    def _listen(self) -> None:
        while not self._ending.is_set():
            link: MqttLink | None = None
            try:
                link = self._connected()
                while not self._ending.is_set():
                    self._turn(link)
                link.close()
            except NetworkError as error:
                if link is not None:
                    link.abandon()
                wait_ns = self._backoff.next_ns()
                _log.warning("%s; no commands come, next attempt in %.1f s", error, wait_ns / NS_PER_S)
                self._online.clear()
                self._ending.wait(wait_ns / NS_PER_S)

    def _connected(self) -> MqttLink:
        name = "stopline-control-" + str(self._identity).replace("/", "-")
        link = MqttLink(self._address, client_id=name, will=None, subscribe=tuple(self._topics))
        deadline_ns = self._clock.now_ns() + int(_HANDSHAKE_S * NS_PER_S)
        while not link.ready:
            if self._clock.now_ns() >= deadline_ns:
                link.abandon()
                raise NetworkError(f"broker {self._address} does not answer: is it an MQTT 5 broker?")
            self._read_all(link.loop(_STEP_S), link)
        self._backoff.reset()
        self._online.set()
        _log.info("commands come from broker %s", self._address)
        return link

    def _turn(self, link: MqttLink) -> None:
        self._read_all(link.loop(_STEP_S), link)
        while not self._answers.empty():
            self._publish(link, self._answers.get())

    def _read_all(self, incoming: list[Incoming], link: MqttLink) -> None:
        for message in incoming:
            ack = self._read(self._topics[message.topic], message)
            if ack is not None:
                self._publish(link, ack)

    def _read(self, name: Name, message: Incoming) -> CommandAck | None:
        """Hand a command to the loop; the answer where it does not get there."""
        try:
            command = COMMANDS[name].model_validate_json(message.payload)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            where = ".".join(map(str, first["loc"])) or "payload"
            return self._refused(name, None, f"{where}: {first['msg']}")
        if message.retained:
            return self._refused(name, command.id, "it was retained by the broker: send it without retain")
        if command.id in self._known:
            return self._known[command.id]
        left_s = self._left_s(command)
        if left_s <= 0:
            return self._refused(name, command.id, f"it had expired {-left_s:.1f} s before it came")
        try:
            self._taken.put_nowait(Received(name, command, left_s))
        except queue.Full:
            return self._refused(name, command.id, f"{_MOST_WAITING} commands wait already")
        self._remember(command.id, None)
        return None

    def _left_s(self, command: Command) -> float:
        """How long it still holds. Sent in our future, or by a clock we cannot compare: from now on."""
        if not self._clock.synced():
            return command.ttl_s
        age_ns = self._clock.wall_ns(self._clock.now_ns()) - wall_ns_of(command.sent)
        return command.ttl_s - max(0, age_ns) / NS_PER_S

    def _refused(self, name: Name, identity: str | None, why: str) -> CommandAck:
        _log.warning("command on cmd/%s refused: %s", name, why)
        return self._ack(name, identity, why)

    def _ack(self, name: Name, identity: str | None, refused: str | None) -> CommandAck:
        return CommandAck(
            id=identity,
            command=name,
            ts=instant_utc(self._clock.wall_ns(self._clock.now_ns())),
            state="accepted" if refused is None else "refused",
            reason=refused,
        )

    def _publish(self, link: MqttLink, ack: CommandAck) -> None:
        link.publish(self._identity.topic("cmd/ack"), ack.model_dump_json())
        if ack.id is not None:
            self._remember(ack.id, ack)

    def _remember(self, identity: str, ack: CommandAck | None) -> None:
        self._known[identity] = ack
        while len(self._known) > _REMEMBERED:
            self._known.popitem(last=False)
