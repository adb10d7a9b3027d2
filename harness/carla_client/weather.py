"""Our weather as carla's, and which lamps it makes a driver switch on."""

from __future__ import annotations

import carla

from sim_scenarios.weather import WEATHER_FIELDS, Weather

HEAVY_RAIN = 80.0
THICK_FOG = 20.0
"""[%] from which drivers use their lights; the thresholds of CARLA's TrafficManager (VehicleLightStage.cpp)."""

_POSITION = int(carla.VehicleLightState.Position)
_LOW_BEAM = int(carla.VehicleLightState.LowBeam)
_HIGH_BEAM = int(carla.VehicleLightState.HighBeam)
_FOG = int(carla.VehicleLightState.Fog)

WEATHER_LIGHTS = _POSITION | _LOW_BEAM | _HIGH_BEAM | _FOG
"""The lamps that depend on the weather; the others (brake, blinkers, ...) depend on the manoeuvre."""


def to_carla(weather: Weather) -> carla.WeatherParameters:
    """The same fourteen numbers; nothing is left to carla's own defaults."""
    return carla.WeatherParameters(**{field: getattr(weather, field) for field in WEATHER_FIELDS})


def lights_for(weather: Weather) -> int:
    """Bits of ``carla.VehicleLightState`` that every vehicle shows in this weather."""
    lights = 0
    if weather.is_night or weather.precipitation >= HEAVY_RAIN or weather.fog_density >= THICK_FOG:
        lights |= _POSITION | _LOW_BEAM
    if weather.fog_density >= THICK_FOG and not weather.is_night:
        lights |= _FOG
    return lights
