from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.statistics.paired import difference_interval, is_significant, mean_and_class_ious, resampled_ious

RNG = np.random.default_rng(0)
A = RNG.integers(0, 500, (9, 4, 3))
B = RNG.integers(0, 500, (9, 4, 3))
A[:, 2], B[:, 2] = 0, 0  # nowhere
A[1:, 3], B[1:, 3] = 0, 0  # in one frame only
SCENARIOS = np.array([0, 0, 0, 1, 1, 2, 2, 2, 2])


def naive_ious(counts: list[list[list[int]]]) -> list[float]:
    """By hand, class after class."""
    ious = []
    for k in range(len(counts[0])):
        tp, fp, fn = (sum(frame[k][i] for frame in counts) for i in range(3))
        ious.append(tp / (tp + fp + fn) if tp + fp + fn else float("nan"))
    there = [value for value in ious if value == value]
    return [sum(there) / len(there) if there else float("nan"), *ious]


def naive_differences(units: list[list[int]], bootstrap: Bootstrap) -> np.ndarray:
    """One loop over resamples, one over what was drawn; frames are taken as often as their unit was drawn."""
    drawn = np.random.default_rng(bootstrap.seed).integers(0, len(units), (bootstrap.resamples, len(units)))
    rows = []
    for chosen in drawn:
        frames = [frame for unit in chosen for frame in units[unit]]
        a, b = (naive_ious([side[frame].tolist() for frame in frames]) for side in (A, B))
        rows.append([y - x for x, y in zip(a, b, strict=True)])
    return np.array(rows)


@pytest.mark.parametrize("unit", ["frames", "scenarios"])
def test_it_is_what_a_loop_over_the_resamples_gives(unit: str) -> None:
    bootstrap = Bootstrap(resamples=60, seed=5, unit=unit)  # type: ignore[arg-type]
    units = [[i] for i in range(9)] if unit == "frames" else [[0, 1, 2], [3, 4], [5, 6, 7, 8]]
    expected = naive_differences(units, bootstrap)
    a, b = (resampled_ious(counts, SCENARIOS, bootstrap) for counts in (A, B))
    np.testing.assert_allclose(b - a, expected, rtol=0, atol=1e-15)
    low, high = difference_interval(a, b, 0.9)
    present = [0, 1, 2, 4]
    np.testing.assert_allclose(low[present], np.nanquantile(expected[:, present], 0.05, axis=0), atol=1e-12)
    np.testing.assert_allclose(high[present], np.nanquantile(expected[:, present], 0.95, axis=0), atol=1e-12)
    assert np.isnan([low[3], high[3]]).all(), "the class that is nowhere"


@given(arrays(np.int64, (3, 2, 3), elements=st.integers(0, 10**9)))
def test_the_mean_comes_first_and_is_that_of_the_classes_that_are_there(counts: np.ndarray) -> None:
    ious = mean_and_class_ious(counts)
    for frame, values in zip(counts, ious, strict=True):
        np.testing.assert_allclose(values, naive_ious([frame.tolist()]), equal_nan=True)


def test_a_side_against_itself_differs_by_nothing() -> None:
    bootstrap = Bootstrap(resamples=100)
    ious = resampled_ious(A, SCENARIOS, bootstrap)
    low, high = difference_interval(ious, ious.copy(), 0.95)
    assert np.nanmax(np.abs([low, high])) == 0
    assert not is_significant(low, high).any()


def test_what_two_frames_share_is_taken_out_of_the_difference() -> None:
    # Frames differ wildly, but the second net gets one pixel in 100 more right in each of them.
    right = RNG.integers(100, 900, 40)
    a, b = (np.stack([r, 0 * r, 1000 - r], axis=-1)[:, None] for r in (right, right + 10))
    bootstrap = Bootstrap(resamples=300)
    first, second = (resampled_ious(side, np.zeros(40, dtype=np.int64), bootstrap) for side in (a, b))
    low, high = difference_interval(first, second, 0.95)
    np.testing.assert_allclose([low, high], 0.01, atol=1e-12)
    assert first[:, 0].std() > 0.02, "although each of them alone is uncertain"
    assert is_significant(low, high).all()


@pytest.mark.parametrize("unit", ["frames", "scenarios"])
def test_one_unit_says_nothing_of_others(unit: str) -> None:
    counts, scenarios = (A[:1], SCENARIOS[:1]) if unit == "frames" else (A[:3], SCENARIOS[:3])
    ious = resampled_ious(counts, scenarios, Bootstrap(unit=unit))  # type: ignore[arg-type]
    assert ious.shape == (0, 5)
    low, high = difference_interval(ious, ious, 0.95)
    assert np.isnan([low, high]).all()
    assert not is_significant(low, high).any()
    assert resampled_ious(A[:0], SCENARIOS[:0], Bootstrap(unit=unit)).shape == (0, 5)  # type: ignore[arg-type]


def test_about_the_stated_share_of_intervals_covers_the_true_difference() -> None:
    # 200 experiments of 40 frames: two nets, right in 0.7 and 0.65 of the pixels on average, both worse in hard frames.
    rng = np.random.default_rng(3)
    covered = found = 0
    for seed in range(200):
        ease = rng.beta(7, 3, 40)
        right = np.stack([rng.binomial(200, ease), rng.binomial(200, np.clip(ease - 0.05, 0, 1))])
        sides = np.stack([right, 0 * right, 200 - right], axis=-1)[:, :, None]
        bootstrap = Bootstrap(resamples=200, seed=seed)
        a, b = (resampled_ious(side, np.zeros(40, dtype=np.int64), bootstrap) for side in sides)
        low, high = difference_interval(a, b, 0.9)
        covered += bool(low[1] <= -0.05 <= high[1])
        found += bool(is_significant(low, high)[1])
    assert 0.83 <= covered / 200 <= 0.96
    assert found / 200 > 0.95, "in pairs, five points are found although frames differ by far more"
