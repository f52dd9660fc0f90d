"""The filters agree with the textbook's matrices."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from edge.vision.kalman import ConstantVelocity

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
