"""What a scenario may stage, and that a scenario which stages nothing is what it was before there was staging."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from sim_scenarios.errors import ScenarioError
from sim_scenarios.load import find_problems, load_suite
from sim_scenarios.scenario import Scenario, parse_scenario
from sim_scenarios.staging import CrossingWalker, LeadVehicle, ParkedInLane, place_m
from sim_scenarios.suite_text import suite_yaml

LEAD = {"kind": "lead_vehicle", "at_s": 5.0}
PARKED = {"kind": "parked_in_lane", "at_m": 30.0}
WALKER = {"kind": "crossing_walker", "at_m": 40.0}


def scenario(**content: Any) -> Scenario:
    return Scenario.model_validate({"name": "a", "split": "test", "duration_s": 1, "ego": {"route": [3]}} | content)


def test_each_kind_is_told_by_its_name() -> None:
    staged = scenario(staged=[LEAD, PARKED, WALKER]).staged
    assert [type(each) for each in staged] == [LeadVehicle, ParkedInLane, CrossingWalker]
    assert [place_m(each) for each in staged] == [20.0, 30.0, 40.0]


def test_a_definition_has_new_fields_only_where_they_say_something() -> None:
    assert not {"group", "staged"} & set(scenario().definition)
    full = scenario(group="lead_vehicle", staged=[LEAD])
    assert full.definition["group"] == "lead_vehicle"
    assert full.definition["staged"][0]["kind"] == "lead_vehicle"
    for each in (scenario(), full):
        assert parse_scenario(each.definition) == each


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ({"staged": [LEAD], "ego": {}}, "stages something on the ego's route, but it has none"),
        ({"staged": [{"kind": "ufo"}]}, "lead_vehicle"),
        ({"staged": [{"kind": "lead_vehicle"}]}, "either trigger_m or at_s"),
        ({"staged": [LEAD | {"trigger_m": 5.0}]}, "either trigger_m or at_s"),
        ({"staged": [{"kind": "lead_vehicle", "ahead_m": 10.0, "trigger_m": 10.0}]}, "less than ahead_m"),
        ({"staged": [PARKED | {"blueprint": "walker.pedestrian.0001"}]}, "blueprint"),
        ({"staged": [WALKER | {"side": "middle"}]}, "side"),
        ({"staged": [WALKER | {"speed": float("nan")}]}, "speed"),
        ({"staged": [PARKED | {"at_m": 0.0}]}, "at_m"),
        ({"group": "lead vehicle"}, "group"),
        ({"group": "../up"}, "group"),
    ],
)
def test_what_cannot_be_meant(content: dict[str, Any], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        scenario(**content)


def suite_file(tmp_path: Path, staged: str) -> Path:
    path = tmp_path / "staged.yaml"
    path.write_text(
        "name: staged\n"
        "scenarios:\n"
        "  - {name: a, split: test, duration_s: 1, group: obstacle, ego: {route: [3]},\n"
        f"     staged: [{staged}]}}\n"
    )
    return path


def test_a_suite_file_stages_and_is_written_back(tmp_path: Path) -> None:
    suite = load_suite(suite_file(tmp_path, "{kind: parked_in_lane, at_m: 30, offset_m: 1.2}"))
    assert suite.scenarios[0].staged == (ParkedInLane(kind="parked_in_lane", at_m=30.0, offset_m=1.2),)
    for with_defaults in (True, False):
        again = tmp_path / "again.yaml"
        again.write_text(suite_yaml(suite, with_defaults=with_defaults))
        assert load_suite(again) == suite


def test_a_misspelt_key_is_named_with_its_line_and_the_nearest_one(tmp_path: Path) -> None:
    path = suite_file(tmp_path, "{kind: crossing_walker, at_m: 30, triger_m: 3}")
    with pytest.raises(ScenarioError, match=r"unknown key 'triger_m'.*did you mean trigger_m"):
        load_suite(path)
    assert ":4: " in find_problems(path)[0]
