"""The last touches: smoothed edges, rain in front of the lens, sensor grain.

Only colours are touched; tags, instances and depth stay exact. Grain and drops are hashes of the pixel and of a seed
that ``scene_seed`` takes from what is seen, not from the clock: a drive and its replay give the same pictures.
"""

from __future__ import annotations

import zlib

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of, hash_bits

_EDGE_MIN, _EDGE_SHARE = 12, 3
"""Contrast from which an edge is smoothed: 12 of 255, and an eighth (>> 3) of the brightest neighbour."""
NUM_RAIN_LAYERS = 2


def scene_seed(camera: Records, actor_rows: Records) -> int:
    """32 bits that change whenever the camera or an actor has moved, and never otherwise."""
    return zlib.crc32(actor_rows["origin"].tobytes(), zlib.crc32(camera.tobytes()))


@inlined
def luma(rgb: NDArray[np.uint8], y: int, x: int) -> int:
    """Brightness of a pixel, 0..255."""
    return int((np.int64(rgb[y, x, 0]) * 5 + np.int64(rgb[y, x, 1]) * 9 + np.int64(rgb[y, x, 2]) * 2) >> 4)


@inlined
def streak(layer: int, sx: Real, sy: Real, scene: int) -> Real:
    """How much of a rain streak is at a point of the screen (height 2, centre 0), in one layer of drops."""
    columns = F(46) if layer == 0 else F(95)
    at = sx * columns
    column = floor_of(at)
    aside = abs(at - F(column) - F(0.5)) * F(3.2)
    if aside > F(1):
        return F(0)
    seed = hash_bits(np.uint32(column + 100000 + layer * 7919) ^ np.uint32((scene * 131 + layer) & 0xFFFFFFFF))
    chance = F(seed >> np.uint32(16)) * F(1.0 / 65536.0)
    if chance < F(0.35):
        return F(0)
    phase = F(seed & np.uint32(0xFFFF)) * F(1.0 / 65536.0)
    along = sy * (F(0.45) + F(0.9) * chance) + phase * F(7)
    along = along - F(floor_of(along))
    size = F(0.16) * (F(0.3) + chance)
    if along > size:
        return F(0)
    return (F(1) - along / size) * (F(1) - aside) * (F(0.30) if layer == 0 else F(0.17))


@kernel
def finish_picture(
    worker: int, workers: int, look: Records, seed: int, grain: Real, smooths_edges: bool,
    source: NDArray[np.uint8], rgb: NDArray[np.uint8],
) -> None:  # fmt: skip
    """Fill ``rgb`` (H, W, 3) from ``source`` (H, W, 3); ``grain`` is of the full scale."""
    height, width = source.shape[0], source.shape[1]
    rain, grain = look[0].rain, grain * F(255)
    slant = F(0.05) + F(0.22) * look[0].wind
    scale = F(2) / F(height)
    streak_light = F(150) * (F(1) - look[0].night) + F(84) * look[0].night
    streak_share = F(0.35) + F(0.45) * look[0].night  # by night they shine before what is lit
    clean, noise = np.empty(3 * width, np.float32), np.empty(3 * width, np.float32)
    shown = rgb.reshape(height, 3 * width)  # short loops over plain rows are compiled to vector instructions
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        for x in range(width):
            bits = hash_bits(np.uint32(x) + np.uint32(y) * np.uint32(8192) + np.uint32(seed))
            shared = F(bits & np.uint32(255)) * F(1.0 / 127.5) - F(1)
            own = F((bits >> np.uint32(8)) & np.uint32(255)) * F(1.0 / 255.0) - F(0.5)
            noise[3 * x], noise[3 * x + 1], noise[3 * x + 2] = shared + own, shared, shared - own
        for x in range(width):
            r, g, b = F(source[y, x, 0]), F(source[y, x, 1]), F(source[y, x, 2])
            if smooths_edges and 0 < y < height - 1 and 0 < x < width - 1:
                m = luma(source, y, x)
                n, s = luma(source, y - 1, x), luma(source, y + 1, x)
                w, e = luma(source, y, x - 1), luma(source, y, x + 1)
                low, high = min(m, min(min(n, s), min(w, e))), max(m, max(max(n, s), max(w, e)))
                if high - low >= max(_EDGE_MIN, high >> _EDGE_SHARE):
                    # Blend along the edge's normal, more the farther the pixel is from its neighbours' mean.
                    vertical = abs(n + s - 2 * m) >= abs(w + e - 2 * m)
                    y0, x0 = (y - 1, x) if vertical else (y, x - 1)
                    y1, x1 = (y + 1, x) if vertical else (y, x + 1)
                    off = abs(n + s + w + e - 4 * m)
                    share = min(F(0.30), F(off) / F(4 * (high - low)) * F(0.42))
                    keep = F(1) - F(2) * share
                    r = r * keep + (F(source[y0, x0, 0]) + F(source[y1, x1, 0])) * share
                    g = g * keep + (F(source[y0, x0, 1]) + F(source[y1, x1, 1])) * share
                    b = b * keep + (F(source[y0, x0, 2]) + F(source[y1, x1, 2])) * share
            if rain > F(0):
                sy = (F(y) - F(0.5) * F(height)) * scale
                sx = (F(x) - F(0.5) * F(width)) * scale + sy * slant
                drops = F(0)
                for layer in range(NUM_RAIN_LAYERS):
                    drops += streak(layer, sx, sy, seed)
                drops *= rain
                r += (streak_light + streak_share * r - r) * drops
                g += (streak_light * F(1.02) + streak_share * g - g) * drops
                b += (streak_light * F(1.05) + streak_share * b - b) * drops
            clean[3 * x], clean[3 * x + 1], clean[3 * x + 2] = r, g, b
        for i in range(3 * width):
            shown[y, i] = np.uint8(min(F(255), max(F(0), clean[i] + noise[i] * grain + F(0.5))))
