"""The committed clips, their truth, counts and sites agree with each other and with the scenarios they are of."""

from __future__ import annotations

import hashlib
import json
import tempfile
from collections import Counter
from itertools import pairwise
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.geometry import GroundPlane
from calibration.load import load_site
from edge.types import Interval, Kind
from sim_videos import DEMO_CLIP, DEMO_COUNT, DEMO_TRUTH
from sim_videos.plan_lamps import PlanLamps, seconds_ns
from sim_videos.scenario import load_scenario
from sim_videos.truth import SceneTruth, line_of, load_scene_truth

SITE = Path(__file__).parents[2] / "calibration" / "sites" / "demo.toml"
CLIPS = sorted(DEMO_CLIP.parent.glob("*.mp4"))


@pytest.fixture(scope="module")
def truth() -> SceneTruth:
    return load_scene_truth(DEMO_TRUTH)


def test_the_first_seconds_come_out_the_same_again() -> None:
    pytest.importorskip("libsumo")
    from sim_videos.render.camera import camera_of
    from sim_videos.render.renderer import Renderer
    from sim_videos.site import site_of
    from sim_videos.truth import TruthRecorder
    from sim_videos.world import SumoWorld

    scenario = load_scenario("demo")
    (spec,) = scenario.cameras
    committed = DEMO_TRUTH.read_text(encoding="utf-8").splitlines()
    with SumoWorld(scenario) as world:
        lamps = PlanLamps(world.street.signal, world.street.plan)
        recorder = TruthRecorder(scenario, world.street, spec, site_of(scenario, world.street))
        renderer = Renderer(world.street, camera_of(spec, world.street), scenario.look, seed=scenario.seed)
        assert committed[0] == line_of(recorder.header)
        world.warm_up(lamps)
        for number in range(60):
            shown = world.step(*lamps(seconds_ns(number / scenario.fps)))
            assert line_of(recorder.frame(shown, renderer.seen(shown))) == committed[1 + number]


def test_the_site_is_that_of_the_scenario_and_its_ground_plane_fits() -> None:
    pytest.importorskip("libsumo")
    from sim_videos.render.camera import camera_of
    from sim_videos.site import site_of
    from sim_videos.site_toml import site_toml
    from sim_videos.world import build_street

    scenario = load_scenario("demo")
    with tempfile.TemporaryDirectory() as work:
        street = build_street(scenario, Path(work))
    assert SITE.read_text(encoding="utf-8") == site_toml(site_of(scenario, street))
    plane = GroundPlane.fit(load_site(SITE).cameras[0].homography)
    assert plane.worst_error_m < 0.05
    places = [(3.0, -15.0), (6.0, -45.0), (0.0, 0.0)]
    assert plane.to_px(places) == pytest.approx(camera_of(scenario.cameras[0], street).ground_to_px(places), abs=0.2)


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.stem)
def test_a_clip_is_the_one_counted_and_opencv_reads_every_frame_of_it(clip: Path) -> None:
    counted = json.loads(clip.with_suffix(".truth.json").read_text(encoding="utf-8"))
    scene = load_scene_truth(clip.with_suffix(".truth.jsonl"))
    assert hashlib.sha256(clip.read_bytes()).hexdigest() == counted["sha256"]
    video = cv2.VideoCapture(str(clip))
    assert video.get(cv2.CAP_PROP_FPS) == counted["fps"] == scene.header.fps
    frames = 0
    while video.grab():
        assert video.get(cv2.CAP_PROP_POS_MSEC) == pytest.approx(frames * 1000.0 / counted["fps"], abs=0.5)
        frames += 1
    assert frames == counted["frames"] == len(scene.frames)
    crossings = [(f.frame, c.movement, c.kind.value) for f in scene.frames for c in f.crossings]
    assert crossings == [(c["frame"], c["direction"], c["kind"]) for c in counted["crossings"]]
    made = Counter(name for _, name, _ in crossings)
    assert {name: made[name] for name in counted["counts"]} == counted["counts"]
    assert made.keys() <= counted["counts"].keys()


def test_all_clips_together_are_small() -> None:
    assert len(CLIPS) >= 3
    assert sum(path.stat().st_size for path in DEMO_CLIP.parent.iterdir()) <= 6_000_000


def test_road_users_are_where_the_truth_has_them(truth: SceneTruth) -> None:
    # What moves differs from the middle of all frames; what the truth's boxes hold must.
    video = cv2.VideoCapture(str(DEMO_CLIP))
    pictures = {}
    for frame in truth.frames:
        ok = video.grab()
        assert ok
        if frame.frame % 75 == 0:
            pictures[frame.frame] = video.retrieve()[1]
    usual = np.median(np.stack(list(pictures.values())), axis=0)
    looked = 0
    for number, picture in pictures.items():
        changed = np.abs(picture.astype(float) - usual).max(axis=2) > 18
        for user in truth.frames[number].users:
            wide, high = user.x2_px - user.x1_px, user.y2_px - user.y1_px
            if user.visible > 0.8 and user.speed_mps > 4 and wide > 20 and high > 20:
                inside = changed[int(user.y1_px) : int(user.y2_px) + 1, int(user.x1_px) : int(user.x2_px) + 1]
                looked += 1
                assert inside.mean() > 0.25, f"road user {user.id} is not where frame {number} of the truth has it"
    assert looked >= 5


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


def test_the_demo_has_something_to_count_and_queues_that_come_and_go(truth: SceneTruth) -> None:
    counted = json.loads(DEMO_COUNT.read_text(encoding="utf-8"))
    assert sum(counted["counts"].values()) >= 25
    assert all(counted["counts"][movement] >= 1 for movement in ("NBL", "NBT", "NBR"))
    assert {m.direction for m in load_site(SITE).movements} == set(counted["counts"])
    longest = max(f.queues[lane].vehicles for f in truth.frames for lane in f.queues if f.signal[2] is Interval.RED)
    assert longest >= 3
    assert any(f.signal[2] is Interval.GREEN and f.queues["NB2"].vehicles == 0 for f in truth.frames)


@pytest.mark.parametrize("clip", CLIPS, ids=lambda clip: clip.stem)
def test_signals_of_the_truth_follow_one_another(clip: Path) -> None:
    after = {
        Interval.GREEN: Interval.YELLOW,
        Interval.YELLOW: Interval.RED_CLEARANCE,
        Interval.RED_CLEARANCE: Interval.RED,
        Interval.RED: Interval.GREEN,
    }
    for before, now in pairwise(load_scene_truth(clip.with_suffix(".truth.jsonl")).frames):
        for phase, shows in now.signal.items():
            assert shows in {before.signal[phase], after[before.signal[phase]]}
