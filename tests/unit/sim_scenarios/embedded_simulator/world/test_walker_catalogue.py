"""The walkers of CARLA 0.9.16, as its catalogue and blueprint library list them."""

from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.world.blueprints.library import build_library
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS, WalkerSpec

LIBRARY = {blueprint.id: blueprint for blueprint in build_library()}


def numbers(**wanted: object) -> set[int]:
    return {
        number
        for number, spec in enumerate(WALKERS, start=1)
        if all(getattr(spec, name) == value for name, value in wanted.items())
    }


def test_the_ids_of_carla() -> None:
    assert [spec.id for spec in WALKERS] == [f"walker.pedestrian.{number:04d}" for number in range(1, 53)]
    assert numbers(age="child") == {9, 10, 11, 12, 13, 14, 48, 49}
    assert numbers(dress="police") == {30, 32}
    assert numbers(age="teenager") == {50, 51}
    assert numbers(generation=1) == set(range(1, 15))
    assert {4, 12, 24, 33, 47} <= numbers(gender="male")
    assert {1, 8, 9, 21, 32, 49} <= numbers(gender="female")


def test_no_two_walkers_look_alike() -> None:
    assert len({(spec.clothes, spec.trousers, spec.skin, spec.hair) for spec in WALKERS}) == len(WALKERS)


def test_people_are_as_tall_as_people() -> None:
    tall = {"child": (1.0, 1.4), "teenager": (1.5, 1.8), "adult": (1.55, 1.95)}
    for spec in WALKERS:
        low, high = tall[spec.age]
        assert low < spec.height_m < high, spec.id


@pytest.mark.parametrize("spec", WALKERS, ids=lambda spec: spec.id)
def test_attributes_that_scripts_read(spec: WalkerSpec) -> None:
    attributes = {attribute.id: attribute for attribute in LIBRARY[spec.id].attributes}
    assert attributes["can_use_wheelchair"].value == str(spec.can_use_wheelchair).lower()
    assert ("true" in attributes["use_wheelchair"].recommended) == spec.can_use_wheelchair
    assert attributes["is_invincible"].is_modifiable
    assert attributes["generation"].value == str(spec.generation)
    assert [float(value) for value in attributes["speed"].recommended] == [0.0, spec.walking_mps, spec.running_mps]
