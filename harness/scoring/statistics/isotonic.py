"""The rising steps that fit a cloud of points best: isotonic regression by pooling adjacent violators.

Barlow, Bartholomew, Bremner and Brunk, Statistical Inference under Order Restrictions, 1972. It takes for granted only
that more of one measure does not make the other worse, and no form of the curve.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

FloatArray = NDArray[np.float64]


def isotonic(x: FloatArray, y: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Fit y by a function of x that never falls, with the least squared error.

    Args:
        x: ``(N,)`` without NaN, in any order.
        y: ``(N,)`` without NaN.

    Returns:
        The M different values of x, rising, and the fit at each.
    """
    places, group, sizes = np.unique(x, return_inverse=True, return_counts=True)
    sums = np.bincount(group, weights=y, minlength=len(places))
    # Blocks of neighbours with one value: its mean, how many points and how many places it stands for.
    blocks: list[tuple[float, int, int]] = []
    for total, points in zip(sums.tolist(), sizes.tolist(), strict=True):
        blocks.append((total / points, points, 1))
        while len(blocks) > 1 and blocks[-2][0] >= blocks[-1][0]:
            (mean, number, width), (left_mean, left_number, left_width) = blocks.pop(), blocks.pop()
            number += left_number
            blocks.append(
                ((mean * (number - left_number) + left_mean * left_number) / number, number, width + left_width)
            )
    fit = np.repeat([mean for mean, _, _ in blocks], [width for _, _, width in blocks])
    return places.astype(np.float64), fit.astype(np.float64)
