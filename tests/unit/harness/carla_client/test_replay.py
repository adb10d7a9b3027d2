from __future__ import annotations

from dataclasses import replace

import pytest

from harness.carla_client.replay import logged_timeline
from harness.errors import DataError
from sim_scenarios.scenario import Scenario
from sim_scenarios.weather import PRESETS
from sim_scenarios.weather_timeline import WeatherTimeline
from tests.unit.harness.carla_client.test_drive_log import make_log

SCENARIO = Scenario.model_validate({"name": "a", "split": "train", "duration_s": 4.0, "weather": "WetNight"})


def test_logs_from_before_there_were_timelines_are_read() -> None:
    stored = SCENARIO.model_dump(mode="json", exclude={"weather_timeline": True, "cameras": {0: {"planes"}}})
    assert logged_timeline(replace(make_log(), scenario=stored)) == WeatherTimeline.constant(PRESETS["WetNight"])


def test_a_logged_timeline_is_the_one_that_was_driven() -> None:
    changing = Scenario.model_validate(
        SCENARIO.model_dump(exclude={"weather"}) | {"weather_timeline": "WetNoon->DenseFog"}
    )
    assert logged_timeline(replace(make_log(), scenario=changing.model_dump(mode="json"))) == changing.timeline


def test_a_log_without_a_scenario_is_refused() -> None:
    with pytest.raises(DataError, match="record it again"):
        logged_timeline(make_log())
