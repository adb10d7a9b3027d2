from __future__ import annotations

import math

import numpy as np
import pytest

from harness.scoring.cells import CellResult, CellStatus
from harness.scoring.plan import Cell
from harness.scoring.summary import summarize

NAMES = ("road", "car", "train")


def cell(scenario: str, weather: str) -> Cell:
    return Cell(scenario=scenario, weather=weather, width=32, height=24)


def result(tp: list[int], fp: list[int], fn: list[int], digest: str = "d", status: CellStatus = "done") -> CellResult:
    counts = [np.array(values, dtype=np.int64) for values in (tp, fp, fn)]
    return CellResult(status=status, tp=counts[0], fp=counts[1], fn=counts[2], labels_digest=digest)


def test_counts_are_pooled_before_they_are_divided() -> None:
    summary = summarize(
        {
            cell("a", "Clear"): result([90, 0, 0], [10, 0, 0], [0, 10, 0]),
            cell("b", "Clear"): result([0, 5, 0], [0, 0, 0], [0, 0, 0], digest="e"),
        },
        NAMES,
    )
    assert summary.columns == ("class", "Clear 32x24")
    assert [row[0] for row in summary.rows] == ["road", "car", "mIoU", "pixel accuracy"], "train is nowhere"
    assert [row[1] for row in summary.rows] == pytest.approx([0.9, 5 / 15, (0.9 + 5 / 15) / 2, 95 / 105])
    assert summary.incomplete == ()


def test_cells_that_failed_are_listed_and_have_no_numbers() -> None:
    failed = CellResult(status="failed", message="no image")
    summary = summarize({cell("a", "Clear"): result([1, 0, 0], [0] * 3, [0] * 3), cell("a", "Fog"): failed}, NAMES)
    assert [(each.cell.weather, each.status, each.message) for each in summary.incomplete] == [
        ("Fog", "failed", "no image")
    ]
    assert summary.rows[0][:2] == ("road", 1.0)
    assert math.isnan(float(summary.rows[0][2]))


def test_labels_that_differ_between_weathers_are_a_warning() -> None:
    one, other = result([1, 0, 0], [0] * 3, [0] * 3, "x"), result([1, 0, 0], [0] * 3, [0] * 3, "y")
    summary = summarize({cell("a", "Clear"): one, cell("a", "Fog"): other}, NAMES)
    assert len(summary.warnings) == 1
    assert "scenario a at 32x24 are not the same under Clear, Fog" in summary.warnings[0]


def test_labels_of_partial_cells_are_not_compared() -> None:
    one = result([1, 0, 0], [0] * 3, [0] * 3, "x")
    partial = result([1, 0, 0], [0] * 3, [0] * 3, "y", status="partial")
    assert summarize({cell("a", "Clear"): one, cell("a", "Fog"): partial}, NAMES).warnings == ()
