"""What open incidents ask of control: policy, never a lamp.

a blind camera ─→ recall for the phases of its lanes
a blocked exit ─→ greens that feed it are held back
a crash        ─→ the preemption that the site names for it
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from calibration.site import Site
from edge.incident import Incident, IncidentKind
from edge.types import VEHICLE_KINDS

_BLOCKS = frozenset({IncidentKind.BLOCKED_BOX, IncidentKind.SPILLBACK})


@dataclass(frozen=True, slots=True)
class Reactions:
    """recall: phases to be called in every cycle. hold: movements whose exit does not take anyone now.
    preempt: numbers of the site's preemptions to call. because: ids of the incidents."""

    recall: frozenset[int] = frozenset()
    hold: frozenset[str] = frozenset()
    preempt: frozenset[int] = frozenset()
    because: tuple[str, ...] = ()


def reactions(site: Site, incidents: Iterable[Incident]) -> Reactions:
    """Those of all open incidents together."""
    recall: set[int] = set()
    hold: set[str] = set()
    preempt: set[int] = set()
    because: list[str] = []
    for one in incidents:
        before = len(recall) + len(hold) + len(preempt)
        if one.kind is IncidentKind.CAMERA_FAULT:
            recall |= {lane.phase for lane in site.lanes if lane.camera == one.place.camera and lane.phase is not None}
        elif one.kind in _BLOCKS and site.incidents.hold_blocked_exits:
            hold |= _fed(site, one)
        elif one.kind is IncidentKind.CRASH and site.incidents.preempt_on_crash is not None:
            preempt.add(site.incidents.preempt_on_crash)
        if len(recall) + len(hold) + len(preempt) > before:
            because.append(one.id)
    return Reactions(frozenset(recall), frozenset(hold), frozenset(preempt), tuple(because))


def _fed(site: Site, incident: Incident) -> set[str]:
    """Movements whose vehicles stand in the way: that of the place, or of the lane that those in the box came from."""
    if incident.place.movement is not None:
        return {incident.place.movement}
    lane = next((lane for lane in site.lanes if lane.id == incident.evidence.get("from_lane")), None)
    if lane is None:
        return set()
    return {
        movement.id
        for movement in site.movements
        if set(movement.kinds) & VEHICLE_KINDS
        and (lane.id in movement.lanes or (not movement.lanes and lane.approach == movement.approach))
    }
