"""Nothing is spawned where something stands, and everything where nothing does."""

from __future__ import annotations

import math

import pytest

from sim_scenarios.embedded_simulator.world.actors import MovingActor
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World

CAR, WALKER, CONE = "vehicle.tesla.model3", "walker.pedestrian.0002", "static.prop.constructioncone"


def spawn(
    world: World, blueprint: str, x: float, y: float = 1.75, z: float = 0.0, *, parent: int | None = None
) -> MovingActor:
    pose = Pose(Vector(x, y, z), Rotation())
    actor = world.spawn(ActorDescription(uid=1, id=blueprint), pose, parent_id=parent)
    assert isinstance(actor, MovingActor)
    return actor


def is_refused(world: World, blueprint: str, x: float, y: float = 1.75, z: float = 0.0) -> bool:
    try:
        made = spawn(world, blueprint, x, y, z)
    except WorldError:
        return True
    world.destroy(made.id)
    return False


@pytest.mark.parametrize("blueprint", [CAR, WALKER, CONE])
def test_nothing_is_spawned_where_something_stands(world: World, blueprint: str) -> None:
    spawn(world, CAR, 30.0)
    spawn(world, WALKER, 60.0, z=1.05)
    spawn(world, CONE, 75.0)
    places = {"car": (30.0, 1.75), "walker": (60.0, 1.75), "cone": (75.0, 1.75), "pole": (150.0, 1.75),
              "house": (50.0, 15.0), "signal": (100.0, 5.0)}  # fmt: skip
    assert [name for name, (x, y) in places.items() if not is_refused(world, blueprint, x, y, 0.4)] == []
    assert not is_refused(world, blueprint, 85.0, z=0.9)


def test_nothing_is_spawned_in_the_ground(world: World) -> None:
    assert is_refused(world, CAR, 30.0, z=-1.0)
    assert not is_refused(world, CAR, 30.0, z=-0.2)


def test_a_walker_spawned_at_its_feet_stands_on_them(world: World) -> None:
    """As programs do with a point of the navigation mesh, which lies on the ground."""
    ground = 0.0
    walker = spawn(world, WALKER, 30.0, z=ground)
    assert walker.pose.location.z == pytest.approx(ground + walker.box.extent.z)
    before = walker.pose
    world.tick()
    assert walker.pose.location.z == pytest.approx(before.location.z, abs=1e-3)
    assert is_refused(world, WALKER, 90.0, z=ground - 0.6)


@pytest.mark.parametrize("value", [math.nan, math.inf])
def test_nothing_is_spawned_nowhere(world: World, value: float) -> None:
    assert is_refused(world, CAR, value)


def test_a_sensor_has_no_body(world: World) -> None:
    spawn(world, CAR, 30.0)
    world.spawn(ActorDescription(uid=1, id="sensor.other.imu"), Pose(Vector(30.0, 1.75, 0.5), Rotation()))


def test_a_place_is_free_once_its_body_is_gone_or_has_moved(world: World) -> None:
    car = spawn(world, CAR, 30.0)
    assert is_refused(world, WALKER, 30.0, z=0.9)
    world.set_pose(car.id, Pose(Vector(60.0, 1.75, 0.0), Rotation()))
    assert not is_refused(world, WALKER, 30.0, z=0.9)
    assert is_refused(world, WALKER, 60.0, z=0.9)
    world.destroy(car.id)
    assert not is_refused(world, WALKER, 60.0, z=0.9)
    rolling = spawn(world, CAR, 30.0)
    rolling.velocity = Vector(10.0, 0.0, 0.0)
    rolling.simulate_physics = False
    world.set_pose(rolling.id, Pose(Vector(33.0, 1.75, 0.0), Rotation()))
    world.tick()
    assert is_refused(world, WALKER, 35.0, z=0.9)


def test_what_touches_nothing_stands_in_nobody_s_way(world: World) -> None:
    spawn(world, CAR, 30.0).has_collisions = False
    assert not is_refused(world, CAR, 30.0)


def test_a_parent_is_in_nobody_s_way(world: World) -> None:
    car = spawn(world, CAR, 30.0)
    on_board = spawn(world, CONE, 0.5, y=0.0, z=0.5, parent=car.id)
    assert on_board.pose.location == pytest.approx((30.5, 1.75, 0.5))
    with pytest.raises(WorldError, match="collision"):
        spawn(world, CONE, 0.5, y=0.0, z=0.5, parent=car.id)  # the first one is in the way
    for _ in range(3):
        assert world.tick().collisions == ()
