"""Triangles under points and along ways: against every triangle tried in turn with shapely and with numpy."""

from __future__ import annotations

import math

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.physics.ground_grid import (
    NOTHING,
    build_ground_grid,
    height_of,
    heights_under,
    triangle_under,
    triangles_under,
)

_SEAM_M = 2e-3


def _layers(seed: int, count: int) -> np.ndarray:
    """(count, 3, 3) triangles of all sizes at all heights, none of them upright."""
    rng = np.random.default_rng(seed)
    middles = rng.uniform(-30.0, 30.0, (count, 1, 3)) * (1.0, 1.0, 0.3)
    corners = middles + rng.normal(size=(count, 3, 3)) * rng.uniform(0.3, 12.0, (count, 1, 1)) * (1.0, 1.0, 0.1)
    u, v = corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]
    return corners[np.abs(u[:, 0] * v[:, 1] - u[:, 1] * v[:, 0]) > 0.05]


def _plane_height(triangle: np.ndarray, x: float, y: float) -> float:
    weights = np.linalg.solve(np.vstack([triangle[:, :2].T, np.ones(3)]), [x, y, 1.0])
    return float(weights @ triangle[:, 2])


@given(st.integers(0, 10**6), st.floats(0.7, 9.0))
def test_the_triangle_under_a_point_is_the_one_that_a_search_through_all_finds(seed: int, cell_m: float) -> None:
    corners = _layers(seed, 30)
    grid = build_ground_grid(corners, cell_m=cell_m)
    outlines = shapely.polygons(corners[:, :, :2])
    rng = np.random.default_rng(seed + 1)
    for x, y, highest in rng.uniform(-45.0, 45.0, (40, 3)) * (1.0, 1.0, 0.3):
        distance = shapely.distance(shapely.boundary(outlines), shapely.Point(x, y))
        if distance.min() < _SEAM_M:
            continue
        found = triangle_under(grid, x, y, highest)
        covering = np.flatnonzero(shapely.contains_xy(outlines, x, y))
        heights = {int(t): _plane_height(corners[t], x, y) for t in covering}
        below = {t: z for t, z in heights.items() if z <= highest}
        if below:
            assert found == max(below, key=below.__getitem__)
        else:
            assert found == min(heights, key=heights.__getitem__, default=NOTHING)
        if found != NOTHING:
            assert height_of(grid, found, x, y) == pytest.approx(heights[found], abs=1e-6)


def test_no_crack_between_neighbours_that_were_rounded_apart() -> None:
    rng = np.random.default_rng(3)
    knots = rng.uniform(-400.0, 400.0, (60, 2))
    triangles = [
        np.array(piece.exterior.coords)[:3] for piece in shapely.delaunay_triangles(shapely.MultiPoint(knots)).geoms
    ]
    corners = np.array(triangles).astype(np.float32).astype(np.float64)
    corners += rng.uniform(-2e-4, 2e-4, corners.shape)
    grid = build_ground_grid(np.concatenate([corners, np.zeros((len(corners), 3, 1))], axis=2), cell_m=4.0)
    ends = corners[:, [0, 1, 2]], corners[:, [1, 2, 0]]
    on_edges = np.concatenate([a + share * (b - a) for a, b in [ends] for share in (0.1, 0.37, 0.5, 0.9)]).reshape(
        -1, 2
    )
    points = np.concatenate([on_edges, np.zeros((len(on_edges), 1))], axis=1)
    assert np.all(triangles_under(grid, points, 0.5) != NOTHING)


@pytest.mark.parametrize("point", [(math.nan, 0.0, 0.0), (0.0, math.inf, 0.0), (1e300, 0.0, 0.0), (0.0, -1e12, 0.0)])
def test_points_that_are_nowhere(point: tuple[float, float, float]) -> None:
    grid = build_ground_grid(np.array([[(0.0, 0.0, 0.0), (9.0, 0.0, 0.0), (0.0, 9.0, 0.0)]]), cell_m=2.0)
    assert triangle_under(grid, *point) == NOTHING


def test_a_grid_of_nothing() -> None:
    grid = build_ground_grid(np.zeros((0, 3, 3)), cell_m=2.0)
    assert triangle_under(grid, 0.0, 0.0, 0.0) == NOTHING


def test_heights_are_those_of_the_triangles_under_the_points() -> None:
    grid = build_ground_grid(_layers(7, 60), cell_m=4.0)
    points = np.random.default_rng(8).uniform(-40.0, 40.0, (500, 3))
    found = triangles_under(grid, points, 0.5)
    expected = [0.0 if t == NOTHING else height_of(grid, t, x, y) for t, (x, y, _) in zip(found, points, strict=True)]
    assert 0 < (found == NOTHING).sum() < 450
    assert heights_under(grid, points, 0.5).tolist() == expected
