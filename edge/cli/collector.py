"""`stopline collector run`: the office side, on one machine with nothing else to install."""

from __future__ import annotations

from typing import Annotated

import typer

from edge.cli.examples import examples
from edge.errors import ConfigError

app = typer.Typer(
    add_completion=False,
    help="The office: hears the cabinets, stores what they send, shows and serves it.",
    no_args_is_help=True,
    epilog=examples(
        "stopline collector run --embedded-broker --db town.sqlite",
        "stopline collector run --broker broker.town.example:1883 --host 0.0.0.0 --port 8080",
    ),
)


@app.callback()
def _group() -> None:
    """Keeps `run` a subcommand while it is the only one."""


@app.command(
    epilog=examples(
        "stopline collector run --embedded-broker --db town.sqlite",
        "stopline collector run --broker 10.0.0.5 --db postgresql+psycopg://db/stopline --share office",
    )
)
def run(
    db: Annotated[str, typer.Option(help="SQLite file, made if missing, or a database URL.")] = "stopline.sqlite",
    broker: Annotated[
        str | None, typer.Option(metavar="HOST:PORT", help="MQTT 5 broker.", show_default="127.0.0.1:1883")
    ] = None,
    embedded_broker: Annotated[
        bool, typer.Option("--embedded-broker", help="Start a broker on --host, for a town without one.")
    ] = False,
    broker_port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, help="Port of the embedded broker; 0 takes a free one.", show_default="1883"),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on; 0.0.0.0 for every network.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(min=0, max=65535, help="Port of page and API; 0 takes a free one.")] = 8080,
    org: Annotated[str | None, typer.Option(help="Only this organisation's cabinets.", show_default="all")] = None,
    share: Annotated[
        str | None, typer.Option(metavar="GROUP", help="Share the work with other collectors on the same database.")
    ] = None,
) -> None:
    """Store what cabinets send, acknowledge it, and serve page and API until Ctrl-C.

    The page is at http://HOST:PORT/ and the API below /api/v1, described by
    /api/openapi.json. A broker that cannot be reached is tried again for ever.
    """
    if embedded_broker and broker is not None:
        raise ConfigError("--broker and --embedded-broker exclude each other: leave one out")
    if not embedded_broker and broker_port is not None:
        raise ConfigError("--broker-port is for --embedded-broker: write the port in --broker HOST:PORT")
    broker_host, its_port = parse_address(broker) if broker is not None else ("127.0.0.1", 1883)
    from collector.serve import serve
    from collector.settings import CollectorSettings

    settings = CollectorSettings(
        db=db,
        host=host,
        port=port,
        broker_host=broker_host,
        broker_port=broker_port if embedded_broker and broker_port is not None else its_port,
        embedded_broker=embedded_broker,
        org=_level("--org", org),
        share=_level("--share", share),
    )
    serve(settings, announce=typer.echo)


def parse_address(text: str) -> tuple[str, int]:
    """Host and port of `HOST:PORT`; the port may be left out. ConfigError says what is wrong."""
    host, colon, port = text.rpartition(":")
    if not colon:
        host, port = text, "1883"
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"--broker {text!r} is no address: write HOST:PORT, for example 127.0.0.1:1883")
    return host.strip("[]"), int(port)


def _level(option: str, text: str | None) -> str | None:
    from pydantic import TypeAdapter, ValidationError

    from edge.messages import TopicName

    if text is None:
        return None
    try:
        return TypeAdapter[str](TopicName).validate_python(text)
    except ValidationError as error:
        raise ConfigError(f"{option} {text!r}: use lower case letters, digits, '-' and '_'") from error
