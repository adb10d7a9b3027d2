"""How the body leans against the road, from its attitude against the horizon.

A mask holds neither slope nor lean, and a car on a hill stands level on its own road. What accelerations make a usual
body lean by is taken off the attitude; what is left changes slowly and is the slope. All the rest is the body: pitch
under the brakes, roll in a bend, however long they last.

Refused: the slope as what lasts of the attitude alone. A bend of some seconds was taken for a road that hangs to one
side, and the street at its end lay askew in front of the driver.
"""

from __future__ import annotations

import math

from harness.closed_loop.mask_driver.chassis import PITCH_DEG, ROLL_DEG

SLOPE_TIME_S = 2.0
"""Of the low-pass filter that follows the slope."""


class BodyAttitude:
    """Splits an attitude into slope and lean."""

    def __init__(self, *, step_s: float) -> None:
        """Start without a slope known.

        Args:
            step_s: Between two calls of ``lean`` [s].
        """
        self._step_s = step_s
        self._share = 1.0 - math.exp(-step_s / SLOPE_TIME_S)
        self._speed: float | None = None
        self._slope: tuple[float, float] | None = None

    def lean(self, pitch_deg: float, roll_deg: float, *, speed: float, yaw_rate: float) -> tuple[float, float]:
        """Pitch and roll [deg] of the body against the road.

        Args:
            pitch_deg: Of the body against the horizon.
            roll_deg: Of the body against the horizon.
            speed: Of the car [m/s].
            yaw_rate: To the right [rad/s].
        """
        gained = 0.0 if self._speed is None else (speed - self._speed) / self._step_s
        self._speed = speed
        still_pitch, still_roll = pitch_deg - PITCH_DEG * gained, roll_deg - ROLL_DEG * speed * yaw_rate
        pitch, roll = self._slope or (still_pitch, still_roll)
        pitch += self._share * (still_pitch - pitch)
        roll += self._share * (still_roll - roll)
        self._slope = pitch, roll
        return pitch_deg - pitch, roll_deg - roll
