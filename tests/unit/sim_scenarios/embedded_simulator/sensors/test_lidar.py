"""Lidars in the street: how many points, in which order, where, how bright, and what of."""

from __future__ import annotations

import struct
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.renderer import Renderer
from sim_scenarios.embedded_simulator.render.view import rotation_axes
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.sensors.lidar import points_per_channel
from sim_scenarios.embedded_simulator.wire.sensor_data import LIDAR_POINT, SEMANTIC_LIDAR_POINT
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.ray_sensors import LidarShape
from sim_scenarios.embedded_simulator.world.snapshot import Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

LIDAR, SEMANTIC = "sensor.lidar.ray_cast", "sensor.lidar.ray_cast_semantic"
CLEAN = {"dropoff_general_rate": 0.0, "dropoff_intensity_limit": 1.0, "dropoff_zero_intensity": 0.0}
DOWN = {"upper_fov": -35, "lower_fov": -60, "range": 50}
"""Every ray of a lidar at 2 m above the middle meets the road."""


def unpacked(payload: bytes, dtype: np.dtype[Any] = LIDAR_POINT) -> tuple[float, list[int], NDArray[Any]]:
    angle, channels = struct.unpack_from("<fI", payload)
    counts = list(struct.unpack_from(f"<{channels}I", payload, 8))
    points = np.frombuffer(payload[8 + 4 * channels :], dtype)
    assert len(points) == sum(counts)
    return angle, counts, points


def test_counts_follow_from_rate_step_and_channels(stand: Any) -> None:
    stand.sensor(LIDAR, at=(60, 0, 2), channels=16, points_per_second=16000, **DOWN, **CLEAN)
    for _ in range(3):
        _, counts, _ = unpacked(stand.payload())
        assert counts == [50] * 16


@pytest.mark.parametrize(
    ("rate", "channels", "delta_s", "expected"),
    [(56000, 32, 0.05, 88), (100_000, 64, 0.05, 78), (16, 32, 0.05, 0), (320, 32, 0.05, 1), (1000, 1, 0.1, 100)],
)
def test_points_of_a_channel_are_rounded_as_in_unreal(rate: int, channels: int, delta_s: float, expected: int) -> None:
    shape = LidarShape(
        channels=channels, range_m=10, points_per_second=rate, rotation_frequency=10, upper_fov_deg=10,
        lower_fov_deg=-30, horizontal_fov_deg=360,
    )  # fmt: skip
    assert points_per_channel(shape, delta_s) == expected


def test_channels_run_downwards_and_the_head_turns_on_from_tick_to_tick(stand: Any) -> None:
    stand.sensor(LIDAR, at=(60, 0, 2), channels=3, points_per_second=3 * 20 * 10, rotation_frequency=5, **DOWN, **CLEAN)
    starts = []
    for tick in range(5):
        angle, counts, points = unpacked(stand.payload())
        xyz = points["point"].astype(float)
        elevation = np.degrees(np.arctan2(xyz[:, 2], np.hypot(xyz[:, 0], xyz[:, 1])))
        np.testing.assert_allclose(elevation, np.repeat([-35, -47.5, -60], counts), atol=1e-3)
        azimuth = np.degrees(np.arctan2(xyz[:10, 1], xyz[:10, 0]))
        assert counts == [10] * 3
        np.testing.assert_allclose((np.diff(azimuth) + 360) % 360, 9.0, atol=1e-3)  # 5 turns/s * 360 * 0.05 s / 10
        starts.append((azimuth[0] + 540) % 360)  # 0 at the back, where the field of view starts
        assert np.degrees(angle) == pytest.approx(90.0 * (tick + 1) % 360, abs=1e-3)
    np.testing.assert_allclose((np.array(starts) + 1.0) % 360 - 1.0, [0, 90, 180, 270, 0], atol=1e-3)


def test_a_narrow_field_of_view_is_centred_ahead(stand: Any) -> None:
    stand.sensor(
        LIDAR, at=(60, 0, 2), channels=2, points_per_second=4000, rotation_frequency=20, horizontal_fov=60, **DOWN,
        **CLEAN,
    )  # fmt: skip
    _, _, points = unpacked(stand.payload())
    azimuth = np.degrees(np.arctan2(points["point"][:, 1], points["point"][:, 0]))
    assert (azimuth.min(), azimuth.max()) == (pytest.approx(-30.0), pytest.approx(29.4, abs=1e-3))


def test_points_lie_on_the_road_in_the_sensor_s_own_frame(stand: Any) -> None:
    turned = (10.0, 30.0, -5.0)
    stand.sensor(LIDAR, at=(60, 0, 2), turned=turned, channels=8, points_per_second=16000, **DOWN, **CLEAN)
    ((_, header, payload),) = stand.tick()
    _, _, points = unpacked(payload)
    world = points["point"] @ rotation_axes(header.pose.rotation) + np.array(header.pose.location)
    on_road = np.abs(world[:, 1]) < 3.4
    assert on_road.sum() > 100
    np.testing.assert_allclose(world[on_road, 2], 0.0, atol=1e-4)
    np.testing.assert_allclose(points["intensity"], np.exp(-0.004 * np.linalg.norm(points["point"], axis=1)), rtol=1e-4)


def test_a_step_too_short_for_a_point_gives_an_empty_measurement(stand: Any) -> None:
    stand.sensor(LIDAR, at=(60, 0, 2), channels=32, points_per_second=16)
    assert unpacked(stand.payload())[:2] == (0.0, [0] * 32)


def test_drop_off_takes_the_share_it_should(stand: Any) -> None:
    many = {"channels": 10, "points_per_second": 1_000_000, **DOWN}
    stand.sensor(LIDAR, at=(60, 0, 2), **many, **{**CLEAN, "dropoff_general_rate": 0.3})
    rays = 50_000
    _, counts, points = unpacked(stand.payload())
    assert len(points) / rays == pytest.approx(0.7, abs=5 * np.sqrt(0.21 / rays))
    assert np.std(counts) > 0


def test_faint_points_are_dropped_in_proportion(stand: Any) -> None:
    """The chance to be kept is 1 - zero + zero / limit * intensity below the limit, and 1 above it."""
    many = {"channels": 10, "points_per_second": 1_000_000, "atmosphere_attenuation_rate": 0.5, **DOWN}
    everything = stand.sensor(LIDAR, at=(60, 0, 2), **many, **CLEAN)
    _, _, points = unpacked(stand.payload())
    before = points["intensity"].astype(float)
    stand.world.destroy(everything.id)
    signal = {"dropoff_general_rate": 0.0, "dropoff_intensity_limit": 0.3, "dropoff_zero_intensity": 0.8}
    stand.sensor(LIDAR, at=(60, 0, 2), **many, **signal)
    _, _, points = unpacked(stand.payload())
    after = points["intensity"].astype(float)
    for low, high in ((0.18, 0.22), (0.25, 0.3), (0.3, 0.315)):
        total = ((before > low) & (before <= high)).sum()
        kept = ((after > low) & (after <= high)).sum()
        chance = 1.0 if low == 0.3 else 0.2 + 0.8 / 0.3 * before[(before > low) & (before <= high)].mean()
        assert total > 1000
        assert kept / total == pytest.approx(chance, abs=5 * 0.5 / np.sqrt(total))


def test_noise_lies_along_the_ray(stand: Any) -> None:
    many = {"channels": 10, "points_per_second": 200_000, **DOWN, **CLEAN}
    exact = stand.sensor(LIDAR, at=(60, 0, 2), **many)
    _, _, still = unpacked(stand.payload())
    stand.world.destroy(exact.id)
    stand.sensor(LIDAR, at=(60, 0, 2), **many, noise_stddev=0.05)
    _, _, noisy = unpacked(stand.payload())
    distance = np.linalg.norm(still["point"].astype(float), axis=1)
    error = np.einsum("ni,ni->n", noisy["point"] - still["point"], still["point"]) / distance
    along = error[:, None] * still["point"] / distance[:, None]
    across = np.linalg.norm(noisy["point"] - still["point"] - along, axis=1)
    assert across.max() < 1e-4
    assert error.std() == pytest.approx(0.05, rel=0.05)
    assert abs(error.mean()) < 0.003


def test_equal_seeds_give_equal_bytes_and_others_do_not(stand: Any) -> None:
    noisy = {"channels": 8, "points_per_second": 40_000, "noise_stddev": 0.02, **DOWN}
    for seed in (4, 4, 5):
        stand.sensor(LIDAR, at=(60, 0, 2), noise_seed=seed, **noisy)
    for _ in range(3):
        first, again, other = (payload for _, _, payload in stand.tick())
        assert first == again != other


def test_sensor_tick_spaces_scans(stand: Any) -> None:
    stand.sensor(LIDAR, at=(60, 0, 2), channels=1, points_per_second=100, sensor_tick=0.1)
    assert [len(list(stand.tick())) for _ in range(6)] == [1, 0, 1, 0, 1, 0]


def test_the_semantic_lidar_knows_what_it_met(stand: Any) -> None:
    other = stand.car(70.0)
    (light,) = (a for a in stand.world.actors.values() if a.type_id == "traffic.traffic_light")
    stand.sensor(
        SEMANTIC, at=(60, 1.75, 2), channels=64, points_per_second=400_000, rotation_frequency=20, range=100,
        upper_fov=20, lower_fov=-40,
    )  # fmt: skip
    _, counts, points = unpacked(stand.payload(), SEMANTIC_LIDAR_POINT)
    assert len(counts) == 64
    of_car = points["object_idx"] == other.id
    assert of_car.sum() > 50
    assert set(points["object_tag"][of_car].tolist()) == {14}
    ahead = points["point"][of_car]
    assert (np.abs(ahead[:, 0] - 10.0) < 0.5 * other.spec.length_m + 0.05).all()
    assert (np.abs(ahead[:, 1]) < 0.5 * other.spec.width_m + 0.2).all()  # mirrors
    road = points["object_tag"] == 1
    assert set(points["object_idx"][road].tolist()) == {0}
    down = -points["point"][road, 2] / np.linalg.norm(points["point"][road], axis=1)
    np.testing.assert_allclose(points["cos_inc_angle"][road], down, atol=1e-4)
    assert light.id in points["object_idx"]
    assert {1, 2, 3, 14} <= set(points["object_tag"].tolist())


def test_its_own_car_is_met_from_outside_but_not_from_within(stand: Any) -> None:
    car = stand.car(60.0)
    stand.sensor(SEMANTIC, car, at=(0, 0, 2.5), upper_fov=-60, lower_fov=-80, points_per_second=20_000)
    turning = {"points_per_second": 4000, "rotation_frequency": 20, "range": 90}
    stand.sensor(SEMANTIC, car, at=(0, 0, 1.0), upper_fov=5, lower_fov=5, channels=1, **turning)
    (_, _, above), (_, _, inside) = stand.tick()
    assert car.id in unpacked(above, SEMANTIC_LIDAR_POINT)[2]["object_idx"]
    _, _, seen = unpacked(inside, SEMANTIC_LIDAR_POINT)
    assert np.linalg.norm(seen["point"], axis=1).max() > 5.0


@pytest.mark.parametrize(
    "wrong", [{"channels": 0}, {"channels": "many"}, {"range": -1}, {"points_per_second": 1e12}, {"upper_fov": "nan"}]
)
def test_a_lidar_that_cannot_be_is_not_spawned(stand: Any, wrong: dict[str, Any]) -> None:
    with pytest.raises(WorldError, match=next(iter(wrong))):
        stand.sensor(LIDAR, **wrong)


def test_nothing_is_left_of_sensors_that_are_gone(stand: Any) -> None:
    for _ in range(3):
        made = [stand.sensor(kind, at=(60, 0, 2)) for kind in (LIDAR, SEMANTIC, "sensor.other.radar")]
        list(stand.tick())
        assert len(stand.suite._memories) == 3
        for sensor in made:
            stand.world.destroy(sensor.id)
        list(stand.tick())
        assert not stand.suite._memories


def test_worlds_that_are_told_the_same_give_the_same_bytes_on_one_thread_or_two(
    stand: Any, street: StaticTown, street_town: Town
) -> None:
    other = type(stand)(World("Street", street), Renderer(street_town, threads=2))
    runs = []
    for each in (stand, other):
        car = each.car(60.0)
        car.set_velocity(Vector(8.0, 0.0, 0.0))
        each.car(75.0, -1.75, yaw=180.0)
        each.sensor(LIDAR, car, at=(0, 0, 2.2), points_per_second=30_000, noise_stddev=0.02, range=80)
        each.sensor(SEMANTIC, car, at=(0, 0, 2.2), points_per_second=30_000)
        each.sensor("sensor.other.radar", car, at=(2.3, 0, 0.8), points_per_second=4000)
        each.sensor("sensor.other.obstacle", car, at=(0, 0, 1), distance=30)
        each.sensor("sensor.other.imu", car, noise_accel_stddev_x=0.1)
        each.sensor("sensor.other.gnss", car, noise_lat_stddev=1e-6)
        runs.append([list(each.tick()) for _ in range(12)])
    assert len(runs[0][0]) >= 5
    assert runs[0] == runs[1]
