"""Optical flow: how far what a pixel shows has come on the screen since the camera saw it before.

A triangle's corners are known in both cameras' coordinates, whatever has moved in between: the camera, an actor, a
wheel or a limb. With the corners now and then as the columns of A and B, and a pixel's ray d (forward component 1), the
same point of the triangle was seen along ``d + (B - A) inverse(A) d``. So a triangle costs one matrix, found in
float64, and what has not moved has a flow of exactly zero. The sky is infinitely far away: only a camera that turns
moves it.

The unit is that of Unreal's velocity buffer, which CARLA sends (Carla/Sensor/OpticalFlowCamera.cpp): now minus then, in
normalised device coordinates, x to the right and y up, each from -2 to 2; ``width / 2`` and ``-height / 2`` make pixels
of it.
"""

from __future__ import annotations

import dataclasses

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.actors import ActorPoser
from sim_scenarios.embedded_simulator.render.jit import F, Record, Records, Workers, inlined, kernel
from sim_scenarios.embedded_simulator.render.library import MeshLibrary
from sim_scenarios.embedded_simulator.render.projection import project_vertices
from sim_scenarios.embedded_simulator.render.raster import BAND_SHIFT, NO_SLOT
from sim_scenarios.embedded_simulator.render.view import Sighting, camera_record
from sim_scenarios.embedded_simulator.render.visibility import Visible
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot

LARGEST_FLOW = 2.0
"""As much as CARLA's encoding holds: twice the image."""
_LEAST_DEPTH = 1e-6
"""Of a point then, in its depth now: what was beside the camera or behind it has come in from the edge of the image."""


@inlined
def turn_of_the_sky(camera: Records, earlier: Records, change: NDArray[np.float64]) -> None:
    """Fill ``change`` (3, 3): what the camera's turning adds to a ray (right, up, forward), then minus now."""
    for i in range(3):
        for j in range(3):
            change[i, j] = 0.0
    for k in range(3):
        now = (camera[0].right[k], camera[0].up[k], camera[0].forward[k])
        then = (earlier[0].right[k], earlier[0].up[k], earlier[0].forward[k])
        for i in range(3):
            for j in range(3):
                change[i, j] += (np.float64(then[i]) - np.float64(now[i])) * np.float64(now[j])


@inlined
def change_of_triangle(
    slot: Record, draws: Records, corners: NDArray[np.float32], earlier_corners: NDArray[np.float32],
    mesh_first_vertex: NDArray[np.int64], triangles: NDArray[np.int32], point: NDArray[np.float64],
    moved: NDArray[np.float64], change: NDArray[np.float64],
) -> None:  # fmt: skip
    """Fill ``change`` (3, 3) with ``(B - A) inverse(A)``; ``point`` and ``moved`` (3, 3) are scratch."""
    draw = draws[slot.draw]
    shift = draw.first_vertex - mesh_first_vertex[draw.mesh]
    for i in range(3):
        v = np.int64(triangles[slot.triangle, i]) + shift
        for j in range(3):
            point[i, j] = corners[v, j]
            moved[i, j] = np.float64(earlier_corners[v, j]) - np.float64(corners[v, j])
            change[i, j] = 0.0
    inverse = 0.0
    for c in range(3):
        # Row c of the inverse of A, as far as the common factor 1 / det.
        k, m = (c + 1) % 3, (c + 2) % 3
        x = point[k, 1] * point[m, 2] - point[k, 2] * point[m, 1]
        y = point[k, 2] * point[m, 0] - point[k, 0] * point[m, 2]
        z = point[k, 0] * point[m, 1] - point[k, 1] * point[m, 0]
        if c == 0:
            volume = point[0, 0] * x + point[0, 1] * y + point[0, 2] * z
            inverse = 1.0 / volume if volume != 0.0 else 0.0
        for i in range(3):
            change[i, 0] += moved[c, i] * x * inverse
            change[i, 1] += moved[c, i] * y * inverse
            change[i, 2] += moved[c, i] * z * inverse


@kernel
def flow_pixels(
    worker: int,
    workers: int,
    camera: Records,
    earlier: Records,
    slots: Records,
    slot_at: NDArray[np.int32],
    draws: Records,
    corners: NDArray[np.float32],
    earlier_corners: NDArray[np.float32],
    mesh_first_vertex: NDArray[np.int64],
    triangles: NDArray[np.int32],
    largest: float,
    least_depth: float,
    flow: NDArray[np.float32],
) -> None:
    """Fill ``flow`` (H, W, 2) from the corners of all draws in both cameras' coordinates (>= V, 3)."""
    height, width = slot_at.shape
    focal = np.float64(camera[0].focal_px)
    center_x, center_y = 0.5 * width, 0.5 * height
    scale_x, scale_y = focal / center_x, focal / center_y
    change, point, moved = np.empty((3, 3)), np.empty((3, 3)), np.empty((3, 3))
    for y in range(height):
        if (y >> BAND_SHIFT) % workers != worker:
            continue
        up = (center_y - y - 0.5) / focal
        last = NO_SLOT - 1
        for x in range(width):
            k = slot_at[y, x]
            if k != last:
                last = k
                if k == NO_SLOT:
                    turn_of_the_sky(camera, earlier, change)
                else:
                    change_of_triangle(
                        slots[k], draws, corners, earlier_corners, mesh_first_vertex, triangles, point, moved, change
                    )
            right = (x + 0.5 - center_x) / focal
            then_right = right + (change[0, 0] * right + change[0, 1] * up + change[0, 2])
            then_up = up + (change[1, 0] * right + change[1, 1] * up + change[1, 2])
            depth = max(least_depth, 1.0 + (change[2, 0] * right + change[2, 1] * up + change[2, 2]))
            flow[y, x, 0] = F(min(largest, max(-largest, (right - then_right / depth) * scale_x)))
            flow[y, x, 1] = F(min(largest, max(-largest, (up - then_up / depth) * scale_y)))


class FlowPass:
    """Poses the world of an earlier snapshot beside the present one, and compares the two."""

    def __init__(self, library: MeshLibrary, poser: ActorPoser, workers: Workers) -> None:
        """``poser`` is this pass's own: the renderer's keeps the pose of now."""
        self._library, self._poser, self._workers = library, poser, workers
        self._corners = np.empty((0, 3), np.float32)

    def run(
        self, camera: Records, slot_at: NDArray[np.int32], visible: Visible, snapshot: Snapshot, earlier: Sighting
    ) -> NDArray[np.float32]:
        """(H, W, 2) of what ``visible`` holds of ``snapshot``, in memory of its own.

        Every pixel has its flow, also where the point was outside the image or hidden then. An actor that did not exist
        then counts as one that has not moved.
        """
        library, earlier_camera = self._library, camera_record(earlier.view)
        objects, joints = self._poser.pose(_then(snapshot, earlier.snapshot))
        if len(self._corners) < len(visible.corners):
            self._corners = np.empty_like(visible.corners)
        self._workers.run(
            project_vertices, earlier_camera, visible.draws, 0, objects, joints, library.positions, library.joints,
            library.pivots, library.first_vertex, self._corners,
        )  # fmt: skip
        flow = np.empty((*slot_at.shape, 2), np.float32)
        self._workers.run(
            flow_pixels, camera, earlier_camera, visible.slots, slot_at, visible.draws, visible.corners, self._corners,
            library.first_vertex, library.triangles, LARGEST_FLOW, _LEAST_DEPTH, flow,
        )  # fmt: skip
        return flow


def _then(now: Snapshot, earlier: Snapshot) -> Snapshot:
    """The earlier snapshot with the actors of now, in their order: the rows of both object tables then agree."""
    known = {actor.id: actor for actor in earlier.actors}
    return dataclasses.replace(earlier, actors=tuple(known.get(actor.id, actor) for actor in now.actors))
