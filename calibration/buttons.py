"""Keys of `[[buttons]]`: push buttons by which pedestrians call a walk."""

from __future__ import annotations

from typing import Annotated

from pydantic import Field

from calibration.key_types import PhaseNumber, SiteModel
from calibration.preempts import PreemptInput


class Button(SiteModel):
    """One or more contacts that call the walk of a phase. number is that of events 89 and 90."""

    number: Annotated[int, Field(ge=1, le=64)]
    phase: PhaseNumber
    inputs: tuple[PreemptInput, ...] = Field(min_length=1, max_length=8)
