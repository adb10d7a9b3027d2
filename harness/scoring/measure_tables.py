"""The tables of an evaluation's measures, beside those of :mod:`harness.scoring.tables`.

==================  ===================================================================================================
class_measures.csv  one row a class: labelled pixels, IoU, precision, recall, F1, boundary IoU, ends of the intervals
confusion.csv       pixels: a row for each true class, a column for each predicted one, over all cells
confusion.npz       the same for each cell: ``confusion (C, K, K)``, with what each cell is
frame_counts.npz    tp, fp and fn of each frame, ``regions`` and ``boundaries (F, K, 3)``, with what each frame is
measures.json       all measures with their intervals, and the definition
==================  ===================================================================================================

The two ``.npz`` hold int64 counts, so that any pooling of cells or frames is exact; they hold no pickles. A ratio that
does not exist is an empty cell, or null. (``classes.csv`` is a table of ``harness report``, which may write into the
same folder.)
"""

from __future__ import annotations

import io
import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from harness.run_dir import write_bytes, write_csv, write_json
from harness.scoring.bootstrap import Bootstrap
from harness.scoring.cells import CellResult
from harness.scoring.confusion import ConfusionMatrix, confusion_rows
from harness.scoring.frame_counts import FrameCounts
from harness.scoring.measures import Interval, Measures
from harness.scoring.plan import Cell
from harness.scoring.tables import CELL_COLUMNS, number_cell, plain_text

SCHEMA_VERSION = 1
TABLE_NAMES = ("class_measures.csv", "confusion.csv", "confusion.npz", "frame_counts.npz", "measures.json")

_CLASS_COLUMNS = (
    "class_id", "class", "pixels", "iou", "iou_low", "iou_high", "precision", "recall", "f1", "boundary_iou",
    "boundary_iou_low", "boundary_iou_high",
)  # fmt: skip


def save_measures(
    folder: Path,
    measures: Measures,
    results: Mapping[Cell, CellResult],
    class_names: Sequence[str],
    *,
    bootstrap: Bootstrap,
) -> tuple[Path, ...]:
    """Write the five tables into ``folder``.

    Args:
        folder: an output folder.
        measures: of all results together.
        results: of the cells; those that kept the counts of their frames are written.
        class_names: names in id order, K of them.
        bootstrap: how the intervals were made.

    Returns:
        Paths of the tables.
    """
    names = [plain_text(name) for name in class_names]
    counted = {cell: result for cell, result in results.items() if result.confusion is not None}
    matrices = np.stack([result.confusion for result in counted.values() if result.confusion is not None])
    columns, rows = confusion_rows(ConfusionMatrix(len(names), matrices.sum(axis=0)), names)
    write_csv(folder / "confusion.csv", rows, columns=columns)
    write_csv(folder / "class_measures.csv", _class_rows(measures), columns=_CLASS_COLUMNS)
    _write_npz(folder / "confusion.npz", **_cell_columns(counted), classes=class_names, confusion=matrices)
    _write_npz(folder / "frame_counts.npz", classes=class_names, **_frame_columns(counted, len(names)))
    write_json(folder / "measures.json", _content(measures, bootstrap))
    return tuple(folder / name for name in TABLE_NAMES)


def _class_rows(measures: Measures) -> list[dict[str, Any]]:
    return [
        {
            "class_id": index,
            "class": plain_text(each.name),
            "pixels": each.pixels,
            "iou": number_cell(each.iou),
            "iou_low": number_cell(each.iou_interval.low),
            "iou_high": number_cell(each.iou_interval.high),
            "precision": number_cell(each.precision),
            "recall": number_cell(each.recall),
            "f1": number_cell(each.f1),
            "boundary_iou": number_cell(each.boundary_iou),
            "boundary_iou_low": number_cell(each.boundary_iou_interval.low),
            "boundary_iou_high": number_cell(each.boundary_iou_interval.high),
        }
        for index, each in enumerate(measures.classes)
    ]


def _cell_columns(cells: Iterable[Cell]) -> dict[str, list[Any]]:
    """What each cell is, by column."""
    return {column: [getattr(cell, column) for cell in cells] for column in CELL_COLUMNS}


def _frame_columns(results: Mapping[Cell, CellResult], num_classes: int) -> dict[str, ArrayLike]:
    """Counts of all frames and what each frame is, by column."""
    counts = FrameCounts.joined([result.counts for result in results.values() if result.counts], num_classes)
    cell_of_frame = [cell for cell, result in results.items() for _ in result.frames]
    ticks = [frame.frame for result in results.values() for frame in result.frames]
    return {
        **_cell_columns(cell_of_frame),
        "frame": ticks,
        "regions": counts.regions,
        "boundaries": counts.boundaries,
    }


def _content(measures: Measures, bootstrap: Bootstrap) -> dict[str, Any]:
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


def _write_npz(path: Path, **columns: ArrayLike) -> None:
    content = io.BytesIO()
    arrays: dict[str, Any] = {name: np.asarray(values) for name, values in columns.items()}
    assert not any(array.dtype.hasobject for array in arrays.values()), "objects would be pickled"
    np.savez_compressed(content, **arrays)
    write_bytes(path, content.getvalue())
