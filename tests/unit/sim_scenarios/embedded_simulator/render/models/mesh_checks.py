"""What must hold for every mesh and model, whatever it shows."""

from __future__ import annotations

import hashlib
import math

import numpy as np

from sim_scenarios.embedded_simulator.render.materials import MATERIALS
from sim_scenarios.embedded_simulator.render.mesh import Joint, Mesh, Model, Part

LEAF_MATERIALS = {index for index, material in enumerate(MATERIALS) if material.alpha}


def check_mesh(mesh: Mesh, *, allowed_tags: set[int]) -> None:
    """Assert shapes, types, ranges, unit normals and that every triangle winds the way its normals point."""
    vertices, faces = len(mesh.positions), len(mesh.triangles)
    assert faces > 0
    for name, shape, dtype in (
        ("positions", (vertices, 3), np.float32),
        ("normals", (vertices, 3), np.float32),
        ("uvs", (vertices, 2), np.float32),
        ("colors", (vertices, 3), np.float32),
        ("triangles", (faces, 3), np.int32),
        ("materials", (faces,), np.uint8),
        ("tags", (faces,), np.uint8),
        ("parts", (faces,), np.uint8),
        ("joints", (vertices,), np.uint8),
        ("pivots", (vertices, 3), np.float32),
    ):
        array = getattr(mesh, name)
        assert array.shape == shape, name
        assert array.dtype == dtype, name
        assert array.flags.c_contiguous, name
        assert np.isfinite(array).all(), name
    np.testing.assert_allclose(np.linalg.norm(mesh.normals, axis=1), 1.0, atol=1e-4)
    assert mesh.triangles.min() >= 0
    assert mesh.triangles.max() < vertices
    assert mesh.colors.min() >= 0.0
    assert mesh.colors.max() <= 1.0 + 1e-6
    assert mesh.materials.max() < len(MATERIALS)
    assert set(mesh.tags.tolist()) <= allowed_tags
    assert mesh.parts.max() <= max(Part)
    assert mesh.joints.max() <= max(Joint)
    assert not mesh.pivots[mesh.joints == Joint.BODY].any()
    _check_winding(mesh)


def _check_winding(mesh: Mesh) -> None:
    corners = mesh.positions.astype(np.float64)[mesh.triangles]
    face = np.cross(corners[:, 1] - corners[:, 0], corners[:, 2] - corners[:, 0])
    assert (np.linalg.norm(face, axis=1) > 0.0).all(), "a triangle without area"
    agreement = np.einsum("ij,ij->i", face, mesh.normals[mesh.triangles].astype(np.float64).sum(axis=1))
    # Leaf cards are lit as part of their crown, whatever way they face.
    solid = mesh.parts != Part.LEAF
    assert (agreement[solid] > 0.0).all(), f"{(agreement[solid] <= 0).sum()} triangles wind against their normals"


def check_model(model: Model, *, allowed_tags: set[int], decreasing: bool = True) -> None:
    """Assert that all levels are sound, that they grow coarser, and that the radius holds them."""
    distances = [distance for distance, _ in model.levels]
    assert distances == sorted(set(distances))
    assert math.isinf(distances[-1])
    for _, mesh in model.levels:
        check_mesh(mesh, allowed_tags=allowed_tags)
        assert np.linalg.norm(mesh.positions, axis=1).max() <= model.radius_m + 1e-4
    counts = [len(mesh.triangles) for _, mesh in model.levels]
    if decreasing:
        assert counts == sorted(counts, reverse=True)
        assert counts[-1] < counts[0]


def leaf_materials_agree(mesh: Mesh) -> bool:
    """Return whether alpha-tested triangles and alpha materials are the same triangles."""
    is_leaf = mesh.parts == Part.LEAF
    return bool((np.isin(mesh.materials, list(LEAF_MATERIALS)) == is_leaf).all())


def digest(*meshes: Mesh) -> str:
    """Return a hash over every byte of the meshes."""
    total = hashlib.sha256()
    for mesh in meshes:
        for array in (
            mesh.positions, mesh.normals, mesh.uvs, mesh.colors, mesh.triangles, mesh.materials, mesh.tags, mesh.parts,
            mesh.joints, mesh.pivots,
        ):  # fmt: skip
            total.update(array.tobytes())
    return total.hexdigest()


def enclosed_volume(mesh: Mesh) -> float:
    """Return the signed volume inside the mesh [m^3]; negative when it winds inward."""
    p = mesh.positions.astype(np.float64)[mesh.triangles]
    return float(np.einsum("ij,ij->", p[:, 0], np.cross(p[:, 1], p[:, 2])) / 6.0)
