"""From the first word of a junction to its end: where it begins, and which way leads across it.

The entrance is placed on the centre line; the line behind it is the way to the exit lane, or straight on. When the turn
is nearly done, and right behind the entrance of a junction that is crossed straight on, the tracked line goes on alone.

Decisions:

- The way begins at the entrance and stays there while the car drives along it: one that began at the car would allow it
  to put off the turn again and again.
- From ``KEPT_FROM_M`` on the entrance is no longer placed anew but carried along with the car: right before a junction
  lie a stop line and a zebra, which say nothing about the lane. For the same reason the line is not drawn to borders
  there.
- Straight on is a way, too: a line that is drawn to borders alone would follow the kerb round the corner.
"""

from __future__ import annotations

import math

import numpy as np

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.center_line import CenterLine
from harness.closed_loop.mask_driver.ego_motion import EgoMotion
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.exit_lane import ExitLane, find_exit, to_ego, usual_exit
from harness.closed_loop.mask_driver.path import STEP_M, Floats, at, lengths, locate

KEPT_FROM_M = 7.0
EXIT_KEPT_FROM_M = 1.0
"""So far into the junction: from there on the near edge of the street that the turn leads to is out of sight."""
UNMARKED_M = 6.5
"""Before the entrance: without borders that can be trusted."""
EXIT_M = 18.0
"""Of the way behind a turn."""
ACROSS_M = 36.0
"""Of the way straight on."""
NEARLY_DONE = math.radians(20.0)
"""With less than this left to turn, the line goes on alone."""
_STRETCH_M = 8.0
"""By which the direction of the lane at the entrance is told."""
_SHARE = 0.3
"""Of what is seen now, in the entrance and in the exit that are carried along."""


class JunctionWay:
    """The junction that is being approached or crossed, if there is one."""

    def __init__(self) -> None:
        """Start with none."""
        self._entrance: Floats | None = None
        """(2, 2) the entrance, and a point one metre on in the direction of the lane, which carries that along."""
        self._command = Command.FOLLOW
        self._exit: ExitLane | None = None

    def move(self, motion: EgoMotion) -> None:
        """The car has moved."""
        if self._entrance is not None:
            self._entrance = motion.to_new(self._entrance)

    def lead(self, line: CenterLine, evidence: EvidenceMap, command: Command, distance_m: float) -> float:
        """Bend the line into the way that ``command`` asks for.

        Args:
            line: Tracked up to now; what is in the junction and behind it is replaced.
            evidence: What is known of the ground.
            command: In force.
            distance_m: To the entrance; 0 inside the junction.

        Returns:
            How far along the line, from its first point, it may be drawn to borders: inf for all of it.
        """
        if command is not self._command:
            self._entrance = self._exit = None
        self._command = command
        if command is Command.FOLLOW:
            return math.inf
        if self._entrance is None:
            self._entrance = _entrance_on(line, distance_m)
        elif distance_m > KEPT_FROM_M:
            self._entrance = self._entrance + _SHARE * (_entrance_on(line, distance_m) - self._entrance)
        place, heading = self._entrance[0], _heading(self._entrance)
        into_m, _ = locate(self._entrance, np.zeros(2))
        if into_m > 0.0 and self._is_nearly_done(heading):
            return math.inf
        if command is Command.STRAIGHT:
            local = np.stack([np.arange(STEP_M, ACROSS_M, STEP_M), np.zeros(round(ACROSS_M) - 1)], axis=1)
        else:
            if into_m < EXIT_KEPT_FROM_M or self._exit is None:
                self._see_exit(line, evidence)
            assert self._exit is not None
            local = self._exit.way(exit_m=EXIT_M)
        line.replace(np.concatenate([_up_to(line, place), to_ego(local, place, heading, command)]))
        return max(0.0, locate(line.points, place)[0] - UNMARKED_M)

    def _see_exit(self, line: CenterLine, evidence: EvidenceMap) -> None:
        assert self._entrance is not None
        seen = find_exit(
            evidence, self._entrance[0], _heading(self._entrance), self._command, lane_width_m=line.width_m
        )
        if self._exit is None:
            self._exit = seen or usual_exit(self._command)
        elif seen is not None:
            self._exit = self._exit.towards(seen, _SHARE)

    def _is_nearly_done(self, heading: float) -> bool:
        """Whether the car, in the junction, has turned by all but a little of the angle."""
        if self._exit is None:
            return True
        side = 1.0 if self._command is Command.RIGHT else -1.0
        return self._exit.angle + side * heading < NEARLY_DONE


def _heading(entrance: Floats) -> float:
    """Of the lane at an entrance (2, 2), against the car's [rad]; right positive."""
    direction = entrance[1] - entrance[0]
    return float(np.arctan2(direction[1], direction[0]))


def _entrance_on(line: CenterLine, distance_m: float) -> Floats:
    """Where the line enters a junction ``distance_m`` ahead of the car, and a point one metre on.

    The last metres, which have no borders, go on straight from a stretch that has.
    """
    here, _ = locate(line.points, np.zeros(2))
    along = lengths(line.points)
    there = min(here + distance_m, along[-1])
    to = max(there - UNMARKED_M, STEP_M)
    begin, end = at(line.points, [max(0.0, to - _STRETCH_M), to], along)
    direction = (end - begin) / np.linalg.norm(end - begin)
    place = end + (there - to) * direction
    return np.stack([place, place + direction])


def _up_to(line: CenterLine, entrance: Floats) -> Floats:
    """The points of the line that lie before the entrance, at least the first two."""
    at, _ = locate(line.points, entrance)
    return line.points[: max(2, int(np.searchsorted(lengths(line.points), at - 0.5 * STEP_M)))]
