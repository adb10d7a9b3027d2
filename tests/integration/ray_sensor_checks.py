"""What the unmodified carla client must get from sensors and queries that cast rays; one function a topic.

Run as ``python ray_sensor_checks.py PORT CHECK``, each in a process of its own; ``test_ray_sensors.py`` runs them.
"""

from __future__ import annotations

import math
import os
import queue
import sys
from typing import Any

import carla
import numpy as np
from numpy.typing import NDArray

DELTA_S = 0.05
CLEAN = {"dropoff_general_rate": "0", "dropoff_intensity_limit": "1", "dropoff_zero_intensity": "0"}


def connect(port: int) -> carla.Client:
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(20.0)
    return client


def fresh_world(port: int) -> carla.World:
    """A new episode in synchronous mode."""
    world = connect(port).reload_world()
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    world.tick()
    return world


class Listener:
    """A sensor and the queue that its data arrive in."""

    def __init__(self, world: carla.World, kind: str, pose: carla.Transform, parent: Any = None, **values: Any) -> None:
        blueprint = world.get_blueprint_library().find(kind)
        for name, value in values.items():
            blueprint.set_attribute(name, str(value))
        self.sensor = world.spawn_actor(blueprint, pose, attach_to=parent)
        self.queue: queue.Queue[Any] = queue.Queue()
        self.sensor.listen(self.queue.put)

    def get(self) -> Any:
        return self.queue.get(timeout=30)


def spawn(
    world: carla.World, kind: str, pose: carla.Transform, *, ahead: float = 0.0, aside: float = 0.0, up: float = 0.0
) -> Any:
    """An actor that its client holds in place, seen from a pose."""
    forward, right = pose.get_forward_vector(), pose.get_right_vector()
    place = pose.location + ahead * forward + aside * right + carla.Location(z=up)
    actor = world.spawn_actor(world.get_blueprint_library().find(kind), carla.Transform(place, pose.rotation))
    actor.set_simulate_physics(False)
    return actor


def matrix(pose: carla.Transform) -> NDArray[np.float64]:
    return np.array(pose.get_matrix())


def check_lidar_agrees_with_the_depth_camera(port: int) -> None:
    """Both from one pose, pitched and rolled; the semantic camera names what the semantic lidar names."""
    world = fresh_world(port)
    start = world.get_map().get_spawn_points()[0]
    cast = [
        spawn(world, "vehicle.audi.tt", start, ahead=12),
        spawn(world, "vehicle.bh.crossbike", start, ahead=9, aside=1.4),
    ]
    cast.append(spawn(world, "walker.pedestrian.0005", start, ahead=8, aside=-2, up=0.7))
    pose = carla.Transform(start.location + carla.Location(z=1.9), carla.Rotation(-8.0, start.rotation.yaw + 5.0, 6.0))
    width, height = 640, 480
    image = {"image_size_x": width, "image_size_y": height, "fov": 90}
    turn = {
        "channels": 64,
        "points_per_second": 400_000,
        "rotation_frequency": 20,
        "range": 100,
        "upper_fov": 25,
        "lower_fov": -25,
    }
    depth, tags = (Listener(world, f"sensor.camera.{k}", pose, **image) for k in ("depth", "semantic_segmentation"))
    lidar = Listener(world, "sensor.lidar.ray_cast", pose, **turn, **CLEAN)
    semantic = Listener(world, "sensor.lidar.ray_cast_semantic", pose, **turn)
    world.tick()
    pixels = np.frombuffer(depth.get().raw_data, np.uint8).reshape(height, width, 4).astype(float)
    metres = (pixels[..., 2] + 256 * pixels[..., 1] + 65536 * pixels[..., 0]) / (256**3 - 1) * 1000
    seen = np.frombuffer(tags.get().raw_data, np.uint8).reshape(height, width, 4)[..., 2]
    scan, labelled = lidar.get(), semantic.get()
    assert len(scan) == len(labelled)
    points = np.frombuffer(scan.raw_data, np.float32).reshape(-1, 4)
    detections = np.frombuffer(
        labelled.raw_data, np.dtype([("xyz", "<f4", (3,)), ("cos", "<f4"), ("idx", "<u4"), ("tag", "<u4")])
    )
    assert (points[:, :3] == detections["xyz"]).all()
    x, y, z = points[:, :3].astype(float).T
    column, line = width / 2 * (1 + y / np.maximum(x, 1e-3)), height / 2 - width / 2 * z / np.maximum(x, 1e-3)
    inside = (x > 0.5) & (column >= 1) & (column < width - 1) & (line >= 1) & (line < height - 1)
    i, j = line[inside].astype(int), column[inside].astype(int)
    around = np.stack([metres[i + a, j + b] for a in (-1, 0, 1) for b in (-1, 0, 1)])
    labels = np.stack([seen[i + a, j + b] for a in (-1, 0, 1) for b in (-1, 0, 1)])
    # The point lies between pixel centres: where the surface is even, the depth there follows from the neighbours.
    nearness = 1.0 / around
    bend = np.abs(np.stack([nearness[3] + nearness[5], nearness[1] + nearness[7]]) - 2 * nearness[4])
    even = (bend < 3e-4 * nearness[4] ** 2).all(axis=0) & (labels == labels[4]).all(axis=0)  # depth comes in 0.06 mm
    even &= labels[4] != 9
    expected = 1.0 / (
        nearness[4]
        + (column[inside] - j - 0.5) * (nearness[5] - nearness[3]) / 2
        + (line[inside] - i - 0.5) * (nearness[7] - nearness[1]) / 2
    )
    error = np.abs(expected - x[inside])[even]
    assert even.sum() > 2000, even.sum()
    assert (error < 0.01).mean() > 0.999, np.sort(error)[-20:]
    assert (labels[4] == detections["tag"][inside])[even].mean() > 0.999
    found = set(detections["idx"].tolist())
    assert {actor.id for actor in cast} <= found, (found, cast)
    for listener in (depth, tags, lidar, semantic):
        listener.sensor.destroy()


def check_measurements_decode(port: int) -> None:
    """Through carla's own classes, over some ticks, as tutorials read them."""
    world = fresh_world(port)
    start = world.get_map().get_spawn_points()[1]
    car = world.spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), start)
    roof = carla.Transform(carla.Location(z=2.4))
    lidar = Listener(
        world, "sensor.lidar.ray_cast", roof, car, channels=16, points_per_second=32_000, range=60, noise_stddev=0.01
    )
    labelled = Listener(world, "sensor.lidar.ray_cast_semantic", roof, car, channels=8, points_per_second=16_000)
    radar = Listener(world, "sensor.other.radar", carla.Transform(carla.Location(2.0, 0.0, 1.0)), car)
    for tick in range(4):
        frame = world.tick()
        scan, semantic, echo = lidar.get(), labelled.get(), radar.get()
        assert (type(scan), type(semantic), type(echo)) == (
            carla.LidarMeasurement, carla.SemanticLidarMeasurement, carla.RadarMeasurement
        )  # fmt: skip
        assert {scan.frame, semantic.frame, echo.frame} == {frame}
        assert (scan.channels, semantic.channels) == (16, 8)
        assert math.isclose(scan.horizontal_angle, math.pi * ((tick + 1) % 2), abs_tol=1e-4)
        assert 0 < sum(scan.get_point_count(channel) for channel in range(16)) == len(scan) <= 1600
        detection = next(iter(scan))
        assert 0.5 < detection.intensity <= 1.0
        assert -3.0 < detection.point.z < 10.5  # 60 m at 10 degrees upwards
        there = next(iter(semantic))
        assert 0.0 < there.cos_inc_angle <= 1.0
        assert there.object_tag in range(30)
        assert 0 < len(echo) <= 75
        for target in echo:
            assert abs(target.azimuth) <= math.radians(15.01)
            assert abs(target.altitude) <= math.radians(15.01)
            assert 0 < target.depth <= 110
    assert scan.transform.location.distance(car.get_location() + carla.Location(z=2.4)) < 0.2
    for listener in (lidar, labelled, radar):
        listener.sensor.stop()
        listener.sensor.destroy()


def check_radar_sees_a_car_come(port: int) -> None:
    world = fresh_world(port)
    start = world.get_map().get_spawn_points()[0]
    target = spawn(world, "vehicle.tesla.model3", start, ahead=25)
    pose = carla.Transform(start.location + carla.Location(z=0.6), start.rotation)
    radar = Listener(world, "sensor.other.radar", pose, points_per_second=10_000, horizontal_fov=10, vertical_fov=6)
    for tick in range(4):
        ahead = 25.0 - 10.0 * DELTA_S * tick
        target.set_transform(carla.Transform(start.location + ahead * start.get_forward_vector(), start.rotation))
        world.tick()
        seen = np.array([(d.velocity, d.azimuth, d.altitude, d.depth) for d in radar.get()])
    moving = np.abs(seen[:, 0]) > 1.0
    assert moving.sum() > 20
    assert np.allclose(seen[moving, 0], -10.0 * np.cos(seen[moving, 1]) * np.cos(seen[moving, 2]), atol=0.05)
    radar.sensor.destroy()


def check_rays(port: int) -> None:
    """Through a car down to the road; projections; what was spawned a moment ago is met without a tick."""
    world = fresh_world(port)
    start = world.get_map().get_spawn_points()[0]
    spawn(world, "vehicle.tesla.model3", start)
    middle = start.location  # the car's own place is known to the client after a tick only
    label = carla.CityObjectLabel
    hits = world.cast_ray(middle + carla.Location(z=6.0), middle - carla.Location(z=2.0))
    labels = [hit.label for hit in hits]
    assert labels[0] == label.Car
    assert labels[-1] in (label.Roads, label.RoadLines, label.Ground)
    assert hits[0].location.z > hits[-1].location.z
    onto = world.ground_projection(middle + carla.Location(z=6.0), 20.0)
    assert onto.label == label.Car
    assert abs(onto.location.z - middle.z - 1.4) < 0.3
    assert world.project_point(middle + carla.Location(z=6.0), carla.Vector3D(0, 0, 5), 50.0) is None
    building = max(world.get_level_bbs(label.Buildings), key=lambda box: box.extent.z)
    outside = building.location + carla.Location(x=80.0)
    seen = world.project_point(outside, building.location - outside, 100.0)
    assert seen is not None
    assert seen.label != label.NONE


def check_obstacles_and_memory(port: int) -> None:
    """The detector names car and distance; sensors come and go by the dozen."""
    world = fresh_world(port)
    start = world.get_map().get_spawn_points()[0]
    car = spawn(world, "vehicle.tesla.model3", start)
    other = spawn(world, "vehicle.audi.tt", start, ahead=15)
    world.tick()
    ahead = carla.Transform(carla.Location(z=1.0))
    detector = Listener(world, "sensor.other.obstacle", ahead, car, distance=30, hit_radius=0.3, only_dynamics="true")
    world.tick()
    event = detector.get()
    assert (event.actor.id, event.other_actor.id) == (car.id, other.id)
    front = 15.0 - other.bounding_box.extent.x - 0.3
    assert front - 0.1 < event.distance < front + 1.5  # the nose is lower than the sensor
    detector.sensor.destroy()
    for _ in range(12):
        lidar = Listener(world, "sensor.lidar.ray_cast", ahead, car, points_per_second=2000)
        world.tick()
        lidar.get()
        lidar.sensor.destroy()
    wrong = world.get_blueprint_library().find("sensor.lidar.ray_cast")
    wrong.set_attribute("channels", "0")
    try:
        world.spawn_actor(wrong, ahead)
    except RuntimeError as error:
        assert "channels" in str(error)  # noqa: PT017
    else:
        raise AssertionError("a lidar without channels was spawned")
    world.tick()


CHECKS = {name.removeprefix("check_"): check for name, check in globals().items() if name.startswith("check_")}

if __name__ == "__main__":
    CHECKS[sys.argv[2]](int(sys.argv[1]))
    sys.stdout.flush()
    os._exit(0)  # the client library's threads do not always end well
