"""Counting one frame: everything that is known of it afterwards are a few small tables of whole numbers.

Decisions:

* **The truth is prepared once** for all predictions that are compared with it (nets, and sizes of one view).
* **Two passes over the pixels count everything.** One is the confusion matrix, which also refuses ids that no class
  has. For the other, all that is known of a pixel (its class, whether it is near a border, the band of its object and
  of its distance) is one number, its mark; neighbours mostly have the same, so whole runs are counted at once.
* **A pixel of the truth and one of the prediction are in a band each.** By distance they are the same pixel. By size of
  the object, hits and misses (tp, fn) belong to the true region, and false alarms (fp) to the predicted one.
* **Pixels that are not scored are in no mask,** neither of the truth nor of the prediction; they divide regions and are
  borders (:mod:`harness.scoring.boundary`).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from harness.scoring.bands import DISTANCE_BAND_NAMES, OBJECT_BAND_NAMES, distance_bands, object_bands
from harness.scoring.boundary import boundary_width, in_band
from harness.scoring.confusion import IGNORE_ID, ConfusionMatrix

Mask = NDArray[np.uint8]
Marks = NDArray[np.uint16]
Counts = NDArray[np.int64]

_ID = 0xFF
_NEAR_BORDER = 1 << 8
_OBJECT_SHIFT = 9
_DISTANCE_SHIFT = 11
_OBJECT = 0x3
_DISTANCE = 0x7


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameTruth:
    """The labels of one frame, ready to be compared with predictions."""

    ids: Mask
    """Class ids, ``(H, W)`` uint8, 255 where not scored."""
    marks: Marks
    """What is known of each pixel, ``(H, W)`` uint16."""
    has_depth: bool

    @classmethod
    def of(cls, ids: Mask, depth: NDArray[np.uint32] | None = None) -> FrameTruth:
        """Find borders, objects and distances.

        Args:
            ids: class ids, ``(H, W)`` uint8, 255 where not scored.
            depth: codes of the depth camera, ``(H, W)`` uint32.
        """
        marks = _marks(ids)
        if depth is not None:
            marks |= distance_bands(depth).astype(np.uint16) << np.uint16(_DISTANCE_SHIFT)
        return cls(ids=ids, marks=marks, has_depth=depth is not None)


@dataclass(frozen=True, kw_only=True, eq=False)
class FrameCounts:
    """Counts of one frame with K classes, int64; the last axis of three is tp, fp and fn."""

    confusion: Counts
    """Pixels by true class (row) and predicted class (column), ``(K, K)``."""
    regions: Counts
    """Of all pixels, ``(K, 3)``."""
    boundaries: Counts
    """Of those near the borders of each class, ``(K, 3)``."""
    objects: Counts
    """By size of the object, ``(S, K, 3)``."""
    distances: Counts
    """By distance, ``(D, K, 3)``; zeros without depth."""


def count_frame(truth: FrameTruth, prediction: Mask, num_classes: int) -> FrameCounts:
    """Compare a prediction with the truth.

    Args:
        truth: of H x W pixels.
        prediction: class ids, ``(H, W)`` uint8.
        num_classes: K.

    Raises:
        ValueError: the prediction has another shape, or is not uint8.
        DataError: an id that no class has.
    """
    matrix = ConfusionMatrix(num_classes)
    matrix.update(truth.ids, prediction)
    seen = np.where(truth.ids == IGNORE_ID, truth.ids, prediction)
    boundaries = np.zeros((IGNORE_ID + 1, 3), dtype=np.int64)
    objects = np.zeros((len(OBJECT_BAND_NAMES), IGNORE_ID + 1, 3), dtype=np.int64)
    distances = np.zeros((len(DISTANCE_BAND_NAMES), IGNORE_ID + 1, 3), dtype=np.int64)
    _add_marked(truth.marks.reshape(-1), _marks(seen).reshape(-1), boundaries, objects, distances)
    return FrameCounts(
        confusion=matrix.counts,
        regions=matrix.regions,
        boundaries=boundaries[:num_classes],
        objects=objects[:, :num_classes],
        distances=distances[:, :num_classes] * truth.has_depth,
    )


def _marks(ids: Mask) -> Marks:
    """Id, border and object band of each pixel, ``(H, W)`` uint16."""
    marks = np.empty(ids.shape, dtype=np.uint16)
    near_border = in_band(ids, boundary_width(*ids.shape))
    _join_marks(ids.reshape(-1), near_border.reshape(-1), object_bands(ids).reshape(-1), marks.reshape(-1))
    return marks


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _join_marks(ids: Mask, near_border: NDArray[np.bool_], objects: Mask, marks: Marks) -> None:
    for index in range(ids.size):
        marks[index] = (
            np.uint16(ids[index])
            | (np.uint16(near_border[index]) << np.uint16(8))
            | (np.uint16(objects[index]) << np.uint16(_OBJECT_SHIFT))
        )


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_marked(truth: Marks, seen: Marks, boundaries: Counts, objects: Counts, distances: Counts) -> None:
    """Add the pixels of two flat masks, of at least one pixel, to tables by class: see ``count_frame``."""
    last_truth, last_seen, run = truth[0], seen[0], 0
    for index in range(truth.size):
        if truth[index] == last_truth and seen[index] == last_seen:
            run += 1
            continue
        _add_run(last_truth, last_seen, run, boundaries, objects, distances)
        last_truth, last_seen, run = truth[index], seen[index], 1
    _add_run(last_truth, last_seen, run, boundaries, objects, distances)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_run(truth: int, seen: int, pixels: int, boundaries: Counts, objects: Counts, distances: Counts) -> None:
    """Add ``pixels`` pixels that all have these marks; those that are not scored land in row 255."""
    true, predicted = truth & _ID, seen & _ID
    true_object, seen_object = (truth >> _OBJECT_SHIFT) & _OBJECT, (seen >> _OBJECT_SHIFT) & _OBJECT
    distance = (truth >> _DISTANCE_SHIFT) & _DISTANCE
    true_border, seen_border = (truth & _NEAR_BORDER) != 0, (seen & _NEAR_BORDER) != 0
    if true == predicted:
        objects[true_object, true, 0] += pixels
        distances[distance, true, 0] += pixels
    else:
        objects[seen_object, predicted, 1] += pixels
        objects[true_object, true, 2] += pixels
        distances[distance, predicted, 1] += pixels
        distances[distance, true, 2] += pixels
    if true_border and seen_border and true == predicted:
        boundaries[true, 0] += pixels
        return
    if seen_border:
        boundaries[predicted, 1] += pixels
    if true_border:
        boundaries[true, 2] += pixels
