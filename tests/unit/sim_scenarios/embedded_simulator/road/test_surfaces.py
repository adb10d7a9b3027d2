from __future__ import annotations

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.road.blocks import blocks_of
from sim_scenarios.embedded_simulator.road.ground import GroundMesh, lifted
from sim_scenarios.embedded_simulator.road.network import Network
from sim_scenarios.embedded_simulator.road.plan import Control
from sim_scenarios.embedded_simulator.road.polygons import contains, without_repeats
from sim_scenarios.embedded_simulator.road.surfaces import junction_outline
from sim_scenarios.embedded_simulator.road.terrain import LEVEL_M
from sim_scenarios.embedded_simulator.road.town import SIDEWALK_HEIGHT_M, Town

SAMPLES = 4000


def _triangles(town: Town, tag: int) -> np.ndarray:
    """All triangles (T, 3, 3) of one tag."""
    return np.concatenate([s.positions[s.triangles] for s in town.surfaces if s.tag == tag]).astype(np.float64)


def _cover_count(triangles: np.ndarray, points: np.ndarray) -> np.ndarray:
    """By how many triangles (T, 3, 2) each point (P, 2) is covered, edges not counted."""
    low, high = triangles.min(axis=1), triangles.max(axis=1)
    counts = np.zeros(len(points), dtype=int)
    for i, point in enumerate(points):
        near = triangles[np.all((low <= point) & (high >= point), axis=1)]
        edges = np.roll(near, -1, axis=1) - near
        relative = point - near
        sides = edges[:, :, 0] * relative[:, :, 1] - edges[:, :, 1] * relative[:, :, 0]
        counts[i] = np.count_nonzero(np.all(sides > 0, axis=1) | np.all(sides < 0, axis=1))
    return counts


def _road_samples(network: Network, rng: np.random.Generator) -> np.ndarray:
    """Random points on carriageways and in junctions, 5 cm off their borders."""
    parts = []
    for street in network.streets:
        s = rng.uniform(0.05, street.length - 0.05, SAMPLES // len(network.streets))
        # Chords of curved kerbs cut off up to 2 cm.
        parts.append(street.path.offset(s, rng.uniform(-1, 1, len(s)) * (street.kerb(s) - 0.05)))
    for junction in network.junctions:
        outline = without_repeats(junction_outline(junction))
        low, high = outline.min(axis=0), outline.max(axis=0)
        points = rng.uniform(low, high, (200, 2))
        parts.append(points[contains(outline, points)])
    return np.concatenate(parts)


def test_exactly_one_road_triangle_covers_every_place_on_the_road(town: Town, network: Network) -> None:
    points = _road_samples(network, np.random.default_rng(1))
    counts = _cover_count(_triangles(town, 1)[:, :, :2], points)
    # A sample may fall onto the shared edge of two triangles: then neither counts it.
    assert np.count_nonzero(counts != 1) <= 2
    assert counts.max() == 1


def test_ground_has_no_holes_and_nothing_lies_on_top_of_it(town: Town, network: Network) -> None:
    """Roads, sidewalks, verges and block ground tile the town; only paths laid over grass lie higher."""
    rng = np.random.default_rng(2)
    points = rng.uniform(-260, 260, (SAMPLES, 2))
    outside = next(block for block in blocks_of(network) if block.is_outside)
    points = points[contains(outside.outline, points / 1.1)]
    flat = [
        surface.positions[surface.triangles].astype(np.float64)
        for surface in town.surfaces
        if surface.tag in (1, 2, 10, 25) and surface.material != "dirt"
    ]
    triangles = np.concatenate(flat)
    level = np.ptp(triangles[:, :, 2], axis=1) < 1e-6
    ground = triangles[level & (triangles[:, 0, 2] <= SIDEWALK_HEIGHT_M + 1e-6)]
    counts = _cover_count(ground[:, :, :2], points)
    assert counts.max() == 1
    assert np.count_nonzero(counts == 0) <= 4


def test_everything_level_faces_up(town: Town) -> None:
    for surface in town.surfaces:
        corners = surface.positions[surface.triangles].astype(np.float64)
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        lengths = np.linalg.norm(normals, axis=1)
        assert np.all(lengths > 0.0)
        assert np.all(normals[:, 2] > -1e-3 * lengths)
        if surface.material != "kerb":
            assert np.all(normals[:, 2] > 0.5 * lengths)


def test_kerb_faces_look_at_the_road(town: Town, network: Network) -> None:
    corners = np.concatenate([s.positions[s.triangles] for s in town.surfaces if s.material == "kerb"]).astype(float)
    normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    faces = np.abs(normals[:, 2]) < 1e-3
    assert faces.sum() > 500
    in_front = corners[faces].mean(axis=1)[:, :2] + 0.1 * normals[faces][:, :2]
    road = _triangles(town, 1)[:, :, :2]
    assert np.count_nonzero(_cover_count(road, in_front) != 1) <= 0.005 * faces.sum()


def test_paint_lies_a_little_above_the_road_and_nowhere_else(town: Town) -> None:
    paint = _triangles(town, 24)
    assert np.all((paint[:, :, 2] >= 0.010 - 1e-6) & (paint[:, :, 2] <= 0.015 + 1e-6))
    middles = paint.mean(axis=1)[:, :2]
    assert len(middles) > 2000
    assert np.count_nonzero(_cover_count(_triangles(town, 1)[:, :, :2], middles) != 1) <= 2
    assert {s.material for s in town.surfaces if s.tag == 24} == {"paint_white", "paint_yellow"}


def test_paint_does_not_overlap_itself(town: Town) -> None:
    paint = _triangles(town, 24)[:, :, :2]
    weights = np.random.default_rng(3).dirichlet((2.0, 2.0, 2.0), len(paint))
    points = np.einsum("tk,tkd->td", weights, paint)
    assert np.count_nonzero(_cover_count(paint, points) > 1) == 0


def test_surfaces_are_small_enough_to_cull_and_few_enough_to_draw(town: Town) -> None:
    sizes = {id(s): float(np.ptp(s.positions[:, :2], axis=0).max()) for s in town.surfaces}
    town_low, town_high = -330.0, 330.0
    for surface in town.surfaces:
        is_land = bool((surface.positions[:, :2].min() < town_low) or (surface.positions[:, :2].max() > town_high))
        assert sizes[id(surface)] <= 80.0 or is_land
    assert sum(len(s.triangles) for s in town.surfaces) < 60_000
    assert len(town.surfaces) < 1500


def test_arrays_have_the_promised_types_and_indices_are_in_range(town: Town) -> None:
    for surface in town.surfaces:
        assert surface.positions.dtype == surface.uvs.dtype == np.float32
        assert surface.triangles.dtype == np.int32
        assert surface.uvs.shape == (len(surface.positions), 2)
        assert surface.triangles.min() == 0
        assert surface.triangles.max() == len(surface.positions) - 1
        assert np.isfinite(surface.positions).all()
        assert np.isfinite(surface.uvs).all()


def test_materials_go_with_their_tags(town: Town) -> None:
    assert {(s.material, s.tag) for s in town.surfaces} == {
        ("asphalt", 1),
        ("asphalt_lanes", 1),
        ("gutter", 1),
        ("water", 23),
        ("kerb", 2),
        ("sidewalk", 2),
        ("plaza", 2),
        ("grass", 10),
        ("dirt", 10),
        ("paint_white", 24),
        ("paint_yellow", 24),
        ("plaza", 25),
    }


def test_hills_close_the_horizon(town: Town) -> None:
    assert min(town.bounds_max.x, town.bounds_max.y, -town.bounds_min.x, -town.bounds_min.y) > 700.0
    land = np.concatenate([s.positions for s in town.surfaces if s.tag == 10])
    far = np.linalg.norm(land[:, :2], axis=1) > 650.0
    assert land[far, 2].min() > 10.0
    near = np.abs(land[:, :2]).max(axis=1) < 195.0 + 0.5 * LEVEL_M
    assert land[near, 2].max() < SIDEWALK_HEIGHT_M + 0.05


def test_the_town_has_every_control(network: Network) -> None:
    assert {junction.plan.control for junction in network.junctions} == {Control.LIGHTS, Control.STOP, Control.YIELD}


def test_a_strip_is_turned_upwards_whichever_side_comes_first() -> None:
    left = lifted(np.array([[0.0, 0.0], [4.0, 0.0]]), 0.0)
    right = lifted(np.array([[0.0, 2.0], [4.0, 2.0]]), 0.0)
    for pair in ((left, right), (right, left)):
        mesh = GroundMesh()
        mesh.add_strip("grass", 10, *pair)
        (surface,) = mesh.surfaces()
        corners = surface.positions[surface.triangles]
        normals = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
        assert normals[:, 2].sum() == pytest.approx(16.0)  # twice the area, all of it upwards
        assert np.all(normals[:, 2] > 0.0)


def test_triangles_without_area_are_dropped() -> None:
    mesh = GroundMesh()
    points = np.array([[0.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 0.0, 0.0], [1.0, 1.0, 0.0]])
    mesh.add("grass", 10, points, np.array([[0, 1, 2], [0, 1, 3]]))
    (surface,) = mesh.surfaces()
    assert len(surface.triangles) == 1
    assert len(surface.positions) == 3
