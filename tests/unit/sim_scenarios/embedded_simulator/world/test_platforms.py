"""What is dropped onto something stays on top of it, until that goes."""

from __future__ import annotations

import math

import pytest

from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.actors import MovingActor
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.scenery import STOREY_M
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World

BOX, WALKER, CAR = "static.prop.box01", "walker.pedestrian.0002", "vehicle.tesla.model3"
CONTAINER, TRUCK = "static.prop.container", "vehicle.carlamotors.firetruck"


def put(world: World, kind: str, x: float, z: float, *, y: float = 1.75, yaw: float = 0.0) -> MovingActor:
    actor = world.spawn(ActorDescription(uid=1, id=kind), Pose(Vector(x, y, z), Rotation(0.0, yaw, 0.0)))
    assert isinstance(actor, MovingActor)
    return actor


def top(actor: MovingActor) -> float:
    return actor.pose.location.z + actor.box.location.z + actor.box.extent.z


def underside(actor: MovingActor) -> float:
    return actor.pose.location.z + actor.box.location.z - actor.box.extent.z


def run(world: World, ticks: int) -> list[tuple[int, int]]:
    return [(felt.actor_id, felt.other_id) for _ in range(ticks) for felt in world.tick().collisions]


@pytest.mark.parametrize("below", [BOX, CONTAINER, CAR, TRUCK])
@pytest.mark.parametrize(("kind", "drop"), [(BOX, 1.0), (WALKER, 2.0), (CAR, 1.0), (CAR, 9.0)])
def test_it_comes_to_rest_on_top(world: World, below: str, kind: str, drop: float) -> None:
    bearer = put(world, below, 30.0, 0.0, yaw=17.0)
    run(world, 40)
    lifted = put(world, kind, 30.0, top(bearer) + drop)
    felt = run(world, 100)
    place = lifted.pose.location
    assert underside(lifted) == pytest.approx(top(bearer), abs=0.08 if kind == CAR else 1e-5)
    assert math.hypot(place.x - 30.0, place.y - 1.75) < 0.02
    assert run(world, 40) == felt == []
    assert math.dist(lifted.pose.location, place) < 1e-3


@pytest.mark.parametrize("kind", [BOX, CAR])
def test_it_stays_on_a_roof_until_the_house_is_hidden(world: World, street_town: Town, kind: str) -> None:
    lot = street_town.lots[0]
    dropped = put(world, kind, lot.center.x, 14.0, y=lot.center.y)
    run(world, 80)
    assert dropped.pose.location == pytest.approx((lot.center.x, lot.center.y, STOREY_M * lot.storeys), abs=0.02)
    house = next(thing.id for thing in world.place.objects if thing.name.startswith("Building"))
    world.enable_objects([house], False)
    run(world, 80)
    assert dropped.pose.location.z == pytest.approx(0.0, abs=0.02)


def test_it_falls_when_what_bore_it_is_gone(world: World) -> None:
    lowest, upper = put(world, BOX, 30.0, 0.0), put(world, BOX, 30.0, 1.0)
    walker = put(world, WALKER, 30.0, 3.0)
    run(world, 40)
    assert underside(walker) == pytest.approx(top(upper))
    assert underside(upper) == pytest.approx(top(lowest))
    world.destroy(lowest.id)
    run(world, 40)
    assert underside(upper) == 0.0
    assert underside(walker) == pytest.approx(top(upper), abs=1e-5)


def test_what_is_beside_or_below_is_no_platform(world: World) -> None:
    """A box that misses falls to the ground; one under a bearer without collisions, too."""
    put(world, BOX, 30.0, 0.0)
    beside = put(world, BOX, 32.0, 2.0)
    ghost = put(world, CONTAINER, 60.0, 0.0)
    ghost.has_collisions = False
    through = put(world, BOX, 60.0, 4.0)
    run(world, 40)
    assert beside.pose.location.z == through.pose.location.z == 0.0
