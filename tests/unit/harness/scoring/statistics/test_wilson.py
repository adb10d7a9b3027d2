from __future__ import annotations

import math
from statistics import NormalDist

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.statistics.wilson import wilson_interval


@pytest.mark.parametrize(
    ("successes", "trials", "low", "high"),
    [
        # Newcombe, Statistics in Medicine 17 (1998), table I, method 3: the score method without correction.
        (81, 263, 0.2553, 0.3662),
        (15, 148, 0.0624, 0.1605),
        (0, 20, 0.0, 0.1611),
        (1, 29, 0.0061, 0.1718),
    ],
)
def test_published_intervals(successes: int, trials: int, low: float, high: float) -> None:
    assert wilson_interval(successes, trials) == pytest.approx((low, high), abs=5e-5)


@given(trials=st.integers(1, 500), share=st.floats(0, 1), level=st.floats(0.5, 0.999))
def test_its_ends_are_where_the_test_of_that_share_is_at_its_limit(trials: int, share: float, level: float) -> None:
    successes = round(share * trials)
    low, high = wilson_interval(successes, trials, level)
    assert 0 <= low <= successes / trials <= high <= 1
    mirrored = wilson_interval(trials - successes, trials, level)
    assert (1 - mirrored[1], 1 - mirrored[0]) == pytest.approx((low, high), abs=1e-12)
    z = NormalDist().inv_cdf((1 + level) / 2)
    for end in (low, high):
        if 0 < end < 1:
            assert abs(successes / trials - end) == pytest.approx(z * math.sqrt(end * (1 - end) / trials), rel=1e-6)


def test_about_the_stated_share_covers_the_truth() -> None:
    drawn = np.random.default_rng(2).binomial(30, 0.9, 2000)
    covered = [low <= 0.9 <= high for low, high in (wilson_interval(int(n), 30) for n in drawn)]
    assert 0.93 <= np.mean(covered) <= 0.98


def test_no_trial_says_nothing() -> None:
    assert np.isnan(wilson_interval(0, 0)).all()
