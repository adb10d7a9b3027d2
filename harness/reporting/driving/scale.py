"""From metres of a map to pixels of a picture, and round numbers for its scale."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class MapScale:
    """World coordinates to pixels: x to the right, y downwards, as CARLA's left-handed axes are seen from above."""

    left_m: float
    """World x at the left edge."""
    top_m: float
    """World y at the upper edge."""
    px_per_m: float
    width: int
    """[px]"""
    height: int
    """[px]"""

    def pixels(self, points: npt.ArrayLike) -> Floats:
        """(N, 2) world x, y [m] as (N, 2) pixels right, down."""
        places: Floats = (np.asarray(points, np.float64) - (self.left_m, self.top_m)) * self.px_per_m
        return places


def fit(points: Floats, *, margin_m: float, largest: tuple[int, int], smallest: tuple[int, int]) -> MapScale:
    """A scale that shows all points with the same metres to a pixel both ways.

    Args:
        points: (N, 2) world x, y [m], at least one.
        margin_m: around them.
        largest: width and height [px] that the picture may have.
        smallest: width and height [px] that it has at least; the points are in its middle then.
    """
    low, high = points.min(axis=0) - margin_m, points.max(axis=0) + margin_m
    span = high - low
    px_per_m = min(largest[0] / span[0], largest[1] / span[1])
    size = [max(least, math.ceil(extent * px_per_m)) for least, extent in zip(smallest, span, strict=True)]
    corner = (low + high) / 2 - np.array(size) / px_per_m / 2
    return MapScale(
        left_m=float(corner[0]), top_m=float(corner[1]), px_per_m=float(px_per_m), width=size[0], height=size[1]
    )


def round_length(longest_m: float) -> float:
    """The largest of 1, 2, 5, 10, 20, 50 ... metres that is not longer."""
    power = 10.0 ** math.floor(math.log10(longest_m))
    return next(power * step for step in (5, 2, 1) if power * step <= longest_m * (1 + 1e-9))
