from __future__ import annotations

import math

import numpy as np
import pytest

from harness.errors import UsageError
from harness.scoring.statistics.bootstrap import Bootstrap, interval, resampled, resampled_means

COUNTS = np.random.default_rng(0).integers(0, 2**33, (7, 4, 3))


def test_resamples_are_the_sums_of_what_was_drawn() -> None:
    bootstrap = Bootstrap(resamples=50, seed=3)
    drawn = np.random.default_rng(3).integers(0, len(COUNTS), (50, len(COUNTS)))
    np.testing.assert_array_equal(resampled(COUNTS, bootstrap), [COUNTS[units].sum(axis=0) for units in drawn])


def test_many_units_are_drawn_in_parts_and_all_resamples_are_there() -> None:
    counts = np.ones((30_000, 1), dtype=np.int64)  # 139 resamples at a time
    sums = resampled(counts, Bootstrap(resamples=150))
    np.testing.assert_array_equal(sums, np.full((150, 1), 30_000.0))


def test_the_seed_decides() -> None:
    first, again, other = (resampled(COUNTS, Bootstrap(resamples=20, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).any()


def test_no_resamples_give_no_interval() -> None:
    sums = resampled(COUNTS, Bootstrap(resamples=0))
    assert sums.shape == (0, 4, 3)
    assert np.isnan(interval(sums, 0.95)).all()


def test_an_interval_leaves_the_same_share_out_on_both_sides() -> None:
    low, high = interval(np.arange(1001.0)[:, None], 0.9)
    assert (low.tolist(), high.tolist()) == (pytest.approx([50.0]), pytest.approx([950.0]))


def test_resamples_without_a_value_say_nothing() -> None:
    values = np.array([[0.0, math.nan], [math.nan, math.nan], [1.0, math.nan]])
    low, high = interval(values, 0.5)
    np.testing.assert_array_equal([low, high], [[0.25, math.nan], [0.75, math.nan]])


def test_about_the_stated_share_of_intervals_covers_the_truth() -> None:
    # 300 experiments of 40 frames each, whose share of right pixels is 0.7 in the mean.
    rng = np.random.default_rng(11)
    covered = 0
    for experiment in range(300):
        right = rng.binomial(100, rng.beta(7, 3, 40))
        sums = resampled(np.stack([right, np.full(40, 100)], axis=-1), Bootstrap(resamples=300, seed=experiment))
        low, high = interval(sums[:, 0] / sums[:, 1], 0.9)
        covered += bool(low <= 0.7 <= high)
    assert 0.84 <= covered / 300 <= 0.95


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"resamples": -1}, "resamples is -1"),
        ({"seed": -1}, "seed of the resampling is -1"),
        ({"level": 1.0}, "level of the intervals is 1"),
        ({"level": math.nan}, "level of the intervals is nan"),
        ({"unit": "pixels"}, "'pixels' is not known; expected frames or scenarios"),
    ],
)
def test_settings_out_of_range_are_refused(wrong: dict[str, object], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        Bootstrap(**wrong)  # type: ignore[arg-type]


@pytest.mark.parametrize("level", [0.5, 0.683, 0.9, 0.95])
def test_the_ends_are_those_of_numpy_to_the_last_bit(level: float) -> None:
    rng = np.random.default_rng(2)
    values = rng.random((999, 7, 3))
    values[rng.random(values.shape) < 0.3] = math.nan
    values[:, 2, 1] = math.nan
    values[1:, 3, 0] = math.nan
    exists = ~np.isnan(values).all(axis=0)
    low, high = interval(values, level)
    tail = (1 - level) / 2
    expected = np.nanquantile(values[:, exists], [tail, 1 - tail], axis=0)
    np.testing.assert_array_equal([low[exists], high[exists]], expected)
    assert np.isnan([low[~exists], high[~exists]]).all()


def test_means_are_those_of_what_was_drawn() -> None:
    values = np.random.default_rng(1).normal(size=(9, 2))
    bootstrap = Bootstrap(resamples=50, seed=3)
    drawn = np.random.default_rng(3).integers(0, 9, (50, 9))
    expected = [values[units].mean(axis=0) for units in drawn]
    np.testing.assert_allclose(resampled_means(values, bootstrap), expected, atol=1e-12)
    np.testing.assert_allclose(resampled_means(values[:, 0], bootstrap), np.array(expected)[:, 0], atol=1e-12)
    assert resampled_means(values, Bootstrap(resamples=0)).shape == (0, 2)
