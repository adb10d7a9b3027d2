"""The swept sphere against a search in small steps, and against points on the triangle."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.ray_caster import RayCaster
from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.sphere_sweep import sphere_meets_triangle
from sim_scenarios.embedded_simulator.world.snapshot import Vector


def points_on(corner: NDArray[np.float64], count: int = 60) -> NDArray[np.float64]:
    """A grid of points that covers a triangle with its edges."""
    v, w = np.meshgrid(np.linspace(0, 1, count), np.linspace(0, 1, count))
    inside = v + w <= 1.0 + 1e-9
    v, w = v[inside, None], w[inside, None]
    return corner[0] + v * (corner[1] - corner[0]) + w * (corner[2] - corner[0])


@given(seed=st.integers(0, 2000), radius=st.floats(0.05, 1.5))
def test_the_sphere_touches_when_a_point_of_the_triangle_comes_within_its_radius(seed: int, radius: float) -> None:
    rng = np.random.default_rng(seed)
    corner = rng.normal(0, 2, (3, 3))
    origin, direction = rng.normal(0, 4, 3), rng.normal(0, 1, 3)
    direction /= np.linalg.norm(direction)
    points = points_on(corner)
    gap = max(np.linalg.norm(corner[1] - corner[0]), np.linalg.norm(corner[2] - corner[0])) / 59
    # Each point is met when |m + t d| = radius.
    m = origin - points
    b, c = m @ direction, (m * m).sum(axis=1) - radius**2
    with np.errstate(invalid="ignore"):
        times = np.where(c <= 0.0, 0.0, np.where((b < 0.0) & (b * b >= c), -b - np.sqrt(b * b - c), np.inf))
    met = sphere_meets_triangle(origin, direction, radius, corner)
    if np.isfinite(times.min()):
        assert met <= times.min() + 1e-9
        reached = np.linalg.norm(origin + met * direction - points, axis=1).min()
        assert abs(reached - radius) < gap or met == 0.0
    elif met < 1e29:  # it slips between the sampled points
        reached = np.linalg.norm(origin + met * direction - points, axis=1).min()
        assert abs(reached - radius) < gap


@pytest.fixture
def rays(renderer: Renderer) -> RayCaster:
    return renderer.rays


AHEAD = np.array([1.0, 0.0, 0.0])


def test_a_car_ahead_is_touched_a_radius_early_and_can_be_left_out(stage: Any, rays: RayCaster) -> None:
    near, far = stage.car(20, 0, actor_id=5), stage.car(30, 0, actor_id=6)
    snapshot = stage.snapshot(near, far)
    start = Vector(0.0, 0.0, 1.0)
    first = rays.sweep(snapshot, start, AHEAD, reach_m=50, radius_m=0.4)
    second = rays.sweep(snapshot, start, AHEAD, reach_m=50, radius_m=0.4, without_actor=5)
    assert first is not None
    assert second is not None
    assert (first.actor_id, second.actor_id, first.tag) == (5, 6, stage.CAR)
    assert second.distance_m - first.distance_m == pytest.approx(10.0, abs=1e-3)
    assert first.distance_m == pytest.approx(20 - 4.9 / 2 - 0.4, abs=0.15)
    assert rays.sweep(snapshot, start, AHEAD, reach_m=10, radius_m=0.4) is None


def test_a_sphere_passes_beside_by_more_than_its_radius_only(stage: Any, rays: RayCaster) -> None:
    """A walker's half width is 0.25 m; scenery on this way is the ground, a metre below."""
    snapshot = stage.snapshot(stage.walker(8, 3, actor_id=9))
    for aside, touches in ((0.55, True), (0.75, False)):
        met = rays.sweep(snapshot, Vector(0.0, 3 + aside, 1.3), AHEAD, reach_m=30, radius_m=0.4, actors_only=True)
        assert (met is not None) == touches


def test_scenery_has_no_actor_and_can_be_left_out(stage: Any, rays: RayCaster) -> None:
    snapshot, start = stage.snapshot(), Vector(20.0, 17.0, 2.0)  # towards the building
    met = rays.sweep(snapshot, start, AHEAD, reach_m=30, radius_m=0.5)
    assert met is not None
    assert (met.actor_id, met.tag) == (0, stage.BUILDING)
    assert met.distance_m == pytest.approx(9.5, abs=1e-3)
    assert rays.sweep(snapshot, start, AHEAD, reach_m=30, radius_m=0.5, actors_only=True) is None
    hidden = stage.snapshot(frame=2, hidden=frozenset({1}))
    assert rays.sweep(hidden, start, AHEAD, reach_m=30, radius_m=0.5) is None
