"""What lies beside roads without sidewalks, and the ground that all roads take: guard rails, trees, claims."""

from __future__ import annotations

import itertools
import math

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.curves import Path
from sim_scenarios.embedded_simulator.road.network import Network, Street
from sim_scenarios.embedded_simulator.road.opendrive_ground.land import Land
from sim_scenarios.embedded_simulator.road.placing import Placer
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle

_CLAIM_LINE_M, _CLAIM_ARC_M = 8.0, 3.0
_KERB_FREE_M = 1.2
"""Left free along sidewalks: what stands there wants more room around it than it covers."""
_RAIL_M = 3.0
_RAIL_BEHIND_EDGE_M = 0.45
_STEEPEST_BANK_M = 0.6
_TREE_CELL_M = 11.0
_CLEAR_OF_ROADS_M = 5.0
_SUNK_M = 0.06
"""Trees reach this far into the land, whose triangles differ a little from its grid beside roads."""


def claim_roads(network: Network, claims: Claims) -> None:
    """Take the ground of all driving lanes and shoulders, on whatever level they are; sidewalks and bays stay free."""
    for street in network.streets:
        left, right = _borders(street)
        free = 0.0 if street.profile.sidewalk_m == 0.0 else _KERB_FREE_M
        _claim(claims, street.path, left if street.profile.is_one_way else left + free, right - free)
    for junction in network.junctions:
        for connection in junction.connections:
            _claim(claims, connection.path, 0.0, LANE_WIDTH_M)


def _borders(street: Street) -> tuple[float, float]:
    """Left and right edge of a street's asphalt, to the right of its line [m]."""
    profile = street.profile
    right = profile.carriageway_m + profile.shoulder_m
    return (-profile.left_shoulder_m if profile.is_one_way else -right), right


def _claim(claims: Claims, path: Path, left: float, right: float) -> None:
    stations = path.stations(line_step_m=_CLAIM_LINE_M, arc_step_m=_CLAIM_ARC_M)
    points = path.offset(stations, 0.5 * (left + right))
    for start, end in itertools.pairwise(points):
        x, y = 0.5 * (start + end)
        yaw = math.atan2(end[1] - start[1], end[0] - start[0])
        claims.take(Rectangle(float(x), float(y), yaw, 0.5 * math.dist(start, end), 0.5 * (right - left)))


def line_with_rails(street: Street, land: Land, placer: Placer) -> None:
    """Guard rails along the shoulders; bridges and tunnels have walls of their own."""
    profile = street.profile
    if profile.shoulder_m == 0.0:
        return
    left, right = _borders(street)
    for edge, sign in ((left, -1.0), (right, 1.0)):
        _add_rails(street, edge + sign * _RAIL_BEHIND_EDGE_M, sign, land, placer)


def _add_rails(street: Street, offset: float, sign: float, land: Land, placer: Placer) -> None:
    walled = [span for span in (street.plan.bridge, street.plan.tunnel) if span is not None]
    feet: list[tuple[float, float, float, float]] = []
    s = 0.5 * _RAIL_M
    while s < street.length - 0.5 * _RAIL_M:
        if not any(low * street.length < s < high * street.length for low, high in walled):
            x, y, yaw = street.path.pose(s)
            foot = x - offset * math.sin(yaw), y + offset * math.cos(yaw)
            feet.append((*foot, yaw - sign * 0.5 * math.pi, street.elevation.height(s)))
        # The rail is as long as the stretch of line beside it only where the road is straight.
        s += _RAIL_M / max(1.0 - street.path.curvature_at(s) * offset, 0.2)
    if not feet:
        return
    points = np.array(feet)[:, :2]
    for (_, _, facing, road), point, ground in zip(feet, points, land.at(points).tolist(), strict=True):
        if abs(road - ground) < _STEEPEST_BANK_M:  # not where a tunnel's mouth rises
            placer.put("guard_rail", point, facing, z=0.5 * (road + ground), gap_m=-0.05)


def scatter_trees(land: Land, roads: shapely.Geometry, placer: Placer) -> None:
    """Woods and single trees on the open land, clear of roads."""
    rows, columns = land.heights.shape
    xs = np.arange(land.left, land.left + land.cell_m * (columns - 1), _TREE_CELL_M)
    ys = np.arange(land.top, land.top + land.cell_m * (rows - 1), _TREE_CELL_M)
    grid = np.stack(np.meshgrid(xs, ys, indexing="ij"), axis=-1).reshape(-1, 2)
    points = grid + placer.rng.uniform(0.0, _TREE_CELL_M, grid.shape)
    density = 0.5 + 0.5 * np.sin(points[:, 0] / 61.0 + 1.0) * np.cos(points[:, 1] / 47.0)
    points = points[placer.rng.random(len(points)) < 0.08 + 0.45 * density**3]
    near = roads.buffer(_CLEAR_OF_ROADS_M)
    shapely.prepare(near)
    points = points[~shapely.intersects_xy(near, points[:, 0], points[:, 1])]
    for point, height in zip(points, land.at(points), strict=True):
        kind = placer.choose("tree_broadleaf", "tree_round", "tree_conifer", "tree_conifer")
        scale = float(placer.rng.uniform(1.0, 1.7))
        placer.put(kind, point, placer.turn(), z=float(height) - _SUNK_M, gap_m=1.0, scale=scale)
