"""``carla.Sensor``: what each kind delivers."""

from __future__ import annotations

import math
import queue
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager, suppress
from typing import Any

import carla
import numpy as np
import pytest

from tests.contract.driving import DELTA_S, Spawn, ahead_of, run

ROOF = carla.Transform(carla.Location(z=2.2))
CAMERAS = ("rgb", "depth", "semantic_segmentation", "instance_segmentation", "normals")
STREAMING = {
    **{f"sensor.camera.{kind}": carla.Image for kind in CAMERAS},
    "sensor.camera.optical_flow": carla.OpticalFlowImage,
    "sensor.lidar.ray_cast": carla.LidarMeasurement,
    "sensor.lidar.ray_cast_semantic": carla.SemanticLidarMeasurement,
    "sensor.other.radar": carla.RadarMeasurement,
    "sensor.other.gnss": carla.GnssMeasurement,
    "sensor.other.imu": carla.IMUMeasurement,
}


@contextmanager
def listening(sensor: Any) -> Iterator[queue.Queue[Any]]:
    """What arrives; the sensor is stopped once its last frame is here, which the client's library needs."""
    arrived: queue.Queue[Any] = queue.Queue()
    sensor.listen(arrived.put)
    assert sensor.is_listening()
    try:
        yield arrived
    finally:
        sensor.stop()
        assert not sensor.is_listening()


def take(arrived: queue.Queue[Any], frame: int) -> Any:
    while True:
        data = arrived.get(timeout=30.0)
        if data.frame == frame:
            return data


@pytest.mark.parametrize("kind", STREAMING)
def test_every_tick_has_a_measurement_with_the_sensors_pose(
    world: carla.World, car: carla.Vehicle, spawn: Spawn, kind: str
) -> None:
    sensor = spawn(kind, ROOF, attach_to=car)
    car.apply_control(carla.VehicleControl(throttle=0.5))
    with listening(sensor) as arrived:
        for _ in range(3):
            frame = world.tick()
            data = take(arrived, frame)
            assert isinstance(data, STREAMING[kind])
            assert data.timestamp == pytest.approx(world.get_snapshot().elapsed_seconds)
            assert data.transform.location.distance(sensor.get_location()) < 0.02


def pixels_of(image: Any) -> Any:
    """(H, W, 4) in memory of their own: the image's goes with it."""
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4).copy()


def test_normals_are_on_the_worlds_axes(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    camera = spawn(
        "sensor.camera.normals", carla.Transform(carla.Location(z=6.0), carla.Rotation(pitch=-90.0)), attach_to=car,
        image_size_x=64, image_size_y=48, fov=110,
    )  # fmt: skip
    with listening(camera) as arrived:
        image = take(arrived, world.tick())
    ground = pixels_of(image)[20:28, 4:12]  # beside the car
    assert np.abs(ground[..., :3].astype(int) - [255, 128, 128]).mean() < 4  # blue: up
    image.convert(carla.ColorConverter.Raw)
    assert (image.width, image.height) == (64, 48)


def test_flow_spreads_from_where_the_car_drives_to(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    size = {"image_size_x": 96, "image_size_y": 64, "fov": 90}
    nose = carla.Transform(carla.Location(x=2.6, z=0.8))
    camera = spawn("sensor.camera.optical_flow", nose, attach_to=car, **size)
    depth_camera = spawn("sensor.camera.depth", nose, attach_to=car, **size)
    car.enable_constant_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    run(world, 0.5)
    with listening(camera) as arrived, listening(depth_camera) as depths:
        frame = world.tick()
        take(arrived, frame), take(depths, frame)
        frame = world.tick()
        image, depth = take(arrived, frame), pixels_of(take(depths, frame))[..., :3].astype(float)
    flow = np.frombuffer(image.raw_data, np.float32).reshape(64, 96, 2)
    assert np.isfinite(flow).all()
    distance = depth @ [65536.0, 256.0, 1.0] / (2**24 - 1) * 1000.0
    assert distance[48:].max() < 4.0  # the road before the car
    assert flow[48:, :40, 0].max() < 0.0  # to the left
    assert flow[48:, 56:, 0].min() > 0.0
    assert flow[48:, :, 1].max() < 0.0  # down: y points up
    # A point ahead is at focal * height / distance below the middle; the distance was longer by what was driven.
    row = 60
    expected = -(row + 0.5 - 32.0) / 32.0 * (1.0 - distance[row, 48] / (distance[row, 48] + 10.0 * DELTA_S))
    assert flow[row, 48, 1] == pytest.approx(expected, rel=0.05)
    colors = pixels_of(image.get_color_coded_flow())
    left, right = colors[60, 4, :3].astype(int), colors[60, 91, :3].astype(int)
    assert abs(left - right).max() > 30  # other directions have other colours


def test_events_tell_what_became_brighter_and_darker(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    camera = spawn("sensor.camera.dvs", ROOF, attach_to=car, image_size_x=160, image_size_y=90, log_eps=0.01)
    car.enable_constant_velocity(carla.Vector3D(10.0, 0.0, 0.0))
    run(world, 0.5)
    with listening(camera) as arrived:
        world.tick()
        run(world, 0.25)
        frame = world.tick()
        events = take(arrived, frame)
    assert (events.width, events.height, events.fov) == (160, 90, 90.0)
    assert len(events) > 20
    x, y = np.array(events.to_array_x()), np.array(events.to_array_y())
    t, polarity = np.array(events.to_array_t()), np.array(events.to_array_pol())
    assert len(x) == len(y) == len(t) == len(polarity) == len(events)
    assert (events[0].x, events[0].y, events[0].t, 1 if events[0].pol else -1) == (x[0], y[0], t[0], polarity[0])
    assert min(x.min(), y.min()) >= 0
    assert x.max() < 160
    assert y.max() < 90
    assert (np.diff(t) >= 0).all()
    assert events.timestamp - DELTA_S - 1e-6 <= t.min() * 1e-9
    assert t.max() * 1e-9 <= events.timestamp + 1e-6
    assert len(set(polarity.tolist())) == 2
    lit = {(color.r, color.g, color.b) for color in events.to_image()}
    assert len(lit) == 3  # brighter, darker, neither
    with pytest.raises(TypeError):  # the client cannot turn its own answer into a list
        events.to_array()


def test_a_camera_heeds_its_picture_and_lens_attributes(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    size = {"image_size_x": 160, "image_size_y": 90}
    cameras = [
        spawn("sensor.camera.rgb", ROOF, attach_to=car, **size),
        spawn("sensor.camera.rgb", ROOF, attach_to=car, exposure_compensation=1.0, **size),
        spawn("sensor.camera.semantic_segmentation", ROOF, attach_to=car, **size),
        spawn("sensor.camera.semantic_segmentation", ROOF, attach_to=car, lens_circle_multiplier=3.0, **size),
    ]
    with ExitStack() as open_eyes:
        streams = [open_eyes.enter_context(listening(camera)) for camera in cameras]
        frame = world.tick()
        plain, brighter, straight, bent = (pixels_of(take(arrived, frame)) for arrived in streams)
    assert brighter[..., :3].mean() > 1.15 * plain[..., :3].mean()
    assert 0.005 < (straight != bent).any(axis=2).mean() < 0.8
    np.testing.assert_array_equal(straight[40:50, 70:90], bent[40:50, 70:90])  # a lens leaves the middle as it is


def test_sensor_tick_is_kept(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    sensor = spawn("sensor.other.imu", ROOF, attach_to=car, sensor_tick=0.2)
    with listening(sensor) as arrived:
        first = world.tick()
        for _ in range(8):
            world.tick()
        frames = [take(arrived, first).frame, arrived.get(timeout=10.0).frame, arrived.get(timeout=10.0).frame]
    assert [frame - first for frame in frames] == [0, 4, 8]


def test_the_imu_feels_gravity_and_the_gnss_knows_the_place(
    world: carla.World, car: carla.Vehicle, spawn: Spawn
) -> None:
    imu, gnss = spawn("sensor.other.imu", ROOF, attach_to=car), spawn("sensor.other.gnss", ROOF, attach_to=car)
    run(world, 1.0)
    with listening(imu) as inertial, listening(gnss) as satellite:
        frame = world.tick()
        felt, where = take(inertial, frame), take(satellite, frame)
    assert felt.accelerometer.z == pytest.approx(9.81, abs=0.3)
    assert 0.0 <= felt.compass <= 2.0 * math.pi
    expected = world.get_map().transform_to_geolocation(gnss.get_location())
    assert where.latitude == pytest.approx(expected.latitude, abs=1e-6)
    assert where.longitude == pytest.approx(expected.longitude, abs=1e-6)


def test_a_lidar_sees_the_car_ahead(
    world: carla.World, car: carla.Vehicle, spawn: Spawn, street: carla.Transform
) -> None:
    other = spawn("vehicle.audi.tt", ahead_of(street, 15.0))
    lidar = spawn(
        "sensor.lidar.ray_cast_semantic", ROOF, attach_to=car, channels=32, points_per_second=200000, range=50.0,
        rotation_frequency=20.0, upper_fov=5.0, lower_fov=-25.0,
    )  # fmt: skip
    run(world, 1.0)
    with listening(lidar) as arrived:
        scan = take(arrived, world.tick())
    assert scan.channels == 32
    assert sum(scan.get_point_count(channel) for channel in range(32)) == len(scan)
    mine = [point for point in scan if point.object_idx == other.id]
    assert mine
    assert all(point.object_tag == int(carla.CityObjectLabel.Car) for point in mine)
    assert min(point.point.x for point in mine) == pytest.approx(15.0 - other.bounding_box.extent.x, abs=1.0)
    roads = [point for point in scan if point.object_tag == int(carla.CityObjectLabel.Roads)]
    height = lidar.get_location().z - world.get_map().get_waypoint(street.location).transform.location.z
    assert sum(abs(point.point.z + height) < 0.3 for point in roads) > 0.5 * len(roads)


def test_a_radar_measures_speed(world: carla.World, car: carla.Vehicle, spawn: Spawn, street: carla.Transform) -> None:
    other = spawn("vehicle.audi.tt", ahead_of(street, 25.0))
    radar = spawn(
        "sensor.other.radar", carla.Transform(carla.Location(x=2.6, z=0.8)), attach_to=car, range=60.0,
        horizontal_fov=10.0, vertical_fov=5.0, points_per_second=4000,
    )  # fmt: skip
    other.enable_constant_velocity(carla.Vector3D(5.0, 0.0, 0.0))
    run(world, 0.5)
    with listening(radar) as arrived:
        sweep = take(arrived, world.tick())
    assert sweep.get_detection_count() == len(sweep)
    assert any(abs(abs(detection.velocity) - 5.0) < 1.0 for detection in sweep)


def test_a_radar_that_meets_nothing_says_so(world: carla.World, spawn: Spawn) -> None:
    radar = spawn("sensor.other.radar", carla.Transform(carla.Location(z=400.0), carla.Rotation(pitch=60.0)))
    with listening(radar) as arrived:
        for _ in range(3):
            assert len(take(arrived, world.tick())) == 0


def test_a_collision_is_felt(world: carla.World, car: carla.Vehicle, spawn: Spawn, street: carla.Transform) -> None:
    other = spawn("vehicle.audi.tt", ahead_of(street, 12.0))
    sensor = spawn("sensor.other.collision", carla.Transform(), attach_to=car)
    with listening(sensor) as arrived:
        car.enable_constant_velocity(carla.Vector3D(8.0, 0.0, 0.0))
        run(world, 2.0)
        event = arrived.get(timeout=10.0)
        assert event.actor.id == car.id
        assert event.other_actor.id == other.id
        assert event.normal_impulse.length() > 100.0


def test_an_obstacle_is_noticed(world: carla.World, car: carla.Vehicle, spawn: Spawn, street: carla.Transform) -> None:
    other = spawn("vehicle.audi.tt", ahead_of(street, 14.0))
    nose = carla.Transform(carla.Location(x=2.6, z=0.8))
    sensor = spawn("sensor.other.obstacle", nose, attach_to=car, distance=20.0, only_dynamics="True")
    with listening(sensor) as arrived:
        run(world, 0.5)
        event = arrived.get(timeout=10.0)
    assert event.other_actor.id == other.id
    assert event.distance == pytest.approx(14.0 - 2.6 - other.bounding_box.extent.x, abs=1.0)


def test_crossing_a_line_is_told(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    sensor = spawn("sensor.other.lane_invasion", carla.Transform(), attach_to=car)
    with listening(sensor) as arrived:
        car.enable_constant_velocity(carla.Vector3D(5.0, -2.0, 0.0))
        run(world, 3.0)
        event = arrived.get(timeout=10.0)
    assert event.crossed_lane_markings


def test_the_rarer_calls(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    """ROS and V2X are compiled into few servers, G-buffers into those with a screen: no call may hang or kill."""
    camera = spawn("sensor.camera.rgb", ROOF, attach_to=car, image_size_x=64, image_size_y=36)
    with listening(camera) as arrived:
        take(arrived, world.tick())
        camera.enable_for_ros()
        camera.disable_for_ros()
        camera.set_ignored_vehicles([car.id])
        with pytest.raises(TypeError):  # the client cannot turn its own answer into a list
            camera.get_ignored_vehicles()
        for call in (
            lambda: camera.is_enabled_for_ros(),
            lambda: camera.enable_gbuffers(True),
            lambda: camera.listen_to_gbuffer(0, lambda image: None),
            lambda: camera.is_listening_gbuffer(0),
            lambda: camera.stop_gbuffer(0),
            lambda: camera.send("a word"),
        ):
            with suppress(RuntimeError):  # refused, in words
                call()
        frame = world.tick()
        assert take(arrived, frame).frame == frame
