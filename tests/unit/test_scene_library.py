"""The scenarios that come along: each says what it is, shows what it promises, and can be built."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import get_args

import pytest

from calibration.site import Site
from edge.errors import ConfigError
from sim_videos.scenario import Scenario, library, load_scenario
from sim_videos.state import IncidentKind
from sim_videos.street import Street
from sim_videos.timetable import CameraFaultSpec

NAMES = tuple(library())


@cache
def scenario(name: str) -> Scenario:
    return load_scenario(name)


@cache
def _built(name: str) -> tuple[Street, Site]:
    """The street and the site of the first of all scenarios that share them."""
    import tempfile

    from sim_videos.site import site_of
    from sim_videos.world import build_street

    with tempfile.TemporaryDirectory() as work:
        street = build_street(scenario(name), Path(work))
    return street, site_of(scenario(name), street)


def built(name: str) -> tuple[Street, Site]:
    pytest.importorskip("libsumo")
    return _built(next(other for other in NAMES if _still(other) == _still(name)))


def _still(name: str) -> tuple[object, ...]:
    """What of a scenario its street and site are made of; the splits of the plan apart."""
    own = scenario(name)
    return own.junction, own.signal, own.cameras


@pytest.mark.parametrize("name", NAMES)
def test_each_has_its_name_and_one_line(name: str) -> None:
    assert scenario(name).id == name
    assert 15 <= len(scenario(name).about) <= 110
    assert scenario(name).about.endswith(".")


@pytest.mark.parametrize("name", NAMES)
def test_each_can_be_built_and_every_camera_counts(name: str) -> None:
    street, site = built(name)
    own = scenario(name)
    movements = {turn.movement for turn in street.turns}
    assert {row.movement for row in own.demand} <= movements
    lanes = {lane.name for lane in street.inbound}
    for incident in own.incidents:
        assert incident.lane is None or incident.lane in lanes
        assert incident.movement is None or incident.movement in movements
    for camera in own.cameras:
        counted = {m.id for m in site.movements if m.camera == camera.id}
        assert any(name.startswith(camera.facing) for name in counted), camera.id
        assert any(lane.approach == camera.facing for lane in site.lanes if lane.camera == camera.id), camera.id


def test_every_mishap_and_every_camera_fault_is_shown_by_some() -> None:
    shown = {incident.kind for name in NAMES for incident in scenario(name).incidents}
    assert shown == set(IncidentKind)
    faults = {fault.kind for name in NAMES for fault in scenario(name).camera_faults}
    assert faults == set(get_args(CameraFaultSpec.model_fields["kind"].annotation))


def test_seeds_differ() -> None:
    seeds = [scenario(name).seed for name in NAMES]
    assert len(set(seeds)) == len(seeds)


def test_a_name_that_is_not_there_is_answered_with_those_that_are() -> None:
    with pytest.raises(ConfigError, match=r"rushh: there is no such scenario or file; the library has avenue, .*rush"):
        load_scenario("rushh")
