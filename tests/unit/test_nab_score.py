"""The benchmark's score against cases worked out by hand from its definition."""

from __future__ import annotations

import json
import math
from pathlib import Path

import numpy as np
import pytest

from benchmarks.nab import PROFILES, Bools, Labelled, load, normalised, sigma, total
from edge.errors import InputError

STANDARD = PROFILES["standard"]
#: 200 rows (30 of probation), one window of 21 rows from 100 to 120.
ONE = Labelled("a/one.csv", tuple(range(0, 60_000, 300)), (0.0,) * 200, ((100, 120),))
TWO = Labelled("b/two.csv", tuple(range(0, 60_000, 300)), (0.0,) * 200, ((100, 120), (150, 160)))
NONE = Labelled("c/none.csv", tuple(range(0, 60_000, 300)), (0.0,) * 200, ())


def at(*rows: int) -> Bools:
    detected = np.zeros(200, np.bool_)
    detected[list(rows)] = True
    return detected


def score(file: Labelled, *rows: int, profile: str = "standard") -> float:
    return total([file], [at(*rows)], PROFILES[profile]).score


def test_the_sigmoid_at_the_published_points() -> None:
    assert sigma(-1) == pytest.approx(0.98661, abs=1e-5)
    assert sigma(-0.5) == pytest.approx(0.84828, abs=1e-5)
    assert sigma(0) == 0
    assert sigma(1) == pytest.approx(-0.98661, abs=1e-5)
    assert sigma(3) == -1


@pytest.mark.parametrize("profile", PROFILES)
def test_nothing_detected_is_0_and_the_left_edge_of_every_window_is_100(profile: str) -> None:
    assert score(TWO, profile=profile) == 0
    assert score(TWO, 100, 150, profile=profile) == pytest.approx(100)


def test_one_window_found_in_its_middle() -> None:
    # Row 110 of 100..120: y = -(120 - 110 + 1) / 21 = -0.5238; (1 + sigma(y) / sigma(-1)) / 2.
    y = -11 / 21
    by_hand = 100 * (1 + (2 / (1 + math.exp(5 * y)) - 1) / 0.986614) / 2
    assert by_hand == pytest.approx(93.8, abs=0.05)
    assert score(ONE, 110) == pytest.approx(by_hand, abs=1e-3)


def test_the_last_row_of_a_window_still_earns_a_little_over_half() -> None:
    # y = -1/21: sigma 0.1185; (1 + 0.1201) / 2.
    assert score(ONE, 120) == pytest.approx(56.0, abs=0.05)


def test_of_several_detections_in_a_window_the_first_counts() -> None:
    assert score(ONE, 110, 111, 119) == score(ONE, 110)
    assert score(ONE, 103, 110) == score(ONE, 103) > score(ONE, 110)


def test_one_of_two_windows_is_half() -> None:
    assert score(TWO, 100) == pytest.approx(50)


def test_a_false_detection_before_any_window_costs_all_of_its_weight() -> None:
    # 0.11 of 2 points.
    assert score(ONE, 60) == pytest.approx(-5.5)
    assert score(ONE, 60, 61) == pytest.approx(-11)
    assert score(ONE, 60, profile="reward_low_FP_rate") == pytest.approx(-11)


def test_a_false_detection_just_after_a_window_costs_less_than_one_far_after() -> None:
    # Row 121: y = 1/20, sigma = -0.12435; row 140: y = 1; row 180: y = 3.
    assert score(ONE, 121) == pytest.approx(-5.5 * 0.12435, abs=1e-3)
    assert score(ONE, 140) == pytest.approx(-5.5 * 0.98661, abs=1e-3)
    assert score(ONE, 180) == pytest.approx(-5.5)


def test_distance_is_from_the_last_window() -> None:
    # Row 165: 5 rows after 160, of a window of 11: y = 0.5.
    assert score(TWO, 165) == pytest.approx(-0.11 * 0.84828 * 100 / 4, abs=1e-3)


def test_a_missed_window_weighs_double_where_misses_matter() -> None:
    # One of two found: (1 + 2) of 6.
    assert score(TWO, 100, profile="reward_low_FN_rate") == pytest.approx(50)
    assert TWO.points(at(100), PROFILES["reward_low_FN_rate"]) == pytest.approx(3)


def test_probation_is_not_scored() -> None:
    assert ONE.probation == 30
    assert score(ONE, 0, 10, 29) == 0
    assert score(ONE, 30) == pytest.approx(-5.5)
    long = Labelled("a/long.csv", tuple(range(20_000)), (0.0,) * 20_000, ())
    assert long.probation == 750


def test_a_file_without_a_window_only_costs_but_shares_the_total() -> None:
    both = total([ONE, NONE], [at(100), at(50)], STANDARD)
    assert both.score == pytest.approx(100 * (2 - 0.11) / 2)
    assert (both.found, both.windows, both.false) == (1, 1, 1)
    assert normalised([NONE], [NONE.points(at(50), STANDARD)], STANDARD) == pytest.approx(-0.11)


def test_f1_and_false_alarms_a_sensor_day() -> None:
    # Two windows, one found, one false: precision 1/2, recall 1/2; 170 rows of 300 s scored, less one step.
    whole = total([TWO], [at(100, 60)], STANDARD)
    assert whole.f1 == pytest.approx(0.5)
    assert whole.false_per_day == pytest.approx(86_400 / (169 * 300))


def _corpus(folder: Path, rows: str, windows: object) -> Path:
    (folder / "data" / "a").mkdir(parents=True)
    (folder / "data" / "a" / "x.csv").write_text("timestamp,value\n" + rows, encoding="utf-8")
    (folder / "windows.json").write_text(json.dumps(windows), encoding="utf-8")
    return folder


ROWS = "2026-01-05 00:00:00,1\n2026-01-05 00:05:00,2\n2026-01-05 00:10:00,3\n"


def test_a_corpus_is_read_and_files_that_are_not_there_are_left_out(tmp_path: Path) -> None:
    span = [["2026-01-05 00:05:00.000000", "2026-01-05 00:10:00.000000"]]
    (file,) = load(_corpus(tmp_path, ROWS, {"a/x.csv": span, "a/held-back.csv": []}))
    assert file.name == "a/x.csv"
    assert file.category == "a"
    assert file.values == (1, 2, 3)
    assert file.windows == ((1, 2),)
    assert file.times_s[1] - file.times_s[0] == 300


@pytest.mark.parametrize(
    ("rows", "windows", "says"),
    [
        ("2026-01-05 00:00:00,much\n", {"a/x.csv": []}, "x.csv: a row"),
        ("yesterday,1\n", {"a/x.csv": []}, "x.csv: a row"),
        (ROWS, {"a/x.csv": [["2025-01-05 00:05:00", "2025-01-05 00:10:00"]]}, "holds no row"),
        (ROWS, {"a/y.csv": []}, "holds none"),
    ],
)
def test_a_damaged_corpus_is_named(tmp_path: Path, rows: str, windows: object, says: str) -> None:
    with pytest.raises(InputError, match=says):
        load(_corpus(tmp_path, rows, windows))


def test_a_folder_without_a_corpus_is_named(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"windows\.json"):
        load(tmp_path)
