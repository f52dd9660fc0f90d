"""A street seen by perfect eyes, replayed and scored: what is right by construction must come out right."""

from __future__ import annotations

import gzip
import json
import shutil
from pathlib import Path

import pytest
from typer.testing import CliRunner

from edge.cli.evaluate import app
from edge.errors import InputError
from edge.replay import files
from edge.replay.evaluate import load_truth
from edge.replay.frame_log import read_frame_log
from sim_videos.detector import Eyesight
from sim_videos.scenario import Scenario, load_scenario
from sim_videos.score import SceneScore, score_replay
from sim_videos.truth import read_frames
from tests.scene_replay import SceneReplay, replay_scene

pytest.importorskip("sumo")
pytest.importorskip("trackeval")

SHORT = {"duration_s": 25.0, "warm_up_s": 45.0}


def short(**other: object) -> Scenario:
    plan = load_scenario("demo")
    return Scenario.model_validate({**plan.model_dump(), **SHORT, "cyclists_per_h": {}, **other})


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> SceneReplay:
    return replay_scene(short(), "north-mast", tmp_path_factory.mktemp("scene"))


@pytest.fixture(scope="module")
def score(replay: SceneReplay) -> SceneScore:
    return score_replay(replay.folder, replay.truth)


def test_perfect_eyes_find_and_follow_nearly_everybody(score: SceneScore) -> None:
    assert score.frames == round(SHORT["duration_s"] * short().fps)
    assert score.detection is not None
    assert score.detection.overall.ap50 == pytest.approx(1.0)
    assert score.detection.overall.labels > 1000
    assert score.tracking is not None
    assert score.tracking.deta > 0.97
    assert score.tracking.hota > 0.85


def test_perfect_eyes_count_everybody(score: SceneScore) -> None:
    """Not 1.000: ours passes a gate with the foot of its box, the truth with the middle of its front, so that a
    crossing may fall into another segment of the effectiveness. Every one has its pair within 1.5 s."""
    assert sum(row.truth for row in score.counts_any.directions.values()) >= 5
    for name, row in score.counts_any.directions.items():
        assert row.error == 0, name
        assert row.matched == row.truth, name
    assert score.counts_any.effectiveness is not None
    assert score.counts_any.effectiveness > 0.93


def test_places_speeds_and_queues_lie_near(score: SceneScore) -> None:
    assert score.places is not None
    assert score.places.footprint_m.median is not None
    assert score.places.footprint_m.median < 0.5
    assert score.places.middle_m.median is not None
    assert 0.5 < score.places.middle_m.median < 3.5
    assert score.places.speed_share.median is not None
    assert score.places.speed_share.median < 0.1
    assert score.queues is not None
    assert score.queues.error_vehicles.values > 10
    assert score.queues.error_vehicles.median is not None
    assert score.queues.error_vehicles.median <= 1.0


def test_a_quiet_street_has_no_false_incident(score: SceneScore) -> None:
    assert score.incidents is not None
    assert (score.incidents.noticed, score.incidents.false_reports) == ((), 0)
    assert score.camera_faults.noticed == ()


def test_the_hand_count_says_the_same(replay: SceneReplay, score: SceneScore) -> None:
    count = load_truth(replay.truth.with_name("scene.truth.json"))
    assert count.counts is not None
    for name, row in score.counts.directions.items():
        assert count.counts[name] == row.truth


def test_the_same_seed_gives_the_same_bytes(tmp_path: Path) -> None:
    runs = []
    for name, seed in (("one", 5), ("two", 5), ("other", 99)):
        (tmp_path / name).mkdir()
        runs.append(replay_scene(short(seed=seed, duration_s=5.0, warm_up_s=20.0), "north-mast", tmp_path / name))
    one, two, other = runs
    assert one.truth.read_bytes() == two.truth.read_bytes()
    for name in (files.EVENTS, files.FRAMES, files.CROSSINGS):
        assert (one.folder / name).read_bytes() == (two.folder / name).read_bytes(), name
    assert list(read_frames(one.truth)) != list(read_frames(other.truth))


def test_worse_eyes_score_worse(score: SceneScore, tmp_path: Path) -> None:
    poor = Eyesight(miss=0.3, jitter_px=3.0, false_per_frame=1.0)
    spoilt = replay_scene(short(duration_s=6.0), "north-mast", tmp_path, poor)
    worse = score_replay(spoilt.folder, spoilt.truth)
    assert worse.detection is not None
    assert worse.detection.overall.ap50 is not None
    assert worse.detection.overall.ap50 < 0.85
    assert worse.tracking is not None
    assert score.tracking is not None
    assert worse.tracking.hota < score.tracking.hota


def test_the_command_prints_tables_and_json(replay: SceneReplay, score: SceneScore) -> None:
    told = CliRunner().invoke(app, [str(replay.folder), "--truth", str(replay.truth)])
    assert told.exit_code == 0, told.output
    for word in ("NBT", "effectiveness", "AP50", "HOTA", "IDF1", "footprint", "queue", "incidents"):
        assert word in told.output
    printed = CliRunner().invoke(app, [str(replay.folder), "--truth", str(replay.truth), "--json"])
    assert json.loads(printed.output) == json.loads(json.dumps(score.to_json()))


def test_without_kept_tracks_only_counts_are_measured(replay: SceneReplay, score: SceneScore, tmp_path: Path) -> None:
    folder = tmp_path / "replay"
    shutil.copytree(replay.folder, folder)
    (folder / files.FRAMES).unlink()
    less = score_replay(folder, replay.truth)
    assert less.counts_any == score.counts_any
    assert (less.detection, less.tracking, less.places, less.queues) == (None, None, None, None)
    told = CliRunner().invoke(app, [str(folder), "--truth", str(replay.truth)])
    assert "--keep-tracks" in told.output


def test_the_truth_of_another_video_is_told(replay: SceneReplay, tmp_path: Path) -> None:
    """The hand count beside the truth knows the video's hash; the same site may have been filmed twice."""
    folder, truth = tmp_path / "replay", tmp_path / "other.truth.jsonl"
    shutil.copytree(replay.folder, folder)
    events = (folder / files.EVENTS).read_text().splitlines(keepends=True)
    events[0] = json.dumps({**json.loads(events[0]), "video_sha256": "a" * 64}) + "\n"
    (folder / files.EVENTS).write_text("".join(events))
    shutil.copy(replay.truth, truth)
    count = json.loads(replay.truth.with_name("scene.truth.json").read_text())
    for sha256, told in (("a" * 64, False), ("b" * 64, True)):
        truth.with_name("other.truth.json").write_text(json.dumps({**count, "sha256": sha256}))
        warnings = score_replay(folder, truth).counts_any.warnings
        assert any("another file" in warning for warning in warnings) == told


def test_a_log_that_was_cut_off_is_read_to_the_cut(replay: SceneReplay, tmp_path: Path) -> None:
    whole = (replay.folder / files.FRAMES).read_bytes()
    cut = tmp_path / files.FRAMES
    cut.write_bytes(whole[: len(whole) // 2])
    assert 0 < len(list(read_frame_log(cut))) < len(list(read_frame_log(replay.folder / files.FRAMES)))


def test_damage_and_the_wrong_scene_are_named(replay: SceneReplay, tmp_path: Path) -> None:
    folder = tmp_path / "replay"
    shutil.copytree(replay.folder, folder)
    (folder / files.FRAMES).write_bytes(b"no gzip at all")
    with pytest.raises(InputError, match=r"frames\.jsonl\.gz: .*--keep-tracks"):
        score_replay(folder, replay.truth)
    (folder / files.FRAMES).write_bytes(gzip.compress(b'{"index":0}\n'))
    with pytest.raises(InputError, match=r"frames\.jsonl\.gz: line 1: t_ns"):
        score_replay(folder, replay.truth)
    text = replay.truth.read_text()
    wrong = tmp_path / "x.truth.jsonl"
    wrong.write_text(text.replace('"id":"north-mast"', '"id":"south-mast"', 1))
    with pytest.raises(InputError, match="truth of camera 'south-mast', the replay is of 'north-mast'"):
        score_replay(replay.folder, wrong)
    wrong.write_text(text.replace('"NBL":{"kinds"', '"SBU":{"kinds"', 1))
    with pytest.raises(InputError, match="counts SBU, which site demo does not"):
        score_replay(replay.folder, wrong)
