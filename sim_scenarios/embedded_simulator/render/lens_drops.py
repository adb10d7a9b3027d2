"""Drops of rain on the lens: each is a small lens of its own and shows the scene upside down, out of focus.

Where drops lie follows from a hash of the place on the lens and of the square of the world (``LIFE_M`` wide, elsewhere
for every drop) in which the camera is: they stay while it stands, and are others a few metres on, the same in a drive
and in its replay. Colours only; how many there are follows the rain.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bloom import sample_small
from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of, hash_bits

LIFE_M = 6.0
OUT_OF_FOCUS = 1.5
"""Deviation of the blur in a drop, in pixels of the small picture."""
_SCALES = 2
_UNIT = F(1.0 / 256.0)


@inlined
def drop_at(u: Real, v: Real, scale: int, amount: Real, eye_x: Real, eye_y: Real) -> tuple[Real, Real, Real]:
    """How deep (0 outside .. 1) a point of the lens lies in a drop, and where from the drop's middle (radius 1)."""
    column, row = floor_of(u), floor_of(v)
    place = hash_bits(np.uint32((column + 512) + (row + 512) * 4096 + scale * 7919))
    late_x, late_y = F(place & np.uint32(255)) * _UNIT, F((place >> np.uint32(8)) & np.uint32(255)) * _UNIT
    square = np.uint32((floor_of(eye_x + late_x) * 7349 + floor_of(eye_y + late_y) * 9151) & 0xFFFFFFFF)
    bits = hash_bits(place ^ hash_bits(square))
    chance = F(bits & np.uint32(255)) * _UNIT
    if chance >= amount:
        return F(0), F(0), F(0)
    size = F(0.14) + F(0.20) * F((bits >> np.uint32(8)) & np.uint32(255)) * _UNIT
    room = F(1) - F(2.3) * size
    x = (u - F(column) - size * F(1.15) - room * F((bits >> np.uint32(16)) & np.uint32(255)) * _UNIT) / size
    y = (v - F(row) - size * F(1.15) - room * F((bits >> np.uint32(24)) & np.uint32(255)) * _UNIT) / (size * F(1.15))
    inside = F(1) - (x * x + y * y)
    return max(F(0), inside), x, y


@kernel
def wet_lens(
    worker: int, workers: int, camera: Records, rain: Real, small: NDArray[np.float32], light: NDArray[np.float32]
) -> None:
    """Put drops over ``light`` (H, W, 4), in place; ``small`` is the same picture a quarter as wide."""
    height, width = light.shape[0], light.shape[1]
    eye_x, eye_y = F(camera[0].eye[0]) * F(1.0 / LIFE_M), F(camera[0].eye[1]) * F(1.0 / LIFE_M)
    per_px = F(1) / F(height)
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        for x in range(width):
            for scale in range(_SCALES):
                cells = F(6) if scale == 0 else F(15)
                amount = rain * (F(0.30) if scale == 0 else F(0.45))
                depth, dx, dy = drop_at(F(x) * per_px * cells, F(y) * per_px * cells, scale, amount, eye_x, eye_y)
                if depth <= F(0):
                    continue
                # The whole height of the picture, upside down, across a drop.
                sx = F(0.5) * F(width) + (F(x) - F(0.5) * F(width)) * F(0.6) - dx * F(0.34) * F(height)
                sy = F(0.5) * F(height) - dy * F(0.44) * F(height)
                r, g, b = sample_small(small, sx * F(0.25), sy * F(0.25))
                gain = F(0.62) + F(0.43) * depth
                share = min(F(1), depth * F(1.6)) * F(0.92)
                light[y, x, 0] += (r * gain - light[y, x, 0]) * share
                light[y, x, 1] += (g * gain - light[y, x, 1]) * share
                light[y, x, 2] += (b * gain - light[y, x, 2]) * share
                break
