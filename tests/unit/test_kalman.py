"""The filters agree with the textbook's matrices."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.kalman import ConstantVelocity, Manoeuvring

steps = st.lists(st.tuples(st.floats(0.01, 2.0), st.floats(-50, 50), st.booleans()), min_size=1, max_size=12)


@given(steps, st.floats(0.1, 10), st.floats(0.1, 5))
def test_agrees_with_the_matrix_form(steps: list[tuple[float, float, bool]], q: float, r: float) -> None:
    ours = ConstantVelocity.empty(1)
    ours.append(np.array([[0.0]]), np.array([[r]]), np.array([[25.0]]))
    x, p = np.zeros(2), np.diag([r, 25.0])
    for dt, z, measured in steps:
        ours.predict(dt, np.array([[q]]))
        f = np.array([[1.0, dt], [0.0, 1.0]])
        noise = q * np.array([[dt**3 / 3, dt**2 / 2], [dt**2 / 2, dt]])
        x, p = f @ x, f @ p @ f.T + noise
        if measured:
            ours.update(np.array([0]), np.array([[z]]), np.array([[r]]))
            h = np.array([1.0, 0.0])
            gain = p @ h / (h @ p @ h + r)
            x, p = x + gain * (z - h @ x), p - np.outer(gain, h @ p)
    np.testing.assert_allclose([ours.x[0, 0], ours.v[0, 0]], x, rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose(
        [ours.var_x[0, 0], ours.cov_xv[0, 0], ours.var_v[0, 0]], [p[0, 0], p[0, 1], p[1, 1]], rtol=1e-6, atol=1e-6
    )


def test_two_short_steps_are_one_long_step() -> None:
    def after(parts: list[float]) -> tuple[float, float]:
        f = ConstantVelocity.empty(1)
        f.append(np.array([[1.0]]), np.array([[0.5]]), np.array([[4.0]]))
        for dt in parts:
            f.predict(dt, np.array([[2.0]]))
        return f.var_x[0, 0], f.var_v[0, 0]

    np.testing.assert_allclose(after([0.3, 0.7]), after([1.0]))


def test_keep_forgets_the_others() -> None:
    f = ConstantVelocity.empty(2)
    f.append(np.array([[1.0, 2.0], [3.0, 4.0]]), np.ones((2, 2)), np.ones((2, 2)))
    f.keep(np.array([False, True]))
    assert f.x.tolist() == [[3.0, 4.0]]
    assert f.v.shape == (1, 2)


@given(steps, st.floats(0.5, 4), st.floats(0.1, 5), st.floats(0.5, 5))
def test_manoeuvring_agrees_with_the_matrix_form(
    steps: list[tuple[float, float, bool]], sd: float, r: float, tau: float
) -> None:
    ours = Manoeuvring.empty(1, tau)
    ours.append(np.array([[0.0]]), np.array([[r]]), np.array([[25.0]]), np.array([[sd**2]]))
    x, p = np.zeros(3), np.diag([r, 25.0, sd**2])
    for dt, z, measured in steps:
        ours.predict(dt, np.array([[sd]]))
        kept = np.exp(-dt / tau)
        f = np.array([[1, dt, tau * dt - tau**2 * (1 - kept)], [0, 1, tau * (1 - kept)], [0, 0, kept]])
        noise = np.array(
            [[dt**5 / 20, dt**4 / 8, dt**3 / 6], [dt**4 / 8, dt**3 / 3, dt**2 / 2], [dt**3 / 6, dt**2 / 2, dt]]
        )
        x, p = f @ x, f @ p @ f.T + 2 * sd**2 / tau * noise
        if measured:
            ours.update(np.array([0]), np.array([[z]]), np.array([[r]]))
            h = np.array([1.0, 0.0, 0.0])
            gain = p @ h / (h @ p @ h + r)
            x, p = x + gain * (z - h @ x), p - np.outer(gain, h @ p)
    np.testing.assert_allclose([ours.x[0, 0], ours.v[0, 0]], x[:2], rtol=1e-6, atol=1e-6)
    np.testing.assert_allclose([ours.var_x[0, 0], ours.var_v[0, 0]], [p[0, 0], p[1, 1]], rtol=1e-5, atol=1e-6)


def test_a_velocity_that_changes_steadily_is_followed_with_little_lag() -> None:
    ours, lagging = Manoeuvring.empty(1, 2.0), ConstantVelocity.empty(1)
    one, z = np.array([0]), np.zeros((1, 1))
    ours.append(z, np.ones((1, 1)), np.full((1, 1), 225.0), np.full((1, 1), 4.0))
    lagging.append(z, np.ones((1, 1)), np.full((1, 1), 225.0))
    for k in range(1, 41):
        t = k / 10
        ours.predict(0.1, np.array([[2.0]]))
        lagging.predict(0.1, np.array([[2.0**2]]))
        for one_filter in (ours, lagging):
            one_filter.update(one, np.array([[14 * t - 1.5 * t**2]]), np.ones((1, 1)))
    assert lagging.v[0, 0] - 2.0 > 1.2
    assert ours.v[0, 0] == pytest.approx(2.0, abs=0.7)


def test_manoeuvring_keeps_and_rests() -> None:
    f = Manoeuvring.empty(2, 2.0)
    two = np.array([[1.0, 2.0], [3.0, 4.0]])
    f.append(two, np.ones((2, 2)), np.ones((2, 2)), np.ones((2, 2)))
    f.predict(0.5, np.ones((2, 2)))
    f.update(np.array([0, 1]), two + 1.0, np.ones((2, 2)))
    f.keep(np.array([False, True]))
    f.predict(0.5, np.ones((1, 2)))
    assert (f.v[0] > 0).all()
    f.stand(np.array([0]))
    at = f.x.copy()
    f.predict(0.5, np.ones((1, 2)))
    np.testing.assert_array_equal(f.x, at)
