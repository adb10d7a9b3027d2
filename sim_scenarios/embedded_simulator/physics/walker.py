"""A walker on its feet: goes where its control points, jumps, falls, lands; and lies where it was knocked over.

A walker's origin is at half its height, as a capsule's in Unreal; motion here is that of its feet. When the client's
walker AI drives it, physics are off and the AI's navigation point lies under the feet: ``feet_to_origin`` is the lift
that CARLA's server applies (Carla/Actor/CarlaActor.cpp, ``FWalkerActor::SetWalkerState``). Accelerations and the
height of a step are those of Unreal's character movement; a jump goes up by a metre, as a sportsman's does.
"""

from __future__ import annotations

import math
from typing import NamedTuple

from sim_scenarios.embedded_simulator.world.controls import WalkerControl
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

MAX_SPEED = 10.0
"""[m/s] faster than any runner: a control beyond it is a mistake of units."""
MAX_STEP_M = 0.45
"""What a walker steps up or down without jumping or falling."""
_MAX_ACCELERATION = 20.0
"""[m/s2]; braking, too."""
_JUMP_SPEED = 4.4
"""[m/s] upwards."""
_GRAVITY = 9.81
_SLIDING = 6.0
"""[m/s2] by which a body that slides over the ground slows down."""
_FALL_OVER_S = 0.5
"""How long somebody takes from standing to lying."""
LYING_PER_HEIGHT = 0.075
"""Height of a lying body's middle above the ground, in body heights."""


class WalkerMotion(NamedTuple):
    """A walker's feet [m], how they move [m/s], and where it looks; a tuple: every tick makes three of each."""

    feet: Vector
    velocity: Vector
    yaw_deg: float
    is_airborne: bool


def feet_to_origin(pose: Pose, *, height_m: float) -> Pose:
    """The pose of a walker whose feet are at ``pose``."""
    x, y, z = pose.location
    return Pose(Vector(x, y, z + 0.5 * height_m), pose.rotation)


def step(motion: WalkerMotion, control: WalkerControl, *, delta_s: float) -> WalkerMotion:
    """The motion after ``delta_s`` if there were no ground; ``land`` follows.

    A control without direction or speed stands still; in the air nobody can change the way.
    """
    yaw_deg = motion.yaw_deg
    vx, vy, vz = motion.velocity
    is_airborne = motion.is_airborne
    if not is_airborne:
        dx, dy, _ = control.direction
        norm = math.hypot(dx, dy)
        speed = min(MAX_SPEED, max(0.0, control.speed)) if norm > 0.0 else 0.0
        wanted_x, wanted_y = (dx / norm * speed, dy / norm * speed) if speed > 0.0 else (0.0, 0.0)
        vx, vy = _towards(vx, vy, wanted_x, wanted_y, _MAX_ACCELERATION * delta_s)
        vz = 0.0
        if speed > 0.0:
            yaw_deg = math.degrees(math.atan2(dy, dx))
        if control.jump:
            vz, is_airborne = _JUMP_SPEED, True
    return _flown(motion.feet, Vector(vx, vy, vz), yaw_deg, is_airborne, delta_s)


def land(motion: WalkerMotion, ground_z: float) -> WalkerMotion:
    """The motion over ground at ``ground_z`` [m]: on it, above it, or off a ledge."""
    x, y, z = motion.feet
    vx, vy, vz = motion.velocity
    reaches_down = MAX_STEP_M if not motion.is_airborne else 0.0
    if z <= ground_z + reaches_down and vz <= 0.0:
        return WalkerMotion(Vector(x, y, ground_z), Vector(vx, vy, 0.0), motion.yaw_deg, is_airborne=False)
    return motion if motion.is_airborne else motion._replace(is_airborne=True)


def slide(motion: WalkerMotion, *, delta_s: float) -> WalkerMotion:
    """As ``step``, of a body that nobody moves any more."""
    vx, vy, vz = motion.velocity
    if not motion.is_airborne:
        vx, vy = _towards(vx, vy, 0.0, 0.0, _SLIDING * delta_s)
        vz = 0.0
    return _flown(motion.feet, Vector(vx, vy, vz), motion.yaw_deg, motion.is_airborne, delta_s)


def fallen_pose(feet: Vector, yaw_deg: float, *, height_m: float, since_s: float, forward: bool) -> Pose:
    """The pose of somebody who began to fall over ``since_s`` ago, on the face (``forward``) or on the back."""
    share = min(1.0, since_s / _FALL_OVER_S)
    pitch = 90.0 * share * share  # slowly at first, as a tree falls
    tilt, heading = math.radians(pitch), math.radians(yaw_deg)
    away = (1.0 if forward else -1.0) * 0.5 * height_m * math.sin(tilt)
    up = 0.5 * height_m * math.cos(tilt) + LYING_PER_HEIGHT * height_m * math.sin(tilt)
    middle = Vector(feet.x + away * math.cos(heading), feet.y + away * math.sin(heading), feet.z + up)
    return Pose(middle, Rotation(-pitch if forward else pitch, yaw_deg, 0.0))


def _flown(feet: Vector, velocity: Vector, yaw_deg: float, is_airborne: bool, delta_s: float) -> WalkerMotion:
    (x, y, z), (vx, vy, vz) = feet, velocity
    if is_airborne:
        # The mean of the speeds before and after: the way a thrown body goes exactly, whatever the time step.
        z += (vz - 0.5 * _GRAVITY * delta_s) * delta_s
        vz -= _GRAVITY * delta_s
    return WalkerMotion(Vector(x + vx * delta_s, y + vy * delta_s, z), Vector(vx, vy, vz), yaw_deg, is_airborne)


def _towards(x: float, y: float, wanted_x: float, wanted_y: float, most: float) -> tuple[float, float]:
    """(x, y) moved towards what is wanted by at most ``most``."""
    dx, dy = wanted_x - x, wanted_y - y
    away = math.hypot(dx, dy)
    if away <= most:
        return wanted_x, wanted_y
    return x + dx / away * most, y + dy / away * most
