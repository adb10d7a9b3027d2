"""Paving round the buildings of a town: nobody steps out of a shop onto a lawn. Houses keep their gardens."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.ground import TAG_GROUND, TAG_TERRAIN, GroundMesh
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import closed, joined, only_areas, polygons_of
from sim_scenarios.embedded_simulator.road.polygons import Rectangle
from sim_scenarios.embedded_simulator.road.town import Lot, Surface

FORECOURT = "plaza"
FORECOURT_ABOVE_M = 0.008
"""How far paving lies above level ground."""
_ABOVE_LAND_M = 0.02
"""The same on slopes, where land ends 4 cm below the sidewalks."""
_FRONT_M, _SIDE_M = 4.6, 1.8
_UNDER_WALL_M = 3.0
"""Ground floors may stand back from their plots' edges."""
_SLIVER_M, _LEAST_LAWN_M2 = 1.0, 8.0
_GARDENED = ("house",)
_SMALLEST_M2 = 1e-4


def forecourts(lots: Sequence[Lot]) -> shapely.Geometry:
    """Plan of the paving round those of ``lots`` that have any, up to wherever something else begins."""
    paved = [lot for lot in lots if lot.style not in _GARDENED]
    around = closed(joined(_grown(lot, _FRONT_M, _SIDE_M) for lot in paved), _SLIVER_M, _LEAST_LAWN_M2)
    under = joined(_grown(lot, -_UNDER_WALL_M, -_UNDER_WALL_M) for lot in paved)
    return only_areas(shapely.difference(around, under))


def pave_land(mesh: GroundMesh, surfaces: Sequence[Surface], plan: shapely.Geometry) -> None:
    """Pave ``plan`` on the land among ``surfaces``, triangle by triangle, so that no slope comes through."""
    corners = np.concatenate([s.positions[s.triangles] for s in surfaces if s.tag == TAG_TERRAIN]).astype(np.float64)
    land, areas = shapely.polygons(corners[:, :, :2]), np.array(polygons_of(plan), dtype=object)
    area, below = shapely.STRtree(land).query(areas, predicate="intersects")
    pieces, number = shapely.get_parts(shapely.intersection(areas[area], land[below]), return_index=True)
    is_area = shapely.area(pieces) > _SMALLEST_M2
    cuts, piece = shapely.get_parts(shapely.constrained_delaunay_triangles(pieces[is_area]), return_index=True)
    source = corners[below[number[is_area][piece]]]  # (T, 3, 3)
    points = shapely.get_coordinates(cuts).reshape(-1, 4, 2)[:, :3]
    normal = np.cross(source[:, 1] - source[:, 0], source[:, 2] - source[:, 0])
    slope = -normal[:, None, :2] / normal[:, None, 2:]
    heights = source[:, :1, 2] + ((points - source[:, :1, :2]) * slope).sum(axis=2) + _ABOVE_LAND_M
    triangles = np.arange(3 * len(points), dtype=np.int64).reshape(-1, 3)
    mesh.add(FORECOURT, TAG_GROUND, np.concatenate([points, heights[:, :, None]], axis=2).reshape(-1, 3), triangles)


def _grown(lot: Lot, front_m: float, side_m: float) -> shapely.Polygon:
    """The plot with so much more at its street side and at the others."""
    yaw, ahead = math.radians(lot.yaw_deg), 0.5 * (front_m - side_m)
    plot = Rectangle(
        lot.center.x + ahead * math.cos(yaw),
        lot.center.y + ahead * math.sin(yaw),
        yaw,
        0.5 * (lot.depth_m + front_m + side_m),
        0.5 * lot.width_m + side_m,
    )
    return shapely.Polygon(plot.corners())
