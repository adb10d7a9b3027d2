"""Props: loose ones fall, are pushed and come to rest; fixed ones stay until a client gives them physics."""

from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.world.actors import Prop, Vehicle
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.prop_catalogue import PROPS, PropSpec
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World


def spawn_prop(world: World, name: str, x: float, *, y: float = 1.75, z: float = 0.0, yaw: float = 0.0) -> Prop:
    pose = Pose(Vector(x, y, z), Rotation(0.0, yaw, 0.0))
    prop = world.spawn(ActorDescription(uid=1, id=f"static.prop.{name}"), pose)
    assert isinstance(prop, Prop)
    return prop


def spawn_car(world: World, x: float, speed: float) -> Vehicle:
    car = world.spawn(ActorDescription(uid=1, id="vehicle.tesla.model3"), Pose(Vector(x, 1.75, 0.0), Rotation()))
    assert isinstance(car, Vehicle)
    car.set_velocity(Vector(speed, 0.0, 0.0))
    return car


@pytest.mark.parametrize("spec", PROPS, ids=lambda spec: spec.id)
def test_a_prop_is_as_large_as_its_catalogue_says(world: World, spec: PropSpec) -> None:
    prop = spawn_prop(world, spec.id.rpartition(".")[2], 30.0)
    size = (spec.length_m, spec.width_m, spec.height_m)
    assert tuple(2.0 * side for side in prop.box.extent) == pytest.approx(size)
    assert prop.box.location == (0.0, 0.0, prop.box.extent.z)
    assert prop.simulate_physics == spec.is_loose
    assert prop.mass_kg == spec.mass_kg > 0.0


def test_a_loose_prop_falls_to_the_ground_and_lies_still(world: World) -> None:
    on_road, on_kerb = (
        spawn_prop(world, "constructioncone", 30.0, z=2.0),
        spawn_prop(world, "box01", 30.0, y=5.0, z=1.0),
    )
    for _ in range(30):
        world.tick()
    assert on_road.pose.location == pytest.approx((30.0, 1.75, 0.0))
    assert on_kerb.pose.location == pytest.approx((30.0, 5.0, 0.15))
    pose = on_road.pose
    world.tick()
    assert on_road.rests_at == on_road.pose == pose
    assert on_road.velocity == (0.0, 0.0, 0.0)


def test_without_gravity_it_stays_in_the_air(world: World) -> None:
    box = spawn_prop(world, "box01", 30.0, z=2.0)
    box.has_gravity = False
    box.velocity, box.angular_velocity = Vector(1.0, 0.0, 0.0), Vector(0.0, 0.0, 90.0)
    for _ in range(20):
        world.tick()
    assert box.pose.location == pytest.approx((31.0, 1.75, 2.0), abs=1e-4)
    assert box.pose.rotation.yaw == pytest.approx(90.0, abs=1e-3)
    box.velocity, box.angular_velocity = Vector(), Vector()
    world.tick()
    box.has_gravity = True
    for _ in range(20):
        world.tick()
    assert box.pose.location.z == 0.0


def test_a_fixed_prop_stays_until_it_gets_physics(world: World) -> None:
    bench = spawn_prop(world, "bench01", 30.0, z=0.8)
    world.tick()
    assert bench.pose.location.z == pytest.approx(0.8)
    bench.simulate_physics = True
    for _ in range(20):
        world.tick()
    assert bench.pose.location.z == 0.0


def test_a_car_knocks_a_cone_away_and_hardly_feels_it(world: World) -> None:
    cone, car = spawn_prop(world, "constructioncone", 36.0, y=1.9), spawn_car(world, 30.0, 12.0)
    felt = [c for _ in range(10) for c in world.tick().collisions]
    assert {(c.actor_id, c.other_id) for c in felt} == {(cone.id, car.id), (car.id, cone.id)}
    assert cone.velocity.x > 8.0
    assert car.velocity.x > 10.0
    car.set_velocity(Vector())
    for _ in range(100):
        world.tick()
    assert cone.velocity == cone.angular_velocity == (0.0, 0.0, 0.0)
    assert cone.pose.location.x > 40.0


def test_a_car_stops_at_a_fixed_prop(world: World) -> None:
    bench, car = spawn_prop(world, "bench01", 40.0), spawn_car(world, 30.0, 12.0)
    for _ in range(20):
        world.tick()
    assert bench.pose.location.x == 40.0
    assert car.pose.location.x < 40.0 - 0.5 * car.spec.length_m


def test_props_push_props(world: World) -> None:
    first, second = spawn_prop(world, "box01", 30.0), spawn_prop(world, "box01", 31.0)
    world.tick()
    first.velocity = Vector(4.0, 0.0, 0.0)
    for _ in range(40):
        world.tick()
    assert second.pose.location.x > 31.2
    assert first.pose.location.x <= second.pose.location.x - 0.5 + 0.006


def test_a_client_pushes_with_a_prop_that_it_moves(world: World) -> None:
    pusher, box = spawn_prop(world, "bench01", 30.0), spawn_prop(world, "box01", 31.0)
    for step in range(1, 31):
        world.set_pose(pusher.id, Pose(Vector(30.0 + 0.05 * step, 1.75, 0.0), Rotation()))
        world.tick()
    assert pusher.velocity.x == pytest.approx(1.0, abs=1e-4)
    assert box.pose.location.x >= 31.5 + 0.3 + 0.25 - 0.02


def test_nothing_is_spawned_inside_a_prop(world: World) -> None:
    spawn_prop(world, "bench01", 30.0)
    for blueprint in ("vehicle.tesla.model3", "static.prop.box01"):
        with pytest.raises(WorldError, match="collision"):
            world.spawn(ActorDescription(uid=1, id=blueprint), Pose(Vector(30.0, 1.75, 0.0), Rotation()))


def test_props_are_drawn_like_every_actor(world: World) -> None:
    prop, car = spawn_prop(world, "box01", 50.0), spawn_car(world, 30.0, 0.0)
    assert [actor.id for actor in world.tick().snapshot.actors] == [prop.id, car.id]
    assert prop.id in world.actors
