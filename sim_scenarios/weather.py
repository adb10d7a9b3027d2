"""Weather as CARLA knows it: fourteen numbers, CARLA's named presets, and a short notation for the command line.

Decisions:

- Field names and units are those of ``carla.WeatherParameters`` (0.9.16). A ``Weather`` that is made from nothing is
  ClearNoon; ``carla.WeatherParameters()`` is not: it has no scattering at all, and looks like no preset.
- CARLA's ``Default`` preset is not offered: it is a sentinel of -1 values that means "as the map has it", so the same
  name would be another weather in another town.
- ``DenseFog`` is ours, not CARLA's: the presets of CARLA have fog at night only.
"""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from sim_scenarios.errors import ScenarioError, first_problem, unknown_name

Percent = Annotated[float, Field(ge=0.0, le=100.0)]
Scale = Annotated[float, Field(ge=0.0, le=1000.0)]


class Weather(BaseModel):
    """The fields of ``carla.WeatherParameters``, in its order; [%] is 0..100."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False, use_attribute_docstrings=True)

    cloudiness: Percent = 5.0
    """[%] of the sky."""
    precipitation: Percent = 0.0
    """[%] rain."""
    precipitation_deposits: Percent = 0.0
    """[%] puddles."""
    wind_intensity: Percent = 10.0
    """[%]"""
    sun_azimuth_angle: Annotated[float, Field(ge=-360.0, le=360.0)] = -1.0
    """[deg]"""
    sun_altitude_angle: Annotated[float, Field(ge=-90.0, le=90.0)] = 45.0
    """[deg] above the horizon: -90 midnight, 90 zenith."""
    fog_density: Percent = 2.0
    """[%]"""
    fog_distance: Scale = 0.75
    """[m] from the camera to where fog starts."""
    fog_falloff: Scale = 0.1
    """How fast fog thins out with height; 0 is the same at all heights."""
    wetness: Percent = 0.0
    """[%] of the humid look of the road; puddles are ``precipitation_deposits``."""
    scattering_intensity: Scale = 1.0
    """How much light adds to the volumetric fog."""
    mie_scattering_scale: Scale = 0.03
    """Scattering by large particles: haze and the halo of the sun."""
    rayleigh_scattering_scale: Scale = 0.0331
    """Scattering by air: the blue of the sky."""
    dust_storm: Percent = 0.0
    """[%]"""

    @model_validator(mode="before")
    @classmethod
    def _from_notation(cls, value: Any) -> Any:
        """A scenario file may give a weather as ``ClearNoon:fog_density=60`` or as ``{preset: ClearNoon, ...}``."""
        if isinstance(value, str):
            return _fields_of(value)
        if isinstance(value, dict) and "preset" in value:
            changed = {key: field for key, field in value.items() if key != "preset"}
            return _preset(str(value["preset"])).model_dump() | changed
        return value


WEATHER_FIELDS: tuple[str, ...] = tuple(Weather.model_fields)
"""The fourteen names, in the order of ``carla.WeatherParameters``."""


def _noon(cloudiness: float, precipitation: float, deposits: float, wind: float, fog_density: float) -> Weather:
    return Weather(
        cloudiness=cloudiness,
        precipitation=precipitation,
        precipitation_deposits=deposits,
        wind_intensity=wind,
        fog_density=fog_density,
    )


def _sunset(cloudiness: float, precipitation: float, deposits: float, wind: float, fog_density: float) -> Weather:
    return _noon(cloudiness, precipitation, deposits, wind, fog_density).model_copy(update={"sun_altitude_angle": 15.0})


def _night(
    cloudiness: float,
    precipitation: float,
    deposits: float,
    wind: float,
    wetness: float,
    *,
    fog: tuple[float, float, float] = (60.0, 0.75, 0.1),
) -> Weather:
    density, distance, falloff = fog
    return Weather(
        cloudiness=cloudiness,
        precipitation=precipitation,
        precipitation_deposits=deposits,
        wind_intensity=wind,
        sun_altitude_angle=-90.0,
        fog_density=density,
        fog_distance=distance,
        fog_falloff=falloff,
        wetness=wetness,
    )


_FAR_NIGHT_FOG = (60.0, 75.0, 1.0)
"""ClearNight and WetNight alone have their fog far away and close to the ground."""

CARLA_PRESETS: dict[str, Weather] = {
    "ClearNoon": _noon(5.0, 0.0, 0.0, 10.0, 2.0),
    "CloudyNoon": _noon(60.0, 0.0, 0.0, 10.0, 3.0),
    "WetNoon": _noon(5.0, 0.0, 50.0, 10.0, 3.0),
    "WetCloudyNoon": _noon(60.0, 0.0, 50.0, 10.0, 3.0),
    "SoftRainNoon": _noon(20.0, 30.0, 50.0, 30.0, 3.0),
    "MidRainyNoon": _noon(60.0, 60.0, 60.0, 60.0, 3.0),
    "HardRainNoon": _noon(100.0, 100.0, 90.0, 100.0, 7.0),
    "ClearSunset": _sunset(5.0, 0.0, 0.0, 10.0, 2.0),
    "CloudySunset": _sunset(60.0, 0.0, 0.0, 10.0, 3.0),
    "WetSunset": _sunset(5.0, 0.0, 50.0, 10.0, 2.0),
    "WetCloudySunset": _sunset(60.0, 0.0, 50.0, 10.0, 2.0),
    "SoftRainSunset": _sunset(20.0, 30.0, 50.0, 30.0, 2.0),
    "MidRainSunset": _sunset(60.0, 60.0, 60.0, 60.0, 3.0),
    "HardRainSunset": _sunset(100.0, 100.0, 90.0, 100.0, 7.0),
    "ClearNight": _night(5.0, 0.0, 0.0, 10.0, 0.0, fog=_FAR_NIGHT_FOG),
    "CloudyNight": _night(60.0, 0.0, 0.0, 10.0, 0.0),
    "WetNight": _night(5.0, 0.0, 50.0, 10.0, 60.0, fog=_FAR_NIGHT_FOG),
    "WetCloudyNight": _night(60.0, 0.0, 50.0, 10.0, 60.0),
    "SoftRainNight": _night(60.0, 30.0, 50.0, 30.0, 60.0),
    "MidRainyNight": _night(80.0, 60.0, 60.0, 60.0, 80.0),
    "HardRainNight": _night(100.0, 100.0, 90.0, 100.0, 100.0, fog=(100.0, 0.75, 0.1)),
    "DustStorm": Weather(cloudiness=100.0, wind_intensity=100.0, dust_storm=100.0),
}
"""The named presets of CARLA 0.9.16, number for number. Mind MidRainyNoon, MidRainyNight, but MidRainSunset."""

OWN_PRESETS: dict[str, Weather] = {
    "DenseFog": Weather(cloudiness=70.0, fog_density=80.0, fog_distance=0.0, fog_falloff=0.1, wetness=20.0),
}
"""Presets that CARLA does not have."""

PRESETS: dict[str, Weather] = CARLA_PRESETS | OWN_PRESETS


def parse_weather(text: str) -> Weather:
    """Read ``HardRainNight``, or a preset with changed fields: ``ClearNoon:fog_density=60:wetness=20``.

    Raises:
        ScenarioError: an unknown preset or field, with the nearest known name, or a value out of range.
    """
    try:
        return Weather.model_validate(_fields_of(text))
    except ValidationError as error:
        raise ScenarioError(f"weather {text!r}: {first_problem(error)}") from None


def weather_name(weather: Weather) -> str:
    """The preset that ``weather`` is, or the nearest one with every field that differs: parses back to itself."""
    name = nearest_preset(weather)
    changes = [f"{field}={_shortest(getattr(weather, field))}" for field in _differences(weather, PRESETS[name])]
    return ":".join([name, *changes])


def nearest_preset(weather: Weather) -> str:
    """Name of the preset that differs from ``weather`` in the fewest fields; of several the first, as ClearNoon."""
    return min(PRESETS, key=lambda name: len(_differences(weather, PRESETS[name])))


def _differences(weather: Weather, preset: Weather) -> list[str]:
    return [field for field in WEATHER_FIELDS if getattr(weather, field) != getattr(preset, field)]


def _shortest(value: float) -> str:
    """The shortest text that reads back to the same number."""
    return repr(value).removesuffix(".0")


def _preset(name: str) -> Weather:
    if name not in PRESETS:
        raise unknown_name("weather", name, PRESETS)
    return PRESETS[name]


def _fields_of(text: str) -> dict[str, float]:
    """The fourteen values that a notation means, not yet checked for their ranges."""
    name, *changes = (part.strip() for part in text.split(":"))
    values: dict[str, float] = _preset(name).model_dump()
    for change in changes:
        field, equals, number = (part.strip() for part in change.partition("="))
        if not equals:
            raise ScenarioError(f"weather {text!r}: {change!r} is not FIELD=NUMBER, as in ClearNoon:fog_density=60")
        if field not in values:
            raise unknown_name("weather field", field, WEATHER_FIELDS)
        try:
            values[field] = float(number)
        except ValueError:
            raise ScenarioError(f"weather {text!r}: {field} is {number!r}, expected a number") from None
    return values
