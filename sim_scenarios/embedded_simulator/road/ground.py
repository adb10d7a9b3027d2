"""Collects ground triangles by material and tag, and cuts them into pieces small enough to cull.

Triangles are handed in with whatever winding is handy; level ones are turned so that they face up. Pieces are formed
at the end by the grid cell of each triangle's middle, so that who adds what in which order does not matter for culling.
"""

from __future__ import annotations

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.town import Surface

CELL_M = 40.0
_SMALLEST_AREA_M2 = 1e-6

TAG_ROAD = 1
TAG_SIDEWALK = 2
TAG_TERRAIN = 10
TAG_ROAD_LINE = 24
TAG_GROUND = 25
TAG_WALL = 4
TAG_BRIDGE = 26
TAG_WATER = 23
TAG_RAIL_TRACK = 27


@dataclass(slots=True)
class _Batch:
    positions: list[Array] = field(default_factory=list)
    uvs: list[Array] = field(default_factory=list)
    triangles: list[NDArray[np.int64]] = field(default_factory=list)
    ups: list[float] = field(default_factory=list)
    """1 where triangles face up, -1 where down; one for each item of ``triangles``."""
    count: int = 0

    def turned(self, positions: Array) -> NDArray[np.int64]:
        """(T, 3) all triangles over ``positions`` (V, 3) that have an area, turned to face as they were meant to."""
        triangles = np.concatenate(self.triangles)
        up = np.repeat(self.ups, [len(part) for part in self.triangles])
        corners = positions[triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        wrong = normals[:, 2] * up < -_SMALLEST_AREA_M2
        triangles[wrong] = triangles[wrong][:, ::-1]
        return np.asarray(triangles[np.linalg.norm(normals, axis=1) > 2.0 * _SMALLEST_AREA_M2])


class GroundMesh:
    """Accumulates level strips, fans and kerb faces."""

    def __init__(self) -> None:
        self._batches: dict[tuple[str, int], _Batch] = defaultdict(_Batch)

    def add(
        self,
        material: str,
        tag: int,
        positions: Array,
        triangles: NDArray[np.int64],
        uvs: Array | None = None,
        *,
        faces_up: bool = True,
    ) -> None:
        """Add triangles (T, 3) over points (V, 3) [m]; all but upright ones are turned to face up (or else down).

        ``uvs`` (V, 2) [m] default to x and y.
        """
        batch = self._batches[material, tag]
        batch.positions.append(positions)
        batch.uvs.append(positions[:, :2] if uvs is None else uvs)
        batch.triangles.append(triangles + batch.count)
        batch.ups.append(1.0 if faces_up else -1.0)
        batch.count += len(positions)

    def add_strip(
        self,
        material: str,
        tag: int,
        left: Array,
        right: Array,
        uvs: tuple[Array, Array] | None = None,
        *,
        faces_up: bool = True,
    ) -> None:
        """Add the quads between two polylines of N points (N, 3) [m].

        A vertical strip faces the side from which ``left`` to ``right`` goes up and the polylines run to the left.
        """
        count = len(left)
        first = np.arange(count - 1, dtype=np.int64)[:, None]
        lower, upper = first + np.array([0, 1, count + 1]), first + np.array([0, count + 1, count])
        triangles = np.concatenate([lower, upper])
        joined = None if uvs is None else np.concatenate(uvs)
        self.add(material, tag, np.concatenate([left, right]), triangles, joined, faces_up=faces_up)

    def surfaces(self, *, cell_m: float = CELL_M) -> list[Surface]:
        """One surface for each material, tag and grid cell, in a fixed order."""
        surfaces = []
        for (material, tag), batch in sorted(self._batches.items()):
            positions, uvs = np.concatenate(batch.positions), np.concatenate(batch.uvs)
            triangles = batch.turned(positions)
            if len(triangles) == 0:
                continue
            cells = np.floor(positions[triangles][:, :, :2].mean(axis=1) / cell_m).astype(np.int64)
            order = np.lexsort((cells[:, 1], cells[:, 0]))
            borders = np.flatnonzero((np.diff(cells[order], axis=0) != 0).any(axis=1)) + 1
            for members in np.split(order, borders):
                used, local = np.unique(triangles[members], return_inverse=True)
                surfaces.append(
                    Surface(
                        positions=np.ascontiguousarray(positions[used], dtype=np.float32),
                        triangles=np.ascontiguousarray(local.reshape(-1, 3), dtype=np.int32),
                        uvs=np.ascontiguousarray(uvs[used], dtype=np.float32),
                        material=material,
                        tag=tag,
                    )
                )
        return surfaces


def lifted(points: Array, z: float | Array) -> Array:
    """Points (N, 2) with a height: (N, 3) [m]."""
    raised = np.empty((len(points), 3))
    raised[:, :2], raised[:, 2] = points, z
    return raised
