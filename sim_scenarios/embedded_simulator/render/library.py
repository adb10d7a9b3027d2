"""Every mesh of a scene in one set of arrays, so that a kernel can reach any of them by number.

A mesh is a run of vertices and a run of triangles; the triangles' corners are numbers of library vertices.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh

NORMAL, UV, COLOR = 0, 3, 5
"""First column of each attribute in ``MeshLibrary.attributes``."""
MATERIAL, TAG, PART = 0, 1, 2
"""Columns of ``MeshLibrary.triangle_info``."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class MeshLibrary:
    """All meshes, end to end."""

    positions: NDArray[np.float32]
    """(V, 3) [m], in each mesh's own frame."""
    attributes: NDArray[np.float32]
    """(V, 8): unit normal (3), uv in tiles (2), linear light colour 0..1 (3)."""
    joints: NDArray[np.uint8]
    """(V,) ``Joint``."""
    pivots: NDArray[np.float32]
    """(V, 3) [m]."""
    triangles: NDArray[np.int32]
    """(T, 3) numbers of library vertices."""
    triangle_info: NDArray[np.uint8]
    """(T, 3): material, semantic tag, ``Part``."""
    first_vertex: NDArray[np.int64]
    """(M + 1,) where each mesh's vertices start; the last entry is V."""
    first_triangle: NDArray[np.int64]
    """(M + 1,) likewise for triangles."""


class LibraryBuilder:
    """Collects meshes; each gets the number under which the finished library knows it."""

    def __init__(self) -> None:
        self._meshes: list[Mesh] = []

    def add(self, mesh: Mesh) -> int:
        """Take a mesh in and return its number."""
        if len(mesh.triangles) and mesh.triangles.max() >= len(mesh.positions):
            raise ValueError(
                f"a triangle names vertex {mesh.triangles.max()} of a mesh with {len(mesh.positions)} vertices"
            )
        self._meshes.append(mesh)
        return len(self._meshes) - 1

    def build(self) -> MeshLibrary:
        """Lay all meshes end to end."""
        meshes = self._meshes
        first_vertex = np.cumsum([0, *(len(mesh.positions) for mesh in meshes)], dtype=np.int64)
        first_triangle = np.cumsum([0, *(len(mesh.triangles) for mesh in meshes)], dtype=np.int64)
        colors = np.concatenate([mesh.colors for mesh in meshes])
        attributes = np.concatenate(
            [
                np.concatenate([mesh.normals for mesh in meshes]),
                np.concatenate([mesh.uvs for mesh in meshes]),
                linear_from_srgb(colors),
            ],
            axis=1,
        )
        triangles = [mesh.triangles + np.int32(start) for mesh, start in zip(meshes, first_vertex[:-1], strict=True)]
        info = [np.stack([mesh.materials, mesh.tags, mesh.parts], axis=1) for mesh in meshes]
        return MeshLibrary(
            positions=np.ascontiguousarray(np.concatenate([mesh.positions for mesh in meshes]), np.float32),
            attributes=np.ascontiguousarray(attributes, np.float32),
            joints=np.concatenate([mesh.joints for mesh in meshes]).astype(np.uint8),
            pivots=np.ascontiguousarray(np.concatenate([mesh.pivots for mesh in meshes]), np.float32),
            triangles=np.ascontiguousarray(np.concatenate(triangles), np.int32),
            triangle_info=np.ascontiguousarray(np.concatenate(info), np.uint8),
            first_vertex=first_vertex,
            first_triangle=first_triangle,
        )


def linear_from_srgb(srgb: NDArray[np.float32]) -> NDArray[np.float32]:
    """SRGB 0..1 to linear light by the square, which is what the shading and the tone curve use throughout."""
    return np.square(np.clip(srgb, 0.0, 1.0)).astype(np.float32)
