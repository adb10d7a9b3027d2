"""Street plan -> exact geometry: trimmed streets, junction corners and the lane links across each junction.

Terms. An *arm* is a street seen from one of its junctions, with coordinates ``along`` (outwards from the junction's
edge) and ``right`` (of the outward direction). Traffic drives on the right: it leaves on ``right > 0`` and arrives on
``right < 0``. Arms are sorted by heading, so the *corner* after an arm is the one on its right.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import (
    Array,
    Path,
    RoadError,
    are_parallel,
    meeting_point,
    path_through,
    turn_between,
    wrap,
)
from sim_scenarios.embedded_simulator.road.plan import (
    BAY_TAPER_M,
    KERB_RADIUS_M,
    LANE_WIDTH_M,
    JunctionPlan,
    Profile,
    StreetPlan,
    TownPlan,
)

_CONNECTING_ROAD_IDS_FROM = 100
_JUNCTION_IDS_FROM = 1000
_SMALLEST_SETBACK_M = 6.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Street:
    """A street between the edges of two junctions."""

    road_id: int
    plan: StreetPlan
    path: Path
    """Centre line from the edge of the start junction to that of the end junction."""

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
        return self.curve((self.arm.profile.carriageway_m, self.following.profile.carriageway_m), KERB_RADIUS_M)


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
        return self.opposite(arm) is not None


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


def build_network(plan: TownPlan) -> Network:
    """Work out the geometry of a plan.

    Raises:
        RoadError: when streets, corners or turns do not fit.
    """
    places = {junction.name: junction for junction in plan.junctions}
    full = [_full_path(street, places) for street in plan.streets]
    setbacks = _setbacks(plan, full)
    streets = []
    for i, (street_plan, path) in enumerate(zip(plan.streets, full, strict=True)):
        trimmed = path.trimmed(setbacks[i, True], path.length - setbacks[i, False])
        streets.append(Street(road_id=i + 1, plan=street_plan, path=trimmed))
    junctions = []
    next_road = _CONNECTING_ROAD_IDS_FROM
    for number, junction_plan in enumerate(plan.junctions):
        arms = _arms_of(junction_plan.name, streets)
        connections = tuple(_connections(arms, next_road))
        next_road += len(connections)
        junction_id = _JUNCTION_IDS_FROM + number
        junctions.append(Junction(junction_id=junction_id, plan=junction_plan, arms=arms, connections=connections))
    return Network(plan=plan, streets=tuple(streets), junctions=tuple(junctions))


def _full_path(street: StreetPlan, places: dict[str, JunctionPlan]) -> Path:
    start, end = places[street.start], places[street.end]
    points = [(start.x, start.y), *((x, y) for x, y, _ in street.via), (end.x, end.y)]
    return path_through(points, [radius for _, _, radius in street.via])


def _arms_of(name: str, streets: list[Street]) -> tuple[Arm, ...]:
    arms = [Arm(street=street, at_start=True) for street in streets if street.plan.start == name]
    arms += [Arm(street=street, at_start=False) for street in streets if street.plan.end == name]
    if len(arms) < 3:
        raise RoadError(f"junction {name} has {len(arms)} arms, at least 3 are needed: let the street run through")
    return tuple(sorted(arms, key=lambda arm: arm.yaw % (2.0 * math.pi)))


def _setbacks(plan: TownPlan, paths: list[Path]) -> dict[tuple[int, bool], float]:
    """How far each street (index, at its start) ends before the centre of the junction, so that the corners fit."""
    setbacks: dict[tuple[int, bool], float] = {}
    for junction in plan.junctions:
        center = np.array([junction.x, junction.y])
        ends: list[tuple[float, float, tuple[int, bool]]] = []
        for i, (street, path) in enumerate(zip(plan.streets, paths, strict=True)):
            half = street.profile.carriageway_m
            if street.start == junction.name:
                ends.append((float(path.at(0.0)[1][0]) % (2.0 * math.pi), half, (i, True)))
            if street.end == junction.name:
                ends.append((float(path.at(path.length)[1][0] + math.pi) % (2.0 * math.pi), half, (i, False)))
        ends.sort()
        for (yaw_a, half_a, key_a), (yaw_b, half_b, key_b) in zip(ends, ends[1:] + ends[:1], strict=True):
            need_a, need_b = _corner_needs(center, yaw_a, half_a, yaw_b, half_b)
            setbacks[key_a] = max(setbacks.get(key_a, _SMALLEST_SETBACK_M), need_a)
            setbacks[key_b] = max(setbacks.get(key_b, _SMALLEST_SETBACK_M), need_b)
    return setbacks


def _corner_needs(center: Array, yaw_a: float, half_a: float, yaw_b: float, half_b: float) -> tuple[float, float]:
    if are_parallel(yaw_a + math.pi, yaw_b):
        return 0.0, 0.0
    start = center + half_a * np.array([-math.sin(yaw_a), math.cos(yaw_a)])
    end = center - half_b * np.array([-math.sin(yaw_b), math.cos(yaw_b)])
    _, back, ahead = meeting_point(start, yaw_a + math.pi, end, yaw_b)
    cut = KERB_RADIUS_M * math.tan(abs(wrap(yaw_b - yaw_a - math.pi)) / 2.0)
    return cut - back, cut - ahead


def _connections(arms: tuple[Arm, ...], first_road_id: int) -> Iterator[Connection]:
    road_id = first_road_id
    for incoming in arms:
        for outgoing in arms:
            if outgoing is incoming:
                continue
            angle = wrap(outgoing.yaw - incoming.yaw - math.pi)
            turn = "straight" if abs(angle) < math.radians(30.0) else ("right" if angle > 0.0 else "left")
            for lane_in, lane_out in _lane_pairs(turn, incoming.profile.lanes, outgoing.profile.lanes):
                path = turn_between(
                    incoming.point(0.0, -lane_in * LANE_WIDTH_M),
                    wrap(incoming.yaw + math.pi),
                    outgoing.point(0.0, lane_out * LANE_WIDTH_M),
                    outgoing.yaw,
                )
                yield Connection(
                    road_id=road_id,
                    incoming=incoming,
                    incoming_lane=lane_in,
                    outgoing=outgoing,
                    outgoing_lane=lane_out,
                    path=path,
                    turn=turn,
                )
                road_id += 1


def _lane_pairs(turn: str, lanes_in: int, lanes_out: int) -> list[tuple[int, int]]:
    """Left turns use the inner lanes, right turns the outer ones, and straight on keeps the lane."""
    if turn == "left":
        return [(0, 0)]
    if turn == "right":
        return [(lanes_in - 1, lanes_out - 1)]
    if lanes_in != lanes_out:
        raise RoadError(f"{lanes_in} lanes lead straight into {lanes_out}: plan the same profile on both sides")
    return [(lane, lane) for lane in range(lanes_in)]
