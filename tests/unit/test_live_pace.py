"""How many frames are looked at: hysteresis, heat, and never so few that a crossing is lost."""

from __future__ import annotations

import itertools
import logging
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from calibration.load import load_site
from edge.clock import NS_PER_S
from edge.live.compose import crossing_gap_s
from edge.live.pace import FramePace, PacedLooks, PaceSettings, hottest_c, longest_gap_s

FPS = 25.0
FRAME_S = 1 / FPS


def settled(pace: FramePace, look_s: float, soc_c: float | None = None, seconds: float = 60.0) -> int:
    """The pace after so many seconds of looks that each take look_s."""
    for second in range(round(seconds)):
        pace.measured(second * NS_PER_S, FRAME_S, look_s, soc_c)
    return pace.pace.every


@pytest.mark.parametrize(
    ("look_s", "every"),
    [(0.010, 1), (0.030, 1), (0.036, 2), (0.060, 2), (0.090, 3), (0.5, 5)],
    ids=["fast", "busy", "too busy", "two frames", "three frames", "hopeless: as few as the gap allows"],
)
def test_a_look_takes_no_more_than_its_share_of_the_time(look_s: float, every: int) -> None:
    assert settled(FramePace(max_gap_s=0.2), look_s) == every


def test_a_hot_chip_looks_less_often_until_it_has_cooled() -> None:
    pace = FramePace(max_gap_s=0.4)
    assert settled(pace, 0.005, soc_c=85.0, seconds=10) == 3, "one step each 5 s"
    assert pace.pace.why == "1 frame in 3: looks took 6 % of the time, chip at 85 °C"
    assert settled(pace, 0.005, soc_c=75.0) == 3, "between cool and hot it stays"
    assert settled(pace, 0.005, soc_c=70.0) == 1
    assert pace.pace.why is None


def test_unknown_heat_is_neither_hot_nor_a_reason_to_stay_slow() -> None:
    pace = FramePace(max_gap_s=0.4)
    settled(pace, 0.005, soc_c=85.0, seconds=10)
    assert settled(pace, 0.005, soc_c=None) == 1


def test_a_pace_is_kept_for_a_while() -> None:
    pace = FramePace(max_gap_s=0.4, settings=PaceSettings(hold_s=5.0))
    changes = []
    for tenth in range(600):
        # one second fast, one second slow
        before = pace.pace.every
        pace.measured(tenth * NS_PER_S // 10, FRAME_S, 0.05 if tenth // 10 % 2 else 0.005, None)
        if pace.pace.every != before:
            changes.append(tenth)
    assert all(b - a >= 50 for a, b in itertools.pairwise(changes))


@given(
    fps=st.floats(4, 60),
    gap_s=st.floats(0.05, 1.0),
    looks=st.lists(st.tuples(st.floats(0, 2), st.one_of(st.none(), st.floats(20, 110))), min_size=1, max_size=40),
)
def test_two_looks_are_never_further_apart_than_allowed(
    fps: float, gap_s: float, looks: list[tuple[float, float | None]]
) -> None:
    pace = FramePace(gap_s)
    looked_s: list[float] = []
    for number in range(len(looks) * 10):
        t_s = number / fps
        if not pace.wants():
            continue
        looked_s.append(t_s)
        look_s, soc_c = looks[number // 10]
        pace.measured(round(t_s * NS_PER_S), 1 / fps, look_s, soc_c)
    # a camera that is itself slower than the gap gives every frame there is
    allowed_s = max(gap_s, 1 / fps) + 1e-6
    assert all(b - a <= allowed_s for a, b in itertools.pairwise(looked_s))
    assert pace.skipped + len(looked_s) == len(looks) * 10


def test_how_far_apart_looks_may_be_follows_from_gates_and_speed() -> None:
    assert longest_gap_s(16.0, 16.0) == 0.25
    for bad in ((0.0, 10.0), (10.0, 0.0), (-1.0, 10.0)):
        with pytest.raises(ValueError, match="must be positive"):
            longest_gap_s(*bad)
    with pytest.raises(ValueError, match="max_gap_s"):
        FramePace(0.0)


def test_the_gap_of_a_site_is_that_of_its_tightest_movement() -> None:
    site = load_site("demo")
    gap_s = crossing_gap_s(site, site.cameras[0])
    assert 0.02 < gap_s <= 0.5
    doubled = tuple(a.model_copy(update={"speed_limit_mps": 2 * a.speed_limit_mps}) for a in site.approaches)
    assert crossing_gap_s(site.model_copy(update={"approaches": doubled}), site.cameras[0]) < gap_s


def test_the_hottest_zone_that_makes_sense_counts(tmp_path: Path) -> None:
    assert hottest_c(tmp_path) is None
    for number, text in enumerate(("45000", "61500\n", "-273000", "no", "999000")):
        zone = tmp_path / f"thermal_zone{number}"
        zone.mkdir()
        (zone / "temp").write_text(text)
    (tmp_path / "thermal_zone9").mkdir()
    assert hottest_c(tmp_path) == 61.5


def test_frames_as_they_come_are_left_out_and_that_is_logged(caplog: pytest.LogCaptureFixture) -> None:
    looks = PacedLooks(FramePace(max_gap_s=0.3), None, heat=lambda: None)
    looked = 0
    with caplog.at_level(logging.WARNING):
        for number in range(100):
            if looks.wants(round(number * FRAME_S * NS_PER_S)):
                looked += 1
                looks.took(round(0.06 * NS_PER_S))
    assert 45 <= looked <= 55
    assert looks.skipped == 100 - looked
    assert caplog.messages[0].startswith("1 frame in 2: looks took 150 % of the time; ")


def test_a_blind_camera_measures_nothing() -> None:
    looks = PacedLooks(FramePace(max_gap_s=0.3), FRAME_S, heat=lambda: 90.0)
    for number in range(500):
        looks.wants(round(number * FRAME_S * NS_PER_S))
        looks.took(None)
    assert looks.skipped == 0
