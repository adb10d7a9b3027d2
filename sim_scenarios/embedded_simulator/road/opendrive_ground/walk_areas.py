"""Where walkers walk on any map: sidewalks, crosswalks between them, and roads for those who jaywalk.

All areas of one level are cut along one another's borders, so that neighbours share their edges corner by corner, as a
navigation mesh needs it. Sidewalks keep a little off their borders; crosswalks slope down to the road and up again.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
import shapely
import shapely.affinity
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.navigation_mesh import MOST_POLYGONS, Area, WalkPolygon
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import (
    PRECISION_M,
    NearestLine,
    joined,
    only_areas,
    polygons_of,
)
from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import (
    ROAD,
    SIDEWALK,
    Level,
    Stretch,
    cover_of,
    sound,
)
from sim_scenarios.embedded_simulator.road.opendrive_ground.junction_areas import JunctionArea
from sim_scenarios.embedded_simulator.road.opendrive_ground.lane_paint import crosswalk_corners, crosswalks_of
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import Road, RoadMap, RoadObject

INSET_M = 0.35
_REACH_M = 0.9
"""How far crosswalks are drawn out, to meet the sidewalks."""
_RAMP_M = 0.9
_STRAIGHT_M, _LONGEST_M = 0.04, 12.0
_SAME_M = 5e-3


@dataclass(frozen=True, slots=True, eq=False)
class _Ways:
    """Plans of one kind of area, and lines (N, 3) from which its heights follow."""

    plans: list[shapely.Geometry]
    lines: list[Array]


def walk_polygons(
    roads: RoadMap,
    stretches: Sequence[Stretch],
    junctions: Sequence[JunctionArea],
    *,
    kerb_m: float = INSET_M,
    back_m: float = INSET_M,
) -> list[WalkPolygon]:
    """The walkable polygons of a map: as many as a navigation mesh can hold, roads last.

    Sidewalks keep ``kerb_m`` off the kerb and ``back_m`` off their back, where street furniture may stand.
    """
    polygons = _all_polygons(roads, stretches, junctions, kerb_m, back_m)
    if len(polygons) > MOST_POLYGONS:
        polygons = [polygon for polygon in polygons if polygon.area is not Area.ROAD]
    return polygons[:MOST_POLYGONS]


def _all_polygons(
    roads: RoadMap,
    stretches: Sequence[Stretch],
    junctions: Sequence[JunctionArea],
    kerb_m: float,
    back_m: float,
) -> list[WalkPolygon]:
    polygons: list[WalkPolygon] = []
    for level in (Level.LAND, Level.BRIDGE, Level.TUNNEL):
        own = [stretch for stretch in stretches if stretch.level is level and stretch.road.junction_id == -1]
        walks, drives = _along(own, kerb_m, back_m)
        crossings = _Ways([], [])
        if level is Level.LAND:
            for junction in junctions:
                _add_junction(walks, junction, kerb_m)
            for road in roads.roads.values():
                for thing in crosswalks_of(road):
                    corners = crosswalk_corners(road, thing)
                    crossings.plans.append(_drawn_out(road, thing, corners, kerb_m - INSET_M))
                    crossings.lines.append(np.concatenate([corners, corners[:1]]))
        if walks.plans or crossings.plans:
            polygons += _partition(walks, crossings, drives, ramp_m=_RAMP_M + kerb_m - INSET_M)
    return polygons


def _along(stretches: Sequence[Stretch], kerb_m: float, back_m: float) -> tuple[_Ways, _Ways]:
    """Sidewalks, drawn in, and carriageways of stretches."""
    walks, drives = _Ways([], []), _Ways([], [])
    for stretch in stretches:
        for index, lane in enumerate(stretch.lanes):
            cover = cover_of(lane)
            left, right = stretch.edge(index, rise_m=cover.rise_m), stretch.edge(index + 1, rise_m=cover.rise_m)
            if cover is SIDEWALK:
                across = right - left
                width = np.linalg.norm(across, axis=1, keepdims=True)
                near, far = (across * np.minimum(m / np.maximum(width, 1e-9), 0.4) for m in (kerb_m, back_m))
                left, right = (left + near, right - far) if lane.id < 0 else (left + far, right - near)
            elif cover is not ROAD:
                continue
            ways = walks if cover is SIDEWALK else drives
            ways.plans.append(sound(shapely.Polygon(np.concatenate([left[:, :2], right[::-1, :2]]))))
            ways.lines.extend((left, right))
    return walks, drives


def _add_junction(walks: _Ways, junction: JunctionArea, kerb_m: float) -> None:
    for cover, plan in junction.raised:
        if cover is SIDEWALK:
            # Not at its ends, where it goes on as the sidewalk of a road.
            keep_off = shapely.intersection(junction.road.buffer(kerb_m), plan)
            for part in polygons_of(shapely.difference(plan, keep_off)):
                edge = shapely.get_coordinates(part.exterior)
                walks.plans.append(part)
                walks.lines.append(np.concatenate([edge, junction.heights(edge)[:, None] + cover.rise_m], axis=1))


def _drawn_out(road: Road, thing: RoadObject, corners: Array, by_m: float) -> shapely.Geometry:
    """A crosswalk's plan, longer by ``by_m`` at both of its ends beside the road."""
    plan = sound(shapely.Polygon(corners[:, :2]))
    if by_m <= 0.0:
        return plan
    yaw = float(road.at(float(thing.outline[:, 0].mean()))[1][0])
    aside = by_m * np.array([-np.sin(yaw), np.cos(yaw)])
    return shapely.convex_hull(shapely.union_all([shapely.affinity.translate(plan, *d) for d in (aside, -aside)]))


def _partition(walks: _Ways, crossings: _Ways, drives: _Ways, *, ramp_m: float) -> Iterator[WalkPolygon]:
    sidewalk = _plain(joined(walks.plans))
    reach = [plan.buffer(_REACH_M, join_style="mitre", mitre_limit=2.0) for plan in crossings.plans]
    crossing = _plain(shapely.difference(joined(reach), sidewalk)) if reach else shapely.MultiPolygon()
    level = only_areas(shapely.difference(crossing, sidewalk.buffer(ramp_m, quad_segs=2)))
    road = shapely.difference(joined([*drives.plans, *walks.plans]), shapely.union(sidewalk, crossing))
    road = _plain(road)
    lines = [geometry.boundary for geometry in (sidewalk, crossing, level, road) if not geometry.is_empty]
    noded = shapely.union_all(lines, grid_size=PRECISION_M)
    faces, *_ = shapely.polygonize_full([noded])
    heights = _Heights(walks.lines, [*crossings.lines, *drives.lines], sidewalk)
    pieces = np.array(polygons_of(faces), dtype=object)
    middles = shapely.point_on_surface(pieces)
    areas = np.zeros(len(pieces), np.int64)
    for geometry, area in ((road, Area.ROAD), (crossing, Area.CROSSWALK), (sidewalk, Area.SIDEWALK)):
        shapely.prepare(geometry)
        areas[shapely.contains(geometry, middles)] = area
    return _triangles(pieces[areas > 0], areas[areas > 0], heights)


def _plain(geometry: shapely.Geometry) -> shapely.Geometry:
    """With few corners, but none too far apart."""
    rounded = shapely.set_precision(geometry.simplify(_STRAIGHT_M).segmentize(_LONGEST_M), PRECISION_M)
    return only_areas(rounded)


class _Heights:
    """Heights of corners: those of sidewalks on these, of the road elsewhere."""

    def __init__(self, walk_lines: Sequence[Array], road_lines: Sequence[Array], sidewalk: shapely.Geometry) -> None:
        self._walks, self._roads = NearestLine(walk_lines), NearestLine(road_lines or walk_lines)
        self._sidewalk = sidewalk
        shapely.prepare(self._sidewalk)

    def __call__(self, points: Array) -> Array:
        """(N,) [m] at points (N, 2)."""
        beside = shapely.distance(shapely.points(points), self._sidewalk) < _SAME_M
        heights = self._roads(points)
        if beside.any():
            heights[beside] = self._walks(points[beside])
        return heights


def _triangles(faces: NDArray[np.object_], areas: NDArray[np.int64], heights: _Heights) -> Iterator[WalkPolygon]:
    """All faces cut into triangles, each with the number of its face's area."""
    parts, face = shapely.get_parts(shapely.constrained_delaunay_triangles(faces), return_index=True)
    corners = shapely.get_coordinates(shapely.get_exterior_ring(parts)).reshape(-1, 4, 2)[:, :3]
    whole = np.round(corners * 1000.0)
    differ = (whole != np.roll(whole, 1, axis=1)).any(axis=2).all(axis=1)
    corners, face = corners[differ], face[differ]
    points = corners.reshape(-1, 2)
    lifted = np.concatenate([points, heights(points)[:, None]], axis=1).reshape(-1, 3, 3)
    for triangle, number in zip(lifted.tolist(), areas[face].tolist(), strict=True):
        yield WalkPolygon(tuple((x, y, z) for x, y, z in triangle), Area(number))
