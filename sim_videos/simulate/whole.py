"""A folder of results that appears when it is whole."""

from __future__ import annotations

import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from edge.errors import StorageError
from edge.replay.outputs import storing


@contextmanager
def moved_when_whole(out: Path) -> Iterator[Path]:
    """A folder to write into; what is in it takes the place of what `out` has of the same names, if all went well."""
    ours = not out.exists()
    try:
        out.mkdir(parents=True, exist_ok=True)
        part = Path(tempfile.mkdtemp(prefix=".part-", dir=out))
    except OSError as error:
        raise StorageError(f"{out}: {error.strerror or error}; choose an --out that can be written") from error
    try:
        yield part
        with storing(out):
            for entry in sorted(part.iterdir()):
                target = out / entry.name
                if target.is_dir():
                    shutil.rmtree(target)
                entry.replace(target)
    finally:
        shutil.rmtree(part, ignore_errors=True)
        if ours and not any(out.iterdir()):
            out.rmdir()
