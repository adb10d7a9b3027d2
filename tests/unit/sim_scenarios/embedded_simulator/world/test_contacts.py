"""What actors do to each other and to the town, and what they are told of it."""

from __future__ import annotations

import dataclasses

import pytest

from sim_scenarios.embedded_simulator.physics.footprints import Footprint
from sim_scenarios.embedded_simulator.physics.scenery_grid import Scenery
from sim_scenarios.embedded_simulator.road.town import Barrier, Placement, Town
from sim_scenarios.embedded_simulator.world.actors import TrafficLight, TrafficSign, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.contacts import Contacts
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.scenery import Solid
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World


def spawn_car(world: World, x: float, *, y: float = 1.75, yaw: float = 0.0, kind: str = "tesla.model3") -> Vehicle:
    pose = Pose(Vector(x, y, 0.0), Rotation(0.0, yaw, 0.0))
    actor = world.spawn(ActorDescription(uid=1, id=f"vehicle.{kind}"), pose)
    assert isinstance(actor, Vehicle)
    return actor


def spawn_walker(world: World, x: float, y: float) -> Walker:
    actor = world.spawn(ActorDescription(uid=1, id="walker.pedestrian.0002"), Pose(Vector(x, y, 1.05), Rotation()))
    assert isinstance(actor, Walker)
    return actor


def crash(world: World, ticks: int) -> list[tuple[int, int, int]]:
    felt = []
    for _ in range(ticks):
        felt += [(c.actor_id, c.other_id, c.scenery_tag) for c in world.tick().collisions]
    return felt


def test_a_car_stops_at_another_and_both_feel_it(world: World) -> None:
    front, back = spawn_car(world, 40.0), spawn_car(world, 30.0)
    back.set_velocity(Vector(10.0, 0.0, 0.0))
    felt = crash(world, 40)
    assert felt[:2] == [(front.id, back.id, 0), (back.id, front.id, 0)]
    assert front.velocity.x == pytest.approx(back.velocity.x, abs=1.0)
    assert front.pose.location.x - back.pose.location.x >= front.spec.length_m - 0.01


def test_momentum_is_kept_and_is_the_impulse(world: World) -> None:
    front, back = spawn_car(world, 36.0), spawn_car(world, 30.0)
    back.set_velocity(Vector(10.0, 0.0, 0.0))
    before = back.velocity
    while not (tick := world.tick()).collisions:
        before = back.velocity
    impulse = next(c.impulse for c in tick.collisions if c.actor_id == front.id)
    assert impulse.x == pytest.approx(front.mass_kg * front.velocity.x, rel=0.05)
    lost = back.mass_kg * (before.x - back.velocity.x)
    assert lost == pytest.approx(impulse.x, rel=0.05)


def test_who_touches_nothing_goes_exactly_its_own_way(street: StaticTown) -> None:
    """Beside a wreck, close enough to be looked at: the same bits as alone on the road."""
    alone, beside = World("Street", street), World("Street", street)
    lone = spawn_car(alone, 20.0, y=-1.75)
    near = spawn_car(beside, 20.0, y=-1.75)
    wreck, striker = spawn_car(beside, 28.0, y=0.6), spawn_car(beside, 20.0, y=0.6)
    striker.set_velocity(Vector(30.0, 0.0, 0.0))
    for car in (lone, near):
        car.set_velocity(Vector(6.0, 0.0, 0.0))
        car.control = VehicleControl(throttle=0.5)
    felt = []
    for _ in range(6):
        alone.tick()
        felt += beside.tick().collisions
        assert (near.pose, near.velocity) == (lone.pose, lone.velocity)
    assert {c.actor_id for c in felt} == {wreck.id, striker.id}


def test_scenery_does_not_yield(world: World) -> None:
    car = spawn_car(world, 140.0)
    car.control = VehicleControl(throttle=1.0)
    felt = crash(world, 80)
    assert felt[0] == (car.id, 0, 6)  # a pole
    assert car.pose.location.x + 0.5 * car.spec.length_m <= 150.0
    assert felt[-1] == (car.id, 0, 6), "a car that goes on pushing goes on feeling it"


def test_a_signal_pole_is_its_traffic_light(world: World) -> None:
    (light,) = world.of_kind(TrafficLight)
    car = spawn_car(world, 92.0, y=5.0)
    car.set_velocity(Vector(8.0, 0.0, 0.0))
    felt = crash(world, 20)
    assert felt[0] == (car.id, light.id, 6)


def test_a_post_is_its_sign(world: World) -> None:
    """The map has a stop sign half a metre beside the first of two posts."""
    posts = [
        Solid(
            box=Footprint.of(x=x, y=1.75, yaw_deg=0.0, half_length=0.05, half_width=0.05, bottom=0.0, top=2.7),
            tag=8,
            object_id=0,
        )
        for x in (35.0, 65.0)
    ]
    stop = TrafficSign(
        id=900, description=ActorDescription(uid=0, id="traffic.stop"), pose=Pose(Vector(35.0, 2.25, 0.0)), sign_id="7"
    )
    contacts = Contacts(Scenery([post.box for post in posts]), posts, [], [stop])
    cars = [spawn_car(world, 32.5), spawn_car(world, 62.5)]
    starts = [car.pose for car in cars]
    for car in cars:
        car.set_velocity(Vector(10.0, 0.0, 0.0))
        car.pose = Pose(Vector(car.pose.location.x + 0.5, 1.75, 0.0), Rotation())
    felt = contacts.resolve(cars, starts, 0.05)
    assert [(c.actor_id, c.other_id, c.scenery_tag) for c in felt] == [(cars[0].id, 900, 8), (cars[1].id, 0, 8)]


def test_a_parapet_stops_a_car_and_has_no_owner(street_town: Town) -> None:
    parapet = Barrier(center=Vector(60.0, 3.4, 0.5), yaw_deg=0.0, extent=Vector(40.0, 0.1, 0.5), tag=26)
    world = World("Parapet", StaticTown(dataclasses.replace(street_town, barriers=(parapet,))))
    car = spawn_car(world, 40.0, y=0.0, yaw=30.0)
    car.set_velocity(Vector(10.0, 6.0, 0.0))
    felt = crash(world, 20)
    assert felt[0] == (car.id, 0, 26)
    assert car.pose.location.y < 3.3
    (light,) = world.of_kind(TrafficLight)
    other = spawn_car(world, 92.0, y=5.0)
    other.set_velocity(Vector(8.0, 0.0, 0.0))
    assert (other.id, light.id, 6) in crash(world, 20)


def test_hidden_scenery_is_in_nobody_s_way(world: World) -> None:
    pole = next(thing for thing in world.place.objects if thing.tag == 6)
    world.enable_objects([pole.id], enabled=False)
    spawn_car(world, 150.0)
    world.enable_objects([pole.id], enabled=True)
    with pytest.raises(WorldError, match="collision"):
        spawn_car(world, 150.0, y=2.0)


def test_the_acceleration_knows_of_the_blow(world: World) -> None:
    front, back = spawn_car(world, 36.0), spawn_car(world, 30.0)
    back.set_velocity(Vector(10.0, 0.0, 0.0))
    while not world.tick().collisions:
        pass
    assert front.acceleration.x == pytest.approx(front.velocity.x / 0.05, rel=0.05)


def test_a_walker_is_pushed_and_the_car_hardly(world: World) -> None:
    car, walker = spawn_car(world, 30.0), spawn_walker(world, 36.0, 1.75)
    car.set_velocity(Vector(8.0, 0.0, 0.0))
    felt = crash(world, 10)
    assert (car.id, walker.id, 0) in felt
    assert walker.pose.location.x > 36.0
    assert car.velocity.x > 6.5


def test_a_walker_does_not_walk_through_a_car(world: World) -> None:
    car, walker = spawn_car(world, 30.0), spawn_walker(world, 27.0, 1.75)
    walker.control = type(walker.control)(direction=Vector(1.0, 0.0, 0.0), speed=2.0)
    felt = crash(world, 40)
    assert (car.id, walker.id, 0) in felt
    assert walker.pose.location.x + walker.box.extent.x <= car.pose.location.x - 0.5 * car.spec.length_m + 0.01
    assert car.pose.location.x == pytest.approx(30.0, abs=0.05), "nobody pushes a car away by walking"


def test_a_car_without_physics_does_not_yield(world: World) -> None:
    fixed, car = spawn_car(world, 40.0), spawn_car(world, 30.0)
    fixed.simulate_physics = False
    car.set_velocity(Vector(15.0, 0.0, 0.0))
    felt = crash(world, 20)
    assert (fixed.id, car.id, 0) in felt
    assert fixed.pose.location.x == 40.0
    assert car.velocity.x < 0.1


def test_a_car_that_its_client_moves_pushes_others(world: World) -> None:
    mover, car = spawn_car(world, 30.0), spawn_car(world, 36.0)
    mover.simulate_physics = False
    for step in range(1, 11):
        world.set_pose(mover.id, Pose(Vector(30.0 + 0.4 * step, 1.75, 0.0), Rotation()))
        world.tick()
    assert car.pose.location.x >= 34.0 + 4.7
    assert car.velocity.x > 5.0


def test_without_collisions_bodies_pass(world: World) -> None:
    car, walker = spawn_car(world, 30.0), spawn_walker(world, 36.0, 1.75)
    walker.has_collisions = False
    car.set_velocity(Vector(8.0, 0.0, 0.0))
    assert crash(world, 40) == []
    assert walker.pose.location.x == 36.0


def test_two_replayed_bodies_may_overlap(world: World) -> None:
    a, b = spawn_car(world, 30.0), spawn_car(world, 40.0)
    a.simulate_physics = b.simulate_physics = False
    world.set_pose(b.id, a.pose)
    assert crash(world, 3) == []
    assert a.pose == b.pose


def test_a_teleport_is_not_a_blow(world: World) -> None:
    """Put beside another within the same tick, not driven there."""
    car, other = spawn_car(world, 30.0), spawn_car(world, 60.0)
    world.set_pose(car.id, Pose(Vector(54.0, 1.75, 0.0), Rotation()))
    assert crash(world, 5) == []
    assert other.pose.location.x == 60.0


def test_what_is_attached_goes_with_its_parent_and_does_not_touch_it(world: World) -> None:
    car, other = spawn_car(world, 30.0), spawn_car(world, 45.0)
    ahead = Pose(Vector(3.0, 0.0, 1.0), Rotation())
    pushed = world.spawn(ActorDescription(uid=1, id="walker.pedestrian.0002"), ahead, parent_id=car.id)
    car.set_velocity(Vector(10.0, 0.0, 0.0))
    felt = crash(world, 30)
    assert {pair[:2] for pair in felt if pushed.id in pair[:2]} == {(other.id, pushed.id), (pushed.id, other.id)}
    assert pushed.pose.location.x == pytest.approx(car.pose.location.x + 3.0, abs=0.01)


def test_equal_worlds_crash_alike(street: StaticTown) -> None:
    def drive() -> list[object]:
        world = World("Street", street)
        seen: list[object] = []
        for number in range(8):
            car = spawn_car(world, 12.0 + 9.0 * number, yaw=15.0 * (number % 3))
            car.set_velocity(Vector(14.0 - 3.0 * number, 1.0, 0.0))
        for _ in range(40):
            tick = world.tick()
            seen.append([(actor.pose, actor.speed) for actor in tick.snapshot.actors])
            seen.append([(c.actor_id, c.other_id, c.impulse) for c in tick.collisions])
        return seen

    assert repr(drive()) == repr(drive())


# --- several levels -------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def bridge(street_town: Town) -> StaticTown:
    """The street, and over it a wall that stands on a bridge 6 m up."""
    wall = Placement(kind="wall", location=Vector(40.0, 1.75, 6.0), yaw_deg=0.0)
    return StaticTown(dataclasses.replace(street_town, placements=(*street_town.placements, wall)))


def test_a_car_drives_under_what_stands_on_a_bridge(bridge: StaticTown) -> None:
    world = World("Bridge", bridge)
    car = spawn_car(world, 30.0)
    car.set_velocity(Vector(10.0, 0.0, 0.0))
    car.control = VehicleControl(throttle=0.5)
    assert crash(world, 40) == []
    assert car.pose.location.x > 42.0
