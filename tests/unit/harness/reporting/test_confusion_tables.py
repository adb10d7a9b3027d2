from __future__ import annotations

from pathlib import Path

import numpy as np

from harness.reporting.confusion_tables import confusion_section, row_percent
from harness.reporting.outline import outline_of
from harness.reporting.source import read_score


def test_rows_are_percent_and_a_class_without_truth_has_none() -> None:
    percent = row_percent(np.array([[3, 1, 0], [0, 0, 0], [0, 0, 5]]))
    np.testing.assert_array_equal(percent, [[75, 25, 0], [np.nan] * 3, [0, 0, 100]])


def test_matrices_are_pooled_over_scenarios_and_repeats(score_folder: Path) -> None:
    data = read_score(score_folder)
    section = confusion_section(outline_of(data, "ClearNoon"), data, {"large": "HardRainNoon"})
    assert [part.title for part in section.parts] == [
        "large: in ClearNoon at 32 × 18", "large: in HardRainNoon at 32 × 18", "small: in ClearNoon at 32 × 18",
    ]  # fmt: skip
    cells, counts = data.confusion
    chosen = (cells["model"] == "large") & (cells["weather"] == "ClearNoon") & (cells["width"] == 32)
    road = counts[chosen.to_numpy()].sum(axis=0)[0]
    row = section.parts[0].rows[0]
    assert [cell.text for cell in row[:3]] == ["road", str(road.sum()), f"{100 * road[0] / road.sum():.1f}"]
    assert len(row) == 2 + 3, "the class that is nowhere has no column"
