from __future__ import annotations

import math
import subprocess
import sys
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from harness.closed_loop.episode_log import KEY_COLUMNS, EpisodeLog
from harness.closed_loop.metrics.tables import (
    INFRACTION_COLUMNS,
    EpisodeTables,
    episode_row,
    episode_tables,
    infraction_table,
    tick_table,
)
from tests.unit.harness.closed_loop.made_logs import make_log

ROW_COLUMNS = [
    *KEY_COLUMNS, "group", "town", "seed", "ending", "reason", "success", "completed", "duration_s", "route_length_m",
    "driven_m", "completion", "driving_score_1_0", "driving_score_2_0", "driving_score_2_1", "collisions_pedestrian",
    "collisions_vehicle", "collisions_static", "red_lights", "stop_signs", "lane_invasions", "solid_lane_invasions",
    "outside_lanes_share", "off_road_share", "wheels_off_road_share", "wrong_way_share", "lateral_error_mean_m",
    "lateral_error_p95_m", "heading_error_mean_deg", "heading_error_p95_deg", "comfort_share", "max_abs_jerk",
    "max_abs_lateral_acceleration", "min_ttc_s", "mean_speed_mps", "safe_stops", "safe_stop_share", "emergency_brakes",
    "decisions", "iou_road", "iou_lines", "iou_road_lines", "miou",
]  # fmt: skip
TICK_COLUMNS = [
    *KEY_COLUMNS, "tick", "x", "y", "speed", "lateral_error_m", "heading_error_deg", "steer", "throttle", "brake",
    "route_progress_m", "ttc_s", "state", "hazard_distance_m", "iou_road", "iou_lines", "miou",
]  # fmt: skip


@pytest.fixture
def log() -> EpisodeLog:
    """An episode in which nearly everything happens."""
    rng = np.random.default_rng(5)
    return make_log(
        start=(0.0, 0.4, 3.0),
        moves=[{"ticks": 20, "speed": 0.0}, {"ticks": 150, "speed": 8.0, "turn_deg": -2.0}],
        others=[
            {"actor": "car", "start": (45.0, 0.0, 0.0)},
            {"actor": "walker", "start": (30.0, -4.0, 90.0), "from": 9},
        ],
        collisions=[{"other": "vehicle.test.car", "other_actor": 1, "tick": 120}],
        invasions=[{"tick": 90, "markings": ["Solid"]}],
        lights=[[[0, 0]]],
        stop_lines=[{"kind": "light", "x": 20.0, "y": 0.0, "yaw_deg": 0.0, "width_m": 3.5, "light": 0}],
        decisions=[{"tick": tick, "state": tick % 4, "hazard": 5.0 + tick} for tick in range(0, 170, 10)],
        counts=rng.integers(0, 50, (17, 3, 3)),
        reason="collision",
    )


def assert_equal(one: EpisodeTables, other: EpisodeTables) -> None:
    assert repr(one.row) == repr(other.row)  # NaN is not equal to itself, its text is
    pd.testing.assert_frame_equal(one.ticks, other.ticks, check_exact=True)
    pd.testing.assert_frame_equal(one.infractions, other.infractions, check_exact=True)


def test_a_stored_log_gives_exactly_what_the_drive_gave(log: EpisodeLog, tmp_path: Path) -> None:
    log.save(tmp_path / "episode.npz")
    assert_equal(episode_tables(EpisodeLog.load(tmp_path / "episode.npz")), episode_tables(log))


def test_each_table_alone_is_the_same(log: EpisodeLog) -> None:
    alone = EpisodeTables(row=episode_row(log), ticks=tick_table(log), infractions=infraction_table(log))
    assert_equal(alone, episode_tables(log))


def test_the_columns_of_an_episode(log: EpisodeLog) -> None:
    row = episode_row(log)
    assert list(row) == ROW_COLUMNS
    assert all(type(value) in (str, int, float, bool) for value in row.values())
    assert (row["scenario"], row["width"], row["reason"], row["ending"]) == ("lane", 320, "collision", "terminated")
    assert (row["red_lights"], row["collisions_vehicle"], row["success"]) == (1, 1, False)


def test_the_rows_of_ticks(log: EpisodeLog) -> None:
    ticks = tick_table(log)
    assert list(ticks.columns) == TICK_COLUMNS
    assert len(ticks) == log.num_ticks
    assert all(isinstance(ticks[name].dtype, pd.CategoricalDtype) for name in KEY_COLUMNS)
    assert ticks["tick"].tolist() == list(range(log.num_ticks))
    assert {str(ticks[name].dtype) for name in TICK_COLUMNS[8:]} == {"float32"}
    decided = ticks["tick"] % 10 == 0
    assert ticks.loc[decided, ["state", "hazard_distance_m", "iou_road", "iou_lines", "miou"]].notna().all(axis=None)
    assert ticks.loc[~decided, ["state", "hazard_distance_m", "iou_road", "miou"]].isna().all(axis=None)
    assert ticks.loc[30, "hazard_distance_m"] == 35.0
    tp, fp, fn = log.counts[3, 1]
    assert ticks.loc[30, "iou_road"] == pytest.approx(tp / (tp + fp + fn))
    # Signed, and there before the car moves.
    assert ticks.loc[0, "lateral_error_m"] == pytest.approx(0.4)


def test_no_hazard_is_no_distance() -> None:
    ticks = tick_table(make_log(decisions=[{"tick": 0}]))
    assert math.isnan(ticks.loc[0, "hazard_distance_m"])
    assert ticks.loc[0, "state"] == 0


def test_the_row_is_that_of_the_ticks(log: EpisodeLog) -> None:
    row, ticks = episode_row(log), tick_table(log)
    driven = ticks[ticks["tick"] >= 20]
    assert row["lateral_error_mean_m"] == pytest.approx(driven["lateral_error_m"].abs().mean(), rel=1e-5)
    assert row["lateral_error_p95_m"] == pytest.approx(driven["lateral_error_m"].abs().quantile(0.95), rel=1e-5)
    assert row["heading_error_mean_deg"] == pytest.approx(driven["heading_error_deg"].abs().mean(), rel=1e-5)
    assert row["min_ttc_s"] == pytest.approx(ticks["ttc_s"].min(), rel=1e-5)
    assert row["mean_speed_mps"] == pytest.approx(8.0)
    pooled = log.counts.sum(axis=0)
    assert row["iou_road"] == pytest.approx(pooled[1, 0] / pooled[1].sum())
    assert row["iou_road_lines"] == pytest.approx((row["iou_road"] + row["iou_lines"]) / 2)


def test_the_rows_of_infractions(log: EpisodeLog) -> None:
    table = infraction_table(log)
    assert list(table.columns) == list(INFRACTION_COLUMNS)
    assert {"red light", "solid lane invasion", "collision vehicle"} <= set(table["kind"])
    assert table["tick"].is_monotonic_increasing
    red = table[table["kind"] == "red light"].iloc[0]
    assert (red["x"], red["y"]) == pytest.approx(tuple(log.actor_transforms[red["tick"], 0, :2].tolist()))
    assert red["what"] == "light 0 at (20.0, 0.0)"


def test_a_clean_drive_has_an_empty_table_with_all_columns() -> None:
    table = infraction_table(make_log(moves=[{"ticks": 201, "speed": 10.0}]))
    assert (list(table.columns), len(table)) == (list(INFRACTION_COLUMNS), 0)


@pytest.mark.parametrize(
    ("policy", "road", "lines", "both"),
    [
        ({"road_classes": [1], "line_classes": []}, 0.5, math.nan, 0.5),
        ({}, math.nan, math.nan, math.nan),
        ({"road_classes": [1, 2], "line_classes": [0, 99]}, 0.375, math.nan, 0.375),
        ({"road_classes": [1], "line_classes": [2]}, 0.5, 0.25, 0.375),
    ],
)
def test_road_and_lines_are_what_the_policy_says(
    policy: dict[str, list[int]], road: float, lines: float, both: float
) -> None:
    counts = [[[0, 0, 0], [10, 5, 5], [5, 15, 0]]]
    row = episode_row(make_log(decisions=[{"tick": 0}], counts=counts, policy=policy))
    np.testing.assert_equal([row["iou_road"], row["iou_lines"], row["iou_road_lines"]], [road, lines, both])


def test_the_metrics_need_no_simulator() -> None:
    code = "import sys, harness.closed_loop.metrics.tables; print([m for m in ('carla', 'torch') if m in sys.modules])"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
