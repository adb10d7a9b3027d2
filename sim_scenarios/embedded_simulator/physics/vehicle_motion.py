"""What a tick came to for each vehicle, in the units that its actor and the streams have: one row of plain numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

MOTION_COLUMNS = 19


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def read_motion(
    state: NDArray[Any], before: NDArray[np.float64], delta_s: float, bound: float, motion: NDArray[np.float64]
) -> bool:
    """Fills ``motion`` (N, 19); returns whether all of it is finite and within ``bound``.

    Columns: x, y, z [m], pitch, yaw, roll [deg] in (-180, 180], velocity [m/s], acceleration since ``before`` (N, 3)
    [m/s^2], angular velocity about the world's axes [deg/s], speed along the heading [m/s], angle of the front wheels
    [deg], gear, whether it has rolled. Poses are in the streams' single precision.
    """
    is_sound = True
    for i in range(state.shape[0]):
        s = state[i]
        row = motion[i]
        cos, sin = math.cos(s.yaw), math.sin(s.yaw)
        row[0], row[1], row[2] = np.float32(s.x), np.float32(s.y), np.float32(s.z)
        row[3], row[4], row[5] = _wrapped(s.pitch), _wrapped(s.yaw), _wrapped(s.roll)
        row[6], row[7], row[8] = s.vx, s.vy, s.vz
        for axis in range(3):
            row[9 + axis] = (row[6 + axis] - before[i, axis]) / delta_s
        row[12] = math.degrees(sin * s.pitch_rate - cos * s.roll_rate)
        row[13] = math.degrees(-cos * s.pitch_rate - sin * s.roll_rate)
        row[14] = math.degrees(s.yaw_rate)
        row[15] = cos * s.vx + sin * s.vy
        row[16] = math.degrees(s.steer_angle)
        row[17], row[18] = s.gear, s.rolled
        is_sound = is_sound and is_within(s, bound)
    return is_sound


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def is_within(s: Any, bound: float) -> bool:
    """Whether all that is told of a vehicle is a number no larger than ``bound``."""
    place = max(abs(s.x), abs(s.y), abs(s.z)) <= bound
    turn = max(abs(s.yaw), abs(s.pitch), abs(s.roll)) <= bound
    speed = max(abs(s.vx), abs(s.vy), abs(s.vz)) <= bound
    rate = max(abs(s.yaw_rate), abs(s.pitch_rate), abs(s.roll_rate)) <= bound
    total = s.x + s.y + s.z + s.yaw + s.pitch + s.roll + s.vx + s.vy + s.vz
    total += s.yaw_rate + s.pitch_rate + s.roll_rate + s.steer_angle
    return place and turn and speed and rate and abs(s.steer_angle) <= bound and math.isfinite(total)


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def _wrapped(angle: float) -> float:
    """Degrees in (-180, 180] and single precision."""
    return float(np.float32(180.0 - (180.0 - math.degrees(angle)) % 360.0))
