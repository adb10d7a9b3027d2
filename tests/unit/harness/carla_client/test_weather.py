from __future__ import annotations

import carla
import pytest

from harness.carla_client.weather import WEATHER_LIGHTS, ShownWeather, lights_for, to_carla
from sim_scenarios.weather import CARLA_PRESETS, PRESETS, WEATHER_FIELDS, Weather
from sim_scenarios.weather_grid import parse_weather_grid

POSITION, LOW_BEAM, FOG = 1, 2, 128


@pytest.mark.parametrize("name", CARLA_PRESETS)
def test_presets_are_carlas_own(name: str) -> None:
    assert to_carla(PRESETS[name]) == getattr(carla.WeatherParameters, name)


def test_every_field_is_handed_over() -> None:
    weather = Weather(**{field: 10.0 + i for i, field in enumerate(WEATHER_FIELDS)})
    assert [getattr(to_carla(weather), field) for field in WEATHER_FIELDS] == [10.0 + i for i in range(14)]


@pytest.mark.parametrize(
    ("name", "lights"),
    [
        ("ClearNoon", 0),
        ("MidRainyNoon", 0),
        ("HardRainNoon", POSITION | LOW_BEAM),
        ("ClearSunset", POSITION),
        ("HardRainSunset", POSITION | LOW_BEAM),
        ("ClearNight", POSITION | LOW_BEAM | FOG),
        ("DenseFog", POSITION | LOW_BEAM | FOG),
    ],
)
def test_lamps_follow_the_weather(name: str, lights: int) -> None:
    assert lights_for(PRESETS[name]) == lights
    assert lights_for(PRESETS[name]) & ~WEATHER_LIGHTS == 0


def test_a_timeline_starts_after_the_warm_up() -> None:
    (timeline,) = parse_weather_grid("ClearNoon@0->DenseFog@1").timelines.values()
    shown = ShownWeather(None, timeline, fixed_delta_seconds=0.05)
    assert [shown.at(tick) for tick in (-30, -1, 0)] == [PRESETS["ClearNoon"]] * 3
    assert shown.at(5) == timeline.at(0.25) != PRESETS["ClearNoon"]
    assert shown.at(20) == shown.at(99) == PRESETS["DenseFog"]
