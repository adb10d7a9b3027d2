"""``ablation.csv``: one row for each planned run, whatever became of it. What does not exist is an empty cell."""

from __future__ import annotations

import math
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from harness.ablation.plan import Cell, Factor, value_text
from harness.ablation.results import Run, RunResult
from harness.run_dir import write_csv
from harness.scoring.measures import Measures
from nets import net_options

FILE_NAME = "ablation.csv"

_FIRST = ("factor", "value", "seed", "status")
_COSTS = ("parameters", "gflop_per_image", "latency_ms", "train_seconds", "best_epoch")
_MEASURES = ("miou", "pixel_accuracy", "frequency_weighted_iou", "boundary_iou")
_LAST = ("rare_miou", "rare_classes", "message")


def write_table(folder: Path, runs: Sequence[Run], factors: Sequence[Factor], class_names: Sequence[str]) -> Path:
    """Write ``ablation.csv`` into ``folder``.

    Columns: factor and value that differ from the baseline, seed, status; the run's value of every factor, none for
    an option that its net does not have; costs; each measure with the ends of its interval; the mean IoU of rare
    classes; IoU and boundary IoU of each class.
    """
    columns = (
        *_FIRST,
        *(f"setting_{factor.name}" for factor in factors),
        *_COSTS,
        *(name + end for name in _MEASURES for end in ("", "_low", "_high")),
        *_LAST,
        *(f"iou_{name}" for name in class_names),
        *(f"boundary_iou_{name}" for name in class_names),
    )
    path = folder / FILE_NAME
    write_csv(path, [dict.fromkeys(columns, "") | _row(run) for run in runs], columns=columns)
    return path


def _row(run: Run) -> dict[str, Any]:
    cell, result = run.cell, run.result
    row = {
        "factor": cell.factor,
        "value": cell.value,
        "seed": cell.config.seed,
        "status": result.status,
        "message": " ".join(result.message.split()),
        **{f"setting_{name}": _setting(cell, name) for name in cell.settings},
    }
    if result.measures is not None:
        row |= _costs(result) | _measures(result.measures)
        row |= {"rare_miou": _number(result.rare_miou), "rare_classes": "; ".join(result.rare_classes)}
    return row


def _setting(cell: Cell, name: str) -> str:
    """What the run has, which is not the baseline's value where another net brings its own options."""
    is_known = hasattr(cell.config, name) or name in net_options(cell.config.net)
    return value_text(cell.config, name) if is_known else ""


def _costs(result: RunResult) -> dict[str, Any]:
    return {
        "parameters": result.parameters,
        "gflop_per_image": result.gflop,
        "latency_ms": result.latency_ms,
        "train_seconds": result.train_seconds,
        "best_epoch": result.best_epoch,
    }


def _measures(measures: Measures) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name in _MEASURES:
        interval = getattr(measures, f"{name}_interval")
        ends = {f"{name}_low": interval.low, f"{name}_high": interval.high}
        row |= {name: getattr(measures, name), **ends}
    for each in measures.classes:
        row |= {f"iou_{each.name}": each.iou, f"boundary_iou_{each.name}": each.boundary_iou}
    return {name: _number(value) for name, value in row.items()}


def _number(value: float) -> float | str:
    return "" if math.isnan(value) else value
