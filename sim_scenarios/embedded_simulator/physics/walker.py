"""A walker on the ground: goes where its control points, and turns to look there.

A walker's origin is at half its height, as a capsule's in Unreal. When the client's walker AI drives it, physics
are off and the AI's navigation point lies under the feet: ``feet_to_origin`` is the lift that CARLA's server
applies (Carla/Actor/CarlaActor.cpp, ``FWalkerActor::SetWalkerState``).
"""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.world.controls import WalkerControl
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

MAX_SPEED = 10.0
"""[m/s] faster than any runner: a control beyond it is a mistake of units."""
_FALL_SPEED = 6.0
"""[m/s] at which a walker spawned above the ground comes down."""


def feet_to_origin(pose: Pose, *, height_m: float) -> Pose:
    """The pose of a walker whose feet are at ``pose``."""
    x, y, z = pose.location
    return Pose(Vector(x, y, z + 0.5 * height_m), pose.rotation)


def advance(pose: Pose, control: WalkerControl, *, height_m: float, ground_z: float, delta_s: float) -> Pose:
    """The pose after ``delta_s``; a control without direction or speed stands still."""
    (x, y, z), rotation = pose.location, pose.rotation
    dx, dy, _ = control.direction
    norm = math.hypot(dx, dy)
    speed = min(MAX_SPEED, max(0.0, control.speed))
    if norm > 0.0 and speed > 0.0:
        x += dx / norm * speed * delta_s
        y += dy / norm * speed * delta_s
        rotation = Rotation(0.0, math.degrees(math.atan2(dy, dx)), 0.0)
    standing_z = ground_z + 0.5 * height_m
    z = standing_z if z <= standing_z else max(standing_z, z - _FALL_SPEED * delta_s)
    return Pose(Vector(x, y, z), rotation)
