"""``carla.TrafficManager``: it runs in the client and drives what the server simulates."""

from __future__ import annotations

from collections.abc import Iterator

import carla
import pytest

from tests.contract.driving import Spawn, ahead_of, run, speed_of

PORT = 8010


@pytest.fixture
def manager(client: carla.Client, world: carla.World) -> Iterator[carla.TrafficManager]:
    found = client.get_trafficmanager(PORT)
    found.set_synchronous_mode(True)
    found.set_random_device_seed(5)
    yield found
    found.set_synchronous_mode(False)
    found.shut_down()


def test_a_car_is_driven_as_it_is_told(
    world: carla.World, spawn: Spawn, street: carla.Transform, manager: carla.TrafficManager
) -> None:
    car = spawn("vehicle.tesla.model3", street)
    other = spawn("vehicle.audi.tt", ahead_of(street, 40.0))
    assert manager.get_port() == PORT
    for one in (car, other):
        one.set_autopilot(True, PORT)
        manager.ignore_lights_percentage(one, 100.0)
        manager.ignore_signs_percentage(one, 100.0)
        manager.ignore_vehicles_percentage(one, 0.0)
        manager.ignore_walkers_percentage(one, 0.0)
        manager.auto_lane_change(one, False)
        manager.update_vehicle_lights(one, True)
        manager.distance_to_leading_vehicle(one, 3.0)
        manager.keep_slow_lane_rule_percentage(one, 0.0)
        manager.random_left_lanechange_percentage(one, 0.0)
        manager.random_right_lanechange_percentage(one, 0.0)
        manager.vehicle_lane_offset(one, 0.0)
        manager.collision_detection(one, other if one is car else car, True)
    manager.set_desired_speed(car, 20.0)
    manager.vehicle_percentage_speed_difference(other, -10.0)
    run(world, 8.0)
    assert speed_of(car) * 3.6 == pytest.approx(20.0, abs=5.0)
    town = world.get_map()
    for one in (car, other):
        lane = town.get_waypoint(one.get_location()).transform.location
        assert lane.distance(one.get_location()) < 2.0
    assert manager.get_next_action(car)
    assert manager.get_all_actions(car)
    manager.force_lane_change(car, True)
    run(world, 1.0)


def test_a_path_is_followed(
    world: carla.World, spawn: Spawn, street: carla.Transform, manager: carla.TrafficManager
) -> None:
    car = spawn("vehicle.tesla.model3", street)
    car.set_autopilot(True, PORT)
    lane = world.get_map().get_waypoint(street.location)
    path = [lane.next(distance)[0].transform.location for distance in (10.0, 20.0, 30.0, 40.0)]
    manager.set_path(car, path)
    nearest = [float("inf")] * len(path)
    for _ in range(200):
        world.tick()
        nearest = [min(near, car.get_location().distance(place)) for near, place in zip(nearest, path, strict=True)]
    assert max(nearest) < 2.5
    manager.set_route(car, ["Straight", "Right"])
    run(world, 0.5)


def test_global_settings_are_taken(world: carla.World, manager: carla.TrafficManager) -> None:
    manager.global_percentage_speed_difference(10.0)
    manager.global_lane_offset(0.0)
    manager.set_global_distance_to_leading_vehicle(2.5)
    manager.set_hybrid_physics_mode(True)
    manager.set_hybrid_physics_radius(50.0)
    manager.set_osm_mode(True)
    manager.set_respawn_dormant_vehicles(False)
    manager.set_boundaries_respawn_dormant_vehicles(25.0, 100.0)
    run(world, 0.5)
    manager.set_hybrid_physics_mode(False)
    run(world, 0.5)
