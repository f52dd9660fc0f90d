"""Waits before a camera is tried again."""

from __future__ import annotations

import pytest

from edge.clock import NS_PER_S
from edge.vision.source.backoff import Backoff, BackoffSettings

PLAIN = BackoffSettings(first_s=1.0, factor=2.0, most_s=10.0, jitter=0.0, healthy_s=5.0)


def test_waits_double_to_a_bound() -> None:
    backoff = Backoff("north", PLAIN)
    assert [backoff.after(None, 0) for _ in range(6)] == [1.0, 2.0, 4.0, 8.0, 10.0, 10.0]


def test_a_camera_that_was_well_for_long_starts_anew() -> None:
    backoff = Backoff("north", PLAIN)
    for _ in range(4):
        backoff.after(None, 0)
    assert backoff.after(0, 5 * NS_PER_S) == 1.0


def test_one_frame_now_and_then_is_not_well() -> None:
    backoff = Backoff("north", PLAIN)
    assert [backoff.after(0, 4 * NS_PER_S) for _ in range(3)] == [1.0, 2.0, 4.0]


def test_jitter_stays_in_its_share_repeats_and_differs_between_cameras() -> None:
    settings = BackoffSettings(first_s=1.0, factor=1.0, most_s=1.0, jitter=0.25)

    def waits(camera: str) -> list[float]:
        backoff = Backoff(camera, settings)
        return [backoff.after(None, 0) for _ in range(50)]

    assert all(0.75 <= wait <= 1.25 for wait in waits("north"))
    assert waits("north") == waits("north")
    assert waits("north") != waits("south")


def test_a_camera_off_for_months_costs_no_overflow() -> None:
    backoff = Backoff("north", PLAIN)
    assert [backoff.after(None, 0) for _ in range(5000)][-1] == pytest.approx(10.0)
