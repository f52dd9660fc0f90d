"""What a scenario's timetable may order: incidents on the street, and camera faults."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Annotated, Literal

from pydantic import Field, model_validator

from calibration.key_types import Name, SiteId
from calibration.site import MovementId
from sim_videos.spec import ApproachId, Share, Spec
from sim_videos.state import IncidentKind

#: What a mishap takes besides kind, at_s and for_s. A crash on a movement takes what a blocked box does.
_OF_INCIDENT: Mapping[IncidentKind, tuple[str, ...]] = {
    IncidentKind.STOPPED_VEHICLE: ("lane", "approach", "from_stop_m", "make"),
    IncidentKind.WRONG_WAY: ("lane", "approach"),
    IncidentKind.CRASH: ("lane", "from_stop_m"),
    IncidentKind.LOST_LOAD: ("lane", "approach", "from_stop_m"),
    IncidentKind.PEDESTRIAN: ("lane", "approach", "from_stop_m"),
    IncidentKind.LANE_CLOSED: ("lane", "approach", "from_stop_m"),
    IncidentKind.SPILLBACK: ("movement", "approach", "from_stop_m"),
    IncidentKind.BLOCKED_BOX: ("movement", "approach"),
    IncidentKind.EMERGENCY: ("movement", "approach"),
}


class IncidentSpec(Spec):
    """One mishap. lane is the scenario's name of an inbound lane; from_stop_m how far before its stop line.

    Which keys may be given depends on the kind: `docs/scenes.md`.
    """

    kind: IncidentKind
    at_s: Annotated[float, Field(ge=0)]
    for_s: Annotated[float, Field(gt=0)]
    lane: Name | None = None
    approach: ApproachId | None = None
    movement: MovementId | None = None
    from_stop_m: Annotated[float, Field(ge=0, le=300)] = 30.0
    make: str | None = None

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> IncidentSpec:
        place, keys = "", _OF_INCIDENT[self.kind]
        if self.kind is IncidentKind.CRASH:
            place = " in a lane" if self.lane is not None else " on a movement"
            keys = keys if self.lane is not None else _OF_INCIDENT[IncidentKind.BLOCKED_BOX]
        _refuse_others(f"{self.kind}{place}", self.model_fields_set - {"kind", "at_s", "for_s"}, keys)
        by_name = "lane" if self.lane is not None else "movement"
        if self.approach is not None and getattr(self, by_name) is not None:
            raise ValueError(f"approach stands in for {by_name}: give one of them")
        return self


def _refuse_others(what: str, given: frozenset[str] | set[str], keys: tuple[str, ...]) -> None:
    """ValueError for a key that what was ordered has no use for: a mistake, or a wish that would not come true."""
    others = sorted(given - set(keys))
    if others:
        raise ValueError(f"{what} does not use {others[0]}, only {', '.join(keys) or 'at_s and for_s'}")


_OF_FAULT: Mapping[str, tuple[str, ...]] = {
    "knocked": ("pan_deg", "tilt_deg"),
    "dirt": ("amount",),
    "blur": ("amount",),
    "dropped": ("amount",),
    "latency": ("late_s",),
}


class CameraFaultSpec(Spec):
    """One camera fault on the timetable.

    dark: black picture; frozen: the same picture again; knocked: turned by pan_deg, tilt_deg;
    dirt, blur: amount 0..1; dropped: share of frames lost; latency: late by late_s.
    """

    camera: SiteId
    kind: Literal["dark", "frozen", "knocked", "dirt", "blur", "dropped", "latency"]
    at_s: Annotated[float, Field(ge=0)]
    for_s: Annotated[float, Field(gt=0)]
    amount: Share = 0.7
    pan_deg: Annotated[float, Field(ge=-45, le=45)] = 4.0
    tilt_deg: Annotated[float, Field(ge=-20, le=20)] = 1.5
    late_s: Annotated[float, Field(ge=0, le=10)] = 0.5

    @model_validator(mode="after")
    def _keys_of_its_kind(self) -> CameraFaultSpec:
        _refuse_others(
            self.kind, self.model_fields_set - {"camera", "kind", "at_s", "for_s"}, _OF_FAULT.get(self.kind, ())
        )
        return self
