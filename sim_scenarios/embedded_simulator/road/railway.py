"""A railway on the open land: a bed of ballast with two rails, on a dam that evens out the land, and a train on it."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.curves import Array, RoadError
from sim_scenarios.embedded_simulator.road.ground import TAG_RAIL_TRACK, GroundMesh
from sim_scenarios.embedded_simulator.road.opendrive_ground.land import Land
from sim_scenarios.embedded_simulator.road.placing import Placer

_STEP_M = 8.0
_BED_HALF_M, _FOOT_HALF_M = 1.5, 2.9
_BED_RISE_M, _FOOT_SUNK_M = 0.4, 0.3
"""Of the bed above the land, and of its foot below it."""
_GAUGE_HALF_M, _RAIL_HALF_M, _RAIL_HEIGHT_M = 0.7535, 0.036, 0.16
_SMOOTHING = 7
"""Stations on both sides over which heights are evened out."""
_CARRIAGE_M = 20.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Railway:
    """A straight track."""

    middle: Array
    """(N, 3) [m] of the bed."""

    @property
    def right(self) -> Array:
        """(3,) unit vector."""
        along = self.middle[-1] - self.middle[0]
        return np.array([-along[1], along[0], 0.0]) / math.hypot(along[0], along[1])

    def plan(self) -> shapely.Polygon:
        """Ground that it takes."""
        return shapely.LineString(self.middle[:, :2]).buffer(_FOOT_HALF_M, cap_style="flat")


def railway_over(land: Land, start: tuple[float, float], end: tuple[float, float], roads: shapely.Geometry) -> Railway:
    """The track between two points [m].

    Raises:
        RoadError: when a road is in its way.
    """
    length = math.dist(start, end)
    share = np.linspace(0.0, 1.0, 2 + int(length // _STEP_M))[:, None]
    points = np.array(start) + share * (np.array(end) - np.array(start))
    across = np.array([-(end[1] - start[1]), end[0] - start[0]]) / length
    heights = np.max([land.at(points + aside * across) for aside in (-_FOOT_HALF_M, 0.0, _FOOT_HALF_M)], axis=0)
    width = 2 * _SMOOTHING + 1
    windows = np.lib.stride_tricks.sliding_window_view(np.pad(heights, 2 * _SMOOTHING, mode="edge"), width)
    even = np.lib.stride_tricks.sliding_window_view(windows.max(axis=1), width).mean(axis=1)
    railway = Railway(middle=np.concatenate([points, even[:, None] + _BED_RISE_M], axis=1))
    if shapely.intersects(railway.plan(), roads):
        raise RoadError(f"a road is in the way of the railway from {start} to {end}")
    return railway


def add_railway(mesh: GroundMesh, land: Land, railway: Railway) -> None:
    """Bed and rails."""
    s = np.linalg.norm(railway.middle[:, :2] - railway.middle[0, :2], axis=1)

    def line(right_m: float, up_m: float) -> Array:
        return np.asarray(railway.middle + right_m * railway.right + np.array([0.0, 0.0, up_m]))

    def uvs(inner: float, outer: float) -> tuple[Array, Array]:
        return np.stack([s, np.full_like(s, inner)], axis=1), np.stack([s, np.full_like(s, outer)], axis=1)

    bed = 2.0 * _BED_HALF_M
    mesh.add_strip("ballast", TAG_RAIL_TRACK, line(-_BED_HALF_M, 0.0), line(_BED_HALF_M, 0.0), uvs(0.0, bed))
    for sign in (-1.0, 1.0):
        foot = line(sign * _FOOT_HALF_M, 0.0)
        foot[:, 2] = land.at(foot[:, :2]) - _FOOT_SUNK_M
        mesh.add_strip("ballast", TAG_RAIL_TRACK, line(sign * _BED_HALF_M, 0.0), foot, uvs(0.0, 0.2))
        left, right = sign * _GAUGE_HALF_M - _RAIL_HALF_M, sign * _GAUGE_HALF_M + _RAIL_HALF_M
        top = line(left, _RAIL_HEIGHT_M), line(right, _RAIL_HEIGHT_M)
        mesh.add_strip("metal", TAG_RAIL_TRACK, top[0], top[1], uvs(left, right))
        mesh.add_strip("metal", TAG_RAIL_TRACK, line(left, 0.0), top[0], uvs(0.0, _RAIL_HEIGHT_M))
        mesh.add_strip("metal", TAG_RAIL_TRACK, top[1], line(right, 0.0), uvs(_RAIL_HEIGHT_M, 0.0))


def put_train(railway: Railway, placer: Placer, *, at: float, carriages: int) -> None:
    """Stand a train on the track, its middle a share ``at`` of the way."""
    start, end = railway.middle[0, :2], railway.middle[-1, :2]
    along = (end - start) / np.linalg.norm(end - start)
    for number in range(carriages):
        middle = start + at * (end - start) + (number - 0.5 * (carriages - 1)) * _CARRIAGE_M * along
        s = float((middle - start) @ along)
        stations = (railway.middle[:, :2] - start) @ along
        z = float(np.interp(s, stations, railway.middle[:, 2])) + _RAIL_HEIGHT_M
        placer.put("train_carriage", middle, math.atan2(along[1], along[0]), z=z, gap_m=0.0)
