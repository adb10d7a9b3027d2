from __future__ import annotations

import numpy as np
import pytest

from harness.reporting import intervals as module
from harness.reporting.frames import Frames
from harness.reporting.intervals import Intervals, Side
from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.statistics.paired import difference_interval, mean_and_class_ious, resampled_ious

RNG = np.random.default_rng(0)
BOOTSTRAP = Bootstrap(resamples=80)


def frames_of(ticks: list[int], *, easier: int = 0) -> Frames:
    keys = np.array(ticks, dtype=np.int64)
    counts = RNG.integers(1, 100, (len(keys), 3, 3))
    counts[:, :, 0] += easier
    return Frames(keys=keys, counts=counts)


def test_a_pair_is_made_of_the_frames_that_both_have() -> None:
    a, b = frames_of([0, 1, 2, 5, 6]), frames_of([1, 2, 3, 5, (1 << 32) + 1])
    pair = Intervals(BOOTSTRAP).pair(Side("a", a), Side("b", b))
    assert (pair.frames, pair.scenarios) == (3, 1)
    sides = a.counts[[1, 2, 3]], b.counts[[0, 1, 3]]
    np.testing.assert_array_equal(pair.iou_a, mean_and_class_ious(sides[0].sum(axis=0)))
    drawn = [resampled_ious(side, np.zeros(3, dtype=np.int64), BOOTSTRAP) for side in sides]
    np.testing.assert_array_equal([pair.low, pair.high], difference_interval(drawn[0], drawn[1], 0.95))


def test_what_is_no_chance_is_called_significant_and_what_is_not_there_nothing() -> None:
    ticks = list(range(30))
    much = Intervals(BOOTSTRAP).pair(Side("a", frames_of(ticks)), Side("b", frames_of(ticks, easier=400)))
    assert much.significant.tolist() == ["yes"] * 4
    same = frames_of(ticks)
    assert Intervals(BOOTSTRAP).pair(Side("a", same), Side("b", same)).significant.tolist() == ["no"] * 4
    alone = Intervals(BOOTSTRAP).pair(Side("a", frames_of([0])), Side("b", frames_of([0])))
    assert alone.significant.tolist() == [""] * 4
    nothing = Intervals(BOOTSTRAP).pair(Side("a", frames_of([0])), Side("b", frames_of([1])))
    assert (nothing.frames, nothing.scenarios) == (0, 0)
    assert np.isnan(nothing.iou_a).all()


def test_forgetting_what_was_drawn_changes_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    sides = [Side(name, frames_of(list(range(9)))) for name in "abc"]

    def everything(intervals: Intervals) -> list[np.ndarray]:
        pairs = [intervals.pair(x, y) for x in sides for y in sides]
        return [end for pair in pairs for end in (pair.low, pair.high)]

    kept = everything(Intervals(BOOTSTRAP))
    monkeypatch.setattr(module, "_KEPT_BYTES", 1)
    np.testing.assert_array_equal(everything(Intervals(BOOTSTRAP)), kept)
