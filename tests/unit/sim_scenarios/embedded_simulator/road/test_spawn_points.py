from __future__ import annotations

import itertools
import math

import carla
import numpy as np

from sim_scenarios.embedded_simulator.road.town import Town


def test_there_are_enough_and_they_keep_apart(town: Town) -> None:
    points = np.array([pose.location for pose in town.spawn_points])
    assert 120 <= len(points) <= 200
    assert np.all(points[:, 2] == points[0, 2])
    closest = min(math.dist(a, b) for a, b in itertools.combinations(points.tolist(), 2))
    assert closest >= 8.0


def test_each_is_in_the_middle_of_a_driving_lane_and_faces_along_it(town: Town, carla_map: carla.Map) -> None:
    for pose in town.spawn_points:
        location = carla.Location(*pose.location)
        waypoint = carla_map.get_waypoint(location, project_to_road=False, lane_type=carla.LaneType.Driving)
        assert waypoint is not None
        assert not waypoint.is_junction
        flat = waypoint.transform.location
        assert math.dist((flat.x, flat.y), pose.location[:2]) < 0.1
        turn = (waypoint.transform.rotation.yaw - pose.rotation.yaw + 180.0) % 360.0 - 180.0
        assert abs(turn) < 1.0


def test_the_first_few_are_spread_over_the_town(town: Town) -> None:
    first = np.array([pose.location[:2] for pose in town.spawn_points[:30]])
    assert np.all(np.ptp(first, axis=0) > 300.0)
