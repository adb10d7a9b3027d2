"""The paired bootstrap: is the difference between two sets of IoUs, taken on the same frames, more than chance?

Decisions:

* **The same draws for both sides.** A hard frame is hard under both conditions and for both nets. Drawing the same
  frames for both takes that out of the difference, so that small ones can be told from nothing.
* **The mean comes first.** Arrays of IoUs have 1 + K columns: mIoU, then each class in id order.
* **"Significant" is an interval without 0.** Nothing else is called so. There is no correction for many comparisons:
  with intervals of 95 %, one of 20 comparisons of equals is called significant.

This file knows counts only; what is compared with what is decided by its callers.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from harness.scoring.statistics.bootstrap import Bootstrap, Counts, FloatArray, interval, resampled
from harness.scoring.statistics.metrics import iou, mean_ious


def mean_and_class_ious(counts: NDArray[np.int64] | FloatArray) -> FloatArray:
    """MIoU and the IoU of each class.

    Args:
        counts: tp, fp, fn of each class, ``(..., K, 3)``.

    Returns:
        ``(..., 1 + K)`` in 0..1; NaN for a class that is absent, and for a mean of none.
    """
    ious = iou(counts[..., 0], counts[..., 1], counts[..., 2])
    return np.concatenate([mean_ious(ious)[..., None], ious], axis=-1)


def resampled_ious(counts: Counts, scenarios: NDArray[np.int64], bootstrap: Bootstrap) -> FloatArray:
    """MIoU and class IoUs of each resample.

    Two calls with the same scenarios and the same bootstrap draw the same frames: that is what makes them a pair.

    Args:
        counts: tp, fp, fn of each frame and class, ``(N, K, 3)``.
        scenarios: number of the scenario that each frame is from, ``(N,)``, rising; the unit where whole scenarios are
            drawn.
        bootstrap: how many resamples R, of what, and their seed.

    Returns:
        ``(R, 1 + K)``; ``(0, 1 + K)`` where there are fewer than two units to draw from.
    """
    units = counts
    if bootstrap.unit == "scenarios" and len(counts):
        units = np.add.reduceat(counts, np.unique(scenarios, return_index=True)[1], axis=0)
    if len(units) < 2:
        return np.zeros((0, 1 + counts.shape[1]))
    return mean_and_class_ious(resampled(units, bootstrap))


def difference_interval(a: FloatArray, b: FloatArray, level: float) -> tuple[FloatArray, FloatArray]:
    """Percentile interval of ``b - a``.

    Args:
        a: what `resampled_ious` gave for one side, ``(R, 1 + K)``.
        b: the same for the other side: the same frames, the same bootstrap.
        level: share of the resamples inside, 0..1.

    Returns:
        Lower and upper ends, ``(1 + K,)`` each; NaN where either side has no value.
    """
    return interval(b - a, level)


def is_significant(low: FloatArray, high: FloatArray) -> NDArray[np.bool_]:
    """Whether an interval excludes 0; False where there is none."""
    return (low > 0) | (high < 0)
