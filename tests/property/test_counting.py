"""Whatever road users do between the gates, each is counted once or not at all."""

from __future__ import annotations

import numpy as np
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from edge.vision.movements import MovementCounter
from tests.overhead import NBT, PLANE, SBT, Place, follow

speeds = st.floats(2.0, 18.0)
rates = st.sampled_from([8.0, 12.5, 25.0])


def counter() -> MovementCounter:
    return MovementCounter((SBT, NBT), PLANE)


@given(speed=speeds, fps=rates, wait_at_m=st.floats(3, 30), wait_s=st.floats(0, 40), seed=st.integers(0, 999))
@settings(max_examples=60)
def test_one_vehicle_is_one_wherever_it_waits(
    speed: float, fps: float, wait_at_m: float, wait_s: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    shake = rng.uniform(-0.15, 0.15, 5000)

    def path(t_s: float) -> Place | None:
        reach_s = wait_at_m / speed
        driven = speed * t_s if t_s < reach_s else max(wait_at_m, speed * (t_s - wait_s))
        return (9.0, driven + float(shake[int(t_s * 50) % 5000])) if driven < 39 else None

    crossings, _ = follow(counter(), [path], 40 / speed + wait_s + 1, fps)
    assert [c.movement for c in crossings] == ["SBT"]
    assert crossings[0].t_ns >= (crossings[0].entered_ns or 0)


@given(
    headways=st.lists(st.floats(0.9, 4.0), min_size=1, max_size=12),
    speed=st.floats(6.0, 16.0),
    fps=rates,
    switch_m=st.floats(2, 36),
)
@settings(max_examples=40)
def test_a_platoon_is_counted_whole_though_numbers_change(
    headways: list[float], speed: float, fps: float, switch_m: float
) -> None:
    starts = np.cumsum(headways).tolist()
    assume(all(h * speed > 7 for h in headways))

    def path(start_s: float) -> object:
        return lambda t_s: (9.0, speed * (t_s - start_s)) if 0 <= speed * (t_s - start_s) <= 39 else None

    crossings, _ = follow(
        counter(),
        [path(start) for start in starts],  # type: ignore[misc]
        starts[-1] + 40 / speed + 1,
        fps,
        ids=lambda i, t_s: i if speed * (t_s - starts[i]) < switch_m else i + 1000,
    )
    assert len(crossings) == len(starts)


@given(turn_m=st.floats(0.5, 18.8), fps=rates, speed=speeds)
@settings(max_examples=40)
def test_one_that_turns_back_before_the_exit_is_not_counted(turn_m: float, fps: float, speed: float) -> None:
    def path(t_s: float) -> Place | None:
        y = speed * t_s
        y = y if y < turn_m else 2 * turn_m - y
        return (9.0, y) if y >= 0 else None

    crossings, _ = follow(MovementCounter((SBT,), PLANE), [path], 2 * turn_m / speed + 1, fps)
    assert crossings == []


@given(speed=speeds, fps=rates, x_m=st.floats(-6, 24))
@settings(max_examples=40)
def test_ends_of_a_gate_are_ends(speed: float, fps: float, x_m: float) -> None:
    assume(abs(x_m - 1) > 0.7)
    assume(abs(x_m - 17) > 0.7)
    crossings, _ = follow(counter(), [lambda t_s: (x_m, speed * t_s) if speed * t_s < 39 else None], 40 / speed, fps)
    assert len(crossings) == (1 if 1 < x_m < 17 else 0)
