"""How high the ground is and what it is made of, at any point: the town's surfaces drawn into grids once.

The fine grid reaches a little further than the streets do; its cells of a quarter of a metre are finer than anything
that stands on the ground is wide. The land beyond is gentle and gets a coarse grid. Painted markings lie on the road
and do not hide its label.
"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.town import Surface, Town
from sim_scenarios.embedded_simulator.world.description import LabelledPoint
from sim_scenarios.embedded_simulator.world.snapshot import Vector

CELL_M = 0.25
LAND_CELL_M = 2.0
TAG_NONE, TAG_ROAD_LINE = 0, 24
_STREET_TAGS = (1, 2)  # road and sidewalk


class Ground:
    """Height [m] and semantic tag by position."""

    def __init__(self, town: Town) -> None:
        solid = [surface for surface in town.surfaces if surface.tag != TAG_ROAD_LINE]
        streets = [surface for surface in solid if surface.tag in _STREET_TAGS]
        land = [surface for surface in solid if surface.tag not in _STREET_TAGS]
        self._grids = [_Grid(solid, within=streets, margin_m=LAND_CELL_M, cell_m=CELL_M)]
        if land:
            self._grids.append(_Grid(land, within=land, margin_m=0.0, cell_m=LAND_CELL_M))

    def height(self, x: float, y: float) -> float:
        """Height [m]; 0 beyond the land."""
        return self._at(x, y)[0]

    def tag(self, x: float, y: float) -> int:
        """Semantic tag; 0 beyond the land."""
        return self._at(x, y)[1]

    def ray(self, start: Vector, end: Vector) -> LabelledPoint | None:
        """Where a ray from above meets the ground between its ends."""
        level = 0.0
        for _ in range(3):  # the ground is nearly flat: the height where the ray lands soon stays the same
            if start.z <= level or end.z > level:
                return None
            share = (start.z - level) / (start.z - end.z)
            x, y = start.x + share * (end.x - start.x), start.y + share * (end.y - start.y)
            level = self.height(x, y)
        return LabelledPoint(Vector(x, y, level), self.tag(x, y))

    def _at(self, x: float, y: float) -> tuple[float, int]:
        for grid in self._grids:
            cell = grid.cell(x, y)
            if cell is not None and grid.tag[cell] != TAG_NONE:
                return float(grid.height[cell]), int(grid.tag[cell])
        return 0.0, TAG_NONE


class _Grid:
    """Surfaces seen from above, drawn into square cells over the rectangle that ``within`` takes up and a margin."""

    def __init__(
        self, surfaces: Sequence[Surface], *, within: Sequence[Surface], margin_m: float, cell_m: float
    ) -> None:
        low = np.min([surface.positions[:, :2].min(axis=0) for surface in within], axis=0) - margin_m  # (2,)
        high = np.max([surface.positions[:, :2].max(axis=0) for surface in within], axis=0) + margin_m
        self._left, self._top, self._cell_m = float(low[0]), float(low[1]), cell_m
        columns, rows = (max(1, math.ceil(float(side) / cell_m)) for side in high - low)
        self.height = np.zeros((rows, columns), np.float32)
        self.tag = np.full((rows, columns), TAG_NONE, np.uint8)
        for surface in surfaces:
            corners = surface.positions[surface.triangles].astype(np.float64)  # (T, 3, 3)
            corners[:, :, 0] -= self._left
            corners[:, :, 1] -= self._top
            _draw(self.height, self.tag, corners, surface.tag, cell_m)

    def cell(self, x: float, y: float) -> tuple[int, int] | None:
        """Index of the cell at a point; None outside."""
        column, row = math.floor((x - self._left) / self._cell_m), math.floor((y - self._top) / self._cell_m)
        rows, columns = self.height.shape
        return (row, column) if 0 <= row < rows and 0 <= column < columns else None


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _draw(
    height: NDArray[np.float32], tag: NDArray[np.uint8], corners: NDArray[np.float64], label: int, cell_m: float
) -> None:
    """Draws triangles (T, 3, 3) in grid coordinates [m]; the highest surface of a cell stays, the first of equals."""
    rows, columns = height.shape
    for t in range(corners.shape[0]):
        ax, ay, az = corners[t, 0, 0], corners[t, 0, 1], corners[t, 0, 2]
        bx, by, bz = corners[t, 1, 0], corners[t, 1, 1], corners[t, 1, 2]
        cx, cy, cz = corners[t, 2, 0], corners[t, 2, 1], corners[t, 2, 2]
        doubled_area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax)
        if abs(doubled_area) < 1e-9:  # upright kerb faces
            continue
        first_row = max(0, math.floor(min(ay, by, cy) / cell_m))
        last_row = min(rows - 1, math.floor(max(ay, by, cy) / cell_m))
        first_column = max(0, math.floor(min(ax, bx, cx) / cell_m))
        last_column = min(columns - 1, math.floor(max(ax, bx, cx) / cell_m))
        for row in range(first_row, last_row + 1):
            y = (row + 0.5) * cell_m
            for column in range(first_column, last_column + 1):
                x = (column + 0.5) * cell_m
                wb = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / doubled_area
                wc = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / doubled_area
                if wb < -1e-6 or wc < -1e-6 or wb + wc > 1.0 + 1e-6:
                    continue
                z = az + wb * (bz - az) + wc * (cz - az)
                if tag[row, column] == 0 or z > height[row, column] + 1e-4:
                    height[row, column] = z
                    tag[row, column] = label
