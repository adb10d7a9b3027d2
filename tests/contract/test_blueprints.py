"""The blueprint library and lists of actors."""

from __future__ import annotations

import carla
import pytest

from tests.contract.driving import Spawn, ahead_of

KINDS = ("vehicle.*", "walker.pedestrian.*", "sensor.*", "static.prop.*", "controller.ai.walker")


@pytest.fixture(scope="module")
def library(world: carla.World) -> carla.BlueprintLibrary:
    return world.get_blueprint_library()


@pytest.mark.parametrize("pattern", KINDS)
def test_every_kind_is_there(library: carla.BlueprintLibrary, pattern: str) -> None:
    found = library.filter(pattern)
    assert len(found) > 0
    assert all(library.find(blueprint.id).id == blueprint.id for blueprint in found)


def test_blueprints_are_found_by_attribute(library: carla.BlueprintLibrary) -> None:
    cars = library.filter("vehicle.*").filter_by_attribute("base_type", "car")
    assert len(cars) > 10
    assert all(int(car.get_attribute("number_of_wheels")) == 4 for car in cars)


def test_attributes(library: carla.BlueprintLibrary) -> None:
    blueprint = library.find("vehicle.tesla.model3")
    assert blueprint.has_tag("vehicle")
    assert blueprint.has_tag("tesla")
    assert "model3" in blueprint.tags
    assert blueprint.match_tags("*tesla*")
    assert blueprint.has_attribute("color")
    assert not blueprint.has_attribute("no_such_attribute")
    color = blueprint.get_attribute("color").recommended_values[-1]
    blueprint.set_attribute("color", color)
    assert str(blueprint.get_attribute("color")) or blueprint.get_attribute("color") == color
    with pytest.raises(IndexError):
        blueprint.set_attribute("no_such_attribute", "1")
    with pytest.raises(IndexError):
        library.find("vehicle.no.such")


def test_lists_of_actors(world: carla.World, spawn: Spawn, street: carla.Transform) -> None:
    first = spawn("vehicle.tesla.model3", street)
    second = spawn("vehicle.audi.tt", ahead_of(street, 12.0))
    actors = world.get_actors()
    assert {actor.id for actor in actors.filter("vehicle.*")} == {first.id, second.id}
    assert [actor.id for actor in actors.filter("*audi*")] == [second.id]
    assert actors.find(first.id).id == first.id
