"""Average precision against values worked by hand, and laws that hold for any detector."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from benchmarks.average_precision import Boxes, Matched, average_precision, match, recall

NONE: Boxes = np.zeros((0, 4), np.float32)


def boxes(*corners: tuple[float, float, float, float]) -> Boxes:
    return np.array(corners, np.float32).reshape(-1, 4)


def scores(*values: float) -> np.ndarray[tuple[int, ...], np.dtype[np.float32]]:
    return np.array(values, np.float32)


def test_a_hand_worked_curve() -> None:
    # Three labels; five detections by falling score: right, wrong, right, wrong, right.
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10))
    found = boxes((0, 0, 10, 10), (100, 0, 110, 10), (20, 0, 30, 10), (120, 0, 130, 10), (40, 0, 50, 10))
    one = match(found, scores(0.9, 0.8, 0.7, 0.6, 0.5), labels, NONE)
    assert one.right.tolist() == [True, False, True, False, True]
    # Precision at the hits 1, 2/3, 3/5 is falling already; each hit adds a third of recall.
    assert average_precision([one]) == pytest.approx((1 + 2 / 3 + 3 / 5) / 3)


def test_precision_is_made_to_fall() -> None:
    # wrong, right, right: precision 1/2, 2/3 becomes 2/3, 2/3.
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10))
    found = boxes((100, 0, 110, 10), (0, 0, 10, 10), (20, 0, 30, 10))
    assert average_precision([match(found, scores(0.9, 0.8, 0.7), labels, NONE)]) == pytest.approx(2 / 3)


def test_scores_are_ordered_across_pictures() -> None:
    label = boxes((0, 0, 10, 10))
    sure_and_wrong = match(boxes((50, 50, 60, 60)), scores(0.9), NONE, NONE)
    unsure_and_right = match(label, scores(0.3), label, NONE)
    assert average_precision([sure_and_wrong, unsure_and_right]) == pytest.approx(1 / 2)


def test_a_label_is_taken_once_and_by_half_its_overlap() -> None:
    label = boxes((0, 0, 10, 10))
    twice = match(boxes((0, 0, 10, 10), (0, 0, 10, 10)), scores(0.9, 0.8), label, NONE)
    assert twice.right.tolist() == [True, False]
    half = match(boxes((0, 0, 10, 5)), scores(0.9), label, NONE)
    assert half.right.tolist() == [True]
    less = match(boxes((0, 0, 10, 4.9)), scores(0.9), label, NONE)
    assert less.right.tolist() == [False]


def test_a_detection_in_a_skipped_region_is_neither_right_nor_wrong() -> None:
    label, region = boxes((0, 0, 10, 10)), boxes((100, 100, 120, 120))
    one = match(boxes((0, 0, 10, 10), (101, 101, 119, 119), (95, 95, 105, 105)), scores(0.9, 0.8, 0.7), label, region)
    assert one.right.tolist() == [True, False]  # the third has only a quarter of itself in there
    everywhere = match(boxes((0, 0, 10, 10)), scores(0.9), label, boxes((0, 0, 200, 200)))
    assert everywhere.right.tolist() == [True]  # a label counts even inside a region


def test_without_labels_there_is_no_figure() -> None:
    assert average_precision([match(boxes((0, 0, 1, 1)), scores(0.5), NONE, NONE)]) is None
    assert average_precision([]) is None
    assert recall([], 0.5, []) is None


def test_recall_counts_the_flagged_labels_from_a_score_on() -> None:
    labels = boxes((0, 0, 10, 10), (20, 0, 30, 10), (40, 0, 50, 10))
    one = match(labels, scores(0.9, 0.4, 0.1), labels, NONE)
    every, first_two = np.ones(3, bool), np.array([True, True, False])
    assert recall([one], 0.3, [every]) == pytest.approx(2 / 3)
    assert recall([one], 0.3, [first_two]) == 1.0


places = st.lists(st.integers(0, 20), unique=True, max_size=8)


def at(indices: list[int]) -> Boxes:
    return boxes(*((20 * i, 0, 20 * i + 10, 10) for i in indices))


@given(labels=places.filter(bool), found=places, seed=st.integers(0, 99))
def test_more_wrong_and_less_sure_never_helps(labels: list[int], found: list[int], seed: int) -> None:
    rng = np.random.default_rng(seed)
    sure = rng.uniform(0.5, 1, len(found)).astype(np.float32)
    before = average_precision([match(at(found), sure, at(labels), NONE)])
    extra = boxes((-100, -100, -90, -90))
    more = match(np.concatenate((at(found), extra)), np.append(sure, np.float32(0.1)), at(labels), NONE)
    assert before is not None
    assert average_precision([more]) == pytest.approx(before)
    assert 0 <= before <= len(set(labels) & set(found)) / len(labels) + 1e-6


@given(labels=places.filter(bool))
def test_finding_all_and_nothing_else_is_one(labels: list[int]) -> None:
    one: Matched = match(at(labels), np.full(len(labels), 0.5, np.float32), at(labels), NONE)
    assert average_precision([one]) == pytest.approx(1)
