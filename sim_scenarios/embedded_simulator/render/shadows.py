"""Shadow maps: parallel views along the light.

Three of them: the whole town at a few texels a metre, kept for each direction of the sun; a sharper one of the standing
things around the camera, kept for each cell of ground; and the actors near the camera, drawn anew for each picture.
The light's direction is rounded to ``SUN_STEP_DEG``, so that a picture depends on the snapshot alone and never on which
map happened to be kept.
"""

from __future__ import annotations

import math
import threading
from collections import OrderedDict
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.culling import Culler
from sim_scenarios.embedded_simulator.render.jit import F, Real, Record, Records, Workers, inlined
from sim_scenarios.embedded_simulator.render.model_source import Textures
from sim_scenarios.embedded_simulator.render.quality import Quality
from sim_scenarios.embedded_simulator.render.scene import Scene
from sim_scenarios.embedded_simulator.render.texture_sampling import floor_of
from sim_scenarios.embedded_simulator.render.view import CAMERA
from sim_scenarios.embedded_simulator.render.visibility import VisibilityPass

SUN_STEP_DEG = 1.0
NEAR_SIDE_M, NEAR_CELL_M, NEAR_AHEAD_M = 112.0, 16.0, 28.0
MOVING_SIDE_M, MOVING_AHEAD_M = 72.0, 26.0
KEPT_NEAR_MAPS = 6
"""One for each of a few cameras that look different ways."""
_RANGE_M = 1500.0
"""Casters and receivers lie within this distance of the map's centre along the light."""

SHADOW = np.dtype(
    [
        ("eye", np.float32, (3,)),
        ("right", np.float32, (3,)),
        ("up", np.float32, (3,)),
        ("forward", np.float32, (3,)),
        ("pixels_per_m", np.float32),
        ("nearness_per_m", np.float32),
        ("bias_m", np.float32),  # along the light, about one texel
        ("offset_m", np.float32),  # along a surface's normal, a little more
        ("size", np.int64),  # 0: no map
    ],
    align=True,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class ShadowMaps:
    """What the lighting looks shadows up in."""

    records: Records
    """(3,) ``SHADOW``: moving, near, town."""
    moving: NDArray[np.float32]
    near: NDArray[np.float32]
    town: NDArray[np.float32]
    """(S, S) nearness to the light, 0 where nothing stands."""


@inlined
def lit_by(record: Record, depth: NDArray[np.float32], x: Real, y: Real, z: Real, nx: Real, ny: Real, nz: Real) -> Real:
    """Share of the light that reaches a surface point with a normal, or -1 outside the map.

    0..1, bilinear over four comparisons. The point is moved along its normal and along the light by about a texel.
    """
    size = record.size
    if size == 0:
        return F(-1)
    offset = record.offset_m
    x, y, z = x + nx * offset - record.eye[0], y + ny * offset - record.eye[1], z + nz * offset - record.eye[2]
    half = F(size) * F(0.5)
    px = half + record.pixels_per_m * (x * record.right[0] + y * record.right[1] + z * record.right[2]) - F(0.5)
    py = half - record.pixels_per_m * (x * record.up[0] + y * record.up[1] + z * record.up[2]) - F(0.5)
    ix, iy = floor_of(px), floor_of(py)
    if ix < 1 or iy < 1 or ix >= size - 2 or iy >= size - 2:
        return F(-1)
    forward = x * record.forward[0] + y * record.forward[1] + z * record.forward[2]
    near = F(0.5) - record.nearness_per_m * (forward - record.bias_m)
    fx, fy = px - F(ix), py - F(iy)
    a = F(1) if near >= depth[iy, ix] else F(0)
    b = F(1) if near >= depth[iy, ix + 1] else F(0)
    c = F(1) if near >= depth[iy + 1, ix] else F(0)
    d = F(1) if near >= depth[iy + 1, ix + 1] else F(0)
    return (a * (F(1) - fx) + b * fx) * (F(1) - fy) + (c * (F(1) - fx) + d * fx) * fy


@inlined
def sunlight_at(
    records: Records, moving: NDArray[np.float32], near: NDArray[np.float32], town: NDArray[np.float32],
    x: Real, y: Real, z: Real, nx: Real, ny: Real, nz: Real,
) -> Real:  # fmt: skip
    """Share of the sun that reaches a surface point with a normal; 1 outside every map."""
    lit = lit_by(records[1], near, x, y, z, nx, ny, nz)
    if lit < F(0):
        lit = lit_by(records[2], town, x, y, z, nx, ny, nz)
        if lit < F(0):
            lit = F(1)
    if lit > F(0) and records[0].size > 0:
        by_actors = lit_by(records[0], moving, x, y, z, nx, ny, nz)
        if by_actors >= F(0):
            lit *= by_actors
    return lit


def rounded_light(sun: NDArray[np.float32]) -> tuple[int, int]:
    """Altitude and azimuth of a direction in steps of ``SUN_STEP_DEG``: the key of every kept map."""
    altitude = math.degrees(math.asin(max(-1.0, min(1.0, float(sun[2])))))
    azimuth = math.degrees(math.atan2(float(sun[1]), float(sun[0])))
    return round(altitude / SUN_STEP_DEG), round(azimuth / SUN_STEP_DEG)


def light_camera(
    light: tuple[int, int], center: NDArray[np.float64], *, side_m: float, size_px: int, snap: bool = False
) -> Records:
    """A parallel view along the light as a ``CAMERA`` record; ``snap`` aligns it to whole texels."""
    altitude, azimuth = (math.radians(step * SUN_STEP_DEG) for step in light)
    forward = -np.array(
        [math.cos(altitude) * math.cos(azimuth), math.cos(altitude) * math.sin(azimuth), math.sin(altitude)]
    )
    right = np.array([-math.sin(azimuth), math.cos(azimuth), 0.0])
    up = np.cross(forward, right)
    pixels_per_m = size_px / side_m
    if snap:
        along = np.floor(np.array([center @ right, center @ up]) * pixels_per_m) / pixels_per_m
        center = along[0] * right + along[1] * up + (center @ forward) * forward
    camera = np.zeros(1, CAMERA)
    camera["eye"], camera["forward"], camera["right"], camera["up"] = center, forward, right, up
    camera["focal_px"], camera["center_x"], camera["center_y"] = pixels_per_m, size_px / 2.0, size_px / 2.0
    camera["width"], camera["height"] = size_px, size_px
    return camera


class StandingShadows:
    """Draws and keeps the maps of what stands still; several cameras may ask at the same time."""

    def __init__(self, scene: Scene, textures: Textures, workers: Workers, culler: Culler, quality: Quality) -> None:
        self._scene, self._culler = scene, culler
        self._town_px, self._near_px = quality.town_shadow_px, quality.near_shadow_px
        self._pass = VisibilityPass(scene.models.library, textures, workers)
        self._town: tuple[tuple[int, int], Records, NDArray[np.float32]] | None = None
        self._near: OrderedDict[tuple[int, int, int, int], tuple[Records, NDArray[np.float32]]] = OrderedDict()
        self._slot_scratch = np.empty(max(self._town_px, self._near_px) ** 2, np.int32)
        self._no_joints = np.zeros((1, 3, 4), np.float32)
        self._hidden: frozenset[int] = frozenset()
        self._lock = threading.Lock()

    def maps(
        self, light: tuple[int, int], camera: Records, objects: Records, *, hidden: frozenset[int]
    ) -> tuple[tuple[Records, NDArray[np.float32]], tuple[Records, NDArray[np.float32]]]:
        """The light's view and the map of the town, and those of what is near a camera; nobody writes to them again.

        ``hidden`` are the environment objects that ``objects`` leaves out: other ones make all kept maps void.
        """
        standing = objects[: len(self._scene.objects)]
        with self._lock:
            if hidden != self._hidden:
                self._hidden, self._town = hidden, None
                self._near.clear()
            return self._town_map(light, standing), self._near_map(light, camera, standing)

    def _town_map(self, light: tuple[int, int], objects: Records) -> tuple[Records, NDArray[np.float32]]:
        if self._town is None or self._town[0] != light:
            self._town = None  # before there is memory for another
            low, high = np.array(self._scene.streets_min), np.array(self._scene.streets_max)
            camera = light_camera(light, (low + high) / 2.0, side_m=1.0, size_px=self._town_px)
            across = np.abs(np.stack([camera["right"][0], camera["up"][0]])) @ (high - low)
            camera = light_camera(light, (low + high) / 2.0, side_m=float(across.max()), size_px=self._town_px)
            self._town = (light, camera, self._draw(camera, objects))
        return self._town[1:]

    def _near_map(
        self, light: tuple[int, int], camera: Records, objects: Records
    ) -> tuple[Records, NDArray[np.float32]]:
        cell = np.round(_ahead(camera, NEAR_AHEAD_M) / NEAR_CELL_M)
        key = (*light, int(cell[0]), int(cell[1]))
        if key in self._near:
            self._near.move_to_end(key)
            return self._near[key]
        if len(self._near) >= KEPT_NEAR_MAPS:
            self._near.popitem(last=False)
        light_view = light_camera(light, cell * NEAR_CELL_M, side_m=NEAR_SIDE_M, size_px=self._near_px)
        self._near[key] = (light_view, self._draw(light_view, objects))
        return self._near[key]

    def _draw(self, light_view: Records, objects: Records) -> NDArray[np.float32]:
        side = int(light_view["width"][0])
        depth = np.zeros((side, side), np.float32)
        draws = self._culler.draws(objects, light_view, parallel=True, shadows_of=1)
        if len(draws) > 1:
            self._pass.run(
                light_view, draws, objects, self._no_joints, parallel_scale=0.5 / _RANGE_M, nearness=depth,
                slot_at=self._slot_scratch[: depth.size].reshape(depth.shape),
            )  # fmt: skip
        return depth


class ShadowCaster:
    """The maps for a picture: the kept ones, and one of the actors near the camera."""

    def __init__(
        self, standing: StandingShadows, scene: Scene, textures: Textures, workers: Workers, culler: Culler,
        quality: Quality,
    ) -> None:  # fmt: skip
        self._standing, self._culler, self._first_actor = standing, culler, len(scene.objects)
        self._pass = VisibilityPass(scene.models.library, textures, workers)
        self._moving = np.zeros((quality.moving_shadow_px, quality.moving_shadow_px), np.float32)
        self._slots = np.empty(self._moving.shape, np.int32)  # of no use: which triangle is nearest

    def maps(
        self, look: Records, camera: Records, objects: Records, joints: NDArray[np.float32], *, hidden: frozenset[int]
    ) -> ShadowMaps:
        """The maps for a picture; empty ones when the light is too weak for shadows. ``hidden`` as above."""
        records = np.zeros(3, SHADOW)
        if not look["has_shadows"][0]:
            blank = np.zeros((1, 1), np.float32)
            return ShadowMaps(records=records, moving=blank, near=blank, town=blank)
        light = rounded_light(look["sun"][0])
        (town_camera, town), (near_camera, near) = self._standing.maps(light, camera, objects, hidden=hidden)
        moving_camera = light_camera(
            light, _ahead(camera, MOVING_AHEAD_M), side_m=MOVING_SIDE_M, size_px=len(self._moving), snap=True
        )
        draws = self._culler.draws(objects, moving_camera, parallel=True, shadows_of=2, first=self._first_actor)
        if len(draws) > 1:
            self._pass.run(
                moving_camera, draws, objects, joints, parallel_scale=0.5 / _RANGE_M,
                nearness=self._moving, slot_at=self._slots,
            )  # fmt: skip
            _describe(records, 0, moving_camera)
        _describe(records, 1, near_camera)
        _describe(records, 2, town_camera)
        return ShadowMaps(records=records, moving=self._moving, near=near, town=town)


def _ahead(camera: Records, metres: float) -> NDArray[np.float64]:
    """A point on the ground plane in front of a camera."""
    flat = camera["forward"][0, :2].astype(np.float64)
    length = float(np.linalg.norm(flat))
    direction = flat / length if length > 1e-3 else np.zeros(2)
    return np.array([*(camera["eye"][0, :2] + direction * metres), 0.0])


def _describe(records: Records, number: int, camera: Records) -> None:
    for axis in ("eye", "right", "up", "forward"):
        records[axis][number] = camera[axis][0]
    records["pixels_per_m"][number] = camera["focal_px"][0]
    records["nearness_per_m"][number] = 0.5 / _RANGE_M
    pixels_per_m = records["pixels_per_m"][number]
    records["bias_m"][number] = np.float32(0.7) / pixels_per_m
    records["offset_m"][number] = np.float32(0.05 if number == 2 else 0.03) + np.float32(1.2) / pixels_per_m
    records["size"][number] = camera["width"][0]
