"""What a sensor feels of its carrier's turning, through the IMU; where the GNSS receiver thinks it is."""

from __future__ import annotations

import math
from typing import Any

import msgpack
import pytest

from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation

IMU, GNSS = "sensor.other.imu", "sensor.other.gnss"


def readings(stand: Any) -> list[Any]:
    return [msgpack.unpackb(payload) for _, _, payload in stand.tick()]


def turn_in_place(car: Any, degrees: float) -> None:
    car.simulate_physics = False
    location, (pitch, yaw, roll) = car.pose
    car.pose = Pose(location, Rotation(pitch, yaw + degrees, roll))


def test_an_imu_far_from_the_turning_point_is_pulled_outwards(stand: Any) -> None:
    """On a carrier that turns in place, w^2 r towards the middle; in the middle nothing."""
    car = stand.car(60.0)
    stand.sensor(IMU, car, at=(0, 0, 1))
    stand.sensor(IMU, car, at=(1.5, 0, 1))
    rate = math.radians(2.0) / stand.world.settings.delta_s
    for _ in range(4):
        turn_in_place(car, 2.0)
        (middle, front) = readings(stand)
    assert middle[0] == pytest.approx([0.0, 0.0, 9.81], abs=1e-3)
    assert front[0][0] == pytest.approx(-(rate**2) * 1.5, rel=0.01)
    assert front[0][1] == pytest.approx(0.0, abs=0.05)
    assert front[1] == pytest.approx([0.0, 0.0, rate], abs=1e-3)


def test_the_first_readings_are_sensible(stand: Any) -> None:
    car = stand.car(60.0)
    stand.sensor(IMU, car, at=(1.5, 0.4, 1))
    for _ in range(3):
        ((accelerometer, gyroscope, _),) = readings(stand)
        assert accelerometer == pytest.approx([0.0, 0.0, 9.81], abs=1e-3)
        assert gyroscope == pytest.approx([0.0, 0.0, 0.0])


def test_a_pause_in_listening_is_no_jump(stand: Any) -> None:
    """While nobody listens the mount is not followed; the carrier may be anywhere afterwards."""
    car = stand.car(60.0)
    stand.sensor(IMU, car, at=(1.5, 0, 1))
    readings(stand)
    stand.suite.measure(stand.world, stand.world.tick(), is_listened_to=lambda stream_id: False)
    turn_in_place(car, 90.0)
    stand.suite.measure(stand.world, stand.world.tick(), is_listened_to=lambda stream_id: False)
    for _ in range(3):
        stand.world.tick()
    ((accelerometer, _, _),) = readings(stand)
    assert accelerometer == pytest.approx([0.0, 0.0, 9.81], abs=1e-3)


def test_a_turned_mount_feels_gravity_along_its_own_axes(stand: Any) -> None:
    car = stand.car(60.0)
    stand.sensor(IMU, car, at=(0, 0, 1), turned=(0, 0, 90))
    stand.sensor(IMU, car, at=(0, 0, 1), turned=(90, 0, 0))
    rolled, pitched = readings(stand)
    assert rolled[0] == pytest.approx([0.0, -9.81, 0.0], abs=1e-6)
    assert pitched[0] == pytest.approx([9.81, 0.0, 0.0], abs=1e-6)


@pytest.mark.parametrize(("yaw", "compass"), [(-90, 0.0), (0, 90.0), (90, 180.0), (180, 270.0), (33, 123.0)])
def test_the_compass_points_north(stand: Any, yaw: float, compass: float) -> None:
    """Also on a mount that is pitched and rolled."""
    stand.sensor(IMU, at=(60, 0, 2), turned=(20, yaw, 30))
    ((_, _, angle),) = readings(stand)
    assert math.degrees(angle) % 360 == pytest.approx(compass % 360, abs=1e-4)


def test_gravity_is_the_world_s(stand: Any) -> None:
    stand.world.gravity = 1.62
    stand.sensor(IMU, at=(60, 0, 2))
    ((accelerometer, _, _),) = readings(stand)
    assert accelerometer == pytest.approx([0.0, 0.0, 1.62])


def test_a_gnss_receiver_adds_its_bias_and_noise_to_where_it_is(stand: Any) -> None:
    """Latitude grows with y, longitude with x, as in the client's 0.9.16."""
    exact = {"at": (60, 0, 2)}
    stand.sensor(GNSS, **exact)
    stand.sensor(GNSS, at=(60, 100, 2))
    stand.sensor(GNSS, at=(160, 0, 7))
    stand.sensor(GNSS, **exact, noise_lat_bias=1e-3, noise_lon_bias=-2e-3, noise_alt_bias=3)
    stand.sensor(GNSS, **exact, noise_lat_stddev=1e-5, noise_seed=1)
    first, aside, ahead, biased, noisy = readings(stand)
    assert aside[0] - first[0] == pytest.approx(100 / 111_320, rel=0.01)
    assert ahead[1] > first[1]
    assert ahead[2] - first[2] == pytest.approx(5.0)
    assert [b - f for b, f in zip(biased, first, strict=True)] == pytest.approx([1e-3, -2e-3, 3.0])
    assert 0.0 < abs(noisy[0] - first[0]) < 6e-5
    assert noisy[1:] == first[1:]
