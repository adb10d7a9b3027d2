"""Street furniture along the sidewalks.

A sidewalk has three zones: furniture along the kerb, the footway (kept free: walkers go there), and a narrow strip
along the facades. Fixed things (signs, lamps) come first, then trees at a regular pace, then the rest by chance.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence

import numpy as np

from sim_scenarios.embedded_simulator.road.blocks import Block, Frontage
from sim_scenarios.embedded_simulator.road.chance import weighted_index
from sim_scenarios.embedded_simulator.road.covers import add_covers
from sim_scenarios.embedded_simulator.road.curves import Array, wrap
from sim_scenarios.embedded_simulator.road.ground import TAG_TERRAIN, GroundMesh, lifted
from sim_scenarios.embedded_simulator.road.network import Network, Street
from sim_scenarios.embedded_simulator.road.paint import BAY_LENGTH_M, bays
from sim_scenarios.embedded_simulator.road.parks import park_of, path_rectangles
from sim_scenarios.embedded_simulator.road.placing import Placer
from sim_scenarios.embedded_simulator.road.plan import BlockUse, Control
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle
from sim_scenarios.embedded_simulator.road.signals import SPEED_SIGN_ALONG_M, must_wait, traffic_light_sites
from sim_scenarios.embedded_simulator.road.town import PLACEMENT_KINDS, SIDEWALK_HEIGHT_M

_LAMP_SPACING_M = 27.0
_TREE_SPACING_M = 9.0
_CLUTTER_SPACING_M = 4.5
_CLEAR_OF_JUNCTION_M = 7.0
_SIGN_ALONG_M = 5.8
_SIGN_BEHIND_KERB_M = 0.45
_KERB_ZONE_MIDDLE_M = 0.75
_TREE_IN_VERGE_M = 1.1
_TREE_IN_PIT_M = 0.8
_TREE_SCALE = (1.0, 1.25)
"""Not smaller: the crowns of street trees must clear the roofs, and the cameras, of cars in the outer lane."""
_TREE_PIT_M = 0.6
_TREE_PIT_HEIGHT_M = 0.012
_BUS_STOP_BEHIND_KERB_M = 1.0
_FRONT_GARDEN_M = 0.6
_BAY_TAKEN = 0.68
_BAY_ROADWORKS = 0.03
_CLUTTER = ("bin", "bench", "hydrant", "planter", "bollard", "pole", "sign_crosswalk", "bush", "parked_bicycle", "")
_CLUTTER_WEIGHTS = (3.0, 3.0, 1.0, 2.5, 2.0, 0.7, 0.4, 1.5, 2.4, 4.0)


def furnish_streets(
    network: Network, blocks: Sequence[Block], claims: Claims, placer: Placer, mesh: GroundMesh
) -> None:
    """Furniture of all sidewalks and parking bays."""
    for site in traffic_light_sites(network):
        claims.take(Rectangle(site.pose.location.x, site.pose.location.y, 0.0, 0.4, 0.4))
    for block in blocks:
        if block.use is BlockUse.PARK:
            for rectangle in path_rectangles(park_of(block)):
                claims.take(rectangle)
        for frontage in block.frontages:
            _add_signs(network, frontage, placer)
            _add_guard_rail(frontage, block, placer)
            furnish_sidewalk(frontage, block.use, placer, mesh)
    for street in network.streets:
        park_cars(street, placer)
        add_covers(street, placer)


def furnish_sidewalk(frontage: Frontage, use: BlockUse, placer: Placer, mesh: GroundMesh) -> None:
    """Lamps, trees and all that stands about on one sidewalk."""
    _add_lamps(frontage, placer)
    _add_bus_stop(frontage, placer)
    _add_trees(frontage, placer, mesh)
    _add_clutter(frontage, placer)
    _add_facade_strip(use, frontage, placer)


def _kerb_point(frontage: Frontage, along: float, behind_kerb: float) -> Array:
    kerb = float(frontage.arm.street.kerb(frontage.arm.s(along)))
    return frontage.arm.point(along, -(kerb + behind_kerb))


def _height(frontage: Frontage, along: float) -> float:
    """Of the sidewalk [m]."""
    return frontage.arm.street.elevation.height(frontage.arm.s(along)) + SIDEWALK_HEIGHT_M


def _evenly(frontage: Frontage, spacing: float) -> Iterator[float]:
    usable = frontage.length - 2.0 * _CLEAR_OF_JUNCTION_M
    count = max(1, round(usable / spacing))
    for i in range(count):
        yield _CLEAR_OF_JUNCTION_M + usable * (i + 0.5) / count


def _add_signs(network: Network, frontage: Frontage, placer: Placer) -> None:
    """Signs for the traffic beside this sidewalk, which drives towards the arm's junction."""
    arm = frontage.arm
    junction = network.junction_at(arm.street, start=arm.at_start)
    if junction.plan.control is not Control.LIGHTS:
        kind = "sign_crosswalk"
        if must_wait(junction, arm):
            kind = "sign_stop" if junction.plan.control is Control.STOP else "sign_yield"
        placer.put(kind, _kerb_point(frontage, _SIGN_ALONG_M, _SIGN_BEHIND_KERB_M), arm.yaw)
    speed_kind = f"sign_speed_{arm.profile.speed_kmh}"
    if speed_kind in PLACEMENT_KINDS:
        along = frontage.length - SPEED_SIGN_ALONG_M
        _, _, yaw = arm.street.path.pose(arm.s(along))
        placer.put(
            speed_kind, _kerb_point(frontage, along, _SIGN_BEHIND_KERB_M), wrap(yaw if arm.at_start else yaw + math.pi)
        )


def _add_guard_rail(frontage: Frontage, block: Block, placer: Placer) -> None:
    if not (frontage.arm.street.plan.has_guard_rail and block.is_outside):
        return
    along = _CLEAR_OF_JUNCTION_M
    while along < frontage.length - _CLEAR_OF_JUNCTION_M:
        bend = frontage.bend(along)
        if bend != 0.0:
            placer.put("guard_rail", _kerb_point(frontage, along, 0.35), frontage.facing(along), gap_m=-0.05)
            # The rail is longer than the stretch of centre line beside it, on the inside of the curve.
            along += 3.0 / (1.0 + (frontage.arm.profile.carriageway_m + 0.35) * bend)
        else:
            along += 0.5


def _add_lamps(frontage: Frontage, placer: Placer) -> None:
    for along in _evenly(frontage, _LAMP_SPACING_M):
        point, z = _kerb_point(frontage, along, 0.6), _height(frontage, along)
        placer.put("street_lamp", point, frontage.facing(along), z=z, gap_m=0.0)


def _add_bus_stop(frontage: Frontage, placer: Placer) -> None:
    profile = frontage.arm.profile
    if profile.parking_m > 0.0 or profile.sidewalk_m < 4.5 or placer.rng.random() > 0.4:
        return
    along = 0.62 * frontage.length
    if frontage.bend(along) == 0.0:
        point, z = _kerb_point(frontage, along, _BUS_STOP_BEHIND_KERB_M), _height(frontage, along)
        placer.put("bus_stop", point, frontage.facing(along), z=z, gap_m=0.6)


def _add_trees(frontage: Frontage, placer: Placer, mesh: GroundMesh) -> None:
    kind = placer.choose("tree_broadleaf", "tree_round", "tree_broadleaf")
    share = 0.9 if frontage.arm.profile.verge_m > 0.0 else 0.6
    for along in _evenly(frontage, _TREE_SPACING_M):
        if placer.rng.random() > share:
            continue
        behind = _TREE_IN_VERGE_M if frontage.arm.profile.verge_m > 0.0 else _TREE_IN_PIT_M
        point = _kerb_point(frontage, along, behind)
        scale = float(placer.rng.uniform(*_TREE_SCALE))
        z = _height(frontage, along)
        is_planted = placer.put(kind, point, placer.turn(), z=z, gap_m=0.9, scale=scale)
        if is_planted and frontage.arm.profile.verge_m == 0.0 and _is_level(frontage, along):
            pit = Rectangle(float(point[0]), float(point[1]), frontage.facing(along), _TREE_PIT_M, _TREE_PIT_M)
            corners = lifted(pit.corners(), z + _TREE_PIT_HEIGHT_M)
            mesh.add("dirt", TAG_TERRAIN, corners, np.array([[0, 1, 2], [0, 2, 3]]))


def _is_level(frontage: Frontage, along: float) -> bool:
    return float(frontage.arm.street.elevation.slope(frontage.arm.s(along))) == 0.0


def _add_clutter(frontage: Frontage, placer: Placer) -> None:
    for along in _evenly(frontage, _CLUTTER_SPACING_M):
        kind = _CLUTTER[weighted_index(placer.rng, _CLUTTER_WEIGHTS)]
        along += float(placer.rng.uniform(-1.0, 1.0))
        if not kind or (kind == "bush" and frontage.arm.profile.verge_m == 0.0):
            continue
        towards = frontage.facing(along)
        # Benches turn their back to the traffic; signs face the traffic that comes along the kerb.
        turns = {"bench": math.pi, "sign_crosswalk": -0.5 * math.pi, "parked_bicycle": 0.5 * math.pi}
        yaw = towards + turns.get(kind, 0.0)
        scale = 0.7 if kind == "bush" else 1.0
        point, z = _kerb_point(frontage, along, _KERB_ZONE_MIDDLE_M), _height(frontage, along)
        placer.put(kind, point, wrap(yaw), z=z, gap_m=0.35, scale=scale)


def _add_facade_strip(use: BlockUse, frontage: Frontage, placer: Placer) -> None:
    """Hedges, fences and walls where no building stands at the back of the sidewalk, planters where one does."""
    along, run, kind = 1.6, 0, ""
    while along < frontage.length - 1.6:
        if run == 0:
            kind = _border_kind(use, placer)
            run = int(placer.rng.integers(4, 9))
        yaw, z = frontage.facing(along), _height(frontage, along)
        if kind and not placer.put(kind, frontage.point(along, _FRONT_GARDEN_M), yaw, z=z, gap_m=0.0):
            if placer.rng.random() < 0.05:
                placer.put("planter", frontage.point(along, -0.27), yaw, z=z, gap_m=0.0, scale=0.8)
            along += 1.0
            continue
        run -= 1
        along += 3.05


def _border_kind(use: BlockUse, placer: Placer) -> str:
    if use is BlockUse.PARK:
        return placer.choose("hedge", "fence", "fence", "")
    if use in (BlockUse.HOUSES, BlockUse.VILLAGE):
        return placer.choose("hedge", "fence", "wall", "hedge", "")
    return placer.choose("wall", "fence", "", "")


def park_cars(street: Street, placer: Placer) -> None:
    """Cars and roadworks in the bays of a level street."""
    across = street.profile.carriageway_m + 0.5 * street.profile.parking_m
    for s in bays(street):
        for sign in (-1.0, 1.0):
            x, y, yaw = street.path.pose(s)
            heading = yaw if sign > 0.0 else wrap(yaw + math.pi)
            aside = sign * (across + float(placer.rng.uniform(-0.04, 0.08)))
            ahead = float(placer.rng.uniform(-0.1, 0.1))
            point = np.array([x - aside * math.sin(yaw), y + aside * math.cos(yaw)])
            point = point + ahead * np.array([math.cos(yaw), math.sin(yaw)])
            chance = placer.rng.random()
            if chance < _BAY_TAKEN:
                kind = placer.choose("parked_sedan", "parked_hatchback", "parked_suv", "parked_sedan", "parked_van")
                placer.put(kind, point, wrap(heading + float(placer.rng.normal(0.0, 0.008))), z=0.0, gap_m=0.0)
            elif chance < _BAY_TAKEN + _BAY_ROADWORKS:
                _add_roadworks(point, heading, placer)


def _add_roadworks(middle: Array, heading: float, placer: Placer) -> None:
    """A fenced-off parking bay."""
    ahead = np.array([math.cos(heading), math.sin(heading)])
    aside = np.array([-ahead[1], ahead[0]])
    for along in (-0.4, 0.4):
        placer.put("barrier", middle + along * BAY_LENGTH_M * ahead, heading, z=0.0)
    for along in (-0.2, 0.0, 0.2):
        placer.put("cone", middle + along * BAY_LENGTH_M * ahead - 0.7 * aside, placer.turn(), z=0.0)
