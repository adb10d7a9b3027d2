"""Which objects a view can see, and how finely each is drawn.

Objects are kept when their box meets the view's wedge (or, for a shadow map, the lit box) and is not smaller on the
screen than ``min_pixels``. Kept draws are ordered near to far, so that most hidden surfaces fail the depth test early.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Records, kernel
from sim_scenarios.embedded_simulator.render.library import MeshLibrary
from sim_scenarios.embedded_simulator.render.model_table import ModelTable
from sim_scenarios.embedded_simulator.render.projection import DRAW, OBJECT
from sim_scenarios.embedded_simulator.render.view import NEAR_M

SHADOW_LEVEL_M = 24.0
"""Shadow maps take the level of detail that a picture takes at this distance."""
MIN_PIXELS = 0.6
"""Objects whose box is smaller than this many pixels across are not drawn."""


def view_planes(camera: Records) -> NDArray[np.float32]:
    """(5, 4) inward planes ``n . p + d >= 0`` of a perspective view: near, left, right, top, bottom."""
    forward, right, up, eye = camera["forward"][0], camera["right"][0], camera["up"][0], camera["eye"][0]
    focal, cx, cy = camera["focal_px"][0], camera["center_x"][0], camera["center_y"][0]
    normals = np.stack(
        [
            forward,
            forward * cx + right * focal,
            forward * cx - right * focal,
            forward * cy - up * focal,
            forward * cy + up * focal,
        ]
    ).astype(np.float64)
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    offsets = -normals @ eye
    offsets[0] -= NEAR_M
    return np.concatenate([normals, offsets[:, None]], axis=1).astype(np.float32)


def box_planes(camera: Records) -> NDArray[np.float32]:
    """(4, 4) inward side planes of a parallel view, open towards the light and away from it."""
    right, up, eye = camera["right"][0], camera["up"][0], camera["eye"][0]
    half_x = camera["center_x"][0] / camera["focal_px"][0]
    half_y = camera["center_y"][0] / camera["focal_px"][0]
    normals = np.stack([right, -right, up, -up]).astype(np.float64)
    offsets = -normals @ eye + np.array([half_x, half_x, half_y, half_y])
    return np.concatenate([normals, offsets[:, None]], axis=1).astype(np.float32)


@kernel
def choose_levels(
    objects: Records,
    first: int,
    last: int,
    planes: NDArray[np.float32],
    eye: NDArray[np.float32],
    pixels_per_radian: float,
    level_distances: NDArray[np.float32],
    level_meshes: NDArray[np.int64],
    shadows_of: int,
    chosen: NDArray[np.int64],
    distances: NDArray[np.float32],
) -> int:
    """List visible objects among rows ``first`` to ``last``: (object, mesh) into ``chosen``, metres into ``distances``.

    ``pixels_per_radian`` 0 means a parallel view: the level of ``SHADOW_LEVEL_M`` is taken, and there is no size limit.
    ``shadows_of``: 0 everything (a picture), 1 shadow casters that stand still, 2 shadow casters that move.
    """
    count = 0
    for o in range(first, last):
        if objects[o].num_levels == 0:
            continue
        if shadows_of > 0 and (objects[o].casts_shadow == 0 or (objects[o].moves != 0) != (shadows_of == 2)):
            continue
        cx, cy, cz = objects[o].center[0], objects[o].center[1], objects[o].center[2]
        hx, hy, hz = objects[o].half[0], objects[o].half[1], objects[o].half[2]
        seen = True
        for p in range(planes.shape[0]):
            a, b, c = planes[p, 0], planes[p, 1], planes[p, 2]
            if a * cx + b * cy + c * cz + planes[p, 3] + abs(a) * hx + abs(b) * hy + abs(c) * hz < F(0):
                seen = False
                break
        if not seen:
            continue
        dx, dy, dz = cx - eye[0], cy - eye[1], cz - eye[2]
        distance = np.sqrt(dx * dx + dy * dy + dz * dz)
        if pixels_per_radian > 0:
            across = F(2) * max(hx, max(hy, hz))
            if across * F(pixels_per_radian) < F(MIN_PIXELS) * distance:
                continue
            level_at = distance
        else:
            level_at = F(SHADOW_LEVEL_M)
        level = objects[o].first_level
        end = level + objects[o].num_levels - 1
        while level < end and level_at > level_distances[level]:
            level += 1
        chosen[count, 0] = o
        chosen[count, 1] = level_meshes[level]
        # Large boxes sort by their near side.
        distances[count] = max(F(0), distance - F(0.7) * max(hx, max(hy, hz)))
        count += 1
    return count


class Culler:
    """Makes draw lists; holds the buffers for it."""

    def __init__(self, models: ModelTable) -> None:
        self._models = models
        self._chosen = np.empty((0, 2), np.int64)
        self._distances = np.empty(0, np.float32)

    def draws(
        self, objects: Records, camera: Records, *, parallel: bool = False, shadows_of: int = 0,
        first: int = 0,
    ) -> Records:  # fmt: skip
        """The draw list (``DRAW``) of what a camera sees of the objects from row ``first`` on, near to far."""
        assert objects.dtype == OBJECT
        if len(self._chosen) < len(objects):
            self._chosen = np.empty((len(objects), 2), np.int64)
            self._distances = np.empty(len(objects), np.float32)
        count = choose_levels(
            objects, first, len(objects), box_planes(camera) if parallel else view_planes(camera),
            camera["eye"][0].astype(np.float32), 0.0 if parallel else float(camera["focal_px"][0]),
            self._models.level_distances, self._models.level_meshes, shadows_of, self._chosen, self._distances,
        )  # fmt: skip
        order = np.argsort(self._distances[:count], kind="stable")
        draws = np.zeros(count + 1, DRAW)
        draws["object"][:count], draws["mesh"][:count] = self._chosen[order].T
        draws["distance_m"][:count], draws["distance_m"][count] = self._distances[order], np.inf
        lay_end_to_end(draws, self._models.library)
        return draws


def lay_end_to_end(draws: Records, library: MeshLibrary) -> None:
    """Number the vertices and triangles of a draw list."""
    meshes = draws["mesh"][:-1]
    for name, starts in (("first_vertex", library.first_vertex), ("first_triangle", library.first_triangle)):
        draws[name][0] = 0
        np.cumsum(starts[meshes + 1] - starts[meshes], out=draws[name][1:])
