"""Any kind of actor: the library, spawning, poses, velocities, forces."""

from __future__ import annotations

import math
from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.structs import (
    flag,
    integer,
    integers,
    pack_actor,
    pack_blueprint,
    pack_bounding_box,
    unpack_description,
    unpack_pose,
    unpack_vector,
)
from sim_scenarios.embedded_simulator.world import driving
from sim_scenarios.embedded_simulator.world.actors import Actor, MovingActor, Sensor, Vehicle
from sim_scenarios.embedded_simulator.world.description import BoundingBox
from sim_scenarios.embedded_simulator.world.geometry import scaled
from sim_scenarios.embedded_simulator.world.pushing import push, spin
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector


def pack(context: Context, actor: Actor) -> list[Any]:
    """An actor as clients get it; sensors that stream carry their token."""
    streams = isinstance(actor, Sensor) and actor.stream_id != 0
    return pack_actor(
        actor_id=actor.id,
        parent_id=actor.parent_id,
        description=actor.description,
        box=actor.box,
        tags=actor.tags,
        stream_token=context.streams.token(actor.stream_id) if streams and isinstance(actor, Sensor) else b"",
    )


def get_actor_definitions(context: Context) -> list[Any]:
    """The blueprint library."""
    return [pack_blueprint(blueprint) for blueprint in context.world.library.values()]


def get_spectator(context: Context) -> list[Any]:
    """The camera of a window that does not exist here; it can be moved all the same."""
    return pack(context, context.world.spectator)


def get_actors_by_id(context: Context, actor_ids: Any) -> list[Any]:
    """Descriptions; ids that no longer exist are left out."""
    found = (context.world.actors.get(actor_id) for actor_id in integers(actor_ids))
    return [pack(context, actor) for actor in found if actor is not None]


def spawn_actor(context: Context, description: Any, pose: Any) -> list[Any]:
    """A free actor."""
    return pack(context, context.world.spawn(unpack_description(description), unpack_pose(pose)))


def spawn_actor_with_parent(
    context: Context, description: Any, pose: Any, parent_id: Any, attachment: Any, socket_name: Any
) -> list[Any]:
    """An attached actor; every kind of attachment is rigid, and there are no sockets."""
    actor = context.world.spawn(unpack_description(description), unpack_pose(pose), parent_id=integer(parent_id))
    return pack(context, actor)


def destroy_actor(context: Context, actor_id: Any) -> bool:
    """The stream of a destroyed sensor stays open and silent: see ``server.py``."""
    context.world.destroy(integer(actor_id))
    return True


def get_sensor_token(context: Context, stream_id: Any) -> list[bytes]:
    """Asked for before every subscription."""
    number = integer(stream_id)
    if not 0 <= number < 2**32:
        raise WireError(f"expected a stream id of 32 bits, got {number}")
    context.streams.announce(number)
    return [context.streams.token(number)]


def is_sensor_enabled_for_ros(context: Context, stream_id: Any) -> bool:
    """Nothing is ever published: there is no ROS bridge."""
    integer(stream_id)
    return False


def get_actor_bounding_box(context: Context, actor_id: Any) -> list[Any]:
    """The box in the actor's own frame; without extent where there is no such actor, as in CARLA.

    The client then uses the box that it knows. An error would end its process: a TrafficManager asks for vehicles
    that were destroyed a moment ago, in a thread that catches nothing.
    """
    actor = context.world.actors.get(integer(actor_id))
    return pack_bounding_box(actor.box, actor_id=actor.id) if actor else pack_bounding_box(BoundingBox())


def set_actor_location(context: Context, actor_id: Any, location: Any) -> None:
    """Moves an actor and keeps its rotation."""
    actor = context.world.actor(integer(actor_id))
    base = actor.relative_pose or actor.pose
    context.world.set_pose(actor.id, Pose(unpack_vector(location), base.rotation))


def set_actor_transform(context: Context, actor_id: Any, pose: Any) -> None:
    """Moves an actor; for an attached one the pose is relative to its parent."""
    context.world.set_pose(integer(actor_id), unpack_pose(pose))


def set_actor_simulate_physics(context: Context, actor_id: Any, enabled: Any) -> None:
    """Without physics an actor stays where its client puts it.

    Of one destroyed a moment ago it is accepted, where CARLA answers with an error: the TrafficManager asks in a thread
    that catches nothing, so that the client's process would end.
    """
    if context.world.was_just_destroyed(integer(actor_id)):
        return
    actor = context.world.actor(integer(actor_id))
    if isinstance(actor, MovingActor):
        actor.simulate_physics = flag(enabled)


def set_actor_collisions(context: Context, actor_id: Any, enabled: Any) -> None:
    """Without collisions an actor passes through everything."""
    actor = context.world.actor(integer(actor_id))
    if isinstance(actor, MovingActor):
        actor.has_collisions = flag(enabled)


def set_actor_target_velocity(context: Context, actor_id: Any, velocity: Any) -> None:
    """The velocity at which a vehicle goes on from now; wheels and pedals change it as they do."""
    actor, wanted = context.world.actor(integer(actor_id)), unpack_vector(velocity)
    if isinstance(actor, Vehicle):
        driving.go_on_at(actor, wanted)
    else:
        actor.velocity = wanted


def enable_actor_constant_velocity(context: Context, actor_id: Any, velocity: Any) -> None:
    """A velocity in the vehicle's own frame, kept until it is disabled."""
    vehicle = context.world.actor_of_kind(integer(actor_id), Vehicle)
    vehicle.constant_velocity = unpack_vector(velocity)


def disable_actor_constant_velocity(context: Context, actor_id: Any) -> None:
    """Gives a vehicle back to its wheels and pedals."""
    context.world.actor_of_kind(integer(actor_id), Vehicle).constant_velocity = None


def set_actor_target_angular_velocity(context: Context, actor_id: Any, velocity: Any) -> None:
    """[deg/s] about the world's axes; tyres, springs and friction change it as they do."""
    wanted = unpack_vector(velocity)
    context.world.actor_of_kind(integer(actor_id), MovingActor).angular_velocity = wanted


def set_actor_enable_gravity(context: Context, actor_id: Any, enabled: Any) -> None:
    """Whether a vehicle or prop has weight."""
    wanted = flag(enabled)
    actor = context.world.actor(integer(actor_id))
    if isinstance(actor, MovingActor):
        actor.has_gravity = wanted


def add_actor_impulse(context: Context, actor_id: Any, impulse: Any) -> None:
    """[kg m/s] at the centre of mass."""
    push(context.world.actor_of_kind(integer(actor_id), MovingActor), unpack_vector(impulse))


def add_actor_impulse_at_location(context: Context, actor_id: Any, impulse: Any, location: Any) -> None:
    """[kg m/s] at a point of the world, which may turn the actor, too."""
    actor = context.world.actor_of_kind(integer(actor_id), MovingActor)
    push(actor, unpack_vector(impulse), unpack_vector(location))


def add_actor_force(context: Context, actor_id: Any, force: Any) -> None:
    """[N] at the centre of mass during the next tick."""
    actor, wanted = context.world.actor_of_kind(integer(actor_id), MovingActor), unpack_vector(force)
    if isinstance(actor, Vehicle):
        actor.pending_force = _sum(actor.pending_force, wanted)
    else:
        push(actor, scaled(wanted, context.world.settings.delta_s))


def add_actor_force_at_location(context: Context, actor_id: Any, force: Any, location: Any) -> None:
    """[N] at a point of the world during the next tick."""
    actor, wanted = context.world.actor_of_kind(integer(actor_id), MovingActor), unpack_vector(force)
    at = unpack_vector(location)
    if isinstance(actor, Vehicle):
        actor.pending_force = _sum(actor.pending_force, wanted)
        actor.pending_torque = _sum(actor.pending_torque, driving.moment(actor, wanted, at))
    else:
        push(actor, scaled(wanted, context.world.settings.delta_s), at)


def add_actor_angular_impulse(context: Context, actor_id: Any, impulse: Any) -> None:
    """[kg m^2 deg/s] about the world's axes."""
    turning = Vector(*(math.radians(part) for part in unpack_vector(impulse)))
    spin(context.world.actor_of_kind(integer(actor_id), MovingActor), turning)


def add_actor_torque(context: Context, actor_id: Any, torque: Any) -> None:
    """[N m] about the world's axes during the next tick."""
    actor, wanted = context.world.actor_of_kind(integer(actor_id), MovingActor), unpack_vector(torque)
    if isinstance(actor, Vehicle):
        actor.pending_torque = _sum(actor.pending_torque, wanted)
    else:
        spin(actor, scaled(wanted, context.world.settings.delta_s))


def _sum(a: Vector, b: Vector) -> Vector:
    return Vector(a.x + b.x, a.y + b.y, a.z + b.z)
