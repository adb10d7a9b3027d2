"""The project's one formula for each segmentation metric.

Decisions:

* **Count first, divide last.** Every function takes counts of true positives, false positives and false negatives,
  already summed over whatever is being asked about (a frame, a scenario, a weather). Ratios are never averaged over
  frames or scenarios, because a mean of ratios depends on how the frames were grouped.
* **Absent is NaN, never 0.** A class that is in neither the truth nor the prediction has no IoU. Tables show it as an
  empty cell and a mean leaves it out. A class that is predicted but absent from the truth does have an IoU: 0.

The functions accept scalars or arrays of any one shape and broadcast like numpy. They know nothing of files or labels.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.float64]

MEAN = "(mean)"
"""What tables name in place of a class where the mean over all classes is meant."""


def _ratio(numerator: ArrayLike, denominator: ArrayLike) -> FloatArray:
    """Divide counts; NaN where the denominator is 0."""
    top = np.asarray(numerator, dtype=np.float64)
    bottom = np.asarray(denominator, dtype=np.float64)
    result = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    np.divide(top, bottom, out=result, where=bottom > 0)
    return result


def iou(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> FloatArray:
    """Intersection over union, ``tp / (tp + fp + fn)``, in 0..1; NaN where a class is in neither truth nor prediction.

    Args:
        tp: pixels of the class that were predicted as it, any shape.
        fp: pixels of other classes that were predicted as it, same shape.
        fn: pixels of the class that were predicted as another, same shape.
    """
    return _ratio(tp, np.asarray(tp) + np.asarray(fp) + np.asarray(fn))


def precision(tp: ArrayLike, fp: ArrayLike) -> FloatArray:
    """Share of the pixels predicted as the class that are of it, in 0..1; NaN where it was never predicted."""
    return _ratio(tp, np.asarray(tp) + np.asarray(fp))


def recall(tp: ArrayLike, fn: ArrayLike) -> FloatArray:
    """Share of the pixels of the class that were predicted as it, in 0..1; NaN where the truth has none."""
    return _ratio(tp, np.asarray(tp) + np.asarray(fn))


def f1(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> FloatArray:
    """Harmonic mean of precision and recall (the Dice coefficient), ``2 tp / (2 tp + fp + fn)``; NaN as for `iou`."""
    twice = 2 * np.asarray(tp)
    return _ratio(twice, twice + np.asarray(fp) + np.asarray(fn))


def pixel_accuracies(tp: ArrayLike, fn: ArrayLike) -> FloatArray:
    """Share of all labelled pixels that were predicted right, in 0..1; NaN without labelled pixels.

    Args:
        tp: true positives of every class, ``(..., K)``.
        fn: false negatives of every class, ``(..., K)``. ``tp + fn`` summed is the number of labelled pixels.

    Returns:
        ``(...)``: one for each set of counts.
    """
    right = np.sum(np.asarray(tp), axis=-1)
    return _ratio(right, right + np.sum(np.asarray(fn), axis=-1))


def mean_ious(class_ious: ArrayLike) -> FloatArray:
    """Mean of the IoUs of the classes that are there, NaN when none is.

    Args:
        class_ious: IoU of every class, ``(..., K)``, NaN for the absent ones, which do not count.

    Returns:
        ``(...)``: one for each set of classes.
    """
    values = np.asarray(class_ious, dtype=np.float64)
    present = ~np.isnan(values)
    return _ratio(np.sum(values, axis=-1, where=present), np.sum(present, axis=-1))


def frequency_weighted_ious(tp: ArrayLike, fp: ArrayLike, fn: ArrayLike) -> FloatArray:
    """Mean of the IoUs weighted by the classes' shares of the labelled pixels, in 0..1; NaN without labelled pixels.

    Args:
        tp: true positives of every class, ``(..., K)``.
        fp: false positives of every class, ``(..., K)``.
        fn: false negatives of every class, ``(..., K)``.

    Returns:
        ``(...)``: one for each set of counts.
    """
    labelled = np.asarray(tp) + np.asarray(fn)
    # A class without labelled pixels weighs nothing, whether it has an IoU or not.
    weighted = np.sum(labelled * np.nan_to_num(iou(tp, fp, fn)), axis=-1)
    return _ratio(weighted, np.sum(labelled, axis=-1))


def pixel_accuracy(tp: ArrayLike, fn: ArrayLike) -> float:
    """`pixel_accuracies` of one set of counts, each ``(K,)``."""
    return float(pixel_accuracies(tp, fn))


def mean_iou(class_ious: ArrayLike) -> float:
    """`mean_ious` of one set of classes, ``(K,)``."""
    return float(mean_ious(class_ious))
