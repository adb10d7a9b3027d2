"""Walkers: their control, the poses that the client's navigation gives them, and their bones."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.bones import pack_bones, unpack_bones
from sim_scenarios.embedded_simulator.wire.commands import WALKER_STATE_COMMAND
from sim_scenarios.embedded_simulator.wire.structs import (
    LARGEST_NUMBER,
    integer,
    number,
    unpack_pose,
    unpack_walker_control,
)
from sim_scenarios.embedded_simulator.world import bones
from sim_scenarios.embedded_simulator.world.actors import WALKER_MASS_KG, Walker
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.geometry import scaled
from sim_scenarios.embedded_simulator.world.skeleton import BONES
from sim_scenarios.embedded_simulator.world.walking import knock_down


def apply_control_to_walker(context: Context, actor_id: Any, control: Any) -> None:
    """Direction and speed, until the next control."""
    context.world.actor_of_kind(integer(actor_id), Walker).control = unpack_walker_control(control)


def set_walker_state(context: Context, actor_id: Any, pose: Any, speed: Any) -> None:
    """The pose is that of the feet, on the navigation mesh."""
    feet = unpack_pose(pose)
    context.world.set_walker_states([integer(actor_id)], np.array([(*feet.location, *feet.rotation, number(speed))]))


def set_walker_states(context: Context, commands: Sequence[Any]) -> list[int] | None:
    """A whole batch of ``set_walker_state``, which the client's navigation sends in every tick; the actors' ids.

    None, and nothing done, where it is anything else or anything is wrong: the commands are then taken one by one.
    """
    try:
        rows = [(kind, actor_id, *place, *turn, speed) for ((kind, (actor_id, (place, turn), speed)),) in commands]
        table = np.array(rows, np.float64)
    except (TypeError, ValueError):
        return None
    if table.shape != (len(rows), 9) or (table[:, 0] != WALKER_STATE_COMMAND).any():
        return None
    if not np.abs(table).max(initial=0.0) <= LARGEST_NUMBER or any(type(row[1]) is not int for row in rows):
        return None
    actor_ids = [row[1] for row in rows]
    try:
        context.world.set_walker_states(actor_ids, table[:, 2:])
    except WorldError:
        return None
    return actor_ids


def get_bones_transform(context: Context, actor_id: Any) -> list[Any]:
    """All bones as they are now."""
    walker = context.world.actor_of_kind(integer(actor_id), Walker)
    return pack_bones(
        [bone.name for bone in BONES],
        world=bones.poses(bones.world_bones(walker)),
        component=bones.poses(bones.component_bones(walker)),
        relative=bones.poses(bones.relative_bones(walker)),
    )


def set_bones_transform(context: Context, actor_id: Any, wanted: Any) -> None:
    """Bones of the pose that is kept for ``blend_pose``, each against its parent."""
    bones.set_bones(context.world.actor_of_kind(integer(actor_id), Walker), unpack_bones(wanted))


def blend_pose(context: Context, actor_id: Any, share: Any) -> None:
    """How far the kept pose shows: 0 (``hide_pose``) to 1 (``show_pose``)."""
    walker = context.world.actor_of_kind(integer(actor_id), Walker)
    walker.pose_blend = min(1.0, max(0.0, number(share)))


def get_pose_from_animation(context: Context, actor_id: Any) -> None:
    """Keeps the gait's present pose."""
    walker = context.world.actor_of_kind(integer(actor_id), Walker)
    walker.set_pose = bones.animated_bones(walker)


def set_actor_dead(context: Context, actor_id: Any) -> None:
    """What the client's navigation says of a walker that it saw under a vehicle."""
    walker = context.world.actor_of_kind(integer(actor_id), Walker)
    knock_down(walker, scaled(walker.velocity, WALKER_MASS_KG))
