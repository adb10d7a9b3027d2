from __future__ import annotations

import numpy as np
import pytest

from harness.closed_loop.metrics.savitzky_golay import WINDOW, derivative, smoothed

SERIES = np.random.default_rng(0).normal(size=40)


def fitted(series: np.ndarray, order: int) -> list[float]:
    """The second implementation: a parabola through the window around each value, by numpy's own fit."""
    found = []
    for n in range(len(series)):
        first = min(max(n - WINDOW // 2, 0), len(series) - WINDOW)
        parabola = np.polynomial.Polynomial.fit(np.arange(first, first + WINDOW), series[first : first + WINDOW], 2)
        found.append(float(parabola.deriv(order)(n)))
    return found


def test_it_is_the_parabola_around_each_value() -> None:
    np.testing.assert_allclose(smoothed(SERIES), fitted(SERIES, 0), atol=1e-12)
    np.testing.assert_allclose(derivative(SERIES, 0.05), np.array(fitted(SERIES, 1)) / 0.05, atol=1e-10)


def test_a_parabola_stays_itself() -> None:
    time = np.arange(WINDOW) * 0.1
    np.testing.assert_allclose(smoothed(3 + 2 * time - time**2), 3 + 2 * time - time**2, atol=1e-12)
    np.testing.assert_allclose(derivative(3 + 2 * time - time**2, 0.1), 2 - 2 * time, atol=1e-11)


@pytest.mark.parametrize("length", [0, 1, WINDOW - 1])
def test_too_short_a_series_has_none(length: int) -> None:
    assert np.isnan(derivative(np.zeros(length), 0.1)).all()
    assert derivative(np.zeros(length), 0.1).shape == (length,)
