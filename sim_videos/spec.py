"""What the parts of a scenario have in common: frozen, unknown keys refused."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field

ApproachId = Literal["NB", "SB", "EB", "WB"]
Share = Annotated[float, Field(ge=0, le=1)]


class Spec(BaseModel):
    """Part of a scenario."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)
