"""A walker's bones: CARLA's 66 names, moved by the gait, or posed by a client and blended with it.

Names and tree are CARLA's (Docs/tuto_G_control_walker_skeletons.md, Docs/tuto_G_pedestrian_bones.md). Places are our
figure's, scaled to its height. At rest every bone's axes are the actor's (x forward, y right, z up): Unreal's bones
have axes of their own, which its files alone know. ``relative`` is against the parent bone, ``component`` against the
actor. What a client sets is kept as a whole pose, which shows as far as ``blend`` says (Carla/Walker/
WalkerController.cpp, WalkerAnim.h): 0 is the gait, 1 the pose.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.world.gait import (
    ANKLE,
    ANKLE_AHEAD,
    ELBOW,
    HIP,
    KNEE,
    KNEE_AHEAD,
    NECK,
    SHOULDER,
    Gait,
    Limb,
)

_Floats = NDArray[np.float64]

# Name, parent, place at rest: forward, right of the middle, up from the ground, in body heights.
_MIDDLE: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("crl_root", "", (0.0, 0.0, 0.0)),
    ("crl_hips__C", "crl_root", (0.0, 0.0, 0.53)),
    ("crl_spine__C", "crl_hips__C", (0.0, 0.0, 0.58)),
    ("crl_spine01__C", "crl_spine__C", (0.0, 0.0, 0.70)),
)
_HEAD: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("crl_neck__C", "crl_spine01__C", (0.0, 0.0, NECK)),
    ("crl_Head__C", "crl_neck__C", (0.005, 0.0, 0.89)),
    ("crl_eye__L", "crl_Head__C", (0.048, -0.018, 0.94)),
    ("crl_eye__R", "crl_Head__C", (0.048, 0.018, 0.94)),
)
_ARM: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("crl_shoulder", "crl_spine01__C", (0.0, 0.02, 0.80)),
    ("crl_arm", "crl_shoulder", (0.0, 0.108, SHOULDER)),
    ("crl_foreArm", "crl_arm", (-0.006, 0.138, ELBOW)),
    ("crl_hand", "crl_foreArm", (0.030, 0.142, 0.485)),
)
_LEG: tuple[tuple[str, str, tuple[float, float, float]], ...] = (
    ("crl_thigh", "crl_hips__C", (0.0, 0.050, HIP)),
    ("crl_leg", "crl_thigh", (KNEE_AHEAD, 0.050, KNEE)),
    ("crl_foot", "crl_leg", (ANKLE_AHEAD, 0.050, ANKLE)),
    ("crl_toe", "crl_foot", (0.060, 0.050, 0.012)),
    ("crl_toeEnd", "crl_toe", (0.095, 0.050, 0.008)),
)
# Forward of the hand's middle, and length of the finger's first bone.
_FINGERS = (
    ("Thumb", 0.018, 0.016),
    ("Index", 0.012, 0.022),
    ("Middle", 0.004, 0.024),
    ("Ring", -0.004, 0.022),
    ("Pinky", -0.012, 0.018),
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Bone:
    """One joint of the skeleton."""

    name: str
    parent: int
    """Index of the bone that carries it; -1 for the root."""
    place: tuple[float, float, float]
    """At rest, in body heights: forward, right, up from the ground."""


def _tree() -> tuple[Bone, ...]:
    rows = [*_MIDDLE, *_side(_ARM, "L"), *_fingers("L"), *_HEAD, *_side(_ARM, "R"), *_fingers("R")]
    rows += [*_side(_LEG, "R"), *_side(_LEG, "L")]
    index = {name: number for number, (name, _, _) in enumerate(rows)}
    return tuple(Bone(name=name, parent=index.get(parent, -1), place=place) for name, parent, place in rows)


def _side(
    limb: tuple[tuple[str, str, tuple[float, float, float]], ...], side: str
) -> list[tuple[str, str, tuple[float, float, float]]]:
    sign = -1.0 if side == "L" else 1.0
    return [
        (f"{name}__{side}", parent if parent.endswith("__C") else f"{parent}__{side}", (x, sign * y, z))
        for name, parent, (x, y, z) in limb
    ]


def _fingers(side: str) -> list[tuple[str, str, tuple[float, float, float]]]:
    sign, rows = (-1.0 if side == "L" else 1.0), []
    for finger, forward, length in _FINGERS:
        parent, z = f"crl_hand__{side}", 0.455
        for part, below in (("", 0.0), ("01", length), ("02", 0.7 * length), ("End", 0.6 * length)):
            name, z = f"crl_hand{finger}{part}__{side}", z - below
            rows.append((name, parent, (0.034 + forward, sign * 0.142, z)))
            parent = name
    return rows


BONES = _tree()
BONE_INDEX = {bone.name: number for number, bone in enumerate(BONES)}
_PLACES = np.array([bone.place for bone in BONES])
_OFFSETS = np.array([np.subtract(bone.place, BONES[bone.parent].place if bone.parent >= 0 else 0.0) for bone in BONES])
_HIPS = BONE_INDEX["crl_hips__C"]
_LIMB_BONES = {
    Limb.LEFT_LEG: BONE_INDEX["crl_thigh__L"],
    Limb.RIGHT_LEG: BONE_INDEX["crl_thigh__R"],
    Limb.LEFT_ARM: BONE_INDEX["crl_arm__L"],
    Limb.RIGHT_ARM: BONE_INDEX["crl_arm__R"],
    Limb.LEFT_SHIN: BONE_INDEX["crl_leg__L"],
    Limb.RIGHT_SHIN: BONE_INDEX["crl_leg__R"],
    Limb.LEFT_FOREARM: BONE_INDEX["crl_foreArm__L"],
    Limb.RIGHT_FOREARM: BONE_INDEX["crl_foreArm__R"],
    Limb.HEAD: BONE_INDEX["crl_neck__C"],
    Limb.LEFT_FOOT: BONE_INDEX["crl_foot__L"],
    Limb.RIGHT_FOOT: BONE_INDEX["crl_foot__R"],
}
_LOWER = {
    Limb.LEFT_SHIN: Limb.LEFT_LEG,
    Limb.RIGHT_SHIN: Limb.RIGHT_LEG,
    Limb.LEFT_FOREARM: Limb.LEFT_ARM,
    Limb.RIGHT_FOREARM: Limb.RIGHT_ARM,
    Limb.LEFT_FOOT: Limb.LEFT_SHIN,
    Limb.RIGHT_FOOT: Limb.RIGHT_SHIN,
}


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class BonePose:
    """All bones at once, in the order of ``BONES``, in one frame of reference."""

    rotations: _Floats
    """(66, 3, 3); columns are a bone's forward, right and up axes."""
    locations: _Floats
    """(66, 3) [m]."""


def walking_pose(walk: Gait, *, height_m: float) -> BonePose:
    """The bones of one walker, each against its parent, as ``walk`` (of one) has the limbs."""
    rotations = np.tile(np.eye(3), (len(BONES), 1, 1))
    for limb, bone in _LIMB_BONES.items():
        angle = float(walk.angles[0, limb])
        cos, sin = np.cos(angle), np.sin(angle)
        rotations[bone] = [[cos, 0.0, sin], [0.0, 1.0, 0.0], [-sin, 0.0, cos]]
    locations = _OFFSETS * height_m
    locations[_HIPS, 2] -= float(walk.drop_m[0])
    return BonePose(rotations=rotations, locations=locations)


def blended(first: BonePose, second: BonePose, share: float) -> BonePose:
    """Between two poses against the parents: 0 gives the first, 1 the second."""
    if share <= 0.0:
        return first
    if share >= 1.0:
        return second
    locations = (1.0 - share) * first.locations + share * second.locations
    # The turn from one to the other, about one axis, by its share.
    turn = second.rotations @ np.swapaxes(first.rotations, 1, 2)
    return BonePose(rotations=_part_of(turn, share) @ first.rotations, locations=locations)


def component_pose(relative: BonePose, *, height_m: float) -> BonePose:
    """Bones against the actor, whose origin is at half its height, from bones against their parents."""
    rotations, locations = np.empty_like(relative.rotations), np.empty_like(relative.locations)
    for number, bone in enumerate(BONES):
        if bone.parent < 0:
            rotations[number] = relative.rotations[number]
            locations[number] = relative.locations[number] - (0.0, 0.0, 0.5 * height_m)
        else:
            above = rotations[bone.parent]
            rotations[number] = above @ relative.rotations[number]
            locations[number] = locations[bone.parent] + above @ relative.locations[number]
    return BonePose(rotations=rotations, locations=locations)


def limb_rotations(component: BonePose) -> _Floats:
    """(11, 3, 3) what the drawn figure's joints do (``VisibleActor.posture``): its trunk is rigid, its limbs turn."""
    turned = np.empty((len(Limb), 3, 3))
    for limb, bone in _LIMB_BONES.items():
        above = _LOWER.get(limb)
        turn = component.rotations[bone]
        turned[limb] = turn if above is None else component.rotations[_LIMB_BONES[above]].T @ turn
    return turned


def _part_of(turn: _Floats, share: float) -> _Floats:
    """(N, 3, 3) rotations about the same axes by ``share`` of the angles (Rodrigues)."""
    cos = np.clip((np.trace(turn, axis1=1, axis2=2) - 1.0) / 2.0, -1.0, 1.0)
    angle = np.arccos(cos)
    axis = np.stack([turn[:, 2, 1] - turn[:, 1, 2], turn[:, 0, 2] - turn[:, 2, 0], turn[:, 1, 0] - turn[:, 0, 1]], 1)
    norm = np.linalg.norm(axis, axis=1, keepdims=True)
    is_half_turn = (norm[:, 0] < 1e-9) & (cos < 0.0)
    if is_half_turn.any():  # the axis is the column of (turn + 1) that is longest
        doubled = turn[is_half_turn] + np.eye(3)
        longest = np.linalg.norm(doubled, axis=1).argmax(axis=1)
        axis[is_half_turn] = doubled[np.arange(len(doubled)), :, longest]
        norm = np.linalg.norm(axis, axis=1, keepdims=True)
    axis = axis / np.where(norm > 1e-12, norm, 1.0)
    cross = np.zeros_like(turn)
    cross[:, 0, 1], cross[:, 0, 2], cross[:, 1, 2] = -axis[:, 2], axis[:, 1], -axis[:, 0]
    cross -= np.swapaxes(cross, 1, 2)
    part = (share * angle)[:, None, None]
    return np.asarray(np.eye(3) + np.sin(part) * cross + (1.0 - np.cos(part)) * (cross @ cross), np.float64)
