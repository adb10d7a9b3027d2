"""What the streets of all six towns hold, taken together."""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.models.buildings import building_mesh
from sim_scenarios.embedded_simulator.render.models.placements import placement_model
from sim_scenarios.embedded_simulator.render.models.traffic_lights import traffic_light_model
from sim_scenarios.embedded_simulator.road.build import TOWN_NAMES, build_town
from sim_scenarios.embedded_simulator.road.placing import FOOTPRINTS
from sim_scenarios.embedded_simulator.road.polygons import Claims, Rectangle
from sim_scenarios.embedded_simulator.road.town import PLACEMENT_KINDS, Placement, Town
from sim_scenarios.embedded_simulator.world.ground import Ground

TAG_ROAD = 1
OF_SCENERY = {*range(1, 11), 14, 17, 19, 20, 21, 22, 23, 24, 25, 26, 27, 28}
"""Of the 29 tags (0..28) all but nothing, the sky, and what only actors are: people, lorries, buses, motorcycles."""
ON_THE_ROAD = {"parked_sedan", "parked_hatchback", "parked_suv", "parked_van", "cone", "barrier", "manhole", "drain"}

TownNamed = Callable[[str], Town]


def tags_of(town: Town) -> set[int]:
    """Tags of everything that is drawn of a town."""
    tags = {surface.tag for surface in town.surfaces}
    for kind in {placement.kind for placement in town.placements}:
        tags.update(placement_model(kind).levels[0][1].tags.tolist())
    if town.lots:
        tags.update(building_mesh(town.lots[0]).tags.tolist())
    if town.traffic_lights:
        tags.update(traffic_light_model(town.traffic_lights[0].arm_m).levels[0][1].tags.tolist())
    return tags


def test_every_tag_of_scenery_occurs(town_named: TownNamed) -> None:
    assert set().union(*(tags_of(town_named(name)) for name in TOWN_NAMES)) == OF_SCENERY


def test_every_kind_of_placement_stands_somewhere(town_named: TownNamed) -> None:
    kinds = {placement.kind for name in TOWN_NAMES for placement in town_named(name).placements}
    assert kinds == set(PLACEMENT_KINDS)


@pytest.mark.parametrize("name", TOWN_NAMES)
def test_nothing_else_stands_on_the_road(town_named: TownNamed, name: str) -> None:
    town = town_named(name)
    ground = Ground(town)
    found = {thing.kind for thing in town.placements if _is_on_road(ground, thing)}
    assert found <= ON_THE_ROAD


def _is_on_road(ground: Ground, thing: Placement) -> bool:
    x, y, z = thing.location
    return ground.tag(x, y, z + 0.1) == TAG_ROAD and ground.height(x, y, z + 0.1) > z - 0.5


@pytest.mark.parametrize(("name", "seed"), [*((name, 0) for name in TOWN_NAMES), ("Town02", 1), ("Town02", 2)])
def test_parked_cars_and_bicycles_never_overlap(town_named: TownNamed, name: str, seed: int) -> None:
    town = build_town(name, seed=seed) if seed else town_named(name)
    taken = Claims()
    for thing in town.placements:
        if thing.kind.startswith("parked_"):
            half_x, half_y = FOOTPRINTS[thing.kind]
            yaw = math.radians(thing.yaw_deg)
            box = Rectangle(thing.location.x, thing.location.y, yaw, half_x * thing.scale, half_y * thing.scale)
            assert taken.is_free(box), thing
            taken.take(box)


@pytest.mark.parametrize("kind", [kind for kind in PLACEMENT_KINDS if kind.startswith("parked_")])
def test_a_parked_vehicle_lies_within_its_footprint(kind: str) -> None:
    mesh = placement_model(kind).levels[0][1]
    reach = np.abs(mesh.positions[:, :2]).max(axis=0)
    assert (reach <= np.array(FOOTPRINTS[kind]) + 1e-3).all()


def test_covers_lie_level_on_the_road_and_apart(town_named: TownNamed) -> None:
    for name in TOWN_NAMES:
        town = town_named(name)
        ground = Ground(town)
        covers = [thing for thing in town.placements if thing.kind in ("manhole", "drain")]
        assert len(covers) > 20
        for thing in covers:
            x, y, z = thing.location
            half = max(FOOTPRINTS[thing.kind])
            rim = np.array([(x + half * i, y + half * j, z + 0.1) for i, j in itertools.product((-1, 1), repeat=2)])
            assert np.abs(ground.heights(rim) - z).max() < 0.2  # a kerb at most
            assert ground.height(x, y, z + 0.1) == pytest.approx(z, abs=0.004)
            assert ground.tag(x, y, z + 0.1) == TAG_ROAD
