"""Where vehicles may appear: in the middle of driving lanes, away from junctions and from one another.

They do not depend on the town's seed, so that a scenario's spawn point number keeps its meaning; neighbours in the
list lie far apart, so that a scenario may take the first so many.
"""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import wrap
from sim_scenarios.embedded_simulator.road.network import Network, Street
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

SPAWN_HEIGHT_M = 0.3
_KEEP_FROM_JUNCTION_M = 14.0
_CLOSEST_M = 8.2
_SHUFFLE_SEED = 20
_LONGEST_HALF_M, _WIDEST_HALF_M = 6.0, 1.45
"""Half size of the largest vehicle; one fits at every spawn point while others stand at the neighbouring ones."""
APART_M = 0.06


def spawn_points(network: Network) -> tuple[Pose, ...]:
    """Poses facing along their lanes, in a fixed, spread order."""
    claims = Claims()
    poses = []
    for street in network.streets:
        for pose in _along(street, network.plan.spawn_spacing_m):
            box = largest_vehicle_at(pose)
            if claims.is_free(box, APART_M):
                claims.take(box)
                poses.append(pose)
    order = np.random.default_rng(_SHUFFLE_SEED).permutation(len(poses))
    return tuple(poses[i] for i in order)


def largest_vehicle_at(pose: Pose) -> Rectangle:
    """What the largest vehicle covers when it appears there."""
    x, y, _ = pose.location
    return Rectangle(x, y, math.radians(pose.rotation.yaw), _LONGEST_HALF_M, _WIDEST_HALF_M)


def _along(street: Street, spacing_m: float) -> list[Pose]:
    """Poses on one street where it is level; lanes take turns, so that neighbours never stand side by side."""
    directions = 1 if street.profile.is_one_way else 2
    count = directions * street.profile.lanes
    usable = street.length - 2.0 * _KEEP_FROM_JUNCTION_M
    places = min(count * max(1, round(usable / spacing_m)), int(usable // _CLOSEST_M))
    poses = []
    for i, s in enumerate(_KEEP_FROM_JUNCTION_M + usable * (np.arange(places) + 0.5) / places):
        if float(street.elevation.slope(s)) != 0.0:
            continue
        lane = i % count
        is_forward = lane % directions == 0  # neighbours drive in opposite directions
        right = (lane // directions + 0.5) * LANE_WIDTH_M * (1.0 if is_forward else -1.0)
        x, y, yaw = street.path.pose(float(s))
        z = street.elevation.height(float(s)) + SPAWN_HEIGHT_M
        location = Vector(x - right * math.sin(yaw), y + right * math.cos(yaw), z)
        heading = math.degrees(wrap(yaw if is_forward else yaw + math.pi))
        poses.append(Pose(location, Rotation(0.0, heading, 0.0)))
    return poses
