"""Walkers: their control, and the poses that the client's navigation gives them."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.structs import integer, number, unpack_pose, unpack_walker_control
from sim_scenarios.embedded_simulator.world.actors import WALKER_MASS_KG, Walker
from sim_scenarios.embedded_simulator.world.geometry import scaled
from sim_scenarios.embedded_simulator.world.walking import knock_down


def apply_control_to_walker(context: Context, actor_id: Any, control: Any) -> None:
    """Direction and speed, until the next control."""
    context.world.actor_of_kind(integer(actor_id), Walker).control = unpack_walker_control(control)


def set_walker_state(context: Context, actor_id: Any, pose: Any, speed: Any) -> None:
    """The pose is that of the feet, on the navigation mesh."""
    context.world.set_walker_state(integer(actor_id), unpack_pose(pose), number(speed))


def set_actor_dead(context: Context, actor_id: Any) -> None:
    """What the client's navigation says of a walker that it saw under a vehicle."""
    walker = context.world.actor_of_kind(integer(actor_id), Walker)
    knock_down(walker, scaled(walker.velocity, WALKER_MASS_KG))
