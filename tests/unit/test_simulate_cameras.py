"""Cameras of the closed loop: what reaches the detector, what is known of faults, what is kept and shown."""

from __future__ import annotations

import json
import urllib.error
import urllib.request
from collections.abc import Iterable
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.clock import SystemClock
from edge.errors import NetworkError
from edge.frames import Detections, Frame
from edge.types import Kind
from edge.vision.pipeline import VisionPipeline
from sim_videos.render.camera import camera_of
from sim_videos.render.faults import CameraFeed
from sim_videos.render.renderer import Renderer
from sim_videos.simulate.cameras import DetectingCamera, Mast, TruthCamera
from sim_videos.simulate.eyes import Look, OneCamera
from sim_videos.simulate.record import Recording
from sim_videos.simulate.show import Shown, ShowServer, ShowWatcher
from sim_videos.site import site_of
from sim_videos.state import RoadUser, WorldFrame
from sim_videos.truth import TruthRecorder, load_scene_truth
from tests import plain_street
from tests.source_videos import until

STREET = plain_street.street()
CLOCK = SystemClock()


class Counts:
    """A detector that finds nothing and remembers which pictures it was given."""

    name = "counts"

    def __init__(self) -> None:
        self.asked: list[tuple[int, float]] = []

    def detect(self, frame: Frame) -> Detections:
        self.asked.append((frame.index, float(frame.image.mean())))
        return Detections.empty(frame.t_ns)

    def close(self) -> None:
        """Nothing to free."""


def mast(*, every: int = 1, told: bool = False, faults: Iterable[dict[str, object]] = ()) -> Mast:
    listed = [{"camera": "mast", **fault} for fault in faults]
    scenario = plain_street.scenario(camera_faults=listed)
    spec = scenario.cameras[0].model_copy(update={"size_px": (320, 180)})
    scenario = scenario.model_copy(update={"cameras": (spec,)})
    site = site_of(scenario, STREET)
    renderer = Renderer(STREET, camera_of(spec, STREET), scenario.look, seed=1)
    feed = CameraFeed(renderer, scenario.camera_faults, camera="mast", seed=1)
    recorder = TruthRecorder(scenario, STREET, spec, site)
    return Mast(spec, feed, recorder, VisionPipeline(site, "mast"), every, told)


def instant(index: int) -> WorldFrame:
    """One car that waits northbound at the stop line, and one that comes."""
    lane = next(lane for lane in STREET.inbound if lane.name == "NB1")
    (x, y), heading = lane.line_m[-1], STREET.arms[1].heading_rad
    waits = RoadUser(1, "saloon", Kind.CAR, 5, (x, y - 4.0), heading, 0.0, lane="NB1", to_stop_m=1.7)
    comes_y = y - 45 + index
    comes = RoadUser(2, "van", Kind.CAR, 9, (x, comes_y), heading, 10.0, lane="NB1", to_stop_m=y - comes_y - 2.7)
    return WorldFrame(index / 10, (waits, comes), (), {}, {})


def looks(camera: OneCamera, frames: int) -> list[Look]:
    return [camera.look(instant(index), index) for index in range(frames)]


def test_every_nth_frame_is_painted_and_given_to_the_detector() -> None:
    detector = Counts()
    taken = looks(DetectingCamera(mast(every=2), detector, CLOCK), 6)
    assert len(detector.asked) == 3
    assert [len(look.results) for look in taken] == [1, 0, 1, 0, 1, 0]
    assert [look.frame is not None for look in taken] == [True, False] * 3
    assert all(len(look.detector_ns) == len(look.results) for look in taken)
    assert min(mean for _, mean in detector.asked) > 20, "a picture of day, not a blank"


def test_late_frames_come_with_the_time_at_which_they_were_taken() -> None:
    late = mast(faults=[{"kind": "latency", "at_s": 0, "for_s": 0.5, "late_s": 0.3}])
    taken = looks(DetectingCamera(late, Counts(), CLOCK), 7)
    assert [len(look.results) for look in taken] == [0, 0, 0, 1, 1, 4, 1], "those under way arrive when the fault ends"
    assert [result.t_ns for look in taken for result in look.results] == [i * 100_000_000 for i in range(7)]


@pytest.mark.parametrize("truth", [False, True], ids=["painted", "by truth"])
def test_a_dark_picture_is_known_to_be_one_and_lanes_are_unknown(truth: bool) -> None:
    dark = mast(faults=[{"kind": "dark", "at_s": 0, "for_s": 1.0}])
    camera: OneCamera = TruthCamera(dark) if truth else DetectingCamera(dark, Counts(), CLOCK)
    result = looks(camera, 1)[0].results[0]
    assert (result.sight.ok, result.sight.reason) == (False, "dark")
    assert all(lane.presence is None for lane in result.lanes)


def test_by_truth_the_boxes_become_tracks_in_the_right_lane() -> None:
    taken = looks(TruthCamera(mast()), 12)
    assert all(look.frame is None for look in taken), "nothing was painted"
    lane = {lane.lane: lane for lane in taken[-1].results[0].lanes}["NB1"]
    assert (lane.presence, lane.vehicles) == (True, 2)


def test_a_recording_has_a_frame_and_a_truth_for_every_instant(tmp_path: Path) -> None:
    gaps = mast(told=True, every=3, faults=[{"kind": "dropped", "at_s": 0.3, "for_s": 0.4, "amount": 1.0}])
    camera = TruthCamera(gaps, painted=True)
    with Recording(tmp_path / "films", {"mast": gaps.recorder.header}) as recording:
        for index in range(9):
            world = instant(index)
            recording.on_frame(world, (camera.look(world, index),), None)
    assert sorted(path.name for path in (tmp_path / "films").iterdir()) == [
        "mast.mp4",
        "mast.truth.json",
        "mast.truth.jsonl",
    ]
    truth = load_scene_truth(tmp_path / "films" / "mast.truth.jsonl")
    assert [len(frame.users) for frame in truth.frames] == [2] * 9
    video = cv2.VideoCapture(str(tmp_path / "films" / "mast.mp4"))
    assert video.get(cv2.CAP_PROP_FRAME_COUNT) == 9
    video.release()


def test_a_recording_that_fails_leaves_nothing(tmp_path: Path) -> None:
    told = mast(told=True)

    def film() -> None:
        with Recording(tmp_path, {"mast": told.recorder.header}) as recording:
            recording.on_frame(instant(0), (TruthCamera(told).look(instant(0), 0),), None)
            raise RuntimeError

    with pytest.raises(RuntimeError):
        film()
    assert not list(tmp_path.iterdir())


# the page


def read(address: str) -> bytes:
    with urllib.request.urlopen(address, timeout=10) as answer:  # noqa: S310
        body: bytes = answer.read()
        return body


def test_the_page_has_figures_pictures_and_nothing_from_elsewhere() -> None:
    site = site_of(plain_street.scenario(), STREET)
    shown = Shown(("mast",))
    with ShowServer(shown) as server:
        page = read(server.address).decode()
        assert 'of ["mast"]' in page
        assert "http" not in page
        assert json.loads(read(server.address + "figures.json")) == {}
        ShowWatcher(shown, site, "A title").on_frame(instant(3), (), None)
        assert json.loads(read(server.address + "figures.json"))["t_s"] == 0.3
        with pytest.raises(urllib.error.HTTPError, match="404"):
            read(server.address + "camera/../../etc/passwd")
        stream = urllib.request.urlopen(server.address + "camera/mast", timeout=10)  # noqa: S310
        until(lambda: shown.looked_at, "the stream is open")
        shown.put({}, {"mast": np.full((90, 160, 3), 200, np.uint8)})
        assert stream.readline() == b"--frame\r\n"
        assert stream.readline() == b"Content-Type: image/jpeg\r\n"
        length = int(stream.readline().split()[1])
        stream.readline()
        picture = cv2.imdecode(np.frombuffer(stream.read(length), np.uint8), cv2.IMREAD_COLOR)
        assert picture is not None
        assert picture.shape == (90, 160, 3)
    stream.close()


def test_nothing_is_drawn_while_nobody_looks() -> None:
    site = site_of(plain_street.scenario(), STREET)
    shown = Shown(("mast",))
    camera = TruthCamera(mast(), painted=True)
    world = instant(0)
    ShowWatcher(shown, site, "A title").on_frame(world, (camera.look(world, 0),), None)
    assert shown.picture("mast", 0) is None


def test_a_taken_port_is_named() -> None:
    with ShowServer(Shown(())) as server:
        port = int(server.address.rsplit(":", 1)[1].strip("/"))
        with pytest.raises(NetworkError, match=f"port {port} .* is taken"):
            ShowServer(Shown(()), port)
