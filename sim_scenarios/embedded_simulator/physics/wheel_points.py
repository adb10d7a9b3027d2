"""Where the wheels of all vehicles stand, for looking up the ground below them."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def wheel_points(state: NDArray[Any], parameters: NDArray[Any], delta_s: float, points: NDArray[np.float64]) -> None:
    """Fills ``points`` (N, 2, 4, 3) [m]: where the wheels stand, and where they will if nothing changes."""
    for i in range(state.shape[0]):
        s, p = state[i], parameters[i]
        for end in range(2):
            ahead = delta_s * end
            yaw = s.yaw + s.yaw_rate * ahead
            c, n = math.cos(yaw), math.sin(yaw)
            for k in range(4):
                along, across = p.wheel_x[k], p.wheel_y[k]
                points[i, end, k, 0] = s.x + s.vx * ahead + c * along - n * across
                points[i, end, k, 1] = s.y + s.vy * ahead + n * along + c * across
                points[i, end, k, 2] = s.z + s.vz * ahead + along * math.sin(s.pitch) - across * math.sin(s.roll)
