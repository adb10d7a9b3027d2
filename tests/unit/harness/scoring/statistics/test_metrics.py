from __future__ import annotations

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torchmetrics.classification import (
    MulticlassAccuracy,
    MulticlassF1Score,
    MulticlassJaccardIndex,
    MulticlassPrecision,
    MulticlassRecall,
)

from harness.scoring.confusion import IGNORE_ID, ConfusionMatrix
from harness.scoring.statistics.metrics import (
    f1,
    frequency_weighted_ious,
    iou,
    mean_iou,
    mean_ious,
    pixel_accuracies,
    pixel_accuracy,
    precision,
    recall,
)

COUNT = st.integers(min_value=0, max_value=2**40)


def test_iou_precision_and_recall_of_known_counts() -> None:
    np.testing.assert_allclose(iou([6, 1], [2, 0], [4, 1]), [0.5, 0.5])
    np.testing.assert_allclose(precision([6, 1], [2, 0]), [0.75, 1.0])
    np.testing.assert_allclose(recall([6, 1], [4, 1]), [0.6, 0.5])


def test_a_class_in_neither_mask_is_nan_not_zero() -> None:
    assert math.isnan(iou(0, 0, 0))
    assert math.isnan(precision(0, 0))
    assert math.isnan(recall(0, 0))


def test_a_class_predicted_but_absent_from_the_truth_has_iou_zero() -> None:
    assert iou(0, 7, 0) == 0.0
    assert math.isnan(recall(0, 0))


def test_mean_iou_leaves_absent_classes_out() -> None:
    assert mean_iou([0.5, math.nan, 1.0]) == pytest.approx(0.75)


def test_mean_iou_and_accuracy_of_nothing_are_nan() -> None:
    assert math.isnan(mean_iou([math.nan, math.nan]))
    assert math.isnan(pixel_accuracy([0, 0], [0, 0]))


def test_pixel_accuracy_is_pooled_over_classes() -> None:
    assert pixel_accuracy([90, 0], [0, 10]) == pytest.approx(0.9)


@given(COUNT, COUNT, COUNT)
def test_iou_never_exceeds_precision_or_recall(tp: int, fp: int, fn: int) -> None:
    if tp == 0:
        return
    assert 0.0 <= iou(tp, fp, fn) <= min(precision(tp, fp), recall(tp, fn)) <= 1.0


def test_f1_and_frequency_weighted_iou_of_known_counts() -> None:
    np.testing.assert_allclose(f1([6, 1, 0], [2, 0, 0], [4, 1, 0]), [12 / 18, 2 / 3, math.nan])
    # Class 0 has 10 of the 12 labelled pixels, class 2 none, though it is predicted.
    assert frequency_weighted_ious([6, 1, 0], [2, 0, 3], [4, 1, 0]) == pytest.approx((10 * 0.5 + 2 * 0.5) / 12)
    assert math.isnan(frequency_weighted_ious([0, 0], [0, 5], [0, 0]))


def test_every_ratio_equals_that_of_torchmetrics() -> None:
    rng = np.random.default_rng(4)
    truth = rng.integers(0, 5, (40, 60), dtype=np.uint8)
    prediction = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 5, truth.shape, dtype=np.uint8))
    truth[:4] = IGNORE_ID
    matrix = ConfusionMatrix(5)
    matrix.update(truth, prediction)
    tp, fp, fn = matrix.tp, matrix.fp, matrix.fn
    pair = torch.from_numpy(prediction).long(), torch.from_numpy(truth).long()

    def oracle(kind: type, average: str | None) -> np.ndarray:
        return np.asarray(kind(5, average=average, ignore_index=IGNORE_ID)(*pair))

    for ours, kind in (
        (iou(tp, fp, fn), MulticlassJaccardIndex),
        (precision(tp, fp), MulticlassPrecision),
        (recall(tp, fn), MulticlassRecall),
        (f1(tp, fp, fn), MulticlassF1Score),
    ):
        np.testing.assert_allclose(ours, oracle(kind, None), rtol=1e-6)
    assert pixel_accuracy(tp, fn) == pytest.approx(float(oracle(MulticlassAccuracy, "micro")), rel=1e-6)
    weighted = oracle(MulticlassJaccardIndex, "weighted")
    assert frequency_weighted_ious(tp, fp, fn) == pytest.approx(float(weighted), rel=1e-6)


@given(st.lists(st.lists(st.tuples(COUNT, COUNT, COUNT), min_size=3, max_size=3), min_size=1, max_size=4))
def test_many_sets_of_counts_at_once_are_those_sets_one_by_one(sets: list[list[tuple[int, int, int]]]) -> None:
    tp, fp, fn = np.moveaxis(np.array(sets, dtype=np.int64), -1, 0)
    one_by_one = zip(tp, fp, fn, strict=True)
    expected = [(mean_iou(iou(*each)), pixel_accuracy(each[0], each[2])) for each in one_by_one]
    at_once = np.stack([mean_ious(iou(tp, fp, fn)), pixel_accuracies(tp, fn)], axis=-1)
    np.testing.assert_array_equal(at_once, expected)
