from __future__ import annotations

import math

import numpy as np

from harness.scoring.cells import CellResult, CellTally
from harness.scoring.metrics import iou

TRUTH = np.array([[0, 0, 1, 255]], dtype=np.uint8)
PREDICTION = np.array([[0, 1, 1, 0]], dtype=np.uint8)


def test_a_frame_is_scored_on_its_own_and_pooled() -> None:
    tally = CellTally(3)
    first = tally.add(0, tags=TRUTH, truth=TRUTH, prediction=PREDICTION)
    assert first.pixel_accuracy == 2 / 3
    assert first.miou == 0.5, "class 2 is in neither mask and does not count"
    tally.add(1, tags=TRUTH, truth=TRUTH, prediction=TRUTH % 255)
    result = tally.result(planned_frames=2)
    assert result.status == "done"
    assert [frame.frame for frame in result.frames] == [0, 1]
    assert result.pixel_accuracy == 5 / 6
    expected = iou([3, 2, 0], [0, 1, 0], [1, 0, 0])
    np.testing.assert_array_equal(result.class_ious(3), expected)
    assert result.miou == np.nanmean(expected)


def test_the_labels_digest_depends_on_tags_and_their_order_only() -> None:
    def digest(*tags: int, prediction: int = 0) -> str:
        tally = CellTally(3)
        for frame, tag in enumerate(tags):
            mask = np.full((2, 8), tag, dtype=np.uint8)
            tally.add(frame, tags=mask, truth=mask, prediction=np.full_like(mask, prediction))
        return tally.result(planned_frames=len(tags)).labels_digest

    assert digest(1, 2) == digest(1, 2, prediction=1)
    assert len({digest(1, 2), digest(2, 1), digest(1), digest(1, 1)}) == 4


def test_nothing_counted_is_failed_and_has_no_ratios() -> None:
    result = CellTally(3).result(planned_frames=7)
    assert (result.status, result.message) == ("failed", "none of the 7 planned frames was received")
    assert math.isnan(result.miou)
    assert math.isnan(result.pixel_accuracy)
    assert np.isnan(result.class_ious(3)).all()


def test_a_cell_that_was_never_reached_is_not_run() -> None:
    assert math.isnan(CellResult(status="not run").miou)
