"""What actuated control reads of a site file: refused with key, value and fix where it cannot be served."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from calibration.check import check_site
from calibration.detectors import Detector
from calibration.finding import Finding
from calibration.load import SITES_DIR, read_site
from calibration.site import Site


@pytest.fixture(scope="module")
def example() -> Site:
    site, findings = read_site(SITES_DIR / "example.toml")
    assert site is not None
    assert not findings
    return site


def with_detectors(site: Site, *detectors: Detector) -> Site:
    """All its lanes watched, and these beside them, the first of which is looked at."""
    others = tuple(
        Detector(channel=50 + number, lane=lane.id)
        for number, lane in enumerate(site.lanes)
        if lane.phase is not None and lane.stop_line_px is not None
    )
    return site.model_copy(update={"detectors": (*detectors, *others)})


def with_phase(site: Site, number: int, keys: Mapping[str, object]) -> Site:
    assert site.signal is not None
    phases = tuple(
        phase.model_copy(update=dict(keys)) if phase.number == number else phase for phase in site.signal.phases
    )
    return site.model_copy(update={"signal": site.signal.model_copy(update={"phases": phases})})


def told(site: Site) -> list[Finding]:
    return list(check_site(site))


@pytest.mark.parametrize(
    ("detector", "where", "what", "fix"),
    [
        ({"lane": "NB9"}, "detectors[1].lane", 'there is no lane "NB9"', "use one of NB1"),
        ({"phase": 16}, "detectors[1].phase", "there is no phase 16", "use one of 1, 2"),
        ({"kind": "advance"}, "detectors[1].distance_m", "is missing for an advance detector", "add distance_m"),
        ({"distance_m": 40.0}, "detectors[1].distance_m", "lies at the stop line", 'kind = "advance"'),
        (
            {"delay_s": 30.0, "max_presence_s": 20.0},
            "detectors[1].delay_s",
            "30 is not less than max_presence_s = 20",
            "shorten it",
        ),
        ({"channel": 50}, "detectors[2].channel", "50 is also that of detectors[1]", "give each its own"),
    ],
)
def test_a_detector_that_cannot_be_served_is_refused(
    example: Site, detector: dict[str, object], where: str, what: str, fix: str
) -> None:
    given = Detector.model_validate({"channel": 1, "lane": "NB1", **detector})
    (finding,) = told(with_detectors(example, given))
    assert finding.severity == "error"
    assert finding.where.startswith(where)
    assert what in finding.message
    assert fix in finding.fix


def test_a_lane_that_no_detector_watches_is_doubted(example: Site) -> None:
    site = example.model_copy(update={"detectors": (Detector(channel=1, lane="NB1"),)})
    findings = told(site)
    assert {finding.severity for finding in findings} == {"warning"}
    assert len(findings) == sum(lane.phase is not None for lane in site.lanes) - 1
    assert "no detector watches it" in findings[0].message


def test_a_lane_without_a_stop_line_is_no_detector(example: Site) -> None:
    lanes = tuple(
        lane.model_copy(update={"stop_line_px": None}) if lane.id == "NB1" else lane for lane in example.lanes
    )
    site = with_detectors(example.model_copy(update={"lanes": lanes}), Detector(channel=1, lane="NB1"))
    errors = [finding for finding in told(site) if finding.severity == "error"]
    assert ["has no stop line" in finding.message for finding in errors] == [True]


def test_detectors_without_a_signal_are_refused(example: Site) -> None:
    lanes = tuple(lane.model_copy(update={"phase": None}) for lane in example.lanes)
    movements = tuple(movement.model_copy(update={"phase": None}) for movement in example.movements)
    none = {"signal": None, "plan": None, "lanes": lanes, "movements": movements}
    site = with_detectors(example.model_copy(update=none), Detector(channel=1, lane="NB1"))
    assert [finding.message for finding in told(site)] == ["there are detectors but no [signal]"]


@pytest.mark.parametrize(
    ("phase", "keys", "severity", "what"),
    [
        (2, {"max2_green_s": 3.0}, "error", "3 is less than min_green_s"),
        (2, {"walk_s": 7.0, "ped_clearance_s": 12.0, "max2_green_s": 18.0}, "warning", "18 is less than walk and"),
        (2, {"conditional_service": True}, "warning", "phase 2 is the last of its ring before the barrier"),
    ],
)
def test_keys_of_phases_that_do_not_fit(
    example: Site, phase: int, keys: dict[str, object], severity: str, what: str
) -> None:
    (finding,) = told(with_phase(example, phase, keys))
    assert (finding.severity, what in finding.message) == (severity, True), finding.sentence()
