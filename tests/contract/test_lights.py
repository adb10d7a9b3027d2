"""``carla.LightManager`` and ``carla.Light``: the street lamps."""

from __future__ import annotations

import carla
import pytest

RED = carla.Color(255, 0, 0)


@pytest.fixture
def manager(world: carla.World) -> carla.LightManager:
    found = world.get_lightmanager()
    found.set_day_night_cycle(False)
    world.tick()
    return found


@pytest.fixture
def lights(manager: carla.LightManager) -> list[carla.Light]:
    found = manager.get_all_lights(carla.LightGroup.Street)
    assert found
    assert len(found) <= len(manager.get_all_lights())
    return list(found[:3])


def test_lights_are_switched(world: carla.World, manager: carla.LightManager, lights: list[carla.Light]) -> None:
    manager.turn_off(lights)
    world.tick()
    assert manager.is_active(lights) == [False] * len(lights)
    assert {light.id for light in lights} <= {light.id for light in manager.get_turned_off_lights()}
    manager.turn_on(lights)
    world.tick()
    assert manager.is_active(lights) == [True] * len(lights)
    assert {light.id for light in lights} <= {light.id for light in manager.get_turned_on_lights()}
    manager.set_active(lights, [True, False, True][: len(lights)])
    world.tick()
    assert manager.is_active(lights) == [True, False, True][: len(lights)]
    manager.turn_on(lights)


def test_lights_are_tuned(world: carla.World, manager: carla.LightManager, lights: list[carla.Light]) -> None:
    manager.set_color(lights, RED)
    manager.set_intensity(lights, 500.0)
    manager.set_light_group(lights, carla.LightGroup.Building)
    world.tick()
    assert all((color.r, color.g, color.b) == (255, 0, 0) for color in manager.get_color(lights))
    assert manager.get_intensity(lights) == pytest.approx([500.0] * len(lights))
    assert manager.get_light_group(lights) == [carla.LightGroup.Building] * len(lights)
    count = len(lights)
    manager.set_colors(lights, [carla.Color(10 * i, 20, 30) for i in range(count)])
    manager.set_intensities(lights, [100.0 * (i + 1) for i in range(count)])
    manager.set_light_groups(lights, [carla.LightGroup.Street] * count)
    world.tick()
    assert [color.r for color in manager.get_color(lights)] == [10 * i for i in range(count)]
    assert manager.get_intensity(lights) == pytest.approx([100.0 * (i + 1) for i in range(count)])
    state = manager.get_light_state(lights)[0]
    manager.set_light_state(lights, state)
    manager.set_light_states(lights, [state] * count)
    world.tick()
    assert manager.get_intensity(lights) == pytest.approx([100.0] * count)


def test_one_light(world: carla.World, lights: list[carla.Light]) -> None:
    light = lights[0]
    assert light.id >= 0
    assert light.location.z > 1.0
    light.turn_off()
    world.tick()
    assert not light.is_on
    light.turn_on()
    light.set_intensity(300.0)
    light.set_color(RED)
    light.set_light_group(carla.LightGroup.Street)
    world.tick()
    assert light.is_on
    assert light.intensity == pytest.approx(300.0)
    assert light.color.r == 255
    assert light.light_group == carla.LightGroup.Street
    light.set_light_state(light.light_state)
    world.tick()
    assert light.is_on
