"""Camera health on the demo's film: each fault is told with its word and numbers, and a well camera is left alone."""

from __future__ import annotations

import logging
import math
import re
from collections.abc import Iterable, Sequence
from dataclasses import replace
from functools import cache
from pathlib import Path

import cv2
import numpy as np
import pytest

from calibration.load import load_site
from calibration.site import Homography
from edge.clock import NS_PER_S
from edge.frames import Detections, Frame, ImageBGR
from edge.types import Sight
from edge.vision.health.lens import focal_px
from edge.vision.health.memory import HealthMemory, calibration_key
from edge.vision.health.monitor import Known, SightMonitor
from edge.vision.health.stream import ClockDrift, Lateness, Stream
from edge.vision.pipeline import VisionPipeline
from sim_videos.render.renderer import Renderer
from sim_videos.scenario import LookSpec
from tests import rendered_street
from tests.spoilt import (
    FOCAL_PX,
    Spoil,
    behind_lorry,
    blurred,
    covered,
    dazzled,
    foggy,
    lit,
    shift_of,
    turned,
)

CLIP = Path(__file__).parents[2] / "sim_videos/clips/demo.mp4"
STEP_NS = NS_PER_S // 2
LEARN = 60


@cache
def film() -> tuple[ImageBGR, ...]:
    """90 s of a busy junction, two pictures a second."""
    capture = cv2.VideoCapture(str(CLIP))
    pictures: list[ImageBGR] = []
    while capture.grab():
        if len(pictures) * 5 == round(capture.get(cv2.CAP_PROP_POS_FRAMES)) - 1:
            pictures.append(np.asarray(capture.retrieve()[1], np.uint8))
    return tuple(pictures)


@cache
def looked(look: LookSpec) -> tuple[ImageBGR, ...]:
    """The rendered street in some light, empty, noise anew in each picture."""
    renderer = Renderer(rendered_street.street(), rendered_street.camera((640, 360)), look, seed=3)
    return tuple(renderer.frame(rendered_street.world(t_s=float(t))).image for t in range(6))


def run(monitor: SightMonitor, pictures: Iterable[ImageBGR], start: int = 0) -> list[Sight]:
    return [monitor.update(Frame("north", k, k * STEP_NS, picture)) for k, picture in enumerate(pictures, start)]


def monitor() -> SightMonitor:
    return SightMonitor("north", known=Known(focal_px=FOCAL_PX))


def spoilt(spoil: Spoil, looks: int = 40) -> list[Sight]:
    """What is said from the moment at which the fault begins, after half a minute of health."""
    eyes = monitor()
    before = run(eyes, film()[:LEARN])
    assert all(sight.ok and sight.reason is None for sight in before)
    return run(eyes, (spoil(film()[k % len(film())]) for k in range(LEARN, LEARN + looks)), LEARN)


def first(seen: Sequence[Sight], reason: str, *, ok: bool) -> float:
    """Seconds until it is said so."""
    return next((k * 0.5 for k, sight in enumerate(seen) if (sight.reason, sight.ok) == (reason, ok)), math.inf)


def test_a_busy_junction_is_well_for_the_whole_film() -> None:
    seen = run(monitor(), film())
    assert len(seen) == 180
    assert {(sight.ok, sight.reason) for sight in seen} == {(True, None)}


@pytest.mark.parametrize(
    ("spoil", "reason", "within_s"),
    [
        (blurred(3.0), "blurred", 5.0),
        (covered(0.55), "dirty", 14.0),
        (dazzled(0.5), "dazzled", 3.0),
        (turned(3.0, -1.0), "knocked", 10.0),
    ],
)
def test_a_camera_that_shows_nothing_of_use_is_blind(spoil: Spoil, reason: str, within_s: float) -> None:
    seen = spoilt(spoil)
    assert first(seen, reason, ok=False) <= within_s
    assert re.search(r"\d", seen[-1].detail or "")


@pytest.mark.parametrize(
    ("spoil", "reason"),
    [(blurred(1.7), "blurred"), (foggy(0.4), "low_visibility"), (turned(0.35, 0), "shifted")],
)
def test_a_lesser_fault_is_told_and_does_not_blind(spoil: Spoil, reason: str) -> None:
    seen = spoilt(spoil)
    assert all(sight.ok for sight in seen)
    assert {sight.reason for sight in seen} == {None, reason}


def test_what_hides_a_part_for_minutes_is_dirt() -> None:
    seen = spoilt(covered(0.25), 400)
    assert 180 <= first(seen, "dirty", ok=True) <= 195
    assert all(sight.ok for sight in seen)


@pytest.mark.parametrize("gain", [0.7, 1.25])
def test_a_change_of_light_is_no_fault(gain: float) -> None:
    assert {sight.reason for sight in spoilt(lit(gain))} == {None}


def test_a_lorry_before_the_lens_is_no_cover() -> None:
    assert {sight.reason for sight in spoilt(behind_lorry(0.45))} == {None}


def test_a_mast_that_sways_was_not_knocked() -> None:
    eyes = monitor()
    run(eyes, film()[:LEARN])
    swaying = (turned(0.8 * math.sin(2.4 * k), 0.3 * math.sin(2.4 * k))(p) for k, p in enumerate(film()[LEARN:]))
    assert all(sight.ok for sight in run(eyes, swaying, LEARN))


@pytest.mark.parametrize("turn_deg", [(2.0, 0.0), (-2.0, 1.0), (4.0, -2.0), (0.0, 2.5)])
def test_the_shift_after_a_knock_is_told_within_a_fifth(turn_deg: tuple[float, float]) -> None:
    seen = spoilt(turned(*turn_deg), 24)
    assert first(seen, "knocked", ok=False) <= 10.0
    told = re.match(r"(\d+) px (right|left), (\d+) px (up|down)", seen[-1].detail or "")
    assert told is not None
    right = float(told[1]) * (1 if told[2] == "right" else -1)
    down = float(told[3]) * (1 if told[4] == "down" else -1)
    true = shift_of(*turn_deg)
    assert math.dist((right, down), true) <= 0.2 * math.hypot(*true)


def test_a_camera_put_right_again_is_believed_again() -> None:
    eyes = monitor()
    run(eyes, film()[:LEARN])
    run(eyes, map(turned(3.0, 0.0), film()[LEARN : LEARN + 30]), LEARN)
    after = run(eyes, film()[LEARN + 30 : LEARN + 60], LEARN + 30)
    assert first(after, "knocked", ok=False) == 0.0
    assert (after[-1].ok, after[-1].reason) == (True, None)


@pytest.mark.parametrize(
    "look",
    [
        LookSpec(hour=11),
        LookSpec(hour=20),
        LookSpec(hour=23),
        LookSpec(hour=11, rain=0.8, wet=1),
        LookSpec(hour=8, fog_m=150),
    ],
    ids=["day", "dusk", "night", "rain", "fog"],
)
def test_by_any_light_only_what_is_wrong_is_told(look: LookSpec) -> None:
    pictures = looked(look)

    def from_now_on(spoil: Spoil, eyes: SightMonitor) -> set[str | None]:
        well = run(eyes, (pictures[k % 6] for k in range(LEARN)))
        assert {sight.reason for sight in well} == {None}
        return {sight.reason for sight in run(eyes, (spoil(pictures[k % 6]) for k in range(24)), LEARN)}

    assert "blurred" in from_now_on(blurred(4.0), monitor())
    assert "knocked" in from_now_on(turned(3.0, 0.0), monitor())


# ── what is remembered over a restart ─────────────────────────────────────────────────


def remembered(path: Path, key: int = 7) -> SightMonitor:
    return SightMonitor("north", known=Known(focal_px=FOCAL_PX, memory=HealthMemory(path, key)))


@pytest.fixture
def kept(tmp_path: Path) -> Path:
    path = tmp_path / "state" / "view-north.npz"
    run(remembered(path), film()[:130])
    assert path.exists()
    return path


def test_a_knock_while_nothing_ran_is_noticed(kept: Path) -> None:
    seen = run(remembered(kept), map(turned(3.0, 0.0), film()[130:155]))
    assert first(seen, "knocked", ok=False) <= 10.0


def test_a_new_calibration_learns_the_view_anew(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.WARNING):
        seen = run(remembered(kept, key=8), map(turned(3.0, 0.0), film()[130:155]))
    assert all(sight.ok for sight in seen)
    assert "another calibration" in caplog.text


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_file_is_told_and_learned_anew(
    kept: Path, damage: bytes | None, caplog: pytest.LogCaptureFixture
) -> None:
    kept.write_bytes(kept.read_bytes()[:2000] if damage is None else damage)
    with caplog.at_level(logging.WARNING):
        assert HealthMemory(kept, 7).load() is None
    assert str(kept) in caplog.text


def test_a_file_of_another_version_is_told(kept: Path, caplog: pytest.LogCaptureFixture) -> None:
    with np.load(kept) as file:
        arrays = dict(file)
    np.savez(kept, allow_pickle=False, **{**arrays, "version": np.int64(99)})
    with caplog.at_level(logging.WARNING):
        assert HealthMemory(kept, 7).load() is None
    assert "version 99" in caplog.text


def test_a_folder_that_cannot_be_written_stops_nothing(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "file").write_text("in the way")
    seen = run(remembered(tmp_path / "file" / "view.npz"), film()[:130])
    assert all(sight.ok for sight in seen)
    assert "cannot be written" in caplog.text


def test_the_key_changes_with_the_calibration() -> None:
    camera = load_site("demo").cameras[0]
    pairs = camera.homography.pairs
    moved = pairs[0].model_copy(update={"px": (pairs[0].px[0] + 1, pairs[0].px[1])})
    other = camera.model_copy(update={"homography": Homography(pairs=(moved, *pairs[1:]))})
    assert calibration_key(camera) == calibration_key(load_site("demo").cameras[0]) != calibration_key(other)


def test_the_lens_follows_from_the_calibration() -> None:
    assert focal_px(load_site("demo").cameras[0]) == pytest.approx(FOCAL_PX, rel=0.15)


# ── the stream ────────────────────────────────────────────────────────────────────────


def times(stream: Stream, at_s: Iterable[tuple[float, int, bool]]) -> list[tuple[float | None, float | None]]:
    found = [stream.update(round(t * NS_PER_S), index, repeated=repeated) for t, index, repeated in at_s]
    return [(one.slow, one.lost) for one in found]


def test_a_steady_stream_is_well_and_so_is_one_of_which_every_second_frame_is_left_out() -> None:
    for every in (1, 2, 5):
        steady = times(Stream(), ((k / 10, k, False) for k in range(0, 600, every)))
        slow, lost = steady[-1]
        assert slow == pytest.approx(0.0, abs=0.02)
        assert lost == 0.0


def test_a_camera_that_falls_to_a_third_of_its_rate_is_slow() -> None:
    stream = Stream()
    times(stream, ((k / 15, k, False) for k in range(300)))
    slow = times(stream, ((20 + k / 5, 300 + k, False) for k in range(75)))
    assert slow[-1][0] == pytest.approx(2 / 3, abs=0.05)


def test_four_lost_frames_in_ten_are_counted() -> None:
    rng = np.random.default_rng(1)
    kept_ones = [(k / 10, k, False) for k in range(400) if k < 150 or rng.random() > 0.4]
    assert times(Stream(), kept_ones)[-1][1] == pytest.approx(0.4, abs=0.12)
    again = [(k / 10, k, k > 150 and bool(rng.random() < 0.4)) for k in range(400)]
    assert times(Stream(), again)[-1][1] == pytest.approx(0.4, abs=0.12)


def test_a_camera_that_always_repeats_pictures_is_as_ever() -> None:
    assert times(Stream(), ((k / 30, k, k % 5 == 0) for k in range(900)))[-1][1] == pytest.approx(0.0, abs=0.02)


def test_late_pictures_blind_and_are_told_in_seconds() -> None:
    late_s = 0.0
    now_ns = 0
    eyes = SightMonitor("north", known=Known(now_ns=lambda: now_ns))
    seen = []
    for k, picture in enumerate(film()[:80]):
        late_s = 1.4 if k >= 40 else 0.05
        now_ns = k * STEP_NS + round(late_s * NS_PER_S)
        seen.append(eyes.update(Frame("north", k, k * STEP_NS, picture)))
    assert all(sight.ok for sight in seen[:40])
    assert (seen[-1].reason, seen[-1].ok, seen[-1].detail) == ("late", False, "pictures come 1.4 s late")


def test_one_late_picture_is_not_lateness() -> None:
    late = Lateness()
    values = [late.update(k * STEP_NS // 5, k * STEP_NS // 5 + (NS_PER_S if k == 7 else 0)) for k in range(20)]
    assert max(value for value in values if value is not None) < 0.1


@pytest.mark.parametrize("ppm", [-900.0, 0.0, 60.0, 900.0])
def test_drift_is_told_in_millionths(ppm: float) -> None:
    drift = ClockDrift()
    found = [drift.update(t * NS_PER_S, round(5e12 + t * ppm * 1e3)) for t in range(0, 900, 5)]
    assert found[10] is None
    assert found[-1] == pytest.approx(ppm, abs=5.0)


def test_a_new_stream_begins_its_drift_anew() -> None:
    drift = ClockDrift()
    for t in range(0, 600, 5):
        drift.update(t * NS_PER_S, 5 * 10**12)
    assert drift.update(600 * NS_PER_S, 9 * 10**12) is None


# ── what follows from it ──────────────────────────────────────────────────────────────


@pytest.mark.parametrize("reason", ["knocked", "blurred", "dirty", "dazzled", "late", "slow", "lost_frames"])
def test_lanes_of_a_blind_camera_are_unknown(reason: str) -> None:
    site = load_site("demo")
    vision = VisionPipeline(site, site.cameras[0].id)
    frame = Frame(site.cameras[0].id, 0, 0, film()[0])
    sight = Sight(0, site.cameras[0].id, True)
    assert all(state.presence is False for state in vision.update(frame, Detections.empty(0), sight).lanes)
    blind = vision.update(replace(frame, t_ns=1), Detections.empty(1), replace(sight, t_ns=1, ok=False, reason=reason))
    assert blind.lanes
    assert all((s.presence, s.vehicles, s.queue.vehicles, s.occupancy) == (None,) * 4 for s in blind.lanes)
