"""Polygons of ground: unions that close small gaps, triangles over them, and their sides."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
import shapely
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_SIDEWALK, GroundMesh
from sim_scenarios.embedded_simulator.road.polygons import cut_to_grid

HeightOf = Callable[[Array], Array]
"""Heights (N,) [m] of points (N, 2)."""
PRECISION_M = 1e-3
"""Grid to which plans are rounded when they are joined: what was meant to touch then touches."""
_SMALLEST_M2 = 1e-4
_SIDE_STEP_M = 2.0
_POLYGON = 3
"""Shapely's number of the type; those of collections are greater."""


def joined(polygons: Iterable[shapely.Geometry]) -> shapely.Geometry:
    """The union of polygons; lines and points that it leaves are dropped."""
    whole = shapely.union_all(shapely.set_precision(np.array(list(polygons), dtype=object), PRECISION_M))
    return only_areas(whole)


def only_areas(geometry: shapely.Geometry) -> shapely.Geometry:
    """The polygons of a geometry that are worth a triangle, as one geometry."""
    return shapely.MultiPolygon(polygons_of(geometry))


def polygons_of(geometry: shapely.Geometry) -> list[shapely.Polygon]:
    """The single polygons of a geometry."""
    parts = np.atleast_1d(np.asarray(geometry, dtype=object))
    while (nested := shapely.get_type_id(parts) > _POLYGON).any():
        parts = np.concatenate([parts[~nested], shapely.get_parts(parts[nested])])
    parts = parts[shapely.get_type_id(parts) == _POLYGON]
    return list(parts[shapely.area(parts) > _SMALLEST_M2])


def closed(geometry: shapely.Geometry, gap_m: float, largest_hole_m2: float) -> shapely.Geometry:
    """With gaps up to twice ``gap_m`` and small holes filled."""
    grown = geometry.buffer(gap_m, quad_segs=6).buffer(-gap_m, quad_segs=6)
    filled = []
    for polygon in polygons_of(shapely.union(grown, geometry)):
        holes = [ring for ring in polygon.interiors if shapely.Polygon(ring).area > largest_hole_m2]
        filled.append(shapely.Polygon(polygon.exterior, holes))
    return shapely.MultiPolygon(filled)


def triangles_over(geometry: shapely.Geometry, *, cell_m: float | None = None) -> tuple[Array, NDArray[np.int64]]:
    """Points (P, 2) and triangles (T, 3) that fill polygons exactly; cut along a grid if there is a cell."""
    parts = shapely.constrained_delaunay_triangles(np.array(polygons_of(geometry), dtype=object))
    rings = shapely.get_coordinates(shapely.get_exterior_ring(shapely.get_parts(parts)))
    points = rings.reshape(-1, 4, 2)[:, :3].reshape(-1, 2)
    triangles = np.arange(len(points), dtype=np.int64).reshape(-1, 3)
    if cell_m is not None and len(triangles):
        return cut_to_grid(points, triangles, cell_m)
    return points, triangles


def fill(
    mesh: GroundMesh,
    material: str,
    tag: int,
    geometry: shapely.Geometry,
    height_of: HeightOf,
    *,
    cell_m: float | None = None,
) -> None:
    """Add the surface of polygons."""
    points, triangles = triangles_over(geometry, cell_m=cell_m)
    if len(triangles):
        mesh.add(material, tag, np.concatenate([points, height_of(points)[:, None]], axis=1), triangles)


def add_sides(mesh: GroundMesh, geometry: shapely.Geometry, height_of: HeightOf, *, depth_m: float) -> None:
    """Upright faces down from the edges of polygons, turned outwards."""
    for polygon in polygons_of(geometry):
        turned = shapely.orient_polygons(polygon)
        for ring in (turned.exterior, *turned.interiors):
            edge = shapely.get_coordinates(ring.segmentize(_SIDE_STEP_M))
            top = np.concatenate([edge, height_of(edge)[:, None]], axis=1)
            mesh.add_strip("kerb", TAG_SIDEWALK, top - np.array([0.0, 0.0, depth_m]), top)


class NearestLine:
    """Heights of the nearest of many lines in space."""

    def __init__(self, lines: Iterable[Array]) -> None:
        self._segments = np.concatenate([np.stack([line[:-1], line[1:]], axis=1) for line in lines])  # (S, 2, 3)
        self._tree = shapely.STRtree(shapely.linestrings(self._segments[:, :, :2]))

    def __call__(self, points: Array) -> Array:
        """(N,) [m] at points (N, 2)."""
        nearest = self._tree.query_nearest(shapely.points(points), all_matches=False)[1]
        start, along = self._segments[nearest, 0], self._segments[nearest, 1] - self._segments[nearest, 0]
        share = ((points - start[:, :2]) * along[:, :2]).sum(axis=1)
        share /= np.maximum((along[:, :2] ** 2).sum(axis=1), 1e-12)
        return np.asarray(start[:, 2] + np.clip(share, 0.0, 1.0) * along[:, 2])
