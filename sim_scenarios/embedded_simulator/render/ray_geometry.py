"""The scene's triangles in the form in which rays look for them.

Two levels: for each mesh of the library a tree of its triangles, planted once; above them a tree of the objects' boxes.
Of a mesh that an actor moves by joints each rigid group of triangles has a tree of its own, so that turning wheels and
swinging legs need no tree to be built anew. The same triangles are drawn by the cameras, and at the same level of
detail.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.bvh import Trees, behind, trees_over
from sim_scenarios.embedded_simulator.render.jit import Records
from sim_scenarios.embedded_simulator.render.library import PART, MeshLibrary
from sim_scenarios.embedded_simulator.render.mesh import Part
from sim_scenarios.embedded_simulator.render.rows import GrowingRows
from sim_scenarios.embedded_simulator.render.scene import Scene

_TRIANGLES_A_LEAF = 4
_OBJECTS_A_LEAF = 1


class RayGeometry:
    """What rays need of a scene, whose library may have grown since the last time: see ``update``."""

    def __init__(self, scene: Scene) -> None:
        self._scene = scene
        self._boxes = GrowingRows(np.zeros((0, 2, 6), np.float32))
        self._children = GrowingRows(np.zeros((0, 2), np.int32))
        self._order = GrowingRows(np.zeros(0, np.int32))
        self._roots = GrowingRows(np.zeros(0, np.int32))
        self._first_group = GrowingRows(np.zeros(1, np.int64))
        self._group_joints = GrowingRows(np.zeros(0, np.uint8))
        self._group_pivots = GrowingRows(np.zeros((0, 3), np.float32))
        self._corners = GrowingRows(np.zeros((0, 9), np.float32))
        self._is_leaf = GrowingRows(np.zeros(0, np.bool_))
        every_row = np.array([0, len(scene.objects)], np.int64)
        self.objects = trees_over(object_boxes(scene.objects), every_row, leaf_size=_OBJECTS_A_LEAF)
        """One tree over the boxes of the rows that stand still."""
        self.update()

    @property
    def trees(self) -> Trees:
        """One for each group, over the library's triangles."""
        return Trees(
            boxes=self._boxes.rows, children=self._children.rows, order=self._order.rows, roots=self._roots.rows
        )

    @property
    def first_group(self) -> NDArray[np.int64]:
        """(M + 1,) where each mesh's groups start."""
        return self._first_group.rows

    @property
    def group_joints(self) -> NDArray[np.uint8]:
        """(G,) ``Joint``."""
        return self._group_joints.rows

    @property
    def group_pivots(self) -> NDArray[np.float32]:
        """(G, 3) [m]."""
        return self._group_pivots.rows

    @property
    def corners(self) -> NDArray[np.float32]:
        """(T, 9) first corner, then the two edges from it [m], in the order of ``trees.order``."""
        return self._corners.rows

    @property
    def is_leaf(self) -> NDArray[np.bool_]:
        """(T,) whether a triangle is a leaf, in the same order."""
        return self._is_leaf.rows

    def update(self) -> None:
        """Sort meshes that have come into the library into trees of their own."""
        library, first_mesh = self._scene.models.library, len(self.first_group) - 1
        if first_mesh == len(library):
            return
        first_triangle = int(library.first_triangle[first_mesh])
        meshes = np.arange(first_mesh, len(library))
        mesh_of = np.repeat(meshes, np.diff(library.first_triangle[first_mesh:]))  # (T,) of the new triangles
        triangles = library.triangles[first_triangle:]
        by_group, keys = _grouped_by_joint(library, triangles, mesh_of, mesh_of >= self._scene.num_static_meshes)
        corners = library.positions[triangles]  # (T, 3, 3)
        boxes = np.concatenate([corners.min(axis=1), corners.max(axis=1)], axis=1)
        starts = np.flatnonzero(np.any(np.diff(keys, axis=0, prepend=-1), axis=1))
        trees = trees_over(
            np.ascontiguousarray(boxes[by_group]), np.append(starts, len(keys)), leaf_size=_TRIANGLES_A_LEAF
        )
        order = by_group[trees.order]
        corners = corners[order]
        corners[:, 1:] -= corners[:, :1]
        self._first_group.add(len(self._roots.rows) + np.searchsorted(keys[starts, 0], meshes + 1))
        self._group_joints.add(keys[starts, 1].astype(np.uint8))
        self._group_pivots.add(library.pivots[triangles[by_group[starts], 0]])
        self._corners.add(corners.reshape(-1, 9))
        self._is_leaf.add(library.triangle_info[first_triangle + order, PART] == Part.LEAF)
        trees = behind(trees, nodes=len(self._boxes.rows), items=first_triangle)
        self._boxes.add(trees.boxes)
        self._children.add(trees.children)
        self._roots.add(trees.roots)
        self._order.add(first_triangle + order)


def object_boxes(objects: Records) -> NDArray[np.float32]:
    """(O, 6) least and greatest corner of the boxes of object rows [m]."""
    return np.concatenate([objects["center"] - objects["half"], objects["center"] + objects["half"]], axis=1)


def _grouped_by_joint(
    library: MeshLibrary, triangles: NDArray[np.int32], mesh_of: NDArray[np.int64], jointed: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which of ``triangles`` (T, 3) follow one another by group, and each one's group (T, 3): mesh, joint, pivot.

    ``jointed`` (T,): whether an actor's joints move parts of the triangle's mesh. Pivots are numbered.
    """
    vertex = triangles[:, 0]
    moved = jointed & (library.joints[vertex] != 0)
    keys = np.stack([mesh_of, np.zeros_like(mesh_of), np.zeros_like(mesh_of)], axis=1)
    if moved.any():
        keys[moved, 1] = library.joints[vertex[moved]]
        _, pivot = np.unique(library.pivots[vertex[moved]], axis=0, return_inverse=True)
        keys[moved, 2] = pivot.reshape(-1)
    order = np.lexsort((keys[:, 2], keys[:, 1], keys[:, 0]))
    return order, keys[order]
