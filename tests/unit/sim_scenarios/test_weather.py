from __future__ import annotations

import carla
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim_scenarios.errors import ScenarioError
from sim_scenarios.weather import (
    CARLA_PRESETS,
    OWN_PRESETS,
    PRESETS,
    WEATHER_FIELDS,
    Weather,
    parse_weather,
    weather_name,
)


@pytest.mark.parametrize("name", CARLA_PRESETS)
def test_presets_are_the_ones_of_the_carla_wheel(name: str) -> None:
    theirs = getattr(carla.WeatherParameters, name)
    for field in WEATHER_FIELDS:
        assert np.float32(getattr(PRESETS[name], field)) == np.float32(getattr(theirs, field)), field


def test_every_preset_of_the_wheel_is_there_but_the_sentinel() -> None:
    theirs = {name for name in dir(carla.WeatherParameters) if name[0].isupper()}
    assert set(CARLA_PRESETS) == theirs - {"Default"}
    assert not set(OWN_PRESETS) & theirs


def test_a_weather_from_nothing_is_clear_noon() -> None:
    assert Weather() == PRESETS["ClearNoon"]


def test_notation_changes_fields_of_a_preset() -> None:
    weather = parse_weather("ClearNoon:fog_density=60: wetness = 20")
    assert (weather.fog_density, weather.wetness) == (60.0, 20.0)
    assert weather.model_copy(update={"fog_density": 2.0, "wetness": 0.0}) == PRESETS["ClearNoon"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ClearNon", "did you mean ClearNoon?"),
        ("clearnoon", "did you mean ClearNoon?"),
        ("Default", "unknown weather 'Default'"),
        ("ClearNoon:fog_densty=3", "did you mean fog_density?"),
        ("ClearNoon:fog_density", "is not FIELD=NUMBER"),
        ("ClearNoon:fog_density=much", "expected a number"),
        ("ClearNoon:fog_density=101", "less than or equal to 100"),
        ("ClearNoon:sun_altitude_angle=-91", "greater than or equal to -90"),
        ("ClearNoon:wetness=nan", "finite"),
    ],
)
def test_bad_notation_says_what_is_wrong(text: str, said: str) -> None:
    with pytest.raises(ScenarioError, match="weather") as caught:
        parse_weather(text)
    assert said in str(caught.value)


def test_a_file_may_name_a_preset_and_change_it() -> None:
    assert Weather.model_validate("WetNight") == PRESETS["WetNight"]
    changed = Weather.model_validate({"preset": "WetNight", "wetness": 5})
    assert changed == PRESETS["WetNight"].model_copy(update={"wetness": 5.0})
    with pytest.raises(ValidationError):
        Weather.model_validate({"preset": "WetNight", "wettness": 5})


@given(st.sampled_from(sorted(PRESETS)))
def test_a_preset_is_named_by_its_name_or_an_equal_one(name: str) -> None:
    assert PRESETS[weather_name(PRESETS[name])] == PRESETS[name]


@given(
    st.builds(
        Weather,
        cloudiness=st.floats(0, 100),
        fog_distance=st.integers(0, 500),
        sun_altitude_angle=st.integers(-90, 90),
        mie_scattering_scale=st.integers(0, 10).map(lambda n: n / 8),
    )
)
def test_the_name_of_a_weather_parses_back_to_it(weather: Weather) -> None:
    assert parse_weather(weather_name(weather)) == weather


@given(st.sampled_from(sorted(PRESETS)), st.floats(0, 100))
def test_a_weather_is_named_after_the_preset_that_it_is_nearest_to(name: str, dust: float) -> None:
    weather = PRESETS[name].model_copy(update={"dust_storm": dust})
    assert weather_name(weather).count(":") <= 1
    assert parse_weather(weather_name(weather)) == weather
