"""What lies under a point: the triangles that one can stand on, found by grid cell, for compiled loops.

A cell lists every triangle that reaches into it, so that heights are those of the triangles' own planes and a bridge
and the road below it are two entries of the same cell. ``triangle_under`` and ``height_of`` are for other kernels, too.
"""

from __future__ import annotations

import math
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

STEP_UP_M = 0.5
"""How far above a point the ground under it may be: a wheel inside a kerb stands on it, one under a bridge does not."""
NOTHING = -1
_SEAM_M = 1e-3
"""Triangles reach this much over their edges: neighbours that were rounded apart leave no crack."""


class GroundGrid(NamedTuple):
    """Triangles by cell; a plain tuple of arrays, which numba kernels take as an argument."""

    left: float
    """World x [m] of the first cell's edge."""
    top: float
    """World y [m]."""
    cell_m: float
    columns: int
    rows: int
    starts: NDArray[np.int32]
    """(rows * columns + 1,) where each cell's entries begin."""
    entries: NDArray[np.int32]
    """(E,) triangle numbers, by rising number within a cell."""
    edges: NDArray[np.float64]
    """(T, 3, 3): of each edge a, b, c with ``a x + b y + c`` the distance [m] inwards from it."""
    planes: NDArray[np.float64]
    """(T, 3): a, b, c with ``z = a x + b y + c``."""


def build_ground_grid(corners: NDArray[np.float64], *, cell_m: float) -> GroundGrid:
    """Grid over triangles (T, 3, 3) [m], none of which stands upright."""
    if not len(corners):
        nothing = np.zeros(0, np.int32)
        return GroundGrid(0.0, 0.0, cell_m, 0, 0, np.zeros(1, np.int32), nothing, np.zeros((0, 3, 3)), np.zeros((0, 3)))
    low, high = corners[:, :, :2].min(axis=(0, 1)), corners[:, :, :2].max(axis=(0, 1))
    left, top = float(low[0]) - _SEAM_M, float(low[1]) - _SEAM_M
    columns, rows = (math.floor((float(side) + 2.0 * _SEAM_M) / cell_m) + 1 for side in high - low)
    nowhere = np.zeros(0, np.int32)
    counts = np.zeros(rows * columns + 1, np.int64)
    _enter(corners, left, top, cell_m, columns, rows, counts, nowhere, _SEAM_M)
    starts = np.cumsum(counts) - counts
    entries = np.empty(int(counts.sum()), np.int32)
    _enter(corners, left, top, cell_m, columns, rows, starts.copy(), entries, _SEAM_M)
    edges, planes = _equations(corners)
    return GroundGrid(left, top, cell_m, columns, rows, starts.astype(np.int32), entries, edges, planes)


def _equations(corners: NDArray[np.float64]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    along = np.roll(corners, -1, axis=1) - corners  # (T, 3, 3)
    doubled = along[:, 0, 0] * along[:, 1, 1] - along[:, 0, 1] * along[:, 1, 0]
    inward = np.stack([-along[:, :, 1], along[:, :, 0]], axis=2) * np.sign(doubled)[:, None, None]
    inward /= np.maximum(np.linalg.norm(inward, axis=2, keepdims=True), 1e-12)
    offset = -(inward * corners[:, :, :2]).sum(axis=2)
    edges = np.concatenate([inward, offset[:, :, None]], axis=2)
    normal = np.cross(along[:, 0], along[:, 1])
    slope = -normal[:, :2] / normal[:, 2:]
    level = corners[:, 0, 2] - (slope * corners[:, 0, :2]).sum(axis=1)
    return np.ascontiguousarray(edges), np.concatenate([slope, level[:, None]], axis=1)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _enter(
    corners: NDArray[np.float64],
    left: float,
    top: float,
    cell_m: float,
    columns: int,
    rows: int,
    cursor: NDArray[np.int64],
    entries: NDArray[np.int32],
    seam_m: float,
) -> None:
    """Moves each cell's cursor on by the number of its triangles; writes their numbers if there are ``entries``."""
    for t in range(corners.shape[0]):
        low_y = min(corners[t, 0, 1], corners[t, 1, 1], corners[t, 2, 1]) - seam_m
        high_y = max(corners[t, 0, 1], corners[t, 1, 1], corners[t, 2, 1]) + seam_m
        for row in range(
            max(0, math.floor((low_y - top) / cell_m)), min(rows, math.floor((high_y - top) / cell_m) + 1)
        ):
            band_low, band_high = top + row * cell_m - seam_m, top + (row + 1) * cell_m + seam_m
            low_x, high_x = math.inf, -math.inf
            for k in range(3):  # the triangle's extent in x within the band of this row
                ax, ay = corners[t, k, 0], corners[t, k, 1]
                bx, by = corners[t, (k + 1) % 3, 0], corners[t, (k + 1) % 3, 1]
                if max(ay, by) < band_low or min(ay, by) > band_high:
                    continue
                for y in (band_low, band_high):
                    if min(ay, by) < y < max(ay, by):
                        x = ax + (bx - ax) * (y - ay) / (by - ay)
                        low_x, high_x = min(low_x, x), max(high_x, x)
                if band_low <= ay <= band_high:
                    low_x, high_x = min(low_x, ax), max(high_x, ax)
                if band_low <= by <= band_high:
                    low_x, high_x = min(low_x, bx), max(high_x, bx)
            if low_x > high_x:
                continue
            first = max(0, math.floor((low_x - seam_m - left) / cell_m))
            last = min(columns - 1, math.floor((high_x + seam_m - left) / cell_m))
            for cell in range(row * columns + first, row * columns + last + 1):
                if len(entries):
                    entries[cursor[cell]] = t
                cursor[cell] += 1


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def height_of(grid: GroundGrid, triangle: int, x: float, y: float) -> float:
    """Height [m] of a triangle's plane at a point."""
    return float(grid.planes[triangle, 0] * x + grid.planes[triangle, 1] * y + grid.planes[triangle, 2])


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def triangle_under(grid: GroundGrid, x: float, y: float, highest_z: float) -> int:
    """Number of the highest triangle at (x, y) not above ``highest_z``; if all are above, the lowest; -1 if none."""
    column, row = math.floor((x - grid.left) / grid.cell_m), math.floor((y - grid.top) / grid.cell_m)
    if not (0 <= column < grid.columns and 0 <= row < grid.rows):  # also when x or y is NaN
        return -1
    cell = int(row) * grid.columns + int(column)
    below, above = -1, -1
    below_z, above_z = -math.inf, math.inf
    for entry in range(grid.starts[cell], grid.starts[cell + 1]):
        t = grid.entries[entry]
        if not _covers(grid.edges, t, x, y):
            continue
        z = grid.planes[t, 0] * x + grid.planes[t, 1] * y + grid.planes[t, 2]
        if z <= highest_z:
            if z > below_z:
                below, below_z = t, z
        elif z < above_z:
            above, above_z = t, z
    return below if below >= 0 else above


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _covers(edges: NDArray[np.float64], t: int, x: float, y: float) -> bool:
    ab = edges[t, 0, 0] * x + edges[t, 0, 1] * y + edges[t, 0, 2]
    bc = edges[t, 1, 0] * x + edges[t, 1, 1] * y + edges[t, 1, 2]
    ca = edges[t, 2, 0] * x + edges[t, 2, 1] * y + edges[t, 2, 2]
    return bool(ab >= -_SEAM_M and bc >= -_SEAM_M and ca >= -_SEAM_M)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def heights_under(grid: GroundGrid, points: NDArray[np.float64], step_up_m: float) -> NDArray[np.float64]:
    """(N,) [m] of the planes of ``triangles_under``, 0 where there is none."""
    heights = np.zeros(len(points))
    for i in range(len(points)):
        found = triangle_under(grid, points[i, 0], points[i, 1], points[i, 2] + step_up_m)
        if found >= 0:
            heights[i] = height_of(grid, found, points[i, 0], points[i, 1])
    return heights


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def triangles_under(grid: GroundGrid, points: NDArray[np.float64], step_up_m: float) -> NDArray[np.int64]:
    """(N,) of points (N, 3) [m]: ``triangle_under`` of each, ``step_up_m`` above its z at most."""
    found = np.empty(len(points), np.int64)
    for i in range(len(points)):
        found[i] = triangle_under(grid, points[i, 0], points[i, 1], points[i, 2] + step_up_m)
    return found
