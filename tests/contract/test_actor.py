"""``carla.Actor``: what vehicles, walkers, props and sensors share."""

from __future__ import annotations

import carla
import pytest

from tests.contract.driving import DELTA_S, Spawn, ahead_of, run, speed_of


def test_identity(world: carla.World, car: carla.Vehicle) -> None:
    assert car.type_id == "vehicle.tesla.model3"
    assert car.attributes["number_of_wheels"] == "4"
    assert car.semantic_tags == [int(carla.CityObjectLabel.Car)]
    assert car.parent is None
    assert car.is_alive
    assert car.is_active
    assert not car.is_dormant
    assert car.actor_state == carla.ActorState.Active
    assert car.get_world().id == world.id
    assert car.id in [actor.id for actor in world.get_actors()]


def test_the_box_stands_on_the_ground(car: carla.Vehicle) -> None:
    box = car.bounding_box
    assert 2.2 < box.extent.x < 2.6
    assert 0.8 < box.extent.y < 1.2
    assert box.location.z - box.extent.z == pytest.approx(0.0, abs=0.2)


def test_poses_are_set(world: carla.World, car: carla.Vehicle, street: carla.Transform) -> None:
    car.set_simulate_physics(False)
    there = ahead_of(street, 20.0)
    car.set_transform(there)
    world.tick()
    assert car.get_transform().location.distance(there.location) < 0.01
    nearer = ahead_of(street, 10.0).location
    car.set_location(nearer)
    world.tick()
    assert car.get_location().distance(nearer) < 0.01
    assert car.get_transform().rotation.yaw == pytest.approx(there.rotation.yaw, abs=0.1)


def test_without_physics_it_floats_and_with_it_falls(world: carla.World, spawn: Spawn, street: carla.Transform) -> None:
    car = spawn("vehicle.tesla.model3", ahead_of(street, 0.0, up=3.0))
    car.set_simulate_physics(False)
    world.tick()
    height = car.get_location().z
    run(world, 0.5)
    assert car.get_location().z == height
    car.set_simulate_physics(True)
    run(world, 2.0)
    assert car.get_location().z < height - 2.0


def test_without_gravity_it_does_not_fall(world: carla.World, spawn: Spawn, street: carla.Transform) -> None:
    box = spawn("vehicle.tesla.model3", ahead_of(street, 0.0, up=3.0))
    box.set_enable_gravity(False)
    run(world, 0.2)
    height = box.get_location().z
    run(world, 0.5)
    assert box.get_location().z == pytest.approx(height, abs=0.6)


def test_target_velocity_is_reached_at_once(world: carla.World, car: carla.Vehicle, street: carla.Transform) -> None:
    car.set_target_velocity(street.get_forward_vector() * 8.0)
    run(world, 2 * DELTA_S)
    assert speed_of(car) == pytest.approx(8.0, abs=0.8)
    run(world, 1.0)
    assert 0.0 < speed_of(car) < 8.0


def test_constant_velocity_lasts(world: carla.World, car: carla.Vehicle) -> None:
    before = car.get_location()
    car.enable_constant_velocity(carla.Vector3D(6.0, 0.0, 0.0))
    run(world, 2.0)
    assert speed_of(car) == pytest.approx(6.0, abs=0.3)
    assert car.get_location().distance(before) == pytest.approx(12.0, abs=1.0)
    car.disable_constant_velocity()
    run(world, 1.0)
    assert speed_of(car) < 6.0


def test_target_angular_velocity_turns(world: carla.World, car: carla.Vehicle) -> None:
    before = car.get_transform().rotation.yaw
    for _ in range(10):
        car.set_target_angular_velocity(carla.Vector3D(0.0, 0.0, 40.0))
        world.tick()
    assert abs(car.get_transform().rotation.yaw - before) > 3.0
    assert abs(car.get_angular_velocity().z) > 1.0


def test_an_impulse_is_mass_times_velocity(world: carla.World, car: carla.Vehicle, street: carla.Transform) -> None:
    mass = car.get_physics_control().mass
    car.add_impulse(street.get_forward_vector() * (mass * 5.0))
    run(world, 2 * DELTA_S)
    assert speed_of(car) == pytest.approx(5.0, abs=0.8)


def test_a_force_accelerates(world: carla.World, car: carla.Vehicle, street: carla.Transform) -> None:
    mass = car.get_physics_control().mass
    for _ in range(20):
        car.add_force(street.get_forward_vector() * (mass * 4.0))
        world.tick()
    assert 2.0 < speed_of(car) < 4.5
    assert car.get_acceleration().length() > 0.5


def test_torque_and_angular_impulse_turn(world: carla.World, car: carla.Vehicle) -> None:
    inertia = car.get_physics_control().mass * 3.0
    for push in (car.add_torque, car.add_angular_impulse):
        before = car.get_transform().rotation.yaw
        for _ in range(4):
            push(carla.Vector3D(0.0, 0.0, 40.0 * inertia))
            world.tick()
        assert car.get_transform().rotation.yaw != before


def test_ghosts_are_driven_through(world: carla.World, spawn: Spawn, street: carla.Transform) -> None:
    first = spawn("vehicle.tesla.model3", street)
    second = spawn("vehicle.tesla.model3", ahead_of(street, 12.0))
    second.set_simulate_physics(False)
    second.set_collisions(False)
    world.tick()
    first.enable_constant_velocity(carla.Vector3D(8.0, 0.0, 0.0))
    run(world, 2.5)
    assert (first.get_location() - street.location).length() > 16.0


def test_destroyed_is_gone(world: carla.World, spawn: Spawn, street: carla.Transform) -> None:
    car = spawn("vehicle.tesla.model3", street)
    number = car.id
    assert car.destroy()
    world.tick()
    assert number not in [actor.id for actor in world.get_actors()]
    assert not car.is_alive


def test_attached_actors_follow(world: carla.World, car: carla.Vehicle, spawn: Spawn) -> None:
    camera = spawn("sensor.camera.rgb", carla.Transform(carla.Location(x=1.5, z=2.0)), attach_to=car)
    assert camera.parent.id == car.id
    car.enable_constant_velocity(carla.Vector3D(5.0, 0.0, 0.0))
    run(world, 1.0)
    where = car.get_transform().transform(carla.Location(x=1.5, z=2.0))
    assert camera.get_location().distance(carla.Location(where.x, where.y, where.z)) < 0.05


def test_parts_have_names_and_places(car: carla.Vehicle) -> None:
    names = car.get_component_names()
    assert names
    here = car.get_location()
    assert car.get_component_world_transform(names[0]).location.distance(here) < 10.0
    assert car.get_component_relative_transform(names[0]).location.distance(carla.Location()) < 10.0
    bones = car.get_bone_names()
    world_poses, relative_poses = car.get_bone_world_transforms(), car.get_bone_relative_transforms()
    assert len(bones) == len(world_poses) == len(relative_poses)
    assert all(pose.location.distance(here) < 10.0 for pose in world_poses)
    sockets = car.get_socket_names()
    assert len(sockets) == len(car.get_socket_world_transforms()) == len(car.get_socket_relative_transforms())


def test_velocity_is_the_change_of_place(world: carla.World, car: carla.Vehicle) -> None:
    car.apply_control(carla.VehicleControl(throttle=0.7))
    run(world, 2.0)
    before = car.get_location()
    world.tick()
    step = car.get_location() - before
    assert step.length() / DELTA_S == pytest.approx(car.get_velocity().length(), rel=0.1)
