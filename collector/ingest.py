"""The one thread that hears the broker, stores and acknowledges.

Reading and storing take turns, so a slow disk slows the broker down instead of filling
memory. Records of many cabinets are committed together; only then are they
acknowledged. What cannot be stored now is kept for a while and tried again; what does
not fit is forgotten unacknowledged and comes again from the cabinet.
"""

from __future__ import annotations

import logging
import secrets
import threading
from collections import deque
from dataclasses import dataclass

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from collector.arrivals import Arrival, parse_arrival
from collector.store import Acknowledgement, Store
from edge.clock import NS_PER_S, Clock
from edge.errors import StorageError
from edge.messages import TOPIC_ROOT, TOPICS

_log = logging.getLogger(__name__)

BATCH = 500
#: Arrivals held while the database takes none.
WAITING_LIMIT = 20 * BATCH
_KEEPALIVE_S = 30
_CONNECT_TIMEOUT_S = 5.0
_RECONNECT_FIRST_S = 0.25
_RECONNECT_LIMIT_S = 10.0
_RETRY_STORE_S = 1.0
_WAIT_S = 0.2


@dataclass(slots=True)
class IngestState:
    """How the ingest is, for the page and the API. Written by its thread only.

    broker_reason and storage_reason say what is wrong now; None when nothing is.
    """

    broker_connected: bool = False
    broker_reason: str | None = "not connected yet"
    storage_reason: str | None = None
    stored: int = 0
    duplicates: int = 0
    quarantined: int = 0
    refused_full: int = 0


class Ingest:
    """MQTT 5 subscriber on its own thread; `with` starts and ends it.

    org limits it to one organisation; share names a shared subscription.
    """

    def __init__(
        self,
        store: Store,
        broker_host: str,
        broker_port: int,
        *,
        clock: Clock,
        org: str | None = None,
        share: str | None = None,
    ) -> None:
        self.state = IngestState()
        self._store = store
        self._broker = (broker_host, broker_port)
        self._clock = clock
        self._filters = _filters(org, share)
        self._inbox: deque[Arrival] = deque()
        self._stop = threading.Event()
        self._resumed = False
        self._refusal: str | None = None
        self._store_again_ns: int | None = None
        self._thread = threading.Thread(target=self._run, name="collector-ingest", daemon=True)

    def __enter__(self) -> IngestState:
        self._thread.start()
        return self.state

    def __exit__(self, *_: object) -> None:
        self._stop.set()
        self._thread.join(2 * _CONNECT_TIMEOUT_S)

    def _run(self) -> None:
        wait_s = _RECONNECT_FIRST_S
        while not self._stop.is_set():
            client = self._client()
            reason = self._serve(client)
            if self.state.broker_connected:
                wait_s = _RECONNECT_FIRST_S
            self.state.broker_connected = False
            if self._stop.is_set():
                return
            # While the answer stays the same it is told once, not every few seconds.
            if reason != self.state.broker_reason:
                _log.warning("%s; trying again", reason)
            self.state.broker_reason = reason
            self._store_waiting(client)
            self._stop.wait(wait_s)
            wait_s = min(2 * wait_s, _RECONNECT_LIMIT_S)

    def _serve(self, client: Client) -> str:
        """Hear one connection until it is lost or we are told to stop; says why it ended."""
        where = f"broker {self._broker[0]}:{self._broker[1]}"
        self._refusal = None
        try:
            client.connect(*self._broker, keepalive=_KEEPALIVE_S, clean_start=True)
        except OSError as error:
            return f"{where} not reachable: {error.strerror or error}"
        while not self._stop.is_set():
            code = self._hear(client)
            self._store_waiting(client)
            if code != MQTTErrorCode.MQTT_ERR_SUCCESS:
                if self._refusal is not None:
                    return f"{where} refused us: {self._refusal}"
                detail = "" if self.state.broker_connected else ", before it answered in MQTT 5"
                return f"{where} lost: {code.name}{detail}"
            if self._resumed:
                self._resumed = False
                self._tell_known(client)
        client.disconnect()
        client.loop(_WAIT_S)
        return "stopped"

    def _hear(self, client: Client) -> MQTTErrorCode:
        """Wait shortly for a first message, then take what has come already."""
        code = client.loop(_WAIT_S)
        heard = -1
        while code == MQTTErrorCode.MQTT_ERR_SUCCESS and heard != len(self._inbox) < BATCH:
            heard = len(self._inbox)
            code = client.loop(0)
        return code

    def _store_waiting(self, client: Client) -> None:
        while self._inbox and not self._held_off():
            batch = [self._inbox[i] for i in range(min(BATCH, len(self._inbox)))]
            try:
                outcome = self._store.ingest(batch)
            except StorageError as error:
                self._hold_off(error)
                return
            for _ in batch:
                self._inbox.popleft()
            self.state.storage_reason = None
            self.state.stored += outcome.stored
            self.state.duplicates += outcome.duplicates
            self.state.quarantined += outcome.quarantined
            self._send(client, outcome.acks)

    def _tell_known(self, client: Client) -> None:
        try:
            self._send(client, self._store.known_acks())
        except StorageError as error:
            self._hold_off(error)

    def _send(self, client: Client, acks: list[Acknowledgement]) -> None:
        # An ack that is lost here is asked for again by the cabinet's next repeat.
        for ack in acks:
            client.publish(ack.topic, ack.message.model_dump_json(), qos=1)

    def _held_off(self) -> bool:
        return self._store_again_ns is not None and self._clock.now_ns() < self._store_again_ns

    def _hold_off(self, error: StorageError) -> None:
        if self.state.storage_reason is None:
            _log.error("%s; nothing is acknowledged until it does", error)
        self.state.storage_reason = str(error)
        self._store_again_ns = self._clock.now_ns() + int(_RETRY_STORE_S * NS_PER_S)

    def _client(self) -> Client:
        client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"stopline-collector-{secrets.token_hex(4)}", protocol=MQTTv5
        )
        client.connect_timeout = _CONNECT_TIMEOUT_S
        client.max_inflight_messages_set(200)
        client.on_connect = self._on_connect
        client.on_disconnect = self._on_disconnect
        client.on_message = self._on_message
        return client

    def _on_connect(
        self, client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del userdata, flags, properties
        if reason.is_failure:
            self._refusal = str(reason)
            return
        client.subscribe([(pattern, 1) for pattern in self._filters])
        self.state.broker_connected = True
        self.state.broker_reason = None
        self._resumed = True
        _log.info("connected to broker %s:%d", *self._broker)

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        del client, userdata, flags, properties
        _log.info("disconnected: %s", reason)

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        if len(self._inbox) >= WAITING_LIMIT:
            self.state.refused_full += 1
            return
        self._inbox.append(parse_arrival(message.topic, bytes(message.payload)))


def _filters(org: str | None, share: str | None) -> list[str]:
    """What to subscribe to: each topic that nodes send on, so never our own acks.

    `status` is not shared: a broker sends no retained message to a shared subscription,
    and each collector may as well know it.
    """
    below = f"{TOPIC_ROOT}/{org or '+'}/+/+"
    prefix = f"$share/{share}/" if share else ""
    return [f"{'' if row.retained else prefix}{below}/{row.name}" for row in TOPICS if row.node_sends]
