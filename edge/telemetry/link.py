"""One MQTT 5 connection, from CONNECT to its loss; a new one is made for each attempt.

Nothing of an old connection is carried over: what to send again the outbox knows
better than a client's queue. Each connection has a client id of its own, for the
embedded broker forgets the last will of a client that takes its own session over
(seen with rumqttd 0.20). All runs in the caller's thread.
"""

from __future__ import annotations

import secrets
import select
import ssl
from dataclasses import dataclass, field
from pathlib import Path
from typing import Self

from paho.mqtt.client import Client, ConnectFlags, DisconnectFlags, MQTTMessage, MQTTMessageInfo, MQTTv5
from paho.mqtt.enums import CallbackAPIVersion, MQTTErrorCode
from paho.mqtt.properties import Properties
from paho.mqtt.reasoncodes import ReasonCode

from edge.errors import ConfigError, NetworkError

_CONNECT_TIMEOUT_S = 10.0
_KEEPALIVE_S = 30
#: So that a busy broker cannot keep a step from ending.
_MAX_PASSES = 200


@dataclass(frozen=True, slots=True)
class BrokerAddress:
    """Where the broker is and how to enter. With a `ca_file` (PEM) the link is TLS."""

    host: str
    port: int
    username: str | None = None
    password: str | None = field(default=None, repr=False)
    ca_file: Path | None = None

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"

    @classmethod
    def parse(cls, text: str) -> Self:
        """From `HOST:PORT`; ConfigError otherwise."""
        host, colon, port = text.rpartition(":")
        if not (colon and host and port.isdecimal() and 0 < int(port) < 65536):
            raise ConfigError(f"broker {text!r}: write HOST:PORT, for example 127.0.0.1:1883")
        return cls(host.strip("[]"), int(port))


@dataclass(frozen=True, slots=True)
class Incoming:
    """A message from the broker. retained: it was not sent now, the broker kept it."""

    topic: str
    payload: bytes
    retained: bool = False


class MqttLink:
    """A connection being made or in use. Every call raises NetworkError once it is lost."""

    def __init__(
        self, address: BrokerAddress, *, client_id: str, will: tuple[str, str] | None, subscribe: tuple[str, ...]
    ) -> None:
        self.address = address
        self.ready = False
        self._subscribe = subscribe
        self._lost: str | None = None
        self._incoming: list[Incoming] = []
        self._client = Client(
            CallbackAPIVersion.VERSION2, client_id=f"{client_id}-{secrets.token_hex(3)}", protocol=MQTTv5
        )
        self._client.connect_timeout = _CONNECT_TIMEOUT_S
        self._client.on_connect = self._on_connect
        self._client.on_disconnect = self._on_disconnect
        self._client.on_message = self._on_message
        if will is not None:
            self._client.will_set(will[0], will[1], qos=1, retain=True)
        if address.username is not None:
            self._client.username_pw_set(address.username, address.password)
        if address.ca_file is not None:
            try:
                self._client.tls_set(ca_certs=str(address.ca_file))
            except (OSError, ssl.SSLError) as error:
                raise ConfigError(f"CA file {address.ca_file}: {error}; give a PEM file of certificates") from error
        try:
            self._client.connect(address.host, address.port, keepalive=_KEEPALIVE_S, clean_start=True)
        except OSError as error:
            raise NetworkError(f"cannot reach broker {address}: {error.strerror or error}") from error

    def loop(self, timeout_s: float) -> list[Incoming]:
        """Wait at most `timeout_s` for the broker; returns all that came in."""
        passes = 0
        while self._pass(0 if passes else timeout_s) and passes < _MAX_PASSES:
            passes += 1
        incoming, self._incoming = self._incoming, []
        return incoming

    def _pass(self, timeout_s: float) -> bool:
        """Read and write once; whether anything was read."""
        # Not `Client.loop`: it opens a pair of sockets to wake itself and leaves them open.
        connection = self._client.socket()
        if connection is None or self._lost is not None:
            raise self._gone("connection closed")
        waiting = isinstance(connection, ssl.SSLSocket) and connection.pending() > 0
        writing = [connection] if self._client.want_write() else []
        readable, writable, _ = select.select([connection], writing, [], 0 if waiting else timeout_s)
        code = MQTTErrorCode.MQTT_ERR_SUCCESS
        if readable or waiting:
            code = self._client.loop_read()
        if writable and code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            code = self._client.loop_write()
        if code == MQTTErrorCode.MQTT_ERR_SUCCESS:
            code = self._client.loop_misc()
        if code != MQTTErrorCode.MQTT_ERR_SUCCESS or self._lost is not None:
            raise self._gone(code.name)
        return bool(readable) or waiting

    def publish(self, topic: str, payload: str, *, retain: bool = False) -> MQTTMessageInfo:
        """Hand over one message at QoS 1."""
        sent = self._client.publish(topic, payload, qos=1, retain=retain)
        if sent.rc != MQTTErrorCode.MQTT_ERR_SUCCESS:
            raise self._gone(sent.rc.name)
        return sent

    def close(self) -> None:
        """Say goodbye, so that the broker keeps the last will to itself."""
        self._client.disconnect()

    def abandon(self) -> None:
        """Drop the connection without a word, as after its loss."""
        socket = self._client.socket()
        if socket is not None:
            socket.close()

    def _gone(self, reason: str) -> NetworkError:
        return NetworkError(f"connection to broker {self.address} lost: {self._lost or reason}")

    def _on_connect(
        self, client: Client, userdata: object, flags: ConnectFlags, reason: ReasonCode, properties: Properties | None
    ) -> None:
        del userdata, flags, properties
        if reason.is_failure:
            self._lost = f"the broker refused it ({reason})"
            return
        client.subscribe([(topic, 1) for topic in self._subscribe])
        self.ready = True

    def _on_disconnect(
        self,
        client: Client,
        userdata: object,
        flags: DisconnectFlags,
        reason: ReasonCode,
        properties: Properties | None,
    ) -> None:
        del client, userdata, flags, properties
        self._lost = self._lost or (str(reason) if self.ready else f"{reason}, before it answered in MQTT 5")

    def _on_message(self, client: Client, userdata: object, message: MQTTMessage) -> None:
        del client, userdata
        self._incoming.append(Incoming(message.topic, bytes(message.payload), message.retain))
