"""Cycles of a group, overrides, and who stands before a light."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.models.traffic_lights import traffic_light_model
from sim_scenarios.embedded_simulator.road.town import Town
from sim_scenarios.embedded_simulator.world.actors import TrafficLight, Vehicle
from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.environment import TAG_TRAFFIC_LIGHT, head_boxes
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, TrafficLightState, Vector
from sim_scenarios.embedded_simulator.world.traffic_lights import (
    TrafficLightControl,
)
from sim_scenarios.embedded_simulator.world.world import World

RED, YELLOW, GREEN = TrafficLightState.RED, TrafficLightState.YELLOW, TrafficLightState.GREEN


@pytest.fixture
def crossing(street_town: Town) -> list[TrafficLight]:
    """Three lights of one junction: the first two share phase 0, the third has phase 1."""
    site = street_town.traffic_lights[0]
    description = ActorDescription(uid=0, id="traffic.traffic_light")
    return [
        TrafficLight(
            id=index, description=description, pose=site.pose, pole_index=index,
            site=replace(site, opendrive_id=str(index), phase=phase),
        )
        for index, phase in enumerate((0, 0, 1))
    ]  # fmt: skip


def history(control: TrafficLightControl, lights: list[TrafficLight], seconds: float) -> list[tuple[str, ...]]:
    """States each half second."""
    seen = []
    for _ in range(round(seconds * 2)):
        control.advance(0.5)
        seen.append(tuple(light.state.name for light in lights))
    return seen


def test_phases_take_turns(crossing: list[TrafficLight]) -> None:
    control = TrafficLightControl(crossing)
    assert [light.state for light in crossing] == [GREEN, GREEN, RED]
    seen = history(control, crossing, 30.0)
    changes = [(i / 2 + 0.5, s) for i, s in enumerate(seen) if i == 0 or seen[i - 1] != s]
    assert changes == [
        (0.5, ("GREEN", "GREEN", "RED")),
        (10.0, ("YELLOW", "YELLOW", "RED")),
        (13.0, ("RED", "RED", "RED")),
        (15.0, ("RED", "RED", "GREEN")),
        (25.0, ("RED", "RED", "YELLOW")),
        (28.0, ("RED", "RED", "RED")),
        (30.0, ("GREEN", "GREEN", "RED")),
    ]


def test_different_phases_are_never_green_together(crossing: list[TrafficLight]) -> None:
    control = TrafficLightControl(crossing)
    for first, _, last in history(control, crossing, 100.0):
        assert "RED" in (first, last)


def test_times_can_be_set(crossing: list[TrafficLight]) -> None:
    control = TrafficLightControl(crossing)
    crossing[0].green_s = crossing[1].green_s = 2.0
    history(control, crossing, 2.0)
    assert crossing[0].state is YELLOW


def test_an_override_lasts_until_the_next_change(crossing: list[TrafficLight]) -> None:
    control = TrafficLightControl(crossing)
    history(control, crossing, 9.0)
    control.group_of(crossing[0]).override(crossing[0], RED)
    assert {s[0] for s in history(control, crossing, 9.5)} == {"RED"}
    assert history(control, crossing, 0.5)[-1][0] == "YELLOW"


def test_a_frozen_group_stands_still_and_keeps_its_override(crossing: list[TrafficLight]) -> None:
    control = TrafficLightControl(crossing)
    group = control.group_of(crossing[0])
    group.override(crossing[0], RED)
    group.set_frozen(True)
    assert set(history(control, crossing, 60.0)) == {("RED", "GREEN", "RED")}
    assert all(light.frozen for light in crossing)
    group.set_frozen(False)
    assert len(set(history(control, crossing, 60.0))) > 1


def test_reset_starts_the_cycle_anew(crossing: list[TrafficLight]) -> None:
    control = TrafficLightControl(crossing)
    history(control, crossing, 17.0)
    control.reset_all()
    assert [light.state for light in crossing] == [GREEN, GREEN, RED]
    assert crossing[0].elapsed_s == 0.0


def test_zero_times_do_not_hang(crossing: list[TrafficLight]) -> None:
    for light in crossing:
        light.green_s = light.yellow_s = light.red_s = 0.0
    control = TrafficLightControl(crossing)
    assert len(history(control, crossing, 10.0)) == 20


@pytest.mark.parametrize(
    ("x", "y", "yaw", "expected"),
    [
        (92.0, 1.75, 0.0, True),
        (92.0, 1.75, 50.0, True),
        (92.0, 1.75, 180.0, False),  # oncoming
        (92.0, -1.75, 0.0, False),  # other lane
        (80.0, 1.75, 0.0, False),  # not there yet
        (103.0, 1.75, 0.0, False),  # past it
    ],
)
def test_who_stands_before_the_light(world: World, x: float, y: float, yaw: float, expected: bool) -> None:
    pose = Pose(Vector(x, y, 0.0), Rotation(0.0, yaw, 0.0))
    car = world.spawn(ActorDescription(uid=1, id="vehicle.tesla.model3"), pose)
    assert isinstance(car, Vehicle)
    world.tick()
    assert (car.traffic_light is not None) is expected


@pytest.mark.parametrize(("z", "expected"), [(0.3, True), (6.0, False)])
def test_who_is_on_a_bridge_above_the_light_is_not_at_it(world: World, z: float, expected: bool) -> None:
    pose = Pose(Vector(92.0, 1.75, z), Rotation())
    car = world.spawn(ActorDescription(uid=1, id="vehicle.tesla.model3"), pose)
    assert isinstance(car, Vehicle)
    world.tick()
    assert (car.traffic_light is not None) is expected


def test_heads_hang_over_the_road(world: World) -> None:
    (light,) = world.of_kind(TrafficLight)
    pole, arm = (box.location for box in head_boxes(light.site))
    assert pole[:2] == pytest.approx((100.0, 5.0), abs=0.5)
    assert arm[:2] == pytest.approx((100.0, 1.0), abs=0.5)
    assert arm.z > pole.z


@pytest.mark.parametrize("arm_m", [0.0, 4.0, -6.5])
def test_boxes_hold_the_heads_that_are_drawn(crossing: list[TrafficLight], arm_m: float) -> None:
    pose = Pose(Vector(), Rotation())
    light = replace(crossing[0], site=replace(crossing[0].site, pose=pose, arm_m=arm_m))
    mesh = traffic_light_model(arm_m).levels[0][1]
    heads = mesh.positions[mesh.triangles[mesh.tags == TAG_TRAFFIC_LIGHT]].reshape(-1, 3)
    on_arm = heads[:, 2] > 4.0
    boxes = head_boxes(light.site)
    assert len(boxes) == (2 if arm_m else 1)
    for box, head in zip(boxes, (heads[~on_arm], heads[on_arm]), strict=False):
        middle, extent = np.array(box.location), np.array(box.extent)
        np.testing.assert_allclose(head.min(axis=0), middle - extent, atol=0.02)
        np.testing.assert_allclose(head.max(axis=0), middle + extent, atol=0.02)
