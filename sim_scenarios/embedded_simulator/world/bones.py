"""What clients ask of one walker's bones: where they are, and the pose that they shall take."""

from __future__ import annotations

import math
from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.world.actors import Walker
from sim_scenarios.embedded_simulator.world.gait import gait
from sim_scenarios.embedded_simulator.world.geometry import rotation_matrix
from sim_scenarios.embedded_simulator.world.skeleton import (
    BONE_INDEX,
    BonePose,
    blended,
    component_pose,
    limb_rotations,
    walking_pose,
)
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

_STEEP = 1.0 - 1e-9
"""Sine of a pitch so near to a right angle that yaw and roll turn about the same axis."""


def relative_bones(walker: Walker) -> BonePose:
    """Every bone against its parent, as the walker shows them now."""
    walking = animated_bones(walker)
    return walking if walker.set_pose is None else blended(walking, walker.set_pose, walker.pose_blend)


def component_bones(walker: Walker) -> BonePose:
    """Every bone against the actor."""
    return component_pose(relative_bones(walker), height_m=walker.spec.height_m)


def world_bones(walker: Walker) -> BonePose:
    """Every bone in the world."""
    component, turn = component_bones(walker), np.array(rotation_matrix(walker.pose.rotation))
    return BonePose(
        rotations=turn @ component.rotations, locations=component.locations @ turn.T + np.array(walker.pose.location)
    )


def animated_bones(walker: Walker) -> BonePose:
    """Every bone against its parent, as the gait has it."""
    height_m = walker.spec.height_m
    walk = gait(
        np.array([walker.gait_phase]), np.array([walker.gait_speed]), np.array([height_m]), np.array([walker.manner])
    )
    return walking_pose(walk, height_m=height_m)


def set_bones(walker: Walker, wanted: Mapping[str, Pose]) -> None:
    """Changes bones of the pose that a client keeps for a walker; names that no bone has are left out.

    The pose begins as a picture of the gait at the time of the first call.
    """
    kept = walker.set_pose or animated_bones(walker)
    rotations, locations = kept.rotations.copy(), kept.locations.copy()
    for name, pose in wanted.items():
        number = BONE_INDEX.get(name)
        if number is not None:
            rotations[number] = rotation_matrix(pose.rotation)
            locations[number] = pose.location
    walker.set_pose = BonePose(rotations=rotations, locations=locations)


def posture(walker: Walker) -> NDArray[np.float64] | None:
    """What a client's pose makes of the drawn limbs; None while the gait has them alone."""
    if walker.set_pose is None or walker.pose_blend <= 0.0:
        return None
    return limb_rotations(component_bones(walker))


def poses(bones: BonePose) -> list[Pose]:
    """The bones as places and angles."""
    return [
        Pose(Vector(*place), _rotation(matrix))
        for place, matrix in zip(bones.locations.tolist(), bones.rotations.tolist(), strict=True)
    ]


def _rotation(matrix: list[list[float]]) -> Rotation:
    """The angles of a rotation matrix, as ``geometry.rotation_matrix`` makes one of them."""
    sine = max(-1.0, min(1.0, matrix[2][0]))
    if abs(sine) > _STEEP:
        yaw = math.atan2(-matrix[0][1], matrix[1][1])
        return Rotation(math.copysign(90.0, sine), math.degrees(yaw), 0.0)
    return Rotation(
        pitch=math.degrees(math.asin(sine)),
        yaw=math.degrees(math.atan2(matrix[1][0], matrix[0][0])),
        roll=math.degrees(math.atan2(-matrix[2][1], matrix[2][2])),
    )
