"""Smoothing and differentiating a series by fitted parabolas (Savitzky and Golay, Analytical Chemistry 36, 1964).

The window of 7 ticks and the order 2 are those of Bench2Drive's tools/efficiency_smoothness_benchmark.py. In the first
and last three ticks, where the window does not fit, the parabola of the outermost window is read at their place: what
SciPy's ``savgol_filter`` calls ``mode="interp"``.
"""

from __future__ import annotations

import numpy as np

from harness.closed_loop.metrics.ego_track import Floats

WINDOW = 7
"""Ticks; a shorter series has no derivative."""
_HALF = WINDOW // 2
_OFFSETS = np.arange(-_HALF, _HALF + 1, dtype=np.float64)
_FIT = np.linalg.pinv(np.stack([np.ones(WINDOW), _OFFSETS, _OFFSETS**2], axis=-1))
"""(3, WINDOW): values of a window to the coefficients of its parabola around the middle."""
_VALUES = np.stack([np.ones(WINDOW), _OFFSETS, _OFFSETS**2], axis=-1) @ _FIT
"""(WINDOW, WINDOW): the value of the parabola at each place of the window."""
_SLOPES = np.stack([np.zeros(WINDOW), np.ones(WINDOW), 2 * _OFFSETS], axis=-1) @ _FIT
"""(WINDOW, WINDOW): its slope there, for one tick."""


def smoothed(series: Floats) -> Floats:
    """The series without what is quicker than a window.

    Args:
        series: ``(T,)``.

    Returns:
        ``(T,)``; NaN where T is under ``WINDOW``.
    """
    return _applied(series, _VALUES)


def derivative(series: Floats, step_s: float) -> Floats:
    """Rate of change, smoothed.

    Args:
        series: ``(T,)``.
        step_s: time between two values.

    Returns:
        ``(T,)`` in units of the series a second; NaN where T is under ``WINDOW``.
    """
    return _applied(series, _SLOPES) / step_s


def _applied(series: Floats, weights: Floats) -> Floats:
    if len(series) < WINDOW:
        return np.full(len(series), np.nan)
    inner = np.convolve(series, weights[_HALF, ::-1], mode="valid")
    first, last = weights[:_HALF] @ series[:WINDOW], weights[_HALF + 1 :] @ series[-WINDOW:]
    return np.concatenate([first, inner, last])
