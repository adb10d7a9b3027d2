"""What the unmodified carla client hears of contacts, and where it may not spawn; one function a topic.

Run as ``python contact_checks.py PORT CHECK``, each in a process of its own; ``test_contacts.py`` runs them.
"""

from __future__ import annotations

import math
import sys
import time
from collections.abc import Callable, Iterator
from typing import Any

import carla
import pytest

DELTA_S = 0.05
PATIENCE_S = 5.0


def fresh_world(port: int) -> carla.World:
    """A new episode in synchronous mode."""
    client = carla.Client("127.0.0.1", port, worker_threads=8)
    client.set_timeout(20.0)
    world = client.load_world("Town10HD_Opt")
    settings = world.get_settings()
    settings.synchronous_mode, settings.fixed_delta_seconds = True, DELTA_S
    world.apply_settings(settings)
    world.tick()
    return world


def spawn(world: carla.World, blueprint: str, pose: carla.Transform, parent: Any = None) -> Any:
    return world.spawn_actor(world.get_blueprint_library().find(blueprint), pose, attach_to=parent)


def ahead(pose: carla.Transform, meters: float, up: float = 0.0) -> carla.Transform:
    place = pose.location + meters * pose.get_forward_vector() + carla.Location(z=up)
    return carla.Transform(place, pose.rotation)


def straight_point(world: carla.World) -> carla.Transform:
    """A spawn point with 40 m of straight lane before it."""
    carla_map = world.get_map()
    for pose in carla_map.get_spawn_points():
        there = carla_map.get_waypoint(ahead(pose, 40.0).location).transform
        turn = (there.rotation.yaw - pose.rotation.yaw + 180.0) % 360.0 - 180.0
        if abs(turn) < 1.0 and there.location.distance(ahead(pose, 40.0).location) < 1.0:
            return pose
    raise AssertionError("no straight lane in this town")


class Felt:
    """What a collision sensor on an actor says."""

    def __init__(self, world: carla.World, actor: Any) -> None:
        self.actor, self._world = actor, world
        self.events: list[Any] = []
        self._sensor = spawn(world, "sensor.other.collision", carla.Transform(), actor)
        self._sensor.listen(self.events.append)

    def close(self) -> None:
        """The client ends badly where a sensor outlives the script."""
        self._sensor.stop()
        self._sensor.destroy()

    def until_first(self, ticks: int) -> Any:
        """Ticks until something is felt; the events of that tick are complete."""
        for _ in range(ticks):
            self._world.tick()
            if self.events:
                break
            time.sleep(0.005)  # events come on a connection of their own
        patience = time.monotonic() + PATIENCE_S
        while not self.events and time.monotonic() < patience:
            time.sleep(0.01)
        assert self.events, f"{self.actor.type_id} felt nothing in {ticks} ticks"
        return self.events[0]


def drive_at(world: carla.World, pose: carla.Transform, speed: float) -> tuple[Any, Felt]:
    """A car that rolls from ``pose`` at a speed [m/s] once it stands on the ground."""
    car = spawn(world, "vehicle.tesla.model3", pose)
    felt = Felt(world, car)
    for _ in range(10):
        world.tick()
    car.set_target_velocity(speed * car.get_transform().get_forward_vector())
    return car, felt


def forward_part(event: Any) -> float:
    impulse, forward = event.normal_impulse, event.actor.get_transform().get_forward_vector()
    return impulse.x * forward.x + impulse.y * forward.y


# --- who was it? ----------------------------------------------------------------------------------------------------


def check_a_car(port: int) -> None:
    world = fresh_world(port)
    pose = straight_point(world)
    other = spawn(world, "vehicle.audi.tt", ahead(pose, 12.0))
    other_felt = Felt(world, other)
    car, felt = drive_at(world, pose, 10.0)
    event = felt.until_first(40)
    assert (event.actor.id, event.other_actor.id) == (car.id, other.id)
    assert event.other_actor.type_id == "vehicle.audi.tt"
    back = other_felt.until_first(3)
    assert (back.frame, back.other_actor.id) == (event.frame, car.id)
    assert forward_part(event) < 0.0 < back.normal_impulse.length()
    both = event.normal_impulse + back.normal_impulse
    assert both.length() < 1e-3 * event.normal_impulse.length(), "the two feel the same, in opposite directions"
    pairs = [(each.frame, each.other_actor.id) for each in felt.events]
    assert len(pairs) == len(set(pairs)), "one event for each pair and tick"
    felt.close()
    other_felt.close()


def check_a_walker(port: int) -> None:
    world = fresh_world(port)
    pose = straight_point(world)
    walker = spawn(world, "walker.pedestrian.0004", ahead(pose, 12.0, up=0.8))
    walker_felt = Felt(world, walker)
    car, felt = drive_at(world, pose, 8.0)
    event = felt.until_first(60)
    assert event.other_actor.type_id == "walker.pedestrian.0004"
    assert walker_felt.until_first(3).other_actor.id == car.id
    felt.close()
    walker_felt.close()


def check_props(port: int) -> None:
    world = fresh_world(port)
    pose = straight_point(world)
    cone = spawn(world, "static.prop.constructioncone", ahead(pose, 9.0))
    bench = spawn(world, "static.prop.bench01", ahead(pose, 24.0))
    car, felt = drive_at(world, pose, 10.0)
    before = bench.get_location()
    assert felt.until_first(60).other_actor.id == cone.id
    assert car.get_velocity().length() > 7.0
    cone.destroy()
    felt.events.clear()
    car.set_target_velocity(10.0 * car.get_transform().get_forward_vector())
    assert felt.until_first(60).other_actor.type_id == "static.prop.bench01"
    assert bench.get_location() == before
    assert car.get_velocity().length() < 5.0
    felt.close()


def near_things(world: carla.World, label: Any) -> Iterator[carla.Transform]:
    """Poses on the nearest lane that look at things of a label, nearest things first."""
    carla_map = world.get_map()
    found = []
    for thing in world.get_environment_objects(label):
        place = thing.transform.location
        lane = carla_map.get_waypoint(place).transform
        found.append((lane.location.distance(place), place, lane))
    for _, place, lane in sorted(found, key=lambda each: each[0])[:25]:
        yaw = math.degrees(math.atan2(place.y - lane.location.y, place.x - lane.location.x))
        yield carla.Transform(lane.location + carla.Location(z=0.3), carla.Rotation(yaw=yaw))


def run_into(port: int, label: Any, is_it: Callable[[Any], bool]) -> Any:
    """Drives off the road at things of a label until one of them is the first that is hit."""
    world = fresh_world(port)
    seen = []
    for pose in near_things(world, label):
        start = ahead(pose, -1.0)
        car = world.try_spawn_actor(world.get_blueprint_library().find("vehicle.tesla.model3"), start)
        if car is None:
            continue
        felt = Felt(world, car)
        for _ in range(10):
            world.tick()
        for _ in range(40):
            car.set_target_velocity(8.0 * car.get_transform().get_forward_vector())
            world.tick()
            time.sleep(0.005)
            if felt.events:
                break
        felt.close()
        if felt.events and is_it(felt.events[0].other_actor):
            return felt.events[0]
        seen += [event.other_actor.type_id for event in felt.events[:1]]
        car.destroy()
    raise AssertionError(f"hit only {seen}")


def check_a_pole(port: int) -> None:
    event = run_into(port, carla.CityObjectLabel.Poles, lambda other: other.type_id == "static.pole")
    assert event.other_actor.id == 0
    assert forward_part(event) < 0.0


def check_a_building(port: int) -> None:
    event = run_into(port, carla.CityObjectLabel.Buildings, lambda other: other.type_id == "static.building")
    assert list(event.other_actor.semantic_tags) == [int(carla.CityObjectLabel.Buildings)]


def check_a_traffic_light(port: int) -> None:
    def is_light(other: Any) -> bool:
        return bool(other.type_id == "traffic.traffic_light")

    event = run_into(port, carla.CityObjectLabel.TrafficLight, is_light)
    assert event.other_actor.id != 0


def check_a_sign(port: int) -> None:
    def is_sign(other: Any) -> bool:
        return bool(other.type_id.startswith(("traffic.stop", "traffic.yield", "traffic.speed_limit")))

    event = run_into(port, carla.CityObjectLabel.TrafficSigns, is_sign)
    assert event.other_actor.id != 0


# --- spawning -------------------------------------------------------------------------------------------------------


def check_spawning(port: int) -> None:
    world = fresh_world(port)
    pose = straight_point(world)
    library = world.get_blueprint_library()
    car = spawn(world, "vehicle.tesla.model3", pose)
    for blueprint in ("vehicle.audi.tt", "walker.pedestrian.0001", "static.prop.box01"):
        assert world.try_spawn_actor(library.find(blueprint), pose) is None
        with pytest.raises(RuntimeError, match="Spawn failed because of collision at spawn position"):
            world.spawn_actor(library.find(blueprint), pose)
    for label in (carla.CityObjectLabel.Buildings, carla.CityObjectLabel.Car):
        box = world.get_environment_objects(label)[0].bounding_box
        inside = carla.Transform(box.location - carla.Location(z=box.extent.z - 0.9))
        assert world.try_spawn_actor(library.find("walker.pedestrian.0001"), inside) is None
    assert spawn(world, "sensor.other.imu", pose).is_alive
    deep = carla.Transform(ahead(pose, 15.0).location - carla.Location(z=3.0), pose.rotation)
    assert world.try_spawn_actor(library.find("vehicle.audi.tt"), deep) is None
    taken = 0
    for point in world.get_map().get_spawn_points():
        taken += world.try_spawn_actor(library.find("vehicle.tesla.model3"), point) is not None
    assert taken == len(world.get_map().get_spawn_points()) - 1, "every other spawn point is free"
    assert car.is_alive


# --- pushing --------------------------------------------------------------------------------------------------------


def check_impulses(port: int) -> None:
    world = fresh_world(port)
    pose = straight_point(world)
    box = spawn(world, "static.prop.box01", pose)
    walker = spawn(world, "walker.pedestrian.0001", ahead(pose, 10.0, up=0.8))
    bench = spawn(world, "static.prop.bench01", ahead(pose, 20.0, up=0.5))
    for _ in range(20):
        world.tick()
    assert bench.get_location().z > pose.location.z + 0.4, "it has no physics yet"
    bench.set_simulate_physics(True)
    start = box.get_location(), walker.get_location()
    forward = pose.get_forward_vector()
    box.add_impulse(40.0 * forward)  # 8 kg
    walker.add_impulse(300.0 * forward)
    world.tick()
    assert 4.0 < box.get_velocity().length() < 5.0
    assert walker.get_velocity().length() > 2.0
    for _ in range(40):
        world.tick()
    assert box.get_velocity().length() == 0.0
    assert 1.0 < box.get_location().distance(start[0]) < 3.0
    assert walker.get_location().distance(start[1]) > 0.2
    assert bench.get_location().z < 0.1
    for _ in range(10):
        box.add_force(200.0 * forward)
        world.tick()
    assert box.get_velocity().length() > 5.0, (
        "twenty-five metres a second each second, less friction, for half a second"
    )
    box.set_target_velocity(carla.Vector3D(z=5.0))
    world.tick()
    assert box.get_location().z > 0.15


def check_obstacle_and_lane_invasion(port: int) -> None:
    world = fresh_world(port)
    pose = straight_point(world)
    cone = spawn(world, "static.prop.streetbarrier", ahead(pose, 14.0))
    car = spawn(world, "vehicle.tesla.model3", pose)
    blueprint = world.get_blueprint_library().find("sensor.other.obstacle")
    blueprint.set_attribute("distance", "30")
    blueprint.set_attribute("only_dynamics", "True")
    eye = world.spawn_actor(blueprint, carla.Transform(carla.Location(x=2.5, z=0.6)), attach_to=car)
    seen: list[Any] = []
    eye.listen(seen.append)
    crossing = spawn(world, "sensor.other.lane_invasion", carla.Transform(), car)
    crossed: list[Any] = []
    crossing.listen(crossed.append)
    for _ in range(20):
        world.tick()
    patience = time.monotonic() + PATIENCE_S
    while not seen and time.monotonic() < patience:
        time.sleep(0.01)
    assert seen[-1].other_actor.id == cone.id
    assert not crossed, "a car that stands in its lane crosses nothing"
    car.set_simulate_physics(False)
    right = pose.get_right_vector()
    for step in range(60):
        aside = -0.1 * step
        car.set_transform(carla.Transform(pose.location + aside * right, pose.rotation))
        world.tick()
    patience = time.monotonic() + PATIENCE_S
    while not crossed and time.monotonic() < patience:
        time.sleep(0.01)
    assert crossed, "six metres to the left cross the middle of the road or of two lanes"
    for sensor in (eye, crossing):
        sensor.stop()
        sensor.destroy()
    assert all(
        marking.type != carla.LaneMarkingType.NONE for event in crossed for marking in event.crossed_lane_markings
    )


if __name__ == "__main__":
    globals()[f"check_{sys.argv[2]}"](int(sys.argv[1]))
