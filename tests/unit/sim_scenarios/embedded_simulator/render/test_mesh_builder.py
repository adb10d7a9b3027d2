from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.materials import material_index
from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.mesh_geometry import creased_normals, plane_axes, unit, yaw_matrix

METAL = Finish(material="metal", tag=20)
sizes = st.floats(0.05, 20.0)


def volume(mesh: Mesh) -> float:
    p = mesh.positions.astype(np.float64)[mesh.triangles]
    return float(np.einsum("ij,ij->", p[:, 0], np.cross(p[:, 1], p[:, 2])) / 6.0)


def built(*shapes: tuple[str, tuple[object, ...], dict[str, object]]) -> Mesh:
    builder = MeshBuilder()
    for name, arguments, options in shapes:
        getattr(builder, name)(*arguments, **options)
    return builder.build()


@given(x=sizes, y=sizes, z=sizes, yaw=st.floats(-180.0, 180.0))
@settings(max_examples=40, deadline=None)
def test_a_closed_box_encloses_its_volume(x: float, y: float, z: float, yaw: float) -> None:
    mesh = built(("box", ((1.0, -2.0, 3.0), (x, y, z), METAL), {"yaw_deg": yaw, "without": ()}))
    assert len(mesh.triangles) == 12
    assert volume(mesh) == pytest.approx(x * y * z, rel=1e-3)


def test_a_box_leaves_out_the_faces_it_is_told_to() -> None:
    mesh = built(("box", ((0, 0, 0), (2, 2, 2), METAL), {"without": ("-z", "+x")}))
    assert len(mesh.triangles) == 8
    assert not (mesh.normals @ np.array([1.0, 0.0, 0.0]) > 0.5).any()
    assert not (mesh.normals @ np.array([0.0, 0.0, -1.0]) > 0.5).any()


@given(x=st.floats(0.5, 5.0), y=st.floats(0.5, 5.0), z=st.floats(0.5, 5.0), radius=st.floats(0.01, 0.2))
@settings(max_examples=30, deadline=None)
def test_a_rounded_box_has_the_box_as_its_bounds(x: float, y: float, z: float, radius: float) -> None:
    mesh = built(("rounded_box", ((0, 0, 0), (x, y, z), radius, METAL), {}))
    assert len(mesh.triangles) == 44
    np.testing.assert_allclose(np.ptp(mesh.positions, axis=0), (x, y, z), rtol=1e-4)
    # It is convex, so it holds the inner box and a slab on each of its faces.
    a, b, c = (side - 2 * radius for side in (x, y, z))
    assert a * b * c + 2 * radius * (a * b + b * c + a * c) < volume(mesh) < x * y * z


@pytest.mark.parametrize("end", [(0, 0, 2), (2, 0, 0), (0, 2, 0), (0, 0, -2), (1, 1, 1), (-1, 2, 0.5)])
def test_a_tube_winds_outward_in_every_direction(end: tuple[float, float, float]) -> None:
    mesh = built(("tube", ([(0, 0, 0), end], [0.3, 0.3], METAL), {"sides": 24}))
    length = math.sqrt(sum(value * value for value in end))
    assert volume(mesh) == pytest.approx(math.pi * 0.09 * length, rel=0.03)


def test_a_bent_tube_keeps_its_width() -> None:
    path = [(0, 0, 0), (0, 0, 1), (1, 0, 2), (2, 0, 2)]
    mesh = built(("tube", (path, 0.1, METAL), {"sides": 8}))
    closest = np.min([_distance_to_segment(mesh.positions, path[k], path[k + 1]) for k in range(3)], axis=0)
    assert closest.max() < 0.101


def _distance_to_segment(
    points: NDArray[np.float32], start: tuple[float, ...], end: tuple[float, ...]
) -> NDArray[np.float64]:
    a, b = np.array(start, np.float64), np.array(end, np.float64)
    t = np.clip((points - a) @ (b - a) / ((b - a) @ (b - a)), 0.0, 1.0)
    return np.asarray(np.linalg.norm(points - (a + t[:, None] * (b - a)), axis=1))


def test_an_ellipsoid_is_smooth_and_full() -> None:
    mesh = built(("ellipsoid", ((1, 2, 3), (1.0, 2.0, 0.5), METAL), {"sides": 32, "rings": 24}))
    assert volume(mesh) == pytest.approx(4 / 3 * math.pi, rel=0.03)
    away = mesh.positions - np.array([1, 2, 3], np.float32)
    exact = unit(away / np.square(np.array([1.0, 2.0, 0.5])))
    assert np.einsum("ij,ij->i", exact, mesh.normals).min() > 0.95


def test_a_loft_does_not_care_which_way_its_rings_run() -> None:
    ring = np.array([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 1, 0)], float)
    for outline in (ring, ring[::-1]):
        for stack in ([0.0, 2.0], [2.0, 0.0]):
            mesh = built(("loft", (np.array([outline + np.array([0.0, 0.0, z]) for z in stack]), METAL), {}))
            assert volume(mesh) == pytest.approx(2.0)


def test_an_extrusion_closes_an_outline() -> None:
    mesh = built(("extrusion", ([(0, -1, 0), (0, 1, 0), (0, 0, 1)], (-0.5, 0, 0), METAL), {}))
    assert volume(mesh) == pytest.approx(0.5)


def test_quad_and_disc_look_where_their_winding_says() -> None:
    quad = built(("quad", ([(0, -1, 0), (0, 1, 0), (0, 1, 1), (0, -1, 1)], METAL), {}))
    np.testing.assert_allclose(quad.normals, np.tile([1.0, 0.0, 0.0], (4, 1)), atol=1e-6)
    disc = built(("disc", ((0, 0, 1), (0, -1, 0), 0.5, METAL), {"sides": 16}))
    np.testing.assert_allclose(disc.normals, np.tile([0.0, -1.0, 0.0], (16, 1)), atol=1e-6)
    assert disc.uvs.min() >= -1e-6
    assert disc.uvs.max() <= 1.0 + 1e-6


def test_a_texture_on_a_wall_is_not_mirrored() -> None:
    """In left-handed axes who looks along -x at a wall that faces +x has -y to the right: u must grow that way."""
    mesh = built(("box", ((0, 0, 0), (2, 2, 2), METAL), {"without": ("-x", "+y", "-y", "+z", "-z")}))
    assert np.corrcoef(mesh.positions[:, 1], mesh.uvs[:, 0])[0, 1] < -0.99
    assert np.corrcoef(mesh.positions[:, 2], mesh.uvs[:, 1])[0, 1] > 0.99


def test_creases_stay_sharp_and_gentle_edges_do_not() -> None:
    angle = math.radians(20.0)
    gentle = np.array([(0, 0, 0), (0, 1, 0), (1, 0, 0), (1, 1, 0), (2, 0, math.tan(angle)), (2, 1, math.tan(angle))])
    triangles = np.array([[0, 2, 1], [1, 2, 3], [2, 4, 3], [3, 4, 5]])
    _, smooth = creased_normals(gentle.astype(np.float32), triangles.astype(np.int32), 40.0)
    _, sharp = creased_normals(gentle.astype(np.float32), triangles.astype(np.int32), 10.0)
    assert len(np.unique(np.round(sharp, 3), axis=0)) == 2
    assert len(np.unique(np.round(smooth, 3), axis=0)) > 2


def test_patchwork_shades_on_across_a_border_of_finishes() -> None:
    angle = np.linspace(0.0, math.pi, 9)
    ring = np.stack([np.cos(angle), np.zeros(9), np.sin(angle)], axis=1)
    points = np.concatenate([ring, ring + np.array([0.0, 1.0, 0.0])])
    k = np.arange(8)
    triangles = np.concatenate([np.stack([k, k + 1, k + 10], 1), np.stack([k, k + 10, k + 9], 1)])
    builder = MeshBuilder()
    builder.patchwork(points, triangles, np.tile(k % 2, 2), [METAL, METAL.but(material="wood")])
    mesh = builder.build()
    outward = unit(mesh.positions * np.array([1.0, 0.0, 1.0]))
    assert np.abs(np.einsum("ij,ij->i", outward, mesh.normals)).min() > 0.95
    assert set(mesh.materials.tolist()) == {material_index("metal"), material_index("wood")}


def test_mirroring_flips_side_winding_part_and_joint() -> None:
    left = MeshBuilder()
    finish = METAL.but(part=Part.BLINKER_LEFT).moving(Joint.LEFT_ARM, (0.0, -1.0, 2.0))
    left.box((0.0, -1.0, 0.5), (0.4, 0.2, 0.6), finish, without=())
    both = MeshBuilder()
    both.mirrored(left)
    mesh = both.build()
    assert mesh.positions[:, 1].min() > 0.0
    assert volume(mesh) == pytest.approx(0.4 * 0.2 * 0.6, rel=1e-4)
    assert set(mesh.parts.tolist()) == {Part.BLINKER_RIGHT}
    assert set(mesh.joints.tolist()) == {Joint.RIGHT_ARM}
    np.testing.assert_allclose(mesh.pivots, np.tile([0.0, 1.0, 2.0], (len(mesh.positions), 1)))


def test_triangles_without_area_are_dropped() -> None:
    builder = MeshBuilder()
    builder.surface([(0, 0, 0), (1, 0, 0), (1, 1, 0), (0, 0, 0)], [[0, 1, 2], [0, 3, 1]], METAL)
    assert len(builder.build().triangles) == 1


@given(st.tuples(*[st.floats(-1.0, 1.0)] * 3).filter(lambda v: np.linalg.norm(v) > 0.1))
@settings(max_examples=50, deadline=None)
def test_plane_axes_are_orthonormal_and_right_handed(normal: tuple[float, float, float]) -> None:
    right, up = plane_axes(np.array(normal))
    np.testing.assert_allclose(np.cross(right, up), np.array(normal) / np.linalg.norm(normal), atol=1e-9)
    assert abs(float(right @ up)) < 1e-9


def test_a_yaw_of_ninety_degrees_turns_forward_to_the_right() -> None:
    np.testing.assert_allclose(yaw_matrix(90.0) @ (1.0, 0.0, 0.0), (0.0, 1.0, 0.0), atol=1e-12)
