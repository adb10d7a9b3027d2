"""What clients ask with ``World.cast_ray``, ``project_point`` and ``ground_projection`` (Carla/Util/RayTracer.cpp).

They see what the cameras see, from the side from which it can be seen. Along a ray each object gives one point for each
of its labels, where the ray first enters it; of the ground every surface counts, so that a bridge and the road below it
are two points. Labels are those of the triangles.
"""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.render.ray_caster import RayCaster
from sim_scenarios.embedded_simulator.world.description import LabelledPoint
from sim_scenarios.embedded_simulator.world.geometry import difference, length, scaled
from sim_scenarios.embedded_simulator.world.snapshot import Snapshot, Vector

_MOST_SURFACES = 1000
"""A ray meets fewer; one along a hedge may meet hundreds of leaves."""


def points_along(rays: RayCaster, snapshot: Snapshot, start: Vector, end: Vector) -> list[LabelledPoint]:
    """Everything between two points [m], from the first to the second."""
    way = difference(end, start)
    reach = length(way)
    points: list[LabelledPoint] = []
    entered: set[tuple[int, int]] = set()
    met, direction = 0.0, scaled(way, 1.0 / reach) if reach else way
    for _ in range(_MOST_SURFACES if reach else 0):
        hits = rays.cast(snapshot, start, np.array([direction]), np.array([reach]), beyond_m=met)
        row, tag, met = int(hits.row[0]), int(hits.tag[0]), float(hits.distance_m[0])
        if row < 0:
            break
        if row < rays.num_ground_rows or (row, tag) not in entered:
            points.append(LabelledPoint(_along(start, direction, met), tag))
        entered.add((row, tag))
    return points


def first_point(
    rays: RayCaster, snapshot: Snapshot, start: Vector, towards: Vector, reach_m: float
) -> LabelledPoint | None:
    """The first thing in a direction of any length, if there is one within ``reach_m``."""
    norm = length(towards)
    if norm == 0.0 or reach_m <= 0.0:
        return None
    direction = scaled(towards, 1.0 / norm)
    hits = rays.cast(snapshot, start, np.array([direction]), np.array([reach_m]))
    if hits.row[0] < 0:
        return None
    return LabelledPoint(_along(start, direction, float(hits.distance_m[0])), int(hits.tag[0]))


def _along(start: Vector, direction: Vector, distance: float) -> Vector:
    return Vector(*(a + distance * b for a, b in zip(start, direction, strict=True)))
