"""The report's tables, made by pandas out of the counts.

Decisions:

* **Count first, divide last.** Counts are summed over scenarios, then the one IoU formula is applied.
* **Compared like with like.** A degradation is computed over the scenarios that were scored completely under both the
  weather and the reference, at the same size. A scenario that failed in the rain must not make the rain look better.
* **Absent is empty.** A class that is in neither truth nor prediction has no IoU, no drop and no retention.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd

from harness.reporting.source import CELL, COUNTS, ScoreData
from harness.run_dir import write_bytes
from harness.scoring.metrics import FloatArray, iou, mean_iou, pixel_accuracy, precision, recall

MEAN = "(mean)"
"""Name, in the column "class", of the row that holds the mean over classes."""

_FORMULA_STARTS = ("=", "+", "-", "@")


def class_table(data: ScoreData) -> pd.DataFrame:
    """One row for each weather, size and class: counts pooled over scenarios, IoU, precision, recall."""
    group = ["weather", "width", "height", "class_id", "class"]
    pooled = data.counts.groupby(group, sort=False, as_index=False)[COUNTS].sum()
    tp, fp, fn = (pooled[name].to_numpy() for name in COUNTS)
    table: pd.DataFrame = pooled.assign(iou=iou(tp, fp, fn), precision=precision(tp, fp), recall=recall(tp, fn))
    return table


def summary_table(data: ScoreData) -> pd.DataFrame:
    """One row for each planned weather and size: how much of the plan was scored, pixel accuracy, mIoU."""
    rows = []
    for weather in data.weathers:
        for width, height in data.sizes:
            planned = _select(data.scenarios, weather, width, height)
            counts = _pooled(_select(data.counts, weather, width, height))
            tp, fp, fn = (counts[name].to_numpy() for name in COUNTS)
            row = {
                "weather": weather,
                "width": width,
                "height": height,
                "scenarios_planned": len(planned),
                "scenarios_done": int((planned["status"] == "done").sum()),
                "frames": int(planned["frames"].sum()),
                "pixel_accuracy": pixel_accuracy(tp, fn),
                "miou": mean_iou(iou(tp, fp, fn)),
            }
            if len(planned):
                rows.append(row)
    table: pd.DataFrame = pd.DataFrame(rows)
    return table


def degradation_table(data: ScoreData, reference_weather: str) -> pd.DataFrame:
    """What each weather costs against the reference weather at the same size, for each class and on average.

    Columns: weather, reference_weather, width, height, class, scenarios (how many were compared), reference_iou, iou,
    drop_points (percentage points of IoU lost; negative where the weather does better), retention (IoU as a share of
    the reference's; empty where that is 0).
    """
    done = data.scenarios.loc[data.scenarios["status"] == "done", CELL]
    counts = data.counts.merge(done, on=CELL)
    names = [label.name for label in data.labels]
    parts = [
        _compare(counts, names, weather, reference_weather, width, height)
        for width, height in data.sizes
        for weather in data.weathers
        if weather != reference_weather
    ]
    columns = ["weather", "reference_weather", "width", "height", "class", "scenarios", "reference_iou", "iou"]
    if not parts:
        empty: pd.DataFrame = pd.DataFrame(columns=[*columns, "drop_points", "retention"])
        return empty
    table: pd.DataFrame = pd.concat(parts, ignore_index=True)[columns]
    reference = table["reference_iou"].to_numpy(dtype=np.float64)
    value = table["iou"].to_numpy(dtype=np.float64)
    retention = np.divide(value, reference, out=np.full_like(value, np.nan), where=reference > 0)
    table["drop_points"] = 100 * (reference - value)
    table["retention"] = retention
    return table


def pivot_iou(classes: pd.DataFrame, data: ScoreData, size: tuple[int, int]) -> pd.DataFrame:
    """IoU of one size as classes (rows, in id order, only those that occur) by weathers (columns, as planned)."""
    chosen = classes[(classes["width"] == size[0]) & (classes["height"] == size[1])]
    wide = chosen.pivot(index="class", columns="weather", values="iou")
    ordered = wide.reindex(index=[label.name for label in data.labels], columns=data.weathers)
    present: pd.DataFrame = ordered.dropna(how="all")
    return present


def write_table(table: pd.DataFrame, path: Path) -> Path:
    """Write a table as CSV, whole or not at all; text that a spreadsheet would take for a formula is made harmless."""
    safe = table.copy()
    for column in safe.columns:
        if not pd.api.types.is_numeric_dtype(safe[column]):
            safe[column] = safe[column].map(escape_formula)
    write_bytes(path, safe.to_csv(index=False, lineterminator="\n").encode())
    return path


def escape_formula(value: object) -> object:
    """Text as one line, behind an apostrophe where a spreadsheet would run it; other values as they are."""
    if not isinstance(value, str):
        return value
    line = " ".join(value.split())
    return f"'{line}" if line.startswith(_FORMULA_STARTS) else line


def _select(table: pd.DataFrame, weather: str, width: int, height: int) -> pd.DataFrame:
    """The rows of one weather and size."""
    chosen: pd.DataFrame = table[
        (table["weather"] == weather) & (table["width"] == width) & (table["height"] == height)
    ]
    return chosen


def _pooled(counts: pd.DataFrame) -> pd.DataFrame:
    """tp, fp and fn by class, summed over everything else."""
    sums: pd.DataFrame = counts.groupby("class", sort=False)[COUNTS].sum()
    return sums


def _compare(
    counts: pd.DataFrame, names: list[str], weather: str, reference: str, width: int, height: int
) -> pd.DataFrame:
    """IoU by class, and their mean, of two weathers over the scenarios that both have."""
    both = [_select(counts, name, width, height) for name in (weather, reference)]
    common = set(both[0]["scenario"]) & set(both[1]["scenario"])
    values, reference_values = (
        _ious(_pooled(rows[rows["scenario"].isin(common)]).reindex(names, fill_value=0)) for rows in both
    )
    comparison: pd.DataFrame = pd.DataFrame(
        {
            "weather": weather,
            "reference_weather": reference,
            "width": width,
            "height": height,
            "class": [MEAN, *names],
            "scenarios": len(common),
            "reference_iou": [mean_iou(reference_values), *reference_values],
            "iou": [mean_iou(values), *values],
        }
    )
    return comparison


def _ious(counts: pd.DataFrame) -> FloatArray:
    return iou(counts["tp"].to_numpy(), counts["fp"].to_numpy(), counts["fn"].to_numpy())
