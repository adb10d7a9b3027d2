"""How fast to go, and the pedals for it.

The target is the least of: the limit, what the bends ahead allow, what can be seen (the car must be able to stop on the
road that it sees), and what the nearest hazard allows (Gipps 1981: the speed from which a car that reacts after a
moment still stops behind one that brakes now). Braking harder than comfort allows is an emergency.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np

from harness.closed_loop.mask_driver.hazards import Hazard
from harness.closed_loop.mask_driver.path import STEP_M, Floats, curvatures, lengths

LATERAL_ACCELERATION = 2.2
"""[m/s^2] that a bend may cause."""
COMFORTABLE_BRAKING = 2.5
"""[m/s^2]"""
EMERGENCY_BRAKING = 4.5
"""[m/s^2] A hazard that asks for more is an emergency."""
REACTION_S = 0.4
STAND_BEHIND_M = 2.5
"""Gap to a hazard when standing."""
STANDING_GAP_M = 0.7
"""Behind a standing hazard the car does not creep up by less."""
CRAWL = 0.7
"""[m/s] Below this a hazard stands."""
GENTLE_BRAKE = 0.45
"""Of the pedal, where nothing is in the way: a limit that falls is no reason to brake hard."""
SIGHT_BRAKING = 4.0
"""[m/s^2] with which the car could stop on the road that it sees."""
CREEP = 2.0
"""[m/s] that short sight allows in any case: who stands sees no more."""


def bend_speed(center_line: Floats, *, start_m: float, speed: float) -> float:
    """The speed now [m/s] from which every bend of the line (N, 2) is reached slowly enough.

    Args:
        center_line: Ego frame.
        start_m: Along it, where the car is.
        speed: Of the car [m/s], which covers some way before it slows down.
    """
    along = lengths(center_line) - start_m
    ahead = along > -STEP_M  # the bend that the car is in begins at a point beside it
    bends = np.abs(_smooth(curvatures(center_line)))[ahead]
    braking_m = np.maximum(along[ahead] - REACTION_S * speed, 0.0)
    allowed = LATERAL_ACCELERATION / np.maximum(bends, 1e-6) + 2.0 * COMFORTABLE_BRAKING * braking_m
    return float(np.sqrt(allowed.min())) if len(allowed) else math.inf


def sight_speed(sight_m: float) -> float:
    """The speed [m/s] from which the car stops within ``sight_m`` ahead of the bumper."""
    return max(CREEP, math.sqrt(2.0 * SIGHT_BRAKING * max(0.0, sight_m)))


def hazard_speed(hazard: Hazard, *, speed: float) -> float:
    """The speed [m/s] that a hazard allows (Gipps)."""
    gap = hazard.distance_m - STAND_BEHIND_M
    other = _own_speed(hazard, speed)
    if gap < STANDING_GAP_M and other < CRAWL:
        return 0.0
    reach = 2.0 * COMFORTABLE_BRAKING * gap + other * other
    delay = COMFORTABLE_BRAKING * REACTION_S
    return max(0.0, math.sqrt(max(0.0, delay * delay + reach)) - delay)


def needed_braking(hazard: Hazard, *, speed: float) -> float:
    """Deceleration [m/s^2] that keeps the car off a hazard; 0 where none is needed, inf where none is enough."""
    other = _own_speed(hazard, speed)
    if speed <= other:
        return 0.0
    gap = hazard.distance_m - 0.5 * STAND_BEHIND_M
    return (speed - other) * (speed + other) / (2.0 * gap) if gap > 0.0 else math.inf


def _own_speed(hazard: Hazard, speed: float) -> float:
    """Of the hazard itself along the corridor; what comes towards the car counts as standing."""
    return 0.0 if math.isnan(hazard.closing_speed) else max(0.0, speed - hazard.closing_speed)


def _smooth(values: Floats) -> Floats:
    kernel = np.array([0.25, 0.5, 0.25])
    return np.convolve(np.pad(values, 1, mode="edge"), kernel, mode="valid")


@dataclass(frozen=True, kw_only=True, slots=True)
class Pedals:
    """Of one decision."""

    throttle: float
    brake: float


class SpeedControl:
    """PI control of the speed, with pedals that never act together."""

    GAIN = 0.35
    """Pedal for each m/s that is missing."""
    INTEGRAL = 0.08
    """Pedal for each m/s that is missing for a second."""
    BRAKE_GAIN = 0.4
    WINDUP = 0.4
    DEAD_BAND = 0.25
    """[m/s] above the target in which neither pedal is pressed."""

    def __init__(self, *, step_s: float) -> None:
        """Start with no error summed.

        Args:
            step_s: Between two decisions [s].
        """
        self._step_s = step_s
        self._sum = 0.0

    def pedals(self, *, speed: float, target: float, max_brake: float = GENTLE_BRAKE) -> Pedals:
        """For the next moment; speeds in m/s.

        Args:
            speed: Of the car.
            target: To be reached.
            max_brake: Of the pedal; more than the usual where something is in the way.
        """
        error = target - speed
        if target < 0.1:
            self._sum = 0.0
            brake = 1.0 if speed < 0.5 else min(max_brake, 0.3 - 0.1 * error)
            return Pedals(throttle=0.0, brake=float(brake))
        if error < -self.DEAD_BAND:
            self._sum = 0.0
            return Pedals(throttle=0.0, brake=float(min(max_brake, -self.BRAKE_GAIN * (error + self.DEAD_BAND))))
        self._sum = float(np.clip(self._sum + self.INTEGRAL * error * self._step_s, 0.0, self.WINDUP))
        return Pedals(throttle=float(np.clip(self.GAIN * error + self._sum, 0.0, 0.85)), brake=0.0)
