"""The committed demo clip, its truth, its counts and its site agree with each other and with the code."""

from __future__ import annotations

import hashlib
import json
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest
from typer.testing import CliRunner

from calibration.geometry import GroundPlane
from calibration.load import load_site
from edge.types import Interval, Kind
from sim_videos import DEMO_CLIP, DEMO_COUNT, DEMO_TRUTH
from sim_videos.old.camera import DEMO_CAMERA
from sim_videos.old.draw import Painter
from sim_videos.old.lamps import FixedLamps
from sim_videos.old.scene import DEMO_SEED, FRAMES, app, header, play
from sim_videos.old.site import demo_site, site_toml
from sim_videos.old.truth import SceneTruth, line_of, load_scene_truth

SITE = Path(__file__).parents[2] / "calibration" / "sites" / "demo.toml"


@pytest.fixture(scope="module")
def truth() -> SceneTruth:
    return load_scene_truth(DEMO_TRUTH)


def test_the_first_seconds_come_out_the_same_again() -> None:
    committed = DEMO_TRUTH.read_text(encoding="utf-8").splitlines()
    assert committed[0] == line_of(header(DEMO_SEED))
    for (frame, _, _), line in zip(play(DEMO_SEED, 150), committed[1:], strict=False):
        assert line_of(frame) == line


def test_the_clip_is_the_one_counted_and_opencv_reads_every_frame_of_it() -> None:
    counted = json.loads(DEMO_COUNT.read_text(encoding="utf-8"))
    assert hashlib.sha256(DEMO_CLIP.read_bytes()).hexdigest() == counted["sha256"]
    assert DEMO_CLIP.stat().st_size <= 2_500_000
    video = cv2.VideoCapture(str(DEMO_CLIP))
    assert video.get(cv2.CAP_PROP_FPS) == counted["fps"] == 12.5
    frames = 0
    while video.grab():
        assert video.get(cv2.CAP_PROP_POS_MSEC) == pytest.approx(frames * 80.0)
        frames += 1
    assert frames == counted["frames"] == FRAMES


def test_the_picture_shows_what_is_painted_now() -> None:
    video = cv2.VideoCapture(str(DEMO_CLIP))
    ok, shown = video.read()
    assert ok
    _, users, world = next(play(DEMO_SEED, 1))
    painter = Painter(DEMO_CAMERA)
    painted = painter.frame(0.0, users, world.lamps)
    assert painted.shape == shown.shape == (360, 640, 3)
    assert float(np.abs(painted.astype(int) - shown.astype(int)).mean()) < 4.0
    # The truth's boxes lie on something that the empty junction does not have.
    empty = painter.frame(0.0, [], world.lamps)
    changed = np.abs(painted.astype(int) - empty.astype(int)).max(axis=2) > 12
    for user in load_scene_truth(DEMO_TRUTH).frames[0].users:
        if user.visible > 0.6:
            inside = changed[int(user.y1_px) : int(user.y2_px) + 1, int(user.x1_px) : int(user.x2_px) + 1]
            assert inside.mean() > 0.4, f"road user {user.id} is not where the truth has it"


def test_counts_equal_what_the_positions_of_each_frame_say(truth: SceneTruth) -> None:
    # Worked out anew, from the site's gates in pixels and each road user's place in metres.
    site = load_site(SITE)
    plane = GroundPlane.fit(site.cameras[0].homography)
    counts: Counter[str] = Counter()
    way: dict[int, list[tuple[float, float]]] = {}
    kinds: dict[int, Kind] = {}
    for frame in truth.frames:
        for user in frame.users:
            way.setdefault(user.id, []).append((user.x_m, user.y_m))
            kinds[user.id] = user.kind
    for movement in site.movements:
        for user_id, places in way.items():
            if kinds[user_id] not in movement.kinds:
                continue
            times = []
            for gate in (movement.entry, movement.exit):
                (ax, ay), (bx, by) = plane.to_m(gate.line_px).tolist()
                assert gate.toward_px is not None
                tx, ty = plane.to_m([gate.toward_px])[0].tolist()
                frame_m = np.array(((bx - ax, ay - by), (by - ay, bx - ax)))
                own = np.linalg.solve(frame_m, (np.array(places) - (ax, ay)).T).T
                side = np.sign(np.linalg.solve(frame_m, (tx - ax, ty - ay))[1])
                own[:, 1] *= side
                passed = [i for i, (p, q) in enumerate(pairwise(own)) if p[1] < 0 <= q[1] and -0.01 < q[0] < 1.01]
                times.append(passed[0] if passed else None)
            counts[movement.id] += times[0] is not None and times[1] is not None and times[0] < times[1]
    counted = json.loads(DEMO_COUNT.read_text(encoding="utf-8"))
    assert {name: counts[name] for name in counted["counts"]} == counted["counts"]


def test_hand_count_and_frames_tell_the_same(truth: SceneTruth) -> None:
    counted = json.loads(DEMO_COUNT.read_text(encoding="utf-8"))
    crossings = [(f.frame, c.movement, c.kind.value) for f in truth.frames for c in f.crossings]
    assert crossings == [(c["frame"], c["direction"], c["kind"]) for c in counted["crossings"]]
    assert Counter(name for _, name, _ in crossings) == Counter(counted["counts"])
    assert len({(c.id, c.movement) for f in truth.frames for c in f.crossings}) == len(crossings)
    assert {m.direction for m in load_site(SITE).movements} == set(counted["counts"])
    assert min(counted["counts"].values()) >= 1


def test_queues_of_four_stand_through_red_and_leave_on_green(truth: SceneTruth) -> None:
    for lane, phase in (("NBT1", 2), ("NBTR", 2), ("NBL", 5)):
        longest = max(f.queues[lane].vehicles for f in truth.frames if f.signal[phase] is Interval.RED)
        assert longest >= 4, lane
    emptied = [f for f in truth.frames if f.signal[2] is Interval.GREEN and f.queues["NBT1"].vehicles == 0]
    assert emptied


def test_signals_of_the_truth_are_those_of_the_sites_plan(truth: SceneTruth) -> None:
    site = load_site(SITE)
    assert site.signal is not None
    assert site.plan is not None
    lamps = FixedLamps(site.signal, site.plan)
    assert all(frame.signal == lamps.intervals(frame.t_s) for frame in truth.frames)


def test_the_site_is_the_scene_and_its_ground_plane_fits() -> None:
    assert SITE.read_text(encoding="utf-8") == site_toml(demo_site())
    site = load_site(SITE)
    assert site == demo_site()
    plane = GroundPlane.fit(site.cameras[0].homography)
    assert plane.worst_error_m < 0.05
    places = [(1.85, -20.0), (8.45, -70.0), (-5.0, 12.0)]
    assert plane.to_px(places) == pytest.approx(DEMO_CAMERA.ground_to_px(places), abs=0.2)


@pytest.mark.parametrize("with_ffmpeg", [True, False])
def test_the_command_writes_a_clip_whose_truth_fits_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, with_ffmpeg: bool
) -> None:
    if not with_ffmpeg:
        monkeypatch.setenv("PATH", str(tmp_path))
    result = CliRunner().invoke(app, ["demo", "-o", str(tmp_path), "--seconds", "1.2", "--seed", "8"])
    assert result.exit_code == 0, result.output
    assert {path.name for path in tmp_path.iterdir()} == {"demo.mp4", "demo.truth.jsonl", "demo.truth.json"}
    made = load_scene_truth(tmp_path / "demo.truth.jsonl")
    assert (made.header.seed, made.header.frames) == (8, 15)
    video = cv2.VideoCapture(str(tmp_path / "demo.mp4"))
    assert sum(1 for _ in iter(video.grab, False)) == 15
