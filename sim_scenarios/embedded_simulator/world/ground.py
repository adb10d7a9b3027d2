"""How high the ground is and what it is made of, at any point and on every level of it.

The ground is the town's own triangles, the tops of kerbs included; painted markings lie on the road and do not hide
its label. Where there are several levels, a point's z says which one is meant.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.ground_grid import (
    NOTHING,
    STEP_UP_M,
    GroundGrid,
    build_ground_grid,
    heights_under,
    triangles_under,
)
from sim_scenarios.embedded_simulator.road.town import Surface, Town
from sim_scenarios.embedded_simulator.world.snapshot import Vector

TAG_NONE, TAG_ROAD_LINE = 0, 24
_CELL_M = 2.0
_MOST_CELLS = 1_000_000
_STEEPEST = math.cos(math.radians(80.0))
"""Least z of a unit normal that one can stand on; kerb faces and walls are steeper."""


class Ground:
    """Heights [m], normals and semantic tags by position."""

    def __init__(self, town: Town) -> None:
        solid = [surface for surface in town.surfaces if surface.tag != TAG_ROAD_LINE]
        pieces = [_standable(surface) for surface in solid]
        corners = np.concatenate([np.zeros((0, 3, 3)), *pieces])
        tags = [np.full(len(piece), surface.tag, np.uint8) for piece, surface in zip(pieces, solid, strict=True)]
        self._tags = np.concatenate([np.zeros(0, np.uint8), *tags])
        self.grid: GroundGrid = build_ground_grid(corners, cell_m=_cell_side(corners))

    def heights(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N,) [m] of points (N, 3): the highest surface at most 0.5 m above each, the lowest if all are above.

        0 beyond the land.
        """
        return np.asarray(heights_under(self.grid, points, STEP_UP_M))

    def normals(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """(N, 3) unit normals, pointing up, of the surfaces that ``heights`` finds; straight up beyond the land."""
        planes = self._of(self.grid.planes, triangles_under(self.grid, points, STEP_UP_M))
        normals = np.stack([-planes[:, 0], -planes[:, 1], np.ones(len(planes))], axis=1)
        return np.asarray(normals / np.linalg.norm(normals, axis=1, keepdims=True))

    def height(self, x: float, y: float, z: float) -> float:
        """Height [m] of the highest surface at most 0.5 m above a point; 0 beyond the land."""
        return float(self.heights(np.array([[x, y, z]]))[0])

    def normal(self, x: float, y: float, z: float) -> Vector:
        """Unit normal of the surface under a point."""
        return Vector(*(float(part) for part in self.normals(np.array([[x, y, z]]))[0]))

    def tag(self, x: float, y: float, z: float) -> int:
        """Semantic tag of the surface under a point; 0 beyond the land."""
        found = triangles_under(self.grid, np.array([[x, y, z]]), STEP_UP_M)
        return int(self._of(self._tags, found)[0])

    def _of(self, values: NDArray[np.float64], found: NDArray[np.int64]) -> NDArray[np.float64]:
        """Rows of ``values`` by triangle, zeros where there is none."""
        rows = np.zeros((len(found), *values.shape[1:]), values.dtype)
        rows[found != NOTHING] = values[found[found != NOTHING]]
        return rows


def _standable(surface: Surface) -> NDArray[np.float64]:
    """Corners (T, 3, 3) of the triangles that face up enough to stand on."""
    corners = surface.positions[surface.triangles].astype(np.float64)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    lengths = np.linalg.norm(normals, axis=1)
    kept: NDArray[np.float64] = corners[(normals[:, 2] > _STEEPEST * lengths) & (lengths > 1e-9)]
    return kept


def _cell_side(corners: NDArray[np.float64]) -> float:
    if not len(corners):
        return _CELL_M
    sides = corners[:, :, :2].max(axis=(0, 1)) - corners[:, :, :2].min(axis=(0, 1))
    return max(_CELL_M, math.sqrt(float(sides[0]) * float(sides[1]) / _MOST_CELLS))
