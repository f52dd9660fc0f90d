"""What every tracker must do, ours and any that a user plugs in."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.clock import NS_PER_S
from edge.frames import Detections
from edge.seams import Tracker
from edge.types import KINDS
from edge.vision.tracker import GroundTracker
from tests.overhead import CAMERA, PLANE

TRACKERS: dict[str, Callable[[], Tracker]] = {"ground": lambda: GroundTracker(CAMERA, PLANE)}

box = st.tuples(st.floats(0, 300), st.floats(0, 700), st.floats(1, 60), st.floats(1, 100), st.floats(0, 1))
frames = st.lists(st.tuples(st.floats(0.01, 3.0), st.lists(box, max_size=8)), min_size=1, max_size=15)


def seen_in(t_ns: int, rows: list[tuple[float, float, float, float, float]]) -> Detections:
    a = np.array(rows, np.float32).reshape(-1, 5)
    boxes = np.concatenate((a[:, :2], a[:, :2] + a[:, 2:4]), axis=1)
    return Detections(t_ns, boxes, np.minimum(a[:, 4], 1), np.zeros(len(a), np.int32))


@pytest.mark.parametrize("name", TRACKERS)
@given(frames=frames)
def test_any_detections_give_sound_tracks(
    name: str, frames: list[tuple[float, list[tuple[float, float, float, float, float]]]]
) -> None:
    tracker, t_s, ended, last = TRACKERS[name](), 0.0, set[int](), set[int]()
    for dt, rows in frames:
        t_s += dt
        given_ = seen_in(round(t_s * NS_PER_S), rows)
        before = given_.boxes_px.copy()
        tracks = tracker.update(given_)
        assert (given_.boxes_px == before).all(), "input is not changed"
        ids = {track.track_id for track in tracks}
        assert len(ids) == len(tracks), "one track a number"
        ended |= last - ids
        for track in tracks:
            assert track.t_ns == given_.t_ns
            assert track.kind in KINDS
            assert np.isfinite([*track.box_px, *track.pos_m, *track.foot_px]).all()
            assert track.age_s >= 0
            assert (track.vel_mps is None) == (track.speed_mps is None) == (track.speed_sd_mps is None)
        last = ids


@pytest.mark.parametrize("name", TRACKERS)
@given(frames=frames)
def test_the_same_detections_give_the_same_tracks(
    name: str, frames: list[tuple[float, list[tuple[float, float, float, float, float]]]]
) -> None:
    def run() -> list[object]:
        tracker, t_s, out = TRACKERS[name](), 0.0, []
        for dt, rows in frames:
            t_s += dt
            out.append(tracker.update(seen_in(round(t_s * NS_PER_S), rows)))
        return list(out)

    assert run() == run()
