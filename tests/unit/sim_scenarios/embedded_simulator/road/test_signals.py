from __future__ import annotations

import math
from collections import defaultdict

import carla
import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.plan import Control
from sim_scenarios.embedded_simulator.road.polygons import contains
from sim_scenarios.embedded_simulator.road.surfaces import junction_outline
from sim_scenarios.embedded_simulator.road.town import Town, TrafficLightSite
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector


def _in_world(pose: Pose, local: Vector) -> np.ndarray:
    yaw = math.radians(pose.rotation.yaw)
    x, y, _ = local
    return np.array(
        [
            pose.location.x + x * math.cos(yaw) - y * math.sin(yaw),
            pose.location.y + x * math.sin(yaw) + y * math.cos(yaw),
        ]
    )


def test_most_four_way_junctions_have_lights(network: Network, town: Town) -> None:
    with_lights = {site.group for site in town.traffic_lights}
    four_way = [junction for junction in network.junctions if len(junction.arms) == 4]
    assert all(junction.junction_id in with_lights for junction in four_way)
    assert {junction.plan.control for junction in network.junctions} == {Control.LIGHTS, Control.STOP, Control.YIELD}


def test_one_approach_after_the_other_is_green(town: Town) -> None:
    groups: dict[int, list[TrafficLightSite]] = defaultdict(list)
    for site in town.traffic_lights:
        groups[site.group].append(site)
    for sites in groups.values():
        assert sorted(site.phase for site in sites) == list(range(len(sites)))


def test_poles_stand_beyond_the_junction_facing_the_traffic_and_off_the_road(
    town: Town, network: Network, carla_map: carla.Map
) -> None:
    outlines = {junction.junction_id: junction_outline(junction) for junction in network.junctions}
    for site in town.traffic_lights:
        foot = np.array(site.pose.location[:2])
        assert not contains(outlines[site.group], foot[None])[0]
        waypoint = carla_map.get_waypoint(carla.Location(*foot.tolist(), 0.0), lane_type=carla.LaneType.Driving)
        assert math.dist(foot, (waypoint.transform.location.x, waypoint.transform.location.y)) > 0.5 * 3.5 + 0.4
        facing = math.radians(site.pose.rotation.yaw)
        assert math.cos(facing - math.radians(site.stop_lane_yaw_deg)) == pytest.approx(-1.0, abs=1e-6)
        stop = _in_world(site.pose, site.trigger_center)
        assert 15.0 < (stop - foot) @ np.array([math.cos(facing), math.sin(facing)]) < 60.0


def test_mast_arms_reach_over_the_lanes_straight_ahead(town: Town) -> None:
    for site in town.traffic_lights:
        head = _in_world(site.pose, Vector(0.0, site.arm_m, 0.0))
        stop = _in_world(site.pose, site.trigger_center)
        yaw = math.radians(site.pose.rotation.yaw)
        aside = (head - stop) @ np.array([-math.sin(yaw), math.cos(yaw)])
        assert abs(aside) < 2.0
        assert site.arm_m > 2.0


def test_a_car_that_stops_at_the_line_is_in_the_trigger_volume(town: Town, carla_map: carla.Map) -> None:
    for site in town.traffic_lights:
        landmark = carla_map.get_all_landmarks_from_id(site.opendrive_id)[0]
        (lanes,) = landmark.get_lane_validities()
        for lane_id in range(min(lanes), max(lanes) + 1):
            stop = carla_map.get_waypoint_xodr(landmark.road_id, lane_id, landmark.s)
            for back_m in (1.0, 3.0, 8.0):
                location = stop.previous(back_m)[0].transform.location
                relative = np.array([location.x, location.y]) - _in_world(site.pose, site.trigger_center)
                yaw = math.radians(site.pose.rotation.yaw + site.trigger_yaw_deg)
                along = relative @ np.array([math.cos(yaw), math.sin(yaw)])
                across = relative @ np.array([-math.sin(yaw), math.cos(yaw)])
                assert abs(along) < site.trigger_extent.x
                assert abs(across) < site.trigger_extent.y


def test_the_actor_frame_describes_the_same_volume_across_the_lanes(town: Town) -> None:
    for site in town.traffic_lights:
        same = _in_world(site.actor_pose, site.actor_trigger_center)
        assert same == pytest.approx(_in_world(site.pose, site.trigger_center))
        right_of_traffic = site.stop_lane_yaw_deg + 90.0
        assert math.cos(math.radians(site.actor_pose.rotation.yaw - right_of_traffic)) == pytest.approx(1.0)
        assert site.actor_trigger_extent.x == site.trigger_extent.y


def test_stop_waypoints_as_the_client_finds_them(town: Town, carla_map: carla.Map) -> None:
    """``carla.TrafficLight.get_stop_waypoints`` scans along the actor's forward vector and must meet every lane."""
    for site in town.traffic_lights:
        landmark = carla_map.get_all_landmarks_from_id(site.opendrive_id)[0]
        (lanes,) = landmark.get_lane_validities()
        center = _in_world(site.actor_pose, site.actor_trigger_center)
        yaw = math.radians(site.actor_pose.rotation.yaw)
        reach = 0.9 * site.actor_trigger_extent.x
        found = set()
        for offset in np.arange(-reach, reach, 1.0):
            x, y = center + offset * np.array([math.cos(yaw), math.sin(yaw)])
            waypoint = carla_map.get_waypoint(carla.Location(x, y, 0.0))
            found.add((waypoint.road_id, waypoint.lane_id))
        assert found == {(landmark.road_id, lane) for lane in range(min(lanes), max(lanes) + 1)}
