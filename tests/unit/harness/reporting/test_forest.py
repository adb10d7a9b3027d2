from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from harness.reporting.forest import Scale, in_order
from harness.reporting.outline import outline_of
from harness.reporting.source import read_score


def test_the_scale_holds_all_values_and_zero_between_round_ends() -> None:
    scale = Scale([3.2, 18.7, float("nan")])
    cell = scale.whisker(low=3.2, middle=10, high=18.7, is_significant=True)
    assert scale.column.ends == ("0", "20")
    assert cell.whisker is not None
    assert (cell.whisker.low, cell.whisker.middle, cell.whisker.high, cell.whisker.zero) == (16.0, 50.0, 93.5, 0.0)
    assert Scale([-4.0, 9.0]).column.ends[0].startswith("−")  # type: ignore[index]


def test_without_an_interval_there_is_a_dot_and_without_a_value_nothing() -> None:
    scale = Scale([])
    nan = float("nan")
    dot = scale.whisker(low=nan, middle=0.5, high=nan, is_significant=False).whisker
    assert dot is not None
    assert dot.low == dot.middle == dot.high
    assert scale.whisker(low=nan, middle=nan, high=nan, is_significant=False).whisker is None


@pytest.mark.parametrize("name", ["model", "model_a"])
def test_rows_are_sorted_within_their_model_and_size(score_folder: Path, name: str) -> None:
    outline = outline_of(read_score(score_folder), "ClearNoon")
    rows = pd.DataFrame(
        [("small", 32, 18, 9.0), ("large", 16, 9, 8.0), ("large", 32, 18, 1.0), ("large", 32, 18, 5.0)],
        columns=[name, "width", "height", "points"],
    ).assign(fov=90.0)
    assert list(in_order(outline, rows, by="points")["points"]) == [5.0, 1.0, 8.0, 9.0]
