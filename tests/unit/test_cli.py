"""The command line: its help, its examples, its errors and their exit codes."""

from __future__ import annotations

import importlib.util
import os
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from edge import errors
from edge.cli import main as cli
from edge.cli.examples import examples, examples_in
from edge.errors import StoplineError

ROOT = Path(__file__).parents[2]
HERE = [row for row in cli.SUBCOMMANDS if importlib.util.find_spec(row.module) is not None]


def commands_of(command: Any, path: tuple[str, ...] = ()) -> Iterator[tuple[tuple[str, ...], Any]]:
    """Every command below a group, the group itself left out."""
    children = getattr(command, "commands", None)
    if children is None:
        yield path, command
        return
    for name, child in children.items():
        yield from commands_of(child, (*path, name))


def every_error(kind: type[StoplineError] = StoplineError) -> Iterator[type[StoplineError]]:
    yield kind
    for child in kind.__subclasses__():
        # modules may refine an error for themselves; the tree that is documented is that of edge.errors
        if child.__module__ == errors.__name__:
            yield from every_error(child)


def raising(monkeypatch: pytest.MonkeyPatch, error: BaseException) -> None:
    """Let `stopline replay` raise."""

    def load(module: str) -> Any:
        raise error

    monkeypatch.setattr(cli, "load", load)


def test_every_subcommand_is_there() -> None:
    assert {row.name for row in HERE} == {row.name for row in cli.SUBCOMMANDS}


def test_help_lists_every_subcommand_and_ends_in_examples(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--help"]) == 0
    text = capsys.readouterr().out
    for row in cli.SUBCOMMANDS:
        assert re.search(rf"\b{row.name}\b", text)
    assert text.rstrip().count("stopline demo") == 1
    assert "stopline replay" in text


def test_help_imports_nothing_heavy() -> None:
    heavy = ("cv2", "numpy", "matplotlib", "scipy", "nicegui", "fastapi", "sqlalchemy", "pydantic")
    code = f"""
import sys
from edge.cli.main import main
main(["--help"])
print([name for name in {heavy!r} if name in sys.modules], file=sys.stderr)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=ROOT)
    assert done.stderr.strip() == "[]"


def test_version(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["--version"]) == 0
    assert re.fullmatch(r"stopline \d+\.\d+\S*\n", capsys.readouterr().out)


@pytest.mark.parametrize("row", HERE, ids=lambda row: row.name)
def test_each_help_ends_in_two_examples_that_parse(row: cli.Subcommand, capsys: pytest.CaptureFixture[str]) -> None:
    for path, command in commands_of(cli.load(row.module), (row.name,)):
        assert cli.main([*path, "--help"]) == 0
        capsys.readouterr()
        shown = examples_in(command.epilog)
        assert len(shown) == 2, f"{' '.join(path)} shows {len(shown)} examples"
        for line in shown:
            words = shlex.split(line)[1:]
            assert tuple(words[: len(path)]) == path, f"{line!r} is not an example of {' '.join(path)}"
            with command.make_context(path[-1], words[len(path) :]):
                pass


def test_help_shows_defaults_that_are_decided_later(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["collector", "run", "--help"]) == 0
    text = capsys.readouterr().out
    assert "127.0.0.1:1883" in text
    assert "(1883)" in text
    assert cli.main(["collector", "--help"]) == 0
    assert "completion" not in capsys.readouterr().out


def test_an_unknown_option_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["evaluate", "--nonsense"]) == 2
    assert "--nonsense" in capsys.readouterr().err


def test_an_unknown_subcommand_is_a_usage_error(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["nonsense"]) == 2
    assert "nonsense" in capsys.readouterr().err


@pytest.mark.parametrize("error", list(every_error()), ids=lambda error: error.__name__)
def test_an_error_is_one_line_and_its_code(
    error: type[StoplineError], monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    raising(monkeypatch, error("site.toml: lane 'N1'\n has two corners"))
    assert cli.main(["replay"]) == error.exit_code
    assert capsys.readouterr().err == "stopline: site.toml: lane 'N1' has two corners\n"


def test_an_interrupt_is_130(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, KeyboardInterrupt())
    assert cli.main(["replay"]) == 130


def test_a_missing_extra_is_named(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    raising(monkeypatch, ModuleNotFoundError("No module named 'nicegui'", name="nicegui.elements"))
    assert cli.main(["collector"]) == errors.ConfigError.exit_code
    assert "pip install 'stopline[collector]'" in capsys.readouterr().err


def test_a_missing_module_that_no_extra_brings_is_a_fault_of_ours(monkeypatch: pytest.MonkeyPatch) -> None:
    raising(monkeypatch, ModuleNotFoundError("No module named 'edge.nothing'", name="edge.nothing"))
    with pytest.raises(ModuleNotFoundError):
        cli.main(["replay"])


def test_extras_exist() -> None:
    import tomllib

    declared = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
    assert set(cli.EXTRAS.values()) <= set(declared)


def test_the_page_of_exit_codes_agrees_with_the_errors() -> None:
    table = {
        name: int(code)
        for code, names in re.findall(r"^\| (\d+) \| (.*?) \|", (ROOT / "docs/exit-codes.md").read_text(), re.MULTILINE)
        for name in re.findall(r"`(\w+)`", names)
    }
    # ProtocolError and SafetyFault inherit theirs
    assert table == {error.__name__: error.exit_code for error in every_error()}


def test_examples_must_be_ours() -> None:
    with pytest.raises(ValueError, match="begins with"):
        examples("rm -rf /")


def test_examples_come_back() -> None:
    lines = ["stopline demo", "stopline replay a.mp4 --site a"]
    assert examples_in(examples(*lines)) == lines
    assert examples_in(None) == []


def test_the_installed_command_runs() -> None:
    command = Path(sys.executable).with_name("stopline")
    if not command.exists():
        pytest.skip("the distribution is not installed beside this Python")
    done = subprocess.run(
        [command, "evaluate", "/nowhere", "--truth", "x"],
        capture_output=True,
        text=True,
        env={**os.environ},
        check=False,
    )
    assert done.returncode == 65
    assert done.stderr.startswith("stopline: /nowhere/events.jsonl: ")
    assert done.stderr.count("\n") == 1
