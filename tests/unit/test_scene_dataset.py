"""Sets of labelled pictures: the layout that trainers read, labels that fit, the same seed the same set."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import cv2
import numpy as np
import pytest

from edge.errors import ConfigError, StorageError
from edge.types import KINDS
from sim_videos.dataset import DatasetOrder, light_of, make_dataset
from sim_videos.render.camera import camera_of
from sim_videos.scenario import CameraSpec, LookSpec, Scenario, load_scenario
from sim_videos.vary import varied
from sim_videos.world import SumoWorld

pytest.importorskip("libsumo")


def order(out: Path, **other: object) -> DatasetOrder:
    """Three pictures of small streets."""
    given = {"scenarios": (load_scenario("pedestrians"),), "out": out, "images": 3, "seed": 4, "split": "train"}
    return DatasetOrder(**(given | other))  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sets") / "set"
    make_dataset(order(out))
    return out


def test_layout_and_labels(made: Path) -> None:
    assert {path.name for path in made.iterdir()} <= {"data.yaml", "ignore.jsonl", "images", "index.csv", "labels"}
    rows = list(csv.DictReader((made / "index.csv").read_text("utf-8").splitlines()))
    assert len(rows) == 3
    boxes = 0
    for row in rows:
        image = cv2.imread(str(made / "images" / "train" / row["image"]))
        assert image is not None
        assert image.std() > 5
        lines = (made / "labels" / "train" / row["image"].replace(".jpg", ".txt")).read_text().splitlines()
        assert len(lines) == int(row["boxes"])
        boxes += len(lines)
        for line in lines:
            kind, x, y, w, h = line.split()
            assert 0 <= int(kind) < len(KINDS)
            assert float(x) - float(w) / 2 + 1e-4 >= 0
            assert float(x) + float(w) / 2 <= 1 + 1e-4
            assert float(y) - float(h) / 2 + 1e-4 >= 0
            assert min(float(w) * image.shape[1], float(h) * image.shape[0]) >= 7 - 0.05
    assert boxes > 5
    names = {Path(row["image"]).stem for row in rows}
    for line in (made / "ignore.jsonl").read_text().splitlines():
        entry = json.loads(line)
        assert entry["image"].removeprefix("train/") in names
        assert all(len(box) == 5 for box in entry["boxes"])


def test_the_same_seed_gives_the_same_labels_and_pictures(made: Path, tmp_path: Path) -> None:
    make_dataset(order(tmp_path / "again"))
    for path in sorted(made.rglob("*.*")):
        assert (tmp_path / "again" / path.relative_to(made)).read_bytes() == path.read_bytes(), path.name


def test_a_folder_with_something_in_it_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(StorageError, match="is there already"):
        make_dataset(order(tmp_path))
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]


def test_an_unknown_split_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="neither train nor val"):
        order(tmp_path, split="test")


@pytest.mark.parametrize(
    ("look", "light"),
    [
        (LookSpec(hour=12), "day"),
        (LookSpec(hour=12, rain=0.5), "day_rain"),
        (LookSpec(hour=19.9), "dusk"),
        (LookSpec(hour=6), "dusk"),
        (LookSpec(hour=22, rain=0.7), "night_rain"),
        (LookSpec(hour=2), "night"),
    ],
)
def test_the_part_of_a_picture_is_its_light(look: LookSpec, light: str) -> None:
    assert light_of(look) == light


def test_variety_is_that_of_the_seed_and_stays_within_what_a_scenario_may_say() -> None:
    base = load_scenario("rush")
    seen: set[tuple[CameraSpec, ...]] = set()
    for seed in range(20):
        one, same = (varied(base, np.random.default_rng(seed), cameras=3) for _ in range(2))
        assert one == same
        assert Scenario.model_validate(one.model_dump()).model_dump() == one.model_dump()  # but for the file it names
        assert all(abs(sum((row.mix or {}).values()) - 1) < 1e-6 for row in one.demand)
        seen.add(one.cameras)
    assert len(seen) == 20


def test_some_cameras_look_down_on_a_lane_that_fills_their_picture() -> None:
    base = load_scenario("quiet")
    with SumoWorld(base, seed=1) as world:
        street = world.street
    steep, others = [], 0
    for seed in range(60):
        for spec in varied(base, np.random.default_rng(seed), cameras=2).cameras:
            try:
                camera = camera_of(spec, street)
            except ConfigError:  # sees no inbound lane: left out of a set
                continue
            if camera.tilt_rad > np.deg2rad(50):
                steep.append(camera)
            else:
                others += 1
    assert 10 <= len(steep) < others / 2
    # A car is 4.5 m long.
    seen_m = [np.ptp(camera.to_ground([(0, camera.size_px[1]), camera.size_px]), axis=0) for camera in steep]
    assert np.median([np.hypot(*each) for each in seen_m]) < 3 * 4.5
