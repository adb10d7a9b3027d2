from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.errors import DataError
from harness.scoring.bands import distance_bands, object_bands
from harness.scoring.boundary import boundary_width
from harness.scoring.confusion import IGNORE_ID, ConfusionMatrix
from harness.scoring.frame_counts import FrameCounts, FrameTruth, count_frame
from harness.scoring.statistics.metrics import iou
from tests.unit.harness.scoring.made_cells import Mask, depth_of, scene

NUM_CLASSES = 5
SCENES = (st.integers(0, 2**32 - 1), st.integers(1, 50), st.integers(1, 60))


def counted(truth: Mask, prediction: Mask, depth: NDArray[np.uint32] | None = None) -> FrameCounts:
    return count_frame(FrameTruth.of(truth, depth), prediction, NUM_CLASSES)


def pair(seed: int, height: int, width: int) -> tuple[Mask, Mask]:
    return scene(seed, height, width), scene(seed + 1, height, width, ignored=False)


def table(true: NDArray[np.bool_], seen: NDArray[np.bool_]) -> list[int]:
    return [int((true & seen).sum()), int((seen & ~true).sum()), int((true & ~seen).sum())]


def near_border(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The band as the paper's authors compute it, for one mask: a rim of zeros, then ``width`` erosions."""
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    return mask & (cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1] == 0)


@given(*SCENES)
@settings(max_examples=60)
def test_boundaries_equal_those_of_two_erosions_a_class(seed: int, height: int, width: int) -> None:
    truth, prediction = pair(seed, height, width)
    scored, band = truth != IGNORE_ID, boundary_width(height, width)
    expected = [
        table(near_border(truth == k, band), near_border((prediction == k) & scored, band)) for k in range(NUM_CLASSES)
    ]
    np.testing.assert_array_equal(counted(truth, prediction).boundaries, expected)


@given(*SCENES)
@settings(max_examples=60)
def test_bands_equal_those_of_masks_and_their_sums_are_the_counts_of_all_pixels(
    seed: int, height: int, width: int
) -> None:
    truth, prediction = pair(seed, height, width)
    depth = depth_of(truth, seed)
    found = counted(truth, prediction, depth)
    seen = np.where(truth == IGNORE_ID, IGNORE_ID, prediction).astype(np.uint8)
    far, true_size, seen_size = distance_bands(depth), object_bands(truth), object_bands(seen)
    for k in range(NUM_CLASSES):
        for band in range(5):
            expected = table((truth == k) & (far == band), (seen == k) & (far == band))
            assert found.distances[band, k].tolist() == expected
        for size in range(4):
            tp, _, fn = table((truth == k) & (true_size == size), seen == k)
            fp = int(((seen == k) & (truth != k) & (seen_size == size)).sum())
            assert found.objects[size, k].tolist() == [tp, fp, fn]
    np.testing.assert_array_equal(found.distances.sum(axis=0), found.regions)
    np.testing.assert_array_equal(found.objects.sum(axis=0), found.regions)


@given(*SCENES)
@settings(max_examples=40)
def test_regions_are_the_margins_of_the_confusion_matrix(seed: int, height: int, width: int) -> None:
    truth, prediction = pair(seed, height, width)
    found = counted(truth, prediction)
    tp = np.diagonal(found.confusion)
    expected = np.stack([tp, found.confusion.sum(axis=0) - tp, found.confusion.sum(axis=1) - tp], axis=-1)
    np.testing.assert_array_equal(found.regions, expected)
    assert found.confusion.sum() == (truth != IGNORE_ID).sum()
    reference = ConfusionMatrix(NUM_CLASSES)
    reference.update(truth, prediction)
    np.testing.assert_array_equal(found.confusion, reference.counts)


def test_without_depth_there_are_no_distances() -> None:
    truth, prediction = pair(3, 30, 40)
    assert not counted(truth, prediction).distances.any()
    assert not FrameTruth.of(truth).has_depth
    assert FrameTruth.of(truth, depth_of(truth, 0)).has_depth


def test_a_frame_without_any_label_counts_nothing() -> None:
    nothing = np.full((12, 16), IGNORE_ID, dtype=np.uint8)
    found = counted(nothing, np.zeros_like(nothing), depth_of(nothing, 1))
    for counts in (found.confusion, found.regions, found.boundaries, found.objects, found.distances):
        assert not counts.any()


def test_a_net_that_predicts_one_class_only() -> None:
    truth = scene(5, 40, 60, ignored=False)
    found = counted(truth, np.full_like(truth, 2))
    tp, fp, fn = found.regions.T
    assert tp.sum() == tp[2] == (truth == 2).sum()
    assert fp.sum() == fp[2] == (truth != 2).sum()
    assert iou(tp, fp, fn)[2] == (truth == 2).mean()
    assert found.objects[3, 2, 1] == fp[2], "all false alarms are in the one region that there is, the whole image"


@given(st.integers(0, 2**32 - 1))
@settings(max_examples=20)
def test_a_perfect_prediction_has_everything_right(seed: int) -> None:
    truth = scene(seed, 30, 40)
    found = counted(truth, np.where(truth == IGNORE_ID, 3, truth).astype(np.uint8), depth_of(truth, seed))
    for counts in (found.regions, found.boundaries, found.objects, found.distances):
        assert not counts[..., 1:].any()
    np.testing.assert_array_equal(found.boundaries[:, 0] > 0, np.isin(np.arange(NUM_CLASSES), truth))


def test_what_is_predicted_where_nothing_is_scored_does_not_matter() -> None:
    truth, prediction = pair(3, 30, 40)
    truth[10:20, 10:30] = IGNORE_ID
    other = prediction.copy()
    other[truth == IGNORE_ID] = 200
    first, second = counted(truth, prediction), counted(truth, other)
    for name in ("confusion", "boundaries", "objects"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_an_id_that_no_class_has_is_an_error() -> None:
    truth = scene(1, 20, 20, ignored=False)
    with pytest.raises(DataError, match=r"ids \[9\] in the prediction"):
        counted(truth, np.full_like(truth, 9))


def test_views_are_counted_like_copies() -> None:
    truth, prediction = scene(8, 60, 80)[::2, ::-1], scene(9, 60, 80, ignored=False)[::2, ::-1]
    first, second = counted(truth, prediction), counted(truth.copy(), prediction.copy())
    np.testing.assert_array_equal(first.boundaries, second.boundaries)
    np.testing.assert_array_equal(first.objects, second.objects)


def test_a_square_that_is_predicted_one_pixel_off() -> None:
    truth, prediction = np.zeros((2, 20, 20), dtype=np.uint8)
    truth[5:15, 5:15] = 1
    prediction[5:15, 6:16] = 1
    tp, fp, fn = counted(truth, prediction).boundaries[1]
    # Each band is the square's ring of 36 pixels; of the two rings the rows above and below share 9 pixels each.
    assert (tp, fp, fn) == (18, 18, 18)
    assert iou(tp, fp, fn) == pytest.approx(1 / 3)
    assert iou(90, 10, 10) > 0.8, "which is what the plain IoU makes of the same mistake"
