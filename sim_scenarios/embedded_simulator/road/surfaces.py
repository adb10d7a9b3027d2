"""Meshes of carriageways, kerbs, verges, sidewalks and block ground.

Streets are strips between offsets of their centre line; a junction's carriageway is a fan from its middle to the arms
and kerb corners, which share their points with the neighbouring strips: nothing overlaps and nothing gapes.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.road.blocks import (
    Block,
    back_curve,
    corner_points,
    corner_stations,
    street_stations,
)
from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.forecourts import FORECOURT, FORECOURT_ABOVE_M, forecourts
from sim_scenarios.embedded_simulator.road.ground import (
    TAG_GROUND,
    TAG_ROAD,
    TAG_SIDEWALK,
    TAG_TERRAIN,
    GroundMesh,
    lifted,
)
from sim_scenarios.embedded_simulator.road.network import Arm, Corner, Junction, Network, Street
from sim_scenarios.embedded_simulator.road.opendrive_ground.areas import fill
from sim_scenarios.embedded_simulator.road.plan import BlockUse
from sim_scenarios.embedded_simulator.road.polygons import cut_to_grid, triangulate
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M, Lot

KERB_TOP_M = 0.15
VERGE_FROM_M = 6.0
"""Verges begin this far from a junction: nearer, the sidewalk is paved up to the kerb."""
GUTTER_M = 0.165
"""Width of the row of stones along a kerb, on the road's own level."""
LANES, GUTTER = "asphalt_lanes", "gutter"
"""Asphalt with the tracks of tyres in lanes of ``LANE_WIDTH_M``, mapped along the street and out from its line."""
_GROUND_CELL_M = 20.0


def add_network(mesh: GroundMesh, network: Network) -> None:
    """Carriageways, kerbs and sidewalks of all streets and junctions."""
    for street in network.streets:
        _add_street(mesh, street)
    for junction in network.junctions:
        _add_junction(mesh, junction)
        for corner in junction.corners():
            _add_corner(mesh, corner)


def _add_street(mesh: GroundMesh, street: Street) -> None:
    stations = street_stations(Arm(street=street, at_start=True))
    kerb = street.kerb(stations)

    def band(material: str, inner: Array, outer: Array) -> None:
        edges = [lifted(street.path.offset(stations, r), 0.0) for r in (inner, outer)]
        uvs = (np.stack([stations, inner], axis=1), np.stack([stations, outer], axis=1))
        mesh.add_strip(material, TAG_ROAD, edges[0], edges[1], uvs)

    for sign in (-1.0, 1.0):
        inner = sign * (kerb - GUTTER_M)
        band(LANES, np.zeros_like(stations), inner)
        band(GUTTER, inner, sign * kerb)
        _add_sidewalk(mesh, street, stations, sign)


def _add_sidewalk(mesh: GroundMesh, street: Street, stations: Array, sign: float) -> None:
    kerb = street.kerb(stations)
    profile = street.profile
    back = np.full_like(kerb, profile.back_m)
    foot, top = (street.path.offset(stations, sign * (kerb + d)) for d in (0.0, KERB_TOP_M))
    _add_kerb(mesh, foot, top, stations, sign)

    def band(material: str, tag: int, chosen: NDArray[np.int64], inner: Array, outer: Array) -> None:
        s = stations[chosen]
        points = [lifted(street.path.offset(s, sign * r[chosen]), SIDEWALK_HEIGHT_M) for r in (inner, outer)]
        uvs = (np.stack([s, inner[chosen]], axis=1), np.stack([s, outer[chosen]], axis=1))
        mesh.add_strip(material, tag, points[0], points[1], uvs)

    inner = kerb + KERB_TOP_M
    if profile.verge_m == 0.0:
        band("sidewalk", TAG_SIDEWALK, np.arange(len(stations)), inner, back)
        return
    far = street.length - VERGE_FROM_M
    middle = np.flatnonzero((stations > VERGE_FROM_M - 1e-6) & (stations < far + 1e-6))
    for chosen in (np.arange(middle[0] + 1), np.arange(middle[-1], len(stations))):
        band("sidewalk", TAG_SIDEWALK, chosen, inner, back)
    band("grass", TAG_TERRAIN, middle, inner, kerb + profile.verge_m)
    band("sidewalk", TAG_SIDEWALK, middle, kerb + profile.verge_m, back)


def _add_kerb(mesh: GroundMesh, foot: Array, top: Array, s: Array, sign: float) -> None:
    """The kerb's vertical face at ``foot`` (N, 2), turned to the road, and its top out to ``top``."""
    low, high, outer = lifted(foot, 0.0), lifted(foot, SIDEWALK_HEIGHT_M), lifted(top, SIDEWALK_HEIGHT_M)
    uv_low, uv_high = np.stack([s, np.zeros_like(s)], axis=1), np.stack([s, np.full_like(s, SIDEWALK_HEIGHT_M)], axis=1)
    if sign > 0.0:
        mesh.add_strip("kerb", TAG_SIDEWALK, low, high, (uv_low, uv_high))
    else:
        mesh.add_strip("kerb", TAG_SIDEWALK, high, low, (uv_high, uv_low))
    uv_outer = uv_high + np.array([0.0, KERB_TOP_M])
    mesh.add_strip("kerb", TAG_SIDEWALK, high, outer, (uv_high, uv_outer))


def junction_outline(junction: Junction, *, inset_m: float = 0.0) -> Array:
    """Outline of a junction's carriageway (N, 2), turning from x towards y, with repeats where pieces meet.

    Along kerbs it lies ``inset_m`` inside.
    """
    parts = []
    for corner in junction.corners():
        half = corner.arm.profile.carriageway_m - inset_m
        parts.append(np.stack([corner.arm.point(0.0, -half), corner.arm.point(0.0, 0.0)]))
        curve = corner.kerb()
        parts.append(curve.offset(corner_stations(curve), inset_m))
    return np.concatenate(parts)


def _add_junction(mesh: GroundMesh, junction: Junction) -> None:
    outline = junction_outline(junction, inset_m=GUTTER_M)
    count = len(outline)
    ring = np.arange(count, dtype=np.int64)
    triangles = np.stack([np.full(count, count), ring, (ring + 1) % count], axis=1)
    points = np.concatenate([outline, junction.center[None]])
    mesh.add("asphalt", TAG_ROAD, lifted(points, 0.0), triangles)


def _add_corner(mesh: GroundMesh, corner: Corner) -> None:
    curve = corner.kerb()  # the sidewalk is on the left
    stations = corner_stations(curve)
    foot, top = curve.offset(stations, 0.0), curve.offset(stations, -KERB_TOP_M)
    _add_kerb(mesh, foot, top, stations, sign=-1.0)
    gutter = lifted(curve.offset(stations, GUTTER_M), 0.0)
    uvs = [np.stack([stations, np.full_like(stations, across)], axis=1) for across in (0.0, GUTTER_M)]
    mesh.add_strip(GUTTER, TAG_ROAD, lifted(foot, 0.0), gutter, (uvs[0], uvs[1]))
    back = corner_points(back_curve(corner))
    mesh.add_strip("sidewalk", TAG_SIDEWALK, lifted(top, SIDEWALK_HEIGHT_M), lifted(back, SIDEWALK_HEIGHT_M))


_PAVED = (BlockUse.OFFICES, BlockUse.SHOPS)


def add_block_ground(mesh: GroundMesh, block: Block) -> None:
    """Level ground of a block, up to the backs of the sidewalks around it."""
    material, tag = ("plaza", TAG_GROUND) if block.use in _PAVED else ("grass", TAG_TERRAIN)
    points, triangles = cut_to_grid(block.outline, triangulate(block.outline), _GROUND_CELL_M)
    mesh.add(material, tag, lifted(points, SIDEWALK_HEIGHT_M), triangles)


def add_forecourts(mesh: GroundMesh, block: Block, lots: Sequence[Lot]) -> None:
    """Paving round the buildings ``lots`` of a block whose ground is grass."""
    if not lots or (block.use in _PAVED and not block.is_outside):
        return
    outline = shapely.Polygon(block.outline)
    cut = shapely.difference if block.is_outside else shapely.intersection
    height = SIDEWALK_HEIGHT_M + FORECOURT_ABOVE_M
    fill(
        mesh, FORECOURT, TAG_GROUND, cut(forecourts(lots), outline), lambda points: np.full(len(points), height),
        cell_m=_GROUND_CELL_M,
    )  # fmt: skip
