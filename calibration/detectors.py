"""Detectors of a site: places in lanes that call and extend phases, as loops in the road would.

A detector is a zone of one lane as its camera sees it. Without any in the file, every
lane with a phase is a presence detector, numbered in the order of the file.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, Literal

from pydantic import Field

from calibration.key_types import Name, PhaseNumber, SiteModel

if TYPE_CHECKING:
    from calibration.site import Site

#: Detector numbers of NEMA TS 2-2003 and of the high-resolution events 81 and 82.
ChannelNumber = Annotated[int, Field(ge=1, le=128)]


class Detector(SiteModel):
    """One detector; its keys are those of a controller's timing sheet (NEMA TS 2-2003, section 3.5.5.5).

    phase: None for the lane's own. kind: `presence` is on while a vehicle stands at the stop
    line or queues, `advance` while one moves through the zone that begins distance_m before the stop line and
    reaches length_m further back. use: whether it calls its phase in red, extends it in
    green, or both. delay_s: so long it must be on without a break before it calls a phase
    that is not green. extend_s: so long it stays on after its vehicle has left while its
    phase is green. lock: a call is remembered until the phase is green; None for the
    phase's own. max_presence_s: on for longer it is stuck; no_activity_s: never on for longer while
    others are it is stuck, too; None for a detector that is not judged so.
    """

    channel: ChannelNumber
    lane: Name
    phase: PhaseNumber | None = None
    kind: Literal["presence", "advance"] = "presence"
    use: Literal["both", "call", "extend"] = "both"
    distance_m: float | None = Field(default=None, ge=0, le=300)
    length_m: float = Field(default=6.0, ge=1, le=100)
    delay_s: float = Field(default=0.0, ge=0, le=255)
    extend_s: float = Field(default=0.0, ge=0, le=25.5)
    lock: bool | None = None
    max_presence_s: float | None = Field(default=300.0, ge=10, le=15300)
    no_activity_s: float | None = Field(default=3600.0, ge=60, le=86400)


def detectors_of(site: Site) -> tuple[Detector, ...]:
    """The detectors of a site, each with its phase, in order of channel; those that serve no phase are left out."""
    own = {lane.id: lane.phase for lane in site.lanes}
    given = site.detectors or each_lane({lane: phase for lane, phase in own.items() if phase is not None})
    placed = (
        detector if detector.phase is not None else detector.model_copy(update={"phase": own.get(detector.lane)})
        for detector in given
    )
    return tuple(sorted((d for d in placed if d.phase is not None), key=lambda detector: detector.channel))


def each_lane(phases: dict[str, int]) -> tuple[Detector, ...]:
    """A presence detector for each lane → phase, numbered from 1 in that order, at most 128."""
    return tuple(
        Detector(channel=number, lane=lane, phase=phase)
        for number, (lane, phase) in enumerate(list(phases.items())[:128], start=1)
    )


def of_phase(detectors: Sequence[Detector], phase: int) -> tuple[Detector, ...]:
    """Those that serve a phase."""
    return tuple(detector for detector in detectors if detector.phase == phase)
