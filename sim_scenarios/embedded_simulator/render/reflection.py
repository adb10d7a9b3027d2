"""What wet ground mirrors.

A ray leaves each wet pixel along the mirrored direction and is followed over the screen until it goes behind something;
where it finds nothing, it mirrors what is seen far out along it, and the sky beyond the picture's edges. The result is
written to a second buffer, so that no pixel ever reads what another thread has already mirrored: the picture does not
depend on who is first.

Wet asphalt is no smooth mirror: it shows a softened picture (``soften_light``), only puddles show the sharp one, too.
"""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, bare_kernel, inlined
from sim_scenarios.embedded_simulator.render.lighting import environment
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.sky import sky_gradient
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of, hash_unit, sample_noise

_STEP_GROWTH = F(1.55)
_FIRST_STEP_M = F(0.30)
_HIDDEN_SHARE = F(0.3)
"""Light from behind something: what a ray meets that ends up under a car."""
_WITHIN_PX = F(8)
"""An eighth of the picture's height from its edges on, all that the mirror shows is on the screen."""
_BRIGHTEST = F(2.5)
"""Mirrored lamps are held below this, or single pixels of them would sparkle."""
SOFT_SHIFT = 2
"""A pixel of the softened picture is the mean of (1 << SOFT_SHIFT) squared."""


@bare_kernel
def soften_light(worker: int, workers: int, light: NDArray[np.float32], soft: NDArray[np.float32]) -> None:
    """Fill ``soft`` (ceil(H / 4), ceil(W / 4), 3) with the means of ``light`` (H, W, 4), lamps held back."""
    height, width = light.shape[0], light.shape[1]
    side = 1 << SOFT_SHIFT
    for j in range(soft.shape[0]):
        if (j >> BAND_SHIFT) % workers != worker:
            continue
        last_y = min(height, (j + 1) * side)
        for i in range(soft.shape[1]):
            last_x = min(width, (i + 1) * side)
            r, g, b = F(0), F(0), F(0)
            for y in range(j * side, last_y):
                for x in range(i * side, last_x):
                    r += min(_BRIGHTEST, light[y, x, 0])
                    g += min(_BRIGHTEST, light[y, x, 1])
                    b += min(_BRIGHTEST, light[y, x, 2])
            share = F(1) / F((last_y - j * side) * (last_x - i * side))
            soft[j, i, 0], soft[j, i, 1], soft[j, i, 2] = r * share, g * share, b * share


@inlined
def soft_light_at(soft: NDArray[np.float32], x: Real, y: Real) -> tuple[Real, Real, Real]:
    """Bilinear look-up of ``soften_light``'s picture at a place in pixels of the sharp one."""
    scale = F(1.0 / (1 << SOFT_SHIFT))
    fx, fy = x * scale - F(0.5), y * scale - F(0.5)
    ix, iy = floor_of(fx), floor_of(fy)
    fx, fy = fx - F(ix), fy - F(iy)
    x0, y0 = min(soft.shape[1] - 1, max(0, ix)), min(soft.shape[0] - 1, max(0, iy))
    x1, y1 = min(soft.shape[1] - 1, ix + 1), min(soft.shape[0] - 1, iy + 1)
    a, b, c, d = (F(1) - fx) * (F(1) - fy), fx * (F(1) - fy), (F(1) - fx) * fy, fx * fy
    return (
        soft[y0, x0, 0] * a + soft[y0, x1, 0] * b + soft[y1, x0, 0] * c + soft[y1, x1, 0] * d,
        soft[y0, x0, 1] * a + soft[y0, x1, 1] * b + soft[y1, x0, 1] * c + soft[y1, x1, 1] * d,
        soft[y0, x0, 2] * a + soft[y0, x1, 2] * b + soft[y1, x0, 2] * c + soft[y1, x1, 2] * d,
    )


@inlined
def mirrored_light(
    camera: Records, look: Records, nearness: NDArray[np.float32], light: NDArray[np.float32],
    soft: NDArray[np.float32], sharpness: Real, jitter: Real,
    px: Real, py: Real, pz: Real, rx: Real, ry: Real, rz: Real, num_steps: int,
) -> tuple[Real, Real, Real]:  # fmt: skip
    """Light that arrives at a point (relative to the eye) against a direction, from the screen or else the sky.

    ``sharpness`` is 0 for the softened screen, 1 for the sharp one.
    """
    height, width = nearness.shape
    focal, cx, cy = camera[0].focal_px, camera[0].center_x, camera[0].center_y
    right, up, forward = camera[0].right, camera[0].up, camera[0].forward
    # In camera coordinates the ray is a point and a step, so that following it costs three multiplications.
    from_x, step_x = px * right[0] + py * right[1] + pz * right[2], rx * right[0] + ry * right[1] + rz * right[2]
    from_y, step_y = px * up[0] + py * up[1] + pz * up[2], rx * up[0] + ry * up[1] + rz * up[2]
    from_z = px * forward[0] + py * forward[1] + pz * forward[2]
    step_z = rx * forward[0] + ry * forward[1] + rz * forward[2]
    reach = _FIRST_STEP_M * (F(1) + F(0.55) * jitter)
    open_share = F(1)
    at_x, at_y = F(-1), F(-1)
    for _ in range(num_steps):
        depth = from_z + step_z * reach
        if depth < F(0.1):
            break
        inverse = F(1) / depth
        scale = focal * inverse
        at_x, at_y = cx + (from_x + step_x * reach) * scale, cy - (from_y + step_y * reach) * scale
        sx, sy = floor_of(at_x), floor_of(at_y)
        if sx < 0 or sy < 0 or sx >= width or sy >= height:
            break
        near = nearness[sy, sx]
        open_share = F(1)
        if near > inverse:
            if F(1) > (depth - reach * F(0.5) - F(0.4)) * near:
                r, g, b = soft_light_at(soft, at_x, at_y)
                return (
                    r + (min(_BRIGHTEST, light[sy, sx, 0]) - r) * sharpness,
                    g + (min(_BRIGHTEST, light[sy, sx, 1]) - g) * sharpness,
                    b + (min(_BRIGHTEST, light[sy, sx, 2]) - b) * sharpness,
                )
            open_share = _HIDDEN_SHARE
        reach *= _STEP_GROWTH
    # Nothing on the way: half open sky, half the dim street that may stand beyond the picture's edge ...
    er, eg, eb = environment(look, rx, ry, rz)
    sr, sg, sb = sky_gradient(look, rx, ry, rz)
    er, eg, eb = er + (sr - er) * F(0.6), eg + (sg - eg) * F(0.6), eb + (sb - eb) * F(0.6)
    # ... or, well within the picture, what is seen far out along the ray: crowns of trees end softly in it.
    within = min(min(at_x, F(width) - at_x), min(at_y, F(height) - at_y)) * _WITHIN_PX / F(height)
    if within > F(0):
        within = min(F(1), within)
        sr, sg, sb = soft_light_at(soft, at_x, at_y)
        er, eg, eb = er + (sr - er) * within, eg + (sg - eg) * within, eb + (sb - eb) * within
    return er * open_share, eg * open_share, eb * open_share


@bare_kernel
def mirror_light(
    worker: int,
    workers: int,
    camera: Records,
    look: Records,
    noise: NDArray[np.uint8],
    seed: int,
    num_steps: int,
    nearness: NDArray[np.float32],
    surface: NDArray[np.float32],
    light: NDArray[np.float32],
    soft: NDArray[np.float32],
    mirrored: NDArray[np.float32],
) -> None:
    """Fill ``mirrored`` (H, W, 4) from ``light`` (H, W, 4), adding reflections where its last channel is above 0.

    A mirrored ray is followed for ``num_steps``, each longer than the one before.
    """
    height, width = nearness.shape
    eye_x, eye_y = F(camera[0].eye[0]), F(camera[0].eye[1])
    forward, right, up = camera[0].forward, camera[0].right, camera[0].up
    inverse_focal = F(1) / camera[0].focal_px
    center_x, center_y = camera[0].center_x - F(0.5), camera[0].center_y - F(0.5)
    # Drops and wind stir the water: the same waves, elsewhere in every picture.
    stirred = look[0].rain > F(0) or look[0].wind > F(0)
    ripple = F(seed & 1023) * F(1.0 / 1024.0) if stirred else F(0)
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        ray_up = (center_y - F(y)) * inverse_focal
        for x in range(width):
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            mirror = light[y, x, 3]
            if mirror > F(0.004):
                ray_right = (F(x) - center_x) * inverse_focal
                vx = forward[0] + up[0] * ray_up + right[0] * ray_right
                vy = forward[1] + up[1] * ray_up + right[1] * ray_right
                vz = forward[2] + up[2] * ray_up + right[2] * ray_right
                depth = F(1) / nearness[y, x]
                inverse = F(1) / math.sqrt(vx * vx + vy * vy + vz * vz)
                dx, dy, dz = vx * inverse, vy * inverse, vz * inverse
                px, py, pz = vx * depth, vy * depth, vz * depth
                puddle = surface[y, x, 3]
                wx, wy = eye_x + px, eye_y + py
                # Waves that are finer than a pixel would be noise: they flatten with distance.
                flat = F(1) / (F(1) + F(0.10) * depth)
                rough = (F(1) - F(0.88) * puddle) * F(0.16) + F(0.10) * look[0].wind * puddle
                rough = (rough + F(0.10) * look[0].rain * (F(0.4) + puddle)) * flat
                tilt_x = (sample_noise(noise, 1, wx * F(0.31) + ripple, wy * F(0.31)) - F(0.5)) * rough
                tilt_y = (sample_noise(noise, 1, wy * F(0.31) + F(0.37), wx * F(0.31) - ripple) - F(0.5)) * rough
                facing = -(dx * tilt_x + dy * tilt_y + dz)
                twice = F(2) * facing
                rx, ry, rz = dx + twice * tilt_x, dy + twice * tilt_y, dz + twice
                jitter = hash_unit(np.uint32(x + y * 8192))
                er, eg, eb = mirrored_light(
                    camera,
                    look,
                    nearness,
                    light,
                    soft,
                    F(0.7) * puddle,
                    jitter,
                    px,
                    py,
                    pz + F(0.01),
                    rx,
                    ry,
                    rz,
                    num_steps,
                )
                grazing = F(1) - min(F(1), max(F(0), facing))
                grazing2 = grazing * grazing
                share = (F(0.03) + F(0.80) * grazing2 * grazing2 * (grazing + (F(1) - grazing) * puddle)) * mirror
                r, g, b = r + er * share, g + eg * share, b + eb * share
            mirrored[y, x, 0], mirrored[y, x, 1], mirrored[y, x, 2] = r, g, b
