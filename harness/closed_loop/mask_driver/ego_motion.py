"""How the car moved between two decisions, from its own instruments: a shift and a turn of the ego frame.

The rear axle rolls along the car's heading (bicycle; Rajamani, Vehicle Dynamics and Control, 2.2 and 2.3), but for the
drift that the sideways force of its tyres goes with; the ego's origin, ahead of it, also moves sideways when the car
turns.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from harness.closed_loop.mask_driver.chassis import REAR_SLIP

Floats = npt.NDArray[np.float64]


def drift(*, speed: float, yaw_rate: float) -> float:
    """Angle [rad, right positive] from the heading to the rear axle's way, at a speed [m/s] and a yaw rate [rad/s]."""
    return -REAR_SLIP * speed * yaw_rate


@dataclass(frozen=True, kw_only=True, slots=True)
class EgoMotion:
    """Where the new ego frame lies in the old one."""

    x: float
    """[m]"""
    y: float
    yaw: float
    """[rad]"""

    @classmethod
    def rolled(cls, *, speed: float, yaw_rate: float, step_s: float, rear_axle_x_m: float) -> EgoMotion:
        """After ``step_s`` at a steady speed [m/s] and yaw rate [rad/s].

        Args:
            speed: Along the heading.
            yaw_rate: To the right.
            step_s: [s]
            rear_axle_x_m: In the ego frame, negative.
        """
        yaw = yaw_rate * step_s
        way = speed * step_s
        chord = way * (math.sin(0.5 * yaw) / (0.5 * yaw) if abs(yaw) > 1e-9 else 1.0)
        along = 0.5 * yaw + drift(speed=speed, yaw_rate=yaw_rate)
        axle_x, axle_y = rear_axle_x_m + chord * math.cos(along), chord * math.sin(along)
        return cls(x=axle_x - rear_axle_x_m * math.cos(yaw), y=axle_y - rear_axle_x_m * math.sin(yaw), yaw=yaw)

    def to_new(self, points: Floats) -> Floats:
        """Points (N, 2) of the old ego frame in the new one."""
        c, s = math.cos(self.yaw), math.sin(self.yaw)
        moved: Floats = (points - np.array([self.x, self.y])) @ np.array([[c, -s], [s, c]])
        return moved
