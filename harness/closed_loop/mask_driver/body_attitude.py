"""How the body leans against the road, from its attitude against the horizon.

A road's slope changes slowly and a body on its springs quickly, so what lasts is the slope, and what is left is the
body: pitch under the brakes, roll in a bend. A mask holds neither, and a car on a hill stands level on its own road.
"""

from __future__ import annotations

import math

SLOPE_TIME_S = 2.0
"""Of the low-pass filter that follows the slope."""


class BodyAttitude:
    """Splits an attitude into slope and lean."""

    def __init__(self, *, step_s: float) -> None:
        """Start without a slope known.

        Args:
            step_s: Between two calls of ``lean`` [s].
        """
        self._share = 1.0 - math.exp(-step_s / SLOPE_TIME_S)
        self._slope: tuple[float, float] | None = None

    def lean(self, pitch_deg: float, roll_deg: float) -> tuple[float, float]:
        """Pitch and roll [deg] of the body against the road."""
        pitch, roll = self._slope or (pitch_deg, roll_deg)
        pitch += self._share * (pitch_deg - pitch)
        roll += self._share * (roll_deg - roll)
        self._slope = pitch, roll
        return pitch_deg - pitch, roll_deg - roll
