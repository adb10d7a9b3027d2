"""From the first word of a junction to its end: where it begins, and which way leads across it.

Before the junction its entrance is placed on the centre line, and the line behind it is that of the turn that fits
best. In the junction the turn starts at the car, with the angle that is left, and is chosen anew in each decision until
it is nearly done; then the tracked line goes on alone.

Decisions:

- From ``KEPT_FROM_M`` on the entrance is no longer placed anew but carried along with the car: right before a junction
  lie a stop line and a zebra, which say nothing about the lane. For the same reason the line is not drawn to borders
  there.
"""

from __future__ import annotations

import math

import numpy as np

from harness.carla_client.route_plan import Command
from harness.closed_loop.mask_driver.center_line import BEHIND_M, CenterLine
from harness.closed_loop.mask_driver.ego_motion import EgoMotion
from harness.closed_loop.mask_driver.evidence import EvidenceMap
from harness.closed_loop.mask_driver.path import STEP_M, Floats, headings, lengths, locate
from harness.closed_loop.mask_driver.turns import Turn, choose_turn, usual_angle_deg

KEPT_FROM_M = 7.0
UNMARKED_M = 6.5
"""Before the entrance: without borders that can be trusted."""
NEARLY_DONE_DEG = 20.0
"""With less than this left to turn, the line goes on alone."""


class JunctionWay:
    """The turn that is being prepared or driven, if there is one."""

    def __init__(self) -> None:
        """Start with no turn."""
        self._entrance: Floats | None = None
        """(2, 2) the entrance, and a point one metre on in the direction of the lane, which carries that along."""
        self._command = Command.FOLLOW
        self.turn: Turn | None = None

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
            How far along the line, from its first point, it may be drawn to borders: inf where no turn is ahead.
        """
        if command is Command.FOLLOW or command is not self._command:
            self._entrance = self.turn = None
        self._command = command
        if command is Command.FOLLOW:
            return np.inf
        if self._entrance is None or distance_m > KEPT_FROM_M:
            self._entrance = _entrance_on(line, distance_m)
        into, _ = locate(self._entrance, np.zeros(2))
        if into < 0.0:
            self._approach(line, evidence, self._entrance)
            return max(0.0, locate(line.points, self._entrance[0])[0] - UNMARKED_M)
        left_deg = usual_angle_deg(command) + math.degrees(_heading(self._entrance))
        if abs(left_deg) > NEARLY_DONE_DEG and left_deg * usual_angle_deg(command) > 0.0:
            self._cross(line, evidence, left_deg)
            return 0.0
        return np.inf

    def _approach(self, line: CenterLine, evidence: EvidenceMap, entrance: Floats) -> None:
        """The lane to the entrance, and the turn behind it."""
        place, heading = entrance[0], _heading(entrance)
        self.turn = choose_turn(
            evidence, place, heading, self._command,
            angle_deg=usual_angle_deg(self._command), lane_width_m=line.width_m, before=line.points,
        )  # fmt: skip
        line.replace(np.concatenate([_up_to(line, place), self.turn.points(place, heading)]))

    def _cross(self, line: CenterLine, evidence: EvidenceMap, left_deg: float) -> None:
        """What is left of the turn, from the car on."""
        here = np.zeros(2)
        self.turn = choose_turn(
            evidence, here, 0.0, self._command, angle_deg=left_deg, lane_width_m=line.width_m, before=line.points
        )
        behind = np.stack([np.arange(-BEHIND_M, 0.5 * STEP_M, STEP_M), np.zeros(round(BEHIND_M) + 1)], axis=1)
        line.replace(np.concatenate([behind, self.turn.points(here, 0.0)]))


def _heading(entrance: Floats) -> float:
    """Of the lane at an entrance (2, 2), against the car's [rad]; right positive."""
    direction = entrance[1] - entrance[0]
    return float(np.arctan2(direction[1], direction[0]))


def _entrance_on(line: CenterLine, distance_m: float) -> Floats:
    """Where the line enters a junction ``distance_m`` ahead of the car, and a point one metre on."""
    here, _ = locate(line.points, np.zeros(2))
    along = lengths(line.points)
    at = min(here + distance_m, along[-1])
    place = np.array([np.interp(at, along, line.points[:, axis]) for axis in (0, 1)])
    angle = float(np.interp(max(0.0, at - UNMARKED_M), along, headings(line.points)))
    return np.stack([place, place + np.array([np.cos(angle), np.sin(angle)])])


def _up_to(line: CenterLine, entrance: Floats) -> Floats:
    """The points of the line that lie before the entrance, at least the first two."""
    at, _ = locate(line.points, entrance)
    return line.points[: max(2, int(np.searchsorted(lengths(line.points), at - 0.5 * STEP_M)))]
