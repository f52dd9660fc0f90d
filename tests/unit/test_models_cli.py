"""`stopline models`, as a person runs it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from edge.cli.examples import examples_in
from edge.cli.main import load, main
from tests.unit.test_models_registry import fake_npm


@pytest.fixture(autouse=True)
def _store(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("STOPLINE_MODELS", str(tmp_path / "store"))


def test_list_says_what_is_here(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["models", "list", "--json"]) == 0
    models = json.loads(capsys.readouterr().out)["models"]
    states = {row["name"]: row["state"] for row in models}
    assert states["centernet"] == states["objectron-ssd"] == "not pulled"
    assert {state for name, state in states.items() if name.startswith("stopline-nano")} == {"in the box"}
    assert main(["models", "list"]) == 0
    assert "centernet: not pulled" in capsys.readouterr().out


def test_faults_end_with_one_line_and_their_code(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    fake_npm(tmp_path / "bin", monkeypatch, "echo 'npm error network' >&2; exit 1")
    for arguments, code, words in (
        (["pull", "centernt"], 79, "did you mean 'centernet'?"),
        (["pull"], 76, "npm error network"),
        (["pull", "objectron-ssd", "--from", str(tmp_path / "x.tgz")], 79, "there is no such file"),
        (["pull", "centernet", "objectron-ssd", "--from", "x.tgz"], 79, "give one model's name"),
        (["check", "centernet"], 79, "is not on this machine"),
    ):
        assert main(["models", *arguments]) == code
        error = capsys.readouterr().err
        assert words in error
        assert error.count("\n") == 1


def test_check_refuses_an_altered_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "store").mkdir()
    (tmp_path / "store" / "objectron-ssd.tflite").write_bytes(b"altered")
    assert main(["models", "check"]) == 79
    assert "expected sha256 d0a5255b" in capsys.readouterr().err


def test_every_help_ends_in_two_examples() -> None:
    group = load("edge.cli.models")
    for command in (group, *group.commands.values()):
        assert len(examples_in(command.epilog)) == 2
