"""The outcome of a score or an evaluation, in the shape in which a command prints it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.scoring.cells import CellResult, CellStatus
from harness.scoring.measures import Measures
from harness.scoring.metrics import iou, mean_iou, pixel_accuracy
from harness.scoring.plan import Cell

TableRow = tuple[str | float, ...]


@dataclass(frozen=True, kw_only=True)
class ScoredCell:
    """One planned cell and what became of it."""

    cell: Cell
    status: CellStatus
    message: str
    frames: int
    pixel_accuracy: float
    """0..1, NaN where nothing was counted."""
    miou: float
    """0..1, NaN where nothing was counted."""


@dataclass(frozen=True, kw_only=True)
class ScoreSummary:
    """What a run gave."""

    cells: tuple[ScoredCell, ...]
    """Every planned cell: the list is the denominator."""
    columns: tuple[str, ...]
    """Headings of ``rows``: "class", then "<weather> <width>x<height>"."""
    rows: tuple[TableRow, ...]
    """IoU of each class that occurs, then mIoU and pixel accuracy; counts of all scenarios are pooled."""
    warnings: tuple[str, ...]
    """What a reader of the numbers must know, one sentence each."""
    paths: tuple[Path, ...]
    """The tables that were written."""
    measures: Measures | None = None
    """All measures with their intervals, over all cells together; None for a live score, or without a counted frame."""

    @property
    def incomplete(self) -> tuple[ScoredCell, ...]:
        """Cells that are not "done"."""
        return tuple(cell for cell in self.cells if cell.status != "done")


def summarize(
    results: Mapping[Cell, CellResult],
    class_names: Sequence[str],
    *,
    paths: Sequence[Path] = (),
    measures: Measures | None = None,
) -> ScoreSummary:
    """Pool results over scenarios and list them.

    Args:
        results: every planned cell with its result.
        class_names: names in id order, K of them.
        paths: the tables that were written.
        measures: of all results together, where they were taken.
    """
    columns, rows = _class_table(results, class_names)
    return ScoreSummary(
        cells=tuple(_scored(cell, result) for cell, result in results.items()),
        columns=columns,
        rows=rows,
        warnings=tuple(label_warnings(results)),
        paths=tuple(paths),
        measures=measures,
    )


def label_warnings(results: Mapping[Cell, CellResult]) -> list[str]:
    """Say where the ground truth of a scenario differs between weathers, which makes them incomparable.

    Only finished cells are compared: where frames were lost, the labels are of other frames and must differ.
    """
    digests: dict[tuple[str, int, int], dict[str, str]] = {}
    for cell, result in results.items():
        if result.status == "done":
            digests.setdefault((cell.scenario, cell.width, cell.height), {})[cell.weather] = result.labels_digest
    return [
        f"labels of scenario {scenario} at {width}x{height} are not the same under {', '.join(by_weather)}: "
        "a difference between these weathers is not the weather's alone"
        for (scenario, width, height), by_weather in digests.items()
        if len(set(by_weather.values())) > 1
    ]


def _scored(cell: Cell, result: CellResult) -> ScoredCell:
    return ScoredCell(
        cell=cell,
        status=result.status,
        message=result.message,
        frames=len(result.frames),
        pixel_accuracy=result.pixel_accuracy,
        miou=result.miou,
    )


def _class_table(
    results: Mapping[Cell, CellResult], class_names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[TableRow, ...]]:
    groups: dict[str, list[CellResult]] = {}
    for cell, result in results.items():
        groups.setdefault(f"{cell.weather} {cell.width}x{cell.height}", []).append(result)
    pooled = [_pooled(group, len(class_names)) for group in groups.values()]
    ious = [iou(*counts) for counts in pooled]
    rows: list[TableRow] = [
        (name, *(float(values[index]) for values in ious))
        for index, name in enumerate(class_names)
        if not all(math.isnan(values[index]) for values in ious)
    ]
    rows.append(("mIoU", *(mean_iou(values) for values in ious)))
    rows.append(("pixel accuracy", *(pixel_accuracy(counts[0], counts[2]) for counts in pooled)))
    return ("class", *groups), tuple(rows)


def _pooled(results: Sequence[CellResult], num_classes: int) -> np.ndarray[tuple[int, ...], np.dtype[np.int64]]:
    """Sums of tp, fp and fn over results, ``(3, K)`` int64."""
    total = np.zeros((3, num_classes), dtype=np.int64)
    for result in results:
        if result.tp is not None and result.fp is not None and result.fn is not None:
            total += np.stack([result.tp, result.fp, result.fn])
    return total
