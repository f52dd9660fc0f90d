"""Average precision: examples worked by hand, and laws that hold for any detections."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.average_precision import Judged, average_precision, match, overlaps

NOTHING = np.empty((0, 4))


def box(x: float, y: float = 0.0, size: float = 10.0) -> list[float]:
    return [x, y, x + size, y + size]


def judged(
    boxes: list[list[float]],
    scores: list[float],
    labels: list[list[float]],
    *,
    ignored: list[bool] | None = None,
    regions: list[list[float]] | None = None,
    optional: list[bool] | None = None,
) -> Judged:
    return Judged(
        np.array(boxes, float).reshape(-1, 4),
        np.array(scores, float),
        np.array(labels, float).reshape(-1, 4),
        None if ignored is None else np.array(ignored),
        np.array(regions or [], float).reshape(-1, 4),
        None if optional is None else np.array(optional),
    )


def test_worked_by_hand() -> None:
    # surest first: right, wrong, right; two of three labels found.
    # precision 1, 1/2, 2/3 at recall 1/3, 1/3, 2/3 → 1/3·1 + 1/3·2/3 = 5/9
    result = average_precision([judged([box(0), box(500), box(100)], [0.9, 0.8, 0.7], [box(0), box(100), box(200)])])
    assert result.ap == pytest.approx(5 / 9)
    assert result.labels == 3
    assert list(result.at(0.75)) == pytest.approx([1 / 3, 0.5])
    assert result.at(0.95) == (0.0, None)


def test_the_envelope_looks_ahead() -> None:
    # wrong first, then two right: precision 0, 1/2, 2/3 → envelope 2/3 everywhere → AP 2/3
    result = average_precision([judged([box(500), box(0), box(100)], [0.9, 0.8, 0.7], [box(0), box(100)])])
    assert result.ap == pytest.approx(2 / 3)


def test_a_label_is_found_once() -> None:
    result = average_precision([judged([box(0), box(1)], [0.9, 0.8], [box(0)])])
    assert result.ap == pytest.approx(1.0)
    assert result.precision.tolist() == [1.0, 0.5]


def test_equal_scores_enter_together_whatever_their_order() -> None:
    one = average_precision([judged([box(0), box(500)], [0.5, 0.5], [box(0)])])
    two = average_precision([judged([box(500), box(0)], [0.5, 0.5], [box(0)])])
    assert one.ap == two.ap == pytest.approx(0.5)


def test_of_two_equally_sure_the_better_placed_finds_it() -> None:
    found = match(judged([box(3), box(0)], [0.5, 0.5], [box(0)]))
    assert found.order.tolist() == [1, 0]
    assert found.right.tolist() == [True, False]


def test_half_is_enough_and_less_is_not() -> None:
    assert overlaps(np.array([box(0)]), np.array([[0.0, 0.0, 10.0, 5.0]]))[0, 0] == pytest.approx(0.5)
    assert average_precision([judged([[0, 0, 10, 5]], [1.0], [box(0)])]).ap == 1.0
    assert average_precision([judged([[0, 0, 10, 4.9]], [1.0], [box(0)])]).ap == 0.0


def test_what_is_not_judged() -> None:
    picture = judged(
        [box(0), box(100), box(300), box(600)],
        [0.4, 0.9, 0.8, 0.7],
        [box(0), box(100)],
        ignored=[False, True],
        regions=[[295.0, 0.0, 400.0, 50.0]],
        optional=[False, False, False, True],
    )
    assert average_precision([picture]).ap == 1.0
    # half in the region is enough, a quarter is not
    near = judged([box(0), box(0, 7.5)], [0.4, 0.9], [box(0)], regions=[[0.0, 15.0, 10.0, 30.0]])
    assert average_precision([near]).ap == pytest.approx(0.5)


def test_an_ignored_label_takes_its_own_detection() -> None:
    # the hidden one behind overlaps the one before it, and its detection is the surer: it takes its own label
    found = match(judged([box(3), box(0)], [0.9, 0.5], [box(0), box(3)], ignored=[False, True]))
    assert found.judged.tolist() == [False, True]
    assert found.right.tolist() == [False, True]
    assert found.found_by.tolist() == [0.5, 0.9]


def test_heights() -> None:
    picture = judged(
        [box(0, size=8), box(100, size=40)], [0.5, 0.9], [box(0, size=8), box(100, size=40), box(200, size=9)]
    )
    assert average_precision([picture.of_height(0, 16)]).ap == pytest.approx(0.5)
    assert average_precision([picture.of_height(16, 1e9)]).ap == 1.0


def test_nothing_to_find_is_unknown_and_nothing_found_is_zero() -> None:
    assert average_precision([]).ap is None
    assert average_precision([judged([box(0)], [0.5], [])]).ap is None
    assert average_precision([judged([], [], [box(0)])]).ap == 0.0


@pytest.mark.parametrize(
    "parts",
    [
        (np.zeros((2, 3)), np.zeros(2), NOTHING),
        (np.zeros((2, 4)), np.zeros(3), NOTHING),
        (NOTHING, np.zeros(0), np.zeros(4)),
    ],
)
def test_shapes_are_checked(parts: tuple[np.ndarray, np.ndarray, np.ndarray]) -> None:
    with pytest.raises(ValueError, match="must be"):
        Judged(*parts)


places = st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.integers(4, 30)), max_size=8)


@given(places, places, st.lists(st.integers(1, 3), min_size=8, max_size=8))
def test_laws(found: list[tuple[int, int, int]], labels: list[tuple[int, int, int]], sure: list[int]) -> None:
    boxes = [box(x, y, size) for x, y, size in found]
    scores = [level / 4 for level in sure[: len(boxes)]]
    truth = [box(x, y, size) for x, y, size in labels]
    result = average_precision([judged(boxes, scores, truth)])
    assert (result.ap is None) == (not truth)
    if result.ap is not None:
        assert 0.0 <= result.ap <= 1.0
        # more labels are never found than there are, and the surest part alone is never better in recall
        assert (np.diff(result.recall) >= 0).all()
        # two pictures of the same are as good as one
        twice = average_precision([judged(boxes, scores, truth)] * 2)
        assert twice.ap == pytest.approx(result.ap)
        # a detection surer than all others and right where nothing else is cannot hurt
        better = average_precision([judged([*boxes, box(500)], [*scores, 1.0], [*truth, box(500)])])
        assert better.ap is not None
        assert better.ap >= result.ap * len(truth) / (len(truth) + 1) - 1e-9
