"""The land around the town: level behind the ring's sidewalks, then gentle hills out to the horizon."""

from __future__ import annotations

import bisect
import itertools

import numpy as np

from sim_scenarios.embedded_simulator.road.blocks import Block
from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_TERRAIN, GroundMesh, lifted
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M

LEVEL_M = 60.0
"""How far out of the ring the land stays level, for the outer row of buildings."""
CELL_M = 220.0
_RINGS_M = (0.0, 15.0, 35.0, LEVEL_M, 90.0, 130.0, 180.0, 250.0, 340.0, 450.0, 620.0)
_HILL_M = 48.0


def land_height(points: Array, distance: Array | float) -> Array:
    """Height [m] of the land at points (N, 2), given their distance from the town [m]."""
    rise = np.clip((np.asarray(distance) - LEVEL_M) / 380.0, 0.0, 1.6) ** 1.4
    x, y = points[:, 0], points[:, 1]
    relief = 0.75 + 0.25 * np.sin(x / 93.0 + 0.6) * np.cos(y / 118.0) + 0.2 * np.sin(x / 41.0 + 1.0) * np.sin(y / 53.0)
    return np.asarray(SIDEWALK_HEIGHT_M + _HILL_M * rise * relief)


def outward(outline: Array) -> Array:
    """Unit vectors (N, 2) along which the land leaves each point of the town's outline."""
    return np.asarray(outline / np.linalg.norm(outline, axis=1, keepdims=True))


def add_land(near: GroundMesh, far: GroundMesh, outside: Block) -> None:
    """Rings of land from the outer sidewalk of the ring road to about 800 m from the town's middle.

    Level rings go to ``near``, hills to ``far``, whose surfaces may be larger.
    """
    outline = np.concatenate([outside.outline, outside.outline[:1]])
    for inner, outer in itertools.pairwise(_RINGS_M):
        edges = [outline + d * outward(outline) for d in (inner, outer)]
        lifts = [lifted(edge, land_height(edge, d)) for edge, d in zip(edges, (inner, outer), strict=True)]
        (near if outer <= LEVEL_M else far).add_strip("grass", TAG_TERRAIN, lifts[0], lifts[1])


def land_place(outside: Block, edge: int, share: float, distance: float) -> tuple[Array, float]:
    """A point (2,) [m] of the land and the height [m] of its mesh there.

    It lies ``share`` (0..1) of the way along edge ``edge`` of the town's outline and ``distance`` [m] out of it.
    """
    ends = outside.outline[[edge, (edge + 1) % len(outside.outline)]]
    ring = min(bisect.bisect_right(_RINGS_M, distance), len(_RINGS_M) - 1)
    inner, outer = _RINGS_M[ring - 1], _RINGS_M[ring]
    out = (distance - inner) / (outer - inner)
    # The strip's quads are cut from the first inner to the second outer corner (``GroundMesh.add_strip``).
    weights = [[1.0 - share, share - out], [0.0, out]] if share >= out else [[1.0 - out, 0.0], [out - share, share]]
    point, height = np.zeros(2), 0.0
    for d, row in zip((inner, outer), np.array(weights), strict=True):
        corners = ends + d * outward(ends)
        point += row @ corners
        height += float(row @ land_height(corners, d))
    return point, height
