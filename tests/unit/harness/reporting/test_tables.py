from __future__ import annotations

import csv
import math
from pathlib import Path

import pandas as pd
import pytest

from harness.reporting.source import read_score
from harness.reporting.tables import (
    MEAN,
    class_table,
    degradation_table,
    escape_formula,
    pivot_iou,
    summary_table,
    write_table,
)


def only(table: pd.DataFrame, **where: object) -> dict[str, object]:
    """The one row that fits."""
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1, table
    return dict(table.iloc[0])


def test_classes_are_pooled_over_scenarios_before_dividing(score_folder: Path) -> None:
    row = only(class_table(read_score(score_folder)), **{"weather": "ClearNoon", "width": 8, "class": "car"})
    assert (row["tp"], row["fp"], row["fn"]) == (8, 2, 2)
    assert row["iou"] == 8 / 12
    assert (row["precision"], row["recall"]) == (0.8, 0.8)


def test_a_class_that_is_nowhere_has_no_iou(score_folder: Path) -> None:
    data = read_score(score_folder)
    row = only(class_table(data), **{"weather": "ClearNoon", "width": 8, "class": "=train"})
    assert math.isnan(float(str(row["iou"])))
    assert list(pivot_iou(class_table(data), data, (8, 4)).index) == ["road", "car"]


def test_the_summary_counts_planned_and_done(score_folder: Path) -> None:
    summary = summary_table(read_score(score_folder))
    rain = only(summary, weather="HardRain", width=8)
    assert (rain["scenarios_planned"], rain["scenarios_done"], rain["frames"]) == (2, 1, 1)
    assert rain["pixel_accuracy"] == 18 / 30
    assert rain["miou"] == pytest.approx((10 / 22 + 8 / 20) / 2)
    clear = only(summary, weather="ClearNoon", width=8)
    assert clear["pixel_accuracy"] == 58 / 62


def test_degradation_compares_only_scenarios_that_both_weathers_have(score_folder: Path) -> None:
    table = degradation_table(read_score(score_folder), "ClearNoon")
    assert set(table["weather"]) == {"HardRain"}
    road = only(table, **{"width": 8, "class": "road"})
    assert road["scenarios"] == 1, "west failed in the rain and must not count in clear weather either"
    assert road["reference_iou"] == 20 / 22
    assert road["iou"] == 10 / 22
    assert road["drop_points"] == pytest.approx(100 * 10 / 22)
    assert road["retention"] == pytest.approx(0.5)
    mean = only(table, **{"width": 8, "class": MEAN})
    assert mean["reference_iou"] == pytest.approx((20 / 22 + 8 / 10) / 2)
    absent = only(table, **{"width": 8, "class": "=train"})
    assert all(math.isnan(float(str(absent[name]))) for name in ("iou", "reference_iou", "drop_points", "retention"))


def test_another_weather_can_be_the_reference(score_folder: Path) -> None:
    table = degradation_table(read_score(score_folder), "HardRain")
    assert float(str(only(table, **{"width": 8, "class": "road"})["drop_points"])) < 0


def test_one_weather_alone_has_an_empty_degradation_table(score_folder: Path, tmp_path: Path) -> None:
    for name in ("counts.csv", "scenarios.csv"):
        path = score_folder / name
        path.write_text("".join(line for line in path.read_text().splitlines(True) if ",HardRain," not in line))
    path = score_folder / "worst.csv"
    path.write_text(path.read_text().splitlines()[0] + "\n")
    table = degradation_table(read_score(score_folder), "ClearNoon")
    assert table.empty
    assert "drop_points" in write_table(table, tmp_path / "degradation.csv").read_text()


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n =1", "=1\n,2"])
def test_text_that_a_spreadsheet_would_run_is_made_harmless(text: str, tmp_path: Path) -> None:
    safe = f"'{' '.join(text.split())}"
    assert escape_formula(text) == safe
    path = write_table(pd.DataFrame({"class": [text, "road"], "drop": [-1.5, 2.0]}), tmp_path / "t.csv")
    with path.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert rows == [{"class": safe, "drop": "-1.5"}, {"class": "road", "drop": "2.0"}], "numbers stay numbers"
