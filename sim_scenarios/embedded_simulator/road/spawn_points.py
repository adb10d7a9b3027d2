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
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

SPAWN_HEIGHT_M = 0.3
_KEEP_FROM_JUNCTION_M = 14.0
_SPACING_M = 34.0
_CLOSEST_M = 8.2
_SHUFFLE_SEED = 20


def spawn_points(network: Network) -> tuple[Pose, ...]:
    """Poses facing along their lanes, in a fixed, spread order."""
    poses = [pose for street in network.streets for pose in _along(street)]
    order = np.random.default_rng(_SHUFFLE_SEED).permutation(len(poses))
    return tuple(poses[i] for i in order)


def _along(street: Street) -> list[Pose]:
    """Poses on one street; lanes take turns, so that neighbours never stand side by side."""
    count = 2 * street.profile.lanes
    usable = street.length - 2.0 * _KEEP_FROM_JUNCTION_M
    places = min(count * max(1, round(usable / _SPACING_M)), int(usable // _CLOSEST_M))
    poses = []
    for i, s in enumerate(_KEEP_FROM_JUNCTION_M + usable * (np.arange(places) + 0.5) / places):
        lane = i % count
        is_forward = lane % 2 == 0  # neighbours drive in opposite directions
        right = (lane // 2 + 0.5) * LANE_WIDTH_M * (1.0 if is_forward else -1.0)
        x, y, yaw = street.path.pose(float(s))
        location = Vector(x - right * math.sin(yaw), y + right * math.cos(yaw), SPAWN_HEIGHT_M)
        heading = math.degrees(wrap(yaw if is_forward else yaw + math.pi))
        poses.append(Pose(location, Rotation(0.0, heading, 0.0)))
    return poses
