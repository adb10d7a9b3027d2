"""Motion blur: what moves over the picture while the shutter is open becomes a streak.

As in Unreal, the shutter is open for ``motion_blur_intensity`` of a thirtieth of a second (``MotionBlurTargetFPS``),
and no streak is longer than ``motion_blur_max_distortion`` percent of the width. What moves, and how far, is the
optical flow since the tick before (``flow.py``): of the camera, of actors, of their wheels and limbs.
``motion_blur_min_object_screen_size`` saves Unreal draw calls; here every actor counts.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, kernel
from sim_scenarios.embedded_simulator.render.optics import Optics
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT

_TARGET_HZ = 30.0
_MOST_SAMPLES = 32


def shutter_share(optics: Optics, seconds: float) -> float:
    """Part of the way of the last ``seconds`` that is seen as a streak."""
    return optics.motion_blur_intensity / (_TARGET_HZ * seconds) if seconds > 0.0 else 0.0


@kernel
def blur_motion(
    worker: int, workers: int, share: Real, longest_px: Real, flow: NDArray[np.float32], light: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Fill ``out`` (H, W, 4) with the mean of ``light`` (H, W, 4) along the streak around each pixel.

    ``flow`` (H, W, 2) has the unit of ``flow.py``.
    """
    height, width = light.shape[0], light.shape[1]
    to_px_x, to_px_y = F(0.5) * F(width) * share, F(-0.5) * F(height) * share
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        for x in range(width):
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            step_x, step_y = flow[y, x, 0] * to_px_x, flow[y, x, 1] * to_px_y
            length = math.sqrt(step_x * step_x + step_y * step_y)
            if length > longest_px:
                step_x, step_y = step_x * longest_px / length, step_y * longest_px / length
                length = longest_px
            if length > F(1):
                count = min(_MOST_SAMPLES, np.int64(length) + 2)
                r, g, b = F(0), F(0), F(0)
                for k in range(count):
                    at = (F(k) + F(0.5)) / F(count) - F(0.5)
                    sx = min(width - 1, max(0, np.int64(F(x) + F(0.5) + step_x * at)))
                    sy = min(height - 1, max(0, np.int64(F(y) + F(0.5) + step_y * at)))
                    r += light[sy, sx, 0]
                    g += light[sy, sx, 1]
                    b += light[sy, sx, 2]
                even = F(1) / F(count)
                r, g, b = r * even, g * even, b * even
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r, g, b
