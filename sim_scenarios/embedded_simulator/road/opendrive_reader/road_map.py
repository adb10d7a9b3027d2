"""What an OpenDRIVE file says, in CARLA's frame: x east, y south, yaw clockwise, offsets to the right."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.opendrive_reader.plan_view import PlanPiece


@dataclass(frozen=True, slots=True, eq=False)
class PiecewiseCubic:
    """A function of the distance along a road: cubics, each from its own start on."""

    starts: Array
    """(K,) [m], rising."""
    coefficients: Array
    """(K, 4): a, b, c, d."""

    def at(self, s: Array | float) -> Array:
        """Values (N,) at distances (N,) [m]; before the first start the first cubic's first value holds."""
        u, (a, b, c, d) = self._local(s)
        return np.asarray(a + u * (b + u * (c + u * d)))

    def slope(self, s: Array | float) -> Array:
        """Derivatives (N,) by the distance."""
        u, (_, b, c, d) = self._local(s)
        return np.asarray(b + u * (2.0 * c + u * 3.0 * d))

    def bend(self, s: Array | float) -> Array:
        """Second derivatives (N,) by the distance."""
        u, (_, _, c, d) = self._local(s)
        return np.asarray(2.0 * c + 6.0 * d * u)

    def _local(self, s: Array | float) -> tuple[Array, Array]:
        s = np.asarray(s, dtype=np.float64)
        index = np.maximum(np.searchsorted(self.starts, s, side="right") - 1, 0)
        return np.maximum(s - self.starts[index], 0.0), self.coefficients.T[:, index]


@dataclass(frozen=True, kw_only=True, slots=True)
class RoadMark:
    """A line along the outer border of a lane, from ``start`` to the next mark or the end of the section."""

    start: float
    """[m] along the road."""
    kind: str
    """OpenDRIVE's type in lower case: none, solid, broken, solid solid, ..."""
    color: str
    """Lower case; standard is white."""
    width_m: float
    dash_m: float
    """Length of a dash as the file gives it, 0 if it does not."""
    gap_m: float
    """Space between dashes, likewise."""


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Lane:
    """One lane of a section."""

    id: int
    """Negative to the right of the reference line, positive to the left, 0 the line between."""
    type: str
    """OpenDRIVE's, in lower case."""
    width: PiecewiseCubic
    """[m] over the distance along the road."""
    marks: tuple[RoadMark, ...]
    """By start."""
    predecessor: int | None
    successor: int | None


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class LaneSection:
    """A stretch of a road along which its lanes stay the same."""

    start: float
    """[m] along the road."""
    end: float
    lanes: tuple[Lane, ...]
    """From left to right, that is by falling id, the middle line 0 included."""

    def lane(self, lane_id: int) -> Lane | None:
        """The lane of an id, if there is one."""
        return next((lane for lane in self.lanes if lane.id == lane_id), None)

    def side(self, sign: int) -> list[Lane]:
        """Lanes from the middle outwards: to the right with ``sign`` 1, to the left with -1."""
        return sorted((lane for lane in self.lanes if lane.id * sign < 0), key=lambda lane: abs(lane.id))


@dataclass(frozen=True, kw_only=True, slots=True)
class RoadLink:
    """What a road is joined to at one of its ends."""

    is_junction: bool
    element_id: int
    at_start: bool
    """Whether it is the start of that road; of no meaning for junctions."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Signal:
    """A light or sign, or a reference to one that stands beside another road."""

    id: str
    name: str
    s: float
    """[m] along the road."""
    right: float
    """[m]."""
    z_offset_m: float
    yaw_offset_deg: float
    """Turn from the direction it is seen in, clockwise."""
    orientation: str
    """'+' for traffic in the road's direction, '-' against it, anything else for both."""
    type: str
    subtype: str
    value: float | None
    """In ``unit``."""
    unit: str
    is_dynamic: bool
    lanes: tuple[tuple[int, int], ...]
    """Ranges of lane ids, lowest and highest, that it is for; empty for all."""
    is_reference: bool


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class RoadObject:
    """A thing beside or on a road."""

    id: str
    name: str
    type: str
    """Lower case."""
    outline: Array
    """(N, 3) corners: s, right and height above the road [m]; empty for a thing without one."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Span:
    """A stretch of a road that is a bridge or a tunnel."""

    kind: str
    """bridge or tunnel."""
    start: float
    """[m] along the road."""
    end: float


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Road:
    """One road."""

    id: int
    name: str
    length: float
    """[m]."""
    junction_id: int
    """Of the junction it leads through, -1 for a road between junctions."""
    pieces: tuple[PlanPiece, ...]
    starts: Array
    """(K,) distance at which each piece begins [m]."""
    elevation: PiecewiseCubic
    """[m]."""
    lane_offset: PiecewiseCubic
    """Of the line between left and right lanes, to the right of the reference line [m]."""
    sections: tuple[LaneSection, ...]
    predecessor: RoadLink | None
    successor: RoadLink | None
    speed_kmh: float | None
    """Lowest limit along the road."""
    signals: tuple[Signal, ...]
    objects: tuple[RoadObject, ...]
    spans: tuple[Span, ...]

    def at(self, s: Array | float) -> tuple[Array, Array]:
        """Points (N, 2) [m] and headings (N,) [rad] of the reference line; beyond the ends those of the ends."""
        s = np.clip(np.atleast_1d(np.asarray(s, dtype=np.float64)), 0.0, self.length)
        if len(self.pieces) == 1:
            return self.pieces[0].at(s - self.starts[0])
        index = np.maximum(np.searchsorted(self.starts, s, side="right") - 1, 0)
        points, yaws = np.empty((len(s), 2)), np.empty(len(s))
        for i in np.unique(index):
            chosen = index == i
            points[chosen], yaws[chosen] = self.pieces[i].at(s[chosen] - self.starts[i])
        return points, yaws

    def points(self, s: Array | float, right: Array | float) -> Array:
        """Points (N, 3) [m] of the road's surface, ``right`` of the reference line."""
        line, yaws = self.at(s)
        aside = np.broadcast_to(np.asarray(right, dtype=np.float64), yaws.shape)
        flat = line + aside[:, None] * np.stack([-np.sin(yaws), np.cos(yaws)], axis=-1)
        height = self.elevation.at(np.clip(np.atleast_1d(np.asarray(s, dtype=np.float64)), 0.0, self.length))
        return np.concatenate([flat, height[:, None]], axis=1)

    def section_at(self, s: float) -> LaneSection:
        """The section at a distance [m]."""
        inside = [section for section in self.sections if section.start <= s]
        return inside[-1] if inside else self.sections[0]

    def borders(self, section: LaneSection, lane: Lane, s: Array) -> tuple[Array, Array]:
        """Offsets (N,) to the right [m] of a lane's border near the middle line and of the other one."""
        sign = 1.0 if lane.id < 0 else -1.0
        inner = self.lane_offset.at(s)
        for other in section.side(int(sign)):
            if abs(other.id) < abs(lane.id):
                inner = inner + sign * np.maximum(other.width.at(s), 0.0)
        width = np.maximum(lane.width.at(s), 0.0) if lane.id else np.zeros_like(inner)
        return inner, inner + sign * width

    def link(self, *, at_start: bool) -> RoadLink | None:
        """What follows at one of its ends."""
        return self.predecessor if at_start else self.successor


@dataclass(frozen=True, kw_only=True, slots=True)
class Connection:
    """A road through a junction, seen from one that leads into it."""

    incoming: int
    connecting: int
    at_start: bool
    """Whether the connecting road is entered at its start."""
    links: tuple[tuple[int, int], ...]
    """(lane of the incoming road, lane of the connecting road)."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Junction:
    """Where roads cross."""

    id: int
    name: str
    connections: tuple[Connection, ...]
    controllers: tuple[str, ...]
    """Ids of the controllers that rule it, in their sequence."""


@dataclass(frozen=True, kw_only=True, slots=True)
class RoadMap:
    """A whole file."""

    name: str
    """Of its header."""
    roads: Mapping[int, Road]
    """By id, in the order of the file."""
    junctions: Mapping[int, Junction]
    controllers: Mapping[str, tuple[str, ...]]
    """Ids of the signals that change together, by controller."""

    def roads_through(self, junction_id: int) -> Iterator[Road]:
        """The connecting roads of a junction."""
        return (road for road in self.roads.values() if road.junction_id == junction_id)
