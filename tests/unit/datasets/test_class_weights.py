"""Class weights against their definitions, written slowly."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given
from hypothesis import strategies as st

from datasets.class_weights import effective_number_weights, inverse_sqrt_weights, median_frequency_weights

SCHEMES = [median_frequency_weights, inverse_sqrt_weights, effective_number_weights]

histograms = st.lists(st.integers(0, 300), min_size=1, max_size=12).filter(any).map(np.array)


def test_median_frequency_by_hand() -> None:
    weights = median_frequency_weights(np.array([100, 0, 50, 10, 200], np.int64))
    assert weights.dtype == np.float32
    assert weights.tolist() == [0.75, 0.0, 1.5, 7.5, 0.375]


def test_inverse_sqrt_by_hand() -> None:
    # 1/10, 1/20, 1/5, whose mean is 7/60
    weights = inverse_sqrt_weights(np.array([100, 400, 0, 25], np.int64))
    assert weights.tolist() == pytest.approx([6 / 7, 3 / 7, 0.0, 12 / 7])


@given(histograms, st.sampled_from([0.0, 0.5, 0.9, 0.99, 0.999]))
def test_effective_number_is_the_geometric_sum(histogram: npt.NDArray[np.int64], beta: float) -> None:
    worth = [math.fsum(beta**power for power in range(n)) for n in histogram.tolist()]
    weights = np.array([1 / each if each else 0.0 for each in worth])
    expected = weights / weights[histogram > 0].mean()
    assert effective_number_weights(histogram, beta=beta) == pytest.approx(expected, rel=1e-6)


@given(histograms)
def test_the_median_class_sets_beta(histogram: npt.NDArray[np.int64]) -> None:
    beta = 1 - 1 / float(np.median(histogram[histogram > 0]))
    assert effective_number_weights(histogram) == pytest.approx(
        effective_number_weights(histogram, beta=beta), rel=1e-5
    )


def test_effective_number_saturates_and_follows_the_inverse() -> None:
    weights = effective_number_weights(np.array([10, 20, 10**7, 10**9, 10**12], np.int64), beta=1 - 1e-6)
    assert weights[0] / weights[1] == pytest.approx(2.0, rel=1e-4)
    assert weights[3] == pytest.approx(weights[4], rel=1e-6)
    assert weights[2] / weights[3] == pytest.approx(1 / (1 - np.exp(-10)), rel=1e-4)


@pytest.mark.parametrize("weights_of", SCHEMES)
def test_weights_do_not_depend_on_the_amount_of_data(
    weights_of: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
) -> None:
    histogram = np.array([300, 500, 70_000, 0, 1_100], np.int64)
    assert weights_of(histogram * 10**12) == pytest.approx(weights_of(histogram), rel=2e-3)


@pytest.mark.parametrize("weights_of", SCHEMES)
def test_rarer_classes_never_weigh_less(
    weights_of: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]],
) -> None:
    weights = weights_of(np.array([1, 2, 30, 400, 5_000, 10**9], np.int64))
    assert (np.diff(weights) <= 0).all()
    assert (weights > 0).all()


@pytest.mark.parametrize("weights_of", SCHEMES)
def test_no_class_at_all(weights_of: Callable[[npt.NDArray[np.int64]], npt.NDArray[np.float32]]) -> None:
    with pytest.raises(ValueError, match="no class occurs"):
        weights_of(np.zeros(4, np.int64))


@pytest.mark.parametrize("beta", [1.0, -0.1, float("nan")])
def test_a_beta_out_of_range(beta: float) -> None:
    with pytest.raises(ValueError, match="expected 0 to below 1"):
        effective_number_weights(np.array([1, 2], np.int64), beta=beta)
