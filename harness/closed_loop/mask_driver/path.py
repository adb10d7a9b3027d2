"""A way ahead as a polyline with equal steps, and what can be said of it. Ego frame, x forward, y right [m]."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

Floats: TypeAlias = npt.NDArray[np.float64]

STEP_M = 1.0
"""From one point to the next."""


def headings(points: Floats) -> Floats:
    """(N,) direction [rad, right positive] of a polyline (N, 2) at its points, without jumps of a full turn."""
    steps = np.gradient(points, axis=0)
    return np.unwrap(np.arctan2(steps[:, 1], steps[:, 0]))


def normals(points: Floats) -> Floats:
    """(N, 2) unit vectors to the right of a polyline (N, 2)."""
    angle = headings(points)
    return np.stack([-np.sin(angle), np.cos(angle)], axis=1)


def curvatures(points: Floats) -> Floats:
    """(N,) curvature [1/m, right positive] of a polyline (N, 2) with steps of any length."""
    return np.gradient(headings(points), lengths(points)) if len(points) > 2 else np.zeros(len(points))


def lengths(points: Floats) -> Floats:
    """(N,) way along a polyline (N, 2) from its first point."""
    return np.concatenate([[0.0], np.cumsum(np.linalg.norm(np.diff(points, axis=0), axis=1))])


def evenly(points: Floats, *, step_m: float = STEP_M) -> Floats:
    """The same polyline with points every ``step_m`` from its first one; what is left at its end is dropped."""
    along = lengths(points)
    at = np.arange(0.0, along[-1] + 1e-9, step_m)
    return np.stack([np.interp(at, along, points[:, axis]) for axis in (0, 1)], axis=1)


def continued(points: Floats, *, length_m: float, curvature: float, step_m: float = STEP_M) -> Floats:
    """A polyline (N, 2) with as many steps more as make it ``length_m`` long, on a circle of ``curvature``."""
    missing = round((length_m - lengths(points)[-1]) / step_m)
    if missing <= 0:
        return points
    last = points[-1] - points[-2]
    # The last chord points half a step's turn before the tangent at the last point.
    start = np.arctan2(last[1], last[0]) + 0.5 * curvature * step_m
    angle = start + curvature * step_m * (np.arange(missing) + 0.5)
    steps = step_m * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([points, points[-1] + np.cumsum(steps, axis=0)])


def locate(points: Floats, place: Floats) -> tuple[float, float]:
    """Of a ``place (2,)`` beside a polyline: how far along it lies, and how far to the right of it [m].

    Before the first and behind the last point the outer pieces go on straight.
    """
    along = lengths(points)
    starts, steps = points[:-1], np.diff(points, axis=0)
    sizes = np.linalg.norm(steps, axis=1)
    share = ((place - starts) * steps).sum(axis=1) / sizes**2
    low = np.where(np.arange(len(share)) == 0, -np.inf, 0.0)
    high = np.where(np.arange(len(share)) == len(share) - 1, np.inf, 1.0)
    share = np.clip(share, low, high)
    gap = place - (starts + share[:, None] * steps)
    best = int(np.argmin((gap**2).sum(axis=1)))
    aside = (steps[best, 0] * gap[best, 1] - steps[best, 1] * gap[best, 0]) / sizes[best]
    side = np.copysign(np.linalg.norm(gap[best]), aside)
    return float(along[best] + share[best] * sizes[best]), float(side)
