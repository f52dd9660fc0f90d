"""The ground of one camera, and all of its rules together."""

from __future__ import annotations

import pytest

from edge.clock import NS_PER_S
from edge.frames import Detections, VisionResult
from edge.incident import Finding, IncidentKind, Stage
from edge.incidents.road import Road, Use
from edge.incidents.scene import SceneNow
from edge.incidents.watch import IncidentWatch
from edge.types import Sight
from tests.incident_street import CAMERA, begun, drives, rectangle, scenes, site, stands


def result(scene: SceneNow, *, ok: bool = True) -> VisionResult:
    sight = Sight(scene.t_ns, CAMERA, ok, None if ok else "frozen")
    tracks = scene.tracks if ok else ()
    return VisionResult(scene.t_ns, 0, CAMERA, sight, Detections.empty(scene.t_ns), tracks, (), (), scene.lanes)


class TestRoad:
    @pytest.mark.parametrize(
        ("pos_m", "lane"),
        [((1.75, -30.0), "NB1"), ((-1.75, -30.0), "NB2"), ((5.0, -30.0), None), ((1.75, 10.0), None),
         ((0.0, -900.0), None)],
    )  # fmt: skip
    def test_lane_at(self, pos_m: tuple[float, float], lane: str | None) -> None:
        assert Road(site(), CAMERA).lane_at(pos_m) == lane

    def test_uses_without_areas_come_from_gates_and_lanes(self) -> None:
        road = Road(site(), CAMERA)
        assert road.uses_at((1.75, -30.0)) == Use.CORE
        assert road.uses_at((3.3, -30.0)) == 0
        assert road.uses_at((1.75, 12.0)) & Use.BOX
        assert road.uses_at((1.75, 5.0)) & Use.FOOT
        assert not road.uses_at((1.75, 10.0)) & Use.FOOT
        assert not road.uses_at((1.75, -5.0)) & Use.BOX

    def test_areas_of_the_site_come_before_guesses(self) -> None:
        drawn = site(
            areas=(
                {"id": "b", "kind": "box", "camera": CAMERA, "polygon_px": rectangle(-4, 8, 4, 12)},
                {"id": "c", "kind": "crossing", "camera": CAMERA, "polygon_px": rectangle(-10, 3, 6, 5)},
                {"id": "w", "kind": "works", "camera": CAMERA, "polygon_px": rectangle(0, -40, 4, -30)},
            )
        )
        road = Road(drawn, CAMERA)
        assert road.uses_at((0.0, 10.0)) & Use.BOX
        assert not road.uses_at((0.0, 14.0)) & Use.BOX
        assert not road.uses_at((0.0, 6.5)) & Use.FOOT
        assert road.uses_at((1.0, -35.0)) & Use.WORKS
        assert road.uses_at((0.0, 10.0)) & Use.THROUGH

    def test_rows_are_sorted_from_the_stop_line_back(self) -> None:
        (scene,) = scenes([stands(1, 1.75, -20), stands(2, 1.75, -5), stands(3, -1.75, -8)], 0.1)
        rows = Road(site(), CAMERA).rows(scene.tracks)
        assert [(round(at_m), track.track_id) for at_m, track in rows["NB1"]] == [(5, 2), (20, 1)]
        assert [track.track_id for _, track in rows["NB2"]] == [3]

    def test_an_unknown_camera_is_refused(self) -> None:
        with pytest.raises(KeyError):
            Road(site(), "nowhere")


class TestWatch:
    def test_blindness_ends_what_is_open_once_and_silences(self) -> None:
        watch = IncidentWatch(site(), CAMERA)
        street = scenes([stands(1, 1.75, -30, from_s=2)], 20)
        said = [one for scene in street[:120] for one in watch.update(result(scene), scene.signal, None, scene.t_ns)]
        assert [one.kind for one in begun(said)] == [IncidentKind.STOPPED_VEHICLE]
        dark = [
            one
            for scene in street[120:]
            for one in watch.update(result(scene, ok=False), scene.signal, None, scene.t_ns)
        ]
        assert [one.stage for one in dark if isinstance(one, Finding)] == [Stage.END]
        assert isinstance(dark[0], Finding)
        assert dark[0].evidence["ended"] == "unknown: frozen"

    def test_time_has_to_advance(self) -> None:
        watch = IncidentWatch(site(), CAMERA)
        (scene,) = scenes([], 0.1)
        watch.update(result(scene), None, None, NS_PER_S)
        with pytest.raises(ValueError, match="time must advance"):
            watch.update(result(scene), None, None, NS_PER_S)

    def test_lanes_closed_by_works_count_besides_those_of_the_site(self) -> None:
        street = scenes([drives(1, 1.75), drives(2, -1.75)], 6)

        def kinds(closed: frozenset[str], **incidents: object) -> set[tuple[int, ...]]:
            watch = IncidentWatch(site(**incidents), CAMERA)
            said = [one for s in street for one in watch.update(result(s), s.signal, None, s.t_ns, closed)]
            return {one.tracks for one in begun(said)}

        assert kinds(frozenset()) == set()
        assert kinds(frozenset({"NB1"})) == {(1,)}
        assert kinds(frozenset({"NB1"}), closed_lanes=("NB2",)) == {(1,), (2,)}

    def test_kinds_that_are_off_are_not_watched(self) -> None:
        watch = IncidentWatch(site(off=("stopped_vehicle",)), CAMERA)
        street = scenes([stands(1, 1.75, -30, from_s=2)], 20)
        assert not [one for s in street for one in watch.update(result(s), s.signal, None, s.t_ns)]
