"""What a collector is told at its start."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class CollectorSettings:
    """Where a collector listens, where it stores, and which broker it hears.

    db is a file (SQLite) or an SQLAlchemy URL. port 0 takes a free one. embedded_broker
    starts a broker in a child process on `host`:`broker_port` (0 takes a free one);
    otherwise the one at `broker_host`:`broker_port` is used. org limits the ingest to
    one organisation. share names an MQTT shared subscription, for several collectors on
    one database.
    """

    db: str = "stopline.sqlite"
    host: str = "127.0.0.1"
    port: int = 8080
    broker_host: str = "127.0.0.1"
    broker_port: int = 1883
    embedded_broker: bool = False
    org: str | None = None
    share: str | None = None
