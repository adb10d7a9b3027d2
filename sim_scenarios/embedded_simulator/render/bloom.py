"""Light that strays in a lens: bloom around what is bright, and its ghosts (lens flare).

Bloom moves light and makes none: a share of every pixel's light is spread over two bell curves, of the widths of
Unreal's second and third (1 % and 3 % of the picture's width), and taken from the pixel itself. The share is 4 % at
CARLA's default ``bloom_intensity``. What is spread needs no detail: it is computed on a picture a quarter as wide, and
on one a quarter as wide again.

Ghosts are faint images of the brightest lights, turned about the picture's centre. ``lens_flare_intensity`` scales
them; at CARLA's 0.1 only the sun and a lamp near by have some.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Workers, inlined, kernel
from sim_scenarios.embedded_simulator.render.optics import Optics
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of

QUARTER = 4
_SHARE_AT_DEFAULT, _DEFAULT, _MOST = 0.04, 0.675, 0.6
_FINE_WIDTH, _WIDE_WIDTH = 0.010, 0.030
"""Standard deviations of the bells, of the picture's width (Unreal's Bloom2Size and Bloom3Size)."""
_FINE_SHARE = F(0.6)
_GHOSTS = ((-0.45, 1.0, 0.65, 0.3), (-0.9, 0.35, 0.8, 1.0), (-1.7, 0.5, 1.0, 0.5), (0.55, 0.9, 0.5, 0.8))
"""Scale about the centre, and colour."""
_GHOST_STRENGTH, _GHOST_FROM = 0.05, 2.0
"""Scene light above which something has a ghost, as Unreal's LensFlareThreshold."""


def bloom_share(optics: Optics) -> float:
    """How much of a pixel's light strays."""
    return min(_MOST, max(0.0, _SHARE_AT_DEFAULT * optics.bloom_intensity / _DEFAULT))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Glow:
    """The stray light's images of one picture size."""

    small: NDArray[np.float32]
    """(ceil(H / 4), ceil(W / 4), 3): the picture, then its wider bell and ghosts, the light to be added."""
    smallest: NDArray[np.float32]
    """(ceil(H / 16), ceil(W / 16), 3)."""
    bright: NDArray[np.float32]
    """As large: what has ghosts."""
    between: NDArray[np.float32]
    between_smallest: NDArray[np.float32]


def new_glow(height: int, width: int) -> Glow:
    """Buffers for a picture of that size."""
    h, w = math.ceil(height / QUARTER), math.ceil(width / QUARTER)
    small, smallest = (h, w, 3), (math.ceil(h / QUARTER), math.ceil(w / QUARTER), 3)
    return Glow(
        small=np.empty(small, np.float32), smallest=np.empty(smallest, np.float32),
        bright=np.empty(smallest, np.float32), between=np.empty(small, np.float32),
        between_smallest=np.empty(smallest, np.float32),
    )  # fmt: skip


def scatter_light(workers: Workers, optics: Optics, light: NDArray[np.float32], glow: Glow) -> None:
    """Fill ``glow.small`` with the light to be added to a picture (H, W, 4) whose own was lessened by the share."""
    width = light.shape[1]
    workers.run(shrink, light, glow.small)
    workers.run(shrink, glow.small, glow.smallest)
    wide = _WIDE_WIDTH * width / QUARTER**2
    to_blur = [
        (glow.small, glow.between, _FINE_WIDTH * width / QUARTER), (glow.smallest, glow.between_smallest, wide),
    ]  # fmt: skip
    ghosts = np.array(_GHOSTS, np.float32)
    ghosts[:, 1:] *= np.float32(_GHOST_STRENGTH * max(0.0, optics.lens_flare_intensity))
    if optics.lens_flare_intensity > 0.0:
        workers.run(shrink_bright, np.float32(_GHOST_FROM), glow.small, glow.bright)
        to_blur.append((glow.bright, glow.between_smallest, wide))
    for image, between, size in to_blur:
        blur_both_ways(workers, size, image, between)
    workers.run(join_glow, np.float32(bloom_share(optics)), ghosts, glow.smallest, glow.bright, glow.small)


def blur_both_ways(
    workers: Workers, deviation: float, image: NDArray[np.float32], between: NDArray[np.float32]
) -> None:
    """Blur an image in place by a bell curve [px]; ``between`` is scratch of its size."""
    weights = bell(deviation)
    workers.run(blur, weights, False, image, between)
    workers.run(blur, weights, True, between, image)


def bell(deviation: float) -> NDArray[np.float32]:
    """The odd number of weights, of sum 1, of a normal distribution [px]."""
    reach = max(1, math.ceil(2.5 * deviation))
    weights = np.array([math.exp(-0.5 * (i / max(deviation, 0.2)) ** 2) for i in range(-reach, reach + 1)])
    return np.asarray(weights / weights.sum(), np.float32)


@kernel
def shrink(worker: int, workers: int, source: NDArray[np.float32], small: NDArray[np.float32]) -> None:
    """Means over 4 x 4 pixels; those at the lower and right border may have fewer."""
    height, width = source.shape[0], source.shape[1]
    for y in range(small.shape[0]):
        if y % workers != worker:
            continue
        below = min(height, 4 * y + 4)
        for x in range(small.shape[1]):
            beyond = min(width, 4 * x + 4)
            r, g, b = F(0), F(0), F(0)
            for j in range(4 * y, below):
                for i in range(4 * x, beyond):
                    r += source[j, i, 0]
                    g += source[j, i, 1]
                    b += source[j, i, 2]
            share = F(1) / F((below - 4 * y) * (beyond - 4 * x))
            small[y, x, 0], small[y, x, 1], small[y, x, 2] = r * share, g * share, b * share


@kernel
def shrink_bright(
    worker: int, workers: int, least: Real, source: NDArray[np.float32], small: NDArray[np.float32]
) -> None:
    """As ``shrink``, of what is brighter than ``least``, by as much as it is."""
    height, width = source.shape[0], source.shape[1]
    for y in range(small.shape[0]):
        if y % workers != worker:
            continue
        for x in range(small.shape[1]):
            for c in range(3):
                small[y, x, c] = F(0)
            for j in range(4 * y, min(height, 4 * y + 4)):
                for i in range(4 * x, min(width, 4 * x + 4)):
                    for c in range(3):
                        small[y, x, c] += max(F(0), source[j, i, c] - least) * F(0.0625)


@kernel
def blur(
    worker: int, workers: int, weights: NDArray[np.float32], is_upright: bool, source: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Convolve each row, or each column if ``is_upright``; beyond the border lies the border's own light."""
    reach = weights.shape[0] // 2
    down, aside = (1, 0) if is_upright else (0, 1)
    last_row, last_column = source.shape[0] - 1, source.shape[1] - 1
    for y in range(source.shape[0]):
        if y % workers != worker:
            continue
        for x in range(source.shape[1]):
            r, g, b = F(0), F(0), F(0)
            for k in range(weights.shape[0]):
                j = min(last_row, max(0, y + (k - reach) * down))
                i = min(last_column, max(0, x + (k - reach) * aside))
                r += source[j, i, 0] * weights[k]
                g += source[j, i, 1] * weights[k]
                b += source[j, i, 2] * weights[k]
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r, g, b


@inlined
def sample_small(small: NDArray[np.float32], x: Real, y: Real) -> tuple[Real, Real, Real]:
    """Bilinear colour at a place [px of the small picture, from its corner]."""
    last_row, last_column = small.shape[0] - 1, small.shape[1] - 1
    x, y = x - F(0.5), y - F(0.5)
    left, top = floor_of(x), floor_of(y)
    fx, fy = x - F(left), y - F(top)
    i0, i1 = min(last_column, max(0, left)), min(last_column, max(0, left + 1))
    j0, j1 = min(last_row, max(0, top)), min(last_row, max(0, top + 1))
    wb, wc, wd = fx * (F(1) - fy), (F(1) - fx) * fy, fx * fy
    wa = F(1) - wb - wc - wd
    return (
        small[j0, i0, 0] * wa + small[j0, i1, 0] * wb + small[j1, i0, 0] * wc + small[j1, i1, 0] * wd,
        small[j0, i0, 1] * wa + small[j0, i1, 1] * wb + small[j1, i0, 1] * wc + small[j1, i1, 1] * wd,
        small[j0, i0, 2] * wa + small[j0, i1, 2] * wb + small[j1, i0, 2] * wc + small[j1, i1, 2] * wd,
    )


@kernel
def join_glow(
    worker: int, workers: int, share: Real, ghosts: NDArray[np.float32], smallest: NDArray[np.float32],
    bright: NDArray[np.float32], small: NDArray[np.float32],
) -> None:  # fmt: skip
    """Turn the two bells into the light to be added, in place, and add the ghosts."""
    height, width = small.shape[0], small.shape[1]
    middle_x, middle_y, quarter = F(0.5) * F(width), F(0.5) * F(height), F(0.25)
    fine, wide = share * _FINE_SHARE, share * (F(1) - _FINE_SHARE)
    has_ghosts = ghosts[0, 1] > F(0)
    for y in range(height):
        if y % workers != worker:
            continue
        for x in range(width):
            px, py = F(x) + F(0.5), F(y) + F(0.5)
            wr, wg, wb = sample_small(smallest, px * quarter, py * quarter)
            r, g, b = (
                small[y, x, 0] * fine + wr * wide,
                small[y, x, 1] * fine + wg * wide,
                small[y, x, 2] * fine + wb * wide,
            )
            if has_ghosts:
                for k in range(ghosts.shape[0]):
                    gx, gy = middle_x + (px - middle_x) * ghosts[k, 0], middle_y + (py - middle_y) * ghosts[k, 0]
                    if F(0) <= gx < F(width) and F(0) <= gy < F(height):
                        gr, gg, gb = sample_small(bright, gx * quarter, gy * quarter)
                        r, g, b = r + gr * ghosts[k, 1], g + gg * ghosts[k, 2], b + gb * ghosts[k, 3]
            small[y, x, 0], small[y, x, 1], small[y, x, 2] = r, g, b
