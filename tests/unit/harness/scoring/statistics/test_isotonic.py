from __future__ import annotations

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from harness.scoring.statistics.isotonic import isotonic

POINTS = st.lists(st.tuples(st.integers(0, 12), st.floats(-100, 100)), min_size=1, max_size=30)


def by_min_and_max(places: np.ndarray, x: np.ndarray, y: np.ndarray) -> list[float]:
    """The second implementation: the largest over beginnings of the least mean over ends (Barlow et al., 1972)."""
    mean = np.array([[y[(x >= a) & (x <= b)].mean() if a <= b else np.inf for b in places] for a in places])
    return [max(mean[begin, n:].min() for begin in range(n + 1)) for n in range(len(places))]


@settings(max_examples=100)
@given(points=POINTS)
def test_it_is_the_best_rising_fit(points: list[tuple[int, float]]) -> None:
    x, y = np.array(points, float).T
    places, fit = isotonic(x, y)
    assert places.tolist() == sorted(set(x.tolist()))
    np.testing.assert_allclose(fit, by_min_and_max(places, x, y), atol=1e-9)
    assert (np.diff(fit) >= 0).all()


def test_what_rises_is_kept_and_what_falls_is_levelled() -> None:
    x = np.array([1.0, 2.0, 3.0, 4.0])
    assert isotonic(x, np.array([1.0, 2.0, 5.0, 9.0]))[1].tolist() == [1.0, 2.0, 5.0, 9.0]
    assert isotonic(x, np.array([4.0, 3.0, 2.0, 1.0]))[1].tolist() == [2.5] * 4
    assert isotonic(x, np.array([1.0, 3.0, 2.0, 4.0]))[1].tolist() == [1.0, 2.5, 2.5, 4.0]


def test_order_does_not_matter() -> None:
    x, y = np.random.default_rng(0).normal(size=(2, 50))
    order = np.random.default_rng(1).permutation(50)
    np.testing.assert_allclose(isotonic(x, y), isotonic(x[order], y[order]))
