"""Outlines of meshes as a far camera sees them: what must not change where one level of detail takes over."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh

PIXEL_M = 0.01


def silhouette(mesh: Mesh, azimuth_deg: float) -> NDArray[np.bool_]:
    """(400, 400) whether a centimetre square is covered, seen level from ``azimuth_deg``; the origin is the middle."""
    turn = np.radians(azimuth_deg)
    across = mesh.positions[:, 1] * np.cos(turn) - mesh.positions[:, 0] * np.sin(turn)
    places = np.stack([across, mesh.positions[:, 2]], axis=1).astype(np.float64) / PIXEL_M + 200.0
    covered = np.zeros((400, 400), bool)
    for corners in places[mesh.triangles]:
        low, high = np.floor(corners.min(axis=0)).astype(int), np.ceil(corners.max(axis=0)).astype(int)
        u, v = np.meshgrid(np.arange(low[0], high[0]) + 0.5, np.arange(low[1], high[1]) + 0.5)
        sides = [
            (b[0] - a[0]) * (v - a[1]) - (b[1] - a[1]) * (u - a[0])
            for a, b in zip(corners, np.roll(corners, -1, axis=0), strict=True)
        ]
        inside = np.all(np.array(sides) >= 0.0, axis=0) | np.all(np.array(sides) <= 0.0, axis=0)
        covered[low[1] : high[1], low[0] : high[0]] |= inside
    return covered


def outline_shift_m(one: NDArray[np.bool_], other: NDArray[np.bool_]) -> float:
    """By how much the outline of one silhouette lies beside the other's, on average along it."""
    edges = (one[1:] != one[:-1]).sum() + (one[:, 1:] != one[:, :-1]).sum()
    return float((one != other).sum() / edges * PIXEL_M)
