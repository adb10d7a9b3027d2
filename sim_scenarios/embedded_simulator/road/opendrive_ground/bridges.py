"""Bridges and tunnels: where roads cross above one another, and what holds them up or covers them.

A file may say where its bridges and tunnels are (``<bridge>``, ``<tunnel>``). Where it does not and one road passes
well above another, the upper one is a bridge, as far as the land has to stay low for the lower one.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_BRIDGE, TAG_TERRAIN, TAG_WALL, GroundMesh
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import HeightOf, NearestLine
from sim_scenarios.embedded_simulator.road.opendrive_ground.carriageways import SIDE_M
from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import Stretch
from sim_scenarios.embedded_simulator.road.opendrive_reader.road_map import Span
from sim_scenarios.embedded_simulator.road.town import Barrier
from sim_scenarios.embedded_simulator.world.snapshot import Vector

CLEARANCE_M = 3.5
"""Height difference from which one road passes above another."""
_ABUTMENT_M = 10.0
"""How far beyond the lower road's edge a bridge reaches."""
DECK_M = 0.9
_PARAPET_M = (0.25, 0.9)
"""Width and height of the walls along a bridge."""
_PILLAR_EVERY_M, _PILLAR_HALF_M = 18.0, 0.6
_PILLAR_FROM_ROAD_M = 1.0
_TUNNEL_M, _ROOF_M = 5.6, 1.2
"""Height of a tunnel inside, and of what lies on it."""
TUNNEL_WALL_M = 0.3
_BEHIND_PORTAL_M = 10.0
_WING_M = 6.0
"""Width of the walls beside a tunnel's opening."""
_UP = np.array([0.0, 0.0, 1.0])


def bridges_over(stretches: Mapping[int, Sequence[Stretch]]) -> dict[int, list[Span]]:
    """Where roads without spans of their own pass above others: bridges by road id."""
    every = [stretch for members in stretches.values() for stretch in members]
    outlines = [stretch.outline() for stretch in every]
    heights = np.array([(stretch.points[0, :, 2].min(), stretch.points[0, :, 2].max()) for stretch in every])  # (R, 2)
    pairs = shapely.STRtree(outlines).query(outlines, predicate="intersects")
    high_enough = heights[pairs[0], 1] - heights[pairs[1], 0] > CLEARANCE_M
    spans: dict[int, list[Span]] = {}
    for upper, lower in pairs[:, high_enough].T:
        if every[upper].road.spans or upper == lower:
            continue
        spans.setdefault(every[upper].road.id, []).extend(_spans_above(every[upper], every[lower], outlines[lower]))
    return spans


def _spans_above(upper: Stretch, lower: Stretch, below: shapely.Geometry) -> list[Span]:
    """The parts of ``upper`` that are a bridge over ``lower``."""
    road = upper.road
    s = np.linspace(upper.s[0], upper.s[-1], max(2, int(upper.s[-1] - upper.s[0]) + 1))
    borders = [np.interp(s, upper.s, upper.offsets[index]) for index in (0, -1)]
    ends = np.stack([road.points(s, border) for border in borders], axis=1)  # (S, 2, 3)
    across = shapely.linestrings(ends[:, :, :2])
    under = NearestLine([lower.edge(0), lower.edge(-1)])(ends[:, :, :2].mean(axis=1))
    above = ends[:, :, 2].mean(axis=1) - under
    near = (shapely.distance(across, below) < _ABUTMENT_M) & (above > DECK_M)
    crossing = shapely.intersects(across, below) & (above > CLEARANCE_M)
    spans = []
    for run in np.split(np.arange(len(s)), np.flatnonzero(np.diff(near.astype(np.int8))) + 1):
        if near[run[0]] and crossing[run].any():
            spans.append(Span(kind="bridge", start=float(s[run[0]]), end=float(s[run[-1]])))
    return spans


def add_bridge(mesh: GroundMesh, stretch: Stretch) -> list[Barrier]:
    """Sides, underside and parapets of a stretch that is a bridge; the boxes of the parapets."""
    barriers = []
    width, height = _PARAPET_M
    outward = _outward(stretch) * width
    low, high = stretch.edge(0) - DECK_M * _UP - outward, stretch.edge(-1) - DECK_M * _UP + outward
    mesh.add_strip("concrete", TAG_BRIDGE, low, high, faces_up=False)
    for edge, foot, sign in zip(stretch.outer_edges(), (low, high), (-1.0, 1.0), strict=True):
        _add_upright(mesh, foot, edge + sign * outward, faces_right=sign > 0.0)
        barriers += add_wall(mesh, stretch, edge, sign, width, height, TAG_BRIDGE)
    return barriers


def add_wall(
    mesh: GroundMesh, stretch: Stretch, edge: Array, sign: float, width_m: float, height_m: float, tag: int
) -> list[Barrier]:
    """A wall standing along the outside of an edge (N, 3), right of the road with ``sign`` 1; its boxes."""
    outward = _outward(stretch) * sign * width_m
    inner, outer = edge + height_m * _UP, edge + height_m * _UP + outward
    _add_upright(mesh, edge - SIDE_M * _UP + outward, outer, faces_right=sign > 0.0, tag=tag)
    _add_upright(mesh, edge, inner, faces_right=sign < 0.0, tag=tag)
    mesh.add_strip("concrete", tag, inner, outer)
    return wall_barriers(edge + 0.5 * outward, width_m, height_m, tag)


def _add_upright(mesh: GroundMesh, low: Array, high: Array, *, faces_right: bool, tag: int = TAG_BRIDGE) -> None:
    """A wall along a road, seen from its right or from its left."""
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(low[:, :2], axis=0), axis=1))])
    uv_low, uv_high = (np.stack([along, line[:, 2]], axis=1) for line in (low, high))
    if faces_right:
        mesh.add_strip("concrete", tag, high, low, (uv_high, uv_low))
    else:
        mesh.add_strip("concrete", tag, low, high, (uv_low, uv_high))


def _outward(stretch: Stretch) -> Array:
    """(N, 3) unit vectors to the right of a stretch."""
    _, yaws = stretch.road.at(stretch.s)
    return np.stack([-np.sin(yaws), np.cos(yaws), np.zeros_like(yaws)], axis=1)


def wall_barriers(middle: Array, width_m: float, height_m: float, tag: int) -> list[Barrier]:
    """A wall along a line (N, 3) of feet, as one box for each of its pieces."""
    start, along = middle[:-1], np.diff(middle, axis=0)
    lengths = np.linalg.norm(along[:, :2], axis=1)
    barriers = []
    for foot, way, length in zip(start, along, lengths, strict=True):
        if length > 1e-3:
            x, y, z = foot + 0.5 * way
            barriers.append(
                Barrier(
                    center=Vector(float(x), float(y), float(z) + 0.5 * height_m),
                    yaw_deg=float(np.degrees(np.arctan2(way[1], way[0]))),
                    extent=Vector(0.5 * float(length), 0.5 * width_m, 0.5 * height_m + 0.5 * abs(float(way[2]))),
                    tag=tag,
                )
            )
    return barriers


def add_pillars(mesh: GroundMesh, stretch: Stretch, roads: shapely.Geometry, land: HeightOf) -> list[Barrier]:
    """Pillars under a bridge from the land up, none of them on or close to ``roads`` below; their boxes."""
    middle = 0.5 * (stretch.points[0] + stretch.points[-1])
    along = np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(middle[:, :2], axis=0), axis=1))])
    count = int(along[-1] // _PILLAR_EVERY_M)
    places = (np.arange(count) + 0.5) * along[-1] / max(count, 1)
    feet = np.stack([np.interp(places, along, middle[:, axis]) for axis in range(3)], axis=1)
    barriers = []
    for foot, ground in zip(feet, land(feet[:, :2]), strict=True):
        top = float(foot[2]) - DECK_M
        clear = shapely.distance(roads, shapely.Point(foot[:2])) > _PILLAR_FROM_ROAD_M + _PILLAR_HALF_M
        if clear and top - ground > 1.0:
            low = float(ground) - 1.0
            barriers.append(
                Barrier(
                    center=Vector(float(foot[0]), float(foot[1]), 0.5 * (low + top)),
                    yaw_deg=0.0,
                    extent=Vector(_PILLAR_HALF_M, _PILLAR_HALF_M, 0.5 * (top - low)),
                    tag=TAG_BRIDGE,
                )
            )
            _add_pillar(mesh, foot[:2], low, top)
    return barriers


def _add_pillar(mesh: GroundMesh, middle: Array, low: float, top: float) -> None:
    square = middle + _PILLAR_HALF_M * np.array([(-1, -1), (-1, 1), (1, 1), (1, -1), (-1, -1)])
    feet = np.concatenate([square, np.full((5, 1), low)], axis=1)
    _add_upright(mesh, feet, feet + (top - low) * _UP, faces_right=False)


def add_tunnel(mesh: GroundMesh, stretch: Stretch) -> None:
    """Walls, ceiling, a roof of grass, and at both ends a wall that holds the land beside the opening."""
    left, right = (stretch.edge(index) for index in (0, -1))
    ceiling, roof, foot = _TUNNEL_M * _UP, (_TUNNEL_M + _ROOF_M) * _UP, -SIDE_M * _UP
    for edge, sign in ((left, -1.0), (right, 1.0)):
        _add_upright(mesh, edge, edge + ceiling, faces_right=sign < 0.0, tag=TAG_WALL)
        _add_upright(mesh, edge + foot, edge + roof, faces_right=sign > 0.0, tag=TAG_WALL)
    mesh.add_strip("concrete", TAG_WALL, left + ceiling, right + ceiling, faces_up=False)
    eaves = _outward(stretch) * (TUNNEL_WALL_M + 0.1)
    mesh.add_strip("grass", TAG_TERRAIN, left + roof - eaves, right + roof + eaves)
    wing = _outward(stretch) * _WING_M
    for at in (0, -1):
        for low, high, a, b in (
            (ceiling, roof, left[at], right[at]),
            (foot, roof, left[at] - wing[at], left[at]),
            (foot, roof, right[at], right[at] + wing[at]),
        ):
            bottom, top = np.stack([a + low, b + low]), np.stack([a + high, b + high])
            for faces_right in (False, True):
                _add_upright(mesh, bottom, top, faces_right=faces_right, tag=TAG_WALL)


def tunnel_roof(stretch: Stretch) -> tuple[Array, Array]:
    """Left and right edge (N, 3) of what the land meets above a tunnel: it rises behind the walls at its ends."""
    s = np.linspace(stretch.s[0], stretch.s[-1], max(4, int(stretch.s[-1] - stretch.s[0])))
    back = min(_BEHIND_PORTAL_M, 0.3 * float(s[-1] - s[0]))
    s = s[(s >= s[0] + back) & (s <= s[-1] - back)]
    lift = (_TUNNEL_M + _ROOF_M) * _UP
    left, right = (
        np.stack([np.interp(s, stretch.s, stretch.points[index, :, axis]) for axis in range(3)], axis=1) + lift
        for index in (0, -1)
    )
    return left, right


def tunnel_barriers(stretch: Stretch) -> list[Barrier]:
    """A tunnel's walls as boxes."""
    outward = 0.5 * TUNNEL_WALL_M * _outward(stretch)
    left, right = (stretch.edge(index) for index in (0, -1))
    return [
        *wall_barriers(left - outward, TUNNEL_WALL_M, _TUNNEL_M, TAG_WALL),
        *wall_barriers(right + outward, TUNNEL_WALL_M, _TUNNEL_M, TAG_WALL),
    ]
