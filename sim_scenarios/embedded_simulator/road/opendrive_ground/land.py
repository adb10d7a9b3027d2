"""The land round the roads, which ends a little below their edges and rises to gentle hills far out.

Heights come from the road edges on the land alone, so the land stays low under bridges. They are spread over a grid by
averaging upwards and filling downwards (push and pull), and smoothed. Cells that roads cut are triangulated exactly.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_TERRAIN, GroundMesh
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import NearestLine, triangles_over

CELL_M = 8.0
"""Side of the near grid's cells, which are larger on maps that would need more than so many."""
_MOST_CELLS = 50_000
_COARSE = 8
"""Cells of the near grid along one of the far grid."""
_MARGIN_M = 48.0
_FAR_M = 640.0
BELOW_M = 0.04
"""The land ends this far below a road's edge ..."""
_TUCK_M = 0.25
"""... and this far under it."""
_SMOOTHING = 60
_HILL_M, _HILL_OVER_M = 40.0, 420.0
_LEVEL_M = 60.0
_UNDER_BRIDGE_M = 1.6


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Land:
    """Heights on a square grid."""

    left: float
    """World x of the first corner [m]."""
    top: float
    cell_m: float
    heights: Array
    """(rows + 1, columns + 1) [m] at the corners of cells; a row holds equal y."""

    def at(self, points: Array) -> Array:
        """Heights (N,) [m] at points (N, 2), as straight lines between corners; beyond the grid those of its rim."""
        rows, columns = self.heights.shape
        u = np.minimum(np.maximum((points[:, 0] - self.left) / self.cell_m, 0.0), columns - 1 - 1e-9)
        v = np.minimum(np.maximum((points[:, 1] - self.top) / self.cell_m, 0.0), rows - 1 - 1e-9)
        i, j = v.astype(np.int64), u.astype(np.int64)
        u, v = u - j, v - i
        low = self.heights[i, j] * (1.0 - u) + self.heights[i, j + 1] * u
        high = self.heights[i + 1, j] * (1.0 - u) + self.heights[i + 1, j + 1] * u
        return np.asarray(low * (1.0 - v) + high * v)


def shape_land(edges: Sequence[Array], *, lids: Sequence[Array] = ()) -> Land:
    """Land through road edges (N, 3) and below ``lids`` (N, 3), the decks of bridges, over all of them and a margin."""
    samples = np.concatenate([_dense(edge) for edge in edges])
    span = np.ptp(samples[:, :2], axis=0) + 2.0 * _MARGIN_M
    cell_m = max(CELL_M, float(np.sqrt(span[0] * span[1] / _MOST_CELLS)))
    coarse = cell_m * _COARSE
    low = np.floor((samples[:, :2].min(axis=0) - _MARGIN_M) / coarse) * coarse
    high = np.ceil((samples[:, :2].max(axis=0) + _MARGIN_M) / coarse) * coarse
    columns, rows = (round(float(side) / cell_m) for side in high - low)
    total, weight = np.zeros((rows + 1, columns + 1)), np.zeros((rows + 1, columns + 1))
    place = (samples[:, :2] - low) / cell_m
    corner = np.floor(place).astype(np.int64)
    share = place - corner
    for dj in (0, 1):
        for di in (0, 1):
            w = (share[:, 0] if dj else 1.0 - share[:, 0]) * (share[:, 1] if di else 1.0 - share[:, 1]) + 1e-3
            index = corner[:, 1] + di, corner[:, 0] + dj
            np.add.at(total, index, w * (samples[:, 2] - BELOW_M))
            np.add.at(weight, index, w)
    known = weight > 0.0
    heights = _spread(np.where(known, total / np.maximum(weight, 1e-12), 0.0), known)
    padded = np.empty((heights.shape[0] + 2, heights.shape[1] + 2))
    for _ in range(_SMOOTHING):
        padded[1:-1, 1:-1] = heights
        padded[0, 1:-1], padded[-1, 1:-1] = heights[0], heights[-1]
        padded[1:-1, 0], padded[1:-1, -1] = heights[:, 0], heights[:, -1]
        mean = 0.25 * (padded[:-2, 1:-1] + padded[2:, 1:-1] + padded[1:-1, :-2] + padded[1:-1, 2:])
        heights = np.where(known, heights, mean)
    land = Land(left=float(low[0]), top=float(low[1]), cell_m=cell_m, heights=heights)
    for lid in lids:
        _press_down(land, lid)
    _straighten_rim(heights)
    return land


def _dense(edge: Array) -> Array:
    """An edge (N, 3) with a point at least every half cell."""
    lengths = np.linalg.norm(np.diff(edge[:, :2], axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(lengths)])
    s = np.linspace(0.0, along[-1], 2 + int(along[-1] / (0.5 * CELL_M)))
    return np.stack([np.interp(s, along, edge[:, axis]) for axis in range(3)], axis=1)


def _spread(heights: Array, known: NDArray[np.bool_]) -> Array:
    """Unknown heights from the known ones around them, by halving the grid until all is known."""
    if known.all():
        return heights
    if min(heights.shape) <= 2:
        return np.where(known, heights, heights[known].mean() if known.any() else 0.0)
    rows, columns = ((side + 1) // 2 for side in heights.shape)
    padded = [np.pad(a, ((0, 2 * rows - a.shape[0]), (0, 2 * columns - a.shape[1]))) for a in (heights * known, known)]
    total, count = (a.reshape(rows, 2, columns, 2).sum(axis=(1, 3)).astype(np.float64) for a in padded)
    coarse = _spread(np.where(count > 0, total / np.maximum(count, 1.0), 0.0), count > 0)
    fine = coarse.repeat(2, axis=0).repeat(2, axis=1)[: heights.shape[0], : heights.shape[1]]
    return np.where(known, heights, fine)


def _press_down(land: Land, lid: Array) -> None:
    """Keep the corners of cells under a bridge's deck (N, 3) well below it."""
    for x, y, z in _dense(lid):
        i, j = int((y - land.top) / land.cell_m), int((x - land.left) / land.cell_m)
        corners = land.heights[max(i, 0) : i + 2, max(j, 0) : j + 2]
        np.minimum(corners, z - _UNDER_BRIDGE_M, out=corners)


def _straighten_rim(heights: Array) -> None:
    """Make the rim straight between the corners of the far grid's cells, so that both grids meet without a gap."""
    for rim in (heights[0], heights[-1], heights[:, 0], heights[:, -1]):
        knots = np.arange(0, len(rim), _COARSE)
        rim[:] = np.interp(np.arange(len(rim)), knots, rim[knots])


def add_land(near: GroundMesh, far: GroundMesh, land: Land, roads: shapely.Geometry, edges: Sequence[Array]) -> None:
    """The near grid without ``roads``, and the far one around it out to the hills."""
    _add_near(near, land, roads, edges)
    _add_far(far, land)


def _add_near(mesh: GroundMesh, land: Land, roads: shapely.Geometry, edges: Sequence[Array]) -> None:
    hidden = roads.simplify(0.05).buffer(-_TUCK_M, join_style="mitre", mitre_limit=2.0)
    rows, columns = (side - 1 for side in land.heights.shape)
    whole = np.ones((rows, columns), np.bool_)
    boxes: list[tuple[float, float, float, float]] = []
    covers: list[shapely.Geometry] = []
    _cut_cells(land, hidden, (0, rows), (0, columns), whole, boxes, covers)
    i, j = (index.astype(np.int64) for index in np.nonzero(whole))
    corners = [(i, j), (i, j + 1), (i + 1, j + 1), (i + 1, j)]
    points = np.stack([_corner(land, *corner) for corner in corners], axis=1).reshape(-1, 3)
    first = 4 * np.arange(len(i), dtype=np.int64)[:, None]
    triangles = np.concatenate([first + np.array([0, 1, 2]), first + np.array([0, 2, 3])])
    mesh.add("grass", TAG_TERRAIN, points, triangles)
    if covers:
        pieces = shapely.difference(shapely.box(*np.transpose(boxes)), covers)
        flat, cut = triangles_over(shapely.GeometryCollection(pieces))
        mesh.add("grass", TAG_TERRAIN, _lifted(land, flat, edges), cut)


def _corner(land: Land, i: NDArray[np.int64], j: NDArray[np.int64]) -> Array:
    x, y = land.left + land.cell_m * j, land.top + land.cell_m * i
    return np.stack([x, y, land.heights[i, j]], axis=-1)


def _cut_cells(
    land: Land,
    roads: shapely.Geometry,
    rows: tuple[int, int],
    columns: tuple[int, int],
    whole: NDArray[np.bool_],
    boxes: list[tuple[float, float, float, float]],
    covers: list[shapely.Geometry],
) -> None:
    """Halve a block of cells until each is free of roads or a single one; note those with the roads there."""
    x0, x1 = land.left + land.cell_m * columns[0], land.left + land.cell_m * columns[1]
    y0, y1 = land.top + land.cell_m * rows[0], land.top + land.cell_m * rows[1]
    inside = shapely.clip_by_rect(roads, x0, y0, x1, y1)
    if shapely.area(inside) < 1e-6:
        return
    if rows[1] - rows[0] == 1 and columns[1] - columns[0] == 1:
        whole[rows[0], columns[0]] = False
        boxes.append((x0, y0, x1, y1))
        covers.append(inside)
        return
    if rows[1] - rows[0] >= columns[1] - columns[0]:
        middle = (rows[0] + rows[1]) // 2
        halves = [((rows[0], middle), columns), ((middle, rows[1]), columns)]
    else:
        middle = (columns[0] + columns[1]) // 2
        halves = [(rows, (columns[0], middle)), (rows, (middle, columns[1]))]
    for half_rows, half_columns in halves:
        _cut_cells(land, inside, half_rows, half_columns, whole, boxes, covers)


def _lifted(land: Land, points: Array, edges: Sequence[Array]) -> Array:
    """Points (N, 2) with heights: the grid's own at its corners, those of the nearest road edge elsewhere."""
    place = (points - [land.left, land.top]) / land.cell_m
    heights = land.at(points)
    beside = np.flatnonzero(np.abs(place - np.round(place)).max(axis=1) > 1e-6)
    heights[beside] = NearestLine(edges)(points[beside]) - BELOW_M
    return np.concatenate([points, heights[:, None]], axis=1)


def _add_far(mesh: GroundMesh, land: Land) -> None:
    """Large cells around the near grid, the inner ones meeting it, the outer ones hills."""
    coarse = land.cell_m * _COARSE
    rim = int(np.ceil(_FAR_M / coarse))
    rows, columns = ((side - 1) // _COARSE for side in land.heights.shape)
    i, j = np.meshgrid(np.arange(-rim, rows + rim + 1), np.arange(-rim, columns + rim + 1), indexing="ij")
    x, y = land.left + coarse * j, land.top + coarse * i
    out = np.hypot(
        np.maximum(np.maximum(-j, j - columns), 0) * coarse, np.maximum(np.maximum(-i, i - rows), 0) * coarse
    )
    flat = land.at(np.stack([x.ravel(), y.ravel()], axis=1)).reshape(x.shape)
    relief = 0.75 + 0.25 * np.sin(x / 93.0 + 0.6) * np.cos(y / 118.0) + 0.2 * np.sin(x / 41.0 + 1.0) * np.sin(y / 53.0)
    z = flat + _HILL_M * relief * np.clip((out - _LEVEL_M) / _HILL_OVER_M, 0.0, 1.5) ** 1.4
    outside = (i[:-1, :-1] < 0) | (i[:-1, :-1] >= rows) | (j[:-1, :-1] < 0) | (j[:-1, :-1] >= columns)
    index = np.arange(x.size).reshape(x.shape)
    a, b, c, d = (part[outside] for part in (index[:-1, :-1], index[:-1, 1:], index[1:, 1:], index[1:, :-1]))
    triangles = np.concatenate([np.stack([a, b, c], axis=1), np.stack([a, c, d], axis=1)])
    mesh.add("grass", TAG_TERRAIN, np.stack([x.ravel(), y.ravel(), z.ravel()], axis=1), triangles)
