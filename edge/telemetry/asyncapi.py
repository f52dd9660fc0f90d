"""AsyncAPI 3.0 document and JSON Schemas of the wire, made from `edge.messages`.

    python -m edge.telemetry.asyncapi            writes docs/asyncapi.json and docs/schemas/
    python -m edge.telemetry.asyncapi --check    ends with 78 where they are not up to date

The AsyncAPI document is JSON, which is YAML too.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import models_json_schema

from edge.errors import ConfigError, StoplineError
from edge.messages import SCHEMA_VERSION, TOPIC_ROOT, TOPICS, Topic

Json = dict[str, Any]

_DOCS = Path(__file__).parents[2] / "docs"
_ADDRESS = f"{TOPIC_ROOT}/{{org}}/{{site}}/{{node}}"
_LEVELS = {
    "org": "Who runs the signals: a town, a county.",
    "site": "The junction, by the id of its site description.",
    "node": "The cabinet's computer within the site.",
}
_DESCRIPTION = f"""\
As a cabinet's node sees it: `send` is from the cabinet, `receive` is what it listens to.
Between a cabinet and everything outside it, over MQTT 5. Only summaries travel: no image, no plate, no face.
Records are sequenced by (org, site, node, epoch, stream, seq): `seq` counts from 1 without gaps in each stream of
an epoch. They are delivered at least once and in order within a stream; the node deletes them when the collector
acknowledges the stream up to a seq on `{_ADDRESS}/ack`. Where a full outbox had to give records up, one record with
a `thinned` body stands for the range. A collector that starts should acknowledge what it has, so that it is sent
the rest at once."""


def documents() -> dict[str, str]:
    """Path below `docs/` → content of every generated file."""
    schemas = _schemas("#/$defs/{model}")
    files = {f"schemas/{model.__name__}.json": _text(_standalone(model, schemas)) for model in _models()}
    return {"asyncapi.json": _text(_asyncapi()), **files}


def stale(docs: Path) -> list[str]:
    """Paths below `docs` that are missing, differ from the models, or belong to none any more."""
    wanted = documents()
    differing = [
        path
        for path, content in wanted.items()
        if not (docs / path).exists() or (docs / path).read_text("utf-8") != content
    ]
    return differing + [
        f"schemas/{p.name}" for p in sorted(docs.glob("schemas/*.json")) if f"schemas/{p.name}" not in wanted
    ]


def write(docs: Path) -> None:
    """Write every file and remove schemas of models that are gone."""
    (docs / "schemas").mkdir(parents=True, exist_ok=True)
    wanted = documents()
    for path in docs.glob("schemas/*.json"):
        if f"schemas/{path.name}" not in wanted:
            path.unlink()
    for name, content in wanted.items():
        (docs / name).write_text(content, "utf-8")


def _models() -> list[type[BaseModel]]:
    return list(dict.fromkeys(row.message for row in TOPICS))


def _schemas(template: str) -> Json:
    """Name → schema of every model and what they are made of, as they travel."""
    _, schemas = models_json_schema([(model, "serialization") for model in _models()], ref_template=template)
    definitions: Json = _without_discriminator(schemas["$defs"])
    return definitions


def _without_discriminator(node: Any) -> Any:
    """Pydantic's is OpenAPI's object, which AsyncAPI does not know; the constants within `oneOf` say the same."""
    if isinstance(node, dict):
        return {
            key: _without_discriminator(value)
            for key, value in node.items()
            if key != "discriminator" or "propertyName" not in value
        }
    return [_without_discriminator(item) for item in node] if isinstance(node, list) else node


def _standalone(model: type[BaseModel], definitions: Json) -> Json:
    needed = _reached(model.__name__, definitions) - {model.__name__}
    return {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "$id": f"stopline:{SCHEMA_VERSION}:{model.__name__}",
        **definitions[model.__name__],
        **({"$defs": {name: definitions[name] for name in sorted(needed)}} if needed else {}),
    }


def _reached(name: str, definitions: Json) -> set[str]:
    reached: set[str] = set()
    ahead = [name]
    while ahead:
        here = ahead.pop()
        if here not in reached:
            reached.add(here)
            ahead += [other for other in definitions if f'"#/$defs/{other}"' in json.dumps(definitions[here])]
    return reached


def _asyncapi() -> Json:
    return {
        "asyncapi": "3.0.0",
        "info": {
            "title": "Stopline",
            "version": f"{SCHEMA_VERSION}.0.0",
            "description": _DESCRIPTION,
            "license": {"name": "Apache-2.0"},
        },
        "defaultContentType": "application/json",
        "channels": {_channel_id(row): _channel(row) for row in TOPICS},
        "operations": {_operation_id(row): _operation(row) for row in TOPICS},
        "components": {
            "messages": {
                model.__name__: {
                    "name": model.__name__,
                    "title": (model.__doc__ or "").strip().partition("\n")[0],
                    "contentType": "application/json",
                    "payload": {"$ref": f"#/components/schemas/{model.__name__}"},
                }
                for model in _models()
            },
            "schemas": dict(sorted(_schemas("#/components/schemas/{model}").items())),
        },
    }


def _channel(row: Topic) -> Json:
    return {
        "address": f"{_ADDRESS}/{row.name}",
        "description": row.about,
        "parameters": {level: {"description": about} for level, about in _LEVELS.items()},
        "messages": {row.message.__name__: {"$ref": f"#/components/messages/{row.message.__name__}"}},
    }


def _channel_id(row: Topic) -> str:
    # A slash would have to be escaped in each reference.
    return row.name.replace("/", "_")


def _operation_id(row: Topic) -> str:
    return f"{'send' if row.node_sends else 'receive'}_{_channel_id(row)}"


def _operation(row: Topic) -> Json:
    return {
        "action": "send" if row.node_sends else "receive",
        "channel": {"$ref": f"#/channels/{_channel_id(row)}"},
        "summary": row.about,
        "bindings": {"mqtt": {"qos": row.qos, "retain": row.retained, "bindingVersion": "0.2.0"}},
        "messages": [{"$ref": f"#/channels/{_channel_id(row)}/messages/{row.message.__name__}"}],
    }


def _text(document: Json) -> str:
    return json.dumps(document, indent=2, ensure_ascii=False) + "\n"


def main(arguments: Sequence[str]) -> int:
    """The command line; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m edge.telemetry.asyncapi", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--check", action="store_true", help="write nothing, complain where files are not up to date")
    parser.add_argument("--docs", type=Path, default=_DOCS, help="the documentation's folder")
    chosen = parser.parse_args(arguments)
    if not chosen.check:
        write(chosen.docs)
        return 0
    if differing := stale(chosen.docs):
        raise ConfigError(
            f"{', '.join(differing)} below {chosen.docs} not as the models are: run python -m edge.telemetry.asyncapi"
        )
    return 0


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]))
    except StoplineError as error:
        sys.stderr.write(f"{error}\n")
        sys.exit(error.exit_code)
