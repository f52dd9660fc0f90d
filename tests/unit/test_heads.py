"""Postprocessing: boxes out of raw outputs, suppression, kinds and geometry."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from numpy.typing import NDArray

from edge.errors import ModelError
from edge.frames import FloatArray, IntArray
from edge.types import KINDS, Kind
from edge.vision.detect.classes import COCO_80, classes_from_names, classes_of, kind_table, parse_names
from edge.vision.detect.heads import (
    Candidates,
    CenterNetHead,
    SsdHead,
    YoloEndToEndHead,
    YoloHead,
    make_head,
    ssd_anchors,
    yolo_cells,
)
from edge.vision.detect.picture import Fit, InputTensor, PicturePreparer
from edge.vision.detect.settle import MOST_CANDIDATES, iou_matrix, settle, unique_objects
from models.manifest import Picture

INPUT_PX = (640, 640)
OURS = {kind: (index,) for index, kind in enumerate(KINDS)}
AS_IS = Fit((1.0, 1.0), (0.0, 0.0))


def v8(boxes: list[tuple[int, float, float, float, float, int, float]], classes: int = 80) -> FloatArray:
    """An output (1, 4 + classes, 8400) with boxes (cell, cx, cy, w, h, class, score) and faint noise elsewhere."""
    rng = np.random.default_rng(8)
    answer = np.zeros((1, 4 + classes, 8400), np.float32)
    answer[0, :4] = rng.uniform(20, 620, (4, 8400))
    answer[0, 4:] = rng.uniform(0, 0.04, (classes, 8400))
    for cell, cx, cy, w, h, label, score in boxes:
        answer[0, :4, cell] = cx, cy, w, h
        answer[0, 4 + label, cell] = score
    return answer


@pytest.mark.parametrize("transposed", [False, True])
@pytest.mark.parametrize("fractions", [False, True])
def test_v8_head(transposed: bool, fractions: bool) -> None:
    answer = v8([(7, 100, 200, 40, 20, 2, 0.9), (8300, 500, 90, 60, 80, 7, 0.4)])
    if fractions:  # TFLite exports
        answer[:, :4] /= 640
    answer = answer.transpose(0, 2, 1) if transposed else answer
    head = make_head(None, [answer.shape], INPUT_PX)
    found = head.decode([answer], 0.25)
    assert (head.name, head.classes) == ("yolo", 80)
    np.testing.assert_allclose(found.boxes_px, [[80, 190, 120, 210], [470, 50, 530, 130]], rtol=1e-5)
    np.testing.assert_allclose(found.scores, [0.9, 0.4])
    assert found.labels.tolist() == [2, 7]


def test_v8_head_takes_the_best_class_of_a_box() -> None:
    answer = v8([(7, 100, 200, 40, 20, 2, 0.5)])
    answer[0, 4 + 6, 7] = 0.6  # a train, more likely than the car
    assert YoloHead([answer.shape], INPUT_PX).decode([answer], 0.25).labels.tolist() == [6]


@pytest.mark.parametrize("fractions", [False, True])
def test_end_to_end_head(fractions: bool) -> None:
    answer = np.zeros((1, 300, 6), np.float32)
    answer[0, 0] = 80, 190, 120, 210, 0.9, 2
    answer[0, 1] = 10, 20, 30, 40, 0.2, 0
    if fractions:
        answer[..., :4] /= 640
    head = make_head(None, [answer.shape], INPUT_PX)
    found = head.decode([answer], 0.25)
    assert (head.name, head.classes) == ("yolo_end_to_end", None)
    np.testing.assert_allclose(found.boxes_px, [[80, 190, 120, 210]], rtol=1e-5)
    assert found.labels.tolist() == [2]


def test_end_to_end_head_of_an_empty_road_is_empty() -> None:
    head = YoloEndToEndHead([(1, 300, 6)], INPUT_PX)
    assert len(head.decode([np.zeros((1, 300, 6), np.float32)], 0.01).scores) == 0


@pytest.mark.parametrize(
    ("shape", "name", "classes"),
    [
        ((1, 84, 8400), "yolo", 80),
        ((1, 8400, 84), "yolo", 80),
        ((1, 10, 8400), "yolo", 6),
        ((1, 6, 8400), "yolo", 2),  # two classes, not an end-to-end head
        ((1, 8400, 6), "yolo", 2),
        ((1, 300, 6), "yolo_end_to_end", None),
        ((1, 84, 1000), "yolo", 80),  # cells of another grid: the longer axis
    ],
)
def test_the_shape_tells_the_head(shape: tuple[int, ...], name: str, classes: int | None) -> None:
    head = make_head(None, [shape], INPUT_PX)
    assert (head.name, head.classes) == (name, classes)


@pytest.mark.parametrize(
    "shapes",
    [[(1, 116, 8400), (1, 32, 160, 160)], [(1, 1000)], [(2, 84, 8400)], [(1, 4, 8400)], []],
    ids=["segmentation", "classification", "batch of two", "no class", "nothing"],
)
def test_other_outputs_are_refused_by_shape(shapes: list[tuple[int, ...]]) -> None:
    with pytest.raises(ModelError, match="YOLO head has one output"):
        make_head(None, shapes, INPUT_PX)


def test_yolo_cells() -> None:
    assert yolo_cells((640, 640)) == 8400
    assert yolo_cells((640, 384)) == 5040


def test_centernet_head() -> None:
    heat = np.zeros((1, 80, 128, 128), np.float32)
    sides = np.zeros((1, 4, 128, 128), np.float32)
    heat[0, 2, 10, 20] = 0.7
    heat[0, 2, 10, 21] = 0.6  # beside a higher cell of the same class: no object of its own
    heat[0, 7, 10, 21] = 0.5  # of another class: an object
    heat[0, 2, 0, 127] = 0.3  # in a corner
    heat[0, 60, 64, 64] = 0.9  # a class nobody asked for
    sides[0, :, 10, 20] = 8, 4, 12, 6
    sides[0, :, 10, 21] = 1, 1, 1, 1
    head = CenterNetHead([heat.shape, sides.shape], (512, 512), [0, 1, 2, 3, 5, 7])
    found = head.decode([heat, sides], 0.2)
    by_score = np.argsort(-found.scores)
    assert found.labels[by_score].tolist() == [2, 7, 2]
    np.testing.assert_allclose(found.scores[by_score], [0.7, 0.5, 0.3])
    np.testing.assert_allclose(found.boxes_px[by_score[0]], [80 - 8, 40 - 4, 80 + 12, 40 + 6])
    swapped = CenterNetHead([sides.shape, heat.shape], (512, 512), [2]).decode([sides, heat], 0.2)
    assert sorted(swapped.scores.tolist()) == pytest.approx([0.3, 0.7])


def test_ssd_anchors_are_those_of_the_reference_configuration() -> None:
    anchors = ssd_anchors(300)
    assert anchors.shape == (1917, 4)
    np.testing.assert_allclose(anchors[0], [0.5 / 19, 0.5 / 19, 0.1, 0.1], rtol=1e-6)
    np.testing.assert_allclose(anchors[-1], [0.5, 0.5, 0.95**0.5, 0.95**0.5], rtol=1e-6)
    np.testing.assert_allclose(anchors[1, 3] / anchors[1, 2], 2.0, rtol=1e-6)


def test_ssd_head() -> None:
    coded = np.zeros((1, 1917, 4), np.float32)
    logits = np.full((1, 1917, 24), -9.0, np.float32)
    logits[0, 5, 23] = 2.0
    coded[0, 5] = 1, -2, 5 * np.log(2), 0  # a tenth of its height down, a fifth of its width left, twice as high
    head = SsdHead([coded.shape, logits.shape], (300, 300), [1, 4, 18, 23])
    found = head.decode([coded, logits], 0.5)
    y, x, height, width = ssd_anchors(300)[5]
    centre_y, centre_x = y + height / 10, x - width / 5
    expected = np.array([centre_x - width / 2, centre_y - height, centre_x + width / 2, centre_y + height]) * 300
    np.testing.assert_allclose(found.boxes_px, [expected], rtol=1e-5)
    assert found.labels.tolist() == [23]
    np.testing.assert_allclose(found.scores, 1 / (1 + np.exp(-2.0)), rtol=1e-6)


@pytest.mark.parametrize("name", ["centernet", "ssd"])
def test_a_model_that_does_not_fit_its_head_is_refused(name: str) -> None:
    with pytest.raises(ModelError, match="head needs outputs"):
        make_head("centernet" if name == "centernet" else "ssd", [(1, 84, 8400)], (300, 300), [2])


def boxes_strategy() -> st.SearchStrategy[NDArray[np.float32]]:
    numbers = st.floats(0, 300, width=32)
    corner = hnp.arrays(np.float32, st.tuples(st.integers(0, 25), st.just(4)), elements=numbers)
    return corner.map(lambda b: np.concatenate([b[:, :2], b[:, :2] + b[:, 2:] + 1], axis=1).astype(np.float32))


@given(boxes_strategy(), st.integers(0, 1000))
def test_suppression_leaves_one_box_per_object(boxes: FloatArray, seed: int) -> None:
    classes = np.random.default_rng(seed).integers(0, 6, len(boxes)).astype(np.int32)
    kept = set(unique_objects(boxes, classes, 0.5).tolist())
    group = np.array([0, 0, 0, 1, 1, 2])[classes]
    overlaps = iou_matrix(boxes) > 0.5
    for later in range(len(boxes)):
        covered_by = [i for i in kept if i < later and overlaps[i, later] and group[i] == group[later]]
        assert (later in kept) == (not covered_by)


@given(boxes_strategy(), st.floats(0, 1), st.tuples(st.integers(1, 400), st.integers(1, 400)))
def test_settled_boxes_lie_in_the_frame_best_first(boxes: FloatArray, least: float, size: tuple[int, int]) -> None:
    scores = np.linspace(least, 1, len(boxes), dtype=np.float32)
    labels = (np.arange(len(boxes)) % 8 - 1).astype(np.int32)  # some unknown: −1, 6
    found = settle(
        Candidates(boxes, scores, labels), Fit((1.5, 0.7), (10.0, 5.0)), size, kind_table(OURS, 6, "m"), t_ns=3
    )
    assert (found.boxes_px >= 0).all()
    assert (found.boxes_px <= np.array([*size, *size])).all()
    assert (np.diff(found.scores) <= 0).all()
    assert found.t_ns == 3


def candidates(rows: list[tuple[tuple[float, float, float, float], float, int]]) -> Candidates:
    boxes = np.array([row[0] for row in rows], np.float32)
    labels: IntArray = np.array([row[2] for row in rows], np.int32)
    return Candidates(boxes, np.array([row[1] for row in rows], np.float32), labels)


@pytest.mark.parametrize(
    ("first", "second", "left"),
    [
        (Kind.CAR, Kind.BUS, [Kind.CAR]),  # a van read twice
        (Kind.TRUCK, Kind.BUS, [Kind.TRUCK]),
        (Kind.MOTORCYCLE, Kind.BICYCLE, [Kind.MOTORCYCLE]),
        (Kind.CAR, Kind.PERSON, [Kind.CAR, Kind.PERSON]),  # somebody in front of a car
        (Kind.BICYCLE, Kind.PERSON, [Kind.BICYCLE, Kind.PERSON]),
    ],
)
def test_one_vehicle_has_one_box(first: Kind, second: Kind, left: list[Kind]) -> None:
    rows = candidates([((12, 10, 52, 40), 0.4, KINDS.index(second)), ((10, 10, 50, 40), 0.8, KINDS.index(first))])
    found = settle(rows, AS_IS, (352, 288), kind_table(OURS, 6, "m"), 0)
    assert [KINDS[index] for index in found.classes] == left


def test_what_cannot_be_a_box_is_left_out() -> None:
    rows = candidates(
        [
            ((np.nan, 0, 10, 10), 0.9, 0),
            ((0, 0, 10, 10), np.nan, 0),
            ((-50, -50, -10, -10), 0.9, 0),  # outside the frame
            ((20, 20, 20, 40), 0.9, 0),  # no width
            ((30, 30, 60, 60), 1.01, 0),  # dequantised a little over 1
        ]
    )
    found = settle(rows, AS_IS, (352, 288), kind_table(OURS, 6, "m"), 0)
    assert found.boxes_px.tolist() == [[30, 30, 60, 60]]
    assert found.scores.tolist() == [1.0]


def test_a_noise_picture_is_bounded() -> None:
    x, y = np.meshgrid(np.arange(0, 1000, 10), np.arange(0, 1000, 10))
    boxes = np.stack([x.ravel(), y.ravel(), x.ravel() + 9, y.ravel() + 9], axis=1).astype(np.float32)
    many = Candidates(boxes, np.full(len(boxes), 0.5, np.float32), np.zeros(len(boxes), np.int32))
    assert len(settle(many, AS_IS, (1000, 1000), kind_table(OURS, 6, "m"), 0)) == MOST_CANDIDATES


@given(st.integers(1, 900), st.integers(1, 900), st.sampled_from(["stretch", "letterbox"]))
def test_boxes_come_back_to_where_the_frame_was_laid(width: int, height: int, fit: str) -> None:
    picture = Picture(scale=1.0, fit="stretch" if fit == "stretch" else "letterbox", pad=0)
    tensor = InputTensor((96, 64), "nhwc", np.dtype(np.float32))
    values, laid = PicturePreparer(picture, tensor).prepare(np.full((height, width, 3), 255, np.uint8))
    lit = np.argwhere(values[0, :, :, 0] > 0)
    (top, left), (bottom, right) = lit.min(axis=0), lit.max(axis=0) + 1
    box = laid.to_frame(np.array([[left, top, right, bottom]], np.float32), (width, height))
    np.testing.assert_allclose(box, [[0, 0, width, height]], atol=max(width, height) * 1e-5)


@pytest.mark.parametrize(
    ("dtype", "step", "zero", "expected"),
    [
        (np.float32, None, 0, [-1.0, 1.0]),
        (np.float16, None, 0, [-1.0, 1.0]),
        (np.int8, 1 / 127.5, 0, [-128, 127]),
        (np.uint8, 1 / 127.5, 128, [0, 255]),
        (np.uint8, None, 0, [0, 255]),  # the network does its own scaling
    ],
)
@pytest.mark.parametrize("layout", ["nchw", "nhwc"])
def test_pixels_are_written_in_the_tensors_own_terms(
    dtype: type[np.generic], step: float | None, zero: int, expected: list[float], layout: str
) -> None:
    picture = Picture(scale=1 / 127.5, offset=-1.0, fit="stretch", colour="rgb")
    tensor = InputTensor((4, 2), "nchw" if layout == "nchw" else "nhwc", np.dtype(dtype), step, zero)
    image = np.zeros((2, 4, 3), np.uint8)
    image[..., 2] = 255  # red
    values, _ = PicturePreparer(picture, tensor).prepare(image)
    assert values.dtype == dtype
    assert values.shape == ((1, 3, 2, 4) if layout == "nchw" else (1, 2, 4, 3))
    red, blue = (values[0, 0], values[0, 2]) if layout == "nchw" else (values[0, ..., 0], values[0, ..., 2])
    assert np.isclose(blue.astype(float), expected[0]).all()
    assert np.isclose(red.astype(float), expected[1]).all()


def test_classes_by_name_number_or_refusal() -> None:
    named = classes_of(3, {0: "Lorry", 1: "traffic light", 2: "car"}, "m.onnx")
    assert named == {Kind.TRUCK: (0,), Kind.CAR: (2,)}
    assert classes_of(80, None, "m.onnx") is COCO_80
    assert classes_of(None, None, "m.onnx") is COCO_80
    assert classes_of(6, None, "m.onnx") == OURS
    for count, names in ((7, None), (81, None), (6, dict.fromkeys(range(6), "sheep"))):
        with pytest.raises(ModelError, match=r"write m\.onnx\.toml.*classes = \{ car"):
            classes_of(count, names, "m.onnx")


def test_names_as_exporters_write_them() -> None:
    assert parse_names("{0: 'person', 1: 'car'}") == {0: "person", 1: "car"}
    assert parse_names("['person', 'car']") == {0: "person", 1: "car"}
    assert parse_names('{"0": "person"}') == {0: "person"}
    for other in ("", "{}", "person", "{0: ", "{'a': 'b'}", "__import__('os')"):
        assert parse_names(other) is None
    assert classes_from_names({0: " Pedestrian ", 1: "people"}) == {Kind.PERSON: (0, 1)}


def test_a_class_that_the_model_does_not_have_is_refused() -> None:
    with pytest.raises(ModelError, match="names class 9, but the model has classes 0 to 5"):
        kind_table({Kind.CAR: (9,)}, 6, "m.onnx.toml")
