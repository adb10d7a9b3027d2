"""Walkers on a town's ground, knocked over by its cars."""

from __future__ import annotations

import dataclasses
import itertools

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.town import Surface, Town
from sim_scenarios.embedded_simulator.world.actors import Vehicle, Walker
from sim_scenarios.embedded_simulator.world.controls import WalkerControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.gait import Manner
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.walking import LIES_S
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

EAST = Vector(1.0, 0.0, 0.0)


def spawn_walker(world: World, x: float, y: float, *, z: float = 1.05, is_invincible: str = "false") -> Walker:
    attributes = (AttributeValue("is_invincible", 1, is_invincible),)
    description = ActorDescription(uid=1, id="walker.pedestrian.0002", attributes=attributes)
    actor = world.spawn(description, Pose(Vector(x, y, z), Rotation(0.0, 90.0, 0.0)))
    assert isinstance(actor, Walker)
    return actor


def spawn_fast_car(world: World, x: float, speed: float) -> Vehicle:
    car = world.spawn(ActorDescription(uid=1, id="vehicle.tesla.model3"), Pose(Vector(x, 1.75, 0.0)))
    assert isinstance(car, Vehicle)
    car.set_velocity(Vector(speed, 0.0, 0.0))
    return car


def run(world: World, ticks: int) -> None:
    for _ in range(ticks):
        world.tick()


def sheet(corners: list[tuple[float, float, float]]) -> Surface:
    positions = np.array(corners, np.float32)
    triangles = np.array([(0, 1, 2), (0, 2, 3)], np.int32)
    return Surface(positions=positions, triangles=triangles, uvs=positions[:, :2].copy(), material="asphalt", tag=1)


@pytest.fixture
def hill(street_town: Town) -> World:
    """A ramp that rises from x = 10 to 2 m at x = 20, goes on level to x = 30 and ends there in a drop."""
    surfaces = (
        sheet([(0, -5, 0), (10, -5, 0), (10, 5, 0), (0, 5, 0)]),
        sheet([(30, -5, 0), (60, -5, 0), (60, 5, 0), (30, 5, 0)]),
        sheet([(10, -5, 0), (20, -5, 2), (20, 5, 2), (10, 5, 0)]),
        sheet([(20, -5, 2), (30, -5, 2), (30, 5, 2), (20, 5, 2)]),
    )
    town = dataclasses.replace(street_town, surfaces=surfaces, lots=(), placements=())
    return World("Hill", StaticTown(town))


def test_comes_down_to_the_sidewalk_and_walks_over_the_kerb(world: World) -> None:
    walker = spawn_walker(world, 30.0, 5.0, z=3.0)
    run(world, 20)
    assert walker.feet.z == pytest.approx(0.15)
    walker.control = WalkerControl(direction=Vector(0.0, -1.0, 0.0), speed=1.5)
    run(world, 30)
    assert walker.feet.z == pytest.approx(0.0, abs=1e-6)
    assert walker.velocity == pytest.approx((0.0, -1.5, 0.0), abs=1e-6)


def test_feet_stay_on_a_slope(hill: World) -> None:
    walker = spawn_walker(hill, 8.0, 0.0, z=0.9)
    walker.control = WalkerControl(direction=EAST, speed=2.0)
    for _ in range(100):
        hill.tick()
        x = walker.pose.location.x
        assert walker.feet.z == pytest.approx(float(np.interp(x, [10, 20], [0, 2])), abs=1e-5)
    assert walker.pose.location.x > 17.0


def test_falls_off_a_ledge_and_cannot_climb_it(hill: World) -> None:
    walker = spawn_walker(hill, 28.0, 0.0, z=3.0)
    walker.control = WalkerControl(direction=EAST, speed=3.0)
    heights = []
    for _ in range(40):
        hill.tick()
        heights.append(walker.feet.z)
    assert heights[-1] == pytest.approx(0.0, abs=1e-6)
    assert any(0.2 < height < 1.8 for height in heights), "it fell, it was not put down"
    walker.control = WalkerControl(direction=Vector(-1.0, 0.0, 0.0), speed=3.0)
    run(hill, 80)
    assert walker.pose.location.x == pytest.approx(30.0, abs=0.2)
    assert walker.feet.z == pytest.approx(0.0, abs=1e-6)


@pytest.mark.parametrize(("number", "sits"), [(2, True), (30, False)])
def test_a_wheelchair_is_for_whom_the_catalogue_says(world: World, number: int, sits: bool) -> None:
    wish = (AttributeValue("use_wheelchair", 0, "True"),)
    description = ActorDescription(uid=1, id=f"walker.pedestrian.{number:04d}", attributes=wish)
    try:
        actor = world.spawn(description, Pose(Vector(30.0, 5.0, 1.05)))
    except WorldError:
        assert not sits, "the blueprint does not offer it"
        return
    assert isinstance(actor, Walker)
    assert (actor.manner == Manner.IN_A_WHEELCHAIR) == sits
    shown = next(each for each in world.tick().snapshot.actors if each.id == actor.id)
    assert shown.manner == actor.manner


def test_jumps_again_and_again_while_asked_to(world: World) -> None:
    walker = spawn_walker(world, 30.0, 5.0)
    walker.control = WalkerControl(jump=True)
    heights = []
    for _ in range(60):
        world.tick()
        heights.append(walker.feet.z - 0.15)
    assert 0.9 < max(heights) < 1.05
    assert sum(a <= 1e-6 < b for a, b in itertools.pairwise(heights)) >= 2


def test_who_is_hit_hard_falls_lies_and_is_gone(world: World) -> None:
    car, walker = spawn_fast_car(world, 30.0, 10.0), spawn_walker(world, 36.0, 1.75)
    run(world, 20)
    assert not walker.is_alive
    car.set_velocity(Vector())
    run(world, 40)
    assert abs(walker.pose.rotation.pitch) == pytest.approx(90.0)
    assert walker.pose.location.z < 0.3
    assert not walker.has_collisions
    walker.control = WalkerControl(direction=EAST, speed=1.0)
    lying = walker.pose
    run(world, 20)
    assert walker.pose == lying
    with pytest.raises(WorldError, match="dead"):
        world.set_walker_states([walker.id], np.zeros((1, 7)))
    run(world, round(LIES_S / 0.05))
    assert walker.id not in world.actors


@pytest.mark.parametrize(("speed", "is_invincible"), [(10.0, "true"), (1.0, "false")])
def test_the_invincible_and_the_gently_pushed_stay_up(world: World, speed: float, is_invincible: str) -> None:
    spawn_fast_car(world, 30.0, speed)
    walker = spawn_walker(world, 33.0, 1.75, is_invincible=is_invincible)
    run(world, 40)
    assert walker.is_alive
    assert walker.pose.rotation.pitch == 0.0


def test_a_replay_of_a_fall_looks_like_it(street: StaticTown) -> None:
    """Poses alone decide the picture: of running, jumping and being knocked over, too."""
    drive, replay = World("Street", street), World("Street", street)
    walkers = [spawn_walker(each, 36.0, 1.75) for each in (drive, replay)]
    cars = [spawn_fast_car(each, 26.0, 8.0) for each in (drive, replay)]
    walkers[0].control = WalkerControl(direction=EAST, speed=3.0, jump=True)
    walkers[1].simulate_physics = cars[1].simulate_physics = False
    for _ in range(80):
        seen = drive.tick().snapshot.actors
        replay.set_pose(walkers[1].id, seen[0].pose)
        replay.set_pose(cars[1].id, seen[1].pose)
        assert replay.tick().snapshot.actors[0] == seen[0]
    assert not walkers[0].is_alive
