"""Class weights of a loss, from how often each class occurs.

Decisions:

* **A class that never occurs has weight 0**: nothing can be learnt about it, and an infinite weight would make every
  loss NaN.
* **Weights do not depend on the amount of data**: twice the same frames give the same weights.
* Frequencies are over all pixels of all frames.
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Weights = npt.NDArray[np.float32]


def median_frequency_weights(histogram: npt.NDArray[np.int64]) -> Weights:
    """(K,) float32 weight of each class: median frequency of the classes that occur, over the class's own.

    A class of the median frequency has weight 1. (Eigen and Fergus, 2015, divide by the pixels of the images that show
    the class; that needs counts by image.) ValueError when no class occurs.
    """
    occurs = _occurs(histogram)
    weights = np.zeros(histogram.shape, np.float64)
    weights[occurs] = np.median(histogram[occurs]) / histogram[occurs]
    return weights.astype(np.float32)


def inverse_sqrt_weights(histogram: npt.NDArray[np.int64]) -> Weights:
    """(K,) float32 weight of each class: one over the root of its frequency; the mean of those that occur is 1.

    Gentler than median frequency: a class a hundred times rarer counts ten times as much. ValueError when no class
    occurs.
    """
    occurs = _occurs(histogram)
    weights = np.zeros(histogram.shape, np.float64)
    weights[occurs] = 1.0 / np.sqrt(histogram[occurs])
    return _mean_one(weights, occurs)


def effective_number_weights(histogram: npt.NDArray[np.int64], *, beta: float | None = None) -> Weights:
    """(K,) float32 weight of each class: ``(1 - beta) / (1 - beta**n)`` of its n pixels; the mean is scaled to 1.

    Cui et al., "Class-balanced loss based on effective number of samples", 2019: n pixels are worth no more than
    ``1 / (1 - beta)`` different ones, so that classes far above that all have the same weight, and classes far below it
    are weighed by inverse frequency.

    Args:
        histogram: (K,) int64 pixels of each class.
        beta: 0 to below 1; 0 weighs all classes alike. None takes ``1 - 1 / m`` with m the median n of the classes that
            occur: the paper's values (0.9 to 0.9999) are for samples that are images, and saturate at once on pixels.

    Raises:
        ValueError: no class occurs, or `beta` is out of range.
    """
    occurs = _occurs(histogram)
    rest = 1.0 / max(float(np.median(histogram[occurs])), 1.0) if beta is None else 1.0 - beta
    if not 0.0 < rest <= 1.0:
        raise ValueError(f"beta is {beta}, expected 0 to below 1")
    weights = np.zeros(histogram.shape, np.float64)
    # beta**n as exp(n log(beta)), and 1 less that by expm1: with beta near 1 the plain form has no digits left.
    log_beta = math.log1p(-rest) if rest < 1.0 else -math.inf
    weights[occurs] = rest / -np.expm1(histogram[occurs] * log_beta)
    return _mean_one(weights, occurs)


def _occurs(histogram: npt.NDArray[np.int64]) -> npt.NDArray[np.bool_]:
    """Which classes occur; ValueError when none does."""
    occurs: npt.NDArray[np.bool_] = histogram > 0
    if not occurs.any():
        raise ValueError("no class occurs in the histogram, so there are no frequencies to weigh by")
    return occurs


def _mean_one(weights: npt.NDArray[np.float64], occurs: npt.NDArray[np.bool_]) -> Weights:
    scaled: Weights = (weights / weights[occurs].mean()).astype(np.float32)
    return scaled
