from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.scoring.metrics import iou, mean_iou, pixel_accuracy, precision, recall

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
