"""Chromatic aberration: a lens that draws red a little larger than blue.

The amounts are Unreal's (PostProcessTonemap.cpp): proportional to the distances between the primaries' wavelengths,
611, 549 and 464 nm, and at ``chromatic_aberration_intensity`` 1 one hundredth of the way to the centre for red.
``chromatic_aberration_offset`` is the distance from the centre, 1 at the middle of a side, where it begins.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, inlined, kernel
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of

_PER_NM = 0.007 * 0.01
_RED_NM, _GREEN_NM, _BLUE_NM = 611.3, 549.1, 464.3
RED_SHIFT, GREEN_SHIFT = F(_PER_NM * (_RED_NM - _BLUE_NM)), F(_PER_NM * (_GREEN_NM - _BLUE_NM))


@inlined
def sample_channel(light: NDArray[np.float32], channel: int, x: Real, y: Real) -> Real:
    """Bilinear light at a place [px, from the corner]."""
    last_row, last_column = light.shape[0] - 1, light.shape[1] - 1
    x, y = x - F(0.5), y - F(0.5)
    left, top = floor_of(x), floor_of(y)
    fx, fy = x - F(left), y - F(top)
    i0, i1 = min(last_column, max(0, left)), min(last_column, max(0, left + 1))
    j0, j1 = min(last_row, max(0, top)), min(last_row, max(0, top + 1))
    upper = light[j0, i0, channel] * (F(1) - fx) + light[j0, i1, channel] * fx
    lower = light[j1, i0, channel] * (F(1) - fx) + light[j1, i1, channel] * fx
    return upper * (F(1) - fy) + lower * fy


@kernel
def fringe(
    worker: int, workers: int, intensity: Real, offset: Real, light: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Fill ``out`` (H, W, 4) from ``light`` (H, W, 4): blue stays where it is."""
    height, width = light.shape[0], light.shape[1]
    middle_x, middle_y = F(0.5) * F(width), F(0.5) * F(height)
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        dy = F(y) + F(0.5) - middle_y
        for x in range(width):
            dx = F(x) + F(0.5) - middle_x
            r = math.sqrt((dx / middle_x) * (dx / middle_x) + (dy / middle_y) * (dy / middle_y))
            reach = intensity * max(F(0), r - offset) / max(r, F(1e-6))
            red, green = F(1) - RED_SHIFT * reach, F(1) - GREEN_SHIFT * reach
            out[y, x, 0] = sample_channel(light, 0, middle_x + dx * red, middle_y + dy * red)
            out[y, x, 1] = sample_channel(light, 1, middle_x + dx * green, middle_y + dy * green)
            out[y, x, 2] = light[y, x, 2]
