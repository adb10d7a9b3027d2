"""What queries by rays answer in the street."""

from __future__ import annotations

from typing import Any

import pytest

from sim_scenarios.embedded_simulator.sensors.labelled_points import first_point, points_along
from sim_scenarios.embedded_simulator.world.snapshot import Vector


def labels(stand: Any, start: Vector, end: Vector) -> list[int]:
    return [point.label for point in points_along(stand.renderer.rays, stand.world.snapshot(), start, end)]


def test_a_ray_from_above_meets_the_road(stand: Any) -> None:
    (point,) = points_along(
        stand.renderer.rays, stand.world.snapshot(), Vector(50.0, 0.0, 5.0), Vector(50.0, 0.0, -5.0)
    )
    assert point.location == pytest.approx((50.0, 0.0, 0.0), abs=1e-5)
    assert point.label == 1
    assert labels(stand, Vector(50.0, 0.0, 5.0), Vector(50.0, 0.0, 1.0)) == []
    assert labels(stand, Vector(50.0, 0.0, 5.0), Vector(50.0, 0.0, 5.0)) == []


def test_a_ray_through_a_car_and_a_building_meets_each_once_and_the_ground_last(stand: Any) -> None:
    """Spawned since the last tick, the car counts at once."""
    stand.car(50.0, 1.75)
    found = labels(stand, Vector(50.0, -1.0, 1.6), Vector(50.0, 8.0, -0.35))
    assert found[0] == 14
    assert found[-1] in (1, 2)
    assert found.count(14) == 1
    through = labels(stand, Vector(50.0, 0.0, 3.0), Vector(50.0, 40.0, 3.0))
    assert through == [3]
    assert labels(stand, Vector(50.0, 40.0, 3.0), Vector(50.0, 0.0, 3.0)) == [3]  # from the other side, too


def test_projection_needs_no_unit_vector_and_has_an_end(stand: Any) -> None:
    rays, snapshot = stand.renderer.rays, stand.world.snapshot()
    start = Vector(50.0, 5.0, 5.0)
    point = first_point(rays, snapshot, start, Vector(0.0, 0.0, -0.25), 10.0)
    assert point is not None
    assert point.location == pytest.approx((50.0, 5.0, 0.15), abs=1e-5)
    assert point.label == 2
    assert first_point(rays, snapshot, start, Vector(0.0, 0.0, -100.0), 4.0) is None
    assert first_point(rays, snapshot, start, Vector(0.0, 0.0, 1.0), 100.0) is None
    assert first_point(rays, snapshot, start, Vector(), 100.0) is None


def test_what_is_hidden_is_not_met(stand: Any) -> None:
    start, end = Vector(145.0, 1.75, 1.0), Vector(155.0, 1.75, 1.0)
    assert labels(stand, start, end) == [6]
    pole = next(thing for thing in stand.world.place.objects if thing.name.startswith("pole"))
    stand.world.enable_objects([pole.id], False)
    assert labels(stand, start, end) == []
