"""Actors that their client moves, and forces."""

from __future__ import annotations

import struct

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.world.actors import Vehicle, Walker
from sim_scenarios.embedded_simulator.world.controls import AckermannControl, VehicleControl, WalkerControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World


def spawn_car(world: World, x: float, *, yaw: float = 0.0) -> Vehicle:
    pose = Pose(Vector(x, 1.75, 0.0), Rotation(0.0, yaw, 0.0))
    actor = world.spawn(ActorDescription(uid=1, id="vehicle.tesla.model3"), pose)
    assert isinstance(actor, Vehicle)
    return actor


def spawn_walker(world: World, x: float, y: float) -> Walker:
    actor = world.spawn(ActorDescription(uid=1, id="walker.pedestrian.0002"), Pose(Vector(x, y, 1.05), Rotation()))
    assert isinstance(actor, Walker)
    return actor


def test_a_car_without_physics_rolls_as_it_is_moved(world: World) -> None:
    car = spawn_car(world, 20.0)
    car.simulate_physics = False
    for step in range(1, 11):
        world.set_pose(car.id, Pose(Vector(20.0 + 0.5 * step, 1.75, 0.3), Rotation()))
        world.tick()
    assert car.pose.location.z == pytest.approx(0.3)  # where its client wants it
    assert car.velocity == pytest.approx((10.0, 0.0, 0.0), abs=1e-5)
    world.tick()
    assert car.velocity == (0.0, 0.0, 0.0)
    assert car.travelled_m == 5.0


def test_a_car_moved_backwards_rolls_backwards(world: World) -> None:
    car = spawn_car(world, 20.0, yaw=180.0)
    car.simulate_physics = False
    world.set_pose(car.id, Pose(Vector(20.5, 1.75, 0.0), Rotation(0.0, 180.0, 0.0)))
    tick = world.tick()
    assert tick.snapshot.actors[0].speed == pytest.approx(-10.0)
    assert car.travelled_m == pytest.approx(-0.5)


def test_a_replay_of_the_seen_poses_looks_like_the_drive(street: StaticTown) -> None:
    """Same start, then only the poses in single precision as a client read them: equal picture, tick by tick."""
    drive, replay = World("Street", street), World("Street", street)
    driven, replayed = spawn_car(drive, 20.0), spawn_car(replay, 20.0)
    walking, rewalked = spawn_walker(drive, 30.0, 5.0), spawn_walker(replay, 30.0, 5.0)
    driven.control = VehicleControl(throttle=0.6, steer=0.01)
    walking.control = WalkerControl(direction=Vector(1.0, 0.1, 0.0), speed=1.37)
    replayed.simulate_physics = rewalked.simulate_physics = False
    for _ in range(60):
        seen = drive.tick().snapshot.actors
        for actor in seen:
            single = struct.unpack("<6f", struct.pack("<6f", *actor.pose.location, *actor.pose.rotation))
            replay.set_pose(actor.id, Pose(Vector(*single[:3]), Rotation(*single[3:])))
        again = replay.tick().snapshot.actors
        for one, other in zip(seen, again, strict=True):
            assert (one.pose, one.travelled_m) == (other.pose, other.travelled_m)


def test_being_put_elsewhere_is_not_driving_there(world: World) -> None:
    car, walker = spawn_car(world, 20.0), spawn_walker(world, 20.0, 5.0)
    car.simulate_physics = walker.simulate_physics = False
    world.set_pose(car.id, Pose(Vector(120.0, 1.75, 0.0), Rotation()))
    world.set_pose(walker.id, Pose(Vector(120.0, 5.0, 1.05), Rotation()))
    world.tick()
    assert (car.travelled_m, walker.travelled_m) == (0.0, 0.0)
    assert car.velocity == walker.velocity == (0.0, 0.0, 0.0)


def test_a_teleported_car_keeps_rolling(world: World) -> None:
    car = spawn_car(world, 20.0)
    car.set_velocity(Vector(10.0, 0.0, 0.0))
    world.set_pose(car.id, Pose(Vector(80.0, 1.75, 0.0), Rotation(0.0, 180.0, 0.0)))
    world.tick()
    assert car.velocity.x == pytest.approx(10.0, abs=0.2)  # in the world, as in Unreal


def test_the_navigation_moves_a_walker_by_its_feet(world: World) -> None:
    walker = spawn_walker(world, 20.0, 5.0)
    walker.simulate_physics = False
    world.set_walker_states([walker.id], np.array([[20.07, 5.0, 0.15, 0.0, 0.0, 0.0, 1.4]]))
    world.tick()
    assert walker.pose.location == pytest.approx((20.07, 5.0, 1.05))
    assert walker.velocity == pytest.approx((1.4, 0.0, 0.0), abs=1e-4)
    assert walker.control.speed == 1.4
    assert walker.control.direction == pytest.approx((1.0, 0.0, 0.0))


def test_constant_velocity_is_in_the_car_s_own_frame(world: World) -> None:
    car = spawn_car(world, 60.0, yaw=180.0)
    car.constant_velocity = Vector(8.0, 0.0, 0.0)
    car.control = VehicleControl(brake=1.0)
    world.tick()
    assert car.velocity == pytest.approx((-8.0, 0.0, 0.0))
    car.constant_velocity = None
    world.tick()
    assert car.velocity.x > -8.0


def test_a_force_acts_for_one_tick(world: World) -> None:
    car = spawn_car(world, 60.0)
    car.pending_force = Vector(car.mass_kg * 20.0, 0.0, 0.0)
    world.tick()
    first = car.velocity.x
    world.tick()
    assert first == pytest.approx(1.0, abs=0.05)
    assert car.velocity.x < first


def test_ackermann_control_drives(world: World) -> None:
    car = spawn_car(world, 60.0)
    car.ackermann = AckermannControl(speed=3.0, acceleration=3.0)
    for _ in range(200):
        world.tick()
    assert car.velocity.x == pytest.approx(3.0, abs=0.3)
