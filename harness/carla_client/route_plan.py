"""A planned route as geometry: the middle of its lanes from start to goal, and the command that is in force where.

Only types and look-ups; the planning is in :mod:`harness.carla_client.routes`. World coordinates on CARLA's
left-handed axes, x forward, y right, z up [m]; angles to the right [deg].
"""

from __future__ import annotations

import enum
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Floats64 = npt.NDArray[np.float64]

SPACING_M = 1.0
"""Between two points of a route; the last one may be nearer to the one before."""


class Command(enum.IntEnum):
    """What to do at the next junction, with the values of ``RoadOption`` in CARLA's agents (local_planner.py)."""

    LEFT = 1
    RIGHT = 2
    STRAIGHT = 3
    FOLLOW = 4
    """There is no junction near (``LANEFOLLOW`` in CARLA)."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RoutePlan:
    """N points along the lanes of a route, from the start to the goal."""

    points: Floats64
    """(N, 3) middle of the lane [m]."""
    yaws_deg: Floats64
    """(N,) heading of the lane in the direction of travel."""
    s_m: Floats64
    """(N,) way from the start, level; rises from 0."""
    lane_widths_m: Floats64
    """(N,)"""
    commands: npt.NDArray[np.uint8]
    """(N,) ``Command`` in force: that of a junction from ``COMMAND_AHEAD_M`` before its entrance to its exit."""
    junctions: npt.NDArray[np.bool_]
    """(N,) whether the point lies inside a junction."""
    lanes: npt.NDArray[np.int32]
    """(N, 3) road, section and lane of OpenDRIVE."""

    @property
    def length_m(self) -> float:
        """From the start to the goal."""
        return float(self.s_m[-1])

    def command_at(self, s_m: float) -> tuple[Command, float]:
        """The command in force at ``s_m`` and how far ahead its junction begins [m]: 0 inside it, inf for FOLLOW."""
        here = min(int(np.searchsorted(self.s_m, s_m, side="right")) - 1, len(self.s_m) - 1)
        command = Command(int(self.commands[max(here, 0)]))
        if command is Command.FOLLOW:
            return command, float("inf")
        ahead = np.flatnonzero(self.junctions[max(here, 0) :])
        return command, max(0.0, float(self.s_m[max(here, 0) + ahead[0]]) - s_m) if len(ahead) else 0.0


COMMAND_AHEAD_M = 45.0
"""So far before a junction its command is given: as far as a driver looks, so that none needs to guess where a junction
that it sees is to be left."""
