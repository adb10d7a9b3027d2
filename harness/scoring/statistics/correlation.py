"""How strongly two measures go together: Pearson's coefficient of the values, Spearman's of their ranks.

Absent is NaN, never 0: fewer than three pairs, or a measure that never changes, have no correlation.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]

MIN_PAIRS = 3
"""Two points always lie on a line."""


def pearson(x: FloatArray, y: FloatArray) -> float:
    """Linear correlation in -1..1 of two measures without NaN, ``(N,)`` each."""
    if len(x) < MIN_PAIRS:
        return float("nan")
    dx, dy = x - x.mean(), y - y.mean()
    scale = float(np.sqrt((dx @ dx) * (dy @ dy)))
    # A measure that never changes may differ from its mean by rounding.
    if np.ptp(x) == 0 or np.ptp(y) == 0 or scale == 0:
        return float("nan")
    return float(np.clip(dx @ dy / scale, -1.0, 1.0))


def spearman(x: FloatArray, y: FloatArray) -> float:
    """Correlation in -1..1 of the ranks of two measures without NaN, ``(N,)`` each."""
    return pearson(ranks(x), ranks(y))


def ranks(values: FloatArray) -> FloatArray:
    """Place of each value in rising order, from 1; equal values share the mean of their places. ``(N,)``."""
    _, group, sizes = np.unique(values, return_inverse=True, return_counts=True)
    last = np.cumsum(sizes)
    means: FloatArray = (last - sizes + 1 + last) / 2
    return means[group]
