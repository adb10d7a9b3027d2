"""``classes.csv`` and ``summary.csv``: what was counted under each condition, all scenarios and repeats together."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from harness.reporting.frames import FrameTable
from harness.reporting.intervals import Intervals, Side
from harness.reporting.raw_tables import ALL_COUNTS, CONDITION, COUNTS
from harness.reporting.source import Condition, ScoreData
from harness.reporting.tables import table_of
from harness.scoring.statistics.metrics import (
    frequency_weighted_ious,
    iou,
    mean_iou,
    pixel_accuracy,
    precision,
    recall,
)

CLASS_COLUMNS = (
    *CONDITION, "class_id", "class", *COUNTS, "iou", "iou_low", "iou_high", "precision", "recall", "boundary_iou",
    "input_iou",
)  # fmt: skip
SUMMARY_COLUMNS = (
    *CONDITION, "scenarios_planned", "scenarios_done", "frames", "status", "pixel_accuracy", "miou", "miou_low",
    "miou_high", "input_miou", "frequency_weighted_iou", "boundary_iou", "miou_spread",
)  # fmt: skip


def class_table(data: ScoreData, frames: FrameTable, intervals: Intervals) -> pd.DataFrame:
    """One row for each counted condition and class: `CLASS_COLUMNS`.

    Partial cells are counted, too; the summary says which rows they are in.
    """
    pooled = _pooled(data)
    return table_of(
        (
            _class_block(condition, pooled[condition], frames, intervals, data.class_names)
            for condition in data.conditions
            if condition in pooled
        ),
        CLASS_COLUMNS,
    )


def summary_table(data: ScoreData, frames: FrameTable, intervals: Intervals) -> pd.DataFrame:
    """One row for each planned condition: `SUMMARY_COLUMNS`.

    ``status`` is "complete" (each planned cell is done), "partial" (something was counted) or "missing". ``frames``
    counts those of each repeat. ``miou_spread`` is the largest minus the smallest mIoU of the repeats, over the
    scenarios that are complete in all of them.
    """
    pooled, planned, spreads = _pooled(data), _planned(data), _spreads(data)
    rows = []
    for condition in data.conditions:
        low, high = intervals.of(Side(condition, frames.counted(condition)))
        rows.append(
            {
                **condition._asdict(),
                **planned[condition],
                **(_measures(pooled[condition]) if condition in pooled else {}),
                "miou_low": low[0],
                "miou_high": high[0],
                "miou_spread": spreads.get(condition, np.nan),
            }
        )
    table: pd.DataFrame = pd.DataFrame(rows, columns=list(SUMMARY_COLUMNS))
    return table


def _pooled(data: ScoreData) -> dict[Condition, NDArray[np.int64]]:
    """Counts of each class in id order, ``(K, 9)``: `ALL_COUNTS`, by condition."""
    sums = data.counts.groupby([*CONDITION, "class_id"])[ALL_COUNTS].sum()
    keys = sums.index.droplevel("class_id")[:: len(data.labels)]
    values = sums.to_numpy(dtype=np.int64).reshape(-1, len(data.labels), len(ALL_COUNTS))
    return {Condition(*key): counts for key, counts in zip(keys, values, strict=True)}


def _class_block(
    condition: Condition, counts: NDArray[np.int64], frames: FrameTable, intervals: Intervals, names: list[str]
) -> Mapping[str, object]:
    low, high = intervals.of(Side(condition, frames.counted(condition)))
    tp, fp, fn, *near = counts.T
    return {
        **condition._asdict(),
        "class_id": np.arange(len(names)),
        "class": np.array(names, dtype=object),
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "iou": iou(tp, fp, fn),
        "iou_low": low[1:],
        "iou_high": high[1:],
        "precision": precision(tp, fp),
        "recall": recall(tp, fn),
        "boundary_iou": iou(*near[:3]),
        "input_iou": iou(*near[3:]),
    }


def _measures(counts: NDArray[np.int64]) -> dict[str, float]:
    tp, fp, fn, *near = counts.T
    return {
        "pixel_accuracy": pixel_accuracy(tp, fn),
        "miou": mean_iou(iou(tp, fp, fn)),
        "input_miou": mean_iou(iou(*near[3:])),
        "frequency_weighted_iou": float(frequency_weighted_ious(tp, fp, fn)),
        "boundary_iou": mean_iou(iou(*near[:3])),
    }


def _planned(data: ScoreData) -> dict[Condition, dict[str, object]]:
    """How much of the plan was scored, by condition."""
    cells = data.scenarios.assign(done=data.scenarios["status"] == "done")
    by_scenario = cells.groupby([*CONDITION, "scenario"]).agg({"done": "all", "frames": "sum"})
    by_condition = by_scenario.groupby(level=CONDITION).agg(["size", "sum"])
    rows = zip(by_condition.index, by_condition.to_numpy().tolist(), strict=True)
    return {
        Condition(*key): {
            "scenarios_planned": planned,
            "scenarios_done": done,
            "frames": frames,
            "status": "complete" if done == planned else "partial" if frames else "missing",
        }
        for key, (planned, done, _, frames) in rows
    }


def _spreads(data: ScoreData) -> dict[Condition, float]:
    """Largest minus smallest mIoU of the repeats, where there are several."""
    keys = [*CONDITION, "scenario"]
    done = (data.scenarios["status"] == "done").groupby([data.scenarios[name] for name in keys]).all()
    complete = done[done].index.to_frame(index=False)
    counts = data.counts.merge(complete, on=keys)
    sums = counts.groupby([*CONDITION, "repeat", "class_id"])[COUNTS].sum()
    repeats = sums.index.droplevel("class_id")[:: len(data.labels)]
    values = sums.to_numpy(dtype=np.int64).reshape(-1, len(data.labels), len(COUNTS))
    mious: dict[Condition, list[float]] = {}
    for (*key, _), tallies in zip(repeats, values, strict=True):
        mious.setdefault(Condition(*key), []).append(mean_iou(iou(*tallies.T)))
    return {condition: max(values) - min(values) for condition, values in mious.items() if len(values) > 1}
