from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.closed_loop.drive_summary import ALL_GROUPS, CONDITION, drive_summary
from harness.scoring.statistics.bootstrap import Bootstrap
from harness.scoring.statistics.wilson import wilson_interval
from tests.unit.harness.closed_loop.made_episodes import make_episodes

EPISODES: list[dict[str, Any]] = [
    {"scenario": "a", "group": "lane", "success": True, "driving_score_2_1": 100.0, "driven_m": 400.0},
    {"scenario": "b", "group": "lane", "success": False, "completed": False, "completion": 40.0,
     "driving_score_2_1": 20.0, "driven_m": 100.0, "collisions_vehicle": 1, "collisions_static": 1, "red_lights": 3},
    {"scenario": "c", "group": "lead", "success": False, "driving_score_2_1": 60.0, "driven_m": 500.0, "safe_stops": 2,
     "iou_road": 0.5},
    {"scenario": "d", "group": "lead", "status": "crashed"},
    {"scenario": "e", "group": "bend", "status": "not run"},
]  # fmt: skip


@pytest.fixture
def summary() -> pd.DataFrame:
    return drive_summary(make_episodes(EPISODES)).set_index("group")


def test_all_groups_come_first_then_each(summary: pd.DataFrame) -> None:
    assert summary.index.tolist() == [ALL_GROUPS, "lane", "lead", "bend"]


def test_what_is_not_done_lowers_done_beside_planned(summary: pd.DataFrame) -> None:
    assert summary["planned"].tolist() == [5, 2, 2, 1]
    assert summary["done"].tolist() == [3, 2, 1, 0]


def test_rates_are_of_what_is_done(summary: pd.DataFrame) -> None:
    whole = summary.loc[ALL_GROUPS]
    assert whole["success_rate"] == pytest.approx(1 / 3)
    assert (whole["success_rate_low"], whole["success_rate_high"]) == pytest.approx(wilson_interval(1, 3))
    assert whole["completed_rate"] == pytest.approx(2 / 3)
    assert (whole["completed_rate_low"], whole["completed_rate_high"]) == pytest.approx(wilson_interval(2, 3))
    assert whole["completion"] == pytest.approx(80.0)


def test_events_are_pooled_over_all_kilometres(summary: pd.DataFrame) -> None:
    whole = summary.loc[ALL_GROUPS]
    assert whole["driven_km"] == pytest.approx(1.0)
    assert (whole["collisions_per_km"], whole["red_lights_per_km"], whole["stop_signs_per_km"]) == (2.0, 3.0, 0.0)
    assert summary.loc["lane", "collisions_per_km"] == pytest.approx(4.0)
    assert whole["safe_stops"] == 2


def test_a_measure_that_few_have_is_the_mean_of_those(summary: pd.DataFrame) -> None:
    assert summary.loc[ALL_GROUPS, "iou_road"] == 0.5
    assert np.isnan(summary.loc["lane", "iou_road"])


def test_a_score_lies_in_its_interval(summary: pd.DataFrame) -> None:
    whole = summary.loc[ALL_GROUPS]
    assert whole["driving_score_2_1"] == pytest.approx(60.0)
    assert 20.0 <= whole["driving_score_2_1_low"] < 60.0 < whole["driving_score_2_1_high"] <= 100.0
    assert (whole["driving_score_1_0_low"], whole["driving_score_1_0_high"]) == (100.0, 100.0)


def test_one_episode_has_no_interval_and_none_has_nothing(summary: pd.DataFrame) -> None:
    assert summary.loc["lead", "driving_score_2_1"] == 60.0
    assert np.isnan(summary.loc["lead", ["driving_score_2_1_low", "driving_score_2_1_high"]].astype(float)).all()
    empty = summary.loc["bend"].drop([*CONDITION, "planned", "done", "driven_km", "safe_stops"]).astype(float)
    assert empty.isna().all()


def test_each_condition_has_rows_of_its_own_in_order() -> None:
    conditions = [("mask", "Fog", 640), ("mask", "ClearNoon", 640), ("truth", "Fog", 640), ("mask", "Fog", 320)]
    episodes = make_episodes(
        [{"policy": policy, "weather": weather, "width": width, "repeat": repeat, "group": ""}
         for repeat in (1, 2) for policy, weather, width in conditions]
    )  # fmt: skip
    summary = drive_summary(episodes)
    assert list(summary[["policy", "weather", "width"]].itertuples(index=False, name=None)) == conditions
    assert summary["group"].tolist() == [ALL_GROUPS] * 4
    assert summary["planned"].tolist() == [2] * 4


def test_the_same_seed_gives_the_same_table_and_more_confidence_wider_intervals() -> None:
    episodes = make_episodes(EPISODES)
    pd.testing.assert_frame_equal(drive_summary(episodes), drive_summary(episodes))
    narrow, wide = (drive_summary(episodes, bootstrap=Bootstrap(level=level)).iloc[0] for level in (0.5, 0.99))
    for name in ("success_rate", "driving_score_2_1"):
        assert wide[f"{name}_low"] < narrow[f"{name}_low"] < narrow[f"{name}_high"] < wide[f"{name}_high"]


def test_no_episodes_make_an_empty_table_with_all_columns(summary: pd.DataFrame) -> None:
    empty = drive_summary(make_episodes([]))
    assert len(empty) == 0
    assert set(empty.columns) == {*summary.columns, "group"}
