"""Where the borders of the lane lie beside a way that was expected: lines on both sides, the edge of the road.

At each point of the expected way the ground is searched along the normal, in a gate around where a border should be.
What is found is a shift: how far the way would have to move to the right to lie in the middle.

Decisions:

- The edge of the road counts more than a line near it: edge lines stand at any distance from the kerb, and where there
  is a kerb, the lane ends there.
- A line is found as the middle of its evidence, which is finer than a cell. One across the lane (a stop line, a zebra)
  lies at both ends of the gate as well as in its middle, so it says little, and what it says is cut by the robust
  weights of :mod:`harness.closed_loop.mask_driver.center_line`.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numba import njit

from harness.closed_loop.mask_driver.evidence import (
    ASIDE_M,
    BEHIND_M,
    CELL_M,
    LEAST_WEIGHT,
    EvidenceMap,
    Floats32,
)
from harness.closed_loop.mask_driver.path import Floats, normals

GATE_M = 0.9
"""A border is looked for so far to both sides of its place."""
FIT_M = 0.45
"""A border so far from its place fits half as well."""
_SEARCH_STEP_M = 0.05
_LEAST_LINE_SHARE = 0.25
"""Of a place that may be on a line."""
_ENOUGH_LINE_M = 0.08
"""Width of evidence that makes a whole line."""
_EDGE_WEIGHT = 1.0
_GRID = (BEHIND_M, ASIDE_M, CELL_M, LEAST_WEIGHT)
"""Handed to the kernels: numba's cache does not notice when constants of another file change."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Boundaries:
    """Of the N points of a way."""

    left_m: Floats
    """(N,) how far the left border lies to the right of its place; NaN: not found."""
    left_weights: Floats
    """(N,) 0..1"""
    right_m: Floats
    """(N,) likewise, of the right border."""
    right_weights: Floats

    def in_pairs(self) -> Boundaries:
        """Only those that have one opposite."""
        both = np.minimum(self.left_weights, self.right_weights)
        return replace(self, left_weights=both, right_weights=both)

    @property
    def fits(self) -> Floats:
        """(N, 2) left and right: 1 where a border is in its place, -1 where it is seen elsewhere, 0 where it is not."""
        shifts = np.stack([self.left_m, self.right_m], axis=1)
        weights = np.stack([self.left_weights, self.right_weights], axis=1)
        goodness = 2.0 * np.exp(-((np.nan_to_num(shifts) / FIT_M) ** 2)) - 1.0
        fits: Floats = np.where(weights > 0.0, weights * goodness, 0.0)
        return fits


def find_boundaries(
    evidence: EvidenceMap, points: Floats, *, width_m: float, right: Floats | None = None
) -> Boundaries:
    """Look beside ``points (N, 2)`` for the borders of a lane of ``width_m``.

    Args:
        evidence: What is known of the ground.
        points: Of a way; of several ways at once, if ``right`` is given.
        width_m: Of the lane.
        right: (N, 2) unit vectors to the right of the way; those of the polyline ``points`` when omitted.
    """
    found = np.zeros((len(points), 4))
    _search(evidence.layers, _GRID, points, normals(points) if right is None else right, 0.5 * width_m, found)
    return Boundaries(
        left_m=found[:, 0], left_weights=found[:, 1], right_m=found[:, 2], right_weights=found[:, 3]
    )  # fmt: skip


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _sample(
    layers: Floats32, grid: tuple[float, float, float, float], x: float, y: float
) -> tuple[float, float, float]:
    """Bilinear (weight, road share, line share) at a place of the ego frame; no weight outside the grid."""
    behind_m, aside_m, cell_m, least_weight = grid
    r = (x + behind_m) / cell_m - 0.5
    c = (y + aside_m) / cell_m - 0.5
    row, column = int(np.floor(r)), int(np.floor(c))
    if row < 0 or column < 0 or row + 1 >= layers.shape[0] or column + 1 >= layers.shape[1]:
        return 0.0, 0.0, 0.0
    fr, fc = r - row, c - column
    weight, road, line = 0.0, 0.0, 0.0
    for i in range(2):
        for j in range(2):
            part = (fr if i else 1.0 - fr) * (fc if j else 1.0 - fc)
            weight += part * layers[row + i, column + j, 0]
            road += part * layers[row + i, column + j, 1]
            line += part * layers[row + i, column + j, 2]
    if weight < least_weight:
        return 0.0, 0.0, 0.0
    return weight, road / weight, line / weight


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _search(
    layers: Floats32,
    grid: tuple[float, float, float, float],
    points: Floats,
    aside: Floats,
    half_width: float,
    found: Floats,
) -> None:
    steps = round(2.0 * GATE_M / _SEARCH_STEP_M) + 1
    for i in range(len(points)):
        for side in range(2):
            sign = 1.0 if side else -1.0
            mass, moment, edge, was_road = 0.0, 0.0, np.nan, False
            for k in range(steps):
                # From the lane outwards, so that the first edge that is met is the lane's.
                off = half_width - GATE_M + k * _SEARCH_STEP_M
                weight, road, line = _sample(
                    layers, grid, points[i, 0] + sign * off * aside[i, 0], points[i, 1] + sign * off * aside[i, 1]
                )
                if weight == 0.0:
                    was_road = False
                    continue
                if line > _LEAST_LINE_SHARE:
                    mass += line * _SEARCH_STEP_M
                    moment += line * _SEARCH_STEP_M * off
                if np.isnan(edge) and was_road and road < 0.5:
                    edge = off - 0.5 * _SEARCH_STEP_M
                was_road = road >= 0.5
            column = 2 * side
            if not np.isnan(edge):
                found[i, column] = sign * (edge - half_width)
                found[i, column + 1] = _EDGE_WEIGHT
            elif mass > 0.0:
                found[i, column] = sign * (moment / mass - half_width)
                # A line that fills the gate lies across the lane.
                fills = mass / (2.0 * GATE_M)
                found[i, column + 1] = min(1.0, mass / _ENOUGH_LINE_M) * max(0.0, 1.0 - 2.0 * fills)
            else:
                found[i, column] = np.nan
                found[i, column + 1] = 0.0


def road_shares(evidence: EvidenceMap, points: Floats) -> Floats:
    """(N,) share of road at places (N, 2); NaN where nothing was seen."""
    shares = np.empty(len(points))
    _road_shares(evidence.layers, _GRID, points, shares)
    return shares


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _road_shares(layers: Floats32, grid: tuple[float, float, float, float], points: Floats, shares: Floats) -> None:
    for i in range(len(points)):
        weight, road, _ = _sample(layers, grid, points[i, 0], points[i, 1])
        shares[i] = road if weight > 0.0 else np.nan
