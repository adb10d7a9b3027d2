"""Upright boxes: vehicles, walkers and scenery seen from above, with a height range, and whether two overlap.

The separating-axis test in the plane: two turned rectangles are apart if and only if their shadows are apart on one
of their four edge directions; the direction of least overlap is the shortest way out. Ties go to the first axis.
"""

from __future__ import annotations

import math
from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True, slots=True)
class Footprint:
    """A turned rectangle on the ground with a height range [m]."""

    x: float
    y: float
    half_length: float
    half_width: float
    cos_yaw: float
    sin_yaw: float
    bottom: float
    top: float

    @classmethod
    def of(
        cls, *, x: float, y: float, yaw_deg: float, half_length: float, half_width: float, bottom: float, top: float
    ) -> Footprint:
        """A footprint from its heading."""
        yaw = math.radians(yaw_deg)
        return cls(
            x=x,
            y=y,
            half_length=half_length,
            half_width=half_width,
            cos_yaw=math.cos(yaw),
            sin_yaw=math.sin(yaw),
            bottom=bottom,
            top=top,
        )

    @property
    def radius(self) -> float:
        """Of the circle around the rectangle [m]."""
        return math.hypot(self.half_length, self.half_width)

    def contains(self, x: float, y: float) -> bool:
        """Whether a point is in the rectangle."""
        dx, dy = x - self.x, y - self.y
        along, across = self.cos_yaw * dx + self.sin_yaw * dy, self.cos_yaw * dy - self.sin_yaw * dx
        return abs(along) <= self.half_length and abs(across) <= self.half_width


@dataclass(frozen=True, kw_only=True, slots=True)
class Penetration:
    """How two boxes overlap: moving the first by ``depth_m`` along (normal_x, normal_y) separates them."""

    normal_x: float
    normal_y: float
    depth_m: float


def penetration(a: Footprint, b: Footprint) -> Penetration | None:
    """The least push that frees ``a`` from ``b``, or None when they do not overlap."""
    if a.top <= b.bottom or b.top <= a.bottom:
        return None
    dx, dy = a.x - b.x, a.y - b.y
    best_depth, best_axis = math.inf, (0.0, 0.0)
    for box in (a, b):
        for axis_x, axis_y in ((box.cos_yaw, box.sin_yaw), (-box.sin_yaw, box.cos_yaw)):
            apart = dx * axis_x + dy * axis_y
            depth = _half_shadow(a, axis_x, axis_y) + _half_shadow(b, axis_x, axis_y) - abs(apart)
            if depth <= 0.0:
                return None
            if depth < best_depth:
                sign = 1.0 if apart >= 0.0 else -1.0
                best_depth, best_axis = depth, (sign * axis_x, sign * axis_y)
    return Penetration(normal_x=best_axis[0], normal_y=best_axis[1], depth_m=best_depth)


def _half_shadow(box: Footprint, axis_x: float, axis_y: float) -> float:
    along = abs(box.cos_yaw * axis_x + box.sin_yaw * axis_y)
    across = abs(-box.sin_yaw * axis_x + box.cos_yaw * axis_y)
    return box.half_length * along + box.half_width * across
