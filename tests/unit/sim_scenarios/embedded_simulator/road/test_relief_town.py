"""Dressing of towns with heights: clear of all roads, whichever level they are on, and standing on the ground."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cache

import numpy as np
import pytest
import shapely

from sim_scenarios.embedded_simulator.road.build import build_town
from sim_scenarios.embedded_simulator.road.ground import GroundMesh
from sim_scenarios.embedded_simulator.road.layout import build_network
from sim_scenarios.embedded_simulator.road.paint import add_arrows
from sim_scenarios.embedded_simulator.road.plan import LANE_WIDTH_M, Control
from sim_scenarios.embedded_simulator.road.plans import PLANS
from sim_scenarios.embedded_simulator.road.polygons import Rectangle
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.ground import Ground

RELIEF = ("Town03", "Town04", "Town05")


@cache
def lanes_of(name: str) -> shapely.Geometry:
    """Plan of all driving lanes, on whatever level."""
    network = build_network(PLANS[name])
    lanes = []
    for street in network.streets:
        s = np.linspace(0.0, street.length, 2 + int(street.length / 3.0))
        right = street.profile.carriageway_m
        left = 0.0 if street.profile.is_one_way else -right
        ring = np.concatenate([street.path.offset(s, left), street.path.offset(s, right)[::-1]])
        lanes.append(shapely.Polygon(ring).buffer(0.0))
    for junction in network.junctions:
        for connection in junction.connections:
            s = np.linspace(0.0, connection.path.length, 30)
            lanes.append(shapely.LineString(connection.path.offset(s, 0.5 * LANE_WIDTH_M)).buffer(1.7))
    joined = shapely.union_all(lanes)
    shapely.prepare(joined)
    return joined


@pytest.mark.parametrize("name", RELIEF)
def test_no_building_stands_on_under_or_over_a_road(name: str, town_named: Callable[[str], Town]) -> None:
    town = town_named(name)
    assert len(town.lots) > 100
    for lot in town.lots:
        yaw = math.radians(lot.yaw_deg)
        plot = Rectangle(lot.center.x, lot.center.y, yaw, 0.5 * lot.depth_m, 0.5 * lot.width_m)
        assert not shapely.intersects(lanes_of(name), shapely.Polygon(plot.corners()))


@pytest.mark.parametrize("name", RELIEF)
def test_only_covers_lie_in_driving_lanes(name: str, town_named: Callable[[str], Town]) -> None:
    kinds = {
        thing.kind
        for thing in town_named(name).placements
        if shapely.contains_xy(lanes_of(name), thing.location.x, thing.location.y)
    }
    assert kinds == {"manhole", "drain"}


@pytest.mark.parametrize("name", RELIEF)
def test_everything_stands_on_the_ground(name: str, town_named: Callable[[str], Town]) -> None:
    town = town_named(name)
    feet = np.array([thing.location for thing in town.placements])
    ground = Ground(town).heights(feet)
    kinds = np.array([thing.kind for thing in town.placements])
    above = np.abs(feet[:, 2] - ground)
    assert above.max() < 0.4, kinds[above.argmax()]
    assert np.percentile(above, 99) < 0.25


@pytest.mark.parametrize("name", RELIEF)
def test_arrows_lie_on_the_road_before_lights(name: str, town_named: Callable[[str], Town]) -> None:
    network, mesh = build_network(PLANS[name]), GroundMesh()
    add_arrows(mesh, network)
    corners = np.concatenate([surface.positions[surface.triangles] for surface in mesh.surfaces()]).astype(float)
    arms = sum(len(junction.arms) for junction in network.junctions if junction.plan.control is Control.LIGHTS)
    assert len(corners) > 4 * arms  # a shaft and a head at least
    points = corners.reshape(-1, 3)
    above = points[:, 2] - Ground(town_named(name)).heights(points)
    assert above.min() > 0.004
    assert above.max() < 0.02
    assert shapely.contains_xy(lanes_of(name).buffer(0.01), points[:, 0], points[:, 1]).all()


def test_rails_line_the_motorway(town_named: Callable[[str], Town]) -> None:
    rails = [thing for thing in town_named("Town04").placements if thing.kind == "guard_rail"]
    network = build_network(PLANS["Town04"])
    length = sum(street.length for street in network.streets if street.profile.is_one_way)
    assert len(rails) * 3.0 > 1.5 * length


def test_the_seed_changes_what_is_built_but_not_where_one_drives(town_named: Callable[[str], Town]) -> None:
    town, other = town_named("Town05"), build_town("Town05", seed=1)
    assert other.lots != town.lots
    assert other.placements != town.placements
    assert other.opendrive == town.opendrive
    assert other.spawn_points == town.spawn_points
    assert other.traffic_lights == town.traffic_lights
    assert other.navigation_mesh == town.navigation_mesh
