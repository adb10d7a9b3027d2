"""Lets a small world go on in step and prints a digest of everything that it sends.

    python digests.py --port 2000 --ticks 500

Cars under the TrafficManager, people under the client's crowd, a car that hits another, four weathers one after the
other, and every kind of sensor that the server has. Prints one line of JSON: a SHA-256 of each sensor's measurements
and one of all actors' transforms.
"""

from __future__ import annotations

import argparse
import hashlib
import json
import queue
import struct
import sys

import carla

from harness.carla_client.traffic_watch import TrafficWatch

DELTA_S = 0.05
PATIENCE_S = 30.0
ROOF = carla.Transform(carla.Location(x=0.5, z=2.3), carla.Rotation(pitch=-5.0))
SIZE = {"image_size_x": 96, "image_size_y": 54}
NOISE = {"noise_seed": 11}
SENSORS = {
    "sensor.camera.rgb": {**SIZE, "chromatic_aberration_intensity": 0.5, "exposure_mode": "histogram", "fstop": 8.0},
    "sensor.camera.depth": {**SIZE, "lens_circle_multiplier": 1.2, "lens_circle_falloff": 2.0},
    "sensor.camera.semantic_segmentation": SIZE,
    "sensor.camera.instance_segmentation": SIZE,
    "sensor.camera.normals": SIZE,
    "sensor.camera.optical_flow": SIZE,
    "sensor.lidar.ray_cast": {**NOISE, "noise_stddev": 0.02, "channels": 16, "points_per_second": 40000},
    "sensor.lidar.ray_cast_semantic": {"channels": 16, "points_per_second": 40000},
    "sensor.other.radar": NOISE,
    "sensor.other.gnss": {**NOISE, "noise_lat_stddev": 1e-6},
    "sensor.other.imu": {**NOISE, "noise_accel_stddev_x": 0.1},
}
WEATHERS = ("ClearNoon", "HardRainSunset", "DustStorm", "HardRainNight")
EVENTS = {"sensor.other.collision": {}, "sensor.other.obstacle": {}, "sensor.camera.dvs": SIZE}


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--port", type=int, default=2000)
    parser.add_argument("--tm-port", type=int, default=8002)
    parser.add_argument("--town", default="Town10HD")
    parser.add_argument("--ticks", type=int, default=500)
    return parser.parse_args()


def bytes_of(data):
    if isinstance(data, carla.GnssMeasurement):
        return struct.pack("<3d", data.latitude, data.longitude, data.altitude)
    if isinstance(data, carla.IMUMeasurement):
        a, g = data.accelerometer, data.gyroscope
        return struct.pack("<7d", a.x, a.y, a.z, g.x, g.y, g.z, data.compass)
    if isinstance(data, carla.CollisionEvent):
        push = data.normal_impulse
        return struct.pack("<3d", push.x, push.y, push.z) + data.other_actor.type_id.encode()
    if isinstance(data, carla.ObstacleDetectionEvent):
        return struct.pack("<d", data.distance) + data.other_actor.type_id.encode()
    if isinstance(data, carla.DVSEventArray):  # without times, which count from when the server was started
        return b"".join(sorted(struct.pack("<HHB", event.x, event.y, event.pol) for event in data))
    return bytes(data.raw_data)


def main() -> int:
    args = parse()
    client = carla.Client("127.0.0.1", args.port, worker_threads=8)
    client.set_timeout(120.0)
    world = client.load_world(args.town)
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    manager = client.get_trafficmanager(args.tm_port)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(4)
    world.set_pedestrians_seed(4)
    woken = []
    watch = TrafficWatch(args.tm_port, on_wake=lambda: woken.append(True), patience_s=PATIENCE_S)

    def step():
        with watch.during_a_tick():
            return world.tick()

    library, points = world.get_blueprint_library(), world.get_map().get_spawn_points()
    step()
    cars = []
    for number, point in enumerate(points[:20]):
        kinds = sorted(b.id for b in library.filter("vehicle.*"))
        car = world.try_spawn_actor(library.find(kinds[(3 * number) % len(kinds)]), point)
        if car is not None:
            cars.append(car)
    ahead = points[0].location + points[0].get_forward_vector() * 25.0 + carla.Location(z=0.2)
    target = world.try_spawn_actor(library.find("vehicle.audi.tt"), carla.Transform(ahead, points[0].rotation))
    people, controllers = [], []
    for _ in range(8):
        place = world.get_random_location_from_navigation()
        place.z += 1.0
        person = world.try_spawn_actor(library.filter("walker.pedestrian.*")[len(people)], carla.Transform(place))
        if person is not None:
            people.append(person)
    step()
    for person in people:
        controller = world.spawn_actor(library.find("controller.ai.walker"), carla.Transform(), attach_to=person)
        step()
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
        controllers.append(controller)
    for car in cars[1:]:
        car.set_autopilot(True, args.tm_port)
    queues, events = {}, {name: [] for name in EVENTS}
    sensors = []
    for kind, attributes in {**SENSORS, **EVENTS}.items():
        blueprint = library.find(kind)
        for name, value in attributes.items():
            blueprint.set_attribute(name, str(value))
        sensors.append(world.spawn_actor(blueprint, ROOF, attach_to=cars[0]))
        if kind in EVENTS:
            sensors[-1].listen(events[kind].append)
        else:
            queues[kind] = queue.Queue()
            sensors[-1].listen(queues[kind].put)
    digests = {kind: hashlib.sha256() for kind in (*SENSORS, "transforms")}
    first = None
    for tick in range(args.ticks):
        if tick % -(-args.ticks // len(WEATHERS)) == 0:
            name = WEATHERS[tick * len(WEATHERS) // args.ticks]
            world.set_weather(getattr(carla.WeatherParameters, name))
        throttle = 0.7 if tick < 120 else 0.3
        cars[0].apply_control(carla.VehicleControl(throttle=throttle, steer=0.02))
        frame = step()
        first = first or frame
        for kind, arrived in queues.items():
            data = arrived.get(timeout=60.0)
            assert data.frame == frame, (kind, data.frame, frame)
            digests[kind].update(bytes_of(data))
        snapshot = world.get_snapshot()
        for actor in (*cars, *people, *([target] if target else [])):
            seen = snapshot.find(actor.id)
            if seen is not None:
                pose, speed = seen.get_transform(), seen.get_velocity()
                place, turn = pose.location, pose.rotation
                values = (place.x, place.y, place.z, turn.pitch, turn.yaw, turn.roll, speed.x, speed.y, speed.z)
                digests["transforms"].update(struct.pack("<9f", *values))
    for _ in range(3):
        frame = step()
        for arrived in queues.values():
            while arrived.get(timeout=60.0).frame < frame:
                pass
    for sensor in sensors:
        sensor.stop()
    counts = {}
    for kind, seen in events.items():
        counted = [event for event in seen if event.frame < first + args.ticks]  # later ones may be still on their way
        counts[kind], digests[kind] = len(counted), hashlib.sha256()
        for event in counted:
            digests[kind].update(struct.pack("<q", event.frame - first) + bytes_of(event))
    sums = {kind: digest.hexdigest() for kind, digest in digests.items()}
    print(json.dumps({"digests": sums, "events": counts, "woken": len(woken)}))
    sys.stdout.flush()
    for controller in controllers:
        controller.stop()
    everything = [*sensors, *controllers, *people, *cars, *([target] if target else [])]
    # Without a tick: the client ticks a batch while it holds Python's lock, which callbacks may wait for.
    client.apply_batch_sync([carla.command.DestroyActor(actor) for actor in everything], False)
    step()
    watch.leave()
    manager.set_synchronous_mode(False)
    manager.shut_down()
    settings.synchronous_mode, settings.fixed_delta_seconds = False, None
    world.apply_settings(settings)
    return 0


if __name__ == "__main__":
    sys.exit(main())
