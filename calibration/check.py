"""Checks a site as a whole: what no single key can show to be wrong.

    ids and references ─┬─ cameras, lanes and gates in the picture and on the ground
                        └─ phases, rings, plan, detectors

Each check yields findings; an error keeps the site from being served. A check that
needs another thing to be right first is skipped where it is not.
"""

from __future__ import annotations

from calibration.check_actuation import check_actuation
from calibration.check_buttons import check_buttons
from calibration.check_camera import check_cameras
from calibration.check_gates import check_gates
from calibration.check_incidents import check_incidents
from calibration.check_lanes import check_lanes
from calibration.check_names import check_names
from calibration.check_preempts import check_preempts
from calibration.check_signal import check_signal
from calibration.finding import Finding, path_of
from calibration.site import Site


def check_site(site: Site) -> tuple[Finding, ...]:
    """Everything found wrong or doubtful, in the order of the file; empty for a good site."""
    data = site.model_dump(mode="json")

    def at(*loc: int | str) -> str:
        return path_of(loc, data)

    planes, findings = check_cameras(site, at)
    return (
        *findings,
        *check_names(site, at),
        *check_lanes(site, planes, at),
        *check_gates(site, planes, at),
        *check_signal(site, at),
        *check_preempts(site, at),
        *check_buttons(site, at),
        *check_actuation(site, at),
        *check_incidents(site, at),
    )
