"""Effectiveness against sums done by hand, matching by time, and every refusal."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.errors import InputError
from edge.replay.evaluate import (
    MATCH_S,
    Truth,
    cumulative,
    effectiveness,
    evaluate,
    load_truth,
    match,
    weighted_rmse,
)
from edge.replay.record import Record

TIMES = st.lists(st.floats(0, 100, allow_nan=False), max_size=12)


def record_of(crossings: list[tuple[str, float, str]], **run: Any) -> Record:
    movements = [
        {"id": "EBT", "direction": "rightward"},
        {"id": "EBL", "direction": "rightward"},
        {"id": "WBT", "direction": "leftward"},
        {"id": "NBT", "direction": None},
    ]
    first = {"kind": "run", "t_ns": 0, "site": "a1", "movements": movements, "video_sha256": None, **run}
    events = [
        {"kind": "crossing", "t_ns": round(t * 1e9), "movement": movement, "class": kind}
        for movement, t, kind in crossings
    ]
    end = {"kind": "end", "t_ns": 10**10, "frames": 250}
    return Record(first, end, (first, *events, end))


def truth_of(crossings: Sequence[tuple[str, float, str | None]], counts: dict[str, int]) -> Truth:
    rows = [{"frame": t * 25, "direction": name, "kind": kind} for name, t, kind in crossings]
    return Truth.model_validate({"fps": 25.0, "frames": 250, "counts": counts, "crossings": rows})


# k = 2: weights 2·1/6 = 1/3 and 2·2/6 = 2/3; k = 3: 1/6, 2/6, 3/6; k = 4: 1/10 … 4/10
@pytest.mark.parametrize(
    ("truth", "ours", "expected"),
    [
        ([5], [3], 2.0),  # one segment: the plain difference
        ([1, 2], [1, 2], 0.0),  # equal
        ([1, 2], [0, 2], math.sqrt(1 / 3)),  # late by one segment
        ([1, 2], [1, 1], math.sqrt(2 / 3)),  # one missed at the end weighs twice as much
        ([2, 4, 6], [1, 4, 8], math.sqrt(1 / 6 * 1 + 3 / 6 * 4)),
        ([0, 0, 0, 10], [1, 2, 3, 4], math.sqrt(0.1 * 1 + 0.2 * 4 + 0.3 * 9 + 0.4 * 36)),
    ],
)
def test_wrmse_by_hand(truth: list[float], ours: list[float], expected: float) -> None:
    assert weighted_rmse(truth, ours) == pytest.approx(expected)


@given(st.lists(st.integers(0, 50), min_size=1, max_size=20), st.integers(-20, 20))
def test_wrmse_of_a_constant_offset_is_that_offset(truth: list[int], offset: int) -> None:
    """The weights sum to one."""
    assert weighted_rmse(truth, [x + offset for x in truth]) == pytest.approx(abs(offset))


@pytest.mark.parametrize(("truth", "ours"), [([], []), ([1], [1, 2])])
def test_wrmse_refuses_series_that_do_not_pair(truth: list[float], ours: list[float]) -> None:
    with pytest.raises(ValueError, match="one length"):
        weighted_rmse(truth, ours)


def test_cumulative_counts_to_the_end_of_each_part() -> None:
    assert cumulative([1.0, 4.0, 9.5, 12.0], 10.0, 4) == [1, 2, 2, 4]  # the end of a part belongs to it


@given(TIMES, st.integers(1, 15))
def test_cumulative_never_falls_and_ends_with_all(times: list[float], k: int) -> None:
    counts = cumulative(times, 60.0, k)
    assert counts == sorted(counts)
    assert (len(counts), counts[-1]) == (k, len(times))


def test_effectiveness_by_hand_weighted_by_vehicles() -> None:
    truth = {("right", "car"): [1.0, 6.0, 7.0], ("left", "car"): [2.0]}
    ours = {("right", "car"): [1.0, 6.0], ("left", "car"): [2.0]}
    # right: cumulative 1, 3 against 1, 2: wRMSE = √(2/3); left: none
    expected = (3 * (1 - math.sqrt(2 / 3) / 3) + 1) / 4
    assert effectiveness(truth, ours, 10.0, 2) == pytest.approx(expected)


def test_effectiveness_is_never_below_zero() -> None:
    assert effectiveness({("right", "car"): [1.0]}, {("right", "car"): [2.0] * 9}, 10.0, 5) == 0.0


def test_effectiveness_of_no_truth_is_unknown() -> None:
    assert effectiveness({}, {("right", "car"): [2.0]}, 10.0, 5) is None


@given(TIMES.filter(bool), st.integers(1, 12))
def test_effectiveness_of_the_truth_itself_is_one(times: list[float], k: int) -> None:
    assert effectiveness({("a", "b"): times}, {("a", "b"): times}, 100.0, k) == pytest.approx(1.0)


def test_matching_prefers_more_pairs_to_closer_ones() -> None:
    # greedy by closeness would pair 1.4 with 1.5 and leave 0.0 and 2.9 alone
    assert match([0.0, 1.5], [1.4, 2.9]) == [(0, 0), (1, 1)]


@given(TIMES, TIMES)
def test_matching_pairs_each_once_and_never_far_apart(truth: list[float], ours: list[float]) -> None:
    pairs = match(truth, ours)
    assert len({i for i, _ in pairs}) == len({j for _, j in pairs}) == len(pairs)
    assert all(abs(truth[i] - ours[j]) <= MATCH_S for i, j in pairs)
    assert len(match(ours, truth)) == len(pairs)


def test_movements_of_one_direction_are_counted_together() -> None:
    truth = truth_of(
        [("rightward", 1, None), ("rightward", 2, None), ("leftward", 5, None)], {"rightward": 2, "leftward": 1}
    )
    ours = record_of([("EBT", 1.2, "car"), ("EBL", 2.1, "truck"), ("WBT", 8.0, "car"), ("NBT", 3.0, "car")])
    result = evaluate(ours, truth)
    right, left = result.directions["rightward"], result.directions["leftward"]
    assert (right.truth, right.ours, right.matched, right.missed_s, right.extra_s) == (2, 2, 2, (), ())
    assert (left.truth, left.ours, left.matched, left.missed_s, left.extra_s) == (1, 1, 0, (5.0,), (8.0,))
    assert result.within


def test_classes_count_when_the_truth_has_them() -> None:
    truth = truth_of([("rightward", 1, "car"), ("rightward", 2, "truck")], {"rightward": 2})
    same = evaluate(record_of([("EBT", 1, "car"), ("EBT", 2, "truck")]), truth)
    swapped = evaluate(record_of([("EBT", 1, "car"), ("EBT", 2, "car")]), truth)
    assert same.effectiveness == pytest.approx(1.0)
    assert swapped.effectiveness is not None
    assert swapped.effectiveness < 0.5


@pytest.mark.parametrize(
    ("truth", "ours", "within"),
    [(2, 1, True), (2, 0, False), (10, 11, True), (10, 12, False), (20, 22, True), (20, 17, False), (0, 1, True)],
)
def test_within_is_one_vehicle_or_a_tenth(truth: int, ours: int, within: bool) -> None:
    rows = [("rightward", float(t), None) for t in range(truth)]
    result = evaluate(record_of([("EBT", float(t), "car") for t in range(ours)]), truth_of(rows, {"rightward": truth}))
    assert result.directions["rightward"].within is within
    assert result.directions["rightward"].error == ours - truth


def test_json_has_the_keys_that_scripts_read() -> None:
    result = evaluate(record_of([("EBT", 1, "car")]), truth_of([("rightward", 1, None)], {"rightward": 1})).to_json()
    parsed = json.loads(json.dumps(result))
    assert parsed["directions"]["rightward"]["truth"] == parsed["directions"]["rightward"]["ours"] == 1
    assert parsed["effectiveness"] == 1.0


def test_nobody_counted() -> None:
    truth = Truth.model_validate({"fps": 25.0, "frames": 232, "counts": None, "crossings": None})
    with pytest.raises(InputError, match="nobody counted"):
        evaluate(record_of([]), truth)


def test_counts_without_times_have_no_effectiveness() -> None:
    truth = Truth.model_validate({"fps": 25.0, "frames": 250, "counts": {"rightward": 1}})
    result = evaluate(record_of([("EBT", 1, "car")]), truth)
    assert result.effectiveness is None
    assert result.directions["rightward"].matched is None


def test_a_direction_the_site_lacks_names_both_sets() -> None:
    with pytest.raises(InputError, match=r"'toward'.*'leftward', 'rightward'"):
        evaluate(record_of([]), truth_of([], {"toward": 3}))


def test_zero_segments_refused() -> None:
    with pytest.raises(InputError, match="at least 1"):
        evaluate(record_of([]), truth_of([], {"rightward": 0}), segments=0)


def test_warnings_name_another_file_and_a_short_replay() -> None:
    truth = Truth.model_validate({"fps": 25.0, "frames": 300, "counts": {"rightward": 0}, "sha256": "aa"})
    warnings = evaluate(record_of([], video_sha256="bb"), truth).warnings
    assert len(warnings) == 2
    assert "sha256" in warnings[0]
    assert "250 frames" in warnings[1]


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (None, "No such file"),
        (b"", "file"),
        (b'{"fps": 0}', "fps"),
        (b"\xff\xfe", "file"),
        (b'{"fps": 25}', "frames"),
        (b'{"fps": 25, "frames": 9, "counts": {"N": -3}}', "counts.N"),
        (
            b'{"fps": 25, "frames": 9, "counts": {"N": 1}, "crossings": [{"frame": 1, "direction": "S"}]}',
            "crossings.0.direction: 'S'",
        ),
    ],
)
def test_bad_truth_files_name_file_and_field(tmp_path: Path, content: bytes | None, says: str) -> None:
    path = tmp_path / "clip.truth.json"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(InputError, match=says) as caught:
        load_truth(path)
    assert str(path) in str(caught.value)
