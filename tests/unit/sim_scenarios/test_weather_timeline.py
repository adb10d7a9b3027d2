from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from sim_scenarios.errors import ScenarioError
from sim_scenarios.weather import PRESETS, WEATHER_FIELDS, Weather
from sim_scenarios.weather_grid import parse_weather_grid
from sim_scenarios.weather_timeline import (
    WeatherKey,
    WeatherTimeline,
    parse_weather_keys,
)

weathers = st.builds(
    Weather,
    cloudiness=st.floats(0, 100),
    fog_distance=st.floats(0, 1000),
    sun_azimuth_angle=st.floats(-360, 360),
    sun_altitude_angle=st.floats(-90, 90),
    rayleigh_scattering_scale=st.floats(0, 1000),
)
times = st.lists(st.floats(0, 3600), min_size=1, max_size=5, unique=True).map(sorted)


@st.composite
def timelines(draw: st.DrawFn) -> WeatherTimeline:
    keys = tuple(WeatherKey(at_s=at_s, weather=draw(weathers)) for at_s in draw(times))
    if draw(st.booleans()):
        keys = tuple(WeatherKey(weather=key.weather) for key in keys)
    return WeatherTimeline(keys=keys if len(keys) > 1 else WeatherTimeline.constant(keys[0].weather).keys)


@given(timelines())
def test_the_name_reads_back_to_the_timeline(timeline: WeatherTimeline) -> None:
    (read,) = parse_weather_grid(timeline.name).timelines.values()
    assert read == timeline
    assert parse_weather_keys(timeline.name) == timeline.keys


@given(timelines())
def test_a_timeline_survives_json(timeline: WeatherTimeline) -> None:
    assert WeatherTimeline.model_validate_json(timeline.model_dump_json()) == timeline


@given(timelines(), timelines())
def test_a_slug_is_a_short_file_name_of_its_own(one: WeatherTimeline, other: WeatherTimeline) -> None:
    assert re.fullmatch(r"[A-Za-z0-9-]{1,80}", one.slug)
    assert (one.slug.casefold() == other.slug.casefold()) == (one.name == other.name)


@given(timelines(), st.floats(0, 4000))
def test_every_weather_lies_between_its_neighbours(timeline: WeatherTimeline, t_s: float) -> None:
    timed = timeline.over(60.0)
    now = timed.at(t_s)
    keys = timed.keys
    before = [key for key in keys if key.at_s is not None and key.at_s <= t_s][-1:] or list(keys[:1])
    after = [key for key in keys if key.at_s is not None and key.at_s > t_s][:1] or list(keys[-1:])
    for field in WEATHER_FIELDS:
        a, b = getattr(before[0].weather, field), getattr(after[0].weather, field)
        assert min(a, b) <= getattr(now, field) <= max(a, b)


@given(timelines())
def test_at_a_key_it_is_exactly_the_key(timeline: WeatherTimeline) -> None:
    for key in timeline.over(12.5).keys:
        assert key.at_s is not None
        assert timeline.over(12.5).at(key.at_s) == key.weather


def test_between_keys_everything_is_linear() -> None:
    keys = (
        WeatherKey(at_s=10.0, weather=Weather(fog_density=0.0, sun_azimuth_angle=350.0, sun_altitude_angle=-90.0)),
        WeatherKey(at_s=14.0, weather=Weather(fog_density=80.0, sun_azimuth_angle=10.0, sun_altitude_angle=90.0)),
    )
    timeline = WeatherTimeline(keys=keys)
    assert (timeline.at(0.0), timeline.at(99.0)) == (keys[0].weather, keys[1].weather)
    now = timeline.at(11.0)
    assert (now.fog_density, now.sun_azimuth_angle, now.sun_altitude_angle) == (20.0, 265.0, -45.0)


def test_weathers_without_times_span_the_drive() -> None:
    (timeline,) = parse_weather_grid("ClearNoon->WetNoon -> DenseFog").timelines.values()
    assert not timeline.is_timed
    with pytest.raises(ScenarioError, match="has no times yet"):
        timeline.at(1.0)
    timed = timeline.over(30.0)
    assert [key.at_s for key in timed.keys] == [0.0, 15.0, 30.0]
    assert timed.over(60.0) == timed
    assert timed.at(15.0) == PRESETS["WetNoon"]


def test_a_list_keeps_its_order_and_its_notation() -> None:
    text = "ClearNoon,HardRainNight,ClearNoon->DenseFog,ClearNoon@0->HardRainNoon@10->WetNoon:wetness=5@20.5"
    timelines = parse_weather_grid(text).timelines
    assert list(timelines) == text.split(",")
    assert [timeline.is_constant for timeline in timelines.values()] == [True, True, False, False]
    assert [key.at_s for key in timelines["ClearNoon->DenseFog"].over(8.0).keys] == [0.0, 8.0]
    assert [key.at_s for key in timelines[text.split(",")[-1]].over(8.0).keys] == [0.0, 10.0, 20.5]
    assert timelines["HardRainNight"] == WeatherTimeline.constant(PRESETS["HardRainNight"])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("ClearNoon->DenseFgo", "did you mean DenseFog?"),
        ("ClearNoon@0->DenseFog", "for all or for none"),
        ("ClearNoon@5->DenseFog@5", "must increase"),
        ("ClearNoon@-1->DenseFog@5", "not a number of seconds"),
        ("ClearNoon@0->DenseFog@soon", "not a number of seconds"),
        ("ClearNoon@0->DenseFog@inf", "not a number of seconds"),
        ("ClearNoon@3", "needs another weather"),
        ("ClearNoon->", "unknown weather ''"),
        ("ClearNoon-", "quotes"),
        ("ClearNoon->DenseFog,ClearNoon->DenseFog", "listed twice"),
        ("", "no weather"),
    ],
)
def test_what_cannot_be_meant_is_said(text: str, said: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        parse_weather_grid(text)
    assert said in str(caught.value)


@pytest.mark.parametrize(
    ("text", "slug"),
    [
        ("ClearNoon", "ClearNoon"),
        ("ClearNoon->HardRainNoon", "ClearNoon-to-HardRainNoon"),
        ("ClearNoon:fog_density=60", r"ClearNoon-[0-9a-f]{8}"),
        ("HardRainNight:fog_density=60", r"HardRainNight-[0-9a-f]{8}"),
        ("ClearNoon@0->HardRainNoon@10", r"ClearNoon-to-HardRainNoon-[0-9a-f]{8}"),
        ("ClearNoon->WetNoon->ClearNoon->WetNoon->ClearNoon->DenseFog->ClearNoon", r"ClearNoon-to-ClearNoon-\w{8}"),
    ],
)
def test_slugs(text: str, slug: str) -> None:
    (timeline,) = parse_weather_grid(text).timelines.values()
    assert re.fullmatch(slug, timeline.slug), timeline.slug


def test_keys_are_checked_where_they_are_made() -> None:
    noon, fog = PRESETS["ClearNoon"], PRESETS["DenseFog"]
    with pytest.raises(ValidationError, match="must increase"):
        WeatherTimeline(keys=(WeatherKey(at_s=2.0, weather=noon), WeatherKey(at_s=1.0, weather=fog)))
    with pytest.raises(ValidationError):
        WeatherTimeline(keys=())
