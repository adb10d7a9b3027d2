"""Where walkers walk: footways along all sidewalks, round the corners, and over the crosswalks.

A footway is the inner part of a sidewalk, clear of the furniture along the kerb. Crosswalks slope from the kerb
(sidewalk height) to the road and up again, and share their end edges with the footways. What is left of a street is
road area: the client's walkers enter it only when they jaywalk (``set_pedestrians_cross_factor``), and its crowd keeps
track of vehicles there. Inside junctions nobody walks.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterator, Sequence

import numpy as np

from sim_scenarios.embedded_simulator.road.blocks import Block, corner_points, street_stations
from sim_scenarios.embedded_simulator.road.curves import Array, wrap
from sim_scenarios.embedded_simulator.road.ground import lifted
from sim_scenarios.embedded_simulator.road.navigation_mesh import Area, WalkPolygon
from sim_scenarios.embedded_simulator.road.network import Arm, Corner, Network, Street
from sim_scenarios.embedded_simulator.road.parks import HUB_RADII_M, PATH_HALF_WIDTH_M, park_of
from sim_scenarios.embedded_simulator.road.plan import CROSSWALK_M, BlockUse, Profile
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M

FURNITURE_ZONE_M = 1.5
"""Along the kerb; never narrower than the verge and 0.2 m."""
FACADE_ZONE_M = 0.6
"""Along the back of the sidewalk."""
_INNER_CORNER_RADIUS_M = 2.0
_OUTER_CORNER_RADIUS_M = 0.8
_RAMP_M = 0.5
_RING_STEP_RAD = 0.4


def footway_span(profile: Profile) -> tuple[float, float]:
    """Distances [m] of a footway's edges from the centre line."""
    kerb = profile.carriageway_m + profile.parking_m
    return kerb + max(FURNITURE_ZONE_M, profile.verge_m + 0.2), profile.back_m - FACADE_ZONE_M


def walk_polygons(network: Network, blocks: Sequence[Block]) -> list[WalkPolygon]:
    """All walkable polygons, neighbours meeting edge to edge."""
    polygons: list[WalkPolygon] = []
    for street in network.streets:
        for sign in (-1.0, 1.0):
            polygons += _footway(street, sign)
        for at_start in (True, False):
            polygons += _crosswalk(Arm(street=street, at_start=at_start))
        polygons += _roadway(street)
    for junction in network.junctions:
        for corner in junction.corners():
            polygons += _corner(corner)
    for block in blocks:
        if block.use is BlockUse.PARK:
            polygons += _park(block)
    return polygons


def _footway(street: Street, sign: float) -> Iterator[WalkPolygon]:
    stations = street_stations(Arm(street=street, at_start=True))
    inner, outer = (street.path.offset(stations, sign * r) for r in footway_span(street.profile))
    return _ladder(inner, outer)


def _corner(corner: Corner) -> Iterator[WalkPolygon]:
    (inner_a, outer_a), (inner_b, outer_b) = (footway_span(arm.profile) for arm in (corner.arm, corner.following))
    inner = corner_points(corner.curve((inner_a, inner_b), _INNER_CORNER_RADIUS_M))
    outer = corner_points(corner.curve((outer_a, outer_b), _OUTER_CORNER_RADIUS_M))
    return _ladder(inner, outer)


def _ladder(inner: Array, outer: Array) -> Iterator[WalkPolygon]:
    """Quads (triangles where a rung is shared) between two polylines of as many points."""
    for k in range(len(inner) - 1):
        quad = (inner[k], inner[k + 1], outer[k + 1], outer[k])
        corners = _distinct([(float(p[0]), float(p[1]), SIDEWALK_HEIGHT_M) for p in quad])
        if len(corners) >= 3:
            yield WalkPolygon(corners, Area.SIDEWALK)


def _distinct(corners: Sequence[tuple[float, float, float]]) -> tuple[tuple[float, float, float], ...]:
    kept: list[tuple[float, float, float]] = []
    for corner in corners:
        if all(math.hypot(corner[0] - other[0], corner[1] - other[1]) > 2e-3 for other in kept):
            kept.append(corner)
    return tuple(kept)


def _crosswalk(arm: Arm) -> Iterator[WalkPolygon]:
    near, far = CROSSWALK_M
    stations = np.array(sorted((arm.s(near), arm.s(far))))
    areas = (Area.SIDEWALK, Area.CROSSWALK, Area.CROSSWALK, Area.CROSSWALK, Area.SIDEWALK)
    return _across(arm.street, stations, areas)


def _roadway(street: Street) -> Iterator[WalkPolygon]:
    """The rest of a street between its footways, where only walkers who jaywalk go."""
    stations = street_stations(Arm(street=street, at_start=True))
    near = CROSSWALK_M[1]
    between = (stations > near - 1e-6) & (stations < street.length - near + 1e-6)
    return _across(street, stations[between], (Area.ROAD,) * 5)


def _across(street: Street, stations: Array, areas: tuple[Area, ...]) -> Iterator[WalkPolygon]:
    """Quads from one footway over both kerbs to the other, between successive stations [m]."""
    footway, kerb = footway_span(street.profile)[0], street.kerb(stations)
    reach = np.full_like(kerb, footway)
    high, low = SIDEWALK_HEIGHT_M, 0.0
    rights = (-reach, -kerb, -kerb + _RAMP_M, kerb - _RAMP_M, kerb, reach)
    lines = [
        lifted(street.path.offset(stations, right), z)
        for right, z in zip(rights, (high, high, low, low, high, high), strict=True)
    ]
    for (left, right), area in zip(itertools.pairwise(lines), areas, strict=True):
        for k in range(len(stations) - 1):
            quad = (left[k], left[k + 1], right[k + 1], right[k])
            yield WalkPolygon(tuple((float(x), float(y), float(z)) for x, y, z in quad), area)


def _park(block: Block) -> Iterator[WalkPolygon]:
    """A park's straight paths, from the footways' edges at the gates to a ring round the middle of its plaza."""
    park = park_of(block)
    on_ring: list[Array] = []
    taken: list[tuple[float, float]] = []
    for spoke in park.spokes:
        left, right = spoke.sides(spoke.rim(park.middle), -FACADE_ZONE_M)
        yield from _ladder(left, right)
        on_ring += [left[0], right[0]]
        width = math.asin(PATH_HALF_WIDTH_M / HUB_RADII_M[1])
        taken.append((spoke.bearing - width, spoke.bearing + width))
    for bearing in np.arange(-math.pi, math.pi, _RING_STEP_RAD):
        if all(abs(wrap(bearing - 0.5 * (low + high))) > 0.5 * (high - low) + 0.1 for low, high in taken):
            on_ring.append(park.middle + HUB_RADII_M[1] * np.array([math.cos(bearing), math.sin(bearing)]))
    on_ring.sort(key=lambda point: math.atan2(point[1] - park.middle[1], point[0] - park.middle[0]))
    outer = np.stack([*on_ring, on_ring[0]])
    relative = outer - park.middle
    inner = park.middle + HUB_RADII_M[0] * relative / np.linalg.norm(relative, axis=1, keepdims=True)
    yield from _ladder(inner, outer)
