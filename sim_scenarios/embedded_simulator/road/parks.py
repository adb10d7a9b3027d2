"""Paths of a park: a plaza in the middle, a straight path from it to each street, and a round path.

The straight paths begin at gates in the middle of the street sides, where the footways have an edge ready for them.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.blocks import GATE_HALF_M, Block, Frontage
from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.ground import TAG_SIDEWALK, GroundMesh, lifted
from sim_scenarios.embedded_simulator.road.polygons import Rectangle
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M

PATH_HALF_WIDTH_M = GATE_HALF_M
PLAZA_RADIUS_M = 8.0
HUB_RADII_M = (2.6, 5.4)
"""Walkers go round the flower bed in the middle of the plaza between these radii."""
_ROUND_SHARE = 0.62
"""Where the round path runs between the middle (0) and the outline (1)."""
_MOUTH_M = 4.0
_GATE_DEPTH_M = 0.7
_LONGEST_SLAB_M = 15.0
_PLAZA_CORNERS = 28
# Paths that cross are laid a few millimetres apart, so that they do not flicker.
_SPOKE_HEIGHT_M = SIDEWALK_HEIGHT_M + 0.012
_ROUND_HEIGHT_M = SIDEWALK_HEIGHT_M + 0.020
PLAZA_HEIGHT_M = SIDEWALK_HEIGHT_M + 0.028


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Spoke:
    """A straight path that turns flush with the sidewalk in its last stretch."""

    axis: Array
    """(2, 2) [m] from the plaza's rim to the gate."""
    frontage: Frontage

    @property
    def bearing(self) -> float:
        """Heading [rad] away from the plaza."""
        outward = self.axis[1] - self.axis[0]
        return math.atan2(outward[1], outward[0])

    def rim(self, middle: Array) -> Array:
        """Where the path meets the walking ring of the plaza (2,) [m]."""
        return middle + HUB_RADII_M[1] * np.array([math.cos(self.bearing), math.sin(self.bearing)])

    def sides(self, start: Array, behind_back_m: float) -> tuple[Array, Array]:
        """Left and right edge (N, 2) [m] from ``start`` to the line ``behind_back_m`` behind the sidewalk's back."""
        mouth = self.axis[1] - _MOUTH_M * np.array([math.cos(self.bearing), math.sin(self.bearing)])
        count = max(2, math.ceil(math.dist(start, mouth) / _LONGEST_SLAB_M) + 1)
        left, right = path_sides(np.linspace(start, mouth, count))
        # Seen from the park, walking along its side goes from right to left.
        half = 0.5 * self.frontage.length
        gate_left = self.frontage.point(half + GATE_HALF_M, behind_back_m)
        gate_right = self.frontage.point(half - GATE_HALF_M, behind_back_m)
        return np.stack([*left, gate_left]), np.stack([*right, gate_right])


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Park:
    """Where its paths run."""

    middle: Array
    """(2,) [m], of the plaza."""
    spokes: tuple[Spoke, ...]
    """In the order of the block's frontages."""
    round_path: Array
    """(N, 2) [m], first point repeated at the end."""


def park_of(block: Block) -> Park:
    """The paths of a block."""
    low, high = block.outline.min(axis=0), block.outline.max(axis=0)
    middle: Array = 0.5 * block.outline.mean(axis=0) + 0.25 * (low + high)
    spokes = []
    for frontage in block.frontages:
        gate = frontage.point(0.5 * frontage.length, 0.0)
        direction = (gate - middle) / np.linalg.norm(gate - middle)
        axis = np.stack([middle + (PLAZA_RADIUS_M - 0.3) * direction, gate])
        spokes.append(Spoke(axis=axis, frontage=frontage))
    return Park(middle=middle, spokes=tuple(spokes), round_path=_round_path(block, middle))


def _round_path(block: Block, middle: Array) -> Array:
    angles = np.linspace(0.0, 2.0 * math.pi, 72, endpoint=False)
    relative = block.outline - middle
    bearing = np.arctan2(relative[:, 1], relative[:, 0]) % (2.0 * math.pi)
    radius = np.interp(angles, bearing, np.linalg.norm(relative, axis=1), period=2.0 * math.pi) * _ROUND_SHARE
    for _ in range(5):
        radius = 0.25 * np.roll(radius, 1) + 0.5 * radius + 0.25 * np.roll(radius, -1)
    loop = middle + radius[:, None] * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    return np.concatenate([loop, loop[:1]])


def path_rectangles(park: Park) -> Iterator[Rectangle]:
    """Ground to keep free for the straight paths and the mouths at their gates."""
    for spoke in park.spokes:
        gate = spoke.frontage.point(0.5 * spoke.frontage.length, 0.5 * (_MOUTH_M - _GATE_DEPTH_M))
        yaw = spoke.frontage.facing(0.5 * spoke.frontage.length)
        yield Rectangle(float(gate[0]), float(gate[1]), yaw, 0.5 * (_MOUTH_M + _GATE_DEPTH_M), GATE_HALF_M + 0.1)
        start, end = spoke.rim(park.middle), spoke.axis[1]
        x, y = 0.5 * (start + end)
        yield Rectangle(float(x), float(y), spoke.bearing, 0.5 * math.dist(start, end), PATH_HALF_WIDTH_M)


def walked(path: Array) -> Array:
    """Points about a metre apart along a path (N, 2)."""
    steps = (np.linspace(a, b, max(2, int(np.linalg.norm(b - a)))) for a, b in itertools.pairwise(path))
    return np.concatenate(list(steps))


def add_paving(mesh: GroundMesh, park: Park) -> None:
    """Meshes of the paths and the plaza, just above the grass."""
    edges = [(path_sides(park.round_path), _ROUND_HEIGHT_M)]
    edges += [(spoke.sides(spoke.axis[0], 0.0), _SPOKE_HEIGHT_M) for spoke in park.spokes]
    for (left, right), height in edges:
        mesh.add_strip("sidewalk", TAG_SIDEWALK, lifted(left, height), lifted(right, height))
    angles = np.linspace(0.0, 2.0 * math.pi, _PLAZA_CORNERS, endpoint=False)
    rim = park.middle + PLAZA_RADIUS_M * np.stack([np.cos(angles), np.sin(angles)], axis=1)
    ring = np.arange(_PLAZA_CORNERS, dtype=np.int64)
    triangles = np.stack([np.full_like(ring, _PLAZA_CORNERS), ring, (ring + 1) % _PLAZA_CORNERS], axis=1)
    mesh.add("plaza", TAG_SIDEWALK, lifted(np.concatenate([rim, park.middle[None]]), PLAZA_HEIGHT_M), triangles)


def path_sides(path: Array) -> tuple[Array, Array]:
    """Left and right edges (N, 2) of a path."""
    step = np.gradient(path, axis=0)
    if np.allclose(path[0], path[-1]):
        step[0] = step[-1] = path[1] - path[-2]
    normal = np.stack([-step[:, 1], step[:, 0]], axis=1) / np.linalg.norm(step, axis=1, keepdims=True)
    return path - PATH_HALF_WIDTH_M * normal, path + PATH_HALF_WIDTH_M * normal
