"""A vehicle that would be flung beyond all bounds stays where it was, and the others go on."""

from __future__ import annotations

import math

import pytest

from sim_scenarios.embedded_simulator.world.actors import Vehicle
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.world import World


def car_at(world: World, x: float, y: float) -> Vehicle:
    description = ActorDescription(uid=1, id="vehicle.tesla.model3")
    actor = world.spawn(description, Pose(Vector(x, y, 0.0), Rotation()))
    assert isinstance(actor, Vehicle)
    return actor


@pytest.mark.parametrize("broken", [math.nan, 1e30])
@pytest.mark.parametrize("name", ["vx", "z", "yaw_rate", "roll"])
def test_it_stays_at_rest_where_it_was(world: World, name: str, broken: float) -> None:
    lost, driving = car_at(world, 20.0, 1.75), car_at(world, 60.0, -1.75)
    driving.control = VehicleControl(throttle=1.0)
    world.tick()
    before = lost.pose
    lost.state[name] = broken
    world.tick()
    assert (lost.pose, lost.velocity) == (before, Vector())
    for _ in range(20):
        world.tick()
    assert lost.pose.location == pytest.approx(before.location, abs=0.05)
    assert driving.pose.location.x > 60.5
    assert all(map(math.isfinite, (*driving.pose.location, *driving.velocity, *driving.acceleration)))
