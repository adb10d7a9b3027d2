"""How the wheels of all vehicles turn after a tick: with the slip that the brush needs for the forces it gave."""

from __future__ import annotations

import math
from typing import Any

from numba import njit
from numpy.typing import NDArray

_CREEP = 0.6
"""[m/s] below which slip is no longer relative to speed."""


@njit(cache=True, nogil=True, error_model="numpy")  # type: ignore[untyped-decorator]
def report_wheels(
    state: NDArray[Any], parameters: NDArray[Any], commands: NDArray[Any], friction_to_grip: float, delta_s: float
) -> None:
    """Sets slips, speeds and rotations in ``state`` (N,) from its velocities, loads and forces."""
    for i in range(state.shape[0]):
        s, p, c = state[i], parameters[i], commands[i]
        cos_yaw, sin_yaw = math.cos(s.yaw), math.sin(s.yaw)
        u, w = cos_yaw * s.vx + sin_yaw * s.vy, cos_yaw * s.vy - sin_yaw * s.vx
        for k in range(p.wheels):
            ahead, aside = u - s.yaw_rate * p.wheel_y[k], w + s.yaw_rate * p.wheel_x[k]
            cos, sin = math.cos(s.wheel_angle[k]), math.sin(s.wheel_angle[k])
            along, across = cos * ahead + sin * aside, cos * aside - sin * ahead
            grip = friction_to_grip * (c.friction if c.friction >= 0.0 else p.friction[k]) * s.load[k]
            slip = 0.0
            if s.locked[k] == 1:
                slip = -1.0
            elif grip > 0.0 and along != 0.0:
                share = min(1.0, abs(s.longitudinal_force[k]) / grip)
                stiffness = p.longitudinal_stiffness[k] * s.load[k] / p.static_load[k]
                slip = min(1.0, 3.0 * grip / stiffness * (1.0 - (1.0 - share) ** (1.0 / 3.0)))
                slip = math.copysign(slip, s.longitudinal_force[k] * along)
            s.longitudinal_slip[k], s.lateral_slip[k] = slip, math.atan2(across, max(abs(along), _CREEP))
            s.omega[k] = along * (1.0 + slip) / p.radius[k]
            s.rotation[k] = (s.rotation[k] + s.omega[k] * delta_s) % (2.0 * math.pi)
