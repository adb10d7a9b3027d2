from __future__ import annotations

from pathlib import Path

import pytest

from harness.reporting.comparison import COMPARISON_COLUMNS, comparison_table
from harness.reporting.frames import FrameTable
from harness.reporting.intervals import Intervals
from harness.reporting.source import read_score
from harness.scoring.statistics.bootstrap import Bootstrap
from tests.unit.harness.reporting.conftest import write_score_folder


def test_nets_are_compared_on_the_same_frames(whole_score: Path) -> None:
    data = read_score(whole_score)
    table = comparison_table(data, FrameTable(data), Intervals(Bootstrap(resamples=100)))
    assert list(table.columns) == list(COMPARISON_COLUMNS)
    assert len(table) == 10 * 5
    assert set(zip(table["model_a"], table["model_b"], strict=True)) == {("large", "small")}
    rows = table[(table["weather"] == "ClearNoon:fog_density=50") & (table["width"] == 16)]
    assert set(rows["frames"]) == {4}, "south failed with one of them, west is partial with both"
    row = rows[rows["class"] == "road"].iloc[0]
    counts = data.counts[(data.counts["scenario"] == "east") & (data.counts["weather"] == row["weather"])]
    counts = counts[(counts["width"] == 16) & (counts["class"] == "road")]
    sums = counts.groupby("model")[["tp", "fp", "fn"]].sum()
    ious = sums["tp"] / sums.sum(axis=1)
    assert (row["iou_a"], row["iou_b"]) == pytest.approx((ious["large"], ious["small"]))
    assert row["difference_points"] == pytest.approx(100 * (ious["small"] - ious["large"]))
    assert row["low"] <= row["difference_points"] <= row["high"]


def test_three_nets_make_three_pairs_and_one_makes_none(tmp_path: Path) -> None:
    for models, pairs in ((("a", "b", "c"), [("a", "b"), ("a", "c"), ("b", "c")]), (("a",), [])):
        folder = write_score_folder(
            tmp_path / "".join(models), models=models, weathers=("ClearNoon",), repeats=1, frames=2, incomplete={}
        )
        data = read_score(folder)
        table = comparison_table(data, FrameTable(data), Intervals(Bootstrap(resamples=10)))
        assert list(dict.fromkeys(zip(table["model_a"], table["model_b"], strict=True))) == pairs
        assert list(table.columns) == list(COMPARISON_COLUMNS)
