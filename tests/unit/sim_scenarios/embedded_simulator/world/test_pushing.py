"""Impulses on walkers and props: velocity by mass, spin by lever."""

from __future__ import annotations

import math

import pytest

from sim_scenarios.embedded_simulator.world.actors import Prop, Walker
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.pushing import push, spin
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World


def spawn(world: World, blueprint: str, x: float, z: float) -> Prop | Walker:
    actor = world.spawn(ActorDescription(uid=1, id=blueprint), Pose(Vector(x, 1.75, z), Rotation(0.0, 30.0, 0.0)))
    assert isinstance(actor, (Prop, Walker))
    return actor


def test_an_impulse_is_mass_times_velocity(world: World) -> None:
    for actor in (spawn(world, "static.prop.box01", 30.0, 0.0), spawn(world, "walker.pedestrian.0001", 40.0, 0.9)):
        push(actor, Vector(3.0 * actor.mass_kg, -2.0 * actor.mass_kg, 0.0))
        assert actor.velocity == pytest.approx((3.0, -2.0, 0.0))
        assert actor.angular_velocity == (0.0, 0.0, 0.0)


def test_beside_the_middle_it_turns(world: World) -> None:
    box = spawn(world, "static.prop.box01", 30.0, 0.0)
    push(box, Vector(0.0, 8.0, 0.0), Vector(30.2, 1.75, 0.25))
    moment = 8.0 * (0.5**2 + 0.5**2) / 12.0
    assert box.velocity == pytest.approx((0.0, 1.0, 0.0))
    assert box.angular_velocity.z == pytest.approx(math.degrees(0.2 * 8.0 / moment))
    spin(box, Vector(0.0, 0.0, -0.2 * 8.0))
    assert box.angular_velocity.z == pytest.approx(0.0, abs=1e-9)


def test_upwards_it_lifts(world: World) -> None:
    box, walker = spawn(world, "static.prop.box01", 30.0, 0.0), spawn(world, "walker.pedestrian.0001", 40.0, 0.93)
    for _ in range(10):
        world.tick()
    standing = walker.pose.location.z
    for actor in (box, walker):
        push(actor, Vector(0.0, 0.0, 4.0 * actor.mass_kg))
    world.tick()
    assert box.pose.location.z > 0.15
    assert walker.pose.location.z > standing + 0.15
    for _ in range(30):
        world.tick()
    assert box.pose.location.z == 0.0
    assert walker.pose.location.z == pytest.approx(standing)


def test_without_physics_nothing_happens(world: World) -> None:
    bench = spawn(world, "static.prop.bench01", 30.0, 0.0)
    push(bench, Vector(1000.0, 0.0, 0.0), Vector(30.0, 2.0, 0.0))
    assert bench.velocity == bench.angular_velocity == (0.0, 0.0, 0.0)
