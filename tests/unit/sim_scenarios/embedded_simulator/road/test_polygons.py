from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.road.curves import RoadError
from sim_scenarios.embedded_simulator.road.polygons import (
    Claims,
    Rectangle,
    contains,
    cut_to_grid,
    distance_to_edges,
    signed_area,
    triangulate,
)

L_SHAPE = np.array([[0, 0], [40, 0], [40, 10], [10, 10], [10, 30], [0, 30]], dtype=float)


def _triangle_areas(points: np.ndarray, triangles: np.ndarray) -> np.ndarray:
    return np.array([signed_area(points[t]) for t in triangles])


@st.composite
def stars(draw: st.DrawFn) -> np.ndarray:
    """Star-shaped outlines: simple, mostly not convex."""
    count = draw(st.integers(3, 24))
    radii = draw(st.lists(st.floats(5, 50), min_size=count, max_size=count))
    angles = 2 * math.pi * np.arange(count) / count
    return np.array(radii)[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)


@settings(deadline=None)
@given(stars())
def test_triangulation_covers_the_polygon_exactly(polygon: np.ndarray) -> None:
    areas = _triangle_areas(polygon, triangulate(polygon))
    assert len(areas) == len(polygon) - 2
    assert np.all(areas > -1e-6)
    assert areas.sum() == pytest.approx(signed_area(polygon))


def test_a_crossing_outline_is_refused() -> None:
    bow_tie = np.array([[0, 0], [10, 0], [0, 10], [10, 10]], dtype=float)
    with pytest.raises(RoadError, match="crosses itself"):
        triangulate(bow_tie)


@settings(deadline=None)
@given(stars(), st.floats(6, 30))
def test_cutting_keeps_the_area_and_no_triangle_leaves_its_cell(polygon: np.ndarray, cell: float) -> None:
    points, triangles = cut_to_grid(polygon, triangulate(polygon), cell)
    assert _triangle_areas(points, triangles).sum() == pytest.approx(signed_area(polygon), rel=1e-6)
    corners = points[triangles] / cell
    assert np.all(np.ceil(corners.max(axis=1) - 1e-6) - np.floor(corners.min(axis=1) + 1e-6) <= 1)


def test_containment_and_distance_of_an_l() -> None:
    points = np.array([[5.0, 5.0], [35.0, 5.0], [35.0, 25.0], [5.0, 29.0], [-1.0, 5.0]])
    assert contains(L_SHAPE, points).tolist() == [True, True, False, True, False]
    np.testing.assert_allclose(distance_to_edges(L_SHAPE, points), [5.0, 5.0, 15.0, 1.0, 1.0])


rectangles = st.builds(
    Rectangle,
    st.floats(-8, 8),
    st.floats(-8, 8),
    st.floats(-math.pi, math.pi),
    st.floats(0.5, 8),
    st.floats(0.5, 8),
)


@settings(deadline=None)
@given(rectangles, rectangles)
def test_overlap_agrees_with_sampling(a: Rectangle, b: Rectangle) -> None:
    u, v = np.meshgrid(np.linspace(-1, 1, 21), np.linspace(-1, 1, 21))
    ahead, aside = np.array([math.cos(a.yaw), math.sin(a.yaw)]), np.array([-math.sin(a.yaw), math.cos(a.yaw)])
    samples = np.array([a.x, a.y]) + (
        (u.ravel() * a.half_length)[:, None] * ahead + (v.ravel() * a.half_width)[:, None] * aside
    )
    if contains(b.grown(-1e-6).corners(), samples).any():  # touching is not overlapping
        assert a.overlaps(b)
    assert a.overlaps(b) == b.overlaps(a)
    if not a.overlaps(b):
        assert not contains(b.grown(-1e-6).corners(), samples).any()


def test_corners_turn_from_x_towards_y() -> None:
    assert signed_area(Rectangle(3.0, 4.0, 0.7, 2.0, 1.0).corners()) == pytest.approx(8.0)


def test_claims_keep_the_gap() -> None:
    claims = Claims()
    claims.take(Rectangle(0.0, 0.0, 0.0, 20.0, 5.0))
    assert claims.is_free(Rectangle(0.0, 6.1, 0.0, 1.0, 1.0))
    assert not claims.is_free(Rectangle(0.0, 6.1, 0.0, 1.0, 1.0), gap_m=0.2)
    assert not claims.is_free(Rectangle(19.0, 4.0, 0.3, 3.0, 3.0))
    assert claims.is_free(Rectangle(200.0, 4.0, 0.3, 3.0, 3.0))


@settings(deadline=None)
@given(st.lists(rectangles, min_size=1, max_size=12), rectangles, st.floats(-0.05, 2.0))
def test_claims_find_whatever_overlaps(taken: list[Rectangle], wanted: Rectangle, gap_m: float) -> None:
    claims = Claims()
    for rectangle in taken:
        claims.take(rectangle)
    assert claims.is_free(wanted, gap_m) == (not any(wanted.grown(gap_m).overlaps(other) for other in taken))
