"""The map as the client reads it: ``carla.Map`` needs no server."""

from __future__ import annotations

import math
from collections import defaultdict, deque
from xml.etree import ElementTree as Xml

import carla
import pytest

from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.town import Town


def _waypoint_key(waypoint: carla.Waypoint) -> tuple[int, int]:
    return waypoint.road_id, waypoint.lane_id


def test_every_lane_leads_on_and_every_lane_can_be_reached(carla_map: carla.Map) -> None:
    following: dict[tuple[int, int], set[tuple[int, int]]] = defaultdict(set)
    for start, end in carla_map.get_topology():
        following[_waypoint_key(start)].add(_waypoint_key(end))
    lanes = {_waypoint_key(w) for w in carla_map.generate_waypoints(5.0)}
    assert lanes == set(following)
    for origin in list(lanes)[:3]:
        reached, queue = {origin}, deque([origin])
        while queue:
            for lane in following[queue.popleft()] - reached:
                reached.add(lane)
                queue.append(lane)
        assert reached == lanes


def test_no_waypoint_is_a_dead_end(carla_map: carla.Map) -> None:
    assert [w for w in carla_map.generate_waypoints(2.0) if not w.next(2.0)] == []


def test_successive_lanes_join_without_a_jump(carla_map: carla.Map) -> None:
    for start, end in carla_map.get_topology():
        last = start
        while True:
            following = [w for w in last.next(0.5) if _waypoint_key(w) == _waypoint_key(start)]
            if not following:
                break
            last = following[0]
        assert last.transform.location.distance(end.transform.location) < 0.6
        turn = (last.transform.rotation.yaw - end.transform.rotation.yaw + 180.0) % 360.0 - 180.0
        assert abs(turn) < 6.0


def test_driving_lanes_are_three_and_a_half_metres_wide(carla_map: carla.Map) -> None:
    widths = [w.lane_width for w in carla_map.generate_waypoints(3.0)]
    assert min(widths) == pytest.approx(3.5, abs=1e-3)
    assert max(widths) == pytest.approx(3.5, abs=1e-3)


def test_client_and_plan_agree_on_every_lane(network: Network, carla_map: carla.Map) -> None:
    for street in network.streets:
        for lane in range(street.profile.lanes):
            for sign in (-1, 1):
                s = 0.37 * street.length
                waypoint = carla_map.get_waypoint_xodr(street.road_id, -sign * (lane + 1), s)
                point = street.path.offset(s, sign * (lane + 0.5) * 3.5)[0]
                location = waypoint.transform.location
                assert (location.x, location.y, location.z) == pytest.approx((*point, 0.0), abs=2e-3)
                _, _, yaw = street.path.pose(s)
                heading = math.degrees(yaw) + (0.0 if sign > 0 else 180.0)
                assert math.cos(math.radians(heading - waypoint.transform.rotation.yaw)) > 0.999999


def test_sidewalks_flank_every_street_and_bays_some(network: Network, carla_map: carla.Map) -> None:
    num_bays = 0
    for street in network.streets:
        outermost = street.profile.lanes + 1 + (street.profile.parking_m > 0.0)
        for lane_id in (-outermost, outermost):
            sidewalk = carla_map.get_waypoint_xodr(street.road_id, lane_id, 0.5 * street.length)
            assert sidewalk.lane_type == carla.LaneType.Sidewalk
            assert sidewalk.lane_width == pytest.approx(street.profile.sidewalk_m, abs=1e-3)
        if street.profile.parking_m > 0.0:
            bay = carla_map.get_waypoint_xodr(street.road_id, -street.profile.lanes - 1, 0.5 * street.length)
            assert bay.lane_type == carla.LaneType.Parking
            assert bay.lane_width == pytest.approx(street.profile.parking_m, abs=1e-3)
            num_bays += 1
    assert num_bays > 0


def test_lane_marks_are_of_several_kinds(carla_map: carla.Map) -> None:
    seen = set()
    for waypoint in carla_map.generate_waypoints(4.0):
        for mark in (waypoint.left_lane_marking, waypoint.right_lane_marking):
            if mark is not None:
                seen.add((str(mark.type), str(mark.color)))
    assert {
        ("SolidSolid", "Yellow"),
        ("Broken", "Yellow"),
        ("Solid", "Yellow"),
        ("Broken", "White"),
        ("Solid", "White"),
    } <= seen


def test_lanes_of_avenues_allow_changing(carla_map: carla.Map, network: Network) -> None:
    street = next(street for street in network.streets if street.profile.lanes == 2)
    inner = carla_map.get_waypoint_xodr(street.road_id, -1, 0.5 * street.length)
    assert inner.lane_change == carla.LaneChange.Right
    assert inner.get_right_lane().lane_id == -2


def test_each_arm_has_a_crosswalk(network: Network, carla_map: carla.Map) -> None:
    corners = carla_map.get_crosswalks()
    num_arms = sum(len(junction.arms) for junction in network.junctions)
    assert len(corners) == 5 * num_arms  # four corners, the first one twice
    for first in range(0, len(corners), 5):
        for corner in corners[first : first + 5]:
            waypoint = carla_map.get_waypoint(corner, lane_type=carla.LaneType.Driving)
            assert not waypoint.is_junction
            assert waypoint.transform.location.distance(corner) < 0.5 * 3.5 + 0.01


def test_lights_and_signs_stand_on_their_lanes(town: Town, carla_map: carla.Map) -> None:
    by_id = {landmark.id: landmark for landmark in carla_map.get_all_landmarks()}
    assert {landmark.type for landmark in by_id.values()} == {"1000001", "205", "206", "274"}
    lights = {landmark.id for landmark in by_id.values() if landmark.type == "1000001"}
    assert lights == {site.opendrive_id for site in town.traffic_lights}


def test_a_light_is_seen_from_its_approach_and_not_from_the_other_lanes(town: Town, carla_map: carla.Map) -> None:
    for site in town.traffic_lights:
        landmark = carla_map.get_all_landmarks_from_id(site.opendrive_id)[0]
        (lanes,) = landmark.get_lane_validities()
        for lane_id in range(min(lanes), max(lanes) + 1):
            stop = carla_map.get_waypoint_xodr(landmark.road_id, lane_id, landmark.s)
            assert math.cos(math.radians(stop.transform.rotation.yaw - site.stop_lane_yaw_deg)) > 0.999
            before = stop.previous(15.0)[0]
            assert site.opendrive_id in {seen.id for seen in before.get_landmarks_of_type(30.0, "1000001")}
            ahead = stop.next(9.0)
            assert all(waypoint.is_junction for waypoint in ahead)
            opposite = carla_map.get_waypoint_xodr(landmark.road_id, -lane_id, landmark.s)
            seen = {landmark.id for landmark in opposite.previous(3.0)[0].get_landmarks_of_type(8.0, "1000001")}
            assert site.opendrive_id not in seen


def test_speed_limits_cover_every_road(town: Town, carla_map: carla.Map) -> None:
    roads = {w.road_id for w in carla_map.generate_waypoints(4.0)}
    assert set(town.speed_limits_kmh) == roads
    assert set(town.speed_limits_kmh.values()) == {30, 40, 50, 60}
    root = Xml.fromstring(town.opendrive)
    written = {int(road.attrib["id"]): int(road.find("type/speed").attrib["max"]) for road in root.iter("road")}
    assert written == dict(town.speed_limits_kmh)


def test_the_map_knows_where_on_earth_it_is(carla_map: carla.Map) -> None:
    origin = carla_map.transform_to_geolocation(carla.Location(0.0, 0.0, 0.0))
    north = carla_map.transform_to_geolocation(carla.Location(0.0, -111.0, 0.0))
    assert (origin.latitude, origin.longitude) == pytest.approx((49.0, 8.0), abs=1e-6)
    # Which way latitude grows is the client's affair and changed between its versions.
    assert abs(north.latitude - origin.latitude) == pytest.approx(0.001, rel=0.01)


def test_junction_controllers_name_all_signals_once(town: Town) -> None:
    root = Xml.fromstring(town.opendrive)
    controlled = [control.attrib["signalId"] for control in root.iter("control")]
    assert sorted(controlled) == sorted(site.opendrive_id for site in town.traffic_lights)
    controllers = {element.attrib["id"] for element in root.findall("controller")}
    assert {element.attrib["id"] for element in root.findall("junction/controller")} == controllers
