"""Poses of a path at any time, and which drive logs an ego can repeat."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.carla_client.ego_drivers import logged_driver, poses_along
from harness.carla_client.routes import ABOVE_ROAD_M
from harness.errors import DataError
from sim_scenarios.scenario import PathPose, Scenario
from tests.unit.harness.carla_client.test_drive_log import make_log

Yaws = st.lists(st.floats(-360.0, 360.0), min_size=2, max_size=6)


def path_with(yaws: list[float]) -> list[PathPose]:
    return [PathPose(at_s=2.0 * i, x=10.0 * i, y=-4.0 * i, z=1.0, yaw=yaw) for i, yaw in enumerate(yaws)]


def test_positions_are_linear_in_between_and_held_at_the_ends() -> None:
    poses = poses_along(path_with([0.0, 0.0, 0.0]), np.array([-5.0, 0.0, 0.5, 3.0, 4.0, 99.0]))
    assert poses.dtype == np.float32
    np.testing.assert_allclose(poses[:, 0], [0.0, 0.0, 2.5, 15.0, 20.0, 20.0])
    np.testing.assert_allclose(poses[:, 1], [0.0, 0.0, -1.0, -6.0, -8.0, -8.0])
    np.testing.assert_allclose(poses[:, 2], 1.0)


@given(Yaws)
def test_a_path_goes_through_its_poses(yaws: list[float]) -> None:
    poses = poses_along(path_with(yaws), np.arange(len(yaws)) * 2.0)
    off = (poses[:, 4] - np.array(yaws) + 180.0) % 360.0 - 180.0
    np.testing.assert_allclose(off, 0.0, atol=1e-3)


@given(Yaws)
def test_it_turns_the_shorter_way_round(yaws: list[float]) -> None:
    poses = poses_along(path_with(yaws), np.linspace(0.0, 2.0 * (len(yaws) - 1), 40 * (len(yaws) - 1) + 1))
    steps = np.abs(np.diff(poses[:, 4].astype(np.float64)))
    assert steps.max() <= 180.0 / 40 + 1e-3


def repeating(path: Path, **content: Any) -> Scenario:
    shared = {"name": "a", "split": "test", "duration_s": 0.15, "town": "Town03", "ego": {"drive_log": str(path)}}
    return Scenario.model_validate(shared | content)


@pytest.fixture
def log_path(tmp_path: Path) -> Path:
    """Of five ticks, two of them before the first recorded one."""
    scenario = {"name": "old", "split": "test", "duration_s": 0.15, "town": "Town03"}
    replace(make_log(), scenario=scenario).save(tmp_path / "a.npz")
    return tmp_path / "a.npz"


def test_an_ego_repeats_a_log_from_its_first_recorded_tick_on(log_path: Path) -> None:
    logged = make_log().transforms[:, 0]
    for warmup_ticks, rows in ((1, [1, 2, 3, 4]), (2, [0, 1, 2, 3, 4]), (4, [0, 0, 0, 1, 2, 3, 4])):
        driver = logged_driver(log_path, repeating(log_path, warmup_ticks=warmup_ticks), server_version="0.9.16")
        steps_m = [0.0, *np.linalg.norm(np.diff(logged[rows][:, :3].astype(np.float64), axis=0), axis=1)]
        speeds = [driver.speed(tick) for tick in range(-warmup_ticks, 3)]
        np.testing.assert_allclose(speeds, np.array(steps_m) / 0.05)
        assert driver.start.location.x == logged[rows[0]][0]
        assert driver.start.location.z == pytest.approx(logged[rows[0]][2] + ABOVE_ROAD_M)


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"town": "Town04"}, "its town is Town03, the scenario's Town04"),
        ({"fixed_delta_seconds": 0.1}, r"its fixed_delta_seconds is 0\.05, the scenario's 0\.1"),
        ({"duration_s": 0.2}, r"the log has 0\.15 s, the scenario wants 0\.2 s"),
    ],
)
def test_a_log_that_does_not_fit_is_refused(log_path: Path, content: dict[str, Any], said: str) -> None:
    with pytest.raises(DataError, match=said):
        logged_driver(log_path, repeating(log_path, **content), server_version="0.9.16")


def test_a_log_of_another_server_or_none_is_refused(log_path: Path, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"made on CARLA 0\.9\.16, this server is 0\.9\.15"):
        logged_driver(log_path, repeating(log_path), server_version="0.9.15")
    with pytest.raises(DataError, match="does not exist"):
        logged_driver(tmp_path / "b.npz", repeating(log_path), server_version="0.9.16")
