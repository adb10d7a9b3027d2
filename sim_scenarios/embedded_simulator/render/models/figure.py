"""The human figure: limbs, trunk and head, for walkers standing and riders sitting.

A pose is given by the places of the joints; this module gives them flesh. Sizes follow D. A. Winter, "Biomechanics and
Motor Control of Human Movement" (2009), figure 4.1: segment lengths as fractions of body height.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder, Point


@dataclass(frozen=True, kw_only=True, slots=True)
class FigureDetail:
    """What a level of detail keeps of a figure."""

    limb_sides: int
    trunk_sides: int
    head_sides: int
    head_rings: int
    bent_limbs: bool
    """Knees and elbows have a ring of their own, and there are hands and feet."""


NEAR = FigureDetail(limb_sides=6, trunk_sides=10, head_sides=9, head_rings=6, bent_limbs=True)
MIDDLE_DISTANCE = FigureDetail(limb_sides=3, trunk_sides=6, head_sides=6, head_rings=3, bent_limbs=True)
FAR = FigureDetail(limb_sides=3, trunk_sides=4, head_sides=4, head_rings=2, bent_limbs=False)
LEVELS = (NEAR, MIDDLE_DISTANCE, FAR)


def add_limb(builder: MeshBuilder, joints: ArrayLike, radii: ArrayLike, finish: Finish, detail: FigureDetail) -> None:
    """Add an arm or leg through its ``joints`` (N, 3); far away the knee of a straight leg does not count."""
    path, widths = np.asarray(joints, np.float64), np.asarray(radii, np.float64)
    if detail is MIDDLE_DISTANCE and len(path) > 3:
        path, widths = path[::2], widths[::2]
    elif not detail.bent_limbs and len(path) > 3:
        path, widths = path[[0, -1]], np.array([widths.max() * 0.95, widths.mean()])
    builder.tube(path, widths, finish, sides=detail.limb_sides)


def add_arm(
    builder: MeshBuilder, joints: ArrayLike, radii: ArrayLike, finish: Finish, detail: FigureDetail, *, inward: float
) -> None:
    """Add an arm from shoulder to wrist with a rounded shoulder; ``inward`` (+1 or -1) is the way to the spine in y."""
    path, widths = np.asarray(joints, np.float64), np.asarray(radii, np.float64)
    if detail is NEAR:
        cap = path[0] + widths[0] * np.array([0.0, 0.75 * inward, 0.50])
        path, widths = np.concatenate([[cap], path]), np.concatenate([[0.55 * widths[0]], widths])
    add_limb(builder, path, widths, finish, detail)


def add_trunk(
    builder: MeshBuilder, spine: ArrayLike, half_depths: ArrayLike, half_widths: ArrayLike, finish: Finish,
    detail: FigureDetail,
) -> None:  # fmt: skip
    """Add a trunk of elliptical sections square to the ``spine`` (N, 3), which lies in the x-z plane."""
    line = np.asarray(spine, np.float64)
    depths = np.broadcast_to(np.asarray(half_depths, np.float64), (len(line),))
    widths = np.broadcast_to(np.asarray(half_widths, np.float64), (len(line),))
    if detail is not NEAR and len(line) > 3:
        keep = [0, len(line) // 2, -1] if detail is FAR else [0, *range(2, len(line) - 2), len(line) - 1]
        line, depths, widths = line[keep], depths[keep], widths[keep]
    angle = np.linspace(0.0, 2 * np.pi, detail.trunk_sides, endpoint=False)
    direction = np.gradient(line, axis=0)
    rings = []
    for point, along, depth, width in zip(line, direction, depths, widths, strict=True):
        along = along / np.linalg.norm(along)
        forward = np.array([along[2], 0.0, -along[0]])
        rings.append(
            point + np.outer(np.cos(angle) * depth, forward) + np.outer(np.sin(angle) * width, (0.0, 1.0, 0.0))
        )
    builder.loft(np.array(rings), finish, crease_deg=75.0)


def add_head(
    builder: MeshBuilder, center: Point, size_m: float, skin: Finish, hair: Finish, detail: FigureDetail
) -> None:
    """Add a head of ``size_m`` from chin to crown, with hair over crown and nape."""
    x, y, z = center
    half = size_m / 2
    sides, rings = detail.head_sides, detail.head_rings
    builder.ellipsoid((x, y, z - 0.04 * half), (0.78 * half, 0.66 * half, 0.96 * half), skin, sides=sides, rings=rings)
    builder.ellipsoid(
        (x - 0.14 * half, y, z + 0.24 * half), (0.84 * half, 0.76 * half, 0.76 * half), hair, sides=sides, rings=rings
    )
