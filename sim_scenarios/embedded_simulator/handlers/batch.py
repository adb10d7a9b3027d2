"""Many commands in one request; each answers for itself."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from sim_scenarios.embedded_simulator.handlers import actors, traffic_lights, vehicles, walkers
from sim_scenarios.embedded_simulator.handlers.context import Context, Handler, arity
from sim_scenarios.embedded_simulator.wire.commands import (
    ActorCommand,
    Command,
    ConsoleCommand,
    SpawnCommand,
    unpack_command,
)
from sim_scenarios.embedded_simulator.wire.errors import WireError, shown
from sim_scenarios.embedded_simulator.wire.rpc import value, value_error
from sim_scenarios.embedded_simulator.wire.structs import flag
from sim_scenarios.embedded_simulator.world.errors import WorldError


def _nothing(context: Context, actor_id: Any, *ignored: Any) -> None:
    """Accepted without effect (see the dispatch table's ``IGNORED``)."""


# RPC method -> what a command of that meaning does.
_HANDLERS: Mapping[str, Handler] = {
    "destroy_actor": actors.destroy_actor,
    "apply_control_to_vehicle": vehicles.apply_control_to_vehicle,
    "apply_ackermann_control_to_vehicle": vehicles.apply_ackermann_control_to_vehicle,
    "apply_control_to_walker": walkers.apply_control_to_walker,
    "apply_physics_control": vehicles.apply_physics_control,
    "set_actor_transform": actors.set_actor_transform,
    "set_walker_state": walkers.set_walker_state,
    "set_actor_target_velocity": actors.set_actor_target_velocity,
    "set_actor_target_angular_velocity": actors.set_actor_target_angular_velocity,
    "add_actor_impulse": actors.add_actor_impulse,
    "add_actor_force": actors.add_actor_force,
    "add_actor_angular_impulse": actors.add_actor_angular_impulse,
    "add_actor_torque": actors.add_actor_torque,
    "set_actor_simulate_physics": actors.set_actor_simulate_physics,
    "set_actor_enable_gravity": actors.set_actor_enable_gravity,
    "set_actor_autopilot": _nothing,
    "show_vehicle_debug_telemetry": _nothing,
    "set_vehicle_light_state": vehicles.set_vehicle_light_state,
    "set_actor_location": actors.set_actor_location,
    "set_traffic_light_state": traffic_lights.set_traffic_light_state,
}
_ARITY = {method: arity(handler) for method, handler in _HANDLERS.items()}


async def apply_batch(context: Context, commands: Any, do_tick: Any) -> list[Any]:
    """One bare ``Response<ActorId>`` for each command; a failure does not stop the rest."""
    if not isinstance(commands, (list, tuple)):
        raise WireError(f"expected an array of commands, got {shown(commands)}")
    done = None
    if len(commands) > 1:  # what walker AIs and traffic managers send in every tick
        done = walkers.set_walker_states(context, commands) or vehicles.apply_controls(context, commands)
    if done is not None:
        answers = [value(actor_id) for actor_id in done]
    else:
        answers = [_answer(context, command) for command in commands]
    if flag(do_tick):
        await context.tick()
    return answers


def _answer(context: Context, packed: Any) -> list[Any]:
    try:
        return value(_run(context, unpack_command(packed)))
    except (WorldError, WireError) as error:
        return value_error(str(error))


def _run(context: Context, command: Command) -> int:
    """Carries a command out and returns the id of its actor."""
    if isinstance(command, SpawnCommand):
        return _spawn(context, command)
    if isinstance(command, ConsoleCommand):
        raise WorldError(f"console command {command.line!r} refused: there is no Unreal console here")
    _run_on(context, command, command.actor_id)
    return command.actor_id


def _run_on(context: Context, command: ActorCommand, actor_id: int) -> None:
    expected = _ARITY[command.method] - 1
    if _HANDLERS[command.method] is _nothing:
        context.world.actor(actor_id)
        return
    if len(command.arguments) < expected:
        raise WireError(f"{command.method} expects {expected} arguments, got {len(command.arguments)}")
    _HANDLERS[command.method](context, actor_id, *command.arguments[:expected])


def _spawn(context: Context, command: SpawnCommand) -> int:
    actor = context.world.spawn(command.description, command.pose, parent_id=command.parent_id)
    for follow_up in command.do_after:
        # FutureActor has id 0: whatever is to be done, it is done with the new actor. Results are dropped, as in CARLA.
        with contextlib.suppress(WorldError, WireError):
            if isinstance(follow_up, ActorCommand):
                _run_on(context, follow_up, actor.id)
            elif isinstance(follow_up, SpawnCommand):
                parent_id = actor.id if follow_up.parent_id == 0 else follow_up.parent_id
                _spawn(context, replace(follow_up, parent_id=parent_id))
    return actor.id
