"""``comparison.csv`` and ``harness compare``: two nets under the same conditions, on the same frames, paired."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import combinations

import numpy as np
import pandas as pd

from harness.reporting.frames import FrameTable
from harness.reporting.intervals import Intervals, Side
from harness.reporting.source import Condition, ScoreData
from harness.reporting.tables import table_of
from harness.scoring.statistics.metrics import MEAN

COMPARISON_COLUMNS = (
    "model_a", "model_b", "weather", "width", "height", "fov", "class", "frames", "iou_a", "iou_b",
    "difference_points", "low", "high", "significant",
)  # fmt: skip


def comparison_table(data: ScoreData, frames: FrameTable, intervals: Intervals) -> pd.DataFrame:
    """One row for each pair of nets, weather, size and class, "(mean)" first: `COMPARISON_COLUMNS`.

    ``difference_points`` are percentage points of IoU of b minus a; ``low`` and ``high`` are the ends of the interval.
    """
    planned = set(data.conditions)

    def blocks() -> Iterator[Mapping[str, object]]:
        for model_a, model_b in combinations(data.models, 2):
            for a in data.conditions:
                b = a._replace(model=model_b)
                if a.model == model_a and b in planned:
                    side_a, side_b = Side(a, frames.complete(a)), Side(b, frames.complete(b))
                    yield comparison_block(a, (model_a, model_b), side_a, side_b, intervals, data.class_names)

    return table_of(blocks(), COMPARISON_COLUMNS)


def comparison_block(
    condition: Condition, models: tuple[str, str], a: Side, b: Side, intervals: Intervals, class_names: list[str]
) -> Mapping[str, object]:
    """The rows of one condition: 1 + K of them."""
    pair = intervals.pair(a, b)
    return {
        **condition._asdict(),
        "model_a": models[0],
        "model_b": models[1],
        "class": np.array([MEAN, *class_names], dtype=object),
        "frames": pair.frames,
        "iou_a": pair.iou_a,
        "iou_b": pair.iou_b,
        "difference_points": 100 * (pair.iou_b - pair.iou_a),
        "low": 100 * pair.low,
        "high": 100 * pair.high,
        "significant": pair.significant,
    }
