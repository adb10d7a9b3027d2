"""Smooth curves through a few given points, without overshoot: the lines that a car body is drawn with."""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike, NDArray

Curve = tuple[tuple[float, float], ...]
"""Points (x, value), x ascending."""


class MonotoneCurve:
    """Piecewise cubic through the points that is monotone wherever they are.

    Slopes after F. N. Fritsch and J. Butland, "A method for constructing local monotone piecewise cubic interpolants"
    (1984): the weighted harmonic mean of the neighbouring slopes, zero at a turning point.
    """

    def __init__(self, points: Curve) -> None:
        self.x = np.array([x for x, _ in points], np.float64)
        self._y = np.array([y for _, y in points], np.float64)
        assert (np.diff(self.x) > 0).all(), f"a curve's points ascend in x, got {points}"
        step = np.diff(self.x)
        slope = np.diff(self._y) / step
        self._tangent = np.concatenate([slope[:1], _inner_tangents(step, slope), slope[-1:]])

    def __call__(self, at: ArrayLike) -> NDArray[np.float64]:
        """Evaluate; beyond the ends the end values hold."""
        x = np.clip(np.asarray(at, np.float64), self.x[0], self.x[-1])
        i = np.clip(np.searchsorted(self.x, x, side="right") - 1, 0, len(self.x) - 2)
        step = self.x[i + 1] - self.x[i]
        t = (x - self.x[i]) / step
        value = (
            self._y[i] * (1 + 2 * t) * (1 - t) ** 2
            + step * self._tangent[i] * t * (1 - t) ** 2
            + self._y[i + 1] * t**2 * (3 - 2 * t)
            - step * self._tangent[i + 1] * t**2 * (1 - t)
        )
        return np.asarray(value, np.float64)


def _inner_tangents(step: NDArray[np.float64], slope: NDArray[np.float64]) -> NDArray[np.float64]:
    before, after = slope[:-1], slope[1:]
    w1, w2 = 2 * step[1:] + step[:-1], step[1:] + 2 * step[:-1]
    same = before * after > 0
    safe_before, safe_after = np.where(same, before, 1.0), np.where(same, after, 1.0)
    return np.where(same, (w1 + w2) / (w1 / safe_before + w2 / safe_after), 0.0)
