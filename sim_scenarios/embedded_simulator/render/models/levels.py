"""Puts levels of detail together into a `Model`, and fits meshes into the box that a table promises."""

from __future__ import annotations

import math
from dataclasses import replace

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model


def model_of(*levels: tuple[float, Mesh], cabin: tuple[float, ...] = (0.0,) * 8) -> Model:
    """Return the model of (distance up to which it is used [m], mesh) pairs, finest first; the last has no end."""
    distances = [distance for distance, _ in levels[:-1]] + [math.inf]
    assert distances == sorted(distances), f"levels of detail run from near to far, got {distances}"
    radius = max(float(np.linalg.norm(mesh.positions, axis=1).max()) for _, mesh in levels)
    return Model(
        levels=tuple((distance, mesh) for distance, (_, mesh) in zip(distances, levels, strict=True)),
        radius_m=radius,
        cabin=cabin,
    )


def fitted(mesh: Mesh, low: tuple[float, float, float], high: tuple[float, float, float]) -> Mesh:
    """Return ``mesh`` stretched so that its bounds are exactly the box from ``low`` to ``high`` [m].

    Models are built near to their size; this takes up the last few centimetres, pivots included.
    """
    floor, ceiling = mesh.positions.min(axis=0), mesh.positions.max(axis=0)
    scale = (np.asarray(high, np.float32) - np.asarray(low, np.float32)) / (ceiling - floor)
    shift = np.asarray(low, np.float32) - floor * scale
    normals = mesh.normals / scale
    normals /= np.linalg.norm(normals, axis=1, keepdims=True)
    moving = (mesh.joints != 0)[:, None]
    return replace(
        mesh,
        positions=np.ascontiguousarray(mesh.positions * scale + shift),
        normals=np.ascontiguousarray(normals),
        pivots=np.ascontiguousarray(np.where(moving, mesh.pivots * scale + shift, mesh.pivots)),
    )
