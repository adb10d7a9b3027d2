from __future__ import annotations

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from harness.scoring.boundary import boundary_width, count_boundaries, in_band
from harness.scoring.confusion import IGNORE_ID
from harness.scoring.metrics import iou

Mask = NDArray[np.uint8]
NUM_CLASSES = 5


def eroded_away(mask: NDArray[np.bool_], width: int) -> NDArray[np.bool_]:
    """The band as the paper's authors compute it, for one mask: a rim of zeros, then ``width`` erosions."""
    framed = cv2.copyMakeBorder(mask.astype(np.uint8), 1, 1, 1, 1, cv2.BORDER_CONSTANT, value=0)
    eroded = cv2.erode(framed, np.ones((3, 3), np.uint8), iterations=width)[1:-1, 1:-1]
    return mask & (eroded == 0)


def class_by_class(truth: Mask, prediction: Mask, width: int) -> NDArray[np.int64]:
    """The slow way: two bands for each class."""
    scored = truth != IGNORE_ID
    counts = []
    for class_id in range(NUM_CLASSES):
        true = eroded_away(truth == class_id, width)
        seen = eroded_away((prediction == class_id) & scored, width)
        counts.append([(true & seen).sum(), (seen & ~true).sum(), (true & ~seen).sum()])
    return np.array(counts, dtype=np.int64)


def scene(seed: int, height: int, width: int, *, ignored: bool = True) -> Mask:
    """Rectangles, discs and lines over each other."""
    rng = np.random.default_rng(seed)
    mask = np.full((height, width), rng.integers(0, NUM_CLASSES), np.uint8)
    ids = [*range(NUM_CLASSES), IGNORE_ID] if ignored else range(NUM_CLASSES)
    for _ in range(rng.integers(0, 12)):
        color = int(rng.choice(ids))
        (x, y), (w, h) = rng.integers(0, [width, height]).tolist(), rng.integers(1, [width + 1, height + 1]).tolist()
        kind = rng.integers(0, 3)
        if kind == 0:
            cv2.rectangle(mask, (x, y), (x + w // 2, y + h // 2), color, -1)
        elif kind == 1:
            cv2.ellipse(mask, (x, y), (w // 3 + 1, h // 3 + 1), 30, 0, 360, color, -1)
        else:
            cv2.line(mask, (x, y), (w - 1, h - 1), color, 1)
    return mask


@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 50), st.integers(1, 25))
@settings(max_examples=200)
def test_counts_equal_those_of_one_erosion_a_class(seed: int, height: int, width: int, band: int) -> None:
    truth, prediction = scene(seed, height, width), scene(seed + 1, height, width, ignored=False)
    counted = count_boundaries(truth, prediction, NUM_CLASSES, width=band)
    np.testing.assert_array_equal(counted, class_by_class(truth, prediction, band))


def test_noise_and_a_frame_of_the_usual_size_equal_the_slow_way_too() -> None:
    rng = np.random.default_rng(2)
    truth = scene(5, 360, 640)
    truth[100:160] = rng.integers(0, NUM_CLASSES, (60, 640))
    prediction = np.roll(np.where(truth == IGNORE_ID, 0, truth), (2, -3), (0, 1)).astype(np.uint8)
    counted = count_boundaries(truth, prediction, NUM_CLASSES, width=15)
    np.testing.assert_array_equal(counted, class_by_class(truth, prediction, 15))


def test_a_square_that_is_predicted_one_pixel_off() -> None:
    truth, prediction = np.zeros((2, 20, 20), dtype=np.uint8)
    truth[5:15, 5:15] = 1
    prediction[5:15, 6:16] = 1
    tp, fp, fn = count_boundaries(truth, prediction, 2, width=1)[1]
    # Each band is the square's ring of 36 pixels; of the two rings the rows above and below share 9 pixels each.
    assert (tp, fp, fn) == (18, 18, 18)
    assert iou(tp, fp, fn) == pytest.approx(1 / 3)
    assert iou(90, 10, 10) > 0.8, "which is what the plain IoU makes of the same mistake"


def test_the_edge_of_the_image_is_a_border() -> None:
    sky = np.zeros((7, 9), dtype=np.uint8)
    assert in_band(sky, 2).sum() == 7 * 9 - 3 * 5
    assert in_band(sky, 4).all()


@given(st.integers(0, 2**32 - 1), st.integers(1, 12))
@settings(max_examples=25)
def test_a_perfect_prediction_has_every_boundary_right(seed: int, band: int) -> None:
    truth = scene(seed, 30, 40)
    counted = count_boundaries(truth, np.where(truth == IGNORE_ID, 3, truth).astype(np.uint8), NUM_CLASSES, width=band)
    np.testing.assert_array_equal(counted[:, 1:], 0)
    present = np.isin(np.arange(NUM_CLASSES), truth)
    np.testing.assert_array_equal(counted[:, 0] > 0, present)


def test_what_is_predicted_where_nothing_is_scored_does_not_matter() -> None:
    truth, prediction = scene(3, 30, 40), scene(4, 30, 40, ignored=False)
    truth[10:20, 10:30] = IGNORE_ID
    other = prediction.copy()
    other[truth == IGNORE_ID] = 200
    expected = count_boundaries(truth, prediction, NUM_CLASSES, width=2)
    np.testing.assert_array_equal(count_boundaries(truth, other, NUM_CLASSES, width=2), expected)


def test_views_are_counted_like_copies() -> None:
    truth, prediction = scene(8, 60, 80)[::2, ::-1], scene(9, 60, 80, ignored=False)[::2, ::-1]
    expected = count_boundaries(truth.copy(), prediction.copy(), NUM_CLASSES, width=3)
    np.testing.assert_array_equal(count_boundaries(truth, prediction, NUM_CLASSES, width=3), expected)


@pytest.mark.parametrize(("size", "width"), [((360, 640), 15), ((1080, 1920), 44), ((24, 32), 1), ((1, 1), 1)])
def test_the_width_is_two_percent_of_the_diagonal(size: tuple[int, int], width: int) -> None:
    assert boundary_width(*size) == width
