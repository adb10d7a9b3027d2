"""Where the sky's light does not reach: corners and creases, and the ground under cars.

Creases are found on the screen at half resolution (a few depth samples around each point, as in Bavoil and Sainz,
"Screen Space Ambient Occlusion", 2008). The dark under a car, which no screen sample sees, is a soft rectangle for each
footprint, drawn into a small map of the ground around the camera.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of

NUM_SAMPLES = 6
RADIUS_M = 0.9
MAX_DISTANCE_M = 70.0
CONTACT_PX, CONTACT_CELL_M = 256, 0.3
"""The ground map: cells on a side and their size."""
_CONTACT_SOFT_M = 0.55


@kernel
def crease_occlusion(
    worker: int, workers: int, camera: Records, nearness: NDArray[np.float32], surface: NDArray[np.float32],
    open_sky: NDArray[np.float32],
) -> None:  # fmt: skip
    """Fill ``open_sky`` (ceil(H / 2), ceil(W / 2)): 1 open .. 0 closed, for every second pixel of every second row."""
    height, width = nearness.shape
    focal = camera[0].focal_px
    inverse_focal = F(1) / focal
    cx, cy = camera[0].center_x - F(0.5), camera[0].center_y - F(0.5)
    right, up, forward = camera[0].right, camera[0].up, camera[0].forward
    turn = np.empty((NUM_SAMPLES, 2), np.float32)
    quarter_turns = np.empty((4, 2), np.float32)
    for i in range(4):
        quarter_turns[i, 0], quarter_turns[i, 1] = F(math.cos(0.3927 * i)), F(math.sin(0.3927 * i))
    for i in range(NUM_SAMPLES):
        angle = F(2.3999632) * F(i)
        reach = math.sqrt((F(i) + F(0.5)) / F(NUM_SAMPLES))
        turn[i, 0], turn[i, 1] = F(math.cos(angle)) * reach, F(math.sin(angle)) * reach
    for j in range(open_sky.shape[0]):
        if (j >> BAND_SHIFT) % workers != worker:
            continue
        y = min(height - 1, 2 * j)
        for i in range(open_sky.shape[1]):
            x = min(width - 1, 2 * i)
            near = nearness[y, x]
            if near < F(1.0 / MAX_DISTANCE_M):
                open_sky[j, i] = F(1)
                continue
            depth = F(1) / near
            radius = min(F(60), F(RADIUS_M) * focal * near)
            px, py = (F(x) - cx) * inverse_focal * depth, (cy - F(y)) * inverse_focal * depth
            wx, wy, wz = surface[y, x, 4], surface[y, x, 5], surface[y, x, 6]
            nx = wx * right[0] + wy * right[1] + wz * right[2]
            ny = wx * up[0] + wy * up[1] + wz * up[2]
            nz = wx * forward[0] + wy * forward[1] + wz * forward[2]
            # Four fixed turns in a 2 x 2 pattern: the lighting averages four neighbours, which evens them out.
            quarter = (i & 1) + 2 * (j & 1)
            ca, sa = quarter_turns[quarter, 0], quarter_turns[quarter, 1]
            closed = F(0)
            for s in range(NUM_SAMPLES):
                ox, oy = turn[s, 0] * ca - turn[s, 1] * sa, turn[s, 0] * sa + turn[s, 1] * ca
                qx, qy = x + int(ox * radius), y + int(oy * radius)
                if qx < 0 or qy < 0 or qx >= width or qy >= height:
                    continue
                other = nearness[qy, qx]
                if other <= F(0):
                    continue
                d = F(1) / other
                vx = (F(qx) - cx) * inverse_focal * d - px
                vy = (cy - F(qy)) * inverse_focal * d - py
                vz = d - depth
                square = vx * vx + vy * vy + vz * vz + F(1e-5)
                facing = (nx * vx + ny * vy + nz * vz) / math.sqrt(square) - F(0.12)
                if facing > F(0):
                    closed += facing / (F(1) + square * F(1.0 / (RADIUS_M * RADIUS_M)))
            open_sky[j, i] = max(F(0.25), F(1) - closed * F(1.7 / NUM_SAMPLES))


@kernel
def darken_footprints(footprints: NDArray[np.float32], x0: float, y0: float, ground: NDArray[np.float32]) -> None:
    """Fill ``ground`` (CONTACT_PX, CONTACT_PX), 1 open .. 0 dark, whose cell (0, 0) starts at (x0, y0) [m].

    ``footprints`` (N, 6): x, y, cos yaw, sin yaw, half length, half width [m].
    """
    ground[:, :] = F(1)
    left, top = F(x0), F(y0)
    for i in range(footprints.shape[0]):
        c, s = footprints[i, 2], footprints[i, 3]
        reach = footprints[i, 4] + footprints[i, 5] + F(_CONTACT_SOFT_M)
        first_x = max(0, floor_of((footprints[i, 0] - reach - left) * F(1.0 / CONTACT_CELL_M)))
        last_x = min(CONTACT_PX - 1, floor_of((footprints[i, 0] + reach - left) * F(1.0 / CONTACT_CELL_M)))
        first_y = max(0, floor_of((footprints[i, 1] - reach - top) * F(1.0 / CONTACT_CELL_M)))
        last_y = min(CONTACT_PX - 1, floor_of((footprints[i, 1] + reach - top) * F(1.0 / CONTACT_CELL_M)))
        for iy in range(first_y, last_y + 1):
            dy = top + (F(iy) + F(0.5)) * F(CONTACT_CELL_M) - footprints[i, 1]
            for ix in range(first_x, last_x + 1):
                dx = left + (F(ix) + F(0.5)) * F(CONTACT_CELL_M) - footprints[i, 0]
                along = abs(dx * c + dy * s) - footprints[i, 4]
                across = abs(dy * c - dx * s) - footprints[i, 5]
                outside = max(along, across)
                t = min(F(1), max(F(0), (outside + F(_CONTACT_SOFT_M)) * F(0.5 / _CONTACT_SOFT_M)))
                shade = F(1) - F(0.72) * (F(1) - t)
                ground[iy, ix] = min(ground[iy, ix], shade)


@inlined
def open_ground(ground: NDArray[np.float32], x0: Real, y0: Real, x: Real, y: Real) -> Real:
    """Bilinear look-up in the map of ``darken_footprints``; 1 outside it."""
    fx, fy = (x - x0) * F(1.0 / CONTACT_CELL_M) - F(0.5), (y - y0) * F(1.0 / CONTACT_CELL_M) - F(0.5)
    ix, iy = floor_of(fx), floor_of(fy)
    if ix < 0 or iy < 0 or ix >= CONTACT_PX - 1 or iy >= CONTACT_PX - 1:
        return F(1)
    fx, fy = fx - F(ix), fy - F(iy)
    top = ground[iy, ix] * (F(1) - fx) + ground[iy, ix + 1] * fx
    low = ground[iy + 1, ix] * (F(1) - fx) + ground[iy + 1, ix + 1] * fx
    return top * (F(1) - fy) + low * fy
