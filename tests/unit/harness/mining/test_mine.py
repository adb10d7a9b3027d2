"""Choosing among the frames of many episodes: turns, gaps, limits, splits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from harness.closed_loop.plan import DrivePlan, make_drive_plan
from harness.closed_loop.rules import RolloutRules
from harness.errors import DataError, UsageError
from harness.mining.mine import Mined, MiningRules, mine
from harness.mining.table import FRAME_COLUMNS, frame_table
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather_grid import parse_weather_grid
from tests.unit.harness.closed_loop.drive_folder import DriveFolder

RNG = np.random.default_rng(5)
DECISIONS = [{"tick": tick} for tick in range(100)]


def split_plan() -> DrivePlan:
    scenarios = [Scenario(name=split, split=split, duration_s=5.0) for split in ("train", "val", "test")]
    return make_drive_plan(
        scenarios, parse_weather_grid("ClearNoon"), [(320, 180)], policies=["truth"], rules=RolloutRules()
    )


def road_ious(*values: float) -> np.ndarray[Any, Any]:
    """(D, 2, 3) counts of which class 1, the road, has these IoUs; there are no lines."""
    hits = np.round(np.array(values) * 10_000).astype(np.int64)
    counts = np.zeros((len(values), 2, 3), np.int64)
    counts[:, 1, 0], counts[:, 1, 1] = hits, 10_000 - hits
    return counts


def driven(path: Path, *episodes: dict[str, Any], plan: DrivePlan | None = None) -> Path:
    """A drive whose first episodes are these."""
    folder = DriveFolder(path, plan)
    for job, episode in zip(folder.jobs, episodes, strict=False):
        folder.finish(job, **episode)
    return path


def poor(ious: Any, speed: float = 5.0, **changes: Any) -> dict[str, Any]:
    return {
        "moves": [{"ticks": 100, "speed": speed}], "decisions": DECISIONS, "counts": road_ious(*ious), **changes
    }  # fmt: skip


def ticks(mined: Mined) -> list[tuple[int, int]]:
    """(repeat, tick) of each frame."""
    return [(each.key.repeat, each.tick) for each in mined.frames]


def test_the_worst_frames_of_all_episodes_in_their_order(tmp_path: Path) -> None:
    rising, falling = np.linspace(0.2, 0.9, 100), np.linspace(0.9, 0.1, 100)
    folder = driven(tmp_path, poor(rising), poor(falling))
    mined = mine(folder, MiningRules(criteria=("iou",), limit=5, min_motion_m=0.0))
    assert ticks(mined) == [(2, 99), (2, 89), (1, 0), (2, 79), (1, 10)]
    assert mined.not_driven == 2
    assert [each.time_s for each in mined.frames][:2] == [4.95, 4.45]
    table = frame_table(mined.frames)
    assert tuple(table.columns) == FRAME_COLUMNS
    assert list(table["iou"]) == sorted(table["iou"])
    assert set(table["split"]) == {"test"}


def test_a_car_that_stands_is_seen_once(tmp_path: Path) -> None:
    folder = driven(tmp_path, poor(np.linspace(0.9, 0.5, 100), speed=0.0))
    assert ticks(mine(folder, MiningRules(criteria=("iou",)))) == [(1, 99)]
    assert len(mine(folder, MiningRules(criteria=("iou",), min_motion_m=0.0)).frames) == 10


def test_two_criteria_take_turns(tmp_path: Path) -> None:
    episode = poor([0.5] * 20 + [0.9] * 80, reason="time limit")
    folder = driven(tmp_path, episode)
    mined = mine(folder, MiningRules(limit=4, min_motion_m=0.0))
    assert [(each.tick, each.reason.split()[0]) for each in mined.frames] == [
        (99, "0.00"), (0, "low"), (89, "0.50"), (10, "low"),
    ]  # fmt: skip
    only = mine(folder, MiningRules(criteria=("infraction",), before_s=0.6, min_motion_m=0.0))
    assert ticks(only) == [(1, 99), (1, 89)]


def test_the_limit_cuts_the_list_of_the_worst(tmp_path: Path) -> None:
    folder = driven(tmp_path, poor(RNG.uniform(0.1, 0.9, 100)), poor(RNG.uniform(0.1, 0.9, 100)))
    whole = mine(folder, MiningRules(limit=1000)).frames
    for limit in (1, 3, 8):
        assert mine(folder, MiningRules(limit=limit)).frames == whole[:limit]


@given(ious=st.lists(st.floats(0.0, 1.0), min_size=100, max_size=100), gap=st.integers(1, 30))
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_no_two_frames_are_near_and_none_that_is_left_out_could_be_there(
    tmp_path_factory: pytest.TempPathFactory, ious: list[float], gap: int
) -> None:
    folder = driven(tmp_path_factory.mktemp("drive"), poor(ious))
    rules = MiningRules(criteria=("iou",), min_gap_s=gap * 0.05, min_motion_m=0.0)
    mined = mine(folder, rules).frames
    chosen = {each.tick: each.iou for each in mined}
    assert all(abs(one - other) >= gap for one in chosen for other in chosen if one != other)
    measured = road_ious(*ious)[:, 1, 0] / 10_000
    for tick in range(100):
        near = [value for other, value in chosen.items() if abs(other - tick) < gap]
        assert measured[tick] == 1.0 or min(near) <= measured[tick] + 1e-9


def test_splits_that_are_not_wanted_are_left_out_and_counted(tmp_path: Path) -> None:
    folder = driven(tmp_path, *[poor([0.5] * 100)] * 3, plan=split_plan())
    mined = mine(folder, MiningRules(splits=("train", "val")))
    assert {each.split for each in mined.frames} == {"train", "val"}
    assert dict(mined.other_splits) == {"test": 1}
    assert {each.split for each in mine(folder, MiningRules()).frames} == {"train", "val", "test"}


def test_only_the_episodes_of_a_policy_if_it_is_named(tmp_path: Path) -> None:
    folder = driven(tmp_path, *[poor([0.5] * 100)] * 4)
    assert {each.key.policy for each in mine(folder, MiningRules(policies=("route",))).frames} == {"route"}
    with pytest.raises(UsageError, match="by the policy 'mask': there are truth, route"):
        mine(folder, MiningRules(policies=("mask",)))


def test_what_is_no_drive_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="harness drive"):
        mine(tmp_path, MiningRules())
