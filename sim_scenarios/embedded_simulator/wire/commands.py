"""The batch: ``vector<Command>``, each ``[[index, body]]`` (LibCarla/source/carla/rpc/Command.h).

Every command but ``SpawnActor`` and ``ConsoleCommand`` is an actor id followed by the arguments of the RPC method
of the same meaning, so a command is unpacked to that method's name: one table, one meaning for both ways of asking.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from sim_scenarios.embedded_simulator.wire.errors import WireError, shown
from sim_scenarios.embedded_simulator.wire.structs import (
    fields,
    integer,
    optional,
    unpack_description,
    unpack_pose,
)
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.snapshot import Pose

_SPAWN_ACTOR = 0
_CONSOLE_COMMAND = 20
VEHICLE_CONTROL_COMMAND, WALKER_STATE_COMMAND = 2, 7
"""ApplyVehicleControl and ApplyWalkerState."""

# Index of the command -> RPC method that does the same; positions are those of the variant in Command.h.
COMMAND_METHODS: dict[int, str] = {
    1: "destroy_actor",
    2: "apply_control_to_vehicle",
    3: "apply_ackermann_control_to_vehicle",
    4: "apply_control_to_walker",
    5: "apply_physics_control",
    6: "set_actor_transform",
    WALKER_STATE_COMMAND: "set_walker_state",
    8: "set_actor_target_velocity",
    9: "set_actor_target_angular_velocity",
    10: "add_actor_impulse",
    11: "add_actor_force",
    12: "add_actor_angular_impulse",
    13: "add_actor_torque",
    14: "set_actor_simulate_physics",
    15: "set_actor_enable_gravity",
    16: "set_actor_autopilot",
    17: "show_vehicle_debug_telemetry",
    18: "set_vehicle_light_state",
    19: "set_actor_location",
    21: "set_traffic_light_state",
}


@dataclass(frozen=True, kw_only=True, slots=True)
class SpawnCommand:
    """SpawnActor with what is to be done with the new actor."""

    description: ActorDescription
    pose: Pose
    parent_id: int | None
    do_after: tuple[Command, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ActorCommand:
    """Any command that addresses one actor."""

    method: str
    actor_id: int
    arguments: tuple[Any, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class ConsoleCommand:
    """A line for Unreal's console, which does not exist here."""

    line: str


Command = SpawnCommand | ActorCommand | ConsoleCommand


def unpack_command(packed: Any) -> Command:
    """One command.

    Raises:
        WireError: An index that 0.9.16 does not have, or a body of the wrong shape.
    """
    (variant,) = fields("Command", packed, 1)
    kind, body = fields("a command's variant", variant, 2)
    index = integer(kind)
    if index == _SPAWN_ACTOR:
        return _spawn(body)
    if index == _CONSOLE_COMMAND:
        return ConsoleCommand(line=str(fields("ConsoleCommand", body, 1)[0]))
    if index not in COMMAND_METHODS:
        raise WireError(f"expected a command index 0 to 21, got {index}")
    (actor_id,) = fields(COMMAND_METHODS[index], body, 1)
    return ActorCommand(method=COMMAND_METHODS[index], actor_id=integer(actor_id), arguments=tuple(body[1:]))


def _spawn(body: Any) -> SpawnCommand:
    # The attachment type is uninitialised memory when there is no parent; CARLA's server ignores it in batches, too.
    description, pose, parent, _attachment, _socket, do_after = fields("SpawnActor", body, 6)
    if not isinstance(do_after, (list, tuple)):
        raise WireError(f"expected an array of commands, got {shown(do_after)}")
    return SpawnCommand(
        description=unpack_description(description),
        pose=unpack_pose(pose),
        parent_id=optional(parent, integer),
        do_after=tuple(unpack_command(command) for command in do_after),
    )
