"""The environment of an OpenSCENARIO file as a weather of CARLA's.

OpenSCENARIO has physical quantities where CARLA has percentages. What is made of them, starting from ClearNoon:

- sun: elevation and azimuth, in degrees; without one, the time of day: up at 6, down at 18, 60 degrees high at noon;
- clouds: oktas as shares of the sky; free is 0 %, cloudy 60 %, overcast and rainy 100 %, as in CARLA's presets;
- fog: nearer than a kilometre it begins at once and gets as dense as the visual range is short;
- rain: the 0..1 of version 1.0 as a share; 50 mm/h and more are 100 %. The road is as wet as it rains.

Snow, wind, pressure, temperature, the dome image and the road's friction are left over, and reported.
"""

from __future__ import annotations

import math
from typing import Any
from xml.etree.ElementTree import Element

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers.foreign_xml import ForeignXml
from sim_scenarios.importers.openscenario_library import parse_with

_CLOUDINESS = {"skyOff": 0.0, "free": 0.0, "cloudy": 60.0, "overcast": 100.0, "rainy": 100.0} | {
    f"{word}Oktas": 12.5 * oktas
    for oktas, word in enumerate(("zero", "one", "two", "three", "four", "five", "six", "seven", "eight"))
}
_FOG_RANGE_M = 1000.0
_HEAVY_RAIN_MM_PER_H = 50.0
_SUNRISE_H, _NOON_ALTITUDE_DEG = 6.0, 60.0


def read_weather(document: ForeignXml, xosc: Any) -> dict[str, Any]:
    """``{"weather": ...}`` of the first environment in ``Init``; empty where there is none.

    Raises:
        ScenarioError: a value that is none.
    """
    for action in document.root.findall("Storyboard/Init/Actions/GlobalAction"):
        environment = action.find("EnvironmentAction/Environment")
        if environment is not None:
            document.take(action)
            document.take(action[0])
            return {"weather": {"preset": "ClearNoon", **_fields(document, xosc, environment)}}
    return {}


def _fields(document: ForeignXml, xosc: Any, environment: Element) -> dict[str, float]:
    document.take(environment, "name")
    fields: dict[str, float] = {}
    time, weather = environment.find("TimeOfDay"), environment.find("Weather")
    if time is not None:
        fields |= _time_of_day(document, xosc, time)
    if weather is not None:
        fields |= _weather(document, xosc, weather)
    return fields


def _time_of_day(document: ForeignXml, xosc: Any, element: Element) -> dict[str, float]:
    document.take(element, "dateTime", *(["animation"] if element.get("animation") == "false" else []))
    time = parse_with(document, xosc.TimeOfDay, element)
    hours = time.hour + time.minute / 60 + time.second / 3600
    altitude = _NOON_ALTITUDE_DEG * math.sin(math.tau * (hours - _SUNRISE_H) / 24)
    return {"sun_altitude_angle": round(altitude, 3) + 0.0}


def _weather(document: ForeignXml, xosc: Any, element: Element) -> dict[str, float]:
    document.take(element)
    found = parse_with(document, xosc.Weather, element)
    fields: dict[str, float] = {}
    if found.cloudstate is not None:
        document.take(element, "cloudState", "fractionalCloudCover")
        state = found.cloudstate.get_name()
        if state not in _CLOUDINESS:
            raise ScenarioError(f"{document.place(element)}: clouds {state!r} are none that OpenSCENARIO has")
        fields["cloudiness"] = _CLOUDINESS[state]
    for tag, read in (("Sun", _sun), ("Fog", _fog), ("Precipitation", _rain)):
        child = element.find(tag)
        if child is not None:
            fields |= read(document, child)
    return fields


def _sun(document: ForeignXml, sun: Element) -> dict[str, float]:
    document.take(sun)
    return {
        "sun_altitude_angle": _degrees(document.number(sun, "elevation")),
        "sun_azimuth_angle": _degrees(document.number(sun, "azimuth")),
    }


def _fog(document: ForeignXml, fog: Element) -> dict[str, float]:
    visual_range = document.number(fog, "visualRange")
    if visual_range >= _FOG_RANGE_M:
        return {}
    return {"fog_density": round(100.0 * (1.0 - max(0.0, visual_range) / _FOG_RANGE_M), 1), "fog_distance": 0.0}


def _rain(document: ForeignXml, precipitation: Element) -> dict[str, float]:
    kind = precipitation.get("precipitationType")
    if kind not in ("dry", "rain"):
        return {}
    document.take(precipitation, "precipitationType")
    if kind == "dry":
        document.take(precipitation, "intensity", "precipitationIntensity")
        return {"precipitation": 0.0}
    if "precipitationIntensity" in precipitation.attrib:
        share = document.number(precipitation, "precipitationIntensity") / _HEAVY_RAIN_MM_PER_H
    else:
        share = document.number(precipitation, "intensity")
    percent = round(100.0 * min(1.0, share), 1)
    return {"precipitation": percent, "precipitation_deposits": percent, "wetness": percent}


def _degrees(radians: float) -> float:
    return round(math.degrees(radians), 3)
