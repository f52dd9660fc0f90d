"""What every detector promises (`edge.seams.Detector`), asked of every implementation.

The tiny models are real files on the real runtimes; the pulled models of the manifest
take part where `stopline models pull` has stored them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from edge.frames import Detections, Frame
from edge.seams import Detector
from edge.types import KINDS, Kind
from edge.vision.detect import open_detector
from models.registry import Registry
from tests import fake_ultralytics, tiny_models

COCO_NAMES = dict.fromkeys(range(80), "road user") | {0: "car", 1: "truck", 2: "bus"}
MIN_SCORE = 0.2


@dataclass(frozen=True)
class Case:
    """One implementation. A tiny one takes a red patch for a car, by construction; a trained one does not."""

    make: Callable[[Path], str | Path]
    pulled: bool = False
    red_is_car: bool = True


CASES: dict[str, Case] = {
    "onnx v8": Case(lambda d: tiny_models.write_onnx(d / "m.onnx", "v8")),
    "onnx v8 transposed": Case(lambda d: tiny_models.write_onnx(d / "m.onnx", "v8_rows")),
    "onnx v8 of 80 named": Case(lambda d: tiny_models.write_onnx(d / "m.onnx", "v8", classes=80, names=COCO_NAMES)),
    "onnx v8 float16": Case(lambda d: tiny_models.write_onnx(d / "m.onnx", "v8", half=True)),
    "onnx end to end": Case(lambda d: tiny_models.write_onnx(d / "m.onnx", "end_to_end", names=COCO_NAMES)),
    "litert": Case(lambda d: tiny_models.write_tflite(d / "m.tflite")),
    "litert nchw": Case(lambda d: tiny_models.write_tflite(d / "m.tflite", layout="nchw")),
    "litert int8": Case(lambda d: tiny_models.write_tflite(d / "m.tflite", quantised=True)),
    "stopline-nano": Case(lambda _: "stopline-nano", red_is_car=False),
    "stopline-nano-320-int8": Case(lambda _: "stopline-nano-320-int8", red_is_car=False),
    "stopline-nano-onnx": Case(lambda _: "stopline-nano-onnx", red_is_car=False),
    "ultralytics": Case(lambda d: _file(d / "m.pt")),
    "centernet": Case(lambda _: _pulled("centernet"), pulled=True, red_is_car=False),
    "objectron-ssd": Case(lambda _: _pulled("objectron-ssd"), pulled=True, red_is_car=False),
}
_EVERY = [pytest.param(name, marks=[pytest.mark.model] if case.pulled else []) for name, case in CASES.items()]
_TINY = [name for name, case in CASES.items() if case.red_is_car]


def _file(path: Path) -> Path:
    path.write_bytes(b"PK")
    return path


def _pulled(name: str) -> str:
    if name not in [spec.name for spec in Registry.open().available()]:
        pytest.skip(f"the model is not here: run `stopline models pull {name}`")
    return name


@pytest.fixture(params=_EVERY)
def case(request: pytest.FixtureRequest) -> Case:
    return CASES[request.param]


@pytest.fixture
def detector(case: Case, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Detector]:
    fake_ultralytics.install(monkeypatch)
    detector = open_detector(case.make(tmp_path), threads=1, min_score=MIN_SCORE)
    yield detector
    detector.close()


def frame(image: NDArray[np.uint8], t_ns: int = 40_000_000) -> Frame:
    return Frame("north", 1, t_ns, image)


def busy(width: int, height: int) -> NDArray[np.uint8]:
    """A picture with something to find at every scale, the same each time."""
    rng = np.random.default_rng(width * height)
    coarse = rng.integers(0, 256, (6, 8, 3), np.uint8)
    return np.asarray(cv2.resize(coarse, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)


def valid(found: Detections, width: int, height: int) -> None:
    boxes = found.boxes_px
    assert boxes.dtype == np.float32
    assert (boxes[:, :2] >= 0).all()
    assert (boxes[:, 2] <= width).all()
    assert (boxes[:, 3] <= height).all()
    assert (boxes[:, 2:] > boxes[:, :2]).all()
    assert (found.scores >= MIN_SCORE).all()
    assert (np.diff(found.scores) <= 0).all()


def test_the_same_picture_gives_the_same_answer(detector: Detector) -> None:
    picture = frame(busy(352, 288))
    first = detector.detect(picture)
    detector.detect(frame(busy(640, 360)))
    again = detector.detect(picture)
    np.testing.assert_array_equal(first.boxes_px, again.boxes_px)
    np.testing.assert_array_equal(first.scores, again.scores)
    np.testing.assert_array_equal(first.classes, again.classes)


def test_the_frame_is_left_alone(detector: Detector) -> None:
    image = busy(352, 288)
    image.setflags(write=False)
    before = image.copy()
    detector.detect(frame(image))
    np.testing.assert_array_equal(image, before)


@pytest.mark.parametrize(
    "size", [(352, 288), (353, 287), (1280, 720), (64, 64), (5, 300), (300, 5), (8, 8), (1, 1)], ids=str
)
def test_boxes_lie_inside_a_frame_of_any_size(detector: Detector, size: tuple[int, int]) -> None:
    valid(detector.detect(frame(busy(*size))), *size)


def test_a_view_into_a_larger_picture_will_do(detector: Detector) -> None:
    part = busy(640, 480)[10:298, 20:372]
    found, copied = detector.detect(frame(part)), detector.detect(frame(part.copy()))
    np.testing.assert_array_equal(found.boxes_px, copied.boxes_px)


def test_a_black_picture_gives_valid_detections(detector: Detector) -> None:
    valid(detector.detect(frame(np.zeros((288, 352, 3), np.uint8))), 352, 288)


def test_the_time_of_the_frame_is_carried(detector: Detector) -> None:
    assert detector.detect(frame(busy(352, 288), t_ns=123_456_789)).t_ns == 123_456_789


def test_it_has_a_name(detector: Detector) -> None:
    assert detector.name


@pytest.mark.parametrize("case", _TINY, indirect=True)
@pytest.mark.parametrize("size", [(256, 256), (352, 288), (353, 287), (240, 427)], ids=str)
@pytest.mark.parametrize(("channel", "kind"), [(2, Kind.CAR), (1, Kind.TRUCK), (0, Kind.BUS)], ids=str)
def test_what_is_there_is_found_where_it_is(
    detector: Detector, size: tuple[int, int], channel: int, kind: Kind
) -> None:
    width, height = size
    image = np.zeros((height, width, 3), np.uint8)
    centre_x, centre_y, half = width * 0.6, height * 0.45, min(size) * 0.1
    image[round(centre_y - half) : round(centre_y + half), round(centre_x - half) : round(centre_x + half), channel] = (
        255
    )
    found = detector.detect(frame(image))
    x1, y1, x2, y2 = found.boxes_px[0]
    cell = max(size) / 8
    assert KINDS[found.classes[0]] is kind
    assert found.scores[0] > 0.5
    assert abs((x1 + x2) / 2 - centre_x) < cell
    assert abs((y1 + y2) / 2 - centre_y) < cell
