"""A tick of a world that nobody sees: numba compiles or loads a kernel when it is first called."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES
from sim_scenarios.embedded_simulator.world.world import StaticTown, World


def warm_up(place: StaticTown) -> None:
    """Drives a car for a tick, with all that may be in its way."""
    world = World("Warm-up", place)
    world.spawn(ActorDescription(uid=0, id=VEHICLES[0].id), place.town.spawn_points[0])
    world.tick()
