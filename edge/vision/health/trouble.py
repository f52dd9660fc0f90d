"""One thing that is wrong with a camera."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Trouble:
    """reason: a word. detail: the numbers. blind: nothing the camera shows is to be believed."""

    reason: str
    detail: str
    blind: bool
