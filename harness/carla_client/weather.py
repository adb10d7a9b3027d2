"""Our weather as carla's, shown at the right tick, and which lamps it makes a driver switch on."""

from __future__ import annotations

import carla

from sim_scenarios.weather import WEATHER_FIELDS, Weather
from sim_scenarios.weather_timeline import WeatherTimeline

HEAVY_RAIN = 80.0
"""[%] above which drivers use their low beam."""
THICK_FOG = 20.0
"""[%] above which they use their fog lamps, too."""
LOW_SUN_DEG, DIM_SUN_DEG = 15.0, 35.0
"""Sun above the horizon [deg], below which drivers use their low beam, and their position lamps. These and the numbers
above are those of CARLA's TrafficManager (VehicleLightStage.cpp)."""

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
    """Bits of ``carla.VehicleLightState`` that every vehicle shows in this weather under CARLA's TrafficManager."""
    lights = 0
    if weather.sun_altitude_angle < DIM_SUN_DEG:
        lights |= _POSITION
    if weather.sun_altitude_angle < LOW_SUN_DEG or weather.precipitation > HEAVY_RAIN:
        lights |= _POSITION | _LOW_BEAM
    if weather.fog_density > THICK_FOG:
        lights |= _POSITION | _LOW_BEAM | _FOG
    return lights


class ShownWeather:
    """The weather of a world, which follows a timeline.

    A weather is set before the tick in whose images it is to be seen, and only when it differs from the one before. A
    server whose picture settles over several frames does so while the drive goes on: what changes slowly needs no more,
    and a timeline that jumps shows the jump as that server shows it.
    """

    def __init__(self, world: carla.World, timeline: WeatherTimeline, *, fixed_delta_seconds: float) -> None:
        """Take the world over; nothing is set before the first call of ``before_tick``."""
        self._world = world
        self._timeline = timeline
        self._fixed_delta_seconds = fixed_delta_seconds
        self._shown: Weather | None = None

    def at(self, tick: int) -> Weather:
        """The weather of a tick, counted from 0 after the warm-up; all of the warm-up has that of tick 0."""
        return self._timeline.at(max(0, tick) * self._fixed_delta_seconds)

    def before_tick(self, tick: int) -> None:
        """Set the weather of ``tick`` unless it is what is shown already."""
        weather = self.at(tick)
        if weather != self._shown:
            self._world.set_weather(to_carla(weather))
            self._shown = weather

    def show_again(self) -> None:
        """Set it once more, now that there are cameras: CARLA attaches rain to those that exist (carla issue 1606)."""
        if self._shown is not None:
            self._world.set_weather(to_carla(self._shown))
