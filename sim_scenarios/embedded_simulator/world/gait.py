"""How a walker's limbs move with the way it goes: what cameras draw and what bones report, from one formula.

The phase counts strides (two steps each) and grows by distance over stride length, so that it follows from the poses
alone. Strides lengthen with the square root of speed, as people's do (Grieve and Gear, "The relationships between
length of stride, step frequency, time of swing and speed of walking", Ergonomics 9, 1966). The leg that is behind
bends its knee while it swings forward, the arms swing against the legs, and the hips sink by what the lower foot
would be off the ground; runners fly between steps. All walkers are posed at once, as arrays.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HIP, KNEE, SHOULDER, ELBOW, NECK = 0.52, 0.285, 0.815, 0.635, 0.85
"""Heights of the joints above the ground, as fractions of body height (Winter, "Biomechanics", 2009, figure 4.1)."""
WALKING_MPS = 1.4
STRIDE_PER_HEIGHT = 0.82
"""Two steps at walking speed, in body heights."""
_SLOWEST_STRIDE_MPS = 0.1
_LARGEST_SWING = 0.7
"""Sine of a runner's hip angle."""
_KNEE_PER_HIP = 2.5
_LARGEST_KNEE_RAD = 1.75
_ARM_PER_LEG = 0.8
_RUNNING_MPS = (1.8, 3.5)
"""Between these speeds walking becomes running."""
_FLIGHT = 0.6
"""How much less a runner's hips sink."""

_Floats = NDArray[np.float64]


class Limb(enum.IntEnum):
    """Columns of ``Gait.angles``: how far a limb is bent at its upper end."""

    LEFT_LEG = 0
    RIGHT_LEG = 1
    LEFT_ARM = 2
    RIGHT_ARM = 3
    LEFT_SHIN = 4
    RIGHT_SHIN = 5
    LEFT_FOREARM = 6
    RIGHT_FOREARM = 7
    HEAD = 8


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Gait:
    """The limbs of N walkers."""

    angles: _Floats
    """(N, 9) [rad] by ``Limb``, against the limb above, 0 standing; positive takes the lower end backwards."""
    drop_m: _Floats
    """(N,) how far the hips sink; who walks has the lower foot on the ground."""


def stride_m(speed: float, height_m: float) -> float:
    """Length of two steps [m] of somebody ``height_m`` tall at a speed [m/s]."""
    return STRIDE_PER_HEIGHT * height_m * math.sqrt(max(speed, _SLOWEST_STRIDE_MPS) / WALKING_MPS)


def gait(phase: _Floats, speed: _Floats, height_m: _Floats) -> Gait:
    """The limbs of walkers: ``phase`` (N,) [strides], ``speed`` (N,) [m/s], ``height_m`` (N,); 0 tall stays at rest."""
    speed = np.where(height_m > 0.0, np.abs(speed), 0.0)
    # Feet stand still while they carry: half a stride is the way between the two ends of a leg's swing.
    stride = STRIDE_PER_HEIGHT * np.sqrt(speed / WALKING_MPS)
    swing = np.arcsin(np.minimum(stride / (4.0 * HIP), _LARGEST_SWING))
    hip = swing * np.sin(2.0 * math.pi * phase)
    forward = np.cos(2.0 * math.pi * phase)
    knee = np.minimum(_KNEE_PER_HIP * swing, _LARGEST_KNEE_RAD)
    run = np.clip((speed - _RUNNING_MPS[0]) / (_RUNNING_MPS[1] - _RUNNING_MPS[0]), 0.0, 1.0)
    elbow = 0.25 * np.minimum(speed / WALKING_MPS, 1.0) + 1.2 * run
    angles = np.zeros((len(phase), len(Limb)))
    angles[:, Limb.LEFT_LEG], angles[:, Limb.RIGHT_LEG] = hip, -hip
    angles[:, Limb.LEFT_ARM], angles[:, Limb.RIGHT_ARM] = -_ARM_PER_LEG * hip, _ARM_PER_LEG * hip
    angles[:, Limb.LEFT_SHIN] = knee * np.maximum(-forward, 0.0)
    angles[:, Limb.RIGHT_SHIN] = knee * np.maximum(forward, 0.0)
    angles[:, Limb.LEFT_FOREARM] = angles[:, Limb.RIGHT_FOREARM] = -elbow
    return Gait(angles=angles, drop_m=height_m * _lower_foot(angles) * (1.0 - _FLIGHT * run))


def _lower_foot(angles: _Floats) -> _Floats:
    """(N,) height of the lower foot over where it stands at rest, in body heights."""
    thigh = angles[:, [Limb.LEFT_LEG, Limb.RIGHT_LEG]]
    shin = thigh + angles[:, [Limb.LEFT_SHIN, Limb.RIGHT_SHIN]]
    lift = (HIP - KNEE) * (1.0 - np.cos(thigh)) + KNEE * (1.0 - np.cos(shin))
    return np.asarray(lift.min(axis=1), np.float64)
