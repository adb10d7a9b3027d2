"""The town's surfaces as meshes of about one city block each, so that culling can drop what is behind the camera."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Part
from sim_scenarios.embedded_simulator.render.model_source import ModelSource
from sim_scenarios.embedded_simulator.road.town import Surface

CELL_M = 40.0
_CREASE_STEPS = 8.0
"""Corners whose face normals agree to within about 1 / 8 share one smooth normal."""


def ground_meshes(surfaces: Sequence[Surface], models: ModelSource) -> list[Mesh]:
    """Cut the surfaces by the cell of each triangle's centre; kerbs stay sharp, gentle terrain becomes smooth."""
    if not surfaces:
        return []
    pieces = [_unshared(surface, models) for surface in surfaces]
    corners = np.concatenate([piece[0] for piece in pieces])  # (T, 3, 3) [m]
    uvs = np.concatenate([piece[1] for piece in pieces])  # (T, 3, 2) tiles
    materials = np.concatenate(
        [np.full(len(p[0]), models.material_index(s.material)) for p, s in zip(pieces, surfaces, strict=True)]
    )
    tags = np.concatenate([np.full(len(p[0]), s.tag) for p, s in zip(pieces, surfaces, strict=True)])
    cells = np.floor(corners.mean(axis=1)[:, :2] / CELL_M).astype(np.int64)
    cell_keys = cells[:, 0] * 100_000 + cells[:, 1]
    order = np.argsort(cell_keys, kind="stable")
    starts = np.flatnonzero(np.diff(cell_keys[order], prepend=cell_keys[order[0]] - 1))
    return [_cell_mesh(corners[part], uvs[part], materials[part], tags[part]) for part in np.split(order, starts[1:])]


def _unshared(surface: Surface, models: ModelSource) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Corner positions (T, 3, 3) [m] and texture coordinates (T, 3, 2) [tiles] of every triangle."""
    tile_m = np.float32(models.tile_m(surface.material))
    return surface.positions[surface.triangles], surface.uvs[surface.triangles] / tile_m


def _cell_mesh(
    corners: NDArray[np.float32], uvs: NDArray[np.float32], materials: NDArray[np.int64], tags: NDArray[np.int64]
) -> Mesh:
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
        tags=tags.astype(np.uint8),
        parts=np.full(len(materials), Part.PLAIN, np.uint8),
        joints=np.zeros(count, np.uint8),
        pivots=np.zeros((count, 3), np.float32),
    )
