"""Where manholes lie in the lanes and drains along the kerbs of streets."""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array, wrap
from sim_scenarios.embedded_simulator.road.network import Street
from sim_scenarios.embedded_simulator.road.placing import Placer
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M
from sim_scenarios.embedded_simulator.road.town import Placement
from sim_scenarios.embedded_simulator.world.snapshot import Vector

_MANHOLE_SPACING_M, _DRAIN_SPACING_M = 24.0, 26.0
_CLEAR_OF_JUNCTION_M = 7.0
"""Farther out than crosswalks and stop lines; arrows have the middle of their lane for themselves as well."""
_ASIDE_M = 0.85
"""From the middle of a lane: beside what is painted there."""
_DRAIN_FROM_KERB_M = 0.18


def add_covers(street: Street, placer: Placer) -> None:
    """Lay the covers of a street that has sidewalks, wherever it is level and on the ground."""
    if street.profile.sidewalk_m == 0.0 or street.plan.bridge is not None or street.plan.tunnel is not None:
        return
    for s in _places(street, _MANHOLE_SPACING_M, placer.rng):
        lane = int(placer.rng.integers(street.profile.lanes))
        side = 1.0 if street.profile.is_one_way or placer.rng.random() < 0.5 else -1.0
        aside = side * (lane + 0.5) * LANE_WIDTH_M + float(placer.rng.choice([-_ASIDE_M, _ASIDE_M]))
        point, z, yaw = _place(street, s, aside)
        turn = math.degrees(wrap(yaw + placer.turn()))
        placer.adopt(Placement(kind="manhole", location=Vector(float(point[0]), float(point[1]), z), yaw_deg=turn))
    for side in (1.0,) if street.profile.is_one_way else (-1.0, 1.0):
        for s in _places(street, _DRAIN_SPACING_M, placer.rng):
            kerb = float(street.kerb(s))
            point, z, yaw = _place(street, s, side * (kerb - _DRAIN_FROM_KERB_M))
            placer.put("drain", point, yaw, z=z, gap_m=0.0)


def _places(street: Street, spacing_m: float, rng: np.random.Generator) -> list[float]:
    """Distances [m] along a street, about so far apart."""
    usable = street.length - 2.0 * _CLEAR_OF_JUNCTION_M
    count = int(usable // spacing_m)
    places = [_CLEAR_OF_JUNCTION_M + usable * (i + float(rng.uniform(0.2, 0.8))) / count for i in range(count)]
    return [s for s in places if float(street.elevation.slope(s)) == 0.0]


def _place(street: Street, s: float, right: float) -> tuple[Array, float, float]:
    """Point (2,) [m], height [m] and heading [rad]."""
    point = street.path.offset(np.array([s]), right)[0]
    return point, float(street.elevation.at(s)), street.path.pose(s)[2]
