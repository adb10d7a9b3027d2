"""Drives a car full of sensors and takes every sensor's measurement of every tick, in step.

A program as a user of CARLA would write it, after the documentation's synchronous mode: one queue a sensor, and a tick
is over when each has delivered that frame.

    python sensor_recorder.py --port 2000 --town Town05 --ticks 2000

Prints one line of JSON: how many measurements came of each sensor and what was in them.
"""

from __future__ import annotations

import argparse
import json
import queue
import sys

import carla
import numpy as np

DELTA_S = 0.05
WIDTH, HEIGHT = 160, 90
ROOF = carla.Transform(carla.Location(x=0.5, z=2.3))
HOOD = carla.Transform(carla.Location(x=2.5, z=0.8))
CAMERA = {"image_size_x": WIDTH, "image_size_y": HEIGHT, "fov": 90}
LIDAR = {"channels": 32, "points_per_second": 100000, "rotation_frequency": 20, "range": 60}
SENSORS = {
    "rgb": ("sensor.camera.rgb", ROOF, CAMERA),
    "depth": ("sensor.camera.depth", ROOF, CAMERA),
    "semantic": ("sensor.camera.semantic_segmentation", ROOF, CAMERA),
    "instance": ("sensor.camera.instance_segmentation", ROOF, CAMERA),
    "normals": ("sensor.camera.normals", ROOF, CAMERA),
    "flow": ("sensor.camera.optical_flow", ROOF, CAMERA),
    "lidar": ("sensor.lidar.ray_cast", ROOF, LIDAR),
    "semantic_lidar": ("sensor.lidar.ray_cast_semantic", ROOF, LIDAR),
    "radar": ("sensor.other.radar", HOOD, {"range": 80}),
    "gnss": ("sensor.other.gnss", ROOF, {}),
    "imu": ("sensor.other.imu", ROOF, {}),
}
EVENTS = {
    "collision": ("sensor.other.collision", carla.Transform()),
    "lane_invasion": ("sensor.other.lane_invasion", carla.Transform()),
    "obstacle": ("sensor.other.obstacle", HOOD),
    "dvs": ("sensor.camera.dvs", ROOF),
}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=2000)
    parser.add_argument("--tm-port", type=int, default=8001)
    parser.add_argument("--town", default="Town01")
    parser.add_argument("--ticks", type=int, default=2000)
    parser.add_argument("--spawn-point", type=int, default=0)
    return parser.parse_args()


def attach(world, car, kind, pose, attributes):
    blueprint = world.get_blueprint_library().find(kind)
    for name, value in attributes.items():
        blueprint.set_attribute(name, str(value))
    return world.spawn_actor(blueprint, pose, attach_to=car)


def take(arrived, frame):
    while True:
        data = arrived.get(timeout=30.0)
        if data.frame == frame:
            return data


def content_of(name, data):
    """One number that says whether a measurement makes sense."""
    if name == "flow":
        return float(np.abs(np.frombuffer(data.raw_data, np.float32)).max())
    if name in ("rgb", "depth", "semantic", "instance", "normals"):
        pixels = np.frombuffer(data.raw_data, np.uint8).reshape(HEIGHT, WIDTH, 4)
        return len(np.unique(pixels[:, :, 2])) if name == "semantic" else float(pixels[:, :, :3].std())
    if name == "gnss":
        return data.latitude
    if name == "imu":
        return data.accelerometer.z
    return len(data)


def main() -> int:
    args = parse()
    client = carla.Client(args.host, args.port, worker_threads=8)
    client.set_timeout(60.0)
    world = client.load_world(args.town)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    manager = client.get_trafficmanager(args.tm_port)
    manager.set_synchronous_mode(True)
    actors = []
    try:
        blueprint = world.get_blueprint_library().find("vehicle.lincoln.mkz_2020")
        blueprint.set_attribute("role_name", "hero")
        points = world.get_map().get_spawn_points()
        car = world.spawn_actor(blueprint, points[args.spawn_point % len(points)])
        actors.append(car)
        queues, events = {}, dict.fromkeys(EVENTS, 0)
        for name, (kind, pose, attributes) in SENSORS.items():
            sensor = attach(world, car, kind, pose, attributes)
            actors.append(sensor)
            queues[name] = queue.Queue()
            sensor.listen(queues[name].put)

        def count(name):
            def callback(event):
                events[name] += 1

            return callback

        for name, (kind, pose) in EVENTS.items():
            sensor = attach(world, car, kind, pose, CAMERA if name == "dvs" else {})
            actors.append(sensor)
            sensor.listen(count(name))
        world.tick()
        car.set_autopilot(True, args.tm_port)
        counts = dict.fromkeys(SENSORS, 0)
        low, high = dict.fromkeys(SENSORS, float("inf")), dict.fromkeys(SENSORS, float("-inf"))
        apart, gone, last = 0.0, 0.0, car.get_location()
        for _ in range(args.ticks):
            frame = world.tick()
            snapshot = world.get_snapshot()
            for name, arrived in queues.items():
                data = take(arrived, frame)
                where = snapshot.find(actors[1 + list(SENSORS).index(name)].id).get_transform()
                apart = max(apart, data.transform.location.distance(where.location))
                counts[name] += 1
                value = content_of(name, data)
                low[name], high[name] = min(low[name], value), max(high[name], value)
            gone += car.get_location().distance(last)
            last = car.get_location()
        summary = {
            "town": world.get_map().name.split("/")[-1],
            "ticks": args.ticks,
            "counts": counts,
            "low": low,
            "high": high,
            "events": events,
            "metres": gone,
            "pose_error_m": apart,
        }
        print(json.dumps(summary), flush=True)
        for actor in actors[1:]:
            actor.stop()
    finally:
        # Without a tick: the client ticks a batch while it holds Python's lock, which callbacks may wait for.
        client.apply_batch_sync([carla.command.DestroyActor(actor) for actor in reversed(actors)], False)
        world.tick()
        manager.set_synchronous_mode(False)
        manager.shut_down()
        settings.synchronous_mode, settings.fixed_delta_seconds = False, None
        world.apply_settings(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
