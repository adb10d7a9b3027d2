"""What holds in every town, read through the client's own ``carla.Map`` where it can be."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import carla
import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.build import TOWN_NAMES
from sim_scenarios.embedded_simulator.road.placing import FOOTPRINTS, TREES
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle
from sim_scenarios.embedded_simulator.road.town import Town, TrafficLightSite
from sim_scenarios.embedded_simulator.world.ground import Ground

BUS_HALF_LENGTH_M, BUS_HALF_WIDTH_M = 6.0, 1.45
SPARE_M = 0.05


@dataclass(frozen=True)
class Place:
    town: Town
    map: carla.Map


@pytest.fixture(scope="module")
def place_named(town_named: Callable[[str], Town]) -> Callable[[str], Place]:
    @cache
    def place(name: str) -> Place:
        town = town_named(name)
        return Place(town, carla.Map(town.name, town.opendrive))

    return place


@pytest.fixture(params=TOWN_NAMES)
def place(request: pytest.FixtureRequest, place_named: Callable[[str], Place]) -> Place:
    return place_named(request.param)


def _key(waypoint: carla.Waypoint) -> tuple[int, int, int]:
    return waypoint.road_id, waypoint.section_id, waypoint.lane_id


def test_every_lane_can_be_reached_from_every_other_and_left_again(place: Place) -> None:
    onwards: dict[tuple[int, int, int], set[tuple[int, int, int]]] = defaultdict(set)
    back: dict[tuple[int, int, int], set[tuple[int, int, int]]] = defaultdict(set)
    waypoints = place.map.generate_waypoints(4.0)
    for start, end in place.map.get_topology():
        onwards[_key(start)].add(_key(end))
        back[_key(end)].add(_key(start))
    for waypoint in waypoints:  # lanes that one may change between
        for change, beside in (
            (carla.LaneChange.Left, waypoint.get_left_lane()),
            (carla.LaneChange.Right, waypoint.get_right_lane()),
        ):
            may = waypoint.lane_change in (change, carla.LaneChange.Both)
            if may and beside is not None and beside.lane_id * waypoint.lane_id > 0:
                onwards[_key(waypoint)].add(_key(beside))
                back[_key(beside)].add(_key(waypoint))
    lanes = {_key(waypoint) for waypoint in waypoints}
    for following in (onwards, back):
        origin = min(lanes)
        reached, queue = {origin}, deque([origin])
        while queue:
            for lane in following[queue.popleft()] - reached:
                reached.add(lane)
                queue.append(lane)
        assert lanes - reached == set()
    assert [waypoint for waypoint in waypoints if not waypoint.next(2.0)] == []


def test_lanes_are_wide_enough_and_join_without_a_jump(place: Place) -> None:
    assert min(waypoint.lane_width for waypoint in place.map.generate_waypoints(3.0)) >= 3.5 - 1e-3
    for start, end in place.map.get_topology():
        last = start
        while following := [w for w in last.next(0.5) if _key(w) == _key(start)]:
            last = following[0]
        assert last.transform.location.distance(end.transform.location) < 0.6
        turn = (last.transform.rotation.yaw - end.transform.rotation.yaw + 180.0) % 360.0 - 180.0
        assert abs(turn) < 6.0


def test_a_bus_fits_at_every_spawn_point(place: Place) -> None:
    assert len(place.town.spawn_points) >= 100
    scenery = Claims()
    for lot in place.town.lots:
        yaw = math.radians(lot.yaw_deg)
        scenery.take(Rectangle(lot.center.x, lot.center.y, yaw, 0.5 * lot.depth_m, 0.5 * lot.width_m))
    for thing in place.town.placements:
        half_x, half_y = (half * (1.0 if thing.kind in TREES else thing.scale) for half in FOOTPRINTS[thing.kind])
        scenery.take(Rectangle(thing.location.x, thing.location.y, math.radians(thing.yaw_deg), half_x, half_y))
    for pose in place.town.spawn_points:
        x, y, z = pose.location
        waypoint = place.map.get_waypoint(carla.Location(x, y, z), project_to_road=False)
        assert waypoint is not None
        assert not waypoint.is_junction
        lane = waypoint.transform
        assert abs((carla.Location(x, y, z) - lane.location).dot(lane.get_right_vector())) < 0.05
        assert z - waypoint.transform.location.z == pytest.approx(0.3, abs=0.25)
        assert math.cos(math.radians(waypoint.transform.rotation.yaw - pose.rotation.yaw)) > 0.9999
        bus = Rectangle(x, y, math.radians(pose.rotation.yaw), BUS_HALF_LENGTH_M, BUS_HALF_WIDTH_M)
        assert scenery.is_free(bus, SPARE_M), pose
        scenery.take(bus)


def test_the_road_lies_where_the_client_believes_it_to_be(place: Place) -> None:
    ground = Ground(place.town)
    points = np.array([_position(waypoint) for waypoint in place.map.generate_waypoints(3.0)])
    above = points + np.array([0.0, 0.0, 0.2])
    assert np.abs(ground.heights(above) - points[:, 2]).max() < 0.03


def _position(waypoint: carla.Waypoint) -> tuple[float, float, float]:
    location = waypoint.transform.location
    return location.x, location.y, location.z


def test_signs_lights_and_crosswalks_are_of_several_kinds(place: Place) -> None:
    landmarks = place.map.get_all_landmarks()
    types = {landmark.type for landmark in landmarks}
    assert {"1000001", "274"} <= types
    assert types & {"205", "206"}
    lights = {landmark.id for landmark in landmarks if landmark.type == "1000001"}
    assert lights == {site.opendrive_id for site in place.town.traffic_lights}
    assert len(place.map.get_crosswalks()) >= 5 * 8
    here = place.map.transform_to_geolocation(carla.Location(0.0, 0.0, 0.0))
    assert (here.latitude, here.longitude) == pytest.approx((49.0, 8.0), abs=1e-6)


def test_lights_stand_over_their_lanes_and_are_green_one_after_the_other(place: Place) -> None:
    for site in place.town.traffic_lights:
        landmark = place.map.get_all_landmarks_from_id(site.opendrive_id)[0]
        (lanes,) = landmark.get_lane_validities()
        ruled = {(landmark.road_id, lane) for lane in range(min(lanes), max(lanes) + 1) if lane != 0}
        assert _lanes_across(place.map, site) == ruled
        for road_id, lane_id in ruled:
            stop = place.map.get_waypoint_xodr(road_id, lane_id, landmark.s)
            assert math.cos(math.radians(stop.transform.rotation.yaw - site.stop_lane_yaw_deg)) > 0.98
            assert all(waypoint.is_junction for waypoint in stop.next(9.0))
    groups = defaultdict(list)
    for site in place.town.traffic_lights:
        groups[site.group].append(site)
    for sites in groups.values():
        assert sorted(site.phase for site in sites) == list(range(len(sites)))


def _lanes_across(town_map: carla.Map, site: TrafficLightSite) -> set[tuple[int, int]]:
    """Lanes met by the scan of ``carla.TrafficLight.get_stop_waypoints``, along the actor's forward vector."""
    yaw = math.radians(site.actor_pose.rotation.yaw)
    center, foot = site.actor_trigger_center, site.actor_pose.location
    x = foot.x + center.x * math.cos(yaw) - center.y * math.sin(yaw)
    y = foot.y + center.x * math.sin(yaw) + center.y * math.cos(yaw)
    reach = 0.9 * site.actor_trigger_extent.x
    found = set()
    for offset in np.arange(-reach, reach, 1.0):
        location = carla.Location(x + offset * math.cos(yaw), y + offset * math.sin(yaw), foot.z)
        waypoint = town_map.get_waypoint(location)
        found.add((waypoint.road_id, waypoint.lane_id))
    return found
