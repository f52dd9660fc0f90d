"""The documentation is built without a warning, loads nothing from elsewhere, and what it shows is there."""

from __future__ import annotations

import importlib.util
import pkgutil
import re
import shlex
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import asdict
from functools import cache
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from collector.tables import metadata
from edge.cli import main as cli
from edge.messages import TOPICS
from edge.vision import movements
from edge.vision.journeys import StitchSettings
from edge.vision.movements import CountingSettings
from edge.vision.queues import QueueSettings
from edge.vision.tracker import TrackerSettings

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
PAGES = sorted([*DOCS.rglob("*.md"), ROOT / "README.md", ROOT / "CONTRIBUTING.md"])
OUR_FOLDERS = (
    "edge",
    "firmware_bridge",
    "models",
    "calibration",
    "sim_videos",
    "collector",
    "benchmarks",
    "tests",
    "stubs",
    "docs",
)
#: What a browser fetches by itself, by tag. A link that a person may follow is not among them.
FETCHED = {
    "script": "src",
    "img": "src",
    "iframe": "src",
    "source": "src",
    "video": "src",
    "audio": "src",
    "embed": "src",
    "object": "data",
    "image": "href",
    "use": "href",
}


def _named(page: Path) -> str:
    return str(page.relative_to(ROOT))


def _blocks(text: str) -> list[str]:
    """What stands in fenced blocks, continuation lines joined."""
    fenced = re.findall(r"^ *```[^\n]*\n(.*?)^ *```", text, re.MULTILINE | re.DOTALL)
    return [block.replace("\\\n", " ") for block in fenced]


def _inline(text: str) -> list[str]:
    """What stands in backticks within the text."""
    prose = re.sub(r"^ *```.*?^ *```", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", prose)


def _commands(page: Path) -> Iterator[str]:
    """Command lines that begin with `stopline`; those within a sentence may leave arguments out by `…`."""
    text = page.read_text("utf-8")
    for block in _blocks(text):
        for line in block.splitlines():
            bare = line.strip().removeprefix("$ ").removeprefix(".venv/bin/")
            if bare.startswith("stopline "):
                yield bare
    for code in _inline(text):
        if code.startswith("stopline ") and code.isascii():
            yield code


@cache
def _subcommand(name: str) -> Any:
    return cli.load({row.name: row.module for row in cli.SUBCOMMANDS}[name])


def _parse(line: str) -> None:
    """Raise where a command line cannot be understood. A mention without arguments need only name a command."""
    words = shlex.split(line, comments=True)[1:]
    if words[0].startswith("-"):
        assert cli.main(words) == 0  # --help and --version do nothing else
        return
    command, name, rest = _subcommand(words[0]), words[0], words[1:]
    while rest and rest[0] in getattr(command, "commands", {}):
        command, name, rest = command.commands[rest[0]], rest[0], rest[1:]
    if rest:
        with command.make_context(name, list(rest)):
            pass


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--quiet", "--site-dir", str(folder)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_every_page_is_built(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        assert (site / page.relative_to(DOCS).with_suffix(".html")).is_file(), _named(page)


class _Fetched(HTMLParser):
    """Addresses that a browser would fetch for a page without being asked."""

    def __init__(self) -> None:
        super().__init__()
        self.addresses: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        of = {name: value or "" for name, value in attrs}
        if tag in FETCHED:
            self.addresses += [of.get(FETCHED[tag], ""), *of.get("srcset", "").split()]
        if tag == "link" and of.get("rel") not in {"canonical", "prev", "next", "alternate"}:
            self.addresses.append(of.get("href", ""))
        self.addresses += re.findall(r"url\(['\"]?([^'\")]+)", of.get("style", ""))


def test_no_page_fetches_anything_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 20
    for page in pages:
        parser = _Fetched()
        parser.feed(page.read_text("utf-8"))
        assert any("assets/" in address for address in parser.addresses)
        foreign = [address for address in parser.addresses if re.match(r"(\w+:)?//", address)]
        assert foreign == [], _named_in(page, site)
    for sheet in site.rglob("*.css"):
        loaded = re.findall(r"(?:url\(['\"]?|@import ['\"])((?:\w+:)?//[^'\")]+)", sheet.read_text("utf-8"))
        assert loaded == [], _named_in(sheet, site)


def _named_in(path: Path, folder: Path) -> str:
    return str(path.relative_to(folder))


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_command_line_parses(page: Path) -> None:
    for line in _commands(page):
        try:
            _parse(line)
        except Exception as error:  # noqa: BLE001  click's own errors and ours alike: name page and line
            pytest.fail(f"{_named(page)}: {line}: {error}")


def test_a_wrong_command_line_would_be_noticed() -> None:
    for line in ("stopline nonsense", "stopline replay a.mp4 --nonsense", "stopline --nonsense"):
        with pytest.raises((Exception, AssertionError)):
            _parse(line)


def test_the_pages_show_command_lines_of_every_subcommand() -> None:
    shown = {shlex.split(line, comments=True)[1] for page in PAGES for line in _commands(page)}
    assert {row.name for row in cli.SUBCOMMANDS} <= shown


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_path_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    words = [word for code in [*_inline(text), *_blocks(text)] for word in code.split()]
    for word in words:
        if re.fullmatch(rf"({'|'.join(OUR_FOLDERS)})/[A-Za-z0-9_./-]*", word):
            assert (ROOT / word).exists(), f"{_named(page)} names {word}, which is not there"


@pytest.mark.parametrize("page", PAGES, ids=_named)
def test_every_module_and_make_target_exists(page: Path) -> None:
    text = page.read_text("utf-8")
    for code in [*_inline(text), *_blocks(text)]:
        for module in re.findall(r"python -m ((?:benchmarks|edge|collector|sim_videos)[\w.]*)", code):
            assert importlib.util.find_spec(module) is not None, f"{_named(page)}: python -m {module}"
        for target in re.findall(r"^(?:\$ )?make ([a-z][a-z-]*)", code, re.MULTILINE):
            assert re.search(rf"^{target}:", (ROOT / "Makefile").read_text(), re.MULTILINE), f"make {target}"
    for dotted in _inline(text):
        if re.fullmatch(r"(edge|collector|calibration|models|firmware_bridge)(\.\w+)+", dotted) and not (
            dotted.endswith((".md", ".toml"))
        ):
            pkgutil.resolve_name(dotted)


def test_settings_are_those_of_the_code() -> None:
    of = {
        "counting": asdict(CountingSettings()),
        "stitch": asdict(StitchSettings()),
        "tracker": asdict(TrackerSettings()),
        "queues": asdict(QueueSettings()),
    }
    shown = {
        (group, name): float(value)
        for page in ("counting.md", "queues.md")
        for group, name, value in re.findall(
            r"^\| `(\w+)\.(\w+)` \| ([0-9.]+) \|", (DOCS / page).read_text("utf-8"), re.MULTILINE
        )
    }
    assert shown == {(group, name): of[group][name] for group, name in shown}
    for group in ("counting", "stitch", "queues"):
        assert {name for g, name in shown if g == group} == set(of[group])


def test_every_reason_for_not_counting_is_explained() -> None:
    page = (DOCS / "counting.md").read_text("utf-8")
    reasons = [
        value
        for name, value in vars(movements).items()
        if name.isupper() and not name.startswith("_") and isinstance(value, str)
    ]
    assert len(reasons) >= 12
    for reason in reasons:
        assert f"| `{reason}` |" in page


def test_topics_tables_and_paths_of_the_office_are_all_told() -> None:
    messages, collector = (DOCS / "messages.md").read_text("utf-8"), (DOCS / "collector.md").read_text("utf-8")
    for topic in TOPICS:
        sender = "cabinet" if topic.node_sends else "collector"
        assert f"| `{topic.name}` | {sender} | {'yes' if topic.retained else 'no'} |" in messages
    for table in metadata.tables:
        assert f"`{table}`" in collector
    source = (ROOT / "collector" / "api.py").read_text("utf-8")
    paths = re.findall(r'@app\.get\("(/api/v1/\w+)"', source)
    assert len(paths) >= 5
    for path in paths:
        assert f"`GET {path}" in collector
