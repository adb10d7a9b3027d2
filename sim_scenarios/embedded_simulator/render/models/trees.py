"""Trees, bushes and hedges: leaf cards over a dark core.

A crown is a handful of overlapping clumps. Cards stand all over their surface, turned at random; their normals point
out of the crown, so that it is lit as one round body, and they are shaded towards its inside and underside. The core
keeps the sky from showing through, which lets a crown do with few cards.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.mesh_geometry import cross, unit
from sim_scenarios.embedded_simulator.render.models.levels import model_of
from sim_scenarios.embedded_simulator.render.models.tags import VEGETATION

NEAR_M, MIDDLE_M, FAR_M = 22.0, 60.0, 130.0
"""Where a tree changes its level of detail; beyond the last it is a plain body on a stick, without cards."""

_BARK = Finish(material="bark", tag=VEGETATION)
_CORE = Finish(material="foliage", tag=VEGETATION, color=(0.62, 0.64, 0.60))
_DISTANT = Finish(material="foliage", tag=VEGETATION, color=(1.0, 1.0, 0.92))
_LEAVES = Finish(material="leaf", tag=VEGETATION, part=Part.LEAF)
_NEEDLES = _LEAVES.but(material="needles")

Vectors = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Clump:
    center: tuple[float, float, float]
    radii: tuple[float, float, float]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Crown:
    """A round crown on a trunk; sizes in metres."""

    clumps: tuple[_Clump, ...]
    trunk_m: float
    """Height at which it meets the crown's core."""
    trunk_radius_m: float
    card_m: float
    """Half the side of a card, near by."""
    cards: tuple[int, int, int]
    """For each level of detail."""
    branches: int


_BROADLEAF = _Crown(
    clumps=(
        _Clump(center=(0.0, 0.0, 5.6), radii=(1.9, 1.9, 1.9)),
        _Clump(center=(1.2, 0.5, 4.9), radii=(1.5, 1.4, 1.2)),
        _Clump(center=(-1.1, 0.9, 5.0), radii=(1.4, 1.5, 1.25)),
        _Clump(center=(0.1, -1.3, 4.8), radii=(1.5, 1.3, 1.2)),
        _Clump(center=(-0.3, 0.3, 6.7), radii=(1.2, 1.2, 1.0)),
    ),
    trunk_m=4.4,
    trunk_radius_m=0.20,
    card_m=0.80,
    cards=(116, 40, 12),
    branches=4,
)
_ROUND = _Crown(
    clumps=(
        _Clump(center=(0.0, 0.0, 3.75), radii=(1.45, 1.45, 1.5)),
        _Clump(center=(0.5, -0.3, 3.3), radii=(1.1, 1.15, 0.95)),
        _Clump(center=(-0.45, 0.35, 3.35), radii=(1.15, 1.1, 1.0)),
    ),
    trunk_m=2.9,
    trunk_radius_m=0.12,
    card_m=0.62,
    cards=(96, 34, 12),
    branches=3,
)


def tree_broadleaf() -> Model:
    """A spreading street tree, 8 m."""
    return _tree_levels(lambda level: _round_tree(_BROADLEAF, level), lambda: _distant_round(_BROADLEAF))


def tree_round() -> Model:
    """A small clipped tree, 5.5 m."""
    return _tree_levels(lambda level: _round_tree(_ROUND, level), lambda: _distant_round(_ROUND))


def tree_conifer() -> Model:
    """A fir, 9 m."""
    return _tree_levels(_conifer, _distant_conifer)


def bush() -> Model:
    """A shrub, 1.2 m."""
    return _levels(_bush)


def hedge() -> Model:
    """3 m of clipped hedge along y, 1.1 m high."""
    return _levels(_hedge)


def _levels(mesh: Callable[[int], Mesh]) -> Model:
    return model_of((NEAR_M, mesh(0)), (MIDDLE_M, mesh(1)), (math.inf, mesh(2)))


def _tree_levels(mesh: Callable[[int], Mesh], distant: Callable[[], Mesh]) -> Model:
    return model_of((NEAR_M, mesh(0)), (MIDDLE_M, mesh(1)), (FAR_M, mesh(2)), (math.inf, distant()))


def _distant_round(crown: _Crown) -> Mesh:
    """Return a crown as one ellipsoid as large as its clumps together."""
    centers, radii = (np.array([getattr(clump, name) for clump in crown.clumps]) for name in ("center", "radii"))
    low, high = (centers - radii).min(axis=0) - 0.2, (centers + radii).max(axis=0) + 0.2
    builder = MeshBuilder()
    builder.tube([(0, 0, 0), (0, 0, float(low[2]) + 0.5)], 1.2 * crown.trunk_radius_m, _BARK, sides=3, caps=False)
    builder.ellipsoid((low + high) / 2, (high - low) / 2 * 1.08, _DISTANT, sides=6, rings=3)
    return builder.build()


def _distant_conifer() -> Mesh:
    builder = MeshBuilder()
    needles = _DISTANT.but(color=(0.70, 0.80, 0.85))
    builder.tube([(0, 0, 0), (0, 0, 1.0)], 0.2, _BARK, sides=3, caps=False)
    builder.tube([(0, 0, 0.7), (0, 0, 2.0), (0, 0, 9.0)], [1.1, 1.75, 0.05], needles, sides=6, caps=False)
    return builder.build()


def _sphere_points(count: int) -> Vectors:
    """Return (count, 3) unit vectors spread evenly by the golden angle."""
    index = np.arange(count) + 0.5
    z = 1.0 - 2.0 * index / count
    angle = index * math.pi * (3.0 - math.sqrt(5.0))
    ring = np.sqrt(1.0 - z * z)
    return np.stack([ring * np.cos(angle), ring * np.sin(angle), z], axis=1)


def _add_cards(
    builder: MeshBuilder, rng: np.random.Generator, centers: Vectors, outward: Vectors, half_m: Vectors, finish: Finish,
    *, shade: Vectors,
) -> None:  # fmt: skip
    """Add square cards (N) about ``centers`` (N, 3), facing roughly ``outward`` (N, 3), darkened by ``shade`` (N,)."""
    count = len(centers)
    facing = unit(outward + 0.75 * rng.standard_normal((count, 3))).astype(np.float64)
    right = unit(cross(facing, rng.standard_normal((count, 3)))).astype(np.float64) * half_m[:, None]
    up = cross(facing, right)
    corners = np.stack([centers - right - up, centers + right - up, centers + right + up, centers - right + up], axis=1)
    lit = unit(outward + 0.15 * facing + np.array([0.0, 0.0, 0.25]))
    first = 4 * np.arange(count)[:, None]
    builder.surface(
        corners.reshape(-1, 3),
        np.concatenate([first + np.array([[0, 1, 2]]), first + np.array([[0, 2, 3]])]),
        finish,
        normals=np.repeat(lit, 4, axis=0),
        uvs=np.tile([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]], (count, 1)),
        colors=np.repeat(np.repeat(np.minimum(shade, 1.0)[:, None], 3, axis=1), 4, axis=0),
    )


def _round_tree(crown: _Crown, level: int) -> Mesh:
    builder = MeshBuilder()
    rng = np.random.default_rng(11)
    sides = (8, 5, 3)[level]
    top, radius = crown.trunk_m, crown.trunk_radius_m
    trunk = [(0, 0, 0), (0.02, 0.01, 0.35), (-0.04, 0.05, 0.5 * top), (0, 0, top)]
    radii = [1.35 * radius, radius, 0.85 * radius, 0.6 * radius]
    if level == 2:
        trunk, radii = [trunk[0], trunk[-1]], [radius, 0.7 * radius]
    builder.tube(trunk, radii, _BARK, sides=sides, caps=False)
    if level == 0:
        for k in range(crown.branches):
            clump = crown.clumps[1 + k % (len(crown.clumps) - 1)]
            end = np.array(clump.center) * (0.75, 0.75, 1.0)
            builder.tube(
                np.array([(0.0, 0.0, 0.72 * top), end]), [0.5 * radius, 0.2 * radius], _BARK, sides=5, caps=False
            )
    core = crown.clumps if level == 0 else crown.clumps[:1]
    for clump in core:
        shrink = 0.66 if level == 0 else 0.86
        sphere = (7, 4) if level == 0 else (6, 4) if level == 1 else (5, 3)
        builder.ellipsoid(clump.center, np.array(clump.radii) * shrink, _CORE, sides=sphere[0], rings=sphere[1])
    centers, outward = _on_clumps(crown.clumps, crown.cards[level], rng)
    middle = np.mean([clump.center for clump in crown.clumps], axis=0)
    away = unit(centers - middle).astype(np.float64)
    rise = np.clip((centers[:, 2] - centers[:, 2].min()) / np.ptp(centers[:, 2]), 0.0, 1.0)
    shade = (0.58, 0.64, 0.76)[level] + 0.30 * rise + 0.16 * rng.random(len(centers))
    # Fewer cards must each cover more.
    half = crown.card_m * math.sqrt(crown.cards[0] / crown.cards[level]) ** 0.8 * rng.uniform(0.85, 1.15, len(centers))
    _add_cards(builder, rng, centers, unit(away + 0.5 * outward).astype(np.float64), half, _LEAVES, shade=shade)
    return builder.build()


def _on_clumps(clumps: tuple[_Clump, ...], count: int, rng: np.random.Generator) -> tuple[Vectors, Vectors]:
    """Return (centres, outward directions), each (count, 3), on the parts of the clumps that lie in no other."""
    pool_centers, pool_outward = [], []
    for clump in clumps:
        direction = _sphere_points(2 * count)
        points = np.array(clump.center) + direction * np.array(clump.radii) * rng.uniform(0.80, 1.0, (2 * count, 1))
        inside = np.zeros(len(points), bool)
        for other in clumps:
            if other is not clump:
                inside |= (((points - np.array(other.center)) / np.array(other.radii)) ** 2).sum(axis=1) < 0.55
        pool_centers.append(points[~inside])
        pool_outward.append(direction[~inside])
    centers, outward = np.concatenate(pool_centers), np.concatenate(pool_outward)
    chosen = np.linspace(0, len(centers) - 1, count).astype(int)
    return centers[chosen], outward[chosen]


def _conifer(level: int) -> Mesh:
    builder = MeshBuilder()
    rng = np.random.default_rng(13)
    height, low = 9.0, 1.0
    builder.tube([(0, 0, 0), (0, 0, 0.9 * height)], [0.17, 0.03], _BARK, sides=(7, 5, 3)[level], caps=False)
    core = Finish(material="foliage", tag=VEGETATION, color=(0.42, 0.50, 0.50))
    builder.tube([(0, 0, low + 0.2), (0, 0, height - 0.4)], [1.15, 0.05], core, sides=(8, 6, 5)[level])
    count = (110, 40, 12)[level]
    index = (np.arange(count) + 0.5) / count
    z = low + (height - low - 0.5) * (1.0 - np.sqrt(1.0 - index))
    tier = 1.0 + 0.16 * np.sin(z * 2 * math.pi / 1.1)
    reach = (height - z) * 0.215 * tier
    angle = np.arange(count) * math.pi * (3.0 - math.sqrt(5.0))
    radial = np.stack([np.cos(angle), np.sin(angle), np.zeros(count)], axis=1)
    centers = radial * (reach * 0.72)[:, None] + np.stack([0 * z, 0 * z, z], axis=1)
    outward = unit(radial + np.array([0.0, 0.0, 0.55])).astype(np.float64)
    widen = math.sqrt(110 / count) ** 0.8
    half = (0.30 + 0.42 * (height - z) / height) * widen * 1.05
    centers[:, 2] = np.maximum(centers[:, 2], 0.9 * half)  # the lowest branches sweep the ground
    shade = 0.62 + 0.25 * z / height + 0.14 * rng.random(count)
    _add_cards(builder, rng, centers, outward, half, _NEEDLES, shade=shade)
    builder.ellipsoid((0, 0, height - 0.35), (0.16, 0.16, 0.35), core, sides=4, rings=3)
    return builder.build()


def _bush(level: int) -> Mesh:
    builder = MeshBuilder()
    rng = np.random.default_rng(17)
    clumps = (
        _Clump(center=(0.0, 0.0, 0.52), radii=(0.62, 0.60, 0.52)),
        _Clump(center=(0.34, 0.22, 0.42), radii=(0.45, 0.45, 0.40)),
        _Clump(center=(-0.30, -0.25, 0.40), radii=(0.46, 0.44, 0.40)),
    )
    for clump in clumps[: 3 if level == 0 else 1]:
        radii = np.array(clump.radii) * (0.8 if level == 0 else 0.95)
        builder.ellipsoid(clump.center, radii, _CORE, sides=(7, 6, 5)[level], rings=(4, 4, 3)[level])
    centers, outward = _on_clumps(clumps, (36, 14, 5)[level], rng)
    shade = 0.6 + 0.4 * np.clip(centers[:, 2], 0.0, 1.0)
    half = np.full(len(centers), (0.28, 0.38, 0.5)[level])
    centers[:, 2] = np.maximum(centers[:, 2], half)
    _add_cards(builder, rng, centers, outward, half, _LEAVES, shade=shade)
    return builder.build()


def _hedge(level: int) -> Mesh:
    builder = MeshBuilder()
    rng = np.random.default_rng(19)
    leaves = Finish(material="foliage", tag=VEGETATION)
    builder.box((0, 0, 0.52), (0.74, 2.98, 1.04), leaves, taper=0.94)
    count = (44, 14, 0)[level]
    if count:
        side = rng.integers(0, 3, count)  # front, back, top
        y = rng.uniform(-1.3, 1.3, count)
        z = np.where(side == 2, 0.98, rng.uniform(0.26, 0.86, count))
        x = np.where(side == 2, rng.uniform(-0.24, 0.24, count), np.where(side == 0, 0.33, -0.33))
        outward = np.array([[1.0, 0, 0.2], [-1.0, 0, 0.2], [0, 0, 1.0]])[side]
        half = np.full(count, (0.17, 0.22)[level])
        shade = 0.75 + 0.35 * z
        _add_cards(builder, rng, np.stack([x, y, z], axis=1), outward, half, _LEAVES, shade=shade)
    return builder.build()
