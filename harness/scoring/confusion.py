"""Exact confusion counts of label masks.

Decisions:

* **Counts are int64 and exact.** Nothing is divided here (see :mod:`harness.scoring.metrics`), so matrices of frames,
  scenarios and processes can be added in any order with the same result.
* **Truth 255 is "do not score".** Such pixels are in no row and no column, whatever was predicted there.
  Any other id at or above ``num_classes``, and any such prediction at a scored pixel, is an error: it means that the
  masks belong to another label set, and counting on would give a plausible wrong number.
* **Eight pixels at a time.** Label maps are piecewise constant, so most 8-byte words of both masks equal the word
  before. The kernel compares words and counts runs, which is several times faster than a histogram by pixel and just
  as exact; on noise it falls back to about the speed of the histogram.
"""

from __future__ import annotations

import numpy as np
from numba import njit
from numpy.typing import NDArray

from harness.errors import DataError

IGNORE_ID = 255
"""Truth id of pixels that are not scored; the ``ignore_id`` of every label set."""

_WORD_BYTES = 8

Mask = NDArray[np.uint8]
Counts = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_pixels(truth: Mask, prediction: Mask, repeats: int, counts: Counts) -> bool:
    """Add ``repeats`` for each pixel pair; False, with ``counts`` half done, when an id is out of range."""
    num_classes = counts.shape[0]
    for index in range(truth.size):
        if truth[index] == IGNORE_ID:
            continue
        if truth[index] >= num_classes or prediction[index] >= num_classes:
            return False
        counts[truth[index], prediction[index]] += repeats
    return True


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_words(truth: Mask, prediction: Mask, counts: Counts) -> bool:
    """Add all pixels of two masks whose size is a multiple of 8, run by run of equal 8-byte words."""
    truth_words = truth.view(np.uint64)
    prediction_words = prediction.view(np.uint64)
    run_start = 0
    for index in range(1, truth_words.size + 1):
        if (
            index < truth_words.size
            and truth_words[index] == truth_words[run_start]
            and prediction_words[index] == prediction_words[run_start]
        ):
            continue
        first, end = run_start * _WORD_BYTES, (run_start + 1) * _WORD_BYTES
        if not _add_pixels(truth[first:end], prediction[first:end], index - run_start, counts):
            return False
        run_start = index
    return True


def _aligned_flat(mask: Mask) -> Mask:
    """The mask as one contiguous row that starts on a word border: a view where it can be, else a copy."""
    flat = np.ascontiguousarray(mask).reshape(-1)
    return flat if flat.ctypes.data % _WORD_BYTES == 0 else flat.copy()


def _bad_ids(truth: Mask, prediction: Mask, num_classes: int) -> DataError:
    """Name the ids that no class has; called only after the kernel has met one."""
    scored = truth != IGNORE_ID
    found = {
        "truth": np.unique(truth[scored & (truth >= num_classes)]).tolist(),
        "prediction": np.unique(prediction[scored & (prediction >= num_classes)]).tolist(),
    }
    seen = " and ".join(f"ids {ids} in the {which}" for which, ids in found.items() if ids)
    return DataError(
        f"{seen}, but there are {num_classes} classes (ids 0 to {num_classes - 1}, and {IGNORE_ID} in the truth for "
        "pixels that are not scored): use the label set that the net was trained with"
    )


class ConfusionMatrix:
    """Counts of (truth class, predicted class) pixel pairs over any number of masks.

    ``matrix.counts[t, p]`` is the number of pixels of class ``t`` that were predicted as class ``p``. Not safe for
    updates from several threads: give each its own matrix and add them.
    """

    def __init__(self, num_classes: int, counts: Counts | None = None) -> None:
        if not 1 <= num_classes <= IGNORE_ID:
            raise ValueError(f"num_classes is {num_classes}, expected 1 to {IGNORE_ID}")
        self.num_classes = num_classes
        self.counts: Counts = np.zeros((num_classes, num_classes), dtype=np.int64)
        """Pixels by truth class (row) and predicted class (column), shape ``(K, K)`` int64."""
        if counts is not None:
            if counts.shape != self.counts.shape:
                raise ValueError(f"counts have shape {counts.shape}, expected {self.counts.shape}")
            self.counts += counts

    def update(self, truth: Mask, prediction: Mask) -> None:
        """Add the pixels of one or more frames.

        Args:
            truth: class ids, uint8, any shape (``(H, W)`` or ``(N, H, W)``); 255 is not scored.
            prediction: class ids, uint8, the same shape.

        Raises:
            ValueError: the masks differ in shape or are not uint8.
            DataError: an id that no class has; the matrix is left as it was.
        """
        if truth.shape != prediction.shape:
            raise ValueError(f"truth has shape {truth.shape}, prediction has {prediction.shape}: they must be equal")
        if truth.dtype != np.uint8 or prediction.dtype != np.uint8:
            raise ValueError(f"masks are {truth.dtype} and {prediction.dtype}, expected uint8 class ids")
        if truth.size == 0:
            return
        flat_truth, flat_prediction = _aligned_flat(truth), _aligned_flat(prediction)
        whole = flat_truth.size - flat_truth.size % _WORD_BYTES
        added = np.zeros_like(self.counts)
        if not (
            (whole == 0 or _add_words(flat_truth[:whole], flat_prediction[:whole], added))
            and _add_pixels(flat_truth[whole:], flat_prediction[whole:], 1, added)
        ):
            raise _bad_ids(flat_truth, flat_prediction, self.num_classes)
        self.counts += added

    def __add__(self, other: ConfusionMatrix) -> ConfusionMatrix:
        """A new matrix with the counts of both; they must have the same number of classes."""
        if self.num_classes != other.num_classes:
            raise ValueError(f"cannot add matrices of {self.num_classes} and {other.num_classes} classes")
        return ConfusionMatrix(self.num_classes, self.counts + other.counts)

    def __repr__(self) -> str:
        return f"ConfusionMatrix(num_classes={self.num_classes}, pixels={int(self.counts.sum())})"

    @property
    def tp(self) -> Counts:
        """Pixels of each class that were predicted as it, ``(K,)`` int64."""
        diagonal: Counts = np.diagonal(self.counts).copy()
        return diagonal

    @property
    def fp(self) -> Counts:
        """Scored pixels of other classes that were predicted as each class, ``(K,)`` int64."""
        predicted: Counts = self.counts.sum(axis=0)
        return predicted - self.tp

    @property
    def fn(self) -> Counts:
        """Pixels of each class that were predicted as another, ``(K,)`` int64."""
        true: Counts = self.counts.sum(axis=1)
        return true - self.tp
