"""The faces of the street network: city blocks, and the one endless face outside the ring.

A block is walked with its streets on the right hand: along the back of one sidewalk, round a corner, along the next.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from sim_scenarios.embedded_simulator.road.curves import Array, Path, wrap
from sim_scenarios.embedded_simulator.road.network import Arm, Corner, Network
from sim_scenarios.embedded_simulator.road.plan import BlockUse
from sim_scenarios.embedded_simulator.road.polygons import contains, signed_area, without_repeats

BACK_CORNER_RADIUS_M = 1.0
CORNER_ARC_POINTS = 10
GATE_HALF_M = 1.5
"""Footways have an edge of this half length at the middle of every street side, where a park's path may join."""
STREET_LINE_STEP_M = 16.0
STREET_ARC_STEP_M = 2.0


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Frontage:
    """One side of a street as the block behind it sees it."""

    arm: Arm
    """The street at the junction where the walk along this side begins; the block lies on the arm's left."""

    def point(self, along: float, behind: float) -> Array:
        """World point (2,) ``along`` the walk and ``behind`` the back of the sidewalk [m]."""
        return self.arm.point(along, -(self.arm.profile.back_m + behind))

    def facing(self, along: float) -> float:
        """Heading [rad] from the block to the street."""
        _, _, yaw = self.arm.street.path.pose(self.arm.s(along))
        return wrap(yaw + (0.5 if self.arm.at_start else -0.5) * math.pi)

    @property
    def length(self) -> float:
        """[m] along the street's centre line."""
        return self.arm.street.length

    def bend(self, along: float) -> float:
        """How much the street bends [1/m], 0 where it is straight."""
        return abs(self.arm.street.path.curvature_at(self.arm.s(along)))


@dataclass(frozen=True, kw_only=True, slots=True, eq=False)
class Block:
    """What lies between streets."""

    outline: Array
    """(N, 2) [m] along the backs of the sidewalks, turning from x towards y."""
    frontages: tuple[Frontage, ...]
    use: BlockUse
    is_outside: bool
    """The endless face around the town: ``outline`` is then its inner edge."""


def blocks_of(network: Network) -> tuple[Block, ...]:
    """All faces of the network, in a fixed order."""
    corners = {
        (corner.arm.street.road_id, corner.arm.at_start): corner
        for junction in network.junctions
        for corner in junction.corners()
    }
    blocks = []
    left = dict(corners)
    while left:
        face = list(_walk(corners, next(iter(left.values()))))
        for corner in face:
            del left[corner.arm.street.road_id, corner.arm.at_start]
        blocks.append(_block(network, face))
    return tuple(blocks)


def _walk(corners: dict[tuple[int, bool], Corner], first: Corner) -> Iterator[Corner]:
    corner = first
    while True:
        yield corner
        arm = corner.following
        corner = corners[arm.street.road_id, not arm.at_start]
        if corner is first:
            return


def _block(network: Network, face: list[Corner]) -> Block:
    outline, frontages = [], []
    for corner in face:
        arm = corner.following
        outline.append(corner_points(back_curve(corner)))
        stations = street_stations(arm)[1:-1]
        sign = -1.0 if arm.at_start else 1.0
        side = arm.street.path.offset(stations, sign * arm.profile.back_m)
        outline.append(side if arm.at_start else side[::-1])
        frontages.append(Frontage(arm=arm))
    polygon = without_repeats(np.concatenate(outline))
    is_outside = signed_area(polygon) > 0.0
    if not is_outside:
        polygon = polygon[::-1]
    use = network.plan.outskirts if is_outside else BlockUse.MIXED
    if not is_outside:
        for x, y, planned in network.plan.uses:
            if contains(polygon, np.array([[x, y]]))[0]:
                use = planned
    return Block(outline=np.ascontiguousarray(polygon), frontages=tuple(frontages), use=use, is_outside=is_outside)


def street_stations(arm: Arm) -> Array:
    """Where a street is cut into facets, as distances along it [m]: all of its strips and outlines share them."""
    from_ends = (0.0, 1.0, 4.0, 6.0)  # crosswalk and the end of the verge
    street = arm.street
    gate = (0.5 * street.length - GATE_HALF_M, 0.5 * street.length + GATE_HALF_M)
    also = [*gate, *from_ends, *(street.length - d for d in from_ends), *(s for s, _ in street.parking_knots())]
    return street.path.stations(line_step_m=STREET_LINE_STEP_M, arc_step_m=STREET_ARC_STEP_M, also=also)


def back_curve(corner: Corner) -> Path:
    """The back of the sidewalk round a corner."""
    backs = (corner.arm.profile.back_m, corner.following.profile.back_m)
    return corner.curve(backs, BACK_CORNER_RADIUS_M)


def corner_stations(path: Path) -> Array:
    """Distances (M,) [m] along a corner curve, always as many, so that two curves round one corner can be joined."""
    arcs = [i for i, piece in enumerate(path.pieces) if piece.curvature != 0.0]
    low, high = 0.0, path.length
    if len(arcs) == 1:
        low = path.starts[arcs[0]]
        high = low + path.pieces[arcs[0]].length
    return np.concatenate([[0.0], np.linspace(low, high, CORNER_ARC_POINTS), [path.length]])


def corner_points(path: Path) -> Array:
    """Points (M, 2) [m] at the ``corner_stations``."""
    points, _ = path.at(corner_stations(path))
    return points
