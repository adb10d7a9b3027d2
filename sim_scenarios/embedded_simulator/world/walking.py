"""One tick of all walkers: on their feet, in the air, or knocked over.

A walker with physics is moved from here. One without is moved by its client, whose poses say how it went. Who was hit
hard by a vehicle, or is declared dead by the client's navigation, falls over, lies, and is gone ten seconds later
(Carla/Walker/WalkerBase.h, ``AfterLifeSpan``). The fall is a turn of the actor's pose, so that poses alone decide the
picture here, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.walker import (
    MAX_STEP_M,
    WalkerMotion,
    fallen_pose,
    land,
    slide,
    step,
)
from sim_scenarios.embedded_simulator.world.actors import WALKER_MASS_KG, Walker
from sim_scenarios.embedded_simulator.world.controls import WalkerControl
from sim_scenarios.embedded_simulator.world.gait import stride_m
from sim_scenarios.embedded_simulator.world.geometry import as_sent, difference, scaled, wrap_degrees
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.motion import FASTEST
from sim_scenarios.embedded_simulator.world.platforms import Platforms
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

DEADLY_IMPULSE = 2.5 * WALKER_MASS_KG
"""[kg m/s] that throws somebody down: a car at 9 km/h."""
_STILL = Vector()
_new = tuple.__new__
"""A named tuple's own constructor is a call in Python; a crowd needs hundreds of them in a tick."""
_UPRIGHT_DEG = 5.0
LIES_S = 10.0
"""How long a dead walker is there."""


def advance_walkers(
    walkers: Sequence[Walker], ground: Ground, delta_s: float, platforms: Platforms | None = None
) -> None:
    """Moves walkers by their control, or reads off how their clients moved them."""
    moved = []
    for walker in walkers:
        if walker.simulate_physics or walker.dead_s is not None:
            moved.append(walker)
        elif walker.pose is not walker.last_pose or walker.velocity is not _STILL:
            _read_off(walker, delta_s)
    if not moved:
        return
    before = [_motion(walker) for walker in moved]
    after = [
        (step(motion, walker.control, delta_s=delta_s) if walker.is_alive else slide(motion, delta_s=delta_s))
        for walker, motion in zip(moved, before, strict=True)
    ]
    below = [(motion.feet.x, motion.feet.y, was.feet.z) for motion, was in zip(after, before, strict=True)]
    points = np.array(below)
    heights = ground.heights(points)
    if platforms is not None:
        heights = platforms.raised(heights, points, moved)
    for walker, was, motion, ground_z in zip(moved, before, after, heights.tolist(), strict=True):
        if ground_z > was.feet.z + MAX_STEP_M:
            motion, ground_z = _before_a_wall(was, motion, ground_z, ground)
        _put(walker, land(motion, ground_z), delta_s)


def place_walkers(walkers: Sequence[Walker], states: NDArray[np.float64]) -> None:
    """Puts walkers where the client's navigation wants their feet.

    ``states`` (N, 7): x, y, z [m], pitch, yaw, roll [deg], speed [m/s]. Their controls then read as in CARLA: forwards,
    at that speed (Carla/Server/CarlaServer.cpp, ``set_walker_state``).
    """
    origins = states[:, :6].copy()
    origins[:, 2] += [0.5 * walker.spec.height_m for walker in walkers]
    heading = np.radians(states[:, 4])
    for walker, (x, y, z, pitch, yaw, roll), forward_x, forward_y, speed in zip(
        walkers,
        origins.astype(np.float32).tolist(),
        np.cos(heading).tolist(),
        np.sin(heading).tolist(),
        states[:, 6].tolist(),
        strict=True,
    ):
        pose = _new(Pose, (_new(Vector, (x, y, z)), _new(Rotation, (pitch, yaw, roll))))
        walker.pose = walker.sent_pose = pose
        walker.control = WalkerControl(_new(Vector, (forward_x, forward_y, 0.0)), speed)


def settle_walkers(walkers: Iterable[Walker], delta_s: float) -> None:
    """Ends the walkers' tick as ``motion.settle`` does, and moves their gait on.

    A hundred of them are settled in every tick, so there are no calls here that can be spared.
    """
    farthest = FASTEST * delta_s
    for walker in walkers:
        pose, last = walker.pose, walker.last_pose
        walker.age_s += delta_s
        if pose is not walker.sent_pose:
            pose = walker.pose = walker.sent_pose = as_sent(pose)
        elif pose is last:
            walker.gait_speed = 0.0
            continue
        (x, y, z), (pitch, _, _) = pose
        (last_x, last_y, last_z), _ = last
        distance = math.hypot(x - last_x, y - last_y)
        if distance > farthest or abs(z - last_z) > farthest:
            distance = 0.0
        # Who falls over or lies takes no steps.
        speed = distance / delta_s if -_UPRIGHT_DEG < pitch < _UPRIGHT_DEG else 0.0
        walker.travelled_m += distance
        walker.gait_speed = speed
        if distance > 0.0:
            walker.gait_phase += distance / stride_m(speed, walker.spec.height_m)
        walker.last_pose = pose


def _read_off(walker: Walker, delta_s: float) -> None:
    """``motion.read_off_motion`` in line."""
    (x, y, z), (_, yaw, _) = walker.pose
    (last_x, last_y, last_z), (_, last_yaw, _) = walker.last_pose
    rate, farthest = 1.0 / delta_s, FASTEST * delta_s
    dx, dy, dz = x - last_x, y - last_y, z - last_z
    if dx * dx + dy * dy + dz * dz > farthest * farthest:
        walker.velocity = walker.acceleration = walker.angular_velocity = _STILL
        return
    before_x, before_y, before_z = walker.velocity
    velocity = _new(Vector, (dx * rate, dy * rate, dz * rate)) if walker.pose is not walker.last_pose else _STILL
    vx, vy, vz = walker.velocity = velocity
    walker.acceleration = _new(Vector, ((vx - before_x) * rate, (vy - before_y) * rate, (vz - before_z) * rate))
    walker.angular_velocity = _new(Vector, (0.0, 0.0, wrap_degrees(yaw - last_yaw) * rate))


def _before_a_wall(
    was: WalkerMotion, motion: WalkerMotion, ground_z: float, ground: Ground
) -> tuple[WalkerMotion, float]:
    """Stops at a step that is too high; somebody put into the ground comes up instead."""
    here = ground.height(*was.feet)
    if here > was.feet.z + MAX_STEP_M:
        return motion, ground_z
    feet = Vector(was.feet.x, was.feet.y, motion.feet.z)
    return motion._replace(feet=feet, velocity=Vector(0.0, 0.0, motion.velocity.z)), here


def knock_down(walker: Walker, impulse: Vector) -> None:
    """Lets a walker fall the way it was pushed by ``impulse`` [kg m/s]; it stays down."""
    if not walker.is_alive:
        return
    heading = math.radians(walker.pose.rotation.yaw)
    walker.falls_forward = impulse.x * math.cos(heading) + impulse.y * math.sin(heading) > 0.0
    walker.fell_at = walker.feet
    walker.dead_s = 0.0
    walker.has_collisions = False


def gone(walkers: Iterable[Walker]) -> list[Walker]:
    """The dead that have lain long enough."""
    return [walker for walker in walkers if walker.dead_s is not None and walker.dead_s >= LIES_S]


def _motion(walker: Walker) -> WalkerMotion:
    return WalkerMotion(
        feet=walker.feet if walker.is_alive else walker.fell_at,
        velocity=walker.velocity,
        yaw_deg=walker.pose.rotation.yaw,
        is_airborne=walker.is_airborne,
    )


def _put(walker: Walker, motion: WalkerMotion, delta_s: float) -> None:
    walker.is_airborne = motion.is_airborne
    height_m = walker.spec.height_m
    if walker.dead_s is None:
        x, y, z = motion.feet
        walker.pose = Pose(Vector(x, y, z + 0.5 * height_m), Rotation(0.0, motion.yaw_deg, 0.0))
    else:
        walker.dead_s += delta_s
        walker.fell_at = motion.feet
        walker.pose = fallen_pose(
            motion.feet, motion.yaw_deg, height_m=height_m, since_s=walker.dead_s, forward=walker.falls_forward
        )
    turn = wrap_degrees(motion.yaw_deg - walker.last_pose.rotation.yaw)
    walker.angular_velocity = Vector(0.0, 0.0, turn / delta_s)
    walker.acceleration = scaled(difference(motion.velocity, walker.velocity), 1.0 / delta_s)
    walker.velocity = motion.velocity
