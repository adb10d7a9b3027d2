"""The scene's triangles in the form in which rays look for them.

Two levels: for each mesh of the library a tree of its triangles, built once; above them a tree of the objects' boxes.
Of a mesh that an actor moves by joints each rigid group of triangles has a tree of its own, so that turning wheels and
swinging legs need no tree to be built anew. The same triangles are drawn by the cameras, and at the same level of
detail.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bvh import Trees, trees_over
from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.library import PART, MeshLibrary
from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.scene import Scene

_TRIANGLES_A_LEAF = 4
_OBJECTS_A_LEAF = 1


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RayGeometry:
    """What rays need of a scene."""

    trees: Trees
    """One for each group, over the library's triangles."""
    first_group: NDArray[np.int64]
    """(M + 1,) where each mesh's groups start."""
    group_joints: NDArray[np.uint8]
    """(G,) ``Joint``."""
    group_pivots: NDArray[np.float32]
    """(G, 3) [m]."""
    corners: NDArray[np.float32]
    """(T, 9) first corner, then the two edges from it [m], in the order of ``trees.order``."""
    is_leaf: NDArray[np.bool_]
    """(T,) whether a triangle is a leaf, in the same order."""
    objects: Trees
    """One tree over the boxes of the rows that stand still."""


def build_ray_geometry(scene: Scene) -> RayGeometry:
    """Sort all meshes of a scene into trees."""
    library = scene.library
    mesh_of = np.repeat(np.arange(len(library.first_triangle) - 1), np.diff(library.first_triangle))  # (T,)
    by_group, keys = _grouped_by_joint(library, mesh_of, _jointed_meshes(scene))
    corners = library.positions[library.triangles]  # (T, 3, 3)
    boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
    starts = np.flatnonzero(np.any(np.diff(keys, axis=0, prepend=-1), axis=1))
    trees = trees_over(np.ascontiguousarray(boxes[by_group]), np.append(starts, len(keys)), leaf_size=_TRIANGLES_A_LEAF)
    order = by_group[trees.order].astype(np.int32)
    sorted_corners = corners[order]
    sorted_corners[:, 1:] -= sorted_corners[:, :1]
    return RayGeometry(
        trees=Trees(boxes=trees.boxes, children=trees.children, order=order, roots=trees.roots),
        first_group=np.searchsorted(keys[starts, 0], np.arange(len(library.first_triangle))).astype(np.int64),
        group_joints=keys[starts, 1].astype(np.uint8),
        group_pivots=library.pivots[library.triangles[by_group[starts], 0]],
        corners=np.ascontiguousarray(sorted_corners.reshape(-1, 9)),
        is_leaf=library.triangle_info[order, PART] == Part.LEAF,
        objects=trees_over(
            object_boxes(scene.objects), np.array([0, len(scene.objects)], np.int64), leaf_size=_OBJECTS_A_LEAF
        ),
    )


def object_boxes(objects: Records) -> NDArray[np.float32]:
    """(O, 6) least and greatest corner of the boxes of object rows [m]."""
    return np.concatenate([objects["center"] - objects["half"], objects["center"] + objects["half"]], axis=1)


def _jointed_meshes(scene: Scene) -> NDArray[np.bool_]:
    """(M,) whether an actor's joints move parts of a mesh."""
    jointed = np.zeros(len(scene.library.first_triangle) - 1, bool)
    for entry in (*scene.vehicles.values(), *scene.walkers.values(), *scene.props.values()):
        jointed[scene.level_meshes[entry.first_level : entry.first_level + entry.num_levels]] = True
    return jointed


def _grouped_by_joint(
    library: MeshLibrary, mesh_of: NDArray[np.int64], jointed: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Triangles (T,) sorted by group, and each one's group (T, 3): mesh, joint, number of the pivot in its mesh."""
    vertex = library.triangles[:, 0]
    moved = jointed[mesh_of] & (library.joints[vertex] != 0)
    keys = np.stack([mesh_of, np.zeros_like(mesh_of), np.zeros_like(mesh_of)], axis=1)
    if moved.any():
        keys[moved, 1] = library.joints[vertex[moved]]
        _, pivot = np.unique(library.pivots[vertex[moved]], axis=0, return_inverse=True)
        keys[moved, 2] = pivot.reshape(-1)
    order = np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))
    return order, keys[order]
