from __future__ import annotations

from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.weather_look import LOOK, look_of
from sim_scenarios.embedded_simulator.world.snapshot import Weather

NOON = Weather(sun_altitude_angle=45.0, sun_azimuth_angle=-1.0)
CLEAR_NIGHT = replace(NOON, sun_altitude_angle=-90.0, fog_density=60.0, fog_distance=75.0, fog_falloff=1.0)
HARD_RAIN_NIGHT = replace(
    CLEAR_NIGHT, cloudiness=100.0, precipitation=100.0, fog_density=100.0, fog_distance=0.75, wetness=100.0
)
FOG = replace(NOON, fog_density=60.0)
percent = st.floats(-1.0, 100.0)

RANGES = {
    "cloudiness": (NOON, 0.0, 50.0, 100.0),
    "precipitation": (NOON, 0.0, 30.0, 100.0),
    "precipitation_deposits": (NOON, 0.0, 50.0, 100.0),
    "wind_intensity": (NOON, 0.0, 50.0, 100.0),  # in the leaves, without rain
    "sun_azimuth_angle": (NOON, 0.0, 90.0, 180.0, 270.0),
    "sun_altitude_angle": (NOON, -90.0, -3.0, 5.0, 20.0, 45.0, 90.0),
    "fog_density": (NOON, 0.0, 20.0, 40.0, 100.0),
    "fog_distance": (FOG, 0.0, 20.0, 75.0),
    "fog_falloff": (FOG, 0.0, 1.0, 5.0),
    "wetness": (NOON, 0.0, 50.0, 100.0),
    "scattering_intensity": (FOG, 0.0, 0.5, 1.0, 2.0),
    "mie_scattering_scale": (NOON, 0.0, 0.03, 0.2, 1.0),
    "rayleigh_scattering_scale": (NOON, 0.0, 0.0331, 0.5, 2.0),
    "dust_storm": (NOON, 0.0, 30.0, 100.0),
}
"""For each parameter the weather around it and values from one end of its range to the other."""


def transmittance(weather: Weather, distance_m: float) -> float:
    look = look_of(weather)[0]
    return float(np.exp(-look["fog_per_m"] * max(0.0, distance_m - look["fog_start_m"])))


@given(
    weather=st.builds(
        Weather, cloudiness=percent, precipitation=percent, precipitation_deposits=percent, wind_intensity=percent,
        sun_azimuth_angle=st.floats(-1, 360), sun_altitude_angle=st.floats(-90, 90), fog_density=percent,
        fog_distance=st.floats(-1, 200), fog_falloff=st.floats(-1, 5), wetness=percent,
        scattering_intensity=st.floats(0, 2), mie_scattering_scale=st.floats(0, 1),
        rayleigh_scattering_scale=st.floats(0, 2), dust_storm=percent,
    )
)  # fmt: skip
def test_any_weather_has_a_finite_look(weather: Weather) -> None:
    look = look_of(weather)
    for name in LOOK.names or ():
        assert np.isfinite(look[name]).all(), name
        if name != "sun":
            assert (look[name] >= 0).all(), name
    assert np.linalg.norm(look["sun"][0]) == pytest.approx(1.0, abs=1e-5)
    assert look["sun"][0, 2] > 0


def test_sun_stands_at_azimuth_and_altitude() -> None:
    sun = look_of(replace(NOON, sun_azimuth_angle=90.0, sun_altitude_angle=30.0))["sun"][0]
    np.testing.assert_allclose(sun, [0.0, np.cos(np.pi / 6), 0.5], atol=1e-6)


def test_sunset_is_warm_and_night_is_dim() -> None:
    noon, sunset, night = (
        look_of(replace(NOON, sun_altitude_angle=altitude))["sun_color"][0] for altitude in (45.0, 15.0, -90.0)
    )
    assert sunset[2] / sunset[0] < 0.7 * noon[2] / noon[0]
    assert night.max() < 0.02 * noon.max()


def test_lamps_burn_at_night_only() -> None:
    assert look_of(NOON)["lamp_power"][0] == 0.0
    assert look_of(CLEAR_NIGHT)["lamp_power"][0] > 1.0


def test_dense_fog_hides_what_is_beyond_sixty_metres() -> None:
    fog = replace(NOON, fog_density=85.0, fog_distance=2.0)
    assert transmittance(fog, 12.0) > 0.4
    assert transmittance(fog, 60.0) < 0.05
    assert transmittance(NOON, 200.0) > 0.8


@pytest.mark.parametrize("weather", [CLEAR_NIGHT, HARD_RAIN_NIGHT])
def test_night_presets_stay_dark_and_readable(weather: Weather) -> None:
    look = look_of(weather)
    assert look["fog_color"][0].max() * look["exposure"][0] < 0.15
    assert transmittance(weather, 50.0) > 0.4


def test_clouds_rain_and_fog_take_the_shadows_away() -> None:
    assert look_of(NOON)["has_shadows"][0] == 1
    assert look_of(replace(NOON, cloudiness=100.0))["sun_color"][0].max() < 0.3
    assert look_of(CLEAR_NIGHT)["has_shadows"][0] == 0


def test_wetness_follows_deposits_rain_and_wetness() -> None:
    assert look_of(NOON)["film"][0] == 0.0
    for field in ("precipitation_deposits", "precipitation", "wetness"):
        assert look_of(replace(NOON, **{field: 60.0}))["film"][0] > 0.4, field
    assert look_of(replace(NOON, precipitation_deposits=90.0))["puddles"][0] > 0.8


@pytest.mark.parametrize("name", [field.name for field in fields(Weather)])
def test_each_parameter_changes_the_picture_and_no_label(renderer: Renderer, stage: Any, name: str) -> None:
    """From each value to the next, one pixel in fifty changes by what an eye sees."""
    weather, *values = RANGES[name]
    before = None
    for value in values:
        scene = stage.snapshot(stage.car(24.0, -4.0), weather=replace(weather, **{name: value}))
        frame = renderer.render(stage.view(x=12.0, y=-5.0, z=2.0, yaw=-30.0, width=96, height=54), scene, color=True)
        assert frame.rgb is not None
        images = [image.copy() for image in (frame.tag, frame.instance, frame.depth_m)]
        picture = frame.rgb.astype(int)
        if before is not None:
            for image, earlier in zip(images, before[1], strict=True):
                np.testing.assert_array_equal(image, earlier)
            changed = np.abs(picture - before[0]).max(axis=2) >= 6
            assert changed.mean() > 0.02, f"{name} {value} looks like the value before"
        before = picture, images
