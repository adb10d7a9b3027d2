"""Two streets that cross, of which masks can be drawn exactly: rounded kerbs, no lines inside, zebras if wanted.

The first street leads along x, its right lane on y = 0; the second one leads off to the right by ``angle_deg``. The
junction begins equally far from the middle on all four arms, and there all kerbs begin to bend.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import numpy.typing as npt

from harness.carla_client.route_plan import Command
from tests.unit.harness.closed_loop.mask_driver.drawn_world import (
    LANE_M,
    LINE,
    ROAD,
    SIDEWALK,
    Box,
    Car,
    Floats,
    Image,
    Street,
    straight,
)

CORNER_M = 6.5
"""Radius of the sharpest kerb."""
_ARM_M = 90.0
_ZEBRA_M = (1.5, 4.5)
"""Before the junction."""
_BAR_M = 0.5
"""Width of a bar, and of the gap beside it."""


@dataclass(frozen=True, kw_only=True, eq=False)
class Crossing:
    """A ground that ``draw`` can show."""

    entrance_m: float
    """x, where the lane enters the junction."""
    angle_deg: float = 90.0
    """Of the arm to the right: a turn into it turns by so much."""
    zebra: bool = False
    boxes: tuple[Box, ...] = field(default=())

    @cached_property
    def middle(self) -> Floats:
        """(2,) where the middles of both streets cross."""
        return np.array([self.entrance_m + self.setback_m, -0.5 * LANE_M])

    @cached_property
    def setback_m(self) -> float:
        """From the middle to where the junction begins, on each arm."""
        return (1.0 + CORNER_M / LANE_M) * max(abs(float(corner @ _ahead(0.0))) for _, corner in self._corners)

    @cached_property
    def streets(self) -> tuple[Street, Street]:
        """The one along x, and the one that leads off to the right."""
        along = _ahead(self.angle_deg)
        lane = self.middle + np.array([[-_ARM_M], [_ARM_M]]) * along + 0.5 * LANE_M * _right(self.angle_deg)
        return Street(lane=straight()), Street(lane=lane)

    @cached_property
    def _corners(self) -> list[tuple[Floats, Floats]]:
        """Of the four corners: (2, 2) unit vectors from both streets to their kerbs, and (2,) where these would meet.

        An arc with radius r between them begins and ends 1 + r / LANE_M times as far from the middle.
        """
        sides = [
            np.stack([one * _right(0.0), other * _right(self.angle_deg)])
            for one, other in itertools.product((1.0, -1.0), repeat=2)
        ]
        return [(side, np.linalg.solve(side, np.full(2, LANE_M))) for side in sides]

    def exit_offset_m(self, car: Car, command: Command) -> float:
        """How far right of the middle of the lane that ``command`` leads to the car is [m]."""
        aside = self._arm(command).offsets(np.array([[car.x, car.y]]))[1][0]
        return float(-aside - LANE_M if command is Command.LEFT else aside)

    def exit_ahead_m(self, command: Command) -> float:
        """How far beyond the entrance the middle of that lane crosses the line of the lane that enters [m]."""
        on_lane = self.middle + (0.5 if command is Command.RIGHT else -0.5) * LANE_M * _right(self.angle_deg)
        ahead = _ahead(self.angle_deg)
        return float(on_lane[0] - on_lane[1] / ahead[1] * ahead[0]) - self.entrance_m

    def exit_heading(self, command: Command) -> float:
        """Of that lane [rad], right positive."""
        turned = {Command.RIGHT: self.angle_deg, Command.LEFT: self.angle_deg - 180.0, Command.STRAIGHT: 0.0}
        return math.radians(turned[command])

    def past_exit_m(self, car: Car, command: Command) -> float:
        """How far the car is beyond the end of the junction, along the lane that ``command`` leads to [m]."""
        heading = self.exit_heading(command)
        return float((np.array([car.x, car.y]) - self.middle) @ [math.cos(heading), math.sin(heading)]) - self.setback_m

    def tags_at(self, places: Floats) -> Image:
        """What lies on the ground at places (M, 2)."""
        tags = np.full(len(places), SIDEWALK, np.uint8)
        local = places - self.middle
        tags[self._is_corner(local)] = ROAD
        for heading, street in zip((0.0, self.angle_deg), self.streets, strict=True):
            along = local @ _ahead(heading)
            seen = street.tags_at(places)
            if self.zebra:
                seen[self._is_bar(along, local @ _right(heading)) & (seen == ROAD)] = LINE
            is_inside = np.abs(along) <= self.setback_m
            tags[seen != SIDEWALK] = np.where(is_inside, ROAD, seen)[seen != SIDEWALK]
        return tags

    def _arm(self, command: Command) -> Street:
        return self.streets[0 if command is Command.STRAIGHT else 1]

    def _is_corner(self, local: Floats) -> npt.NDArray[np.bool_]:
        """Whether places (M, 2) from the middle lie between two kerbs that would meet and the arc that rounds them."""
        found = np.zeros(len(local), bool)
        for sides, corner in self._corners:
            wider = self.setback_m / abs(float(corner @ _ahead(0.0)))
            centre, radius = wider * corner, (wider - 1.0) * LANE_M
            # In the quadrangle of the corner, the centre, and the two points where the arc begins.
            shares = (centre - local) @ np.linalg.inv(sides)
            is_in = (local @ sides.T > LANE_M - 1e-9).all(axis=1) & (shares >= 0.0).all(axis=1)
            found |= is_in & (np.linalg.norm(local - centre, axis=1) > radius)
        return found

    def _is_bar(self, along: Floats, aside: Floats) -> npt.NDArray[np.bool_]:
        before = np.abs(along) - self.setback_m
        is_zebra = (before > _ZEBRA_M[0]) & (before < _ZEBRA_M[1])
        bars: npt.NDArray[np.bool_] = is_zebra & (np.abs(aside) % (2.0 * _BAR_M) < _BAR_M)
        return bars


def _ahead(heading_deg: float) -> Floats:
    return np.array([math.cos(math.radians(heading_deg)), math.sin(math.radians(heading_deg))])


def _right(heading_deg: float) -> Floats:
    return _ahead(heading_deg + 90.0)
