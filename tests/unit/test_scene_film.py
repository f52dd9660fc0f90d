"""Films of scenarios: what is written, that it belongs together, and that nothing half done is left."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import pytest

from calibration.load import load_site
from edge.errors import ConfigError, StorageError
from sim_videos.clip import ClipWriter
from sim_videos.film import FilmOrder, film, written_whole
from sim_videos.scenario import Scenario, load_scenario
from sim_videos.truth import load_scene_truth

pytest.importorskip("libsumo")

ENDINGS = (".mp4", ".toml", ".truth.json", ".truth.jsonl")


@pytest.fixture(scope="module")
def scenario() -> Scenario:
    """A quiet crossing, seen small from two masts."""
    quiet = load_scenario("quiet")
    cameras = tuple(camera.model_copy(update={"size_px": (352, 198)}) for camera in quiet.cameras[:2])
    return quiet.model_copy(update={"cameras": cameras, "warm_up_s": 20.0})


@pytest.fixture(scope="module")
def films(scenario: Scenario, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("films")
    film(FilmOrder(scenario, out, seconds=1.5))
    return out


def test_each_camera_has_video_truth_count_and_site(films: Path, scenario: Scenario) -> None:
    names = [f"quiet.{camera.id}{ending}" for camera in scenario.cameras for ending in ENDINGS]
    assert sorted(path.name for path in films.iterdir()) == sorted(names)
    for camera in scenario.cameras:
        truth = load_scene_truth(films / f"quiet.{camera.id}.truth.jsonl")
        assert (truth.header.camera.id, truth.header.seed, len(truth.frames)) == (camera.id, scenario.seed, 15)
        video = cv2.VideoCapture(str(films / f"quiet.{camera.id}.mp4"))
        assert sum(1 for _ in iter(video.grab, False)) == 15
        site = load_site(str(films / f"quiet.{camera.id}.toml"))
        assert {m.id for m in site.movements if m.camera == camera.id} == set(truth.header.movements)
        count = json.loads((films / f"quiet.{camera.id}.truth.json").read_text())
        assert count["frames"] == 15
        assert set(count["counts"]) == set(truth.header.movements)


def test_the_same_seed_gives_the_same_truth_and_another_another(
    films: Path, scenario: Scenario, tmp_path: Path
) -> None:
    camera = scenario.cameras[1].id
    (again,) = film(FilmOrder(scenario, tmp_path / "again", (camera,), seconds=1.5))
    assert again.truth.read_bytes() == (films / f"quiet.{camera}.truth.jsonl").read_bytes()
    (other,) = film(FilmOrder(scenario, tmp_path / "other", (camera,), seed=99, seconds=1.5))
    assert other.truth.read_bytes() != again.truth.read_bytes()


def test_a_film_that_breaks_off_leaves_nothing(scenario: Scenario, tmp_path: Path) -> None:
    def stop(frames: int) -> None:
        if frames == 4:
            raise KeyboardInterrupt

    out = tmp_path / "films"
    with pytest.raises(KeyboardInterrupt):
        film(FilmOrder(scenario, out, seconds=1.5), stop)
    assert list(out.iterdir()) == []


def test_a_camera_that_is_not_there(scenario: Scenario, tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="there is no camera 'roof', only north-mast, south-mast"):
        film(FilmOrder(scenario, tmp_path / "films", ("roof",)))


def test_files_that_are_there_stay_until_the_new_ones_are_whole(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_text("old")

    def breaks_off() -> None:
        with written_whole(tmp_path) as part:
            (part / "a.txt").write_text("half")
            raise ValueError("broke")

    with pytest.raises(ValueError, match="broke"):
        breaks_off()
    assert (tmp_path / "a.txt").read_text() == "old"
    with written_whole(tmp_path) as part:
        (part / "a.txt").write_text("new")
        assert (tmp_path / "a.txt").read_text() == "old"
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("a.txt", "new")]


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file: .*choose a folder"), written_whole(tmp_path / "file"):
        pass


def test_a_video_that_cannot_be_written_is_refused(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match="gone"), ClipWriter(tmp_path / "gone" / "a.mp4", (64, 48), 10.0):
        pass
