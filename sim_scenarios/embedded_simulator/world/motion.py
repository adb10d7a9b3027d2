"""What all that moves has in common in a tick.

An actor without physics is moved by its client; its velocity and the path it has
travelled are then read off from the poses it was given, so that wheels turn and legs swing in a replay, too.
"""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.world.actors import MovingActor, Vehicle
from sim_scenarios.embedded_simulator.world.geometry import (
    as_sent,
    difference,
    length,
    scaled,
    wrap_degrees,
)
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector

FASTEST = 80.0
"""[m/s] A client that moves an actor faster than this has put it elsewhere, it has not driven it there."""


def read_off_motion(actor: MovingActor, delta_s: float) -> None:
    """Velocities of an actor that its client moves, from its pose and that of the previous tick."""
    step = difference(actor.pose.location, actor.last_pose.location)
    turn = wrap_degrees(actor.pose.rotation.yaw - actor.last_pose.rotation.yaw)
    before = actor.velocity
    if length(step) > FASTEST * delta_s:
        actor.velocity, actor.acceleration, actor.angular_velocity = Vector(), Vector(), Vector()
        return
    actor.velocity = scaled(step, 1.0 / delta_s)
    actor.acceleration = scaled(difference(actor.velocity, before), 1.0 / delta_s)
    actor.angular_velocity = Vector(0.0, 0.0, turn / delta_s)


def forward_part(v: Vector, pose: Pose) -> float:
    """The part of a vector of the world that points along a heading."""
    heading = math.radians(pose.rotation.yaw)
    return v.x * math.cos(heading) + v.y * math.sin(heading)


def settle(actor: MovingActor, delta_s: float) -> None:
    """Ends an actor's tick: its pose as clients will read it, how far it has gone and how old it is.

    Pose and path follow from poses in the streams' single precision alone, so that a replay of what a client saw looks
    the same.
    """
    pose, last = actor.pose, actor.last_pose
    vehicle = actor if isinstance(actor, Vehicle) else None
    if vehicle is None or pose is not vehicle.known[0]:  # which is single already
        pose = actor.pose = as_sent(pose)
    (x, y, z), (_, yaw, _) = pose
    (last_x, last_y, last_z), _ = last
    dx, dy, dz = x - last_x, y - last_y, z - last_z
    farthest = FASTEST * delta_s
    distance = math.hypot(dx, dy) if dx * dx + dy * dy + dz * dz <= farthest * farthest else 0.0
    backwards = False
    if vehicle is not None:
        vehicle.path_speed = distance / delta_s
        heading = math.radians(yaw)
        backwards = dx * math.cos(heading) + dy * math.sin(heading) < 0.0
    actor.travelled_m += -distance if backwards else distance
    actor.last_pose = pose
    actor.age_s += delta_s
