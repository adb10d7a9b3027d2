"""``carla.TrafficLight`` and ``carla.TrafficSign``."""

from __future__ import annotations

import carla
import pytest

from tests.contract.driving import run


@pytest.fixture
def light(world: carla.World) -> carla.TrafficLight:
    lights = world.get_actors().filter("traffic.traffic_light")
    return next(light for light in lights if len(light.get_group_traffic_lights()) > 1)


def test_states_are_set(world: carla.World, light: carla.TrafficLight) -> None:
    light.freeze(True)
    for state in (carla.TrafficLightState.Green, carla.TrafficLightState.Yellow, carla.TrafficLightState.Red):
        light.set_state(state)
        world.tick()
        assert light.get_state() == light.state == state
    assert light.is_frozen()
    light.freeze(False)
    world.tick()
    assert not light.is_frozen()


def test_times_are_set_and_kept(world: carla.World, light: carla.TrafficLight) -> None:
    before = light.get_green_time(), light.get_yellow_time(), light.get_red_time()
    light.set_green_time(1.0)
    light.set_yellow_time(0.5)
    light.set_red_time(0.5)
    world.tick()
    assert (light.get_green_time(), light.get_yellow_time(), light.get_red_time()) == pytest.approx((1.0, 0.5, 0.5))
    light.set_green_time(before[0])
    light.set_yellow_time(before[1])
    light.set_red_time(before[2])
    world.tick()


def test_a_group_is_never_green_from_all_sides(world: carla.World, light: carla.TrafficLight) -> None:
    group = light.get_group_traffic_lights()
    light.reset_group()
    seen = set()
    for member in group:
        member.set_green_time(1.0)
    for _ in range(400):
        world.tick()
        green = [member.id for member in group if member.get_state() == carla.TrafficLightState.Green]
        assert len(green) < len(group)
        seen |= set(green)
    assert len(seen) > 1
    assert light.get_elapsed_time() >= 0.0


def test_where_a_light_rules(world: carla.World, light: carla.TrafficLight) -> None:
    stops, affected = light.get_stop_waypoints(), light.get_affected_lane_waypoints()
    assert stops
    assert affected
    assert all(stop.transform.location.distance(light.get_location()) < 80.0 for stop in stops)
    boxes = light.get_light_boxes()
    assert boxes
    assert light.get_opendrive_id()
    assert light.get_pole_index() >= 0
    volume = light.trigger_volume
    assert volume.extent.x > 0.5
    assert volume.extent.y > 0.5


def test_signs_have_trigger_volumes(world: carla.World) -> None:
    signs = [a for a in world.get_actors().filter("traffic.*") if a.type_id != "traffic.traffic_light"]
    assert signs
    for sign in signs:
        assert sign.trigger_volume.extent.x > 0.1
        assert sign.get_location().length() > 0.0


def test_lights_change_by_themselves(world: carla.World, light: carla.TrafficLight) -> None:
    group = light.get_group_traffic_lights()
    for member in group:
        member.freeze(False)
    states = set()
    for _ in range(60):
        run(world, 0.5)
        states |= {str(member.get_state()) for member in group}
    assert {"Red", "Green"} <= states
