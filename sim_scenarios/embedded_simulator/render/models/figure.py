"""The human figure: limbs and trunk, for walkers standing and riders sitting; heads are in `heads`.

A pose is given by the places of the joints; this module gives them flesh. Sizes follow D. A. Winter, "Biomechanics and
Motor Control of Human Movement" (2009), figure 4.1: segment lengths as fractions of body height. Sections with few
corners are drawn larger, so that a silhouette keeps its width from one level of detail to the next.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.mesh_geometry import signed_volume


@dataclass(frozen=True, kw_only=True, slots=True)
class FigureDetail:
    """What a level of detail keeps of a figure."""

    limb_sides: int
    trunk_sides: int
    head_sides: int
    has_features: bool
    """Faces, fingers, straps, folds: what is inside a silhouette."""
    has_bent_arms: bool
    """Elbows have a ring of their own, and there are hands and shoes."""


NEAR = FigureDetail(limb_sides=6, trunk_sides=10, head_sides=10, has_features=True, has_bent_arms=True)
MIDDLE_DISTANCE = FigureDetail(limb_sides=4, trunk_sides=6, head_sides=6, has_features=False, has_bent_arms=True)
FAR = FigureDetail(limb_sides=3, trunk_sides=4, head_sides=4, has_features=False, has_bent_arms=False)
LEVELS = (NEAR, MIDDLE_DISTANCE, FAR)


def as_wide_as_round(sides: int) -> float:
    """By how much a regular polygon's corners lie outside a circle of the same mean width."""
    return math.pi / sides / math.sin(math.pi / sides)


def add_limb(
    builder: MeshBuilder, joints: ArrayLike, radii: ArrayLike, finish: Finish, detail: FigureDetail, *,
    flatten: float = 1.0, caps: bool = True,
) -> None:  # fmt: skip
    """Add a piece of an arm or a leg through its ``joints`` (N, 3), N >= 2, with one radius [m] a joint."""
    widths = np.asarray(radii, np.float64) * as_wide_as_round(detail.limb_sides)
    builder.tube(joints, widths, finish, sides=detail.limb_sides, flatten=flatten, caps=caps)


def add_hinged(
    builder: MeshBuilder, above: tuple[ArrayLike, ArrayLike], below: tuple[ArrayLike, ArrayLike],
    finishes: tuple[Finish, Finish], detail: FigureDetail,
) -> None:  # fmt: skip
    """Add the two halves of a limb, (joints (N, 3), radii (N,)) each: the upper ends where the lower one begins.

    Each half reaches rounded into the other one, so that no gap opens when the joint bends.
    """
    (upper, upper_radii), (lower, lower_radii) = (
        (np.asarray(path, np.float64), np.asarray(radii, np.float64)) for path, radii in (above, below)
    )
    joint, radius = lower[0], lower_radii[0]
    end, start = _towards(joint, upper[-2], -0.7 * radius), _towards(joint, lower[1], -0.7 * radius)
    if detail.has_features:
        upper, upper_radii = np.concatenate([upper, [end]]), np.append(upper_radii, 0.25 * radius)
        lower, lower_radii = np.concatenate([[start], lower]), np.insert(lower_radii, 0, 0.25 * radius)
        lower_radii[1] *= 0.92  # within the upper half while the limb is straight
    else:
        upper, upper_radii = np.stack([upper[0], end]), upper_radii[[0, -1]]
        lower, lower_radii = np.stack([start, lower[-1]]), lower_radii[[0, -1]]
    add_limb(builder, upper, upper_radii, finishes[0], detail, caps=False)
    add_limb(builder, lower, lower_radii, finishes[1], detail, caps=False)


def _towards(start: NDArray[np.float64], target: NDArray[np.float64], distance: float) -> NDArray[np.float64]:
    way = target - start
    return np.asarray(start + way * (distance / np.linalg.norm(way)), np.float64)


def add_trunk(
    builder: MeshBuilder, spine: ArrayLike, half_depths: ArrayLike, half_widths: ArrayLike, finish: Finish,
    detail: FigureDetail, *, front: tuple[Finish, int] | None = None, caps: bool = True,
) -> None:  # fmt: skip
    """Add a trunk of elliptical sections square to the ``spine`` (N, 3), which lies in the x-z plane.

    ``front``: another finish for the middle of the front, from the section with this number on.
    """
    line = np.asarray(spine, np.float64)
    sides = detail.trunk_sides
    stretch = as_wide_as_round(sides) if sides > 4 else 1.03  # four corners are seen along the axes most
    depths = np.broadcast_to(np.asarray(half_depths, np.float64) * stretch, (len(line),))
    widths = np.broadcast_to(np.asarray(half_widths, np.float64) * stretch, (len(line),))
    if not detail.has_features and len(line) > 4:
        keep = [0, *range(2, len(line) - 2, 2), len(line) - 2, len(line) - 1]
        keep = keep if detail.has_bent_arms else [0, len(line) // 2 - 1, len(line) // 2, len(line) - 1]
        line, depths, widths = line[keep], depths[keep], widths[keep]
    # A flat side in front, where jackets are open; four corners stand on the axes, as wide as the rest.
    angle = 2.0 * np.pi * (np.arange(sides) + (0.5 if sides > 4 else 0.0)) / sides
    direction = np.gradient(line, axis=0)
    rings = []
    for point, along, depth, width in zip(line, direction, depths, widths, strict=True):
        forward = np.array([along[2], 0.0, -along[0]]) / np.hypot(along[0], along[2])
        rings.append(
            point + np.outer(np.cos(angle) * depth, forward) + np.outer(np.sin(angle) * width, (0.0, 1.0, 0.0))
        )
    if front is None or sides <= 4:
        builder.loft(np.array(rings), finish, crease_deg=75.0, caps=caps)
        return
    choice = np.zeros((len(rings) - 1, sides), np.int64)
    choice[front[1] :, sides - 1] = 1
    add_patched(builder, np.array(rings), choice, (finish, front[0]), caps=caps)


def add_patched(
    builder: MeshBuilder, rings: NDArray[np.float64], choice: NDArray[np.int64], finishes: Sequence[Finish], *,
    caps: bool = True,
) -> None:  # fmt: skip
    """Add one skin over rings (N, K, 3) whose quads have ``finishes[choice]``, ``choice`` (N - 1, K)."""
    count, around = rings.shape[:2]
    row, column = (index.ravel() for index in np.indices((count - 1, around)))
    a, b = row * around + column, row * around + (column + 1) % around
    triangles = np.concatenate([np.stack([a, b, b + around], 1), np.stack([a, b + around, a + around], 1)])
    chosen = np.tile(choice.ravel(), 2)
    if caps:
        index = np.arange(1, around - 1)
        low = np.stack([np.zeros_like(index), index + 1, index], axis=1)
        triangles = np.concatenate([triangles, low, low[:, ::-1] + (count - 1) * around])
        chosen = np.concatenate([chosen, np.repeat([choice[0, around // 2], choice[-1, 0]], len(index))])
    points = rings.reshape(-1, 3)
    if signed_volume(points, triangles) < 0.0:
        triangles = triangles[:, ::-1]
    builder.patchwork(points, triangles, chosen, finishes, crease_deg=75.0)
