"""Lens distortion: a pinhole picture, a little wider than wanted, is bent into the one that was asked for.

CARLA bends with a material (PhysicLensDistortion) that is published as a binary asset only; its attributes keep their
names, defaults and senses here, the law is our own. With r the distance from the centre, 1 at the corners, a pixel
shows what the pinhole has at

    x * (1 - lens_circle_multiplier * lens_x_size * r ** lens_circle_falloff * (lens_k + lens_kcube * r))

and likewise y with ``lens_y_size``: a corner moves by multiplier x size, the falloff says how late it sets in, a
negative ``k`` is a barrel (more of the world in the picture), a positive one a pincushion. At CARLA's defaults the
multiplier is 0.

Tags, instances, depths, normals and flows take the pixel that lies there (a flow is what it was before the lens).
Colour is interpolated among those of the four pixels around that show the same thing as that pixel: smooth within
things, and with exactly the edges of the tag image. A lens so strong that it would look beyond ``_MOST_WIDER`` repeats
the border, as CARLA's does.
"""

from __future__ import annotations

import math
from dataclasses import replace
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, kernel
from sim_scenarios.embedded_simulator.render.optics import PINHOLE, LensShape
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of
from sim_scenarios.embedded_simulator.render.view import View

_MOST_WIDER = 1.6
"""Sides of the pinhole picture against those of the bent one."""
_WIDEST_DEG = 174.0


def bend(shape: LensShape, x: NDArray[np.float64], y: NDArray[np.float64], half_diagonal: float) -> tuple[
    NDArray[np.float64], NDArray[np.float64]
]:  # fmt: skip
    """Where a lens finds what it shows at (x, y) from the centre; any one unit of length."""
    r = np.hypot(x, y) / half_diagonal
    strength = shape.lens_circle_multiplier * r ** max(0.0, shape.lens_circle_falloff)
    strength = strength * (shape.lens_k + shape.lens_kcube * r)
    return x * (1.0 - strength * shape.lens_x_size), y * (1.0 - strength * shape.lens_y_size)


def pinhole_behind(view: View) -> View:
    """The view without a lens, longer in both sides by even numbers, that holds all that ``view`` shows."""
    source_x, source_y = _bent_grid(view.lens, view.width, view.height)
    focal = view.width / (2.0 * math.tan(math.radians(view.fov_deg) / 2.0))
    widest = 2.0 * focal * math.tan(math.radians(max(view.fov_deg, _WIDEST_DEG)) / 2.0)
    width = _wider(view.width, source_x, min(widest, _MOST_WIDER * view.width))
    height = _wider(view.height, source_y, _MOST_WIDER * view.height)
    fov_deg = min(179.0, math.degrees(2.0 * math.atan(width / 2.0 / focal)))
    return replace(view, width=width, height=height, fov_deg=fov_deg, lens=PINHOLE)


def _wider(side: int, source: NDArray[np.float64], most: float) -> int:
    return side + 2 * max(1, math.ceil(min(float(np.abs(source).max()), most / 2.0) - side / 2.0))


@lru_cache(maxsize=4)
def source_places(shape: LensShape, size: tuple[int, int], pinhole_size: tuple[int, int]) -> NDArray[np.float32]:
    """(H, W, 2) place (x, y) [px, from the corner] in the pinhole picture of each pixel's centre; sizes are (H, W)."""
    x, y = _bent_grid(shape, size[1], size[0])
    places = np.stack([x + pinhole_size[1] / 2.0, y + pinhole_size[0] / 2.0], axis=-1)
    return np.clip(places, 0.0, [pinhole_size[1] - 0.001, pinhole_size[0] - 0.001]).astype(np.float32)


def _bent_grid(shape: LensShape, width: int, height: int) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    x, y = np.meshgrid(np.arange(width) + 0.5 - width / 2.0, np.arange(height) + 0.5 - height / 2.0)
    return bend(shape, x, y, math.hypot(width, height) / 2.0)


@kernel
def bend_labels(
    worker: int, workers: int, places: NDArray[np.float32], tag: NDArray[np.uint8], instance: NDArray[np.uint16],
    depth_m: NDArray[np.float32], tag_out: NDArray[np.uint8], instance_out: NDArray[np.uint16],
    depth_out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Take each pixel's labels from the pinhole pixel that holds its place."""
    for y in range(places.shape[0]):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        for x in range(places.shape[1]):
            j, i = floor_of(places[y, x, 1]), floor_of(places[y, x, 0])
            tag_out[y, x], instance_out[y, x], depth_out[y, x] = tag[j, i], instance[j, i], depth_m[j, i]


@kernel
def bend_vectors(
    worker: int, workers: int, places: NDArray[np.float32], source: NDArray[np.float32], out: NDArray[np.float32]
) -> None:
    """Take each pixel's vector, of any length, from the pinhole pixel that holds its place."""
    for y in range(places.shape[0]):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        for x in range(places.shape[1]):
            j, i = floor_of(places[y, x, 1]), floor_of(places[y, x, 0])
            for c in range(source.shape[2]):
                out[y, x, c] = source[j, i, c]


@kernel
def bend_light(
    worker: int, workers: int, places: NDArray[np.float32], tag: NDArray[np.uint8], instance: NDArray[np.uint16],
    light: NDArray[np.float32], light_out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Fill ``light_out`` (H, W, 4): bilinear among the pixels around that show what the nearest one shows."""
    last_row, last_column = tag.shape[0] - 1, tag.shape[1] - 1
    for y in range(places.shape[0]):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        for x in range(places.shape[1]):
            px, py = places[y, x, 0], places[y, x, 1]
            nearest_y, nearest_x = floor_of(py), floor_of(px)
            of_tag, of_instance = tag[nearest_y, nearest_x], instance[nearest_y, nearest_x]
            px, py = px - F(0.5), py - F(0.5)
            left, top = floor_of(px), floor_of(py)
            fx, fy = px - F(left), py - F(top)
            r, g, b, total = F(0), F(0), F(0), F(0)
            for dy in range(2):
                j = min(last_row, max(0, top + dy))
                wy = fy if dy == 1 else F(1) - fy
                for dx in range(2):
                    i = min(last_column, max(0, left + dx))
                    if tag[j, i] == of_tag and instance[j, i] == of_instance:
                        weight = wy * (fx if dx == 1 else F(1) - fx)
                        total += weight
                        r += light[j, i, 0] * weight
                        g += light[j, i, 1] * weight
                        b += light[j, i, 2] * weight
            share = F(1) / total
            light_out[y, x, 0], light_out[y, x, 1], light_out[y, x, 2] = r * share, g * share, b * share
