"""The town's surfaces cut into pieces of one semantic tag and at most about a city block.

A piece is what culling drops, what a client is told about (a stretch of road, a sidewalk, the lines on it) and what
it can switch off.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.town import Surface
from sim_scenarios.embedded_simulator.world.snapshot import Vector

CELL_M = 40.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class GroundPiece:
    """Triangles of one tag whose middles lie in one cell of the ground."""

    tag: int
    """CARLA semantic tag."""
    cell: tuple[int, int]
    """Of the grid of ``CELL_M``."""
    triangles: NDArray[np.int64]
    """(T,) numbers of its triangles, counted through all surfaces in their order."""
    low: Vector
    high: Vector
    """Box around it, world axes [m]."""


def ground_pieces(surfaces: Sequence[Surface]) -> list[GroundPiece]:
    """All pieces, by cell and then by tag: an order that depends on the surfaces alone."""
    if not surfaces:
        return []
    corners = surface_corners(surfaces)
    tags = np.concatenate([np.full(len(surface.triangles), surface.tag, np.int64) for surface in surfaces])
    cells = np.floor(corners.mean(axis=1)[:, :2] / CELL_M).astype(np.int64)
    order = np.lexsort((tags, cells[:, 1], cells[:, 0]))
    keys = np.column_stack([cells, tags])[order]
    starts = np.flatnonzero(np.concatenate([[True], (np.diff(keys, axis=0) != 0).any(axis=1)]))
    low = np.minimum.reduceat(corners[order].min(axis=1), starts)
    high = np.maximum.reduceat(corners[order].max(axis=1), starts)
    return [
        GroundPiece(
            tag=int(key[2]), cell=(int(key[0]), int(key[1])), triangles=part,
            low=Vector(*(float(v) for v in below)), high=Vector(*(float(v) for v in above)),
        )
        for key, part, below, above in zip(keys[starts], np.split(order, starts[1:]), low, high, strict=True)
    ]  # fmt: skip


def surface_corners(surfaces: Sequence[Surface]) -> NDArray[np.float32]:
    """(T, 3, 3) corners of the triangles of all surfaces, in their order [m]."""
    return np.concatenate([surface.positions[surface.triangles] for surface in surfaces])
