from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pandas as pd
import pytest

from harness.closed_loop.iou_link import completion_limit, iou_vs_driving, link_summary
from tests.unit.harness.closed_loop.made_episodes import make_episodes

WEATHERS = {"ClearNoon": 0.9, "Fog": 0.6, "Night": 0.4}


def drives(**changes: Any) -> list[dict[str, Any]]:
    """Each of three scenarios twice under three weathers, by masks and by truth; the worse the mask, the worse."""
    rows: list[dict[str, Any]] = []
    for (weather, iou), scenario, repeat in itertools.product(WEATHERS.items(), range(3), (1, 2)):
        same = {"weather": weather, "scenario": f"s{scenario}", "repeat": repeat}
        seen = iou + 0.01 * scenario + 0.001 * repeat
        completion = min(100.0, 100 * seen + 20)
        rows.append(same | {
            "policy": "mask", "iou_road": seen, "iou_lines": seen, "iou_road_lines": seen, "completion": completion,
            "driving_score_2_1": completion, "lateral_error_mean_m": 1 - seen, "success": iou > 0.8, **changes,
        })  # fmt: skip
        rows.append(same | {"policy": "truth", "iou_road_lines": 1.0, "completion": 100.0, "driving_score_2_1": 100.0})
        rows.append(same | {"policy": "autopilot"})
    return rows


def test_a_point_is_a_policy_with_masks_under_one_weather_at_one_size() -> None:
    table = iou_vs_driving(make_episodes(drives()))
    assert table[["policy", "weather"]].to_numpy().tolist() == [["mask", weather] for weather in WEATHERS]
    assert table["episodes"].tolist() == [6, 6, 6]
    np.testing.assert_allclose(table["iou_road_lines"], [iou + 0.0115 for iou in WEATHERS.values()])
    np.testing.assert_allclose(table["success_rate"], [1.0, 0.0, 0.0])


def test_the_loss_is_against_truth_in_the_same_episodes() -> None:
    episodes = make_episodes(drives())
    table = iou_vs_driving(episodes).set_index("weather")
    assert table["loss_episodes"].tolist() == [6, 6, 6]
    assert table.loc["Night", "loss_completion"] == pytest.approx(100 - 61.15)
    assert table.loc["Night", "loss_success"] == pytest.approx(100.0)
    assert table.loc["ClearNoon", "loss_success"] == pytest.approx(0.0)
    night = table.loc["Night"]
    assert night["loss_completion_low"] < night["loss_completion"] < night["loss_completion_high"]
    # A difference that is the same in each pair is certain, however the episodes differ from each other.
    masks = episodes["policy"] == "mask"
    episodes.loc[masks, "driving_score_2_1"] = episodes.loc[masks, "completion"] - 7
    truths = episodes[masks].assign(policy="truth", driving_score_2_1=episodes.loc[masks, "completion"])
    paired = iou_vs_driving(pd.concat([episodes[masks], truths])).iloc[0]
    assert [paired[f"loss_driving_score_2_1{end}"] for end in ("", "_low", "_high")] == pytest.approx([7.0] * 3)


def test_only_pairs_of_which_both_are_done_make_a_loss() -> None:
    rows = drives()
    for row in rows:
        if row["policy"] == "truth" and (row["repeat"] == 2 or row["weather"] == "Fog"):
            row["status"] = "crashed"
    table = iou_vs_driving(make_episodes(rows)).set_index("weather")
    assert table["loss_episodes"].tolist() == [3, 0, 3]
    assert table.loc["Fog", ["loss_completion", "loss_completion_low", "loss_success"]].isna().all()
    assert table["episodes"].tolist() == [6, 6, 6]


def test_the_correlation_is_over_the_episodes_of_a_policy() -> None:
    episodes = make_episodes(drives())
    link = link_summary(episodes)["mask"]
    mask = episodes[episodes["policy"] == "mask"]
    assert link.correlation_episodes == len(mask) == 18
    for name in ("completion", "driving_score_2_1", "lateral_error_mean_m"):
        pair = mask["iou_road_lines"].to_numpy(float), mask[name].to_numpy(float)
        assert getattr(link, f"pearson_{name}") == pytest.approx(np.corrcoef(*pair)[0, 1])
    assert link.spearman_lateral_error_mean_m == pytest.approx(-1.0)
    table = iou_vs_driving(episodes)
    assert table["pearson_completion"].tolist() == [link.pearson_completion] * 3
    assert table["completion_limit_iou"].tolist() == [link.completion_limit_iou] * 3


def test_truth_and_the_blind_are_no_points() -> None:
    assert set(link_summary(make_episodes(drives()))) == {"mask"}


def test_an_episode_that_never_moved_has_no_lateral_error_to_correlate() -> None:
    rows = drives()
    rows[0]["lateral_error_mean_m"] = float("nan")
    link = link_summary(make_episodes(rows))["mask"]
    assert link.correlation_episodes == 18
    assert link.spearman_lateral_error_mean_m == pytest.approx(-1.0)


IOUS = np.array([0.3, 0.4, 0.5, 0.6])


@pytest.mark.parametrize(
    ("completions", "limit"),
    [([50, 95, 100, 100], 0.35), ([100, 95, 100, 100], np.nan), ([50, 60, 70, 80], np.inf)],
)
def test_the_limit_lies_between_the_last_under_the_target_and_the_first_over_it(
    completions: list[float], limit: float
) -> None:
    np.testing.assert_allclose(completion_limit(IOUS, np.array(completions, float), 90.0), limit)


def test_a_worse_drive_with_a_better_mask_is_levelled_with_its_neighbour() -> None:
    completions = np.array([50.0, 99.0, 80.0, 100.0])  # 99 and 80 are one step of 89.5
    assert completion_limit(IOUS, completions, 90.0) == pytest.approx(0.55)
    assert completion_limit(IOUS, completions, 89.0) == pytest.approx(0.35)


def test_a_lower_target_has_a_lower_limit() -> None:
    episodes = make_episodes(drives())
    limits = [
        float(iou_vs_driving(episodes, target_completion=target)["completion_limit_iou"].iloc[0])
        for target in (70.0, 90.0)
    ]
    assert limits[0] == pytest.approx((0.422 + 0.601) / 2)
    assert limits[1] == pytest.approx((0.622 + 0.901) / 2)
    assert iou_vs_driving(episodes, target_completion=90.0)["target_completion"].tolist() == [90.0] * 3


def test_nothing_done_is_an_empty_table_with_all_columns() -> None:
    whole = iou_vs_driving(make_episodes(drives()))
    for rows in ([], [row | {"status": "failed"} for row in drives()]):
        empty = iou_vs_driving(make_episodes(rows))
        assert len(empty) == 0
        assert list(empty.columns) == list(whole.columns)


def test_without_truth_there_is_no_loss_but_a_link() -> None:
    rows = [row for row in drives() if row["policy"] == "mask"]
    table = iou_vs_driving(make_episodes(rows))
    assert table["loss_episodes"].tolist() == [0, 0, 0]
    assert table["loss_completion"].isna().all()
    assert (table["pearson_completion"] > 0.9).all()
