"""Immovable boxes, found by a grid of square cells so that a town of thousands costs nothing a tick."""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.footprints import Footprint, Penetration, penetration

_CELL_M = 16.0
_MOST_CELLS = 250_000
"""A world of tens of kilometres gets larger cells instead of more memory."""


class SceneryArrays(NamedTuple):
    """The same for compiled loops."""

    boxes: NDArray[np.float64]
    """(S, 8): x, y, cos yaw, sin yaw, half length, half width, bottom, top [m]."""
    corner: NDArray[np.float64]
    """(2,) the grid's least x and y [m]."""
    cell_m: float
    first: NDArray[np.int64]
    """(columns, rows) where each cell's run in ``items`` starts; the run ends where the next cell's starts."""
    last: NDArray[np.int64]
    """(columns, rows) where it ends."""
    items: NDArray[np.int64]
    """Numbers of boxes, cell by cell, in order."""


class Scenery:
    """Boxes by number; where they are is looked up by cell."""

    def __init__(self, boxes: Sequence[Footprint]) -> None:
        self._boxes = tuple(boxes)
        self.arrays = _arrays(self._boxes)

    def __len__(self) -> int:
        return len(self._boxes)

    def box(self, index: int) -> Footprint:
        """One of the boxes."""
        return self._boxes[index]

    def overlaps(self, box: Footprint) -> Iterator[tuple[int, Penetration]]:
        """Scenery indices, in order, that ``box`` overlaps, and how."""
        for index in self._near(box):
            if found := penetration(box, self._boxes[index]):
                yield index, found

    def containing(self, x: float, y: float) -> list[int]:
        """Scenery indices, in order, of the boxes that a point is in, seen from above."""
        arrays = self.arrays
        i, j = (
            math.floor((p - float(corner)) / arrays.cell_m) for p, corner in zip((x, y), arrays.corner, strict=True)
        )
        columns, rows = arrays.first.shape
        if not (0 <= i < columns and 0 <= j < rows):
            return []
        items = arrays.items[arrays.first[i, j] : arrays.last[i, j]].tolist()
        return [index for index in items if self._boxes[index].contains(x, y)]

    def _near(self, box: Footprint) -> list[int]:
        arrays = self.arrays
        columns, rows = arrays.first.shape
        i0, i1, j0, j1 = (
            math.floor((value - corner) / arrays.cell_m)
            for middle, corner in ((box.x, float(arrays.corner[0])), (box.y, float(arrays.corner[1])))
            for value in (middle - box.radius, middle + box.radius)
        )
        found: set[int] = set()
        for i in range(max(0, i0), min(columns - 1, i1) + 1):
            for j in range(max(0, j0), min(rows - 1, j1) + 1):
                found.update(arrays.items[arrays.first[i, j] : arrays.last[i, j]].tolist())
        return sorted(found)


def _arrays(boxes: Sequence[Footprint]) -> SceneryArrays:
    table = np.array(
        [(b.x, b.y, b.cos_yaw, b.sin_yaw, b.half_length, b.half_width, b.bottom, b.top) for b in boxes], np.float64
    ).reshape(-1, 8)
    half_x = np.abs(table[:, 2]) * table[:, 4] + np.abs(table[:, 3]) * table[:, 5]
    half_y = np.abs(table[:, 3]) * table[:, 4] + np.abs(table[:, 2]) * table[:, 5]
    low = table[:, :2] - np.stack([half_x, half_y], axis=1)  # (S, 2)
    high = table[:, :2] + np.stack([half_x, half_y], axis=1)
    corner = low.min(axis=0, initial=0.0)
    span = high.max(axis=0, initial=0.0) - corner
    cell_m = max(_CELL_M, math.sqrt(float(span[0] * span[1]) / _MOST_CELLS))
    columns, rows = (math.floor(float(side) / cell_m) + 1 for side in span)
    from_cell, to_cell = ((side - corner) // cell_m for side in (low, high))
    cells: list[list[int]] = [[] for _ in range(columns * rows)]
    for index, (i0, j0, i1, j1) in enumerate(np.concatenate([from_cell, to_cell], axis=1).astype(int).tolist()):
        for i in range(i0, i1 + 1):
            for j in range(j0, j1 + 1):
                cells[i * rows + j].append(index)
    ends = np.cumsum([len(cell) for cell in cells], dtype=np.int64)
    starts = np.concatenate([np.zeros(1, np.int64), ends[:-1]])
    items = np.array([index for cell in cells for index in cell], np.int64)
    return SceneryArrays(
        boxes=table, corner=corner, cell_m=cell_m, first=starts.reshape(columns, rows),
        last=ends.reshape(columns, rows), items=items,
    )  # fmt: skip
