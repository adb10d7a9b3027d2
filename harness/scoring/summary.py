"""The outcome of a score or an evaluation, in the shape in which a command prints it."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from harness.scoring.cells import Cell, CellResult, CellStatus, Counts
from harness.scoring.measures import Measures
from harness.scoring.statistics.metrics import iou, mean_iou, pixel_accuracy

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
    """Headings of ``rows``: "class", then "<weather> <width>x<height>" with net and field of view where there are
    several, and "(partial)" where not every cell of it is complete."""
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
    """Say where the ground truth of a scenario differs between cells of one view, which makes them incomparable.

    Only finished cells are compared: where frames were lost, the labels are of other frames and must differ.
    """
    digests: dict[tuple[str, int, int, float], dict[str, str]] = {}
    for cell, result in results.items():
        if result.status == "done" and result.counts is not None:
            again = f" (repeat {cell.repeat})" if cell.repeat > 1 else ""
            seen = digests.setdefault((cell.scenario, cell.width, cell.height, cell.fov), {})
            seen[f"{cell.weather}{again}"] = result.counts.labels_digest
    return [
        f"labels of scenario {scenario} at {width}x{height} are not the same under {', '.join(by_weather)}: "
        "a difference between these weathers is not the weather's alone"
        for (scenario, width, height, _), by_weather in digests.items()
        if len(set(by_weather.values())) > 1
    ]


def _scored(cell: Cell, result: CellResult) -> ScoredCell:
    return ScoredCell(
        cell=cell,
        status=result.status,
        message=result.message,
        frames=result.frames,
        pixel_accuracy=result.pixel_accuracy,
        miou=result.miou,
    )


def _class_table(
    results: Mapping[Cell, CellResult], class_names: Sequence[str]
) -> tuple[tuple[str, ...], tuple[TableRow, ...]]:
    several_models = len({cell.model for cell in results}) > 1
    several_fovs = len({cell.fov for cell in results}) > 1
    groups: dict[str, list[CellResult]] = {}
    for cell, result in results.items():
        model = f"{cell.model} " if several_models else ""
        fov = f" {cell.fov:g}°" if several_fovs else ""
        groups.setdefault(f"{model}{cell.weather} {cell.width}x{cell.height}{fov}", []).append(result)
    pooled = [_pooled(group, len(class_names)) for group in groups.values()]
    ious = [iou(*counts) for counts in pooled]
    rows: list[TableRow] = [
        (name, *(float(values[index]) for values in ious))
        for index, name in enumerate(class_names)
        if not all(math.isnan(values[index]) for values in ious)
    ]
    rows.append(("mIoU", *(mean_iou(values) for values in ious)))
    rows.append(("pixel accuracy", *(pixel_accuracy(tp, fn) for tp, _, fn in pooled)))
    return ("class", *(f"{name}{_completeness(group)}" for name, group in groups.items())), tuple(rows)


def _completeness(group: Sequence[CellResult]) -> str:
    return "" if all(result.status == "done" for result in group) else " (partial)"


def _pooled(results: Sequence[CellResult], num_classes: int) -> Counts:
    """Sums of tp, fp and fn over results, ``(3, K)`` int64."""
    total = np.zeros((3, num_classes), dtype=np.int64)
    for result in results:
        if result.counts is not None:
            total += result.counts.regions.sum(axis=0).T
    return total
