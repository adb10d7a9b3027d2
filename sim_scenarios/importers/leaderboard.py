"""Routes of the CARLA leaderboard, 1.0 and 2.x, as scenarios.

A route begins at its first place and is driven by the TrafficManager from place to place. A weather starts, as in the
leaderboard's ``route_parser.py``, from a high sun and some clouds, with the zeros of ``carla.WeatherParameters()`` for
the rest; 2.x changes it with the share of the route that is done, here with the share of the time. What happens on the
way (``<scenarios>``: cut-ins, obstacles, ...) needs the leaderboard's own programs and is reported, not imported.
"""

from __future__ import annotations

from collections import Counter
from typing import Any
from xml.etree.ElementTree import Element

from sim_scenarios.errors import ScenarioError
from sim_scenarios.importers.foreign_xml import ForeignXml
from sim_scenarios.importers.imported import (
    Imported,
    ImportOptions,
    as_name,
    expected_duration_s,
    make_suite,
)
from sim_scenarios.weather import WEATHER_FIELDS

ROOT = "routes"
_SHARE = "route_percentage"
_WEATHER_BASE = dict.fromkeys(WEATHER_FIELDS, 0.0) | {"sun_altitude_angle": 70.0, "rayleigh_scattering_scale": 0.0331}
_CLOUDINESS_1, _CLOUDINESS_2 = 30.0, 50.0
"""Of the base weather in the leaderboard 1.0 and 2.x."""
_TRAFFIC = "background traffic: the leaderboard adds its own to every route; give the suite some under traffic"


def import_routes(document: ForeignXml, options: ImportOptions) -> Imported:
    """The suite that a file of routes means.

    Raises:
        ScenarioError: no route, or a route without town or places, or a value that is none.
    """
    routes = document.take(document.root).findall("route")
    if not routes:
        raise ScenarioError(f"{document.place(document.root)}: no <route>")
    data = {
        "name": options.suite_name or as_name(document.path.stem) or "routes",
        "description": f"Routes of the CARLA leaderboard, imported from {document.path.name}.",
        "scenarios": [_scenario(document, route, options, seed=number) for number, route in enumerate(routes, start=1)],
    }
    suite = make_suite(str(document.path), data)
    happenings = _happenings(document, routes)
    return Imported(
        suite=suite, source=document.path.name, omissions=(*document.not_understood(), *happenings, _TRAFFIC)
    )


def _happenings(document: ForeignXml, routes: list[Element]) -> list[str]:
    """What is to happen on the way, by its type."""
    count: Counter[str] = Counter()
    for route in routes:
        for group in route.findall("scenarios"):
            for element in document.take(group).findall("scenario"):
                count[element.get("type", "of no type")] += 1
                document.take_whole(element)
    return [f"<scenario> {kind}: {number} in all routes" for kind, number in sorted(count.items())]


def _scenario(document: ForeignXml, route: Element, options: ImportOptions, *, seed: int) -> dict[str, Any]:
    identity = document.take(route, "id").get("id") or str(seed)
    town = document.text(route, "map" if "map" in route.attrib else "town")
    places = [_place(document, element) for element in _place_elements(document, route)]
    if len(places) < 2:
        raise ScenarioError(f"{document.place(route)}: route {identity!r} has {len(places)} places, expected 2 or more")
    duration_s = options.duration_s or expected_duration_s([tuple(place.values()) for place in places])
    return {
        "name": f"route-{as_name(identity)}",
        "town": town.rpartition("/")[2],
        "split": options.split,
        "seed": seed,
        "duration_s": duration_s,
        "ego": {"spawn_point": places[0], "route": places[1:]},
        **_weather(document, route, duration_s),
    }


def _place_elements(document: ForeignXml, route: Element) -> list[Element]:
    """1.0 has ``<waypoint>`` in the route, 2.x ``<position>`` in ``<waypoints>``."""
    found = route.findall("waypoint")
    for group in route.findall("waypoints"):
        found += [each for each in document.take(group) if each.tag in ("position", "waypoint")]
    return found


def _place(document: ForeignXml, element: Element) -> dict[str, float]:
    return {axis: document.number(element, axis) for axis in "xyz"}


def _weather(document: ForeignXml, route: Element, duration_s: float) -> dict[str, Any]:
    """``weather`` or ``weather_timeline`` of a scenario."""
    group, single = route.find("weathers"), route.find("weather")
    if group is None:
        base = _WEATHER_BASE | {"cloudiness": _CLOUDINESS_1 if _is_version_1(route) else _CLOUDINESS_2}
        return {"weather": base if single is None else base | _fields(document, single)}
    base = _WEATHER_BASE | {"cloudiness": _CLOUDINESS_2}
    keys = {}
    for element in document.take(group).findall("weather"):
        share = document.number(element, _SHARE)
        if not 0.0 <= share <= 100.0 or share in keys:
            raise ScenarioError(
                f"{document.place(element)}: {_SHARE} is {share:g}, expected 0 to 100, each once in a route"
            )
        keys[share] = base | _fields(document, element)
    if not keys:
        return {"weather": base}
    if len(keys) == 1:
        return {"weather": next(iter(keys.values()))}
    return {"weather_timeline": [{"at_s": share / 100 * duration_s, "weather": keys[share]} for share in sorted(keys)]}


def _is_version_1(route: Element) -> bool:
    return route.find("waypoints") is None


def _fields(document: ForeignXml, element: Element) -> dict[str, float]:
    document.take(element)
    return {name: document.number(element, name) for name in WEATHER_FIELDS if name in element.attrib}
