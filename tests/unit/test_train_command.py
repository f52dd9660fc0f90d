"""`python -m models.train` with what cannot be trained from: told at once, before the teacher looks at any picture."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest

torch = pytest.importorskip("torch")

from edge.vision.average_precision import Judged, average_precision  # noqa: E402
from models.registry import Registry  # noqa: E402
from models.train.check import ap50  # noqa: E402
from models.train.fit import Recipe, Run  # noqa: E402
from models.train.network import Nano  # noqa: E402

Train = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def train(tmp_path: Path) -> Train:
    """Runs the command on a data set of one picture to train and one to measure, out to tmp_path/out."""
    data = tmp_path / "data"
    for split in ("train", "val"):
        for kind in ("images", "labels"):
            (data / kind / split).mkdir(parents=True)
        cv2.imwrite(str(data / "images" / split / "a.jpg"), np.full((48, 64, 3), 90, np.uint8))
        (data / "labels" / split / "a.txt").write_text("0 0.5 0.5 0.25 0.5\n", encoding="utf-8")
    (data / "index.csv").write_text("split,image,part\ntrain,a.jpg,l2\nval,a.jpg,l2\n", encoding="utf-8")

    def run(origin: Path, *options: str) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "models.train", "--data", str(data), "--out", str(tmp_path / "out")]
        return subprocess.run(
            [*command, "--origin", str(origin), *options], capture_output=True, text=True, check=False
        )

    return run


def centernet() -> Path:
    here = Registry.open()
    if "centernet" not in {spec.name for spec in here.available()}:
        pytest.skip("the model is not here: run `stopline models pull centernet`")
    return here.path_of("centernet")


@pytest.mark.parametrize("origin", ["absent", "garbage", "folder"])
def test_an_origin_that_is_none_is_named(train: Train, tmp_path: Path, origin: str) -> None:
    path = tmp_path / origin
    if origin == "garbage":
        path.write_bytes(b"this is no network at all")
    elif origin == "folder":
        path.mkdir()
    done = train(path)
    assert done.returncode == 79
    assert done.stderr == f"models.train: {path}: cannot be read as ONNX; run `stopline models pull centernet`\n"
    assert not (tmp_path / "out").exists()


@pytest.mark.model
def test_checkpoints_and_folders_are_looked_at_before_the_teacher(train: Train, tmp_path: Path) -> None:
    garbage, out = tmp_path / "garbage.pt", tmp_path / "out"
    garbage.write_bytes(b"this is no checkpoint")
    last = out / "last.pt"

    begun = train(centernet(), "--begin", str(garbage))
    assert (begun.returncode, begun.stderr) == (
        65,
        f"models.train: {garbage}: is no checkpoint of models.train\n",
    )
    resumed = train(centernet(), "--resume")
    assert (resumed.returncode, resumed.stderr) == (
        65,
        f"models.train: {last}: there is no such checkpoint; train first\n",
    )
    assert not out.exists()

    out.mkdir()
    run = Run.start(Nano(6), Recipe())
    run.step = 9
    run.save(last, Recipe())
    past = train(centernet(), "--resume", "--steps", "8")
    assert (past.returncode, past.stderr) == (
        65,
        f"models.train: {last}: is at step 9, past --steps 8; give more\n",
    )
    other = train(centernet(), "--resume", "--frozen", "3")
    assert other.returncode == 65
    assert "is of another network or recipe" in other.stderr
    assert not (out / "teacher.npz").exists()


@pytest.mark.model
def test_a_folder_that_cannot_be_written_is_a_fault_of_storage(train: Train, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file in the way", encoding="utf-8")
    done = train(centernet())
    assert done.returncode == 74
    assert done.stderr == f"models.train: {tmp_path / 'out'}: File exists; give --out a folder that can be written\n"


def test_the_guide_while_training_is_the_figure_of_the_benchmark() -> None:
    rng = np.random.default_rng(7)
    pictures = []
    for _ in range(12):
        corner, side = rng.uniform(0, 80, (6, 2)), rng.uniform(5, 30, (6, 2))
        labels = np.concatenate((corner, corner + side), 1).astype(np.float32)
        found = (np.repeat(labels, 2, 0) + rng.normal(0, 3, (12, 4))).astype(np.float32)
        scores = (rng.permutation(12) / 12 + rng.uniform(0, 0.01)).astype(np.float32)
        pictures.append((found, scores, labels))
    told = average_precision(Judged(*one) for one in pictures).ap
    assert told is not None
    assert 0.1 < told < 0.9
    assert ap50(pictures) == pytest.approx(told)
