"""What programs written for CARLA 0.9.16 rely on, beyond single calls; one function a topic.

The expectations are those of CARLA's own API tests (PythonAPI/test/smoke) and examples; the code is ours. Run as
``python upstream_expectations.py PORT CHECK``, each in a process of its own, by ``test_upstream_expectations.py``.
"""

from __future__ import annotations

import math
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any

import carla
import pytest

from tests.opendrive_texts import file_of, lane, road, section

DELTA_S = 0.05
MAPS = ("Town01", "Town02", "Town03", "Town04", "Town05", "Town10HD")
SPEED = 100.0 / 3.6
FLAT_X, FLAT_Y = 3000.0, -400.0
"""Beyond every town: level ground with nothing on it."""
do = carla.command


def connect(port: int) -> carla.Client:
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(60.0)
    return client


def synchronous(world: carla.World) -> carla.World:
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    world.tick()
    return world


def everywhere(client: carla.Client, world: carla.World, pairs: list[tuple[Any, carla.Transform]]) -> list[Any]:
    """Spawns all in one batch, none refused, and ticks once."""
    answers = client.apply_batch_sync([do.SpawnActor(blueprint, pose) for blueprint, pose in pairs], True)
    assert [answer.error for answer in answers if answer.error] == []
    return [world.get_actor(answer.actor_id) for answer in answers]


def fleet_beyond_the_town(client: carla.Client, world: carla.World, height: float) -> list[Any]:
    """Every vehicle of the catalogue side by side, facing along y."""
    blueprints = world.get_blueprint_library().filter("vehicle.*")
    pairs = [
        (blueprint, carla.Transform(carla.Location(FLAT_X + 8.0 * i, FLAT_Y, height), carla.Rotation(yaw=90.0)))
        for i, blueprint in enumerate(blueprints)
    ]
    return everywhere(client, world, pairs)


def changed(physics: carla.VehiclePhysicsControl, **values: float) -> carla.VehiclePhysicsControl:
    """Fields of the control, or of all its four wheels, set to values."""
    wheels = physics.wheels
    assert len(wheels) == 4  # of two-wheelers, too
    for name, value in values.items():
        if hasattr(physics, name):
            setattr(physics, name, value)
        else:
            for wheel in wheels:
                setattr(wheel, name, value)
    physics.wheels = wheels
    return physics


def check_every_spawn_point_of_every_map(port: int) -> None:
    client = connect(port)
    for name in MAPS:
        world = synchronous(client.load_world(name))
        points = world.get_map().get_spawn_points()
        assert all(world.get_map().get_waypoint(p.location, project_to_road=False) for p in points), name
        for kind in ("mitsubishi.fusorosa", "bh.crossbike"):
            blueprint = world.get_blueprint_library().find(f"vehicle.{kind}")
            actors = everywhere(client, world, [(blueprint, point) for point in points])
            snapshot = world.get_snapshot()
            for actor, point in zip(actors, points, strict=True):
                pose = snapshot.find(actor.id).get_transform()
                assert pose.location.distance_2d(point.location) < 0.005, (name, kind)
                angles = [(r.pitch, r.yaw, r.roll) for r in (pose.rotation, point.rotation)]
                assert angles[0] == pytest.approx(angles[1], abs=0.005), (name, kind)  # 180 is not -180
            client.apply_batch_sync([do.DestroyActor(actor) for actor in actors], True)


def check_physics_control_of_every_vehicle(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    fleet = fleet_beyond_the_town(client, world, 0.2)
    written = []
    for i, vehicle in enumerate(fleet):
        physics = changed(vehicle.get_physics_control(), drag_coefficient=3.0 + 0.1 * i, tire_friction=1.0 + 0.1 * i)
        vehicle.apply_physics_control(changed(physics, long_stiff_value=500.0 + 10.0 * i))
        written.append(physics)
    for _ in range(2):
        world.tick()
    for vehicle, physics in zip(fleet, written, strict=True):
        back = vehicle.get_physics_control()
        for name in (n for n in dir(physics) if not n.startswith("_") and n not in ("wheels", "center_of_mass")):
            ours, theirs = getattr(physics, name), getattr(back, name)
            assert theirs == (ours if isinstance(ours, list) else pytest.approx(ours, rel=1e-6)), (vehicle, name)
        for ours, theirs in zip(physics.wheels, back.wheels, strict=True):
            for name in (n for n in dir(ours) if not n.startswith("_") and n != "position"):
                assert getattr(theirs, name) == pytest.approx(getattr(ours, name), rel=1e-6), (vehicle, name)
        assert len(vehicle.get_telemetry_data().wheels) == 4


def check_nothing_slows_what_has_no_friction(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    fleet = fleet_beyond_the_town(client, world, 0.2)
    for _ in range(10):
        world.tick()
    for vehicle in fleet:
        vehicle.apply_physics_control(changed(vehicle.get_physics_control(), tire_friction=0.0, drag_coefficient=0.0))
    world.tick()
    client.apply_batch_sync([do.ApplyTargetVelocity(vehicle, carla.Vector3D(y=SPEED)) for vehicle in fleet])
    for ticks, tolerance in ((1, 1e-3), (100, 0.1)):
        for _ in range(ticks):
            world.tick()
        speeds = {vehicle.type_id: vehicle.get_velocity().y for vehicle in fleet}
        assert speeds == pytest.approx(dict.fromkeys(speeds, SPEED), abs=tolerance)


def check_a_fall_does_not_change_the_way_that_is_coasted(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    library = world.get_blueprint_library()
    pairs = [
        (library.find(f"vehicle.{kind}"), carla.Transform(carla.Location(FLAT_X + 8.0 * i + 4.0 * k, FLAT_Y, height),
                                                          carla.Rotation(yaw=91.0)))
        for i, kind in enumerate(("audi.etron", "audi.tt", "tesla.model3", "carlamotors.firetruck"))
        for k, height in enumerate((0.2, 0.7))
    ]  # fmt: skip
    cars = everywhere(client, world, pairs)
    for _ in range(10):
        world.tick()
    client.apply_batch_sync([do.ApplyTargetVelocity(car, carla.Vector3D(y=SPEED)) for car in cars])
    for _ in range(150):
        world.tick()
    for low, high in zip(cars[::2], cars[1::2], strict=True):
        assert low.get_location().y == pytest.approx(high.get_location().y, abs=0.5), low.type_id
        assert low.get_velocity().y == pytest.approx(high.get_velocity().y, abs=0.5), low.type_id


def check_friction_triggers(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    trigger = world.get_blueprint_library().find("static.trigger.friction")
    for name, value in (("friction", 5.0), ("extent_x", 300.0), ("extent_y", 2000.0), ("extent_z", 700.0)):
        trigger.set_attribute(name, str(value))
    world.spawn_actor(trigger, carla.Transform(carla.Location(FLAT_X, FLAT_Y + 40.0, 1.0)))
    blueprint = world.get_blueprint_library().find("vehicle.dodge.charger_2020")
    heading = carla.Rotation(yaw=90.0)
    inside, beside = everywhere(
        client, world, [(blueprint, carla.Transform(carla.Location(FLAT_X + x, FLAT_Y, 0.2), heading)) for x in (0, 8)]
    )
    for car in (inside, beside):
        car.apply_physics_control(changed(car.get_physics_control(), tire_friction=0.0, drag_coefficient=0.0))
        car.set_target_velocity(carla.Vector3D(y=14.0))
    seen = []
    for ticks in (5, 60, 60):  # before, in and behind the trigger
        for _ in range(ticks):
            world.tick()
        seen.append([car.get_physics_control().wheels[0].tire_friction for car in (inside, beside)])
    assert seen == [[0.0, 0.0], [5.0, 0.0], [0.0, 0.0]]
    assert inside.get_velocity().y < beside.get_velocity().y == pytest.approx(14.0, abs=1e-3)


def check_ray_sensors_repeat(port: int) -> None:
    """Noise with a seed, after ``reload_world(False)``, on cars that move."""
    client = connect(port)
    world = synchronous(client.load_world("Town02"))
    points = world.get_map().get_spawn_points()[:2]

    def run() -> list[tuple[str, bytes]]:
        world = client.reload_world(False)
        library = world.get_blueprint_library()
        cars = everywhere(client, world, [(library.find("vehicle.audi.tt"), point) for point in points])
        received: queue.Queue[tuple[str, bytes]] = queue.Queue()
        sensors = []
        for kind, options in (
            ("lidar.ray_cast", {"noise_seed": "43233", "noise_stddev": "0.5", "dropoff_general_rate": "0.4"}),
            ("lidar.ray_cast_semantic", {}),
            ("other.radar", {"noise_seed": "54283", "points_per_second": "3000"}),
        ):
            blueprint = library.find(f"sensor.{kind}")
            for name, value in options.items():
                blueprint.set_attribute(name, value)
            sensor = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=1.0, z=2.0)), cars[0])
            sensor.listen(lambda data, kind=kind: received.put((kind, bytes(data.raw_data))))
            sensors.append(sensor)
        for car in cars:
            car.set_target_velocity(10.0 * car.get_transform().get_forward_vector())
        seen = []
        for _ in range(8):
            world.tick()
            seen += sorted(received.get(timeout=10.0) for _ in sensors)
        for sensor in sensors:
            sensor.stop()
            sensor.destroy()
        return [(kind, data if "semantic" not in kind else without_ids(data)) for kind, data in seen]

    def without_ids(data: bytes) -> bytes:
        """Actor ids grow: the points, cosines and tags must be equal."""
        return b"".join(data[i : i + 16] + data[i + 20 : i + 24] for i in range(0, len(data), 24))

    first, second = run(), run()
    assert {kind for kind, data in first if data} == {"lidar.ray_cast", "lidar.ray_cast_semantic", "other.radar"}
    assert first == second


def check_traffic_repeats(port: int) -> None:
    """A traffic manager with a seed drives alike after a reload, whatever the actors' ids are by then."""
    client = connect(port)
    world = synchronous(client.load_world("Town03"))
    points = world.get_map().get_spawn_points()[:20]
    library = world.get_blueprint_library().filter("vehicle.*.*[a-z]")
    cars = [blueprint for blueprint in library if int(blueprint.get_attribute("number_of_wheels")) == 4]

    def run() -> tuple[list[int], list[list[tuple[float, float, float]]]]:
        world = client.reload_world(False)
        manager = client.get_trafficmanager(port + 40)
        manager.set_synchronous_mode(True)
        manager.set_random_device_seed(1)
        drive = do.SetAutopilot(do.FutureActor, True, manager.get_port())
        batch = [do.SpawnActor(cars[i % len(cars)], point).then(drive) for i, point in enumerate(points)]
        ids = [answer.actor_id for answer in client.apply_batch_sync(batch, True)]
        record = []
        for _ in range(100):
            world.tick()
            snapshot = world.get_snapshot()
            places = [snapshot.find(number).get_transform().location for number in ids]
            record.append([(place.x, place.y, place.z) for place in places])
        manager.shut_down()
        return ids, record

    (first_ids, first), (second_ids, second) = run(), run()
    assert not set(first_ids) & set(second_ids)
    assert sum(math.dist(*pair) > 5.0 for pair in zip(first[0], first[-1], strict=True)) > 10
    assert first == second


def check_cars_are_destroyed_under_a_traffic_manager(port: int) -> None:
    """Whenever in a step it happens: the manager's thread asks for boxes and physics of cars that are gone."""
    client = connect(port)
    world = synchronous(client.load_world("Town02"))
    other = connect(port)
    manager = client.get_trafficmanager(port + 40)
    manager.set_synchronous_mode(True)
    blueprint = world.get_blueprint_library().find("vehicle.audi.tt")
    points = world.get_map().get_spawn_points()[:12:2]
    for round_ in range(15):
        cars = everywhere(client, world, [(blueprint, point) for point in points])
        for car in cars[::2]:
            car.set_autopilot(True, manager.get_port())
        batch = [do.DestroyActor(car) for car in cars]
        destroying = threading.Timer(0.001 * round_, other.apply_batch_sync, (batch,))
        destroying.start()
        for _ in range(3):
            world.tick()
        destroying.join()
    world.tick()
    assert not world.get_actors().filter("vehicle.*")
    manager.shut_down()


def check_crashes_repeat(port: int) -> None:
    """Two cars head on at 50 m/s, and a car and a bicycle."""
    client = connect(port)
    synchronous(client.reload_world())

    def run() -> list[tuple[float, ...]]:
        world = client.reload_world(False)
        record = []
        for gap, (kind, yaw) in ((0.0, ("ford.mustang", -90.0)), (40.0, ("bh.crossbike", 0.0))):
            library = world.get_blueprint_library()
            car, other = everywhere(client, world, [
                (library.find("vehicle.audi.tt"),
                 carla.Transform(carla.Location(FLAT_X + gap, FLAT_Y, 0.1), carla.Rotation(yaw=90.0))),
                (library.find(f"vehicle.{kind}"),
                 carla.Transform(carla.Location(FLAT_X + gap, FLAT_Y + 60.0, 0.1), carla.Rotation(yaw=yaw))),
            ])  # fmt: skip
            car.set_target_velocity(carla.Vector3D(y=50.0))
            if yaw < 0.0:
                other.set_target_velocity(carla.Vector3D(y=-50.0))
            for _ in range(40):
                world.tick()
                for actor in (car, other):
                    where, speed = actor.get_location(), actor.get_velocity()
                    record.append((where.x, where.y, where.z, speed.x, speed.y, speed.z))
        return record

    first, second = run(), run()
    assert first == second
    assert min(row[4] for row in first[0:80:2]) < 45.0, "the two cars never met"


def check_pedals_that_do_not_stick(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    pedals, released = carla.VehicleControl(throttle=1.0), carla.VehicleControl()

    def run(*, sticky: str | None, then: carla.VehicleControl | None) -> float:
        blueprint = world.get_blueprint_library().find("vehicle.audi.a2")
        if sticky is not None:
            blueprint.set_attribute("sticky_control", sticky)
        pose = carla.Transform(carla.Location(FLAT_X, FLAT_Y, 0.2), carla.Rotation(yaw=90.0))
        (car,) = everywhere(client, world, [(blueprint, pose)])
        for tick in range(50):
            if tick == 9 or (tick > 9 and then is not None):
                client.apply_batch_sync([do.ApplyVehicleControl(car, pedals if tick == 9 else then)])
            world.tick()
        way = float(car.get_location().y - FLAT_Y)
        client.apply_batch_sync([do.DestroyActor(car)], True)
        return way

    kept = [run(sticky=sticky, then=then) for sticky, then in ((None, None), ("True", None), ("False", pedals))]
    once = [run(sticky=sticky, then=then) for sticky, then in (("False", None), ("True", released))]
    assert kept == pytest.approx([kept[0]] * 3, abs=1e-3)
    assert once == pytest.approx([once[0]] * 2, abs=1e-5)
    assert kept[0] > once[0] + 2.0


def check_sensor_ticks_and_many_listeners(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    library = world.get_blueprint_library()
    counts: dict[str, int] = {}
    sensors = []
    for kind in ("sensor.other.gnss", "sensor.other.imu", "sensor.other.radar", "sensor.lidar.ray_cast"):
        blueprint = library.find(kind)
        blueprint.set_attribute("sensor_tick", "1.0")
        sensor = world.spawn_actor(blueprint, carla.Transform())
        sensor.listen(lambda _, kind=kind: counts.update({kind: counts.get(kind, 0) + 1}))
        sensors.append(sensor)
    position = world.spawn_actor(library.find("sensor.other.gnss"), carla.Transform())
    heard = [0] * 5
    all_heard = threading.Barrier(6, timeout=30.0)

    def listen(number: int) -> None:
        mine = connect(port).get_world().get_actor(position.id)
        several = threading.Event()

        def count(_: Any) -> None:
            heard[number] += 1
            if heard[number] == 5:
                several.set()

        mine.listen(count)
        all_heard.wait()
        assert several.wait(30.0)
        mine.stop()
        all_heard.wait()

    threads = [threading.Thread(target=listen, args=(number,)) for number in range(5)]
    for thread in threads:
        thread.start()
    all_heard.wait()
    for _ in range(50):
        world.tick()
    all_heard.wait()
    for thread in threads:
        thread.join()
    assert min(heard) >= 5
    for sensor in sensors:
        sensor.stop()
        sensor.destroy()
    assert counts == dict.fromkeys(counts, 3)
    assert len(counts) == 4


def check_components_and_bones(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    library = world.get_blueprint_library()
    car, walker = everywhere(client, world, [
        (library.find("vehicle.ford.mustang"), carla.Transform(carla.Location(FLAT_X, FLAT_Y, 0.2))),
        (library.find("walker.pedestrian.0015"), carla.Transform(carla.Location(FLAT_X, FLAT_Y + 9.0, 1.0))),
    ])  # fmt: skip
    for actor in (car, walker):
        names = actor.get_component_names()
        assert any("Mesh" in name for name in names), names
        for name in names:
            assert isinstance(actor.get_component_world_transform(name), carla.Transform)
            assert isinstance(actor.get_component_relative_transform(name), carla.Transform)
        for ask in (actor.get_component_world_transform, actor.get_component_relative_transform):
            with pytest.raises(RuntimeError):
                ask("no such part")
        bones = actor.get_bone_names()
        assert len(bones) == len(actor.get_bone_world_transforms()) == len(actor.get_bone_relative_transforms())
        sockets = actor.get_socket_names()
        assert len(sockets) == len(actor.get_socket_world_transforms()) == len(actor.get_socket_relative_transforms())
    assert len(walker.get_bone_names()) > 30


def check_wheels_follow_the_steering(port: int) -> None:
    client = connect(port)
    world = synchronous(client.reload_world())
    wheel = carla.VehicleWheelLocation
    kinds = [
        b for b in world.get_blueprint_library().filter("vehicle.*") if int(b.get_attribute("number_of_wheels")) == 4
    ]
    cars = everywhere(client, world, [
        (blueprint, carla.Transform(carla.Location(FLAT_X + 8.0 * i, FLAT_Y, 0.2), carla.Rotation(yaw=90.0)))
        for i, blueprint in enumerate(kinds)
    ])  # fmt: skip

    def steered(steer: float) -> list[tuple[float, float, float]]:
        client.apply_batch_sync([do.ApplyVehicleControl(car, carla.VehicleControl(steer=steer)) for car in cars])
        for _ in range(25):
            world.tick()
        wheels = (wheel.FL_Wheel, wheel.FR_Wheel, wheel.BL_Wheel)
        return [tuple(car.get_wheel_steer_angle(which) for which in wheels) for car in cars]

    for steer in (0.6, -0.6):
        for left, right, rear in steered(steer):
            assert min(left / steer, right / steer) > 5.0
            assert abs(rear) < 0.1
    assert all(abs(angle) < 1.0 for angles in steered(0.0) for angle in angles)
    client.apply_batch_sync([do.ApplyVehicleControl(car, carla.VehicleControl(throttle=1.0)) for car in cars])
    for _ in range(10):
        world.tick()
    for car in cars:
        telemetry = car.get_telemetry_data()
        assert telemetry.throttle == 1.0, car.type_id
        assert telemetry.engine_rpm > 100.0, car.type_id


def check_a_replay_spawns_what_is_gone(port: int) -> None:
    """With additional data, a car destroyed in the tick that is recorded, and nobody left when it is replayed."""
    client = connect(port)
    world = synchronous(client.reload_world())
    library = world.get_blueprint_library()
    kinds = ("vehicle.audi.tt", "vehicle.bh.crossbike", "walker.pedestrian.0021")
    pairs = [
        (library.find(k), carla.Transform(carla.Location(FLAT_X + 8.0 * i, FLAT_Y, 1.1))) for i, k in enumerate(kinds)
    ]
    client.start_recorder("expectation.log", True)
    actors = everywhere(client, world, pairs)
    actors[0].set_target_velocity(carla.Vector3D(x=-5.0))
    for tick in range(20):
        if tick == 10:
            actors[1].destroy()
        world.tick()
    client.stop_recorder()
    client.apply_batch_sync([do.DestroyActor(actor) for actor in (actors[0], actors[2])], True)
    world.tick()
    assert "Frame" in client.show_recorder_file_info("expectation.log", True)
    client.replay_file("expectation.log", 0.0, 0.0, 0)
    seen: dict[str, int] = {}
    for _ in range(25):
        world.tick()
        for actor in (*world.get_actors().filter("vehicle.*"), *world.get_actors().filter("walker.*")):
            place = actor.get_location()
            assert math.isfinite(place.x + place.y + place.z)
            seen[actor.type_id] = seen.get(actor.type_id, 0) + 1
    assert sorted(seen) == sorted(kinds), seen
    assert seen[kinds[1]] < seen[kinds[0]]
    client.stop_replayer(False)


def check_a_light_on_a_single_road(port: int) -> None:
    """A controller without a junction, on a road of one line."""
    light = (
        '<signals><signal s="80" t="-4" id="77" name="light" dynamic="yes" orientation="+" zOffset="0" type="1000001" '
        'country="OpenDRIVE" subtype="-1" value="-1"><validity fromLane="-1" toLane="-1"/></signal></signals>'
    )
    lanes = section([lane(0, "none", 0.0), lane(-1, "driving", 3.5)], [0, -1])
    straight = road(1, [(0, 0, 0, 100, 0)], lanes, extra=light)
    controller = '<controller name="ctrl" id="9"><control signalId="77" type="0"/></controller>'
    client = connect(port)
    parameters = carla.OpendriveGenerationParameters(2.0, 50.0, 1.0, 0.6, True, True, True)
    world = client.generate_opendrive_world(file_of(straight, controller), parameters)
    world.wait_for_tick()
    (light,) = world.get_actors().filter("traffic.traffic_light*")
    assert light.get_opendrive_id() == "77"
    assert min(light.get_green_time(), light.get_yellow_time(), light.get_red_time()) > 0.0
    for state in (carla.TrafficLightState.Green, carla.TrafficLightState.Yellow, carla.TrafficLightState.Red):
        light.set_state(state)
        for _ in range(3):
            world.wait_for_tick()
        assert light.get_state() == state
    client.load_world("Town01")


CHECKS: dict[str, Callable[[int], None]] = {
    name.removeprefix("check_"): check for name, check in list(globals().items()) if name.startswith("check_")
}

if __name__ == "__main__":
    CHECKS[sys.argv[2]](int(sys.argv[1]))
