"""Saved states of estimators: a checksum, one line of JSON, and arrays one after another.

    crc32 (4 bytes, big endian) | header as JSON | newline | arrays, little endian, in the header's order

No pickles: a state is read from a disk that others may write to.
"""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from edge.errors import InputError

KINDS = {"f8": np.dtype("<f8"), "i8": np.dtype("<i8")}

Arrays = dict[str, NDArray[Any]]


def pack(name: str, version: int, fields: Mapping[str, Any], arrays: Mapping[str, NDArray[Any]] | None = None) -> bytes:
    """The state as bytes. fields: whatever JSON holds (nan and inf too); arrays: of floats or whole numbers."""
    raw, places = b"", []
    for key, array in (arrays or {}).items():
        kind = "i8" if array.dtype.kind in "iu" else "f8"
        places.append([key, kind, list(array.shape)])
        raw += np.ascontiguousarray(array, KINDS[kind]).tobytes()
    header = {"estimator": name, "version": version, "fields": dict(fields), "arrays": places}
    body = json.dumps(header, sort_keys=True, separators=(",", ":")).encode() + b"\n" + raw
    return zlib.crc32(body).to_bytes(4, "big") + body


def unpack(name: str, version: int, state: bytes) -> tuple[dict[str, Any], Arrays]:
    """Fields and arrays (writable copies) of a state that `pack` made.

    InputError where it is damaged, of another estimator or of another version.
    """
    body = state[4:]
    if len(state) < 6 or zlib.crc32(body).to_bytes(4, "big") != state[:4]:
        raise InputError(f"saved state of {name}: damaged; delete it and let it learn anew")
    line, _, raw = body.partition(b"\n")
    header = json.loads(line)
    if header["estimator"] != name:
        raise InputError(f"saved state is of {header['estimator']}, not of {name}; give {name} its own")
    if header["version"] != version:
        raise InputError(
            f"saved state of {name}: version {header['version']}, this is {version}; delete it and let it learn anew"
        )
    arrays: Arrays = {}
    start = 0
    for key, kind, shape in header["arrays"]:
        count = int(np.prod(shape))
        arrays[key] = np.frombuffer(raw, KINDS[kind], count, start).reshape(shape).copy()
        start += count * 8
    return header["fields"], arrays
