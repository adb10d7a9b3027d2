"""A way ahead as a polyline with equal steps, and what can be said of it. Ego frame, x forward, y right [m].

The loops are compiled: a decision asks these questions some fifty times about fifty points, where the calls of numpy
take longer than the arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import numpy.typing as npt
from numba import njit

Floats: TypeAlias = npt.NDArray[np.float64]

STEP_M = 1.0
"""From one point to the next."""


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _headings(points: Floats) -> Floats:
    count = len(points)
    found = np.empty(count)
    for i in range(count):
        before, behind = max(i - 1, 0), min(i + 1, count - 1)
        angle = math.atan2(points[behind, 1] - points[before, 1], points[behind, 0] - points[before, 0])
        if i > 0:
            angle += 2.0 * math.pi * round((found[i - 1] - angle) / (2.0 * math.pi))
        found[i] = angle
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _lengths(points: Floats) -> Floats:
    found = np.zeros(len(points))
    for i in range(1, len(points)):
        x, y = points[i, 0] - points[i - 1, 0], points[i, 1] - points[i - 1, 1]
        found[i] = found[i - 1] + math.sqrt(x * x + y * y)
    return found


@njit(cache=True, nogil=True)  # type: ignore[untyped-decorator]
def _locate(points: Floats, x: float, y: float) -> tuple[float, float]:
    best, best_along, best_aside, begin = math.inf, 0.0, 0.0, 0.0
    last = len(points) - 2
    for i in range(last + 1):
        dx, dy = points[i + 1, 0] - points[i, 0], points[i + 1, 1] - points[i, 1]
        size = math.sqrt(dx * dx + dy * dy)
        gx, gy = x - points[i, 0], y - points[i, 1]
        share = (gx * dx + gy * dy) / (size * size)
        if i > 0:
            share = max(share, 0.0)
        if i < last:
            share = min(share, 1.0)
        rx, ry = gx - share * dx, gy - share * dy
        distance = math.sqrt(rx * rx + ry * ry)
        if distance < best:
            best, best_along = distance, begin + share * size
            best_aside = distance if dx * ry - dy * rx >= 0.0 else -distance
        begin += size
    return best_along, best_aside


def headings(points: Floats) -> Floats:
    """(N,) direction [rad, right positive] of a polyline (N, 2) at its points, without jumps of a full turn."""
    found: Floats = _headings(np.ascontiguousarray(points))
    return found


def normals(points: Floats) -> Floats:
    """(N, 2) unit vectors to the right of a polyline (N, 2)."""
    angle = headings(points)
    return np.stack([-np.sin(angle), np.cos(angle)], axis=1)


def curvatures(points: Floats) -> Floats:
    """(N,) curvature [1/m, right positive] of a polyline (N, 2) with steps of any length."""
    return np.gradient(headings(points), lengths(points)) if len(points) > 2 else np.zeros(len(points))


def lengths(points: Floats) -> Floats:
    """(N,) way along a polyline (N, 2) from its first point."""
    found: Floats = _lengths(np.ascontiguousarray(points))
    return found


def evenly(points: Floats, *, step_m: float = STEP_M) -> Floats:
    """The same polyline with points every ``step_m`` from its first one; what is left at its end is dropped."""
    along = lengths(points)
    return at(points, np.arange(0.0, along[-1] + 1e-9, step_m), along)


def at(points: Floats, where_m: Floats | Sequence[float] | float, along: Floats | None = None) -> Floats:
    """Places (..., 2) at ways ``where_m (...)`` along a polyline (N, 2); its ends are held.

    Args:
        points: The polyline.
        where_m: From its first point.
        along: Its ``lengths``, where they are known.
    """
    known = lengths(points) if along is None else along
    where = np.asarray(where_m, np.float64)
    return np.stack([np.interp(where, known, points[:, axis]) for axis in (0, 1)], axis=-1)


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
    along, aside = _locate(np.ascontiguousarray(points), float(place[0]), float(place[1]))
    return float(along), float(aside)
