"""Lamps and windows: who decides whether they are on, and what a snapshot says of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from sim_scenarios.embedded_simulator.road.town import Placement, Town
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.lights import LAMP_HEIGHT_M, Light, LightControl, LightGroup
from sim_scenarios.embedded_simulator.world.snapshot import SwitchedLight, Vector, Weather

DAY, NIGHT = Weather(sun_altitude_angle=40.0), Weather(sun_altitude_angle=-40.0)
HOUSE, LAMP = 1, 3  # the street's ids: a house, a pole, and the lamp that is added here


@pytest.fixture
def control(street_town: Town) -> LightControl:
    lamp = Placement(kind="street_lamp", location=Vector(30.0, 5.0, 0.15), yaw_deg=-90.0)
    return LightControl(replace(street_town, placements=(*street_town.placements, lamp)))


def light(control: LightControl, number: int, weather: Weather) -> Light:
    return next(light for light in control.lights(weather) if light.id == number)


def test_every_house_and_every_lamp_is_a_light_that_follows_the_sun(control: LightControl) -> None:
    by_day, by_night = control.lights(DAY), control.lights(NIGHT)
    assert [(one.id, one.group) for one in by_day] == [(HOUSE, LightGroup.BUILDING), (LAMP, LightGroup.STREET)]
    assert by_day[1].location == (30.0, 5.0, 0.15 + LAMP_HEIGHT_M)
    assert not any(one.active for one in by_day)
    assert all(one.active for one in by_night)
    assert control.switched() == ()


def test_a_lamp_stays_as_it_was_switched_until_dusk(control: LightControl) -> None:
    control.update([replace(light(control, LAMP, DAY), active=True)], DAY)
    assert light(control, LAMP, DAY).active
    assert [one.is_on for one in control.switched()] == [True]
    control.follow_weather(DAY, replace(DAY, cloudiness=90.0))
    assert light(control, LAMP, DAY).active
    control.follow_weather(DAY, NIGHT)
    control.follow_weather(NIGHT, DAY)
    assert not light(control, LAMP, DAY).active
    assert control.switched() == ()


def test_colour_and_intensity_stay_while_the_sun_decides(control: LightControl) -> None:
    changed = replace(light(control, LAMP, NIGHT), color=(0, 0, 255), intensity=3000.0, group=LightGroup.OTHER)
    control.update([changed], NIGHT)
    assert control.switched() == (SwitchedLight(object_id=LAMP, is_on=None, color=(0, 0, 255), share=2.0),)
    assert light(control, LAMP, DAY) == replace(changed, active=False)


def test_without_a_cycle_lights_stay_as_they_are(control: LightControl) -> None:
    control.set_day_night_cycle(False, NIGHT)
    control.follow_weather(NIGHT, DAY)
    assert all(one.active for one in control.lights(DAY))
    control.update([replace(light(control, HOUSE, DAY), active=False)], DAY)
    assert [one.active for one in control.lights(DAY)] == [False, True]
    assert [one.is_on for one in control.switched()] == [False, True]
    control.set_day_night_cycle(True, DAY)
    assert not any(one.active for one in control.lights(DAY))


def test_clients_are_told_once_of_a_change(control: LightControl) -> None:
    assert not control.take_update()
    control.update([light(control, LAMP, DAY)], DAY)
    assert control.take_update()
    assert not control.take_update()
    control.follow_weather(DAY, NIGHT)
    assert control.take_update()


def test_unknown_lights_are_named_and_the_others_switched(control: LightControl) -> None:
    lamp = replace(light(control, LAMP, DAY), active=True)
    with pytest.raises(WorldError, match=r"no lights \[99\]; this town has 2 of them"):
        control.update([replace(lamp, id=99), lamp], DAY)
    assert light(control, LAMP, DAY).active
