"""Boundary IoU (Cheng et al. 2021, arXiv 2103.16562): which pixels are near the border of their class.

Decisions:

* **The band of a class** is the pixels of its mask that are at most ``width`` pixels from a pixel outside the mask,
  the larger of the distances along x and y counting. That is what the authors' code does, which erodes the mask
  ``width`` times with a 3 x 3 square; so is that beyond the image's own edge all is outside every mask, and that the
  width is 2 % of the image's diagonal, rounded, at least 1 pixel.
* **Pixels that are not scored are in no mask,** neither of the truth nor of the prediction, so their rim is a border
  of both, as the image's edge is: a perfect prediction has a boundary IoU of 1.
* **Counts first, divide last.** A frame gives pixels in both bands (tp), in the predicted one only (fp) and in the
  true one only (fn), for each class (:mod:`harness.scoring.frame_counts`), and ``metrics.iou`` of their sums is the
  boundary IoU. The paper takes the mean over instances; semantic classes have none, so counts are pooled as for the
  IoU.
* **All classes at once.** A pixel is in the band of its class where the square of ``2 width + 1`` pixels around it is
  not all of that class. Runs along x, then along y, decide that in two passes, whatever the width and the number of
  classes.
"""

from __future__ import annotations

import math

import numpy as np
from numba import njit
from numpy.typing import NDArray

BOUNDARY_SHARE = 0.02
"""Width of a band as a share of the image's diagonal, as in the paper."""

Mask = NDArray[np.uint8]


def boundary_width(height: int, width: int) -> int:
    """How far from a border the band goes, for an image of ``height`` x ``width`` [px]: whole pixels, at least 1."""
    return max(1, round(BOUNDARY_SHARE * math.hypot(height, width)))


def in_band(labels: Mask, width: int) -> NDArray[np.bool_]:
    """Where ``labels`` ``(H, W)`` uint8 is at most ``width`` pixels from another label or from beyond the edge."""
    contiguous = np.ascontiguousarray(labels)
    band = np.ones(labels.shape, dtype=np.bool_)
    _clear_interior(contiguous, width, band)
    return band


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _clear_interior(labels: Mask, width: int, band: NDArray[np.bool_]) -> None:
    """Set ``band`` to False where the square around a pixel holds one label only."""
    height, length = labels.shape
    uniform = np.zeros(length, dtype=np.bool_)  # pixels of a row whose neighbours to both sides are like them
    rows = np.zeros(length, dtype=np.int32)  # for each column, rows down to here that are uniform and of one label
    for y in range(height):
        _mark_uniform(labels[y], width, uniform)
        above = labels[max(y - 1, 0)]
        for x in range(length):
            rows[x] = (rows[x] * (labels[y, x] == above[x]) + 1) * uniform[x]
        if y >= 2 * width:
            for x in range(length):
                band[y - width, x] = rows[x] <= 2 * width


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _mark_uniform(row: Mask, width: int, uniform: NDArray[np.bool_]) -> None:
    """Set ``uniform`` where the ``width`` pixels to the left and to the right are there and have the same label."""
    uniform[:] = False
    start = 0
    for x in range(1, row.size + 1):
        if x == row.size or row[x] != row[start]:
            uniform[start + width : max(start + width, x - width)] = True
            start = x
