from __future__ import annotations

import math
from pathlib import Path

import pytest

from harness.reporting.outline import interval_text, number, outline_of, select, view_name
from harness.reporting.source import read_score
from tests.unit.harness.reporting.conftest import FOG, SWEEP, write_score_folder


def test_the_outline_is_in_the_order_of_the_plan(score_folder: Path) -> None:
    outline = outline_of(read_score(score_folder), "ClearNoon")
    assert outline.models == ("large", "small")
    assert outline.scenarios == ("east", "west", "south")
    assert [view.name for view in outline.views] == ["32 × 18", "16 × 9"]
    assert outline.largest == outline.views[:1]
    assert outline.weathers == ("ClearNoon", "HardRainNoon"), "those of the sweep have their own section"
    assert [(sweep.name, sweep.field, sweep.values) for sweep in outline.sweeps] == [(SWEEP, "fog_density", FOG)]


def test_fields_of_view_are_named_where_there_are_several(tmp_path: Path) -> None:
    folder = write_score_folder(tmp_path / "scores", scenarios=("east",), frames=1, repeats=1, fovs=(60.0, 90.0))
    outline = outline_of(read_score(folder), "ClearNoon")
    assert [view.name for view in outline.largest] == ["32 × 18, 60°", "32 × 18, 90°"]
    assert view_name(outline, {"width": 16, "height": 9, "fov": 90.0}) == "16 × 9, 90°"


def test_a_sweep_that_is_all_there_is_fills_the_tables_of_weathers(tmp_path: Path) -> None:
    weathers = tuple(f"{SWEEP}={fog:g}" for fog in FOG)
    folder = write_score_folder(tmp_path / "scores", scenarios=("east",), frames=1, repeats=1, weathers=weathers)
    assert outline_of(read_score(folder), weathers[0]).weathers == weathers


def test_rows_are_selected_by_view_and_by_value(score_folder: Path) -> None:
    data = read_score(score_folder)
    outline = outline_of(data, "ClearNoon")
    rows = select(data.scenarios, outline.views[1], model="small", weather="ClearNoon")
    assert set(rows["width"]) == {16}
    assert len(rows) == 6
    assert len(select(data.scenarios)) == len(data.scenarios)


@pytest.mark.parametrize(("value", "expected"), [(None, math.nan), ("", math.nan), (3, 3.0)])
def test_numbers_out_of_tables(value: object, expected: float) -> None:
    assert number(math.nan if value == "" else value) == pytest.approx(expected, nan_ok=True)


def test_an_interval_in_words() -> None:
    assert interval_text(-1.25, 2.0, digits=1) == "−1.2 to 2.0"
    assert interval_text(math.nan, 2.0, digits=1) == ""
