"""Every mesh of a scene in one set of arrays, so that a kernel can reach any of them by number.

A mesh is a run of vertices and a run of triangles; the triangles' corners are numbers of library vertices. Meshes can
be added at any time, behind the others: what a mesh is called never changes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh
from sim_scenarios.embedded_simulator.render.rows import GrowingRows

NORMAL, UV, COLOR = 0, 3, 5
"""First column of each attribute in ``MeshLibrary.attributes``."""
MATERIAL, TAG, PART = 0, 1, 2
"""Columns of ``MeshLibrary.triangle_info``."""


class MeshLibrary:
    """All meshes, end to end."""

    def __init__(self) -> None:
        self._positions = GrowingRows(np.zeros((0, 3), np.float32))
        self._attributes = GrowingRows(np.zeros((0, 8), np.float32))
        self._joints = GrowingRows(np.zeros(0, np.uint8))
        self._pivots = GrowingRows(np.zeros((0, 3), np.float32))
        self._triangles = GrowingRows(np.zeros((0, 3), np.int32))
        self._triangle_info = GrowingRows(np.zeros((0, 3), np.uint8))
        self._first_vertex = GrowingRows(np.zeros(1, np.int64))
        self._first_triangle = GrowingRows(np.zeros(1, np.int64))

    @property
    def positions(self) -> NDArray[np.float32]:
        """(V, 3) [m], in each mesh's own frame."""
        return self._positions.rows

    @property
    def attributes(self) -> NDArray[np.float32]:
        """(V, 8): unit normal (3), uv in tiles (2), linear light colour 0..1 (3)."""
        return self._attributes.rows

    @property
    def joints(self) -> NDArray[np.uint8]:
        """(V,) ``Joint``."""
        return self._joints.rows

    @property
    def pivots(self) -> NDArray[np.float32]:
        """(V, 3) [m]."""
        return self._pivots.rows

    @property
    def triangles(self) -> NDArray[np.int32]:
        """(T, 3) numbers of library vertices."""
        return self._triangles.rows

    @property
    def triangle_info(self) -> NDArray[np.uint8]:
        """(T, 3): material, semantic tag, ``Part``."""
        return self._triangle_info.rows

    @property
    def first_vertex(self) -> NDArray[np.int64]:
        """(M + 1,) where each mesh's vertices start; the last entry is V."""
        return self._first_vertex.rows

    @property
    def first_triangle(self) -> NDArray[np.int64]:
        """(M + 1,) likewise for triangles."""
        return self._first_triangle.rows

    def __len__(self) -> int:
        return len(self.first_vertex) - 1

    def add(self, meshes: Sequence[Mesh]) -> None:
        """Lay meshes end to end behind the others; the first gets the number ``len(self)``.

        Raises:
            ValueError: A triangle names a vertex that its mesh does not have.
        """
        if not meshes:
            return
        vertices = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)]) + self.first_vertex[-1]
        triangles = np.cumsum([0, *(len(mesh.triangles) for mesh in meshes)]) + self.first_triangle[-1]
        for mesh in meshes:
            if len(mesh.triangles) and mesh.triangles.max() >= len(mesh.positions):
                raise ValueError(
                    f"a triangle names vertex {mesh.triangles.max()} of a mesh with {len(mesh.positions)} vertices"
                )
        self._positions.add(np.concatenate([mesh.positions for mesh in meshes]))
        columns = (
            np.concatenate([mesh.normals for mesh in meshes]),
            np.concatenate([mesh.uvs for mesh in meshes]),
            linear_from_srgb(np.concatenate([mesh.colors for mesh in meshes])),
        )
        self._attributes.add(np.concatenate(columns, axis=1))
        self._joints.add(np.concatenate([mesh.joints for mesh in meshes]))
        self._pivots.add(np.concatenate([mesh.pivots for mesh in meshes]))
        corners = [mesh.triangles + np.int32(start) for mesh, start in zip(meshes, vertices[:-1], strict=True)]
        self._triangles.add(np.concatenate(corners))
        info = [np.concatenate([getattr(mesh, name) for mesh in meshes]) for name in ("materials", "tags", "parts")]
        self._triangle_info.add(np.stack(info, axis=1))
        self._first_vertex.add(vertices[1:])
        self._first_triangle.add(triangles[1:])


def linear_from_srgb(srgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """SRGB 0..1 to linear light by the square, which is what the shading and the tone curve use throughout."""
    return np.square(np.clip(srgb, 0.0, 1.0)).astype(np.float32)
