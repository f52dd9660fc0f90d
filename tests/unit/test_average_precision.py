"""Average precision against values worked by hand, and laws that hold for any detector."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from edge.vision.average_precision import Judged, average_precision, match, precision_of

Floats = NDArray[np.float32]
NONE: Floats = np.zeros((0, 4), np.float32)


def boxes(*corners: tuple[float, float, float, float]) -> Floats:
    return np.array(corners, np.float32).reshape(-1, 4)


def scores(*values: float) -> Floats:
    return np.array(values, np.float32)


def flags(*values: bool) -> NDArray[np.bool_]:
    return np.array(values, np.bool_)


def right(picture: Judged) -> list[bool]:
    """Of the detections that are judged, the surest first."""
    found = match(picture)
    answer: list[bool] = found.right[found.judged].tolist()
    return answer


def test_a_hand_worked_curve() -> None:
    # Three labels; five detections by falling score: right, wrong, right, wrong, right.
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10))
    found = boxes((0, 0, 10, 10), (100, 0, 110, 10), (20, 0, 30, 10), (120, 0, 130, 10), (40, 0, 50, 10))
    one = Judged(found, scores(0.9, 0.8, 0.7, 0.6, 0.5), labels)
    assert right(one) == [True, False, True, False, True]
    curve = average_precision([one])
    # Precision at the hits 1, 2/3, 3/5 is falling already; each hit adds a third of recall.
    assert curve.ap == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)
    assert curve.recall.tolist() == pytest.approx([1 / 3, 1 / 3, 2 / 3, 2 / 3, 1])
    assert curve.precision.tolist() == pytest.approx([1, 1 / 2, 2 / 3, 1 / 2, 3 / 5])


def test_precision_is_made_to_fall() -> None:
    # wrong, right, right: precision 1/2, 2/3 becomes 2/3, 2/3.
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10))
    found = boxes((100, 0, 110, 10), (0, 0, 10, 10), (20, 0, 30, 10))
    assert average_precision([Judged(found, scores(0.9, 0.8, 0.7), labels)]).ap == pytest.approx(2 / 3)


def test_scores_are_ordered_across_pictures() -> None:
    label = boxes((0, 0, 10, 10))
    sure_and_wrong = Judged(boxes((50, 50, 60, 60)), scores(0.9), NONE)
    unsure_and_right = Judged(label, scores(0.3), label)
    assert average_precision([sure_and_wrong, unsure_and_right]).ap == pytest.approx(1 / 2)


def test_equal_scores_enter_together() -> None:
    for hits in (flags(True, False), flags(False, True)):
        curve = precision_of(np.array([0.5, 0.5]), hits, 1)
        assert curve.ap == pytest.approx(1 / 2)
        assert len(curve.scores) == 1


def test_a_label_is_taken_once_and_by_half_its_overlap() -> None:
    label = boxes((0, 0, 10, 10))
    assert right(Judged(boxes((0, 0, 10, 10), (0, 0, 10, 10)), scores(0.9, 0.8), label)) == [True, False]
    assert right(Judged(boxes((0, 0, 10, 5)), scores(0.9), label)) == [True]
    assert right(Judged(boxes((0, 0, 10, 4.9)), scores(0.9), label)) == [False]


def test_a_label_remembers_who_found_it() -> None:
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10))
    found_by = match(Judged(labels[[1, 0]], scores(0.4, 0.9), labels)).found_by
    assert found_by[:2].tolist() == pytest.approx([0.9, 0.4])
    assert np.isnan(found_by[2])


def test_a_detection_in_an_ignored_region_is_neither_right_nor_wrong() -> None:
    label, region = boxes((0, 0, 10, 10)), boxes((100, 100, 120, 120))
    found = boxes((0, 0, 10, 10), (101, 101, 119, 119), (95, 95, 105, 105))
    # The third has only a quarter of itself in there.
    assert right(Judged(found, scores(0.9, 0.8, 0.7), label, regions_px=region)) == [True, False]
    # A label counts even inside a region.
    assert right(Judged(label, scores(0.9), label, regions_px=boxes((0, 0, 200, 200)))) == [True]


def test_an_ignored_label_may_be_found_more_than_once_or_not_at_all() -> None:
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10))
    ignored = flags(True, False)
    twice = Judged(labels[[0, 0, 1]], scores(0.9, 0.8, 0.7), labels, ignored)
    assert right(twice) == [True]
    assert average_precision([twice]).ap == pytest.approx(1)
    assert average_precision([Judged(labels[[1]], scores(0.7), labels, ignored)]).ap == pytest.approx(1)


def test_an_optional_detection_is_no_error() -> None:
    label = boxes((0, 0, 10, 10))
    found = boxes((50, 50, 60, 60), (0, 0, 10, 10))
    one = Judged(found, scores(0.9, 0.8), label, optional=flags(True, True))
    assert right(one) == [True]


def test_without_labels_there_is_no_figure() -> None:
    assert average_precision([Judged(boxes((0, 0, 1, 1)), scores(0.5), NONE)]).ap is None
    assert average_precision([]).ap is None


@pytest.mark.parametrize(
    "wrong",
    [
        {"scores": scores(0.5, 0.5)},
        {"boxes_px": np.zeros((1, 3))},
        {"ignored": flags(True, False)},
        {"optional": flags(True, False)},
        {"regions_px": np.zeros(4)},
    ],
)
def test_shapes_that_do_not_agree_are_refused(wrong: dict[str, Any]) -> None:
    whole: dict[str, Any] = {"boxes_px": boxes((0, 0, 1, 1)), "scores": scores(0.5), "labels_px": boxes((0, 0, 1, 1))}
    with pytest.raises(ValueError, match=next(iter(wrong))):
        Judged(**(whole | wrong))


places = st.lists(st.integers(0, 20), unique=True, max_size=8)


def at(indices: list[int]) -> Floats:
    return boxes(*((20 * i, 0, 20 * i + 10, 10) for i in indices))


@given(labels=places.filter(bool), found=places, seed=st.integers(0, 99))
def test_more_wrong_and_less_sure_never_helps(labels: list[int], found: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5, 1, len(found)).astype(np.float32)
    before = average_precision([Judged(at(found), sure, at(labels))]).ap
    extra = boxes((-100, -100, -90, -90))
    more = Judged(np.concatenate((at(found), extra)), np.append(sure, np.float32(0.1)), at(labels))
    assert before is not None
    assert average_precision([more]).ap == pytest.approx(before)
    assert 0 <= before <= len(set(labels) & set(found)) / len(labels) + 1e-6


@given(labels=places.filter(bool))
def test_finding_all_and_nothing_else_is_one(labels: list[int]) -> None:
    one = Judged(at(labels), np.full(len(labels), 0.5, np.float32), at(labels))
    assert average_precision([one]).ap == pytest.approx(1)
