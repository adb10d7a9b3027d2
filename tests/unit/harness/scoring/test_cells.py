from __future__ import annotations

import math
from dataclasses import fields

import numpy as np

from harness.scoring.cells import CELL_COLUMNS, Cell, CellResult
from harness.scoring.statistics.metrics import iou
from tests.unit.harness.scoring.made_cells import make_counts


def test_the_columns_that_name_a_cell_are_its_fields() -> None:
    assert tuple(field.name for field in fields(Cell)) == CELL_COLUMNS


def test_ratios_are_of_all_frames_together() -> None:
    result = CellResult(status="done", counts=make_counts([[[1, 0, 1], [1, 1, 0]], [[2, 0, 0], [1, 0, 0]]]))
    assert result.frames == 2
    assert result.pixel_accuracy == 5 / 6
    assert result.miou == np.mean(iou([3, 2], [0, 1], [1, 0]))


def test_a_class_that_is_nowhere_is_in_no_mean() -> None:
    assert CellResult(status="done", counts=make_counts([[[1, 0, 1], [0, 0, 0]]])).miou == 0.5
    nothing = CellResult(status="done", counts=make_counts(np.zeros((3, 2, 3))))
    assert math.isnan(nothing.miou)
    assert math.isnan(nothing.pixel_accuracy)


def test_a_cell_that_was_never_reached_has_no_ratios() -> None:
    result = CellResult(status="not run")
    assert result.frames == 0
    assert math.isnan(result.miou)
    assert math.isnan(result.pixel_accuracy)
