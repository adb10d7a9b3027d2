"""Exposure: the scale of EV, the camera's meter, and how an eye adapts."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.exposure import Eye, adapted, ev_of, exposure_of, manual_ev, metered_ev
from sim_scenarios.embedded_simulator.render.optics import CARLA_OPTICS, Optics
from sim_scenarios.embedded_simulator.render.weather_look import look_of
from sim_scenarios.embedded_simulator.world.snapshot import Weather

METERING = Optics(exposure_min_bright=0.0, exposure_max_bright=20.0)


def picture(level: float) -> np.ndarray:
    """Of one light, but for a few bright spots that a meter leaves out."""
    light = np.full((96, 160, 4), level, np.float32)
    light[::48, ::80, :3] = 1000.0
    return light


def test_one_ev_more_halves_the_light() -> None:
    assert exposure_of(11.0) == pytest.approx(2.0 * exposure_of(12.0))
    assert exposure_of(ev_of(0.37)) == pytest.approx(0.37)


@pytest.mark.parametrize("altitude", [-90.0, -5.0, 5.0, 30.0, 75.0])
@pytest.mark.parametrize("rain", [0.0, 100.0])
def test_the_weathers_lie_between_carlas_default_limits(altitude: float, rain: float) -> None:
    look = look_of(Weather(sun_altitude_angle=altitude, precipitation=rain, cloudiness=rain))
    assert 10.0 <= ev_of(float(look["exposure"][0])) <= 12.01


def test_settings_by_hand_follow_the_rules_of_photography() -> None:
    by_hand = manual_ev(CARLA_OPTICS)
    assert by_hand == pytest.approx(math.log2(1.4**2 * 200.0))
    assert manual_ev(replace(CARLA_OPTICS, iso=200.0)) == pytest.approx(by_hand - 1.0)
    assert manual_ev(replace(CARLA_OPTICS, shutter_speed=400.0)) == pytest.approx(by_hand + 1.0)
    assert manual_ev(replace(CARLA_OPTICS, fstop=2.8)) == pytest.approx(by_hand + 2.0)


def test_twice_the_light_meters_one_ev_more() -> None:
    assert metered_ev(picture(0.8)) - metered_ev(picture(0.4)) == pytest.approx(1.0, abs=1e-6)


def test_a_meter_is_the_mean_of_logarithms_of_the_brighter_part() -> None:
    rng = np.random.default_rng(5)
    light = rng.random((64, 64, 4)).astype(np.float32)
    light[..., 1] = light[..., 2] = light[..., 0]
    values = np.sort(light[::8, ::8, 0].astype(float).ravel())
    bright = values[int(0.80 * values.size) : int(0.983 * values.size)]
    expected = float(np.log2(bright).mean())
    assert metered_ev(light) - metered_ev(picture(1.0)) == pytest.approx(expected, abs=1e-6)


def test_an_eye_goes_at_its_speed_and_then_slows_down() -> None:
    assert adapted(4.0, 10.0, speed=2.0, seconds=1.0) == pytest.approx(6.0)
    assert adapted(10.0, 4.0, speed=2.0, seconds=1.0) == pytest.approx(8.0)
    near = adapted(9.0, 10.0, speed=2.0, seconds=0.1)
    assert near == pytest.approx(10.0 - math.exp(-0.2 / 1.5))
    # Steps of any length lead to the same place.
    stepwise = 4.0
    for _ in range(40):
        stepwise = adapted(stepwise, 10.0, speed=2.0, seconds=0.1)
    assert stepwise == pytest.approx(adapted(4.0, 10.0, speed=2.0, seconds=4.0))


def test_an_eye_is_adapted_at_first_and_converges_after_a_change() -> None:
    eye = Eye()
    bright, dark = picture(2.0), picture(0.02)
    start = eye.look(METERING, bright, 0.0)
    assert start == pytest.approx(metered_ev(bright))
    seen = [eye.look(METERING, dark, 0.5 * tick) for tick in range(1, 40)]
    assert seen == sorted(seen, reverse=True)
    assert seen[0] == pytest.approx(start - 0.5)  # 1 EV/s downwards
    assert seen[-1] == pytest.approx(metered_ev(dark), abs=0.01)
    up = eye.look(METERING, bright, 20.0)
    assert up - seen[-1] == pytest.approx(1.5)  # 3 EV/s upwards


def test_the_time_between_pictures_counts_and_not_their_number() -> None:
    often, seldom = Eye(), Eye()
    for eye in (often, seldom):
        eye.look(METERING, picture(2.0), 0.0)
    for tick in range(1, 21):
        last = often.look(METERING, picture(0.05), 0.05 * tick)
    assert seldom.look(METERING, picture(0.05), 1.0) == pytest.approx(last)


def test_limits_hold_what_is_metered() -> None:
    narrow = Optics(exposure_min_bright=11.0, exposure_max_bright=11.5)
    assert Eye().look(narrow, picture(1000.0), 0.0) == 11.5
    assert Eye().look(narrow, picture(0.0001), 0.0) == 11.0


def test_only_a_camera_that_is_told_to_meters() -> None:
    assert not CARLA_OPTICS.meters
    assert METERING.meters
    assert replace(CARLA_OPTICS, exposure_speed_up=5.0).meters
    assert not replace(METERING, exposure_mode="manual").meters
    assert not replace(METERING, enable_postprocess_effects=False).meters
