from __future__ import annotations

import math

import pytest

from harness.scoring.cells import CellResult, CellStatus
from harness.scoring.summary import summarize
from tests.unit.harness.scoring.made_cells import make_cell as cell
from tests.unit.harness.scoring.made_cells import make_counts

NAMES = ("road", "car", "train")


def result(tp: list[int], fp: list[int], fn: list[int], digest: str = "d", status: CellStatus = "done") -> CellResult:
    return CellResult(status=status, counts=make_counts([list(zip(tp, fp, fn, strict=True))], digest=digest))


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
    assert summary.columns == ("class", "Clear 32x24", "Fog 32x24 (partial)")
    assert summary.rows[0][:2] == ("road", 1.0)
    assert math.isnan(float(summary.rows[0][2]))


def test_a_mean_of_some_of_its_cells_is_called_partial() -> None:
    some = result([1, 0, 0], [0] * 3, [0] * 3, status="partial")
    lost = CellResult(status="crashed", message="the server ended")
    for other in (some, lost):
        found = summarize({cell("a", "Clear"): result([1, 0, 0], [0] * 3, [0] * 3), cell("b", "Clear"): other}, NAMES)
        assert found.columns == ("class", "Clear 32x24 (partial)")


def test_nets_and_fields_of_view_are_told_apart_where_there_are_several() -> None:
    one = result([1, 0, 0], [0] * 3, [0] * 3)
    cells = [cell("a", "Fog"), cell("a", "Fog", repeat=2), cell("a", "Fog", model="other")]
    assert summarize(dict.fromkeys(cells, one), NAMES).columns == ("class", "net Fog 32x24", "other Fog 32x24")
    views = [cell("a", "Fog"), cell("a", "Fog", fov=60.5)]
    assert summarize(dict.fromkeys(views, one), NAMES).columns == ("class", "Fog 32x24 90°", "Fog 32x24 60.5°")


def test_labels_that_differ_between_weathers_are_a_warning() -> None:
    one, other = result([1, 0, 0], [0] * 3, [0] * 3, "x"), result([1, 0, 0], [0] * 3, [0] * 3, "y")
    summary = summarize({cell("a", "Clear"): one, cell("a", "Fog"): other}, NAMES)
    assert len(summary.warnings) == 1
    assert "scenario a at 32x24 are not the same under Clear, Fog" in summary.warnings[0]


def test_repeats_must_have_the_same_labels_too() -> None:
    one, other = result([1, 0, 0], [0] * 3, [0] * 3, "x"), result([1, 0, 0], [0] * 3, [0] * 3, "y")
    (warning,) = summarize({cell("a", "Clear"): one, cell("a", "Clear", repeat=2): other}, NAMES).warnings
    assert "not the same under Clear, Clear (repeat 2)" in warning
    assert summarize({cell("a", "Clear"): one, cell("a", "Clear", fov=60.0): other}, NAMES).warnings == ()


def test_labels_of_partial_cells_are_not_compared() -> None:
    one = result([1, 0, 0], [0] * 3, [0] * 3, "x")
    partial = result([1, 0, 0], [0] * 3, [0] * 3, "y", status="partial")
    assert summarize({cell("a", "Clear"): one, cell("a", "Fog"): partial}, NAMES).warnings == ()
