from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.load import catalog_names, load_suite
from sim_scenarios.scenario import Suite
from sim_scenarios.suite_text import suite_data, suite_yaml
from sim_scenarios.weather import PRESETS, Weather

weathers = st.sampled_from(sorted(PRESETS)) | st.builds(
    Weather,
    cloudiness=st.floats(0, 100),
    wetness=st.floats(0, 100),
    fog_density=st.floats(0, 100),
    fog_distance=st.floats(0, 1000),
    sun_altitude_angle=st.floats(-90, 90),
)
egos = st.sampled_from(
    [
        {},
        {"spawn_point": 7},
        {"spawn_point": {"x": 1.5, "y": -2.0}, "route": [3, {"x": 4.0, "y": 5.0, "z": 6.0}, 5]},
        {"path": [{"at_s": 0, "x": 0, "y": 1, "z": 2}, {"at_s": 1.5, "x": 3, "y": 1, "z": 2, "yaw": 9}]},
    ]
)
shown = st.builds(lambda weather: {"weather": weather}, weathers) | st.lists(
    st.fixed_dictionaries({"weather": weathers}), min_size=2, max_size=4
).map(lambda keys: {"weather_timeline": keys})


def suite(scenario: dict[str, Any]) -> Suite:
    return Suite.model_validate({"name": "s", "weathers": ["fog_density=0..9..3"], "scenarios": [scenario]})


@settings(max_examples=30)
@given(egos, shown)
def test_the_text_reads_back_to_an_equal_suite(ego: dict[str, Any], weather: dict[str, Any]) -> None:
    one = suite({"name": "a", "split": "val", "duration_s": 2.5, "ego": ego, **weather})
    for with_defaults in (True, False):
        assert Suite.model_validate(yaml.safe_load(suite_yaml(one, with_defaults=with_defaults))) == one


@pytest.mark.parametrize("name", catalog_names())
def test_a_suite_of_the_catalogue_is_shown_as_a_suite_file(name: str, tmp_path: Path) -> None:
    path = tmp_path / "suite.yaml"
    path.write_text(suite_yaml(load_suite(name)), encoding="utf-8")
    assert load_suite(path) == load_suite(name)


def test_what_means_nothing_is_left_out() -> None:
    driven, followed = (
        suite_data(suite({"name": "a", "split": "val", "duration_s": 1, "ego": ego}))["scenarios"][0]["ego"]
        for ego in ({}, {"path": [{"at_s": 0, "x": 0, "y": 0, "z": 0}]})
    )
    assert set(driven) == {"blueprint", "spawn_point"}
    assert set(followed) == {"blueprint", "path"}


def test_weathers_are_short_where_that_is_legible() -> None:
    changed = "ClearNoon:cloudiness=1:precipitation=2:wetness=3:wind_intensity=4:fog_density=5:fog_distance=6"
    short, long, timeline = (
        suite_data(suite({"name": "a", "split": "val", "duration_s": 1, **weather}), with_defaults=False)["scenarios"][
            0
        ]
        for weather in (
            {"weather": "WetNoon:wetness=5"},
            {"weather": changed},
            {"weather_timeline": f"WetNoon@0->{changed}@2"},
        )
    )
    assert short["weather"] == "WetNoon:wetness=5"
    assert long["weather"]["preset"] == "ClearNoon"
    assert long["weather"]["wetness"] == 3.0
    assert timeline["weather_timeline"] == [
        {"at_s": 0.0, "weather": "WetNoon"},
        {"at_s": 2.0, "weather": long["weather"]},
    ]
