from __future__ import annotations

import numpy as np
import pandas as pd
import pytest

from harness.reporting.tick_charts import frame_means, stretched


def test_means_are_over_the_classes_of_a_frame_and_gaps_stay() -> None:
    ticks = pd.DataFrame({"frame": [2, 2, 3, 5], "iou": [0.2, 0.4, np.nan, 1.0]})
    means = frame_means(ticks)
    assert list(means.index) == [2, 3, 4, 5]
    np.testing.assert_allclose(means, [0.3, np.nan, np.nan, 1.0])


def test_frames_need_not_be_every_tick() -> None:
    ticks = pd.DataFrame({"frame": [0, 2, 4, 8], "iou": [0.1, 0.2, 0.3, 0.4]})
    means = frame_means(ticks)
    assert list(means.index) == [0, 2, 4, 6, 8]
    np.testing.assert_allclose(means, [0.1, 0.2, 0.3, np.nan, 0.4])
    assert list(frame_means(ticks.iloc[:1])) == [0.1]
    assert frame_means(ticks.iloc[:0]).empty


@pytest.mark.parametrize("stretch", [1, 2, 3])
def test_stretches_are_means_of_their_frames(stretch: int) -> None:
    means = pd.Series(np.arange(7) / 10, index=np.arange(10, 17))
    drawn = stretched(means, stretch)
    starts = list(range(0, 7, stretch))
    assert list(drawn["xs"]) == [10 + start for start in starts]
    np.testing.assert_allclose(drawn["ys"], [np.mean(means.to_numpy()[start : start + stretch]) for start in starts])
    assert stretched(means.iloc[:0], stretch) == {"xs": [], "ys": []}
