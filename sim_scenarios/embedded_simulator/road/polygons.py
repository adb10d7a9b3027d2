"""Simple polygons in the plane: area, containment, triangulation, cutting to a grid, and rectangles that must not meet.

Exact enough for street plans (millimetres), and without a geometry library.
"""

from __future__ import annotations

import itertools
import math
from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.curves import Array, RoadError

_Ring = list[tuple[float, float]]
_CONVEX_EPS = 1e-9
_CELL_M = 12.0
_TOUCHING_M = 1e-9
"""Rectangles that share no more than this are apart."""


def signed_area(polygon: Array) -> float:
    """Of a polygon (N, 2): positive when it turns from x towards y."""
    x, y = polygon[:, 0], polygon[:, 1]
    return 0.5 * float(np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y))


def without_repeats(polygon: Array, tolerance_m: float = 1e-4) -> Array:
    """The polygon without consecutive points that coincide."""
    step = np.linalg.norm(polygon - np.roll(polygon, 1, axis=0), axis=1)
    kept: Array = polygon[step > tolerance_m]
    return kept


def contains(polygon: Array, points: Array) -> NDArray[np.bool_]:
    """Which of the points (P, 2) lie inside the polygon (N, 2), by crossing number."""
    start, end = polygon, np.concatenate([polygon[1:], polygon[:1]])
    px, py = points[:, 0, None], points[:, 1, None]
    straddles = (start[:, 1] > py) != (end[:, 1] > py)
    rise = np.where(end[:, 1] == start[:, 1], 1.0, end[:, 1] - start[:, 1])
    x_at = start[:, 0] + (py - start[:, 1]) * (end[:, 0] - start[:, 0]) / rise
    inside = np.count_nonzero(straddles & (px < x_at), axis=1) % 2 == 1
    return np.asarray(inside, dtype=np.bool_)


def distance_to_edges(polygon: Array, points: Array) -> Array:
    """Distance [m] of each point (P, 2) from the outline of the polygon (N, 2)."""
    start = polygon
    along = np.roll(polygon, -1, axis=0) - start
    squared = np.maximum(np.sum(along**2, axis=1), 1e-12)
    relative = points[:, None, :] - start
    t = np.clip(np.sum(relative * along, axis=2) / squared, 0.0, 1.0)
    return np.asarray(np.sqrt(np.min(np.sum((relative - t[:, :, None] * along) ** 2, axis=2), axis=1)))


def triangulate(polygon: Array) -> NDArray[np.int64]:
    """Ear clipping of a simple polygon (N, 2) that turns from x towards y: triangles (N - 2, 3).

    Raises:
        RoadError: when the outline crosses itself.
    """
    ring = list(range(len(polygon)))
    triangles = []
    i = 0
    misses = 0
    while len(ring) > 3:
        a, b, c = ring[i - 1], ring[i], ring[(i + 1) % len(ring)]
        if _is_ear(polygon, ring, a, b, c):
            triangles.append((a, b, c))
            del ring[i]
            misses = 0
            # Skipping the neighbour spreads the ears around the outline: rounder triangles than a single fan.
            i = (i + 1) % len(ring)
        else:
            i = (i + 1) % len(ring)
            misses += 1
            if misses > len(ring):
                raise RoadError(f"outline of {len(polygon)} points crosses itself near {polygon[b]}")
    a, b, c = ring
    if _cross(polygon[b] - polygon[a], polygon[c] - polygon[b]) < -_CONVEX_EPS:
        raise RoadError(f"outline of {len(polygon)} points crosses itself near {polygon[b]}")
    triangles.append((a, b, c))
    return np.array(triangles, dtype=np.int64)


def _is_ear(polygon: Array, ring: list[int], a: int, b: int, c: int) -> bool:
    pa, pb, pc = polygon[a], polygon[b], polygon[c]
    if _cross(pb - pa, pc - pb) < -_CONVEX_EPS:
        return False
    edges = np.stack([pb - pa, pc - pb, pa - pc])
    corners = np.stack([pa, pb, pc])
    relative = polygon[ring][:, None, :] - corners  # the corners themselves lie on edges
    sides = edges[:, 0] * relative[:, :, 1] - edges[:, 1] * relative[:, :, 0]
    return not bool(np.any(np.all(sides > _CONVEX_EPS, axis=1)))


def _cross(u: Array, v: Array) -> float:
    return float(u[0] * v[1] - u[1] * v[0])


def cut_to_grid(points: Array, triangles: NDArray[np.int64], cell_m: float) -> tuple[Array, NDArray[np.int64]]:
    """Split triangles (T, 3) over points (P, 2) along grid lines ``cell_m`` apart: new points and triangles."""
    polygons: list[_Ring] = [[(x, y) for x, y in corners] for corners in points[triangles].tolist()]
    for axis in (0, 1):
        pieces = []
        for polygon in polygons:
            places = [point[axis] for point in polygon]
            low, high = math.floor(min(places) / cell_m) + 1, math.ceil(max(places) / cell_m)
            rest = polygon
            for number in range(low, high):
                below, rest = _cut(rest, axis, number * cell_m)
                if len(below) >= 3:
                    pieces.append(below)
            if len(rest) >= 3:
                pieces.append(rest)
        polygons = pieces
    fans, base = [], 0
    for polygon in polygons:
        ring = np.arange(1, len(polygon) - 1)
        fans.append(base + np.stack([np.zeros_like(ring), ring, ring + 1], axis=1))
        base += len(polygon)
    return np.array(list(itertools.chain.from_iterable(polygons))), np.concatenate(fans).astype(np.int64)


def _cut(polygon: _Ring, axis: int, at: float) -> tuple[_Ring, _Ring]:
    """A convex polygon's parts below and above a grid line."""
    below: _Ring = []
    above: _Ring = []
    for start, end in zip(polygon, polygon[1:] + polygon[:1], strict=True):
        d0, d1 = start[axis] - at, end[axis] - at
        if d0 <= 0.0:
            below.append(start)
        if d0 >= 0.0:
            above.append(start)
        if d0 * d1 < 0.0:
            share = d0 / (d0 - d1)
            x, y = start[0] + (end[0] - start[0]) * share, start[1] + (end[1] - start[1]) * share
            crossing = (at, y) if axis == 0 else (x, at)
            below.append(crossing)
            above.append(crossing)
    return below, above


@dataclass(frozen=True, slots=True)
class Rectangle:
    """A turned rectangle."""

    x: float
    """Middle [m]."""
    y: float
    yaw: float
    """Of its length axis [rad]."""
    half_length: float
    """[m]."""
    half_width: float

    def corners(self) -> Array:
        """(4, 2) [m], turning from x towards y."""
        u = np.array([math.cos(self.yaw), math.sin(self.yaw)]) * self.half_length
        v = np.array([-math.sin(self.yaw), math.cos(self.yaw)]) * self.half_width
        return np.array([self.x, self.y]) + np.stack([-u - v, u - v, u + v, v - u])

    def grown(self, margin_m: float) -> Rectangle:
        """The rectangle with ``margin_m`` more on every side."""
        return Rectangle(self.x, self.y, self.yaw, self.half_length + margin_m, self.half_width + margin_m)

    def overlaps(self, other: Rectangle) -> bool:
        """Whether the two share more than an edge, by the separating axis test."""
        dx, dy = other.x - self.x, other.y - self.y
        turn = other.yaw - self.yaw
        c, s = abs(math.cos(turn)), abs(math.sin(turn))
        for one, another in ((self, other), (other, self)):
            ahead, aside = math.cos(one.yaw), math.sin(one.yaw)
            length, width = another.half_length, another.half_width
            if abs(dx * ahead + dy * aside) >= one.half_length + c * length + s * width - _TOUCHING_M:
                return False
            if abs(dy * ahead - dx * aside) >= one.half_width + s * length + c * width - _TOUCHING_M:
                return False
        return True


class _Claim(NamedTuple):
    """A rectangle and the box around it, which is looked at first."""

    rectangle: Rectangle
    left: float
    right: float
    top: float
    bottom: float

    @classmethod
    def of(cls, rectangle: Rectangle) -> _Claim:
        x, y = rectangle.x, rectangle.y
        c, s = abs(math.cos(rectangle.yaw)), abs(math.sin(rectangle.yaw))
        reach_x = c * rectangle.half_length + s * rectangle.half_width
        reach_y = s * rectangle.half_length + c * rectangle.half_width
        return cls(rectangle, x - reach_x, x + reach_x, y - reach_y, y + reach_y)

    def cells(self) -> Iterator[tuple[int, int]]:
        """All that the box touches."""
        return itertools.product(
            range(math.floor(self.left / _CELL_M), math.floor(self.right / _CELL_M) + 1),
            range(math.floor(self.top / _CELL_M), math.floor(self.bottom / _CELL_M) + 1),
        )


class Claims:
    """Rectangles already taken, looked up by grid cell: says whether another one is free."""

    def __init__(self) -> None:
        self._cells: dict[tuple[int, int], list[_Claim]] = defaultdict(list)

    def is_free(self, rectangle: Rectangle, gap_m: float = 0.0) -> bool:
        """Whether ``rectangle``, with ``gap_m`` more on every side, touches nothing that was taken."""
        grown = rectangle.grown(gap_m) if gap_m else rectangle
        claim = _Claim.of(grown)
        left, right, top, bottom = claim.left, claim.right, claim.top, claim.bottom
        for cell in claim.cells():
            for other in self._cells.get(cell, ()):
                if (
                    other.left < right
                    and left < other.right
                    and other.top < bottom
                    and top < other.bottom
                    and grown.overlaps(other.rectangle)
                ):
                    return False
        return True

    def take(self, rectangle: Rectangle) -> None:
        """Claim a rectangle."""
        claim = _Claim.of(rectangle)
        for cell in claim.cells():
            self._cells[cell].append(claim)
