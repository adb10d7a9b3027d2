"""From the draws of a frame to corner points in camera coordinates.

A *draw* is one mesh of one object: the unit that culling keeps or drops. The vertices of all draws are laid end to end
in the frame's vertex buffer; the buffer holds camera coordinates [m] only (right, up, forward), everything else about
a vertex is fetched from the library by the few triangles that turn out to be seen.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.jit import F, Records, inlined, kernel
from sim_scenarios.embedded_simulator.render.mesh import Part

OBJECT = np.dtype(
    [
        ("rotation", np.float32, (3, 3)),  # object frame -> world
        ("origin", np.float32, (3,)),  # [m]
        ("center", np.float32, (3,)),  # of the box that holds it, world [m]
        ("half", np.float32, (3,)),  # half extents of that box, world axes [m]
        ("tint", np.float32, (len(Part), 3)),  # linear colour by Part, multiplied with the vertex colour
        ("glow", np.float32, (len(Part),)),  # emission by Part; windows go by the hour unless it is below 0
        ("cabin", np.float32, (8,)),  # see ``cabin.py``
        ("first_level", np.int32),  # levels of detail: a run of the level table
        ("num_levels", np.int32),  # 0: not drawn
        ("joint_base", np.int32),  # first of an actor's joint motions, or -1 for a rigid object
        ("seed", np.uint32),  # decides which windows are lit
        ("instance", np.uint16),
        ("casts_shadow", np.uint8),
        ("moves", np.uint8),  # an actor: not in the static shadow maps
    ],
    align=True,
)
"""One row of the object table."""

DRAW = np.dtype(
    [
        ("object", np.int64),
        ("mesh", np.int64),
        ("first_vertex", np.int64),  # in the frame's vertex buffer
        ("first_triangle", np.int64),  # in the frame's numbering of triangles
        ("distance_m", np.float32),  # about that of the object's near side
    ],
    align=True,
)
"""One row of the draw list; the list ends with a row that only closes the last run."""


@inlined
def draw_of(draws: Records, element: int, by_triangle: bool) -> int:
    """Number of the draw that holds a vertex (or triangle) of the frame."""
    low, high = 0, draws.shape[0] - 1
    while high - low > 1:
        middle = (low + high) // 2
        start = draws[middle].first_triangle if by_triangle else draws[middle].first_vertex
        if start <= element:
            low = middle
        else:
            high = middle
    return low


@kernel
def project_vertices(
    worker: int,
    workers: int,
    camera: Records,
    draws: Records,
    first_draw: int,
    objects: Records,
    joint_motions: NDArray[np.float32],
    positions: NDArray[np.float32],
    joints: NDArray[np.uint8],
    pivots: NDArray[np.float32],
    mesh_first_vertex: NDArray[np.int64],
    corners: NDArray[np.float32],
) -> None:
    """Write the camera coordinates of every vertex of the draws from ``first_draw`` on to ``corners`` (>= V, 3)."""
    first = draws[first_draw].first_vertex
    total = draws[draws.shape[0] - 1].first_vertex - first
    begin, end = first + worker * total // workers, first + (worker + 1) * total // workers
    if begin == end:
        return
    axes = np.empty((3, 3), np.float32)
    matrix = np.empty((3, 3), np.float32)
    shift = np.empty(3, np.float32)
    for i in range(3):
        axes[0, i] = camera[0].right[i]
        axes[1, i] = camera[0].up[i]
        axes[2, i] = camera[0].forward[i]
    d = draw_of(draws, begin, False)
    while d < draws.shape[0] - 1 and draws[d].first_vertex < end:
        start = draws[d].first_vertex
        o = draws[d].object
        for i in range(3):
            shift[i] = F(0)
            for j in range(3):
                away = F(objects[o].origin[j] - camera[0].eye[j])
                shift[i] += axes[i, j] * away
                matrix[i, j] = F(0)
                for k in range(3):
                    matrix[i, j] += axes[i, k] * objects[o].rotation[k, j]
        base = objects[o].joint_base
        source = mesh_first_vertex[draws[d].mesh] - start
        for v in range(max(begin, start), min(end, draws[d + 1].first_vertex)):
            s = v + source
            x, y, z = positions[s, 0], positions[s, 1], positions[s, 2]
            if base >= 0 and joints[s] != 0:
                turn = base + np.int64(joints[s])
                px, py, pz = pivots[s, 0], pivots[s, 1], pivots[s, 2]
                x, y, z = x - px, y - py, z - pz
                x, y, z = (
                    px
                    + joint_motions[turn, 0, 3]
                    + joint_motions[turn, 0, 0] * x
                    + joint_motions[turn, 0, 1] * y
                    + joint_motions[turn, 0, 2] * z,
                    py
                    + joint_motions[turn, 1, 3]
                    + joint_motions[turn, 1, 0] * x
                    + joint_motions[turn, 1, 1] * y
                    + joint_motions[turn, 1, 2] * z,
                    pz
                    + joint_motions[turn, 2, 3]
                    + joint_motions[turn, 2, 0] * x
                    + joint_motions[turn, 2, 1] * y
                    + joint_motions[turn, 2, 2] * z,
                )
            corners[v, 0] = matrix[0, 0] * x + matrix[0, 1] * y + matrix[0, 2] * z + shift[0]
            corners[v, 1] = matrix[1, 0] * x + matrix[1, 1] * y + matrix[1, 2] * z + shift[1]
            corners[v, 2] = matrix[2, 0] * x + matrix[2, 1] * y + matrix[2, 2] * z + shift[2]
        d += 1
