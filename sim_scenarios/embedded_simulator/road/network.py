"""The exact geometry of a street plan: trimmed streets, junction corners and the lane links across each junction.

Terms. An *arm* is a street seen from one of its junctions, with coordinates ``along`` (outwards from the junction's
edge) and ``right`` (of the outward direction). Traffic drives on the right: it leaves on ``right > 0`` and arrives on
``right < 0``. Arms are sorted by heading, so the *corner* after an arm is the one on its right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array, Path, are_parallel, turn_between, wrap
from sim_scenarios.embedded_simulator.road.elevation import Elevation
from sim_scenarios.embedded_simulator.road.plan import (
    BAY_TAPER_M,
    KERB_RADIUS_M,
    LANE_WIDTH_M,
    Control,
    JunctionPlan,
    Profile,
    StreetPlan,
    TownPlan,
)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Street:
    """A street between the edges of two junctions."""

    road_id: int
    plan: StreetPlan
    path: Path
    """Centre line (left edge if one-way) from the edge of the start junction to that of the end junction."""
    elevation: Elevation

    @property
    def profile(self) -> Profile:
        """Its cross section."""
        return self.plan.profile

    @property
    def length(self) -> float:
        """[m]."""
        return self.path.length

    def parking_knots(self) -> list[tuple[float, float]]:
        """(s, width of the bays) [m] of the piecewise linear bay width, s rising from 0."""
        width, (near, far) = self.profile.parking_m, BAY_TAPER_M
        if width == 0.0:
            return [(0.0, 0.0), (self.length, 0.0)]
        end = self.length
        return [(0.0, 0.0), (near, 0.0), (far, width), (end - far, width), (end - near, 0.0), (end, 0.0)]

    def kerb(self, s: Array | float) -> Array:
        """Distance [m] of both kerbs from the centre line at ``s``."""
        stations, widths = zip(*self.parking_knots(), strict=True)
        return np.asarray(self.profile.carriageway_m + np.interp(s, stations, widths))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Arm:
    """A street as one of its junctions sees it."""

    street: Street
    at_start: bool
    """Whether the street starts (s = 0) at this junction."""

    @property
    def profile(self) -> Profile:
        """Cross section of the street."""
        return self.street.profile

    @property
    def yaw(self) -> float:
        """Outward heading [rad] at the junction's edge."""
        _, _, yaw = self.street.path.pose(0.0 if self.at_start else self.street.length)
        return wrap(yaw) if self.at_start else wrap(yaw + math.pi)

    def lanes(self, *, incoming: bool) -> int:
        """How many driving lanes lead to its junction, or away from it."""
        if self.profile.is_one_way and incoming == self.at_start:
            return 0
        return self.profile.lanes

    def kerb(self, *, right: bool) -> float:
        """Distance [m] of the outer edge of the driving lanes from the street's line, on one side of the arm."""
        return self.lanes(incoming=not right) * LANE_WIDTH_M

    def s(self, along: float) -> float:
        """Distance along the street [m] of a point ``along`` metres outwards."""
        return along if self.at_start else self.street.length - along

    def point(self, along: float, right: float) -> Array:
        """World point (2,) [m]."""
        x, y, yaw = self.street.path.pose(self.s(along))
        aside = right if self.at_start else -right
        return np.array([x - aside * math.sin(yaw), y + aside * math.cos(yaw)])

    def lane_id(self, index: int, *, incoming: bool) -> int:
        """OpenDRIVE id of driving lane ``index`` (0 next to the centre line)."""
        return (index + 1) if incoming == self.at_start else -(index + 1)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Corner:
    """The stretch of kerb between an arm's right side and the next arm's left side."""

    arm: Arm
    following: Arm

    def curve(self, offset_m: tuple[float, float], radius_m: float) -> Path:
        """From ``offset_m[0]`` right of ``arm`` to ``offset_m[1]`` left of ``following``, rounded by ``radius_m``."""
        start, end = self.arm.point(0.0, offset_m[0]), self.following.point(0.0, -offset_m[1])
        start_yaw, end_yaw = wrap(self.arm.yaw + math.pi), self.following.yaw
        return turn_between(start, start_yaw, end, end_yaw, radius_m=radius_m)

    @property
    def is_flat(self) -> bool:
        """Whether the kerb runs straight on, as across from the stem of a T."""
        return are_parallel(wrap(self.arm.yaw + math.pi), self.following.yaw)

    def kerb(self) -> Path:
        """The kerb line."""
        return self.curve((self.arm.kerb(right=True), self.following.kerb(right=False)), KERB_RADIUS_M)


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Connection:
    """A lane across a junction."""

    road_id: int
    incoming: Arm
    incoming_lane: int
    """Index of the lane it comes from, 0 next to the centre line."""
    outgoing: Arm
    outgoing_lane: int
    path: Path
    """Its left border; the lane lies to the right of it."""
    turn: str
    """left, straight or right."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Junction:
    """Where streets meet, with all that follows from the arms."""

    junction_id: int
    plan: JunctionPlan
    arms: tuple[Arm, ...]
    """By rising heading, that is clockwise."""
    connections: tuple[Connection, ...]

    @property
    def center(self) -> Array:
        """(2,) [m]."""
        return np.array([self.plan.x, self.plan.y])

    def corners(self) -> Iterator[Corner]:
        """One after each arm, clockwise."""
        for arm, following in zip(self.arms, (*self.arms[1:], *self.arms[:1]), strict=True):
            yield Corner(arm=arm, following=following)

    def opposite(self, arm: Arm) -> Arm | None:
        """The arm straight across, None at the stem of a T."""
        return next((other for other in self.arms if are_parallel(other.yaw, wrap(arm.yaw + math.pi))), None)

    def is_major(self, arm: Arm) -> bool:
        """Whether traffic from ``arm`` has priority where there are no lights: it runs straight on, the stem waits."""
        if self.plan.control is Control.ROUNDABOUT:
            return arm.profile.is_one_way
        return self.plan.control is Control.LANES or self.opposite(arm) is not None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Network:
    """All streets and junctions of a town."""

    plan: TownPlan
    streets: tuple[Street, ...]
    junctions: tuple[Junction, ...]

    def junction_at(self, street: Street, *, start: bool) -> Junction:
        """The junction at one end of a street."""
        name = street.plan.start if start else street.plan.end
        return next(junction for junction in self.junctions if junction.plan.name == name)
