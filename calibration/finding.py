"""What is wrong with a site description, where, and what to write instead."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal

#: Keys and list positions (from 0) from the top of the file down.
Loc = tuple[int | str, ...]
#: Names a place in the file: `at("lanes", 0, "id")`.
At = Callable[..., str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One fault (`error`: the site cannot be served) or doubt (`warning`) in a site file.

    where is the key in the file's own terms, entries of a list counted from 1 and named
    by their id: `movements[2] "NBT".exit.line_px`.
    """

    severity: Literal["error", "warning"]
    where: str
    message: str
    fix: str

    def sentence(self) -> str:
        """`where: what was found; what to do`."""
        return f"{self.where}: {self.message}; {self.fix}"


def error(where: str, message: str, fix: str) -> Finding:
    """A fault that keeps the site from being served."""
    return Finding("error", where, message, fix)


def warning(where: str, message: str, fix: str) -> Finding:
    """A doubt a person should look at; the site can be served."""
    return Finding("warning", where, message, fix)


def path_of(loc: Loc, data: object) -> str:
    """A location in the file's terms: `movements[2] "NBT".exit.line_px`, counted from 1."""
    text = kind = ""
    for part in loc:
        if part == "[key]":
            continue
        if isinstance(part, int):
            data = data[part] if isinstance(data, list) and part < len(data) else None
            text += f"[{part + 1}]{_label(data, kind)}"
        else:
            data = data.get(part) if isinstance(data, Mapping) else None
            text += f".{part}" if text else part
            kind = part.removesuffix("s")
    return text or "the file"


def _label(entry: object, kind: str) -> str:
    if not isinstance(entry, Mapping):
        return ""
    if isinstance(entry.get("id"), str):
        return f' "{entry["id"]}"'
    return f" ({kind} {entry['number']})" if "number" in entry else ""
