"""What cameras see beyond demand: who passed by phase, who is in the box, and what nobody knows."""

from __future__ import annotations

from calibration.site import Site
from edge.clock import NS_PER_S
from edge.control.around import Around
from edge.control.junction import Passed
from edge.control.tally import Count, Tally
from edge.control.view import InBox, View
from edge.stages.site_junction import junction_of
from edge.stages.viewing import BoxWatch, CameraViews
from edge.types import Kind, Sight, Track
from tests.junction import crossed, junction, seen
from tests.unit.test_control import AXES, LANES

SITE = junction()


def view(
    t_s: float, camera: str = "north", *, ok: bool = True, box: dict[str, InBox] | None = None, gone: int = 0
) -> View:
    sight = Sight(round(t_s * NS_PER_S), camera, ok, None if ok else "dark")
    counts = (Count("nb1", "NBT", gone, sight.t_ns),) if gone else ()
    return View(sight, (), {}, Tally(0, counts), box)


def test_a_movement_without_phase_has_that_of_its_lane() -> None:
    movements = tuple(one.model_copy(update={"phase": None}) for one in SITE.movements)
    around = Around(SITE.lanes, movements)
    around.known(0)
    around.take(view(1, gone=1))
    assert around.known(2 * NS_PER_S).passed == (Passed("nb1", 2, NS_PER_S),)
    assert around.known(2 * NS_PER_S).passed == (), "each once"


def test_beyond_a_movement_that_incidents_hold_nobody_fits_for_whoever_plans() -> None:
    assert SITE.signal is not None
    (nb1,) = (lane for lane in junction_of(SITE, SITE.signal).lanes if lane.lane == "nb1")
    around = Around(SITE.lanes, SITE.movements)
    assert around.known(0).room == {}
    around.hold({"NBT", "SBT"})
    assert around.known(NS_PER_S).room == {nb1.ways[0].exit: 0}
    around.hold(())
    assert around.known(2 * NS_PER_S).room == {}


def test_a_camera_that_cannot_see_or_is_silent_watches_nothing() -> None:
    around = Around(SITE.lanes, SITE.movements)
    around.known(0)
    around.take(view(1, box={"nb1": InBox(3, 2)}))
    around.take(view(1, "east", box={}))
    known = around.known(NS_PER_S)
    assert known.unwatched == frozenset()
    assert (known.box, known.stands) == ({2: 3}, {2: 2})
    around.take(view(2, ok=False, gone=4))
    known = around.known(2 * NS_PER_S)
    assert known.unwatched == {"nb1"}
    assert known.box == {}
    assert len(known.passed or ()) == 4, "counted before it went blind"
    silent = around.known(10 * NS_PER_S)
    assert silent.unwatched == {"nb1", "eb1"}
    assert (silent.passed, silent.box) == (None, None)


def test_a_lane_that_no_movement_begins_in_is_not_watched() -> None:
    around = Around(SITE.lanes, [one for one in SITE.movements if one.id != "EBT"])
    around.take(view(1))
    around.take(view(1, "east"))
    assert around.known(NS_PER_S).unwatched == {"eb1"}


def test_a_lane_of_which_a_turn_is_not_counted_teaches_nothing() -> None:
    for phases, told in (((2,), 1), ((1, 2), 0)):
        around = Around(SITE.lanes, SITE.movements, {"nb1": phases, "sb9": (6,)})
        around.known(0)
        around.take(view(1, gone=1))
        known = around.known(NS_PER_S)
        assert len(known.passed or ()) == told
        assert known.unwatched == ({"sb9"} if told else {"nb1", "sb9"}), "nor does one that no camera has"


def track(track_id: int, y_m: float, *, v_mps: float = 8.0, in_lane: bool = False, kind: Kind = Kind.CAR) -> Track:
    """Northbound on x = 0; the stop line lies at 10 m, the lane's polygon is the picture's corner."""
    foot_px = (50.0, 50.0) if in_lane else (500.0, 50.0)
    box_px = (foot_px[0] - 5, 40.0, foot_px[0] + 5, 50.0)
    return Track(0, track_id, kind, 0.9, box_px, foot_px, (0.0, y_m), (0.0, v_mps), v_mps, 0.5, 3.0, True)


def watch() -> BoxWatch:
    return BoxWatch([(LANES[0], AXES["n1"])], [(-10.0, 8.0), (10.0, 8.0), (10.0, 30.0), (-10.0, 30.0)])


def test_who_has_passed_the_stop_line_is_in_the_box_until_it_is_counted_or_out() -> None:
    box = watch()
    assert box.see(0, [track(1, 5, in_lane=True), track(2, 20)], []) == {}, "one waits, one came from elsewhere"
    assert box.see(1, [track(1, 11)], []) == {}, "its rear is hardly past"
    assert box.see(2, [track(1, 15), track(3, 20, kind=Kind.PERSON)], []) == {"n1": InBox(1, 0)}
    assert box.see(3, [track(1, 15, v_mps=0.2)], []) == {"n1": InBox(1, 1)}
    left = crossed(4)
    assert left.track_id == 1
    assert box.see(4, [track(1, 20)], [left]) == {}
    box = watch()
    box.see(0, [track(1, 5, in_lane=True)], [])
    assert box.see(1, [track(1, 31)], []) == {}, "out of the box, counted or not"
    assert box.see(2, [track(1, 25)], []) == {"n1": InBox(1, 0)}
    assert box.see(20 * NS_PER_S, [track(1, 25)], []) == {}, "a number that comes back is another vehicle"
    box.see(21 * NS_PER_S, [track(1, 5, in_lane=True)], [])
    box.blind()
    assert box.see(22 * NS_PER_S, [track(1, 25)], []) == {}


def test_a_camera_without_stop_lines_does_not_know_its_box() -> None:
    made = CameraViews(SITE, "north")
    first = made.view(seen(1, crossed(0.9, entered_s=0.5)))
    assert first.tally == Tally(NS_PER_S, (Count("nb1", "NBT", 1, NS_PER_S // 2),))
    assert first.box is None
    again = made.view(seen(2, blind="dark"))
    assert (again.sight.ok, again.tally, again.box) == (False, first.tally, None)


def test_a_camera_with_stop_lines_sees_its_box() -> None:
    lanes = tuple(
        lane.model_copy(update={"stop_line_px": ((0.0, 50.0), (50.0, 50.0))}) if lane.id == "nb1" else lane
        for lane in SITE.lanes
    )
    site: Site = SITE.model_copy(update={"lanes": lanes})
    made = CameraViews(site, "north")
    assert made.view(seen(1)).box == {}
    assert made.view(seen(2, blind="dark")).box is None
    assert CameraViews(site, "east").view(seen(1, camera="east")).box is None
