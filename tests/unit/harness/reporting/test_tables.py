from __future__ import annotations

import numpy as np

from harness.reporting.tables import table_of


def test_arrays_lie_along_the_rows_and_single_values_stand_in_each() -> None:
    blocks = (
        {
            "weather": weather,
            "width": width,
            "class": np.array(["a", "b"], dtype=object),
            "iou": np.array([0.5, np.nan]),
        }
        for weather, width in (("ClearNoon", 8), ("DustStorm", 4))
    )
    table = table_of(blocks, ("weather", "width", "class", "iou"))
    assert list(table.columns) == ["weather", "width", "class", "iou"]
    assert table["weather"].tolist() == ["ClearNoon", "ClearNoon", "DustStorm", "DustStorm"]
    assert table["width"].tolist() == [8, 8, 4, 4]
    assert table["width"].dtype.kind == "i"
    assert table["class"].tolist() == ["a", "b"] * 2
    assert table["iou"].isna().tolist() == [False, True] * 2


def test_without_blocks_there_are_still_columns() -> None:
    table = table_of([], ("weather", "iou"))
    assert list(table.columns) == ["weather", "iou"]
    assert table.empty
