from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.render.ground import ground_meshes
from sim_scenarios.embedded_simulator.render.library import MeshLibrary
from sim_scenarios.embedded_simulator.render.scene import FIRST_STATIC_INSTANCE, build_scene
from sim_scenarios.embedded_simulator.road.town import Surface


def area(positions: np.ndarray, triangles: np.ndarray) -> float:
    corners = positions[triangles]
    return float(
        np.linalg.norm(np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0]), axis=1).sum() / 2
    )


def test_library_lays_meshes_end_to_end_whenever_they_come(stage: Any) -> None:
    meshes = [stage.box_mesh((0, 0, 0), (size, size, size), tag=size) for size in range(1, 6)]
    at_once, by_and_by = MeshLibrary(), MeshLibrary()
    at_once.add(meshes)
    for some in (meshes[:2], meshes[2:3], [], meshes[3:]):
        by_and_by.add(some)
    assert len(by_and_by) == 5
    assert list(by_and_by.first_vertex) == [0, 24, 48, 72, 96, 120]
    assert by_and_by.triangles[12:].min() == 24
    assert (by_and_by.triangle_info[12:24, 1] == 2).all()
    np.testing.assert_array_equal(by_and_by.positions[24:48], meshes[1].positions)
    for name in ("positions", "attributes", "joints", "pivots", "triangles", "triangle_info", "first_triangle"):
        one, other = getattr(at_once, name), getattr(by_and_by, name)
        np.testing.assert_array_equal(one, other, err_msg=name)
        assert one.dtype == other.dtype
        assert other.flags.c_contiguous


def test_library_refuses_a_broken_mesh(stage: Any) -> None:
    mesh = stage.box_mesh((0, 0, 0), (1, 1, 1), tag=3)
    mesh.triangles[0, 0] = 99
    with pytest.raises(ValueError, match="names vertex 99"):
        MeshLibrary().add([mesh])


def test_ground_keeps_every_triangle_tag_and_tile(stage: Any) -> None:
    town, models = stage.town(), stage.models()
    meshes = ground_meshes(town.surfaces, models)
    before = sum(area(surface.positions, surface.triangles) for surface in town.surfaces)
    after = sum(area(mesh.positions, mesh.triangles) for mesh in meshes)
    assert after == pytest.approx(before, rel=1e-5)
    assert sum(len(mesh.triangles) for mesh in meshes) == sum(len(surface.triangles) for surface in town.surfaces)
    for mesh in meshes:
        np.testing.assert_allclose(mesh.uvs * 4.0, mesh.positions[:, :2], atol=1e-4)  # tiles of 4 m
        np.testing.assert_allclose(mesh.normals, np.tile([0, 0, 1], (len(mesh.normals), 1)), atol=1e-6)


def test_kerbs_stay_sharp(stage: Any) -> None:
    positions = np.array([[0, 0, 0], [1, 0, 0], [1, 0, 1], [0, 0, 1], [1, 1, 1], [0, 1, 1]], np.float32)
    step = Surface(
        positions=positions, triangles=np.array([[0, 1, 2], [0, 2, 3], [3, 2, 4], [3, 4, 5]], np.int32),
        uvs=positions[:, :2].copy(), material="asphalt", tag=2,
    )  # fmt: skip
    (mesh,) = ground_meshes([step], stage.models())
    facing = {tuple(normal) for normal in np.round(mesh.normals, 3)}
    assert facing == {(0.0, -1.0, 0.0), (0.0, 0.0, 1.0)}


def test_objects_lie_in_their_boxes_with_ids_of_their_own(stage: Any) -> None:
    scene = build_scene(stage.town(), stage.models())
    library = scene.models.library
    instances = scene.objects["instance"]
    assert instances.min() == FIRST_STATIC_INSTANCE
    assert len(set(instances.tolist())) == len(instances)
    for row in scene.objects:
        mesh = scene.models.level_meshes[row["first_level"]]
        local = library.positions[library.first_vertex[mesh] : library.first_vertex[mesh + 1]]
        world = local @ row["rotation"].T + row["origin"]
        assert (np.abs(world - row["center"]) <= row["half"] + 1e-3).all()


def test_lamps_shine_where_their_glass_is(stage: Any) -> None:
    scene = build_scene(stage.town(), stage.models())
    # The lamp at (15, 10) has its arm along its own +x, turned by -90 degrees: towards -y.
    np.testing.assert_allclose(scene.lamps, [[15.0, 10.0 - 0.75, 5.95]], atol=0.02)


def test_the_same_town_gives_the_same_scene(stage: Any) -> None:
    one, two = (build_scene(stage.town(), stage.models()) for _ in range(2))
    assert one.objects.tobytes() == two.objects.tobytes()
    assert one.models.library.positions.tobytes() == two.models.library.positions.tobytes()
