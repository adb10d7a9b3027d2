"""Maps of paths and events: one for each scenario, the route under it, in metres and the right way round.

Decisions:

- The route is drawn as the lane that it is, so that a metre beside its middle can be seen for what it is.
- Colours are policies, as everywhere on the page; shapes are what happened. All weathers, sizes and repeats of a
  policy lie in one map: what is common to them is what one looks for, and a path says its name to a mouse.
- SVG, as the charts: sharp at any size, light and dark. Paths are thinned to half a pixel before they are written.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt
import pandas as pd

from harness.closed_loop.episode_log import EpisodeLog
from harness.reporting.driving.outline import DriveOutline
from harness.reporting.driving.scale import Floats, MapScale, fit, round_length
from harness.reporting.driving.source import DriveData

MAX_PX, MIN_PX = (580, 520), (300, 170)
MARGIN_M = 8.0
REACH_M = 40.0
"""So far beside its route a map goes to show a path; what is farther away is cut off."""
_THIN_PX = 0.35

_DISC = "m-5,0a5,5 0 1,0 10,0a5,5 0 1,0 -10,0"
_SQUARE = "m-4.4,-4.4h8.8v8.8h-8.8z"
_TRIANGLE = "m0,-5.6l5.2,9h-10.4z"
_POINT_DOWN = "m0,5.6l5.2,-9h-10.4z"
_DIAMOND = "m0,-6l6,6l-6,6l-6,-6z"
_PLUS = "m-5.4,-1.7h3.7v-3.7h3.4v3.7h3.7v3.4h-3.7v3.7h-3.4v-3.7h-3.7z"
_CROSS = "m-5.2,-2.8l2.4,-2.4l2.8,2.8l2.8,-2.8l2.4,2.4l-2.8,2.8l2.8,2.8l-2.4,2.4l-2.8,-2.8l-2.8,2.8l-2.4,-2.4l2.8,-2.8z"
_BAR = "m-2,-6h4v12h-4z"
_DASH = "m-1.4,-3.6h2.8v7.2h-2.8z"
_CUP = "m-5,-2.5a5,5 0 0,0 10,0z"
_HALF = "m-5,2.5a5,5 0 0,1 10,0z"
_HEXAGON = "m-5.6,0l2.8,-4.9h5.6l2.8,4.9l-2.8,4.9h-5.6z"
_FLAG = "m-4,6v-12l9,4l-6.5,3.4v4.6z"
_HOURGLASS = "m-4.6,-5.4h9.2l-9.2,10.8h9.2z"
_OTHER = "m0,-6l1.6,4.4h4.4l-3.6,2.8l1.4,4.6l-3.8,-2.8l-3.8,2.8l1.4,-4.6l-3.6,-2.8h4.4z"
_SHAPES = {
    "collision pedestrian": _TRIANGLE,
    "collision vehicle": _SQUARE,
    "collision static": _DIAMOND,
    "hit while standing": _CUP,
    "red light": _DISC,
    "stop sign": _HEXAGON,
    "lane invasion": _DASH,
    "solid lane invasion": _BAR,
    "outside lanes": _PLUS,
    "off road": _CROSS,
    "wrong way": _POINT_DOWN,
    "blocked": _HOURGLASS,
    "route deviation": _FLAG,
    "time limit": _HALF,
}
"""By kind of an infraction; others have a star."""


@dataclass(frozen=True, kw_only=True)
class MapPath:
    """The way of one episode."""

    style: str
    """Class in the style sheet: the policy's."""
    path: str
    title: str


@dataclass(frozen=True, kw_only=True)
class MapMark:
    """Something that happened at a place."""

    style: str
    path: str
    title: str


@dataclass(frozen=True, kw_only=True)
class ScenarioMap:
    """One map, ready to be printed."""

    anchor: str
    title: str
    note: str
    """What is on it, in a few words."""
    text: str
    """For those who cannot see it."""
    width: int
    height: int
    lane: str
    """Path of the route's area; empty where no log of the scenario is there."""
    middle: str
    start: tuple[float, float]
    goal: tuple[float, float]
    stop_lines: str
    paths: tuple[MapPath, ...]
    opacity: str
    """Of a path: the more there are, the less each covers the others."""
    marks: tuple[MapMark, ...]
    bar_px: float
    bar_text: str


@dataclass(frozen=True, kw_only=True)
class KindShape:
    """An entry of the legend."""

    name: str
    path: str


def scenario_maps(outline: DriveOutline, data: DriveData) -> tuple[ScenarioMap, ...]:
    """A map of each scenario that has a path or a route."""
    paths = data.ticks.groupby("scenario", observed=True, sort=False)
    of_scenario = {str(name): rows for name, rows in paths}
    maps = []
    for scenario in outline.scenarios:
        log = data.log_of(scenario)
        ticks = of_scenario.get(scenario)
        if log is not None or ticks is not None:
            infractions = data.infractions[data.infractions["scenario"] == scenario]
            maps.append(_map(outline, scenario, log, ticks, infractions))
    return tuple(maps)


def kind_shapes(infractions: pd.DataFrame) -> tuple[KindShape, ...]:
    """The legend of the kinds that occur."""
    kinds = list(dict.fromkeys(infractions["kind"]))
    return tuple(KindShape(name=kind, path=f"M8,8{shape_of(kind)}") for kind in sorted(kinds))


def shape_of(kind: str) -> str:
    """The symbol of a kind of infraction, as a path relative to its place."""
    return _SHAPES.get(kind, _OTHER)


def lane_area(points: Floats, yaws_deg: Floats, widths_m: Floats) -> Floats:
    """(2N, 2) corners of the area of a lane around (N, 2) points of its middle [m], on left-handed axes."""
    yaws = np.radians(yaws_deg)
    to_the_right = np.stack([-np.sin(yaws), np.cos(yaws)], axis=1) * widths_m[:, None] / 2
    return np.vstack([points - to_the_right, (points + to_the_right)[::-1]])


def _map(
    outline: DriveOutline,
    scenario: str,
    log: EpisodeLog | None,
    ticks: pd.DataFrame | None,
    infractions: pd.DataFrame,
) -> ScenarioMap:
    driven = np.zeros((0, 2)) if ticks is None else ticks[["x", "y"]].to_numpy(np.float64)
    driven = driven[np.isfinite(driven).all(axis=1)]
    scale = fit(_shown(log, driven), margin_m=MARGIN_M, largest=MAX_PX, smallest=MIN_PX)
    lane = middle = stops = ""
    start = goal = driven[0] if len(driven) else np.zeros(2)
    if log is not None:
        route = log.route_points[:, :2]
        area = lane_area(route, log.route_yaws_deg, log.route_lane_widths_m)
        lane, middle = _path(scale.pixels(area), close=True), _path(scale.pixels(route))
        stops = "".join(_stop_line(scale, line.x, line.y, line.yaw_deg, line.width_m) for line in log.stop_lines)
        start, goal = route[0], route[-1]
    paths = () if ticks is None else _paths(outline, scale, ticks)
    marks = tuple(
        _mark(outline, scale, row)
        for row in infractions.to_dict("records")
        if np.isfinite([float(row["x"]), float(row["y"])]).all()
    )
    bar_m = round_length(scale.width / scale.px_per_m / 4)
    length = "" if log is None else f"route of {log.route_s_m[-1]:.0f} m; "
    return ScenarioMap(
        anchor=outline.map_anchor(scenario),
        title=scenario,
        note=f"{length}{_count(len(paths), 'episode')}, {_count(len(marks), 'infraction')}",
        text=f"Map of {scenario}: its route, {_count(len(paths), 'path')} and {_count(len(marks), 'infraction')}; the "
        "numbers are in the tables of episodes and infractions.",
        width=scale.width,
        height=scale.height,
        lane=lane,
        middle=middle,
        start=_place(scale, start),
        goal=_place(scale, goal),
        stop_lines=stops,
        paths=paths,
        opacity=f"{min(0.75, max(0.4, 8 / max(1, len(paths)))):.2f}",
        marks=marks,
        bar_px=round(bar_m * scale.px_per_m, 1),
        bar_text=f"{bar_m:g} m",
    )


def _shown(log: EpisodeLog | None, driven: Floats) -> Floats:
    """What a map is made to hold: the route, and paths as far as they stay near it."""
    if log is None:
        return driven if len(driven) else np.zeros((1, 2))
    route = log.route_points[:, :2]
    low, high = route.min(axis=0) - REACH_M, route.max(axis=0) + REACH_M
    near = driven[((driven >= low) & (driven <= high)).all(axis=1)]
    return np.vstack([route, near])


def _paths(outline: DriveOutline, scale: MapScale, ticks: pd.DataFrame) -> tuple[MapPath, ...]:
    """The first policy of the plan last, and so on top."""
    found: list[tuple[int, MapPath]] = []
    columns = ["weather", "width", "height", "fov", "policy", "repeat"]
    for key, rows in ticks.groupby(columns, observed=True, sort=False):
        row = dict(zip(columns, key, strict=True))
        way = rows[["x", "y"]].to_numpy(np.float64)
        way = way[np.isfinite(way).all(axis=1)]
        if len(way) > 1:
            path = _path(_thinned(scale.pixels(way)))
            drawn = MapPath(style=outline.style(row["policy"]), path=path, title=outline.episode_words(row))
            found.append((outline.policies.index(str(row["policy"])), drawn))
    return tuple(path for _, path in sorted(found, key=lambda each: -each[0]))


def _mark(outline: DriveOutline, scale: MapScale, row: Mapping[Any, Any]) -> MapMark:
    x, y = _place(scale, np.array([float(row["x"]), float(row["y"])]))
    return MapMark(
        style=outline.style(row["policy"]),
        path=f"M{x},{y}{shape_of(str(row['kind']))}",
        title=f"{row['kind']} {row['what']}; {outline.episode_words(row)}, tick {row['tick']}",
    )


def _stop_line(scale: MapScale, x: float, y: float, yaw_deg: float, width_m: float) -> str:
    yaw = np.radians(yaw_deg)
    across = np.array([-np.sin(yaw), np.cos(yaw)]) * width_m / 2
    return _path(scale.pixels(np.array([x, y]) + np.outer((-1.0, 1.0), across)))


def _thinned(places: Floats) -> Floats:
    """The same line with fewer points, nowhere farther than :data:`_THIN_PX` from it."""
    kept: npt.NDArray[np.float32] = cv2.approxPolyDP(places.astype(np.float32).reshape(-1, 1, 2), _THIN_PX, False)
    return kept.reshape(-1, 2).astype(np.float64)


def _path(places: Floats, *, close: bool = False) -> str:
    words = (f"{x:.1f},{y:.1f}" for x, y in places)
    return f"M{'L'.join(words)}{'Z' if close else ''}"


def _place(scale: MapScale, point: Floats) -> tuple[float, float]:
    x, y = scale.pixels(point[None])[0]
    return round(float(x), 1), round(float(y), 1)


def _count(number: int, what: str) -> str:
    return f"{number} {what}" if number == 1 else f"{number} {what}s"
