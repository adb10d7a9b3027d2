"""The tables of an evaluation's measures, beside those of :mod:`harness.scoring.tables`.

==================  ===================================================================================================
class_measures.csv  one row a class: labelled pixels, IoU, precision, recall, F1, boundary IoU, ends of the intervals
confusion.csv       pixels: a row for each true class, a column for each predicted one, over all cells
measures.json       all measures with their intervals, and the definition
==================  ===================================================================================================

A ratio that does not exist is an empty cell, or null. (``classes.csv`` is a table of ``harness report``, which may
write into the same folder.)
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd

from harness.run_dir import write_json
from harness.scoring.cells import Counts
from harness.scoring.confusion import ConfusionMatrix, confusion_rows
from harness.scoring.measures import Interval, Measures
from harness.scoring.spreadsheet import write_table
from harness.scoring.statistics.bootstrap import Bootstrap

SCHEMA_VERSION = 1
TABLE_NAMES = ("class_measures.csv", "confusion.csv", "measures.json")


def save_measures(folder: Path, measures: Measures, confusion: Counts, *, bootstrap: Bootstrap) -> tuple[Path, ...]:
    """Write the three tables into ``folder``.

    Args:
        folder: an output folder.
        measures: of all cells together.
        confusion: of all cells together, ``(K, K)`` int64.
        bootstrap: how the intervals were made.

    Returns:
        Paths of the tables.
    """
    names = [each.name for each in measures.classes]
    columns, rows = confusion_rows(ConfusionMatrix(len(names), confusion), names)
    write_table(folder / "confusion.csv", pd.DataFrame(rows, columns=list(columns)))
    write_table(folder / "class_measures.csv", pd.DataFrame(class_rows(measures)))
    write_json(folder / "measures.json", measures_content(measures, bootstrap))
    return tuple(folder / name for name in TABLE_NAMES)


def class_rows(measures: Measures) -> list[dict[str, Any]]:
    """The rows of ``class_measures.csv``: one for each class, NaN where a ratio does not exist."""
    return [
        {
            "class_id": index,
            "class": each.name,
            "pixels": each.pixels,
            "iou": each.iou,
            "iou_low": each.iou_interval.low,
            "iou_high": each.iou_interval.high,
            "precision": each.precision,
            "recall": each.recall,
            "f1": each.f1,
            "boundary_iou": each.boundary_iou,
            "boundary_iou_low": each.boundary_iou_interval.low,
            "boundary_iou_high": each.boundary_iou_interval.high,
        }
        for index, each in enumerate(measures.classes)
    ]


def measures_content(measures: Measures, bootstrap: Bootstrap) -> dict[str, Any]:
    """The content of ``measures.json``."""
    return {
        "schema_version": SCHEMA_VERSION,
        "definition": measures.definition.splitlines(),
        "bootstrap": asdict(bootstrap),
        "frames": measures.frames,
        **_ratio("pixel_accuracy", measures.pixel_accuracy, measures.pixel_accuracy_interval),
        **_ratio("miou", measures.miou, measures.miou_interval),
        **_ratio("frequency_weighted_iou", measures.frequency_weighted_iou, measures.frequency_weighted_iou_interval),
        **_ratio("boundary_iou", measures.boundary_iou, measures.boundary_iou_interval),
        "classes": [
            {
                "name": each.name,
                "pixels": each.pixels,
                **_ratio("iou", each.iou, each.iou_interval),
                "precision": _json_number(each.precision),
                "recall": _json_number(each.recall),
                "f1": _json_number(each.f1),
                **_ratio("boundary_iou", each.boundary_iou, each.boundary_iou_interval),
            }
            for each in measures.classes
        ],
    }


def _ratio(name: str, value: float, interval: Interval) -> dict[str, Any]:
    low, high = _json_number(interval.low), _json_number(interval.high)
    return {name: _json_number(value), f"{name}_interval": None if low is None else [low, high]}


def _json_number(value: float) -> float | None:
    return None if math.isnan(value) else value
