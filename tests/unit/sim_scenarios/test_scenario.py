from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim_scenarios.camera import CameraSpec
from sim_scenarios.scenario import Scenario, Suite
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_timeline import WeatherTimeline

POSE = {"at_s": 0, "x": 1, "y": 2, "z": 3}


def scenario(**changes: object) -> Scenario:
    return Scenario.model_validate({"name": "a", "split": "train", "duration_s": 1.0} | changes)


def test_a_scenario_cannot_be_changed() -> None:
    with pytest.raises(ValidationError):
        scenario().seed = 3  # type: ignore[misc]


def test_ticks_follow_from_time_and_step() -> None:
    assert scenario(duration_s=11.25).num_ticks == 225
    assert scenario(duration_s=0.001).num_ticks == 1


@given(st.integers(1, 400), st.integers(1, 50))
def test_frames_are_the_recorded_ticks(ticks: int, every: int) -> None:
    one = scenario(duration_s=ticks * 0.05, record_every_n=every)
    assert one.num_frames == sum(one.is_recorded(tick) for tick in range(one.num_ticks))
    assert not one.is_recorded(-every)


@pytest.mark.parametrize(
    "change",
    [
        {"name": "../x"},
        {"name": ""},
        {"split": "dev"},
        {"seed": -1},
        {"duration_s": 0},
        {"fixed_delta_seconds": 0.2},
        {"cameras": []},
        {"cameras": [{"name": "a"}, {"name": "a"}]},
        {"ego": {"blueprint": "walker.pedestrian.0001"}},
        {"traffic": {"vehicles": -1}},
        {"traffic": {"parked_vehicles": -1}},
        {"traffic": {"crossing_factor": 1.1}},
        {"ego": {"spawn_point": -1}},
        {"ego": {"spawn_point": 1.5}},
        {"ego": {"spawn_point": True}},
        {"ego": {"spawn_point": {"x": 1}}},
        {"ego": {"route": [1, "2"]}},
        {"ego": {"route": [1], "drive_log": "a.npz"}},
        {"ego": {"route": [1], "path": [POSE]}},
        {"ego": {"path": [POSE], "drive_log": "a.npz"}},
        {"ego": {"path": [POSE], "spawn_point": 4}},
        {"ego": {"path": [POSE, POSE]}},
        {"ego": {"path": [POSE | {"yaw": float("nan")}]}},
        {"ego": {"drive_log": "a.txt"}},
        {"record_every_n": 0},
        {"warmup_ticks": 0},
        {"unknown": 1},
    ],
)
def test_what_cannot_be_meant_is_refused(change: dict[str, object]) -> None:
    with pytest.raises(ValidationError):
        scenario(**change)


def test_a_scenario_survives_json() -> None:
    one = scenario(weather="HardRainNight", cameras=[CameraSpec(name="left"), CameraSpec(name="right")])
    assert Scenario.model_validate(one.model_dump(mode="json")) == one


@pytest.mark.parametrize(
    "ego",
    [
        {"spawn_point": {"x": 1, "y": 2}, "route": [3, {"x": 4, "y": 5, "z": 6}]},
        {"drive_log": "logs/a.npz"},
        {"path": [POSE, POSE | {"at_s": 1.5, "yaw": -90}]},
    ],
)
def test_every_driver_survives_json(ego: dict[str, object]) -> None:
    one = scenario(ego=ego)
    assert Scenario.model_validate(one.model_dump(mode="json")) == one
    assert Scenario.model_validate_json(one.model_dump_json()) == one


def test_a_weather_that_changes_is_given_as_keys_or_in_short() -> None:
    keys = [{"at_s": 0, "weather": "ClearNoon"}, {"at_s": 4, "weather": {"preset": "DenseFog", "wetness": 1}}]
    timeline = scenario(weather_timeline=keys).timeline
    assert timeline.at(0.0) == PRESETS["ClearNoon"]
    assert timeline.at(9.0) == PRESETS["DenseFog"].model_copy(update={"wetness": 1.0})
    short = scenario(weather_timeline="ClearNoon->DenseFog", duration_s=8.0)
    assert [key.at_s for key in short.timeline.keys] == [0.0, 8.0]
    assert Scenario.model_validate(short.model_dump(mode="json")) == short


def test_without_a_timeline_the_weather_stays() -> None:
    assert scenario(weather="WetNight").timeline == WeatherTimeline.constant(PRESETS["WetNight"])
    assert scenario().timeline.name == "ClearNoon"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"weather": "WetNight", "weather_timeline": "ClearNoon->DenseFog"}, "both weather and weather_timeline"),
        ({"weather_timeline": [{"at_s": 1, "weather": "ClearNoon"}, {"at_s": 1, "weather": "WetNoon"}]}, "increase"),
        ({"weather_timeline": [{"at_s": 1, "weather": "ClearNoon"}, {"weather": "WetNoon"}]}, "for all or for none"),
        ({"weather_timeline": [{"at": 1, "weather": "ClearNoon"}]}, "at"),
        ({"weather_timeline": "ClearNoon->Nothing"}, "unknown weather"),
    ],
)
def test_weathers_that_cannot_be_meant(change: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        scenario(**change)


def test_a_definition_is_the_same_wherever_the_drive_log_is_named_from() -> None:
    here, there, other = (scenario(ego={"drive_log": log}) for log in ("a.npz", "../drives/a.npz", "b.npz"))
    assert here.definition == there.definition == here.model_dump(mode="json", exclude={"group", "staged"})
    assert here.definition != other.definition
    assert Scenario.model_validate(there.definition).ego.drive_log == "a.npz"


def test_a_suite_picks_splits_in_its_own_order() -> None:
    scenarios = [scenario(name=name, split=split) for name, split in (("a", "test"), ("b", "train"), ("c", "test"))]
    suite = Suite(name="s", scenarios=tuple(scenarios))
    assert [each.name for each in suite.of_split("test")] == ["a", "c"]
    assert [each.name for each in suite.of_split("train", "test")] == ["a", "b", "c"]
    assert suite.of_split("val") == ()


def test_a_suite_is_shown_in_weathers_that_exist() -> None:
    assert Suite(name="s", scenarios=(scenario(),), weathers=("fog_density=0..9..3",)).weathers
    for weathers in (["ClearNon"], ["ClearNoon", "ClearNoon"], ["mine.yaml"]):
        with pytest.raises(ValidationError):
            Suite.model_validate({"name": "s", "scenarios": [scenario()], "weathers": weathers})


@pytest.mark.parametrize("second", ["a", "A"])
def test_names_in_a_suite_differ_even_where_files_ignore_case(second: str) -> None:
    with pytest.raises(ValidationError, match="same name"):
        Suite(name="s", scenarios=(scenario(name="a"), scenario(name=second)))
