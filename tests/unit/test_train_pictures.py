"""What stopline-nano is trained on: which pictures, what may be learnt from them, what the network should answer."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from edge.errors import InputError
from models.train.augment import Sample, sample
from models.train.pictures import ALL, Labelled, Part, also_doubtful, read_folder
from models.train.targets import target

HEADER = "split,image,part,camera,light\n"


@pytest.fixture
def folder(tmp_path: Path) -> Callable[..., Path]:
    """Writes a data set of one grey picture, 64 × 48."""

    def write(part: str = "l2", name: str = "a.jpg", label: str = "0 0.5 0.5 0.25 0.5\n", camera: str = "") -> Path:
        for kind in ("images", "labels"):
            (tmp_path / kind / "train").mkdir(parents=True, exist_ok=True)
        cv2.imwrite(str(tmp_path / "images" / "train" / name), np.full((48, 64, 3), 90, np.uint8))
        (tmp_path / "labels" / "train" / Path(name).with_suffix(".txt")).write_text(label, encoding="utf-8")
        (tmp_path / "index.csv").write_text(f"{HEADER}train,{name},{part},{camera},day\n", encoding="utf-8")
        return tmp_path

    return write


def test_labels_are_corners_as_shares(folder: Callable[..., Path]) -> None:
    (one,) = read_folder(folder())
    np.testing.assert_allclose(one.boxes, [[0, 0.375, 0.25, 0.625, 0.75]])
    assert one.light == "day"
    assert one.picture().shape == (48, 64, 3)


def test_rendered_parts_are_one_part(folder: Callable[..., Path]) -> None:
    (one,) = read_folder(folder("rendered_night_rain"))
    assert one.part.complete


def test_doubtful_rights_stay_out(folder: Callable[..., Path]) -> None:
    with pytest.raises(InputError, match="no picture of split train"):
        read_folder(folder("h4"))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"camera": "09747"}, "of a test camera"),
        ({"name": "tfl_625_0001.jpg"}, "of a test camera"),
        ({"label": "0 0.5 0.5 0.25\n"}, r"a\.txt: a line is not 'class cx cy w h'"),
        ({"label": "6 0.5 0.5 0.25 0.5\n"}, r"a\.txt: a class is not one of 0 to 5"),
        ({"label": "0 0.5 0.5 nan 0.5\n"}, r"a\.txt: a class is not one of 0 to 5"),
    ],
)
def test_what_must_not_be_trained_on_is_refused(
    folder: Callable[..., Path], changes: dict[str, str], words: str
) -> None:
    with pytest.raises(InputError, match=words):
        read_folder(folder(**changes))


def test_missing_and_damaged_files_are_named(folder: Callable[..., Path]) -> None:
    place = folder()
    (place / "ignore.jsonl").write_text('{"image": "train/a"}\n', encoding="utf-8")
    with pytest.raises(InputError, match=r"ignore\.jsonl, line 1"):
        read_folder(place)
    (place / "ignore.jsonl").unlink()
    (place / "images" / "train" / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(InputError, match=r"a\.jpg: is no picture"):
        read_folder(place)[0].picture()
    (place / "images" / "train" / "a.jpg").unlink()
    with pytest.raises(InputError, match=r"a\.jpg: is not there"):
        read_folder(place)
    (place / "index.csv").write_text("split,image\ntrain,a.jpg\n", encoding="utf-8")
    with pytest.raises(InputError, match="needs the columns"):
        read_folder(place)
    with pytest.raises(InputError, match=r"index\.csv"):
        read_folder(place / "absent")


def test_regions_to_skip_are_read(folder: Callable[..., Path]) -> None:
    place = folder()
    row = {"image": "train/a", "boxes": [[0, 0.5, 0.5, 0.2, 0.4]]}
    (place / "ignore.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    np.testing.assert_allclose(read_folder(place)[0].doubtful, [[0.4, 0.3, 0.6, 0.7]], atol=1e-6)


def test_what_the_teacher_saw_and_nobody_drew_is_doubtful(folder: Callable[..., Path]) -> None:
    (one,) = read_folder(folder())
    seen = np.array([[0.37, 0.25, 0.62, 0.75, 0.9, 0], [0.8, 0.8, 0.9, 0.9, 0.9, 1]], np.float32)
    (taught,) = also_doubtful([one], {"a": seen})
    np.testing.assert_allclose(taught.doubtful, [[0.8, 0.8, 0.9, 0.9]])
    (rendered,) = read_folder(folder("rendered"))
    assert len(also_doubtful([rendered], {"a": seen})[0].doubtful) == 0


def one_sample(boxes: list[tuple[float, ...]], labelled: frozenset[int] = ALL, certain: float = 1.0) -> Sample:
    weight = np.array([certain if label in labelled else 0.0 for label in range(6)], np.float32)
    return Sample(
        np.zeros((64, 64, 3), np.uint8),
        np.array(boxes, np.float32).reshape(-1, 5),
        np.zeros((0, 4), np.float32),
        np.broadcast_to(weight[:, None, None], (6, 16, 16)),
    )


def test_a_centre_is_one_and_its_box_is_learnt_there() -> None:
    goal = target(one_sample([(2, 16, 8, 48, 40)]))
    assert goal.heat[2, 6, 8] == 1
    assert (goal.heat == 1).sum() == 1
    np.testing.assert_array_equal(goal.box[:, 6, 8], [16, 8, 48, 40])
    assert goal.box_weight[6, 8] == goal.box_weight.max() > 0


def test_a_class_that_is_not_labelled_is_no_background() -> None:
    goal = target(one_sample([(0, 0, 0, 16, 16)], labelled=frozenset({0, 1}), certain=0.5))
    assert goal.weight[5].max() == 0
    assert goal.weight[1].min() == 0.5
    assert goal.weight[0, 2, 2] == 1  # a box is always certain


def test_nothing_is_learnt_in_a_doubtful_region() -> None:
    one = one_sample([])
    doubtful = Sample(one.picture, one.boxes, np.array([[16, 16, 32, 32]], np.float32), one.weight)
    weight = target(doubtful).weight
    assert weight[:, 4:8, 4:8].max() == 0
    assert weight[:, 10:, 10:].min() == 1


def test_a_small_one_before_a_large_one_keeps_its_cells() -> None:
    goal = target(one_sample([(0, 24, 24, 32, 32), (2, 0, 0, 64, 64)]))
    np.testing.assert_array_equal(goal.box[:, 7, 7], [24, 24, 32, 32])


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 10_000))
def test_augmented_boxes_lie_inside_and_repeat(seed: int, tmp_path_factory: pytest.TempPathFactory) -> None:
    path = tmp_path_factory.getbasetemp() / "picture.png"
    if not path.exists():
        cv2.imwrite(str(path), np.random.default_rng(0).integers(0, 255, (120, 200, 3), dtype=np.uint8))
    boxes = np.array([[0, 0.1, 0.1, 0.4, 0.5], [5, 0.6, 0.2, 0.65, 0.6]], np.float32)
    picture = Labelled(path, Part(ALL), boxes)
    first, again = (sample([picture], np.ones(1), 96, np.random.default_rng(seed)) for _ in range(2))
    np.testing.assert_array_equal(first.picture, again.picture)
    np.testing.assert_array_equal(first.boxes, again.boxes)
    assert first.picture.shape == (96, 96, 3)
    assert first.boxes[:, 1:].size == 0 or (first.boxes[:, 1:].min() >= 0 and first.boxes[:, 1:].max() <= 96)
    assert (first.boxes[:, 3:] > first.boxes[:, 1:3]).all()
    assert target(first).heat.max() <= 1
