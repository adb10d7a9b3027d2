"""The wheel: pure pursuit of the centre line (Coulter 1992), from the rear axle.

The car follows the circle through its rear axle, along its way there, to a point of the line some way ahead; its
curvature is 2 y / L^2 (y: how far right of that way the point lies, L: its distance). The way is the heading but for
the drift of the tyres. The front wheels turn by the bicycle's atan(wheelbase * curvature) and what a usual car
understeers.
"""

from __future__ import annotations

import math

import numpy as np

from harness.closed_loop.mask_driver.chassis import UNDERSTEER
from harness.closed_loop.mask_driver.ego_motion import drift
from harness.closed_loop.mask_driver.path import Floats, at, locate
from harness.closed_loop.policy import VehicleFacts

LOOK_AHEAD_S = 0.55
LOOK_AHEAD_M = (3.5, 14.0)
"""At least and at most."""
_STANDING_M = 2.0


def look_ahead_m(speed: float) -> float:
    """How far ahead the pursued point lies at a speed [m/s]."""
    return float(np.clip(_STANDING_M + LOOK_AHEAD_S * speed, *LOOK_AHEAD_M))


def pursuit_curvature(center_line: Floats, *, speed: float, yaw_rate: float, rear_axle_x_m: float) -> float:
    """Curvature [1/m, right positive] that leads the rear axle to a line.

    Args:
        center_line: (N, 2) ego frame.
        speed: Of the car [m/s].
        yaw_rate: Of the car [rad/s], to the right.
        rear_axle_x_m: In the ego frame, negative.
    """
    axle = np.array([rear_axle_x_m, 0.0])
    here, _ = locate(center_line, axle)
    goal = at(center_line, here + look_ahead_m(speed)) - axle
    distance = float(goal @ goal)
    along = drift(speed=speed, yaw_rate=yaw_rate)
    aside = float(goal[1]) * math.cos(along) - float(goal[0]) * math.sin(along)
    return 2.0 * aside / distance if distance > 1e-6 else 0.0


def wheel(curvature: float, *, speed: float, vehicle: VehicleFacts) -> float:
    """Position of the wheel, -1..1, for a curvature [1/m] of the rear axle's way."""
    angle = math.atan(vehicle.wheelbase_m * curvature) + UNDERSTEER * speed * speed * curvature
    return float(np.clip(angle / vehicle.lock_rad(speed), -1.0, 1.0))
