"""Exact confusion counts of label masks.

Decisions:

* **Counts are int64 and exact.** Nothing is divided here (see :mod:`harness.scoring.statistics.metrics`), so matrices
  of frames, scenarios and processes can be added in any order with the same result.
* **Truth 255 is "do not score".** Such pixels are in no row and no column, whatever was predicted there.
  Any other id at or above ``num_classes``, and any such prediction at a scored pixel, is an error: it means that the
  masks belong to another label set, and counting on would give a plausible wrong number.
* **Eight pixels at a time.** Label maps are piecewise constant, so most 8-byte words of both masks only repeat the
  pixel before. The kernel compares words, adds up the lengths of such runs and counts the other words pixel by pixel:
  several times faster than a histogram, just as exact, and on noise no slower than one.
* **No test in the inner loop.** Ids that are not scored, or that no class has, are counted too, in rows and a column
  of their own; what stands there is looked at once a call.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from harness.errors import DataError

IGNORE_ID = 255
"""Truth id of pixels that are not scored; the ``ignore_id`` of every label set."""

_WORD_BYTES = 8
_BYTE = np.uint64(0xFF)
_BITS = np.uint64(8)
_REPEAT = np.uint64(0x0101010101010101)
"""Times a byte: the word of eight such bytes."""

Mask = NDArray[np.uint8]
Words = NDArray[np.uint64]
Places = NDArray[np.uint64]
Counts = NDArray[np.int64]


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_pixels(truth: Mask, prediction: Mask, rows: Places, columns: Places, table: Counts) -> None:
    """Add the pixels of two flat masks to a flat table; a pair belongs at ``rows[truth] + columns[prediction]``."""
    for index in range(truth.size):
        table[rows[truth[index]] + columns[prediction[index]]] += 1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _add_words(truth: Words, prediction: Words, rows: Places, columns: Places, table: Counts) -> None:
    """As ``_add_pixels``, for the same masks seen as 8-byte words, at least one."""
    last_truth, last_prediction = truth[0] & _BYTE, prediction[0] & _BYTE
    place = rows[last_truth] + columns[last_prediction]
    truth_run, prediction_run = last_truth * _REPEAT, last_prediction * _REPEAT
    run = 0  # pixels equal to the last one that are not in the table yet
    for index in range(truth.size):
        truth_word, prediction_word = truth[index], prediction[index]
        if truth_word == truth_run and prediction_word == prediction_run:
            run += 8
            continue
        table[place] += run
        for _ in range(7):
            table[rows[truth_word & _BYTE] + columns[prediction_word & _BYTE]] += 1
            truth_word >>= _BITS
            prediction_word >>= _BITS
        place = rows[truth_word] + columns[prediction_word]
        truth_run, prediction_run = truth_word * _REPEAT, prediction_word * _REPEAT
        run = 1
    table[place] += run


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
        ids = np.arange(IGNORE_ID + 1)
        row = np.where(ids < num_classes, ids, np.where(ids == IGNORE_ID, num_classes, num_classes + 1))
        self._rows: Places = (row * (num_classes + 1)).astype(np.uint64)
        self._columns: Places = np.minimum(ids, num_classes).astype(np.uint64)
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
        added = self._counted(flat_truth, flat_prediction)
        known = self.num_classes
        if added[known + 1].any() or added[:known, known].any():
            raise _bad_ids(flat_truth, flat_prediction, known)
        self.counts += added[:known, :known]

    def _counted(self, truth: Mask, prediction: Mask) -> Counts:
        """Count flat, aligned masks: ``(K + 2, K + 1)``.

        Row K is for truth that is not scored, row K + 1 and column K are for ids that no class has.
        """
        table = np.zeros((self.num_classes + 2, self.num_classes + 1), dtype=np.int64)
        whole = truth.size - truth.size % _WORD_BYTES
        if whole:
            words = truth[:whole].view(np.uint64), prediction[:whole].view(np.uint64)
            _add_words(*words, self._rows, self._columns, table.reshape(-1))
        _add_pixels(truth[whole:], prediction[whole:], self._rows, self._columns, table.reshape(-1))
        return table

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

    @property
    def regions(self) -> Counts:
        """tp, fp and fn of each class, ``(K, 3)`` int64."""
        return np.stack([self.tp, self.fp, self.fn], axis=-1)


def confusion_rows(matrix: ConfusionMatrix, names: Sequence[str]) -> tuple[tuple[str, ...], list[dict[str, str | int]]]:
    """The matrix as the rows of a table: a row for each true class, a column for each predicted one.

    Args:
        matrix: the counts.
        names: of the classes in id order, K of them.

    Returns:
        Names of the columns ("truth", then the classes), and the rows by these names.
    """
    rows: list[dict[str, str | int]] = [
        {"truth": name, **dict(zip(names, counts.tolist(), strict=True))}
        for name, counts in zip(names, matrix.counts, strict=True)
    ]
    return ("truth", *names), rows
