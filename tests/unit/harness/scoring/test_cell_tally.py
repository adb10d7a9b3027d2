from __future__ import annotations

import numpy as np

from harness.scoring.cell_tally import CellTally
from harness.scoring.cells import CellResult
from harness.scoring.frame_counts import FrameTruth, count_frame
from tests.unit.harness.scoring.made_cells import depth_of, scene

NUM_CLASSES = 5


def tallied(*seeds: int, without_depth: int | None = None, planned_frames: int | None = None) -> CellResult:
    tally = CellTally(NUM_CLASSES)
    for tick, seed in enumerate(seeds):
        truth, prediction = scene(seed, 24, 32), scene(seed + 1, 24, 32, ignored=False)
        labels = FrameTruth.of(truth, None if seed == without_depth else depth_of(truth, seed))
        counts = count_frame(labels, prediction, NUM_CLASSES)
        tally.add(
            tick,
            counts,
            input_regions=counts.regions + seed,
            predict_s=0.5 * tick,
            labels_digest=bytes([seed]),
            has_depth=labels.has_depth,
        )
    return tally.result(planned_frames=len(seeds) if planned_frames is None else planned_frames)


def test_frames_stand_in_order_and_everything_else_is_their_sum() -> None:
    counts, alone = tallied(3, 4).counts, [tallied(seed).counts for seed in (3, 4)]
    assert counts is not None
    assert counts.ticks.tolist() == [0, 1]
    assert counts.predict_s.tolist() == [0.0, 0.5]
    for name in ("regions", "boundaries", "input_regions"):
        np.testing.assert_array_equal(getattr(counts, name), np.concatenate([getattr(each, name) for each in alone]))
    for name in ("confusion", "distances", "objects"):
        np.testing.assert_array_equal(getattr(counts, name), np.sum([getattr(each, name) for each in alone], axis=0))
        assert getattr(counts, name).dtype == np.int64


def test_sums_over_bands_are_the_pooled_counts() -> None:
    counts = tallied(3, 4, 5).counts
    assert counts is not None
    assert counts.has_depth
    pooled = counts.regions.sum(axis=0)
    np.testing.assert_array_equal(counts.distances.sum(axis=0), pooled)
    np.testing.assert_array_equal(counts.objects.sum(axis=0), pooled)
    np.testing.assert_array_equal(counts.confusion.sum(axis=0), pooled[:, 0] + pooled[:, 1])


def test_distances_of_some_frames_only_are_none() -> None:
    counts = tallied(3, 4, without_depth=4).counts
    assert counts is not None
    assert not counts.has_depth
    assert not counts.distances.any()
    assert counts.objects.any()


def test_the_digest_depends_on_the_labels_and_their_order() -> None:
    digests = {seeds: tallied(*seeds).counts for seeds in [(1, 2), (2, 1), (1,), (1, 1)]}
    assert len({counts.labels_digest for counts in digests.values() if counts}) == 4
    again = tallied(1, 2).counts
    assert again is not None
    assert digests[1, 2] is not None
    assert again.labels_digest == digests[1, 2].labels_digest


def test_lost_frames_make_a_cell_partial() -> None:
    result = tallied(1, 2, planned_frames=5)
    assert (result.status, result.message, result.frames) == ("partial", "3 of 5 frames were lost", 2)
    assert result.planned_frames == 5


def test_nothing_counted_is_failed() -> None:
    result = CellTally(3).result(planned_frames=7)
    assert (result.status, result.message) == ("failed", "none of the 7 planned frames was received")
    assert result.counts is None
