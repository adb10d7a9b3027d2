"""Geometry under the mesh builder: normals with creases, winding, projections.

Frame: any; ``cross(p1 - p0, p2 - p0)`` points out of a triangle's visible side.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float32]
Triangles = NDArray[np.int32]

_SMALL = 1e-9


def cross(a: NDArray[np.floating], b: NDArray[np.floating]) -> NDArray[np.float64]:
    """Return the cross products of vectors (..., 3); ``numpy.cross`` takes ten times as long on small arrays."""
    ax, ay, az = a[..., 0], a[..., 1], a[..., 2]
    bx, by, bz = b[..., 0], b[..., 1], b[..., 2]
    return np.asarray(np.stack([ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx], axis=-1), np.float64)


def unit(vectors: NDArray[np.floating]) -> Floats:
    """Return vectors (..., 3) at unit length; a zero vector becomes +z, so that every normal is one."""
    values = np.asarray(vectors, np.float64)
    length = np.sqrt(np.einsum("...i,...i->...", values, values))[..., None]
    return np.asarray(np.where(length > _SMALL, values / np.maximum(length, _SMALL), (0.0, 0.0, 1.0)), np.float32)


def face_normals(positions: Floats, triangles: Triangles) -> NDArray[np.float64]:
    """Return (T, 3) normals, as long as twice the triangle's area."""
    p = np.asarray(positions, np.float64)[triangles]
    return cross(p[:, 1] - p[:, 0], p[:, 2] - p[:, 0])


def creased_normals(positions: Floats, triangles: Triangles, crease_deg: float) -> tuple[NDArray[np.int64], Floats]:
    """Return, per triangle corner, its vertex (3T,) and its normal (3T, 3); see the module's second decision.

    Vertices at one place count as one, so that a seam in the texture coordinates does not show in the shading.
    """
    area_normals = face_normals(positions, triangles)
    directions = unit(area_normals)
    _, place = np.unique(np.round(np.asarray(positions, np.float64), 5), axis=0, return_inverse=True)
    corners = triangles.reshape(-1).astype(np.int64)
    corner_place = place.reshape(-1)[corners]
    owner = np.repeat(np.arange(len(triangles)), 3)
    order = np.argsort(corner_place, kind="stable")
    count = np.bincount(corner_place, minlength=int(place.max()) + 1)
    start = np.concatenate([[0], np.cumsum(count)])[:-1]
    limit = np.cos(np.radians(crease_deg))
    total = np.zeros((len(corners), 3))
    shares = count[corner_place]
    for step in range(int(count.max())):
        valid = np.flatnonzero(step < shares)
        neighbour = owner[order[start[corner_place[valid]] + step]]
        close = np.einsum("ij,ij->i", directions[neighbour], directions[owner[valid]]) >= limit
        total[valid[close]] += area_normals[neighbour[close]]
    return corners, unit(total)


def box_mapped_uvs(positions: Floats, normals: Floats, tile_m: float) -> Floats:
    """Return (V, 2) texture coordinates in tiles: each vertex projected along the main axis of its normal."""
    axis = np.abs(normals).argmax(axis=1)
    across = np.where(axis == 0, positions[:, 1], positions[:, 0])
    up = np.where(axis == 2, positions[:, 1], positions[:, 2])
    return np.asarray(np.stack([across, up], axis=1) / tile_m, np.float32)


def yaw_matrix(yaw_deg: float) -> NDArray[np.float64]:
    """Return the (3, 3) turn by a CARLA yaw: x towards y."""
    c, s = np.cos(np.radians(yaw_deg)), np.sin(np.radians(yaw_deg))
    return np.array([[c, -s, 0.0], [s, c, 0.0], [0.0, 0.0, 1.0]])


def plane_axes(normal: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return unit vectors (right, up) of the plane with this normal; ``cross(right, up)`` is the normal.

    ``up`` leans towards +z wherever that is possible.
    """
    direction = normal / np.linalg.norm(normal)
    upright = np.array([0.0, 0.0, 1.0]) if abs(direction[2]) < 0.95 else np.array([1.0, 0.0, 0.0])
    right = cross(upright, direction)
    right = right / np.linalg.norm(right)
    return right, cross(direction, right)


def signed_volume(positions: NDArray[np.float64], triangles: NDArray[np.integer]) -> float:
    """Return the volume that the triangles enclose [m^3], negative when they wind inward.

    Measured about the shape's own centre, so that a missing cap hardly disturbs the sign.
    """
    p = (positions - positions.mean(axis=0))[triangles]
    return float(np.einsum("ij,ij->", p[:, 0], cross(p[:, 1], p[:, 2])) / 6.0)


def welded(source: NDArray[np.int64], normals: Floats) -> tuple[NDArray[np.int64], Floats, Triangles]:
    """Merge triangle corners of equal vertex and normal: (vertex of each new one, its normal, (T, 3) triangles)."""
    key = np.concatenate([source[:, None].astype(np.float64), np.round(normals.astype(np.float64), 4)], axis=1)
    _, first, inverse = np.unique(key, axis=0, return_index=True, return_inverse=True)
    return source[first], normals[first], inverse.reshape(-1, 3).astype(np.int32)
