"""What is wrong with a site description, where, and what to write instead."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal


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
