from __future__ import annotations

import numpy as np

from harness.scoring.boundary import count_boundaries
from harness.scoring.confusion import ConfusionMatrix
from harness.scoring.frame_counts import FrameCounts, count_frame, summed_by

TRUTH = np.array([[0, 0, 1, 255], [0, 2, 1, 255]], dtype=np.uint8)
PREDICTION = np.array([[0, 1, 1, 0], [0, 2, 2, 1]], dtype=np.uint8)


def counted() -> FrameCounts:
    matrix = ConfusionMatrix(4)
    matrix.update(TRUTH, PREDICTION)
    return count_frame(matrix, TRUTH, PREDICTION)


def test_a_frame_is_its_counts_of_regions_and_of_boundaries() -> None:
    frame = counted()
    assert len(frame) == 1
    # tp, fp, fn of four classes, the last of which is nowhere
    np.testing.assert_array_equal(frame.regions[0], [[2, 0, 1], [1, 1, 1], [1, 1, 0], [0, 0, 0]])
    np.testing.assert_array_equal(frame.boundaries[0], count_boundaries(TRUTH, PREDICTION, 4, width=1))


def test_frames_are_joined_in_order() -> None:
    joined = FrameCounts.joined([counted(), FrameCounts.joined([], 4), counted()], 4)
    assert len(joined) == 2
    np.testing.assert_array_equal(joined.regions[1], counted().regions[0])
    assert FrameCounts.joined([], 4).boundaries.shape == (0, 4, 3)


def test_frames_of_one_name_are_summed_wherever_they_stand() -> None:
    counts = np.array([[1, 10], [2, 20], [4, 40], [8, 80]], dtype=np.int64)
    sums = summed_by(["north", "east", "north", "west"], counts)
    np.testing.assert_array_equal(sums, [[5, 50], [2, 20], [8, 80]])
