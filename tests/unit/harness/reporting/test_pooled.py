from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.reporting.frames import FrameTable
from harness.reporting.intervals import Intervals
from harness.reporting.pooled import CLASS_COLUMNS, SUMMARY_COLUMNS, class_table, summary_table
from harness.reporting.source import ScoreData, read_score
from harness.scoring.statistics.bootstrap import Bootstrap


@pytest.fixture(scope="module")
def data(whole_score: Path) -> ScoreData:
    return read_score(whole_score)


@pytest.fixture(scope="module")
def made(data: ScoreData) -> tuple[pd.DataFrame, pd.DataFrame]:
    return tables(data)


def tables(data: ScoreData, **bootstrap: int) -> tuple[pd.DataFrame, pd.DataFrame]:
    frames, intervals = FrameTable(data), Intervals(Bootstrap(**{"resamples": 200, **bootstrap}))  # type: ignore[arg-type]
    return class_table(data, frames, intervals), summary_table(data, frames, intervals)


def only(table: pd.DataFrame, **where: object) -> dict[str, float]:
    for column, value in where.items():
        table = table[table[column] == value]
    assert len(table) == 1, table
    return {str(name): value for name, value in table.iloc[0].items()}


def test_classes_are_pooled_over_scenarios_and_repeats_before_dividing(
    data: ScoreData, made: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    classes, _ = made
    assert list(classes.columns) == list(CLASS_COLUMNS)
    assert len(classes) == 20 * 4
    for row in classes.sample(12, random_state=1).to_dict("records"):
        cells = data.counts
        for name in ("model", "weather", "width", "class"):
            cells = cells[cells[name] == row[name]]
        tp, fp, fn = (sum(cells[name]) for name in ("tp", "fp", "fn"))
        assert (row["tp"], row["fp"], row["fn"]) == (tp, fp, fn)
        if row["class"] == "=train":
            assert all(math.isnan(row[name]) for name in ("iou", "iou_low", "precision", "recall", "boundary_iou"))
            continue
        assert row["iou"] == tp / (tp + fp + fn)
        assert (row["precision"], row["recall"]) == (tp / (tp + fp), tp / (tp + fn))
        near = [sum(cells[f"boundary_{name}"]) for name in ("tp", "fp", "fn")]
        inner = [sum(cells[f"input_{name}"]) for name in ("tp", "fp", "fn")]
        assert (row["boundary_iou"], row["input_iou"]) == (near[0] / sum(near), inner[0] / sum(inner))
        assert row["iou_low"] < row["iou"] < row["iou_high"]


def test_intervals_are_those_of_a_loop_over_frames(data: ScoreData, whole_score: Path) -> None:
    classes, summary = tables(data, resamples=50, seed=4)
    where = {"model": "small", "weather": "HardRainNoon", "width": 16}
    ticks = pd.read_parquet(whole_score / "ticks.parquet")
    for name, value in where.items():
        ticks = ticks[ticks[name] == value]
    order = {name: index for index, name in enumerate(data.scenario_names)}
    units = sorted({(order[s], f) for s, f in zip(ticks["scenario"], ticks["frame"], strict=True)})
    drawn = np.random.default_rng(4).integers(0, len(units), (50, len(units)))
    sums = ticks.groupby([ticks["scenario"].map(order).astype(int), "frame", "class_id"])[["tp", "fp", "fn"]].sum()
    per_unit = np.array([[sums.loc[(*unit, k)].to_numpy() for k in range(3)] for unit in units])
    ious = np.array([(s := per_unit[rows].sum(axis=0))[:, 0] / s.sum(axis=1) for rows in drawn])
    for k, name in enumerate(data.class_names[:3]):
        row = only(classes, **where, **{"class": name})
        assert (row["iou_low"], row["iou_high"]) == pytest.approx(np.quantile(ious[:, k], [0.025, 0.975]))
    row = only(summary, **where)
    assert (row["miou_low"], row["miou_high"]) == pytest.approx(np.quantile(ious.mean(axis=1), [0.025, 0.975]))


def test_the_summary_says_how_much_of_the_plan_was_scored(made: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    _, summary = made
    assert list(summary.columns) == list(SUMMARY_COLUMNS)
    clear = only(summary, model="large", weather="ClearNoon", width=32)
    assert (clear["scenarios_planned"], clear["scenarios_done"], clear["frames"]) == (3, 3, 24)
    assert clear["status"] == "complete"
    fog = only(summary, model="large", weather="ClearNoon:fog_density=50", width=32)
    assert (fog["scenarios_planned"], fog["scenarios_done"], fog["frames"]) == (3, 1, 18)
    assert fog["status"] == "partial"


def test_the_summary_has_every_mean(made: tuple[pd.DataFrame, pd.DataFrame]) -> None:
    classes, summary = made
    row = only(summary, model="small", weather="ClearNoon", width=16)
    here = classes[(classes["model"] == "small") & (classes["weather"] == "ClearNoon") & (classes["width"] == 16)]
    labelled = here["tp"] + here["fn"]
    assert row["miou"] == pytest.approx(here["iou"].mean())
    assert row["input_miou"] == pytest.approx(here["input_iou"].mean())
    assert row["boundary_iou"] == pytest.approx(here["boundary_iou"].mean())
    assert row["pixel_accuracy"] == pytest.approx(here["tp"].sum() / labelled.sum())
    assert row["frequency_weighted_iou"] == pytest.approx((here["iou"] * labelled).sum() / labelled.sum())
    assert row["input_miou"] > row["miou"], "a small picture, enlarged, is worse at the size of the labels"


def test_the_spread_is_between_repeats_of_the_same_scenarios(
    data: ScoreData, made: tuple[pd.DataFrame, pd.DataFrame]
) -> None:
    _, summary = made
    row = only(summary, model="large", weather="HardRainNoon", width=32)
    cells = data.scenarios[(data.scenarios["scenario"] == "east") & (data.scenarios["weather"] == "HardRainNoon")]
    cells = cells[(cells["model"] == "large") & (cells["width"] == 32)]
    assert row["miou_spread"] == pytest.approx(cells["miou"].max() - cells["miou"].min())


def test_what_was_never_reached_is_a_row_without_numbers(score_folder: Path) -> None:
    for name in ("counts", "bands", "worst", "timing"):
        path = score_folder / f"{name}.csv"
        table = pd.read_csv(path, dtype=str, keep_default_na=False)
        table[table["weather"] != "HardRainNoon"].to_csv(path, index=False)
    ticks = pd.read_parquet(score_folder / "ticks.parquet")
    ticks[ticks["weather"] != "HardRainNoon"].to_parquet(score_folder / "ticks.parquet", index=False)
    with np.load(score_folder / "confusion.npz") as file:
        kept = file["weather"] != "HardRainNoon"
        confusion = {name: file[name] if name == "classes" else file[name][kept] for name in file.files}
    np.savez_compressed(score_folder / "confusion.npz", **confusion)
    cells = pd.read_csv(score_folder / "scenarios.csv")
    cells.loc[cells["weather"] == "HardRainNoon", ["status", "frames"]] = ["not run", 0]
    cells.to_csv(score_folder / "scenarios.csv", index=False)
    classes, summary = tables(read_score(score_folder))
    assert "HardRainNoon" not in set(classes["weather"])
    row = only(summary, model="small", weather="HardRainNoon", width=16)
    assert (row["status"], row["scenarios_planned"], row["frames"]) == ("missing", 3, 0)
    assert all(math.isnan(row[name]) for name in ("miou", "miou_low", "pixel_accuracy", "miou_spread"))
