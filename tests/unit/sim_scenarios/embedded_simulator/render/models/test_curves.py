from __future__ import annotations

import itertools

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.render.models.curves import MonotoneCurve

heights = st.lists(st.floats(-10.0, 10.0), min_size=2, max_size=12)


@given(heights)
@settings(max_examples=60, deadline=None)
def test_passes_through_its_points_and_never_overshoots(values: list[float]) -> None:
    points = tuple((float(x), y) for x, y in enumerate(values))
    curve = MonotoneCurve(points)
    np.testing.assert_allclose(curve([x for x, _ in points]), values, atol=1e-9)
    for index, (before, after) in enumerate(itertools.pairwise(values)):
        between = curve(np.linspace(index, index + 1, 33))
        assert between.min() >= min(before, after) - 1e-9
        assert between.max() <= max(before, after) + 1e-9


def test_end_values_hold_beyond_the_ends() -> None:
    curve = MonotoneCurve(((0.0, 1.0), (1.0, 3.0)))
    np.testing.assert_allclose(curve([-5.0, 0.5, 5.0]), [1.0, 2.0, 3.0])
