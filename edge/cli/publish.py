"""`stopline publish`: the process that sends an outbox to the broker."""

from __future__ import annotations

import signal
from dataclasses import replace
from pathlib import Path
from types import FrameType
from typing import Annotated

import typer

from edge.cli.examples import examples
from edge.clock import SystemClock
from edge.errors import ConfigError
from edge.telemetry.identity import NodeIdentity
from edge.telemetry.link import BrokerAddress
from edge.telemetry.outbox import Outbox
from edge.telemetry.publisher import MqttPublisher, drain

app = typer.Typer(add_completion=False)

_STEP_S = 0.2


@app.command(
    epilog=examples(
        "stopline publish --outbox /var/lib/stopline/outbox.db --broker 192.0.2.10:1883 --site a1",
        "stopline publish --outbox out/outbox.db --broker 127.0.0.1:1883 --org town --site a1 --drain",
    )
)
def publish(
    outbox: Annotated[Path, typer.Option(help="The node's outbox file; begun if it does not exist.")],
    broker: Annotated[str, typer.Option(metavar="HOST:PORT", help="MQTT 5 broker.")],
    site: Annotated[str, typer.Option(help="Site id, third level of the node's topics after the organisation.")],
    org: Annotated[str, typer.Option(help="Organisation.")] = "town",
    node: Annotated[str, typer.Option(help="Node within the site.")] = "cabinet",
    username: Annotated[str | None, typer.Option(help="User name at the broker.")] = None,
    password_file: Annotated[Path | None, typer.Option(help="File whose first line is the password.")] = None,
    ca_file: Annotated[Path | None, typer.Option(help="PEM certificates to trust; turns TLS on.")] = None,
    drain_and_leave: Annotated[
        bool, typer.Option("--drain", help="Leave when the collector has acknowledged everything.")
    ] = False,
    timeout_s: Annotated[
        float, typer.Option("--timeout-s", min=0, help="With --drain: how long to wait for the collector.")
    ] = 30.0,
) -> None:
    """Send what the cabinet recorded, and delete it once the collector has it.

    Runs until it is ended (SIGTERM, Ctrl-C), says then that the node is offline, and
    leaves with 0. A broker that cannot be reached is tried again for ever; with --drain
    records that nobody acknowledged in time end it with 76.
    """
    address = replace(
        BrokerAddress.parse(broker), username=username, password=_first_line(password_file), ca_file=ca_file
    )
    clock = SystemClock()
    ending = _Ending()
    with (
        Outbox(outbox, identity=NodeIdentity(org, site, node), clock=clock) as box,
        MqttPublisher(box, address, clock=clock) as publisher,
    ):
        if drain_and_leave:
            drain(publisher, box, clock=clock, timeout_s=timeout_s, stop=ending)
            return
        while not ending():
            publisher.step(_STEP_S)


class _Ending:
    """True once SIGTERM or Ctrl-C came."""

    def __init__(self) -> None:
        self._asked = False
        for number in (signal.SIGTERM, signal.SIGINT):
            signal.signal(number, self._ask)

    def _ask(self, number: int, frame: FrameType | None) -> None:
        del number, frame
        self._asked = True

    def __call__(self) -> bool:
        return self._asked


def _first_line(path: Path | None) -> str | None:
    if path is None:
        return None
    try:
        return path.read_text("utf-8").partition("\n")[0]
    except (OSError, UnicodeDecodeError) as error:
        raise ConfigError(f"--password-file {path} cannot be read: {error}") from error
