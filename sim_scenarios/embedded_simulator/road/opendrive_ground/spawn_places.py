"""Where vehicles may appear on any map: in driving lanes, facing along them, away from junctions and one another.

They depend on the roads alone; neighbours in the list lie far apart, so that a scenario may take the first so many.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import Stretch
from sim_scenarios.embedded_simulator.road.spawn_points import SPAWN_HEIGHT_M
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

WANTED = 150
_WIDEST_APART_M, _CLOSEST_M = 34.0, 8.2
_KEEP_FROM_END_M = 9.0
_NARROWEST_LANE_M = 2.2
_ANOTHER_LEVEL_M = 3.0
_SHUFFLE_SEED = 20


def spawn_places(stretches: Sequence[Stretch]) -> tuple[Pose, ...]:
    """Poses in a fixed, spread order; about ``WANTED`` where the map is long enough."""
    stretches = [stretch for stretch in stretches if stretch.road.junction_id == -1]
    total = sum(
        stretch.s[-1] - stretch.s[0] for stretch in stretches for lane in stretch.lanes if lane.type == "driving"
    )
    apart = float(np.clip(total / WANTED, 1.2 * _CLOSEST_M, _WIDEST_APART_M))
    kept: list[Pose] = []
    taken = np.zeros((0, 3))
    for pose in (pose for stretch in stretches for pose in _along(stretch, apart)):
        place = np.array(pose.location)
        near = np.linalg.norm(taken[:, :2] - place[:2], axis=1) < _CLOSEST_M
        if not np.any(near & (np.abs(taken[:, 2] - place[2]) < _ANOTHER_LEVEL_M)):
            kept.append(pose)
            taken = np.concatenate([taken, place[None]])
    order = np.random.default_rng(_SHUFFLE_SEED).permutation(len(kept))
    return tuple(kept[i] for i in order)


def _along(stretch: Stretch, apart_m: float) -> Iterator[Pose]:
    """Poses on one stretch; lanes are out of step, so that neighbours do not stand side by side."""
    driving = [i for i, lane in enumerate(stretch.lanes) if lane.type == "driving"]
    low = max(float(stretch.s[0]), _KEEP_FROM_END_M)
    high = min(float(stretch.s[-1]), stretch.road.length - _KEEP_FROM_END_M)
    for number, index in enumerate(driving):
        shift = apart_m * (0.5 + number / len(driving)) % apart_m
        for s in np.arange(low + shift, high, apart_m):
            offsets = [float(np.interp(s, stretch.s, stretch.offsets[i])) for i in (index, index + 1)]
            if offsets[1] - offsets[0] >= _NARROWEST_LANE_M:
                yield lane_pose(stretch, float(s), 0.5 * (offsets[0] + offsets[1]), forward=stretch.lanes[index].id < 0)


def lane_pose(stretch: Stretch, s: float, right: float, *, forward: bool) -> Pose:
    """A pose on a road, along its traffic and its slope, a little above it."""
    x, y, z = stretch.road.points(s, right)[0]
    yaw = float(stretch.road.at(s)[1][0]) + (0.0 if forward else math.pi)
    slope = math.degrees(math.atan(float(stretch.road.elevation.slope(s)))) * (1.0 if forward else -1.0)
    rotation = Rotation(slope, math.degrees(_wrapped(yaw)), 0.0)
    return Pose(Vector(float(x), float(y), float(z) + SPAWN_HEIGHT_M), rotation)


def _wrapped(angle: float) -> float:
    return math.remainder(angle, 2.0 * math.pi)
