"""The normals of what is seen, as the lighting has them: smooth over bodies, without the grain of a material."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Records, kernel
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT, NO_SLOT

VEGETATION_TAG = 9


@kernel
def copy_normals(
    worker: int,
    workers: int,
    camera: Records,
    slot_at: NDArray[np.int32],
    tag: NDArray[np.uint8],
    surface: NDArray[np.float32],
    two_sided_tag: int,
    normal: NDArray[np.float32],
) -> None:
    """Fill ``normal`` (H, W, 3) from a resolved ``surface``; leaves have two faces and show the one that is seen."""
    height, width = slot_at.shape
    inverse_focal = F(1) / camera[0].focal_px
    forward, right, up = camera[0].forward, camera[0].right, camera[0].up
    center_x, center_y = camera[0].center_x - F(0.5), camera[0].center_y - F(0.5)
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        ray_up = (center_y - F(y)) * inverse_focal
        for x in range(width):
            if slot_at[y, x] == NO_SLOT:
                normal[y, x, 0], normal[y, x, 1], normal[y, x, 2] = F(0), F(0), F(0)
                continue
            ray_right = (F(x) - center_x) * inverse_focal
            along, side = F(0), F(1)
            for i in range(3):
                along += surface[y, x, 4 + i] * (forward[i] + up[i] * ray_up + right[i] * ray_right)
            if tag[y, x] == two_sided_tag and along > F(0):
                side = F(-1)
            for i in range(3):
                normal[y, x, i] = side * surface[y, x, 4 + i]
