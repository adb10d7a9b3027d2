"""What the unmodified carla client must be able to do with the embedded simulator; one function a topic.

Run as ``python simulator_client_checks.py PORT CHECK``, each check in a process of its own: the client library can take
its process down when a sensor is destroyed while a message is on its way, and a test run must survive that.
``test_simulator_client.py`` runs them all.
"""

from __future__ import annotations

import contextlib
import math
import os
import queue
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import carla
import numpy as np
import pytest
from numpy.typing import NDArray

from harness.carla_client.traffic_watch import TrafficWatch

DELTA_S = 0.05
WIDTH, HEIGHT = 160, 90
CAMERAS = ("rgb", "semantic_segmentation", "depth", "instance_segmentation")


def connect(port: int) -> carla.Client:
    # Eight threads: with as many sensor callbacks waiting for Python's lock as there are threads, no snapshot is read.
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(20.0)
    return client


def synchronous(world: carla.World, **changes: Any) -> None:
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    for name, value in changes.items():
        setattr(settings, name, value)
    world.apply_settings(settings)


def fresh_world(client: carla.Client) -> carla.World:
    """An empty world in synchronous mode."""
    world = client.reload_world()
    synchronous(world)
    world.tick()
    return world


def spawn_car(world: carla.World, index: int = 0, blueprint: str = "vehicle.tesla.model3") -> Any:
    pose = world.get_map().get_spawn_points()[index]
    return world.spawn_actor(world.get_blueprint_library().find(blueprint), pose)


@contextlib.contextmanager
def ticks_under_watch(world: carla.World, traffic_manager_port: int) -> Iterator[Callable[[], None]]:
    """The world's tick, woken where the TrafficManager misses its cue, which is a fault of the client (issue 9172)."""
    watch = TrafficWatch(
        traffic_manager_port, on_wake=lambda: print("a tick was woken", file=sys.stderr), patience_s=20.0
    )

    def tick() -> None:
        with watch.during_a_tick():
            world.tick()

    try:
        yield tick
    finally:
        watch.leave()


class Listener:
    """A sensor and the queue that its data arrive in."""

    def __init__(self, world: carla.World, blueprint_id: str, parent: Any, pose: Any = None, **attributes: str) -> None:
        blueprint = world.get_blueprint_library().find(blueprint_id)
        for name, value in attributes.items():
            blueprint.set_attribute(name, value)
        self.sensor = world.spawn_actor(blueprint, pose or carla.Transform(), attach_to=parent)
        self.queue: queue.Queue[Any] = queue.Queue()
        self.sensor.listen(self.queue.put)

    def get(self) -> Any:
        return self.queue.get(timeout=20)


def camera(world: carla.World, kind: str, parent: Any) -> Listener:
    pose = carla.Transform(carla.Location(x=-5.0, z=3.0), carla.Rotation(pitch=-10.0))
    size = {"image_size_x": str(WIDTH), "image_size_y": str(HEIGHT), "fov": "80"}
    return Listener(world, f"sensor.camera.{kind}", parent, pose, **size)


def bgra(image: Any) -> NDArray[np.uint8]:
    return np.frombuffer(image.raw_data, np.uint8).reshape(image.height, image.width, 4)


def close(a: float, b: float, tolerance: float = 1e-3) -> bool:
    return math.isclose(a, b, abs_tol=tolerance)


# --- session --------------------------------------------------------------------------------------------------------


def check_session(port: int) -> None:
    client = connect(port)
    assert client.get_server_version() == client.get_client_version() == "0.9.16"
    assert "/Game/Carla/Maps/Town10HD" in client.get_available_maps()
    world = client.get_world()
    town = world.get_map()
    assert town.name == "Carla/Maps/Town10HD"
    assert len(town.get_spawn_points()) >= 100
    assert len(world.get_blueprint_library().filter("vehicle.*")) >= 12
    assert len(world.get_blueprint_library().filter("walker.*")) >= 8

    before = world.get_settings()
    assert not before.synchronous_mode
    assert before.fixed_delta_seconds is None
    synchronous(world)
    now = world.get_settings()
    assert now.synchronous_mode
    assert close(now.fixed_delta_seconds, DELTA_S)
    frame = world.tick()
    snapshot = world.get_snapshot()
    assert snapshot.frame == frame
    assert close(snapshot.timestamp.delta_seconds, DELTA_S)
    world.apply_settings(before)
    assert not world.get_settings().synchronous_mode


def check_loading_worlds(port: int) -> None:
    client = connect(port)
    first = client.get_world()
    with pytest.raises(RuntimeError, match=r"'Town99' not found; this server has Town01"):
        client.load_world("Town99")
    second = client.load_world("Town10HD_Opt")
    assert second.id != first.id
    assert second.get_map().name == "Carla/Maps/Town10HD_Opt"
    car = spawn_car(second)
    third = client.reload_world()
    assert third.id not in (first.id, second.id)
    third.wait_for_tick()
    assert car.id not in [actor.id for actor in third.get_actors()]
    synchronous(third)
    client.load_world("Town10HD", reset_settings=False)
    assert client.get_world().get_settings().synchronous_mode
    client.load_world("Town10HD")
    assert not client.get_world().get_settings().synchronous_mode


def check_weather(port: int) -> None:
    world = fresh_world(connect(port))
    wanted = carla.WeatherParameters(
        cloudiness=12.5, precipitation=30, sun_altitude_angle=-10, wetness=7, dust_storm=3.0
    )
    for weather in (wanted, carla.WeatherParameters.HardRainNoon, carla.WeatherParameters.ClearNight):
        world.set_weather(weather)
        world.tick()
        assert world.get_weather() == weather


def check_asynchronous_mode(port: int) -> None:
    world = connect(port).reload_world()
    start = time.monotonic()
    frames = [world.wait_for_tick().frame for _ in range(11)]
    elapsed = time.monotonic() - start
    assert frames == sorted(set(frames))
    assert frames[-1] - frames[0] >= 10
    assert 0.3 < elapsed < 3.0  # ten ticks of 0.05 s, on a machine that may be busy
    seen: list[int] = []
    world.on_tick(lambda snapshot: seen.append(snapshot.frame))
    car = spawn_car(world)
    rgb = camera(world, "rgb", car)
    images = [rgb.get().frame for _ in range(5)]
    assert images == sorted(set(images))
    assert seen
    rgb.sensor.stop()


def check_refusals(port: int) -> None:
    client = connect(port)
    world = client.get_world()
    cone = world.get_blueprint_library().find("static.prop.constructioncone")
    with pytest.raises(RuntimeError, match="spawn_actor: expected a finite number"):
        world.spawn_actor(cone, carla.Transform(carla.Location(x=float("nan"))))
    assert client.get_server_version() == "0.9.16"


# --- vehicles -------------------------------------------------------------------------------------------------------


def check_vehicle(port: int) -> None:
    world = fresh_world(connect(port))
    blueprint = world.get_blueprint_library().find("vehicle.tesla.model3")
    blueprint.set_attribute("role_name", "hero")
    blueprint.set_attribute("color", "10,20,30")
    pose = world.get_map().get_spawn_points()[0]
    car = world.spawn_actor(blueprint, pose)
    assert car.attributes["role_name"] == "hero"
    assert car.semantic_tags == [14]
    assert 2.0 < car.bounding_box.extent.x < 2.8
    assert world.try_spawn_actor(blueprint, pose) is None
    with pytest.raises(RuntimeError, match="Spawn failed because of collision at spawn position"):
        world.spawn_actor(blueprint, pose)
    world.tick()
    assert car.get_speed_limit() in (30.0, 40.0, 50.0, 60.0)

    car.apply_control(carla.VehicleControl(throttle=0.8))
    start = car.get_location()
    for _ in range(30):
        world.tick()
    assert car.get_location().distance(start) > 2.0
    assert car.get_velocity().length() > 3.0
    assert close(car.get_control().throttle, 0.8)
    forward = car.get_transform().get_forward_vector()
    assert car.get_velocity().dot(forward) > 0.99 * car.get_velocity().length()
    car.apply_control(carla.VehicleControl(brake=1.0))
    for _ in range(40):
        world.tick()
    assert car.get_velocity().length() < 0.01

    there = world.get_map().get_spawn_points()[5]
    car.set_simulate_physics(False)
    car.set_transform(there)
    world.tick()
    assert car.get_transform().location.distance(there.location) < 1e-3
    state = carla.VehicleLightState(carla.VehicleLightState.LowBeam | carla.VehicleLightState.Brake)
    car.set_light_state(state)
    world.tick()
    assert car.get_light_state() == state
    assert world.get_vehicles_light_states()[car.id] == state
    physics = car.get_physics_control()
    assert len(physics.wheels) == 4
    physics.mass = 2000.0
    car.apply_physics_control(physics)
    assert car.get_physics_control().mass == 2000.0
    assert car.get_telemetry_data().engine_rpm > 0
    car.destroy()
    world.tick()
    assert not world.get_snapshot().has_actor(car.id)


def check_batches(port: int) -> None:
    client = connect(port)
    world = fresh_world(client)
    command, points = carla.command, world.get_map().get_spawn_points()
    library = world.get_blueprint_library()
    car = library.find("vehicle.nissan.micra")
    control = command.ApplyVehicleControl(command.FutureActor, carla.VehicleControl(throttle=0.5))
    batch = [command.SpawnActor(car, points[i]).then(control) for i in (3, 5, 5)]
    sidewalk = carla.Transform(points[10].location + carla.Location(z=5.0))
    batch.append(command.SpawnActor(library.filter("walker.*")[0], sidewalk))
    answers = client.apply_batch_sync(batch, True)
    assert [answer.has_error() for answer in answers] == [False, False, True, False]
    assert "collision" in answers[2].error
    assert len(world.get_actors().filter("vehicle.*")) == 2
    assert world.get_actor(answers[0].actor_id).get_control().throttle > 0.4
    spawned = [answer.actor_id for answer in answers if not answer.has_error()]
    destroyed = client.apply_batch_sync([command.DestroyActor(actor_id) for actor_id in [*spawned, 999_999]], True)
    assert [answer.has_error() for answer in destroyed] == [False, False, False, True]
    assert len(world.get_actors().filter("vehicle.*")) == 0


def check_every_command(port: int) -> None:
    """Each of the client's commands: what it does, and that it answers for itself where it cannot be carried out.

    ``ShowDebugTelemetry`` is not among them: the client itself cannot put it into a batch.
    """
    client = connect(port)
    world = fresh_world(client)
    command, zero, up = carla.command, carla.Vector3D(), carla.Vector3D(z=1.0)
    spots = world.get_map().get_spawn_points()
    car, other = spawn_car(world, 0), spawn_car(world, 8)
    world.set_pedestrians_seed(5)
    place = world.get_random_location_from_navigation()
    blueprint = world.get_blueprint_library().filter("walker.*")[0]
    walker = world.spawn_actor(blueprint, carla.Transform(place + carla.Location(z=1.0)))
    world.tick()
    physics, elsewhere = car.get_physics_control(), carla.Transform(spots[3].location, spots[3].rotation)
    physics.mass = 2345.0
    feet = carla.Transform(place + carla.Location(x=0.05))
    for_cars = [
        lambda actor: command.ApplyVehicleControl(actor, carla.VehicleControl(throttle=0.25, steer=0.5)),
        lambda actor: command.ApplyVehiclePhysicsControl(actor, physics),
        lambda actor: command.SetVehicleLightState(actor, carla.VehicleLightState(carla.VehicleLightState.Fog)),
        lambda actor: command.ApplyImpulse(actor, zero),
        lambda actor: command.ApplyForce(actor, zero),
        lambda actor: command.ApplyAngularImpulse(actor, zero),
        lambda actor: command.ApplyTorque(actor, zero),
    ]
    for_all = [
        lambda actor: command.ApplyTransform(actor, elsewhere),
        lambda actor: command.ApplyTargetVelocity(actor, up),
        lambda actor: command.ApplyTargetAngularVelocity(actor, zero),
        lambda actor: command.SetSimulatePhysics(actor, False),
        lambda actor: command.SetEnableGravity(actor, True),
        lambda actor: command.SetAutopilot(actor, False, port + 5003),
        lambda actor: command.DestroyActor(actor),
    ]
    for_walkers = [
        lambda actor: command.ApplyWalkerState(actor, feet, 1.5),
        lambda actor: command.ApplyWalkerControl(actor, carla.WalkerControl(speed=1.25, jump=True)),
    ]
    ackermann = carla.VehicleAckermannControl(speed=3.0)
    batch = [make(car.id) for make in for_cars]
    batch += [command.ApplyVehicleAckermannControl(other.id, ackermann)]
    batch += [make(walker.id) for make in for_walkers]
    batch += [make(car.id) for make in for_all[:4]]
    answers = client.apply_batch_sync(batch, True)
    assert [answer.error for answer in answers if answer.has_error()] == []
    assert [answer.actor_id for answer in answers] == [car.id] * 7 + [other.id] + [walker.id] * 2 + [car.id] * 4
    assert (car.get_control().throttle, car.get_control().steer) == (0.25, 0.5)
    assert car.get_physics_control().mass == 2345.0
    assert car.get_light_state() == carla.VehicleLightState.Fog
    assert car.get_location().distance(elsewhere.location) < 0.1
    assert walker.get_control().jump
    assert walker.get_control().speed == 1.25
    for _ in range(45):  # CARLA's controller takes its time
        world.tick()
    assert other.get_velocity().length() > 1.0

    gone = 999_999
    refused = client.apply_batch_sync([make(gone) for make in [*for_cars, *for_walkers, *for_all]], False)
    assert all(answer.has_error() for answer in refused)
    assert all(str(gone) in answer.error or "not found" in answer.error for answer in refused), refused[0].error
    mixed = [for_cars[0](walker.id), for_walkers[1](car.id), for_cars[0](car.id)]
    assert [answer.has_error() for answer in client.apply_batch_sync(mixed, False)] == [True, True, False]
    answers = client.apply_batch_sync([make(each.id) for each in (car, other, walker) for make in for_all[-1:]], True)
    assert not any(answer.has_error() for answer in answers)
    assert [each.id for each in world.get_actors() if each.id in (car.id, other.id, walker.id)] == []


def check_follow_up_commands(port: int) -> None:
    """What is to be done with an actor that is yet to be made, also when part of it cannot be done."""
    client = connect(port)
    world = fresh_world(client)
    command, library = carla.command, world.get_blueprint_library()
    points, future = world.get_map().get_spawn_points(), carla.command.FutureActor
    camera_blueprint = library.find("sensor.camera.depth")
    spawn = (
        command.SpawnActor(library.find("vehicle.tesla.model3"), points[0])
        .then(command.ApplyWalkerControl(future, carla.WalkerControl()))  # not for cars: dropped
        .then(command.ApplyVehicleControl(future, carla.VehicleControl(steer=-0.5, hand_brake=True)))
        .then(command.SetVehicleLightState(future, carla.VehicleLightState(carla.VehicleLightState.Brake)))
        .then(command.SpawnActor(library.find("vehicle.audi.tt"), points[8]))
        .then(command.SpawnActor(camera_blueprint, carla.Transform(carla.Location(z=2.0)), future))
    )
    (answer,) = client.apply_batch_sync([spawn], True)
    assert not answer.has_error()
    car = world.get_actor(answer.actor_id)
    assert (car.get_control().steer, car.get_control().hand_brake) == (-0.5, True)
    assert car.get_light_state() == carla.VehicleLightState.Brake
    assert len(world.get_actors().filter("vehicle.audi.tt")) == 1
    (sensor,) = world.get_actors().filter("sensor.*")
    assert sensor.parent.id == car.id
    before = world.get_snapshot().frame
    client.apply_batch([command.DestroyActor(sensor.id)], True)  # asks the server to tick, and does not wait
    deadline = time.monotonic() + 20.0
    while world.get_snapshot().frame == before:
        assert time.monotonic() < deadline
        time.sleep(0.01)
    assert len(world.get_actors().filter("sensor.*")) == 0


# --- sensors --------------------------------------------------------------------------------------------------------


def check_cameras(port: int) -> None:
    world = fresh_world(connect(port))
    car = spawn_car(world)
    cameras = {kind: camera(world, kind, car) for kind in CAMERAS}
    car.apply_control(carla.VehicleControl(throttle=0.5))
    for _ in range(5):
        frame = world.tick()
        images = {kind: listener.get() for kind, listener in cameras.items()}
        for kind, image in images.items():
            assert image.frame == frame, kind
            assert close(image.timestamp, world.get_snapshot().timestamp.elapsed_seconds, 1e-9)
            assert image.transform == cameras[kind].sensor.get_transform(), kind
            assert (image.width, image.height) == (WIDTH, HEIGHT)
            assert close(image.fov, 80.0)
    tags = bgra(images["semantic_segmentation"]).copy()
    assert (tags[..., 3] == 255).all()
    assert not tags[..., :2].any()
    assert set(np.unique(tags[..., 2])) <= set(range(29))
    assert {1, 14} <= set(np.unique(tags[..., 2]))  # the road and the car itself
    instances = bgra(images["instance_segmentation"])
    assert (instances[..., 2] == tags[..., 2]).all()
    ids = instances[..., 1].astype(int) + 256 * instances[..., 0].astype(int)
    assert car.id in np.unique(ids[tags[..., 2] == 14])
    depth = bgra(images["depth"]).astype(float)
    metres = (depth[..., 2] + 256 * depth[..., 1] + 65536 * depth[..., 0]) / (2**24 - 1) * 1000
    assert 2.0 < metres[ids == car.id].mean() < 9.0
    assert (metres[tags[..., 2] == 11] > 900).all()
    assert bgra(images["rgb"])[..., :3].std() > 10
    images["semantic_segmentation"].convert(carla.ColorConverter.CityScapesPalette)
    row, column = np.argwhere(tags[..., 2] == 1)[0]
    assert tuple(bgra(images["semantic_segmentation"])[row, column, 2::-1]) == (128, 64, 128)
    for listener in cameras.values():
        listener.sensor.destroy()


def check_first_image_after_listen(port: int) -> None:
    """A tick right after ``listen()`` must not lose the image."""
    world = fresh_world(connect(port))
    car = spawn_car(world)
    for _ in range(8):
        listener = camera(world, "semantic_segmentation", car)
        frame = world.tick()
        assert listener.get().frame == frame
        listener.sensor.destroy()


def check_no_rendering_mode(port: int) -> None:
    world = fresh_world(connect(port))
    synchronous(world, no_rendering_mode=True)
    listener = camera(world, "rgb", spawn_car(world))
    for _ in range(3):
        world.tick()
    assert listener.queue.empty()
    synchronous(world, no_rendering_mode=False)
    frame = world.tick()
    while listener.get().frame < frame:  # the client also ticks when it applies settings
        pass
    listener.sensor.destroy()


def check_other_sensors(port: int) -> None:
    world = fresh_world(connect(port))
    car = spawn_car(world)
    gnss, imu = Listener(world, "sensor.other.gnss", car), Listener(world, "sensor.other.imu", car)
    slow = Listener(world, "sensor.other.gnss", car, sensor_tick="0.2")
    for _ in range(9):
        world.tick()
    fixes = [gnss.get() for _ in range(9)]
    there = world.get_map().transform_to_geolocation(car.get_location())
    assert close(fixes[-1].latitude, there.latitude, 1e-7)
    assert close(fixes[-1].longitude, there.longitude, 1e-7)
    assert close(imu.get().accelerometer.z, 0.0, 0.01)  # it falls from where it was spawned
    for _ in range(60):
        world.tick()
    readings = [imu.get() for _ in range(68)]
    assert close(readings[-1].accelerometer.z, 9.81, 0.01)  # and has come to rest on its springs
    assert [slow.get().frame for _ in range(3)] == [fixes[i].frame for i in (0, 4, 8)]
    for listener in (gnss, imu, slow):
        listener.sensor.destroy()


def check_collision_and_lane_invasion(port: int) -> None:
    world = fresh_world(connect(port))
    car = spawn_car(world)
    world.tick()
    crash, crossing = Listener(world, "sensor.other.collision", car), Listener(world, "sensor.other.lane_invasion", car)
    start = car.get_transform()
    ahead = carla.Transform(start.location + 12.0 * start.get_forward_vector(), start.rotation)
    wall = world.spawn_actor(world.get_blueprint_library().find("vehicle.mitsubishi.fusorosa"), ahead)
    wall.set_simulate_physics(False)
    car.apply_control(carla.VehicleControl(throttle=1.0))
    for _ in range(60):
        world.tick()
    event = crash.get()
    assert (event.actor.id, event.other_actor.id) == (car.id, wall.id)
    assert event.normal_impulse.length() > 100.0
    for step in range(20):  # sideways across the line to the left
        aside = -0.25 * step * start.get_right_vector()
        car.set_transform(carla.Transform(start.location + aside, start.rotation))
        world.tick()
    assert crossing.get().crossed_lane_markings
    for listener in (crash, crossing):
        listener.sensor.destroy()


# --- traffic --------------------------------------------------------------------------------------------------------


def check_traffic_lights(port: int) -> None:
    world = fresh_world(connect(port))
    lights = world.get_actors().filter("traffic.traffic_light")
    assert len(lights) >= 8
    light = lights[0]
    group = light.get_group_traffic_lights()
    assert light.id in [member.id for member in group]
    assert world.get_traffic_light_from_opendrive_id(light.get_opendrive_id()).id == light.id
    assert light.get_light_boxes()
    assert light.get_stop_waypoints()
    assert light.get_affected_lane_waypoints()
    light.set_green_time(4.0)
    light.set_state(carla.TrafficLightState.Red)
    light.freeze(True)
    for _ in range(3):
        world.tick()
    assert light.get_green_time() == 4.0
    assert light.get_state() == carla.TrafficLightState.Red
    assert light.is_frozen()
    world.reset_all_traffic_lights()
    world.freeze_all_traffic_lights(False)
    seen = set()
    for _ in range(int(40 / DELTA_S)):
        world.tick()
        seen.add(light.get_state())
        greens = [member for member in group if member.get_state() == carla.TrafficLightState.Green]
        assert len(greens) < len(group)
    assert seen == {carla.TrafficLightState.Red, carla.TrafficLightState.Yellow, carla.TrafficLightState.Green}


def _drive_to_a_red_light(world: carla.World, car: Any, light: Any) -> None:
    stop = light.get_stop_waypoints()[0]
    start = stop.previous(25.0)[0].transform
    start.location.z += 0.3
    car.set_transform(start)


def check_traffic_manager(port: int) -> None:
    client = connect(port)
    world = fresh_world(client)
    manager = client.get_trafficmanager(port + 5000)
    manager.set_synchronous_mode(True)
    manager.set_random_device_seed(1)
    command, points = carla.command, world.get_map().get_spawn_points()
    blueprints = [b for b in world.get_blueprint_library().filter("vehicle.*") if b.has_attribute("color")]
    pilot = command.SetAutopilot(command.FutureActor, True, port + 5000)
    step = len(points) // 12
    batch = [command.SpawnActor(blueprints[i % len(blueprints)], points[i * step]).then(pilot) for i in range(12)]
    answers = client.apply_batch_sync(batch, True)
    assert not any(answer.has_error() for answer in answers)
    cars = [world.get_actor(answer.actor_id) for answer in answers]
    start = {car.id: car.get_location() for car in cars}
    with ticks_under_watch(world, port + 5000) as tick:
        for number in range(400):
            tick()
            if number % 10 == 0:
                for car in cars:
                    lane = world.get_map().get_waypoint(car.get_location()).transform.location
                    assert math.hypot(lane.x - car.get_location().x, lane.y - car.get_location().y) < 1.5, car.type_id
    travelled = [car.get_location().distance(start[car.id]) for car in cars]
    assert sum(distance > 10.0 for distance in travelled) >= 9, travelled


def check_cars_obey_lights(port: int) -> None:
    client = connect(port)
    world = fresh_world(client)
    manager = client.get_trafficmanager(port + 5001)
    manager.set_synchronous_mode(True)
    light = next(light for light in world.get_actors().filter("traffic.traffic_light") if light.get_stop_waypoints())
    car = spawn_car(world)
    _drive_to_a_red_light(world, car, light)
    world.tick()
    car.set_autopilot(True, port + 5001)
    for member in light.get_group_traffic_lights():
        member.set_state(carla.TrafficLightState.Red)
    light.freeze(True)
    with ticks_under_watch(world, port + 5001) as tick:
        for _ in range(240):
            tick()
    assert car.is_at_traffic_light()
    assert car.get_traffic_light().id == light.id
    assert car.get_traffic_light_state() == carla.TrafficLightState.Red
    assert car.get_velocity().length() < 0.1
    light.set_state(carla.TrafficLightState.Green)
    with ticks_under_watch(world, port + 5001) as tick:
        for _ in range(60):
            tick()
    assert car.get_velocity().length() > 1.0


def check_walkers(port: int) -> None:
    world = fresh_world(connect(port))
    world.set_pedestrians_seed(3)
    library = world.get_blueprint_library()
    walkers, controllers = [], []
    for index in range(6):
        spot = world.get_random_location_from_navigation()
        blueprint = library.filter("walker.*")[index]
        walker = world.try_spawn_actor(blueprint, carla.Transform(spot + carla.Location(z=1.0)))
        if walker:
            walkers.append(walker)
            controllers.append(world.spawn_actor(library.find("controller.ai.walker"), carla.Transform(), walker))
    assert len(walkers) >= 4
    world.tick()
    assert [controller.parent.id for controller in controllers] == [walker.id for walker in walkers]
    start = {walker.id: walker.get_location() for walker in walkers}
    for controller in controllers:
        controller.start()
        controller.go_to_location(world.get_random_location_from_navigation())
        controller.set_max_speed(1.4)
    for _ in range(160):
        world.tick()
    for walker in walkers:
        feet = walker.get_location().z - walker.bounding_box.extent.z
        assert -0.02 <= feet <= 0.2, feet
        ground = world.ground_projection(walker.get_location(), 5.0)
        assert close(ground.location.z, feet, 0.16)
        assert walker.get_velocity().length() < 2.0
    moved = [walker.get_location().distance(start[walker.id]) for walker in walkers]
    assert sum(distance > 2.0 for distance in moved) >= len(moved) - 1, moved
    for controller in controllers:
        controller.stop()
        controller.destroy()


def check_walker_control(port: int) -> None:
    world = fresh_world(connect(port))
    pose = world.get_map().get_spawn_points()[20]
    walker = world.spawn_actor(world.get_blueprint_library().filter("walker.*")[0], pose)
    for _ in range(20):
        world.tick()
    start = walker.get_location()
    walker.apply_control(carla.WalkerControl(direction=carla.Vector3D(1.0, 0.0, 0.0), speed=2.0))
    for _ in range(20):
        world.tick()
    assert close(walker.get_location().x - start.x, 1.95, 0.05)  # it takes two ticks to get going
    assert close(walker.get_transform().rotation.yaw, 0.0, 0.1)


# --- several things at once -----------------------------------------------------------------------------------------


def check_queries(port: int) -> None:
    world = fresh_world(connect(port))
    buildings = world.get_environment_objects(carla.CityObjectLabel.Buildings)
    assert len(buildings) > 20
    assert all(thing.type == carla.CityObjectLabel.Buildings for thing in buildings)
    assert len(world.get_level_bbs(carla.CityObjectLabel.Buildings)) == len(buildings)
    signals = world.get_actors().filter("traffic.traffic_light")
    heads = world.get_level_bbs(carla.CityObjectLabel.TrafficLight)
    assert len(heads) == sum(len(signal.get_light_boxes()) for signal in signals) > 0
    spot = world.get_map().get_spawn_points()[0].location
    hits = world.cast_ray(spot + carla.Location(z=5.0), spot - carla.Location(z=5.0))
    assert hits[0].label in (carla.CityObjectLabel.Roads, carla.CityObjectLabel.RoadLines)
    for building in buildings:
        foot = building.transform.location
        floor = world.ground_projection(foot + carla.Location(z=1.0), 5.0)  # warehouses have one 0.9 m above ground
        assert foot.z - 1e-3 < floor.location.z < foot.z + 1.0
    spectator = world.get_spectator()
    spectator.set_transform(carla.Transform(carla.Location(1.0, 2.0, 30.0)))
    world.debug.draw_point(spot)
    world.tick()
    assert close(spectator.get_location().z, 30.0)


def check_two_clients(port: int) -> None:
    first, second = connect(port), connect(port)
    world = fresh_world(first)
    car = spawn_car(world)
    other = second.get_world()
    frame = world.tick()
    deadline = time.monotonic() + 10
    while other.get_snapshot().frame < frame and time.monotonic() < deadline:
        time.sleep(0.01)
    seen = other.get_actor(car.id)
    assert seen is not None
    assert seen.get_transform() == car.get_transform()
    other.set_weather(carla.WeatherParameters.ClearSunset)  # answered to nobody: the other connection may be first
    while world.get_weather() != carla.WeatherParameters.ClearSunset and time.monotonic() < deadline:
        time.sleep(0.01)
    assert world.get_weather() == carla.WeatherParameters.ClearSunset


def check_equal_runs_give_equal_images(port: int) -> None:
    client = connect(port)
    runs = []
    for _ in range(2):
        world = fresh_world(client)
        # Traffic lights change with simulated time: both runs start at the same.
        while world.get_snapshot().timestamp.elapsed_seconds < 2.0:
            world.tick()
        car = spawn_car(world, blueprint="vehicle.audi.tt")
        listeners = [camera(world, kind, car) for kind in CAMERAS]
        car.apply_control(carla.VehicleControl(throttle=0.7, steer=0.1))
        pictures = []
        for _ in range(10):
            world.tick()
            pictures.append([bgra(listener.get()).copy() for listener in listeners])
        for listener in listeners:
            listener.sensor.destroy()
        runs.append(pictures)
    for first, second in zip(*runs, strict=True):
        for kind, one, other in zip(CAMERAS, first, second, strict=True):
            if kind == "instance_segmentation":  # actor ids go on across episodes: look at the tags only
                one, other = one[..., 2], other[..., 2]
            assert (one == other).all(), kind


def check_vanish_while_streaming(port: int) -> None:
    """Ends without a word in the middle of everything; the next check finds out whether the server minds."""
    world = fresh_world(connect(port))
    camera(world, "rgb", spawn_car(world))
    for _ in range(3):
        world.tick()
    os.kill(os.getpid(), 9)


CHECKS: dict[str, Callable[[int], None]] = {
    name.removeprefix("check_"): function for name, function in list(globals().items()) if name.startswith("check_")
}


def main() -> None:
    port, name = int(sys.argv[1]), sys.argv[2]
    CHECKS[name](port)
    sys.stdout.flush()
    os._exit(0)  # the client library's threads do not always end well


if __name__ == "__main__":
    main()
