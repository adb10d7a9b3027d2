"""``degradation.csv``: what weather, size and both together cost, for each class and on average.

The reference of a row is another condition of the same net:

========  ============================================================================================
axis      reference
========  ============================================================================================
weather   the reference weather at the same size
size      the same weather at the largest size of the view, which is the size of its labels
both      the reference weather at the largest size of the view
========  ============================================================================================

With a reference net there are also the ratios of Kamann & Rother (2020), with D = 1 - IoU: ``cd`` is D of the net over
D of the reference net under the same condition, ``rcd`` the same of what D has grown since the reference condition.
Both are over the frames that all conditions in them have; a denominator of 0 or less has no ratio.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import numpy as np
import pandas as pd

from harness.reporting.frames import FrameTable, aligned
from harness.reporting.intervals import Intervals, Side
from harness.reporting.raw_tables import CONDITION
from harness.reporting.source import Condition, ScoreData
from harness.reporting.tables import table_of
from harness.scoring.statistics.metrics import MEAN, FloatArray
from harness.scoring.statistics.paired import mean_and_class_ious

DEGRADATION_COLUMNS = (
    "model", "axis", *CONDITION[1:], "reference_weather", "reference_width", "reference_height", "class", "scenarios",
    "frames", "reference_iou", "iou", "drop_points", "drop_low", "drop_high", "significant", "retention", "cd", "rcd",
)  # fmt: skip


def degradation_table(
    data: ScoreData,
    frames: FrameTable,
    intervals: Intervals,
    *,
    reference_weather: str,
    reference_model: str | None = None,
) -> pd.DataFrame:
    """One row for each condition, axis and class, "(mean)" first: `DEGRADATION_COLUMNS`.

    ``drop_points`` are percentage points of IoU lost, negative where the condition does better than its reference;
    ``retention`` is the IoU as a share of the reference's.
    """
    names = np.array([MEAN, *data.class_names], dtype=object)
    return table_of(
        (
            {
                "class": names,
                "axis": axis,
                **condition._asdict(),
                "reference_weather": reference.weather,
                "reference_width": reference.width,
                "reference_height": reference.height,
                **_compared(frames, intervals, condition, reference),
                **_ratios(frames, condition, reference, reference_model, len(names)),
            }
            for condition, axis, reference in _axes(data, reference_weather)
        ),
        DEGRADATION_COLUMNS,
    )


def corruption_degradation(ious: list[FloatArray], reference_ious: list[FloatArray]) -> FloatArray:
    """CD: sum of 1 - IoU over conditions, as a share of that of the reference net, ``(1 + K,)``."""
    return _share(sum(1 - value for value in ious), sum(1 - value for value in reference_ious))


def relative_corruption_degradation(
    ious: list[FloatArray], clean: FloatArray, reference_ious: list[FloatArray], reference_clean: FloatArray
) -> FloatArray:
    """The rCD: how much IoU is lost over conditions, as a share of what the reference net loses, ``(1 + K,)``."""
    return _share(sum(clean - value for value in ious), sum(reference_clean - value for value in reference_ious))


def _axes(data: ScoreData, reference_weather: str) -> Iterator[tuple[Condition, str, Condition]]:
    """Every comparison: a condition, its axis and its reference."""
    conditions = data.conditions
    planned, label_sizes = set(conditions), data.label_sizes
    for condition in conditions:
        width, height = label_sizes[condition.width, condition.height, condition.fov]
        largest = condition._replace(width=width, height=height)
        is_other_weather, is_other_size = condition.weather != reference_weather, condition != largest
        references = (
            (is_other_weather, "weather", condition._replace(weather=reference_weather)),
            (is_other_size, "size", largest),
            (is_other_weather and is_other_size, "both", largest._replace(weather=reference_weather)),
        )
        for applies, axis, reference in references:
            if applies and reference in planned:
                yield condition, axis, reference


def _compared(
    frames: FrameTable, intervals: Intervals, condition: Condition, reference: Condition
) -> Mapping[str, object]:
    pair = intervals.pair(
        Side(condition, frames.complete(condition)), Side(reference, frames.complete(reference))
    )  # the reference minus the condition: points lost
    retention = np.full_like(pair.iou_a, np.nan)
    np.divide(pair.iou_a, pair.iou_b, out=retention, where=pair.iou_b > 0)
    return {
        "scenarios": pair.scenarios,
        "frames": pair.frames,
        "reference_iou": pair.iou_b,
        "iou": pair.iou_a,
        "drop_points": 100 * (pair.iou_b - pair.iou_a),
        "drop_low": 100 * pair.low,
        "drop_high": 100 * pair.high,
        "significant": pair.significant,
        "retention": retention,
    }


def _ratios(
    frames: FrameTable, condition: Condition, reference: Condition, model: str | None, num_rows: int
) -> Mapping[str, object]:
    if model is None:
        return {"cd": np.full(num_rows, np.nan), "rcd": np.full(num_rows, np.nan)}
    four = (condition, reference, condition._replace(model=model), reference._replace(model=model))
    sides = aligned(*(frames.complete(each) for each in four))
    here, clean, other, other_clean = (mean_and_class_ious(side.total) for side in sides)
    return {
        "cd": corruption_degradation([here], [other]),
        "rcd": relative_corruption_degradation([here], clean, [other], other_clean),
    }


def _share(top: FloatArray | int, bottom: FloatArray | int) -> FloatArray:
    top, bottom = np.asarray(top, dtype=np.float64), np.asarray(bottom, dtype=np.float64)
    share = np.full(np.broadcast_shapes(top.shape, bottom.shape), np.nan)
    np.divide(top, bottom, out=share, where=bottom > 0)
    return share
