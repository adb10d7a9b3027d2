"""The radar in the street."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.sensors.radar import ray_ends
from sim_scenarios.embedded_simulator.wire.sensor_data import RADAR_DETECTION
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.ray_sensors import RadarShape
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector

RADAR = "sensor.other.radar"


def detections(stand: Any) -> NDArray[Any]:
    return np.frombuffer(stand.payload(), RADAR_DETECTION)


def drive(car: Any, speed: float, delta_s: float) -> None:
    """Along x, by poses."""
    car.simulate_physics = False
    (x, y, z), rotation = car.pose
    car.pose = Pose(Vector(x + speed * delta_s, y, z), rotation)


def test_rays_crowd_around_the_axis_within_the_cone() -> None:
    shape = RadarShape(horizontal_fov_deg=40, vertical_fov_deg=20, range_m=50, points_per_second=1)
    ends = ray_ends(shape, np.random.default_rng(1).random((20_000, 2)))
    azimuth, altitude = (np.degrees(np.arctan2(ends[:, i], ends[:, 0])) for i in (1, 2))
    assert azimuth.max() == pytest.approx(20, abs=0.1)
    assert altitude.max() == pytest.approx(10, abs=0.1)
    assert (ends[:, 0] == 50).all()
    radius = np.hypot(ends[:, 1] / ends[:, 1].max(), ends[:, 2] / ends[:, 2].max())
    assert (radius < 0.5).mean() == pytest.approx(0.5, abs=0.02)  # even in the radius, not in the area


def test_a_car_that_comes_at_10_mps_has_that_velocity(stand: Any) -> None:
    delta_s = stand.world.settings.delta_s
    target = stand.car(90.0, yaw=180.0)
    radar = stand.sensor(RADAR, at=(60, 1.75, 1), points_per_second=20_000, horizontal_fov=10, vertical_fov=10)
    for _ in range(3):
        drive(target, -10.0, delta_s)
        seen = detections(stand)
    nose = target.pose.location.x - 0.5 * target.spec.length_m - radar.pose.location.x
    ahead = seen["depth"] * np.cos(seen["azimuth"]) * np.cos(seen["altitude"])
    of_car = (np.abs(ahead - nose) < 1.0) & (seen["altitude"] > -0.02)
    assert of_car.sum() > 50
    towards = -10.0 * np.cos(seen["azimuth"]) * np.cos(seen["altitude"])
    np.testing.assert_allclose(seen["velocity"][of_car], towards[of_car], atol=0.01)
    assert (np.abs(seen["velocity"][seen["depth"] < nose - 4.0]) < 1e-6).all()  # the road stands still


def test_a_radar_that_moves_sees_the_road_come(stand: Any) -> None:
    car = stand.car(30.0)
    stand.sensor(RADAR, car, at=(2.5, 0, 0.8), turned=(-10, 0, 0), points_per_second=10_000, range=60)
    for _ in range(3):
        drive(car, 8.0, stand.world.settings.delta_s)
        seen = detections(stand)
    # In the radar's frame the way ahead is 10 degrees up.
    ahead = np.array([np.cos(np.radians(10)), np.sin(np.radians(10))])
    forward, up = np.cos(seen["azimuth"]) * np.cos(seen["altitude"]), np.sin(seen["altitude"])
    np.testing.assert_allclose(seen["velocity"], -8.0 * (forward * ahead[0] + up * ahead[1]), atol=0.01)


def test_angles_are_positive_to_the_right_and_upwards(stand: Any) -> None:
    stand.sensor(RADAR, at=(60, 0, 2), turned=(-30, 20, 15), points_per_second=10_000, horizontal_fov=50, range=80)
    ((_, header, payload),) = stand.tick()
    seen = np.frombuffer(payload, RADAR_DETECTION)
    flat = np.cos(seen["altitude"])
    local = np.stack(
        [flat * np.cos(seen["azimuth"]), flat * np.sin(seen["azimuth"]), np.sin(seen["altitude"])], axis=1
    ) * seen["depth"][:, None]  # fmt: skip
    world = local @ rotation_axes(header.pose.rotation) + np.array(header.pose.location)
    on_road = np.abs(world[:, 1]) < 3.4
    assert on_road.sum() > 100
    np.testing.assert_allclose(world[on_road, 2], 0.0, atol=1e-4)


def test_points_a_second_and_seed_are_heeded(stand: Any) -> None:
    for seed in (1, 1, 2):
        stand.sensor(RADAR, at=(60, 0, 2), turned=(-40, 0, 0), points_per_second=1500, noise_seed=seed)
    first, again, other = (payload for _, _, payload in stand.tick())
    assert len(np.frombuffer(first, RADAR_DETECTION)) == 75
    assert first == again != other


def test_a_radar_that_cannot_be_is_not_spawned(stand: Any) -> None:
    with pytest.raises(WorldError, match="horizontal_fov"):
        stand.sensor(RADAR, horizontal_fov=180)
