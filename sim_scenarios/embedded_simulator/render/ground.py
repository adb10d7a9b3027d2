"""The town's surfaces as meshes, a piece of one tag and about a city block each, so that culling can drop them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Part
from sim_scenarios.embedded_simulator.render.model_source import ModelSource
from sim_scenarios.embedded_simulator.road.ground_pieces import ground_pieces, surface_corners
from sim_scenarios.embedded_simulator.road.town import Surface

_CREASE_STEPS = 8.0
"""Corners whose face normals agree to within about 1 / 8 share one smooth normal."""


def ground_meshes(surfaces: Sequence[Surface], models: ModelSource) -> list[Mesh]:
    """A mesh for each of ``ground_pieces``, in their order; kerbs stay sharp, gentle terrain becomes smooth."""
    if not surfaces:
        return []
    corners = surface_corners(surfaces)
    tiles = [np.float32(models.tile_m(surface.material)) for surface in surfaces]
    uvs = np.concatenate([s.uvs[s.triangles] / tile for s, tile in zip(surfaces, tiles, strict=True)])  # (T, 3, 2)
    materials = np.concatenate([np.full(len(s.triangles), models.material_index(s.material)) for s in surfaces])
    return [
        _piece_mesh(corners[piece.triangles], uvs[piece.triangles], materials[piece.triangles], piece.tag)
        for piece in ground_pieces(surfaces)
    ]


def _piece_mesh(corners: NDArray[np.float32], uvs: NDArray[np.float32], materials: NDArray[np.int64], tag: int) -> Mesh:
    """Weld corners that agree in place, texture coordinate and (roughly) facing."""
    faces = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])  # (T, 3), twice the area
    unit = faces / np.maximum(np.linalg.norm(faces, axis=1, keepdims=True), 1e-12)
    facing = np.round(unit * (_CREASE_STEPS / 2.0)).repeat(3, axis=0)
    keys = np.concatenate(
        [np.round(corners.reshape(-1, 3) * 1000.0), np.round(uvs.reshape(-1, 2) * 4096.0), facing], axis=1
    ).astype(np.int64)
    _, first, welded = np.unique(keys, axis=0, return_index=True, return_inverse=True)
    welded = welded.reshape(-1)
    normals = np.zeros((len(first), 3))
    np.add.at(normals, welded, faces.repeat(3, axis=0))
    normals /= np.maximum(np.linalg.norm(normals, axis=1, keepdims=True), 1e-12)
    count = len(first)
    return Mesh(
        positions=np.ascontiguousarray(corners.reshape(-1, 3)[first], np.float32),
        normals=normals.astype(np.float32),
        uvs=np.ascontiguousarray(uvs.reshape(-1, 2)[first], np.float32),
        colors=np.ones((count, 3), np.float32),
        triangles=welded.reshape(-1, 3).astype(np.int32),
        materials=materials.astype(np.uint8),
        tags=np.full(len(materials), tag, np.uint8),
        parts=np.full(len(materials), Part.PLAIN, np.uint8),
        joints=np.zeros(count, np.uint8),
        pivots=np.zeros((count, 3), np.float32),
    )
