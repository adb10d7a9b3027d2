"""What actors are made of: components, bones and sockets. Walkers and vehicles have bones, and each is a socket, too.

Names are Unreal's (``ACharacter``, ``AWheeledVehicle``). A walker's mesh stands on its feet, under the middle of its
capsule; bones "relative" are against that mesh, as in Carla/Server/CarlaServer.cpp.
"""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.structs import integer, pack_pose, text
from sim_scenarios.embedded_simulator.world.actors import Actor, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.bones import component_bones, poses, world_bones
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.geometry import compose
from sim_scenarios.embedded_simulator.world.skeleton import BONES
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector
from sim_scenarios.embedded_simulator.world.vehicle_bones import vehicle_bones


def get_actor_component_names(context: Context, actor_id: Any) -> list[str]:
    """Names of an actor's components, the root first."""
    return list(_components(context.world.actor(integer(actor_id))))


def get_actor_component_world_transform(context: Context, actor_id: Any, name: Any) -> list[Any]:
    """Where a component is in the world."""
    actor = context.world.actor(integer(actor_id))
    return pack_pose(compose(actor.pose, _component(actor, text(name))))


def get_actor_component_relative_transform(context: Context, actor_id: Any, name: Any) -> list[Any]:
    """Where a component is on its actor."""
    return pack_pose(_component(context.world.actor(integer(actor_id)), text(name)))


def get_actor_bone_names(context: Context, actor_id: Any) -> list[str]:
    """Names of a walker's or vehicle's bones; nothing else has any."""
    actor = context.world.actor(integer(actor_id))
    if isinstance(actor, Vehicle):
        return list(vehicle_bones(actor))
    return [bone.name for bone in BONES] if isinstance(actor, Walker) else []


def get_actor_bone_world_transforms(context: Context, actor_id: Any) -> list[Any]:
    """Bones in the world, in the order of their names."""
    actor = context.world.actor(integer(actor_id))
    if isinstance(actor, Vehicle):
        return get_vehicle_bone_world_transforms(context, actor_id)
    return [pack_pose(pose) for pose in poses(world_bones(actor))] if isinstance(actor, Walker) else []


def get_actor_bone_relative_transforms(context: Context, actor_id: Any) -> list[Any]:
    """Bones against the mesh that they belong to."""
    actor = context.world.actor(integer(actor_id))
    if isinstance(actor, Vehicle):
        return [pack_pose(bone) for bone in vehicle_bones(actor).values()]
    if not isinstance(actor, Walker):
        return []
    up = 0.5 * actor.spec.height_m
    bones = poses(component_bones(actor))
    return [pack_pose(Pose(Vector(x, y, z + up), rotation)) for (x, y, z), rotation in bones]


def get_vehicle_bone_world_transforms(context: Context, actor_id: Any) -> list[Any]:
    """A vehicle's body and wheels in the world; wheels are steered and turned about their axles."""
    vehicle = context.world.actor_of_kind(integer(actor_id), Vehicle)
    return [pack_pose(compose(vehicle.pose, bone)) for bone in vehicle_bones(vehicle).values()]


def _components(actor: Actor) -> dict[str, Pose]:
    """Poses by name, against the actor."""
    if isinstance(actor, Walker):
        feet = Pose(Vector(0.0, 0.0, -0.5 * actor.spec.height_m))
        return {"CollisionCylinder": Pose(), "CharacterMesh0": feet}
    if isinstance(actor, Vehicle):
        return {"VehicleMesh": Pose(), "VehicleBounds": Pose(actor.box.location)}
    return {"DefaultSceneRoot": Pose()}


def _component(actor: Actor, name: str) -> Pose:
    components = _components(actor)
    if name not in components:
        raise WorldError(f"{actor.type_id} {actor.id} has no component {name!r}, it has {', '.join(components)}")
    return components[name]
