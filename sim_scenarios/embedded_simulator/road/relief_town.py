"""Builds a town whose streets have heights, bridges and ramps: ground from its OpenDRIVE text, dressing from its plan.

Streets that cross one another on different levels enclose no blocks. So buildings stand in rows along the sidewalks,
wherever no road is, below or above either.
"""

from __future__ import annotations

import math

import numpy as np
import shapely

from sim_scenarios.embedded_simulator.road.blocks import Frontage
from sim_scenarios.embedded_simulator.road.covers import add_covers
from sim_scenarios.embedded_simulator.road.curves import Array
from sim_scenarios.embedded_simulator.road.forecourts import forecourts, pave_land
from sim_scenarios.embedded_simulator.road.furniture import furnish_sidewalk, park_cars
from sim_scenarios.embedded_simulator.road.ground import GroundMesh
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.lots import build_row
from sim_scenarios.embedded_simulator.road.navigation_mesh import write_navigation_mesh
from sim_scenarios.embedded_simulator.road.network import Arm, Network
from sim_scenarios.embedded_simulator.road.opendrive import speed_limits_kmh, write_opendrive
from sim_scenarios.embedded_simulator.road.opendrive_ground.cross_sections import Level
from sim_scenarios.embedded_simulator.road.opendrive_ground.signal_sites import sign_placements
from sim_scenarios.embedded_simulator.road.opendrive_ground.walk_areas import walk_polygons
from sim_scenarios.embedded_simulator.road.opendrive_reader.reading import read_opendrive
from sim_scenarios.embedded_simulator.road.opendrive_town import GenerationParameters, RoadGround, build_ground
from sim_scenarios.embedded_simulator.road.paint import add_arrows
from sim_scenarios.embedded_simulator.road.placing import Placer
from sim_scenarios.embedded_simulator.road.plan import BlockUse, TownPlan
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle
from sim_scenarios.embedded_simulator.road.railway import add_railway, put_train, railway_over
from sim_scenarios.embedded_simulator.road.roadside import claim_roads, line_with_rails, scatter_trees
from sim_scenarios.embedded_simulator.road.signals import traffic_light_sites
from sim_scenarios.embedded_simulator.road.spawn_points import APART_M, largest_vehicle_at, spawn_points
from sim_scenarios.embedded_simulator.road.town import Lot, Placement, Town
from sim_scenarios.embedded_simulator.road.walkways import FACADE_ZONE_M
from sim_scenarios.embedded_simulator.world.snapshot import Vector

_BEHIND_SIDEWALK_M = 15.0
_SHORTEST_FRONTAGE_M = 30.0
_STEEPEST_PLOT_M = 1.5
"""Most the land may rise under a building; its foundations reach that far down."""

_FURNITURE_ZONE_M = 1.42
"""Along the kerb, as far as tree pits reach."""
_BORDERS = ("fence", "hedge", "wall")
_BORDER_GAP_M = 0.3
_POST_GAP_M = 0.35


def build_relief_town(plan: TownPlan, *, seed: int) -> Town:
    """The town of a plan that is not level; equal arguments give equal bytes.

    Raises:
        RoadError: when the plan's streets do not fit.
    """
    network = build_network(plan)
    text = write_opendrive(network)
    roads = read_opendrive(text)
    ground = build_ground(roads, GenerationParameters(wall_height=0.0))
    site = _Site(ground)
    claims, rng = Claims(), np.random.default_rng(seed)
    claim_roads(network, claims)
    frontages = [(frontage, _use_beside(plan, site, frontage)) for frontage in _frontages(network)]
    lots: list[Lot] = []
    for frontage, use in frontages:
        lots += build_row(frontage, use, claims, rng, fits=site.has_room_for, height=site.height_under)
    placer, mesh = Placer(claims, rng), GroundMesh()
    pave_land(mesh, ground.surfaces, shapely.difference(forecourts(lots), site.roads))
    add_arrows(mesh, network)
    lights = traffic_light_sites(network)
    for light in lights:
        claims.take(Rectangle(light.pose.location.x, light.pose.location.y, 0.0, 0.4, 0.4))
    for sign in filter(site.reaches, sign_placements(roads)):
        placer.adopt(sign)
    for frontage, use in frontages:
        furnish_sidewalk(frontage, use, placer, mesh)
    placer.keep(site.carries)
    for street in network.streets:
        park_cars(street, placer)
        add_covers(street, placer)
        line_with_rails(street, ground.land, placer)
    taken = site.roads
    if plan.railway is not None:
        railway = railway_over(ground.land, *plan.railway, site.roads)
        add_railway(mesh, ground.land, railway)
        put_train(railway, placer, at=0.42, carriages=4)
        taken = shapely.union(taken, railway.plan())
    scatter_trees(ground.land, taken, placer)
    poses = spawn_points(network)
    placer.clear((largest_vehicle_at(pose) for pose in poses), APART_M)
    walks = walk_polygons(roads, ground.stretches, ground.junctions, kerb_m=_FURNITURE_ZONE_M, back_m=FACADE_ZONE_M)
    surfaces = (*ground.surfaces, *mesh.surfaces())
    low = np.min([surface.positions.min(axis=0) for surface in surfaces], axis=0)
    high = np.max([surface.positions.max(axis=0) for surface in surfaces], axis=0)
    return Town(
        name=plan.name,
        opendrive=text,
        spawn_points=poses,
        surfaces=surfaces,
        lots=tuple(lots),
        placements=tuple(placer.placements),
        traffic_lights=lights,
        navigation_mesh=write_navigation_mesh(walks),
        bounds_min=Vector(*(float(v) for v in low)),
        bounds_max=Vector(*(float(v) for v in high)),
        speed_limits_kmh=speed_limits_kmh(network),
        barriers=ground.barriers,
    )


class _Site:
    """Where the land is free and how high it is."""

    def __init__(self, ground: RoadGround) -> None:
        self._land = ground.land
        others = [stretch.outline() for stretch in ground.stretches if stretch.level is not Level.LAND]
        self.roads = shapely.union_all([ground.footprint, *others])
        shapely.prepare(self.roads)
        self.hull = self.roads.convex_hull

    def has_room_for(self, plot: Rectangle) -> bool:
        """Whether a building may stand there: no road, and nearly level."""
        corners = plot.corners()
        heights = self._land.at(corners)
        if heights.max() - heights.min() > _STEEPEST_PLOT_M:
            return False
        return not bool(shapely.intersects(self.roads, shapely.Polygon(corners)))

    def reaches(self, sign: Placement) -> bool:
        """Whether there is ground for a sign's post; beside the deck of a bridge there is none."""
        x, y, z = sign.location
        return abs(float(self._land.at(np.array([[x, y]]))[0]) - z) < _POST_GAP_M

    def carries(self, thing: Placement) -> bool:
        """Whether the land behind a sidewalk is as high as a fence, hedge or wall there needs it."""
        if thing.kind not in _BORDERS:
            return True
        x, y, z = thing.location
        return abs(float(self._land.at(np.array([[x, y]]))[0]) - z) < _BORDER_GAP_M

    def height_under(self, plot: Rectangle) -> float:
        """Height [m] of the lowest corner."""
        return float(self._land.at(plot.corners()).min())


def _frontages(network: Network) -> list[Frontage]:
    """Both sides of every street with sidewalks that lies on the land."""
    return [
        Frontage(arm=Arm(street=street, at_start=at_start))
        for street in network.streets
        if street.profile.sidewalk_m > 0.0
        and not street.profile.is_one_way
        and street.plan.bridge is None
        and street.plan.tunnel is None
        and street.length > _SHORTEST_FRONTAGE_M
        for at_start in (True, False)
    ]


def _use_beside(plan: TownPlan, site: _Site, frontage: Frontage) -> BlockUse:
    """That of the nearest place the plan speaks of; outside of all roads what it says of the outskirts."""
    point: Array = frontage.point(0.5 * frontage.length, _BEHIND_SIDEWALK_M)
    if not site.hull.contains(shapely.Point(point)):
        return plan.outskirts
    return min(plan.uses, key=lambda place: math.dist(place[:2], point))[2]
