"""One tick of all walkers: on their feet, in the air, or knocked over.

A walker with physics is moved from here. One without is moved by its client, whose poses say how it went. Who was hit
hard by a vehicle, or is declared dead by the client's navigation, falls over, lies, and is gone ten seconds later
(Carla/Walker/WalkerBase.h, ``AfterLifeSpan``). The fall is a turn of the actor's pose, so that poses alone decide the
picture here, too.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np

from sim_scenarios.embedded_simulator.physics.walker import (
    MAX_STEP_M,
    WalkerMotion,
    fallen_pose,
    land,
    slide,
    step,
)
from sim_scenarios.embedded_simulator.world.actors import WALKER_MASS_KG, Walker
from sim_scenarios.embedded_simulator.world.geometry import difference, scaled, wrap_degrees
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.motion import read_off_motion
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

DEADLY_IMPULSE = 2.5 * WALKER_MASS_KG
"""[kg m/s] that throws somebody down: a car at 9 km/h."""
LIES_S = 10.0
"""How long a dead walker is there."""


def advance_walkers(walkers: Sequence[Walker], ground: Ground, delta_s: float) -> None:
    """Moves walkers by their control, or reads off how their clients moved them."""
    for walker in walkers:
        if not walker.simulate_physics and walker.is_alive:
            read_off_motion(walker, delta_s)
    moved = [walker for walker in walkers if walker.simulate_physics or not walker.is_alive]
    if not moved:
        return
    before = [_motion(walker) for walker in moved]
    after = [
        (step(motion, walker.control, delta_s=delta_s) if walker.is_alive else slide(motion, delta_s=delta_s))
        for walker, motion in zip(moved, before, strict=True)
    ]
    below = [(motion.feet.x, motion.feet.y, was.feet.z) for motion, was in zip(after, before, strict=True)]
    heights = ground.heights(np.array(below))
    for walker, was, motion, ground_z in zip(moved, before, after, heights.tolist(), strict=True):
        if ground_z > was.feet.z + MAX_STEP_M:
            motion, ground_z = _before_a_wall(was, motion, ground_z, ground)
        _put(walker, land(motion, ground_z), delta_s)


def _before_a_wall(
    was: WalkerMotion, motion: WalkerMotion, ground_z: float, ground: Ground
) -> tuple[WalkerMotion, float]:
    """Stops at a step that is too high; somebody put into the ground comes up instead."""
    here = ground.height(*was.feet)
    if here > was.feet.z + MAX_STEP_M:
        return motion, ground_z
    feet = Vector(was.feet.x, was.feet.y, motion.feet.z)
    return replace(motion, feet=feet, velocity=Vector(0.0, 0.0, motion.velocity.z)), here


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
