"""Scenery as it is hit, against the meshes that are drawn."""

from __future__ import annotations

import dataclasses
import math

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.materials import material_index
from sim_scenarios.embedded_simulator.render.mesh import Mesh
from sim_scenarios.embedded_simulator.render.models.buildings import building_mesh
from sim_scenarios.embedded_simulator.render.models.placements import placement_model
from sim_scenarios.embedded_simulator.render.models.traffic_lights import traffic_light_model
from sim_scenarios.embedded_simulator.road.town import PLACEMENT_KINDS, Lot, Placement, Town, TrafficLightSite
from sim_scenarios.embedded_simulator.world.environment import environment_objects
from sim_scenarios.embedded_simulator.world.scenery import Solid, solids
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

DRIVEN_OVER = {"bush", "flower_bed", "cone", "manhole", "drain"}
BUMPER_M = 1.5
"""What is higher is in no car's way: crowns, arms, faces of signs, roofs."""
KNEE_M = 0.4
TOLERANCE_M = 0.05
BARK = material_index("bark")

Floats = NDArray[np.float64]


def town_of(
    *, placements: tuple[Placement, ...] = (), lots: tuple[Lot, ...] = (), lights: tuple[TrafficLightSite, ...] = ()
) -> Town:
    return Town(
        name="Models", opendrive="", spawn_points=(), surfaces=(), lots=lots, placements=placements,
        traffic_lights=lights, navigation_mesh=b"", bounds_min=Vector(), bounds_max=Vector(),
    )  # fmt: skip


def sides(found: list[Solid]) -> Floats:
    """Least and greatest x and y [m] over all boxes, which are square to the axes."""
    low = [(s.box.x - s.box.half_length, s.box.y - s.box.half_width) for s in found]
    high = [(s.box.x + s.box.half_length, s.box.y + s.box.half_width) for s in found]
    return np.concatenate([np.min(low, axis=0), np.max(high, axis=0)])


def cut_at(mesh: Mesh, height: float, *, below: bool) -> Floats:
    """The same of a mesh where it is cut at ``height``, or of all that is ``below`` it."""
    kept = mesh.triangles
    if np.any(mesh.materials == BARK):  # leaves yield
        kept = kept[mesh.materials == BARK]
    ends = mesh.positions[np.concatenate([kept[:, [0, 1]], kept[:, [1, 2]], kept[:, [2, 0]]])]  # (E, 2, 3)
    p, q = ends[(ends[:, 0, 2] > height) != (ends[:, 1, 2] > height)].transpose(1, 0, 2)
    points = p + ((height - p[:, 2]) / (q[:, 2] - p[:, 2]))[:, None] * (q - p)
    if below:
        corners = ends.reshape(-1, 3)
        points = np.concatenate([points, corners[corners[:, 2] <= height]])
    return np.concatenate([points[:, :2].min(axis=0), points[:, :2].max(axis=0)]).astype(np.float64)


def holds(outer: Floats, inner: Floats) -> bool:
    """Whether a rectangle holds another, but for some centimetres."""
    return bool(np.all(outer[:2] <= inner[:2] + TOLERANCE_M) and np.all(outer[2:] >= inner[2:] - TOLERANCE_M))


@pytest.mark.parametrize("kind", PLACEMENT_KINDS)
def test_what_stops_a_car_is_what_is_drawn(kind: str) -> None:
    """No wider than the model is below a bumper's height, and no narrower than it is at knee height."""
    found = list(solids(town_of(placements=(Placement(kind=kind, location=Vector(), yaw_deg=0.0),))))
    assert bool(found) == (kind not in DRIVEN_OVER)
    if found:
        mesh = placement_model(kind).levels[0][1]
        assert holds(cut_at(mesh, BUMPER_M, below=True), sides(found))
        assert holds(sides(found), cut_at(mesh, KNEE_M, below=False))
        top = float(mesh.positions[:, 2].max())
        assert max(solid.box.top for solid in found) == pytest.approx(top, abs=0.1)


@pytest.mark.parametrize("style", ["house", "shop", "apartment", "office", "tower", "warehouse"])
@pytest.mark.parametrize("seed", [1, 2, 3])
def test_walls_of_buildings(style: str, seed: int) -> None:
    lot = Lot(center=Vector(), yaw_deg=0.0, depth_m=18.0, width_m=22.0, storeys=3, style=style, seed=seed)
    (solid,) = solids(town_of(lots=(lot,)))
    drawn = cut_at(building_mesh(lot), 1.0, below=True)
    assert sides([solid]) == pytest.approx(drawn, abs=0.45)
    assert holds(sides([solid]), drawn) or style in {"house", "apartment", "warehouse"}  # these have steps and ramps


def test_a_signal_stands_on_its_pole() -> None:
    site = TrafficLightSite(
        opendrive_id="1", pose=Pose(Vector(10.0, 5.0, 1.0), Rotation()), arm_m=4.0, group=0, phase=0,
        trigger_center=Vector(), trigger_extent=Vector(), trigger_yaw_deg=0.0, stop_lane_yaw_deg=0.0,
    )  # fmt: skip
    (solid,) = solids(town_of(lights=(site,)))
    drawn = cut_at(traffic_light_model(4.0).levels[0][1], KNEE_M, below=False)
    assert sides([solid]) - np.array([10.0, 5.0, 10.0, 5.0]) == pytest.approx(drawn, abs=TOLERANCE_M)
    assert solid.box.bottom == 1.0


def test_parts_are_turned_and_scaled_with_their_object() -> None:
    placement = Placement(kind="bus_stop", location=Vector(10.0, 20.0, 0.15), yaw_deg=90.0, scale=2.0)
    found = list(solids(town_of(placements=(placement,))))
    (whole,) = environment_objects(town_of(placements=(placement,)))
    assert {solid.object_id for solid in found} == {whole.id}
    back = found[0].box  # behind the bench: -x of the model, which is -y of the world
    assert (back.x, back.y) == pytest.approx((10.0, 20.0 - 1.3))
    assert (back.cos_yaw, back.sin_yaw) == pytest.approx((0.0, 1.0))
    assert (back.half_length, back.half_width) == pytest.approx((0.1, 3.68))


def test_each_part_belongs_to_its_object(street_town: Town) -> None:
    placements = tuple(
        Placement(kind=kind, location=Vector(9.0 * i), yaw_deg=30.0) for i, kind in enumerate(PLACEMENT_KINDS)
    )
    town = dataclasses.replace(street_town, placements=placements, traffic_lights=street_town.traffic_lights * 2)
    objects = {thing.id: thing for thing in environment_objects(town)}
    for solid in solids(town):
        whole = objects[solid.object_id]
        assert solid.tag == whole.tag
        assert math.hypot(solid.box.x - whole.pose.location.x, solid.box.y - whole.pose.location.y) < 3.0
    poles = [solid.object_id for solid in solids(town)][-2:]
    assert [objects[number].name.split("_")[2] for number in poles] == ["Poles", "Poles"]
    assert poles[0] < poles[1]
