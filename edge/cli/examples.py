"""The examples that every `--help` ends in; the tests parse each of them."""

from __future__ import annotations

_HEADING = "Examples:"


def examples(*lines: str) -> str:
    """An epilog of command lines that begin with `stopline`, one a line in any help format."""
    for line in lines:
        if not line.startswith("stopline"):
            raise ValueError(f"an example begins with `stopline`, got {line!r}")
    return "\n\n".join((_HEADING, *(f"  {line}" for line in lines)))


def examples_in(epilog: str | None) -> list[str]:
    """The command lines within an epilog made by `examples`."""
    stripped = (line.strip().removeprefix("$ ") for line in (epilog or "").splitlines())
    return [line for line in stripped if line.startswith("stopline ")]
