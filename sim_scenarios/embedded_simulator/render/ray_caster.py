"""Rays through a town and its actors: what lidars, radars and queries ask.

Sees exactly what the cameras see: the same rows, joints, hidden objects and levels of detail (by the distance from
where the rays start). Results do not depend on the number of threads.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.actors import ActorPoser
from sim_scenarios.embedded_simulator.render.bvh import plant
from sim_scenarios.embedded_simulator.render.jit import Records, Workers
from sim_scenarios.embedded_simulator.render.library import TAG
from sim_scenarios.embedded_simulator.render.model_source import Textures
from sim_scenarios.embedded_simulator.render.ray_casting import aim, cast_rays
from sim_scenarios.embedded_simulator.render.ray_geometry import RayGeometry, object_boxes
from sim_scenarios.embedded_simulator.render.scene import Scene
from sim_scenarios.embedded_simulator.render.sphere_sweep import sweep_sphere
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, Vector

_SPARE_ACTORS = 64


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Hits:
    """What rays met, one entry a ray; those that met nothing within their reach have row -1."""

    distance_m: NDArray[np.float64]
    """(N,) along the ray; its reach where nothing was met."""
    row: NDArray[np.int32]
    """(N,) object met: static rows of the scene first, then the snapshot's actors."""
    tag: NDArray[np.uint8]
    """(N,) semantic tag of the triangle, 0 for nothing."""
    actor_id: NDArray[np.uint32]
    """(N,) vehicle, walker or traffic light; 0 for scenery and for nothing."""
    cosine: NDArray[np.float32]
    """(N,) of the angle between the triangle's normal and the way back to the origin; 0 for nothing."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Touch:
    """What a swept sphere touched."""

    distance_m: float
    """That the sphere's centre went."""
    tag: int
    actor_id: int
    """0 for scenery."""


class RayCaster:
    """Casts rays; keeps its buffers, so one thread at a time."""

    def __init__(self, scene: Scene, textures: Textures, poser: ActorPoser, workers: Workers) -> None:
        self._scene, self._textures, self._poser, self._workers = scene, textures, poser, workers
        self._geometry = RayGeometry(scene)
        self._planted: Snapshot | None = None
        self._reserve(0)

    @property
    def num_ground_rows(self) -> int:
        """Rows below this number are pieces of the ground."""
        return self._scene.num_ground_rows

    def cast(
        self, snapshot: Snapshot, origin: Vector, directions: NDArray[np.float64], reach_m: NDArray[np.float64], *,
        beyond_m: float = 0.0,
    ) -> Hits:  # fmt: skip
        """Follow unit ``directions`` (N, 3), world axes, from ``origin``, each up to its ``reach_m`` (N,).

        The first surface farther than ``beyond_m`` counts.
        """
        objects, joints = self.prepare(snapshot)
        count = len(directions)
        eye = np.array(origin, np.float64)
        self._aim(objects, eye, float(reach_m.max(initial=0.0)))
        distances, cosines = np.empty(count), np.empty(count, np.float32)
        rows, found = np.empty(count, np.int32), np.empty(count, np.int32)
        geometry, library, textures = self._geometry, self._scene.models.library, self._textures
        trees = geometry.trees
        self._workers.run(
            cast_rays, eye, np.ascontiguousarray(directions, np.float32), np.ascontiguousarray(reach_m, np.float32),
            beyond_m, self._boxes, self._children, self._items, self._meshes, self._inverses, self._origins,
            self._joint_bases, joints, geometry.first_group, geometry.group_joints, geometry.group_pivots,
            trees.roots, trees.boxes, trees.children, trees.order,
            geometry.corners, geometry.is_leaf, library.triangles, library.triangle_info, library.attributes,
            textures.texels, textures.offsets, textures.sizes, distances, rows, found, cosines,
        )  # fmt: skip
        return Hits(
            distance_m=distances, row=rows, tag=np.where(found < 0, 0, library.triangle_info[found, TAG]),
            actor_id=self._actor_ids[rows], cosine=cosines,
        )  # fmt: skip

    def sweep(
        self, snapshot: Snapshot, origin: Vector, direction: NDArray[np.float64], *, reach_m: float, radius_m: float,
        without_actor: int = 0, actors_only: bool = False,
    ) -> Touch | None:  # fmt: skip
        """The first thing that a sphere touches on its way from ``origin`` along the unit ``direction`` (3,), if any.

        ``without_actor`` is passed through, 0 for nobody; ``actors_only`` leaves all scenery out.
        """
        objects, joints = self.prepare(snapshot)
        eye, num_static = np.array(origin, np.float64), self._poser.num_static
        self._aim(objects, eye, reach_m + radius_m)
        if actors_only:
            self._meshes[:num_static] = -1
        if without_actor:
            self._meshes[: len(objects)][self._actor_ids[:-1] == without_actor] = -1
        geometry, trees = self._geometry, self._geometry.trees
        distance, row, triangle = sweep_sphere(
            eye, np.asarray(direction, np.float64), reach_m, radius_m, self._boxes, self._children, self._items,
            self._meshes, self._inverses, self._origins, self._joint_bases, joints, geometry.first_group,
            geometry.group_joints, geometry.group_pivots, trees.roots, trees.boxes,
            trees.children, trees.order, geometry.corners,
        )  # fmt: skip
        if row < 0:
            return None
        tag = int(self._scene.models.library.triangle_info[triangle, TAG])
        return Touch(distance_m=distance, tag=tag, actor_id=int(self._actor_ids[row]))

    def prepare(self, snapshot: Snapshot) -> tuple[Records, NDArray[np.float32]]:
        """Pose the actors and plant the tree of their boxes beside that of the static rows, once for a snapshot."""
        objects, joints = self._poser.pose(snapshot)
        if snapshot is not self._planted:
            self._geometry.update()  # posing may have made models
            num_static = self._poser.num_static
            count = len(objects) - num_static
            if len(objects) > len(self._meshes):
                self._reserve(count)
            first_node = len(self._geometry.objects.boxes) + 1
            root = np.empty(1, np.int32)
            order = self._items[num_static : len(objects)]
            order[:] = np.arange(count)
            plant(
                object_boxes(objects[num_static:]), np.array([0, count]), 1, first_node, num_static, order,
                self._boxes, self._children, root,
            )  # fmt: skip
            order += num_static
            self._children[0] = 1, root[0]
            self._actor_ids = np.zeros(len(objects) + 1, np.uint32)  # the last one belongs to row -1: nothing
            for signal, light_id in snapshot.traffic_light_ids.items():
                self._actor_ids[self._scene.light_rows[signal]] = light_id
            self._actor_ids[num_static:-1] = [actor.id for actor in snapshot.actors]
            self._planted = snapshot
        return objects, joints

    def _reserve(self, num_actors: int) -> None:
        """Make room for so many actors and some more; the static tree starts at node 1, below the common root."""
        static, num_static = self._geometry.objects, self._poser.num_static
        room = num_actors + _SPARE_ACTORS
        self._boxes = np.empty((1 + len(static.boxes) + room + 2, 2, 6), np.float32)
        self._children = np.empty((len(self._boxes), 2), np.int32)
        self._boxes[0, :, :3], self._boxes[0, :, 3:] = -np.inf, np.inf
        self._boxes[1 : len(static.boxes) + 1] = static.boxes
        self._children[1 : len(static.boxes) + 1] = np.where(static.children >= 0, static.children + 1, static.children)
        self._items = np.zeros(num_static + room, np.int32)
        self._items[:num_static] = static.order
        self._meshes = np.empty(num_static + room, np.int32)
        self._inverses = np.empty((num_static + room, 9), np.float32)
        self._origins = np.empty((num_static + room, 3))
        self._joint_bases = np.empty(num_static + room, np.int64)

    def _aim(self, objects: Records, eye: NDArray[np.float64], reach_m: float) -> None:
        models = self._scene.models
        aim(
            objects, eye, reach_m, models.level_distances, models.level_meshes, self._meshes, self._inverses,
            self._origins, self._joint_bases,
        )  # fmt: skip
