"""Depth of field: what lies before or behind the distance in focus becomes a small disc.

A thin lens before a sensor 24.576 mm wide (Unreal's ``DepthOfFieldSensorWidth``), of the focal length that the field
of view asks for and an aperture of focal length / ``fstop``, in focus at ``focal_distance``. ``blade_count`` blades
make the disc a polygon, unless the aperture is as open as ``min_fstop``. ``blur_radius`` adds the haze's blur: half of
that radius (in pixels of a picture 1920 wide) at ``blur_amount`` kilometres.

At CARLA's defaults (f/1.4 at 10 m) discs stay below 2 px in a picture 1920 wide for all that is farther than 3 m. Such
blur is not drawn: ``DiscSizes.is_seen``.

Each pixel gathers from the pixels around whose discs reach it, each with the share of its light that falls there; what
lies behind a pixel reaches no farther than that pixel's own disc.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Real, Workers, inlined, kernel
from sim_scenarios.embedded_simulator.render.optics import Optics
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of

_SENSOR_MM = 24.576
_SEEN_RADIUS_PX, _SEEN_FROM_M = 1.25, 3.0
_MOST_SHARE = 0.025
"""Of the picture's width: Unreal's ``DepthOfFieldMaxBokehSize`` is of that order."""
_NUM_SAMPLES = 64
_GOLDEN_ANGLE = math.pi * (3.0 - math.sqrt(5.0))


@dataclass(frozen=True, kw_only=True, slots=True)
class DiscSizes:
    """Radius of the disc that a point becomes, by its distance."""

    endless_px: float
    """Of what is endlessly far, by the lens."""
    focus_m: float
    haze_px: float
    """What the haze's blur becomes."""
    haze_m: float
    """Where it is half of that."""
    most_px: float

    @property
    def is_seen(self) -> bool:
        """Whether anything farther than a few metres is blurred visibly."""
        near = abs(1.0 - self.focus_m / _SEEN_FROM_M)
        return max(self.endless_px * max(1.0, near), self.haze_px) > _SEEN_RADIUS_PX

    def record(self) -> NDArray[np.float32]:
        """The five numbers, as the kernels read them."""
        return np.array([self.endless_px, self.focus_m, self.haze_px, self.haze_m, self.most_px], np.float32)


def disc_sizes(optics: Optics, width: int, focal_px: float) -> DiscSizes:
    """The discs of a camera with a picture of that width."""
    focal_mm = _SENSOR_MM * focal_px / width
    focus_mm = max(10.0 * optics.focal_distance, 2.0 * focal_mm)
    aperture_mm = focal_mm / max(0.1, optics.fstop)
    return DiscSizes(
        endless_px=0.5 * aperture_mm * focal_mm / (focus_mm - focal_mm) * width / _SENSOR_MM,
        focus_m=focus_mm / 1000.0,
        haze_px=max(0.0, optics.blur_radius) * width / 1920.0,
        haze_m=1000.0 * max(1e-3, optics.blur_amount),
        most_px=_MOST_SHARE * width,
    )


@lru_cache(maxsize=4)
def aperture_points(blades: int) -> NDArray[np.float32]:
    """(N, 2) points spread evenly over a disc of radius 1, or over a polygon with that many corners; 0 for a disc."""
    points = []
    for i in range(_NUM_SAMPLES):
        radius, angle = math.sqrt((i + 0.5) / _NUM_SAMPLES), i * _GOLDEN_ANGLE
        if blades:
            side = 2.0 * math.pi / blades
            radius *= math.cos(side / 2.0) / math.cos(angle % side - side / 2.0)
        points.append((radius * math.cos(angle), radius * math.sin(angle)))
    return np.array(points, np.float32)


def blur_by_distance(
    workers: Workers, optics: Optics, discs: DiscSizes, nearness: NDArray[np.float32], light: NDArray[np.float32],
    out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Fill ``out`` (H, W, 4) from ``light`` (H, W, 4) and ``nearness`` (H, W) [1/m]."""
    height, width = nearness.shape
    tile = math.ceil(discs.most_px)
    reach = np.zeros((math.ceil(height / tile), math.ceil(width / tile)), np.float32)
    record = discs.record()
    workers.run(find_reach, record, tile, nearness, reach)
    blades = 0 if optics.fstop <= optics.min_fstop else min(16, max(4, optics.blade_count))
    workers.run(gather_discs, record, aperture_points(blades), tile, reach, nearness, light, out)


@inlined
def disc_radius(discs: NDArray[np.float32], near: Real) -> Real:
    """Radius [px] of a point's disc by 1 / distance."""
    lens = discs[0] * abs(F(1) - discs[1] * near)
    haze = discs[2] / (F(1) + discs[3] * near)
    return min(discs[4], max(lens, haze))


@kernel
def find_reach(
    worker: int, workers: int, discs: NDArray[np.float32], tile: int, nearness: NDArray[np.float32],
    reach: NDArray[np.float32],
) -> None:  # fmt: skip
    """Largest disc of each tile of ``tile`` pixels."""
    height, width = nearness.shape
    for j in range(reach.shape[0]):
        if j % workers != worker:
            continue
        for i in range(reach.shape[1]):
            most = F(0)
            for y in range(j * tile, min(height, (j + 1) * tile)):
                for x in range(i * tile, min(width, (i + 1) * tile)):
                    most = max(most, disc_radius(discs, nearness[y, x]))
            reach[j, i] = most


@kernel
def gather_discs(
    worker: int, workers: int, discs: NDArray[np.float32], points: NDArray[np.float32], tile: int,
    reach: NDArray[np.float32], nearness: NDArray[np.float32], light: NDArray[np.float32], out: NDArray[np.float32],
) -> None:  # fmt: skip
    """Sum for each pixel the light of the discs that cover it."""
    height, width = nearness.shape
    count = points.shape[0]
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        j = y // tile
        for x in range(width):
            i = x // tile
            most = F(0)
            for k in range(max(0, j - 1), min(reach.shape[0], j + 2)):
                for m in range(max(0, i - 1), min(reach.shape[1], i + 2)):
                    most = max(most, reach[k, m])
            r, g, b = light[y, x, 0], light[y, x, 1], light[y, x, 2]
            if most > F(0.5):
                near = nearness[y, x]
                own = max(F(0.5), disc_radius(discs, near))
                total = F(0.318) / (own * own)
                r, g, b = r * total, g * total, b * total
                area = most * most / F(count)
                for s in range(count):
                    ox, oy = floor_of(points[s, 0] * most + F(0.5)), floor_of(points[s, 1] * most + F(0.5))
                    sx, sy = min(width - 1, max(0, x + ox)), min(height - 1, max(0, y + oy))
                    there = nearness[sy, sx]
                    disc = max(F(0.5), disc_radius(discs, there))
                    if there < near:
                        disc = min(disc, own)
                    cover = min(F(1), disc - math.sqrt(F(ox * ox + oy * oy)) + F(0.5))
                    if cover > F(0):
                        weight = cover * area / (disc * disc)
                        total += weight
                        r += light[sy, sx, 0] * weight
                        g += light[sy, sx, 1] * weight
                        b += light[sy, sx, 2] * weight
                share = F(1) / total
                r, g, b = r * share, g * share, b * share
            out[y, x, 0], out[y, x, 1], out[y, x, 2] = r, g, b
