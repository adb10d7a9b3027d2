"""Heights, labels, rays, speed limits, and places on Earth."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.town import Surface, Town
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown


@pytest.mark.parametrize(
    ("x", "y", "height", "tag"),
    [(50.0, 1.0, 0.0, 1), (50.0, 5.0, 0.15, 2), (50.0, -5.0, 0.15, 2), (50.0, 50.0, 0.0, 0), (-5.0, 0.0, 0.0, 0)],
)
def test_ground(street: StaticTown, x: float, y: float, height: float, tag: int) -> None:
    assert street.ground.height(x, y, 0.0) == pytest.approx(height)
    assert street.ground.tag(x, y, 0.0) == tag
    assert street.ground.normal(x, y, 0.0) == (0.0, 0.0, 1.0)


def test_a_slope_is_a_plane_and_not_steps(street_town: Town) -> None:
    ground = Ground(replace(street_town, surfaces=(*street_town.surfaces, _slope(street_town))))
    ys = np.linspace(6.6, 106.4, 400)
    points = np.stack([np.full(400, 50.0), ys, np.zeros(400)], axis=1)
    assert ground.heights(points) == pytest.approx(0.15 + 0.1 * (ys - 6.5), abs=1e-5)
    assert ground.normals(points) == pytest.approx(np.tile([0.0, -0.1, 1.0], (400, 1)) / np.hypot(0.1, 1.0), abs=1e-6)
    assert (ground.height(50.0, 6.4, 0.0), ground.tag(50.0, 6.4, 0.0)) == (pytest.approx(0.15), 2)
    assert (ground.height(50.0, 56.5, 100.0), ground.tag(50.0, 56.5, 100.0)) == (pytest.approx(5.15), 10)


def _slope(town: Town) -> Surface:
    corners = np.array([(0, 6.5, 0.15), (200, 6.5, 0.15), (200, 106.5, 10.15), (0, 106.5, 10.15)], np.float32)
    return replace(town.surfaces[0], positions=corners, tag=10)


def test_a_bridge_is_ground_for_what_is_on_it_only(street_town: Town) -> None:
    deck = np.array([(40, -9, 5.0), (60, -9, 5.0), (60, 9, 5.0), (40, 9, 5.0)], np.float32)
    top = replace(street_town.surfaces[0], positions=deck)
    under = replace(top, positions=deck - np.float32([0.0, 0.0, 0.8]), triangles=top.triangles[:, ::-1], tag=26)
    ground = Ground(replace(street_town, surfaces=(*street_town.surfaces, top, under)))
    heights = {z: ground.height(50.0, 1.0, z) for z in (-3.0, 0.0, 4.0, 4.4, 4.6, 5.0, 90.0)}
    assert heights == {-3.0: 0.0, 0.0: 0.0, 4.0: 0.0, 4.4: 0.0, 4.6: 5.0, 5.0: 5.0, 90.0: 5.0}
    assert ground.height(50.0, 8.0, 0.0) == 5.0  # nothing lies below the bridge here
    assert (ground.tag(50.0, 5.0, 0.0), ground.tag(50.0, 5.0, 5.0)) == (2, 1)


def test_speed_limit(street: StaticTown) -> None:
    assert street.roads.speed_limit_kmh(Vector(50.0, 1.75, 0.0)) == 50.0


def test_geolocation(street: StaticTown) -> None:
    latitude, longitude, altitude = street.roads.geolocation(Vector(0.0, 0.0, 2.0))
    assert (latitude, longitude, altitude) == pytest.approx((49.0, 8.0, 2.0))
    east = street.roads.geolocation(Vector(1000.0, 0.0, 0.0))[1] - 8.0
    assert east == pytest.approx(1000.0 / (111_320.0 * 0.656), rel=0.01)  # cos(49 deg)
