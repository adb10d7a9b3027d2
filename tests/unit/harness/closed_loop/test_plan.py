"""Which episodes a plan has, with which seeds and cameras, and what it refuses."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from harness.closed_loop.episode_names import episode_name, episode_text
from harness.closed_loop.plan import DrivePlan, make_drive_plan, table_name
from harness.closed_loop.rules import RolloutRules
from harness.errors import UsageError
from sim_scenarios.errors import ScenarioError
from sim_scenarios.scenario import MAX_SEED, Scenario
from sim_scenarios.weather_grid import parse_weather_grid

USERS = """
from harness.closed_loop.policy import Policy, VehicleControl


class Careful(Policy):
    def begin(self, episode):
        pass

    def act(self, observation):
        return VehicleControl(brake=1.0)
"""


def scenario(name: str, *, seed: int = 0) -> Scenario:
    return Scenario(name=name, split="test", seed=seed, duration_s=2.0)


def make_plan(*scenarios: Scenario, **changes: Any) -> DrivePlan:
    values: dict[str, Any] = {
        "sizes": [(64, 36), (32, 18)], "policies": ["truth", "mask"], "repeats": 2, "rules": RolloutRules()
    }  # fmt: skip
    values |= changes
    grid = parse_weather_grid(values.pop("weathers", "ClearNoon,fog_density=60"))
    return make_drive_plan(scenarios or (scenario("bend", seed=7),), grid, values.pop("sizes"), **values)


def test_every_combination_is_planned_once_in_the_order_of_the_columns() -> None:
    plan = make_plan(scenario("bend"), scenario("lane"), fovs=[60, 90])
    keys = list(plan.episodes())
    assert len(keys) == len(set(keys)) == plan.num_episodes == 2 * 2 * 2 * 2 * 2 * 2
    assert [(key.scenario, key.policy, key.repeat) for key in keys[:4]] == [
        ("bend", "truth", 1), ("bend", "truth", 2), ("bend", "mask", 1), ("bend", "mask", 2)
    ]  # fmt: skip
    assert [key.scenario for key in keys] == ["bend"] * 32 + ["lane"] * 32, "a town stays loaded"
    assert {key.fov for key in keys} == {60.0, 90.0}
    assert len({episode_name(key) for key in keys}) == len({episode_text(key) for key in keys}) == len(keys)


def test_a_repeat_has_other_traffic_and_all_else_the_same() -> None:
    plan = make_plan(scenario("bend", seed=7))
    seeds = {(key.policy, key.weather, key.repeat): plan.scenario_of(key).seed for key in plan.episodes()}
    assert {seed for (_, _, repeat), seed in seeds.items() if repeat == 1} == {7}
    assert {seed for (_, _, repeat), seed in seeds.items() if repeat == 2} == {1007}


def test_the_camera_is_the_scenario_s_first_one_at_the_size_of_the_episode() -> None:
    plan = make_plan(fovs=[75.5])
    key = list(plan.episodes())[-1]
    camera, own = plan.camera_of(key), plan.scenarios[0].cameras[0]
    assert (camera.width, camera.height, camera.fov) == (32, 18, 75.5)
    assert (camera.x, camera.z, camera.pitch) == (own.x, own.z, own.pitch)


def test_a_users_policy_is_called_by_file_and_class(tmp_path: Path) -> None:
    file = tmp_path / "mine.py"
    file.write_text(USERS)
    plan = make_plan(policies=["straight", f"{file}:Careful"])
    assert plan.policies == {"straight": "straight", "mine.py:Careful": f"{file}:Careful"}
    assert plan.may_need_net
    assert plan.net_policies == ()
    assert table_name("a/b.py:C") == "b.py:C"


@pytest.mark.parametrize(("policies", "needs"), [(["truth", "route"], False), (["truth", "mask"], True)])
def test_only_a_policy_that_drives_by_a_net_needs_one(policies: list[str], needs: bool) -> None:
    assert make_plan(policies=policies).may_need_net is needs


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        ({"policies": ["truth", "truth"]}, "policy given twice: truth"),
        ({"policies": ["trth"]}, "truth"),
        ({"policies": ["nowhere.py:Careful"]}, "does not exist"),
        ({"policies": []}, "no policy"),
        ({"sizes": []}, "no size"),
        ({"sizes": [(32, 18), (32, 18)]}, "size given twice: 32x18"),
        ({"fovs": [90, 90.0]}, "field of view given twice: 90"),
    ],
)
def test_what_cannot_be_meant_is_refused(changes: dict[str, Any], message: str) -> None:
    with pytest.raises(UsageError, match=message):
        make_plan(**changes)


def test_two_files_of_one_name_would_be_one_policy_in_the_tables(tmp_path: Path) -> None:
    for folder in ("a", "b"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / "mine.py").write_text(USERS)
    with pytest.raises(UsageError, match=r"policy given twice: mine\.py:Careful"):
        make_plan(policies=[f"{tmp_path}/{folder}/mine.py:Careful" for folder in ("a", "b")])


def test_seeds_that_become_too_large_are_refused() -> None:
    with pytest.raises(UsageError, match="2 repeats add up to 1000"):
        make_plan(scenario("bend", seed=MAX_SEED - 999))


def test_a_size_that_no_camera_has_is_refused() -> None:
    with pytest.raises(ScenarioError):
        make_plan(sizes=[(0, 18)])
