"""Environment objects against the vertices that are drawn, and map layers."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.building_box import building_box
from sim_scenarios.embedded_simulator.render.models.buildings import building_mesh
from sim_scenarios.embedded_simulator.render.models.placements import placement_model
from sim_scenarios.embedded_simulator.render.models.traffic_lights import traffic_light_model
from sim_scenarios.embedded_simulator.road.ground_pieces import ground_pieces
from sim_scenarios.embedded_simulator.road.town import PLACEMENT_KINDS, Lot, Placement, Town
from sim_scenarios.embedded_simulator.world.description import EnvironmentObject
from sim_scenarios.embedded_simulator.world.environment import (
    MapLayer,
    building_id,
    environment_objects,
    placement_id,
)
from sim_scenarios.embedded_simulator.world.geometry import inverse_transform_point
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector
from sim_scenarios.embedded_simulator.world.world import StaticTown, World

WITHIN_M = 0.1


def gap(thing: EnvironmentObject, vertices: NDArray[np.floating]) -> float:
    """The largest distance between a side of the box and the outermost vertex on that side [m]."""
    box = thing.box
    frame = Pose(box.location, box.rotation)
    local = np.array([inverse_transform_point(frame, Vector(*map(float, vertex))) for vertex in vertices])
    reach = np.maximum(np.abs(local.max(axis=0) - box.extent), np.abs(local.min(axis=0) + box.extent))
    return float(reach.max())


@pytest.mark.parametrize("kind", PLACEMENT_KINDS)
def test_boxes_of_placements_are_those_of_the_drawn_models(kind: str, street_town: Town) -> None:
    placement = Placement(kind=kind, location=Vector(20.0, 8.0, 0.15), yaw_deg=37.0, scale=1.1)
    town = replace(street_town, lots=(), placements=(placement,), traffic_lights=(), surfaces=())
    (thing,) = environment_objects(town)
    mesh = placement_model(kind).levels[0][1]
    turn = math.radians(37.0)
    rotation = np.array([[math.cos(turn), -math.sin(turn), 0], [math.sin(turn), math.cos(turn), 0], [0, 0, 1]])
    assert gap(thing, 1.1 * mesh.positions @ rotation.T + np.array(placement.location)) < WITHIN_M
    assert thing.tag in mesh.tags


@pytest.mark.parametrize("style", ["house", "shop", "apartment", "office", "tower", "warehouse"])
def test_boxes_of_buildings_are_those_of_the_drawn_ones(style: str, street_town: Town) -> None:
    lot = Lot(
        center=Vector(50.0, 15.0, 0.1), yaw_deg=-70.0, depth_m=14.0, width_m=17.0, storeys=4, style=style, seed=9
    )  # fmt: skip
    town = replace(street_town, lots=(lot,), placements=(), traffic_lights=(), surfaces=())
    (thing,) = environment_objects(town, building_box)
    assert gap(thing, building_mesh(lot).positions) < 0.01


def test_boxes_of_a_traffic_light_are_those_of_its_drawn_pole_and_heads(street_town: Town) -> None:
    town = replace(street_town, lots=(), placements=(), surfaces=())
    pole, *heads = environment_objects(town)
    site = town.traffic_lights[0]
    mesh = traffic_light_model(site.arm_m).levels[0][1]
    drawn = mesh.positions[mesh.triangles[mesh.tags == 6]].reshape(-1, 3)
    world = drawn * np.array([-1.0, -1.0, 1.0]) + np.array(site.pose.location)  # the light is turned by 180 degrees
    assert gap(pole, world) < WITHIN_M
    corners = mesh.positions[mesh.triangles[mesh.tags == 7]] * np.array([-1.0, -1.0, 1.0]) + np.array(
        site.pose.location
    )
    is_low = corners[..., 2].mean(axis=1) < 4.0
    for head, part in zip(heads, (corners[is_low], corners[~is_low]), strict=True):
        assert head.tag == 7
        assert gap(head, part.reshape(-1, 3)) < WITHIN_M


def test_ground_is_told_by_tag_and_cell(street_town: Town) -> None:
    town = replace(street_town, lots=(), placements=(), traffic_lights=())
    things = environment_objects(town)
    assert {thing.tag for thing in things} == {1, 2}
    for thing, piece in zip(things, ground_pieces(town.surfaces), strict=True):
        assert thing.box.location.x - thing.box.extent.x == pytest.approx(piece.low.x)
        assert thing.box.location.y + thing.box.extent.y == pytest.approx(piece.high.y)
    total = sum(len(piece.triangles) for piece in ground_pieces(town.surfaces))
    assert total == sum(len(surface.triangles) for surface in town.surfaces)


def test_ids_count_from_one_and_name_buildings_then_placements(street: StaticTown, street_town: Town) -> None:
    things = street.objects
    assert [thing.id for thing in things] == list(range(1, len(things) + 1))
    assert len({thing.name for thing in things}) == len(things)
    assert things[building_id(0) - 1].tag == 3
    assert things[placement_id(street_town, 0) - 1].name == "pole_0"
    assert environment_objects(street_town) == things


def test_layers_hide_by_kind_and_in_layered_towns_only(world: World, street: StaticTown) -> None:
    world.show_layers(MapLayer.BUILDINGS, False)
    assert not world.hidden_objects
    world.load_episode("Street_Opt", street)
    world.show_layers(MapLayer.BUILDINGS, False)
    assert world.hidden_objects == {building_id(0)}
    world.show_layers(MapLayer.ALL, False)
    left = {thing.tag for thing in street.objects if thing.id not in world.hidden_objects}
    assert left == {1, 2, 6, 7}  # roads, sidewalks and the light stay
    world.show_layers(MapLayer.PROPS | MapLayer.BUILDINGS, True)
    assert not world.hidden_objects
