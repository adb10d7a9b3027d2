"""How a walker's limbs move with the way it goes: what cameras draw and what bones report, from one formula.

The phase counts strides (two steps each) and grows by distance over stride length, so that it follows from the poses
alone. Strides lengthen with the square root of speed, as people's do (Grieve and Gear, "The relationships between
length of stride, step frequency, time of swing and speed of walking", Ergonomics 9, 1966). Feet are posed first: one
that carries stands still on the ground, rolls from heel to toe, and swings forward again; hips, knees and ankles
follow from where it is (two bones, law of cosines). Walkers have a foot on the ground for six tenths of a stride,
runners for about a third, and fly in between. Arms swing against the legs. All walkers are posed at once, as arrays.
"""

from __future__ import annotations

import enum
import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

HIP, KNEE, ANKLE, SHOULDER, ELBOW, NECK = 0.52, 0.285, 0.040, 0.815, 0.635, 0.85
"""Heights of the joints above the ground, as fractions of body height (Winter, "Biomechanics", 2009, figure 4.1)."""
KNEE_AHEAD, ANKLE_AHEAD = 0.008, -0.006
"""How far knee and ankle lie before the hip of somebody who stands straight, in body heights."""
HEEL_BEHIND, TOE_AHEAD = 0.046, 0.106
"""Ends of the sole from the ankle, in body heights."""
SEATED_DROP = 0.215
"""How much lower the hips are in a wheelchair, in body heights."""
WALKING_MPS = 1.4
STRIDE_PER_HEIGHT = 0.82
"""Two steps at walking speed, in body heights."""
_SLOWEST_STRIDE_MPS = 0.1
_RUNNING_MPS = (1.8, 3.5)
"""Between these speeds walking becomes running."""
_CARRIES = (0.60, 0.35)
"""Share of a stride for which a foot is on the ground: walking, running."""
_FULL_SWING = 0.246
"""Half the way of the body over a foot at walking speed, in body heights: smaller steps roll and lift less."""
_BEHIND = 0.045
"""How much further a foot stays behind the hip than it lands before it."""
_TOES_UP_RAD, _HEEL_UP_RAD = 0.30, 0.80
_LIFT = (0.025, 0.170)
"""How high a foot swings over the straight way, in body heights: walking, running."""
_LARGEST_SWING = 0.7
"""Sine of a runner's angle of the arms."""
_ARM_PER_LEG = 0.8

_THIGH, _SHIN = math.hypot(HIP - KNEE, KNEE_AHEAD), math.hypot(KNEE - ANKLE, KNEE_AHEAD - ANKLE_AHEAD)
_THIGH_REST = math.atan2(KNEE_AHEAD, HIP - KNEE)
_SHIN_REST = math.atan2(ANKLE_AHEAD - KNEE_AHEAD, KNEE - ANKLE)

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
    LEFT_FOOT = 9
    RIGHT_FOOT = 10


class Manner(enum.IntEnum):
    """How somebody is who does not walk."""

    STRAIGHT = 0
    ON_LEFT_LEG = 1
    ON_RIGHT_LEG = 2
    AT_THE_TELEPHONE = 3
    IN_A_WHEELCHAIR = 4


@dataclass(frozen=True, kw_only=True, slots=True)
class _Stand:
    """A pose at rest; feet in body heights, the rest in radians like ``Gait.angles``."""

    ahead: tuple[float, float] = (0.0, 0.0)
    """Left and right foot."""
    heel_up_rad: tuple[float, float] = (0.0, 0.0)
    above_ground: float = 0.0
    drop: float = 0.0
    arms: tuple[float, float] = (0.0, 0.0)
    forearms: tuple[float, float] = (0.0, 0.0)
    head: float = 0.0


_STANDS = {
    Manner.STRAIGHT: _Stand(),
    Manner.ON_LEFT_LEG: _Stand(
        ahead=(-0.010, 0.055), drop=0.004, arms=(0.05, -0.10), forearms=(-0.12, -0.30), head=0.04
    ),
    Manner.ON_RIGHT_LEG: _Stand(
        ahead=(-0.045, 0.015), heel_up_rad=(0.35, 0.0), drop=0.004, arms=(-0.08, 0.06), forearms=(-0.25, -0.10)
    ),
    Manner.AT_THE_TELEPHONE: _Stand(
        ahead=(0.040, -0.015), drop=0.003, arms=(-0.30, 0.04), forearms=(-1.75, -0.12), head=0.35
    ),
    Manner.IN_A_WHEELCHAIR: _Stand(
        ahead=(0.250, 0.250), above_ground=0.070, drop=SEATED_DROP, arms=(-0.25, -0.25), forearms=(-0.95, -0.95)
    ),
}


def _column(name: str, part: int) -> _Floats:
    return np.array([[getattr(_STANDS[manner], name)[part]] for manner in Manner])


_AHEAD, _HEEL_UP, _ARMS, _FOREARMS = (
    np.concatenate([_column(name, 0), _column(name, 1)], axis=1)
    for name in ("ahead", "heel_up_rad", "arms", "forearms")
)
_ABOVE_GROUND, _DROP, _HEAD = (
    np.array([getattr(_STANDS[manner], name) for manner in Manner]) for name in ("above_ground", "drop", "head")
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Gait:
    """The limbs of N walkers."""

    angles: _Floats
    """(N, 11) [rad] by ``Limb``, against the limb above, 0 standing; positive takes the lower end backwards."""
    drop_m: _Floats
    """(N,) how far the hips sink."""


def stride_m(speed: float, height_m: float) -> float:
    """Length of two steps [m] of somebody ``height_m`` tall at a speed [m/s]."""
    return STRIDE_PER_HEIGHT * height_m * math.sqrt(max(speed, _SLOWEST_STRIDE_MPS) / WALKING_MPS)


def gait(phase: _Floats, speed: _Floats, height_m: _Floats, manner: NDArray[np.int64]) -> Gait:
    """The limbs of walkers.

    Args:
        phase: (N,) [strides].
        speed: (N,) [m/s].
        height_m: (N,); 0 tall stays at rest.
        manner: (N,) ``Manner`` of standing; who sits is not moved by phase and speed.
    """
    is_seated = manner == Manner.IN_A_WHEELCHAIR
    speed = np.where((height_m > 0.0) & ~is_seated, np.abs(speed), 0.0)
    stride = STRIDE_PER_HEIGHT * np.sqrt(speed / WALKING_MPS)
    run = np.clip((speed - _RUNNING_MPS[0]) / (_RUNNING_MPS[1] - _RUNNING_MPS[0]), 0.0, 1.0)
    carries = _CARRIES[0] + (_CARRIES[1] - _CARRIES[0]) * run
    effort = np.minimum(0.5 * stride * carries / _FULL_SWING, 1.0)
    rest = np.clip(1.0 - 4.0 * speed, 0.0, 1.0)  # who starts to walk leaves the pose of standing
    rest[height_m <= 0.0] = 0.0

    since_landing = np.mod(phase[:, None] + np.array([0.25, 0.75]), 1.0)  # left, right
    x, z, pitch = _feet(since_landing, stride[:, None], carries[:, None], effort[:, None], run[:, None])
    drop = _hips_drop(phase, carries, effort, run) + rest * _DROP[manner]
    share = rest[:, None]
    x_stand, z_stand = _rolled(share * _AHEAD[manner], -share * _HEEL_UP[manner])
    x, pitch = x + x_stand - ANKLE_AHEAD, pitch - share * _HEEL_UP[manner]
    z = z + z_stand - ANKLE + share * _ABOVE_GROUND[manner][:, None]

    angles = np.zeros((len(phase), len(Limb)))
    thigh, shin = _two_bones(x, (HIP - drop)[:, None] - z)
    legs, shins, feet = [Limb.LEFT_LEG, Limb.RIGHT_LEG], [Limb.LEFT_SHIN, Limb.RIGHT_SHIN], slice(Limb.LEFT_FOOT, None)
    angles[:, legs], angles[:, shins], angles[:, feet] = -thigh, thigh - shin, shin - pitch
    swing = np.arcsin(np.minimum(stride / (4.0 * HIP), _LARGEST_SWING)) * np.sin(2.0 * math.pi * phase) * _ARM_PER_LEG
    angles[:, Limb.LEFT_ARM], angles[:, Limb.RIGHT_ARM] = -swing, swing
    elbow = 0.25 * np.minimum(speed / WALKING_MPS, 1.0) + 1.2 * run
    angles[:, Limb.LEFT_ARM : Limb.RIGHT_ARM + 1] += share * _ARMS[manner]
    angles[:, Limb.LEFT_FOREARM : Limb.RIGHT_FOREARM + 1] = share * _FOREARMS[manner] - elbow[:, None]
    angles[:, Limb.HEAD] = rest * _HEAD[manner]
    angles[height_m <= 0.0] = 0.0
    return Gait(angles=angles, drop_m=height_m * drop)


def _feet(
    q: _Floats, stride: _Floats, carries: _Floats, effort: _Floats, run: _Floats
) -> tuple[_Floats, _Floats, _Floats]:
    """(N, 2) of both feet: ankle before the hip, ankle above the ground [body heights], toes up [rad].

    ``q`` (N, 2) strides since each foot landed, all else (N, 1).
    """
    toes_up, heel_up = _TOES_UP_RAD * effort * (1.0 - 0.6 * run), _HEEL_UP_RAD * effort
    u = np.clip((q - carries) / (1.0 - carries), 0.0, 1.0)  # share of the swing
    rolling_in = np.maximum(0.0, 1.0 - q / (0.2 * carries))
    rolling_off = np.square(np.clip((q / carries - 0.55) / 0.45, 0.0, 1.0))
    is_swinging = q > carries
    swinging = toes_up * _smooth(2.0 * u - 1.0) - heel_up * (1.0 - _smooth(u / 0.6))
    pitch = np.where(is_swinging, swinging, toes_up * rolling_in - heel_up * rolling_off)
    # The sole's flat place goes back with the ground; the ankle rolls over heel or toe.
    behind = _BEHIND * effort
    x, z = _rolled(stride * (0.5 * carries - q) - behind, pitch)
    landing, leaving = (
        _rolled(0.5 * stride * carries - behind, toes_up),
        _rolled(-0.5 * stride * carries - behind, -heel_up),
    )
    ease, back = _smooth(u), -stride * (1.0 - carries)
    slopes = back * (u * (1.0 - u) ** 2 - u * u * (1.0 - u))  # the ground's own pace at both ends (Hermite)
    lift = effort * (_LIFT[0] + (_LIFT[1] - _LIFT[0]) * run) * np.sin(math.pi * u)
    x_swing = leaving[0] + (landing[0] - leaving[0]) * ease + slopes
    z_swing = leaving[1] + (landing[1] - leaving[1]) * ease + lift
    return np.where(is_swinging, x_swing, x), np.where(is_swinging, z_swing, z), pitch


def _rolled(flat: _Floats, pitch: _Floats) -> tuple[_Floats, _Floats]:
    """(x, z) of the ankle of a foot that is turned by ``pitch`` about its heel or toe, ``flat`` where it lay flat."""
    end = np.where(pitch > 0.0, -HEEL_BEHIND, TOE_AHEAD)
    cos, sin = np.cos(pitch), np.sin(pitch)
    return ANKLE_AHEAD + flat + end * (1.0 - cos) - ANKLE * sin, ANKLE * cos - end * sin


def _hips_drop(phase: _Floats, carries: _Floats, effort: _Floats, run: _Floats) -> _Floats:
    """(N,) [body heights]: walkers are lowest with both feet on the ground, runners in the middle of a step."""
    walking = 0.006 + 0.010 * (1.0 + np.cos(4.0 * math.pi * (phase + 0.20)))
    running = 0.037 + 0.024 * np.cos(4.0 * math.pi * (phase + 0.25 - 0.5 * carries))
    return np.asarray(np.square(effort) * (walking + (running - walking) * run), np.float64)


def _two_bones(ahead: _Floats, below: _Floats) -> tuple[_Floats, _Floats]:
    """Turns of thigh and shin [rad, forward] that bring the ankle there, 0 standing straight; knees bend forward."""
    reach = np.clip(np.hypot(ahead, below), abs(_THIGH - _SHIN) + 1e-6, _THIGH + _SHIN)
    knee = np.arccos(np.clip((reach**2 - _THIGH**2 - _SHIN**2) / (2.0 * _THIGH * _SHIN), -1.0, 1.0))
    thigh = np.arctan2(ahead, below) + np.arctan2(_SHIN * np.sin(knee), _THIGH + _SHIN * np.cos(knee))
    return thigh - _THIGH_REST, thigh - knee - _SHIN_REST


def _smooth(share: _Floats) -> _Floats:
    share = np.clip(share, 0.0, 1.0)
    return np.asarray(share * share * (3.0 - 2.0 * share), np.float64)
