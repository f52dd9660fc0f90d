"""The published description of the wire is what the models say."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from edge.errors import ConfigError
from edge.messages import TOPICS
from edge.telemetry.asyncapi import documents, main, stale, write

DOCS = Path(__file__).parents[2] / "docs"


def test_committed_files_are_up_to_date() -> None:
    assert stale(DOCS) == [], "run python -m edge.telemetry.asyncapi"


def test_check_names_what_is_stale(tmp_path: Path) -> None:
    write(tmp_path)
    assert main(["--check", "--docs", str(tmp_path)]) == 0
    (tmp_path / "asyncapi.json").write_text("{}")
    (tmp_path / "schemas" / "AckMessage.json").unlink()
    (tmp_path / "schemas" / "OldMessage.json").write_text("{}")
    with pytest.raises(ConfigError, match=r"asyncapi\.json, schemas/AckMessage\.json, schemas/OldMessage\.json below"):
        main(["--check", "--docs", str(tmp_path)])
    assert main(["--docs", str(tmp_path)]) == 0
    assert stale(tmp_path) == []


def test_every_topic_is_a_channel_with_its_delivery() -> None:
    document = json.loads(documents()["asyncapi.json"])
    assert document["asyncapi"] == "3.0.0"
    operations = {op["channel"]["$ref"]: op for op in document["operations"].values()}
    for row in TOPICS:
        name = row.name.replace("/", "_")
        channel = document["channels"][name]
        assert channel["address"] == f"stopline/v1/{{org}}/{{site}}/{{node}}/{row.name}"
        operation = operations[f"#/channels/{name}"]
        assert operation["action"] == ("send" if row.node_sends else "receive")
        mqtt = operation["bindings"]["mqtt"]
        assert (mqtt["qos"], mqtt["retain"]) == (row.qos, row.retained)


@pytest.mark.parametrize("path", sorted(documents()))
def test_every_reference_leads_somewhere(path: str) -> None:
    document = json.loads(documents()[path])

    def follow(node: Any) -> int:
        if isinstance(node, list):
            return sum(map(follow, node))
        if not isinstance(node, dict):
            return 0
        if "$ref" in node:
            target = document
            for key in node["$ref"].removeprefix("#/").split("/"):
                target = target[key]
            return 1
        return sum(map(follow, node.values()))

    references = follow(document)
    assert references > 0 or path.endswith(("StatusMessage.json", "Command.json", "CommandAck.json"))


def test_what_is_always_on_the_wire_is_required() -> None:
    schema = json.loads(documents()["schemas/RecordMessage.json"])
    assert set(schema["required"]) == set(schema["properties"])
    for name, part in schema["$defs"].items():
        if "properties" in part:
            assert set(part["required"]) == set(part["properties"]), name
