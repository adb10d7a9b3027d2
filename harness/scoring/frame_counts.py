"""Counts of single frames, from which every measure over any selection of them follows exactly.

A frame is two small arrays of whole numbers. Sums of them are all that a measure, an interval or a later question
("only the frames at night") needs, so the masks themselves need not be kept.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from harness.scoring.boundary import boundary_width, count_boundaries
from harness.scoring.confusion import ConfusionMatrix

Mask = NDArray[np.uint8]
Counts = NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameCounts:
    """Counts of F frames, in order, with K classes."""

    regions: Counts
    """Pixels: tp, fp and fn of each class, ``(F, K, 3)`` int64."""
    boundaries: Counts
    """The same of the pixels near the borders of each class, see :mod:`harness.scoring.boundary`."""

    def __len__(self) -> int:
        return len(self.regions)

    @classmethod
    def joined(cls, parts: Iterable[FrameCounts], num_classes: int) -> FrameCounts:
        """The frames of all parts, one part after the other; none where there are no parts."""
        none = np.zeros((0, num_classes, 3), dtype=np.int64)
        there = [cls(regions=none, boundaries=none), *parts]
        return cls(
            regions=np.concatenate([part.regions for part in there]),
            boundaries=np.concatenate([part.boundaries for part in there]),
        )


def count_frame(matrix: ConfusionMatrix, truth: Mask, prediction: Mask) -> FrameCounts:
    """The counts of one frame.

    Args:
        matrix: the frame's own confusion matrix, K classes.
        truth: class ids, ``(H, W)`` uint8, 255 where not scored.
        prediction: class ids, ``(H, W)`` uint8.
    """
    width = boundary_width(*truth.shape)
    boundaries = count_boundaries(truth, prediction, matrix.num_classes, width=width)
    regions = np.stack([matrix.tp, matrix.fp, matrix.fn], axis=-1)
    return FrameCounts(regions=regions[None], boundaries=boundaries[None])


def summed_by(units: Sequence[str], counts: Counts) -> Counts:
    """Sum the counts of frames that share a name.

    Args:
        units: what each frame belongs to, F names.
        counts: of the frames, ``(F, ...)``.

    Returns:
        One row for each different name, in the order of their first frames.
    """
    place: dict[str, int] = {}
    rows = [place.setdefault(unit, len(place)) for unit in units]
    sums = np.zeros((len(place), *counts.shape[1:]), dtype=np.int64)
    np.add.at(sums, rows, counts)
    return sums
