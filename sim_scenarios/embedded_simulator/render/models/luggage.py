"""Bags: on the back, over the shoulder, in the hand."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Joint
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.models.builds import Build, at
from sim_scenarios.embedded_simulator.render.models.figure import FigureDetail
from sim_scenarios.embedded_simulator.render.models.outfits import Bag
from sim_scenarios.embedded_simulator.world.gait import ELBOW, SHOULDER
from sim_scenarios.embedded_simulator.world.walker_catalogue import WalkerSpec

# Length, width and height, and how far the handle is over the top, in body heights.
_CARRIED: dict[Bag, tuple[Point, float]] = {
    "hand_bag": ((0.16, 0.055, 0.11), 0.050),
    "shopping_bag": ((0.15, 0.070, 0.17), 0.045),
    "briefcase": ((0.23, 0.045, 0.16), 0.020),
}
_STRAP = 0.0075


def add_bag(
    builder: MeshBuilder, spec: WalkerSpec, build: Build, bag: Bag, finish: Finish, detail: FigureDetail
) -> None:
    """Add one bag, from a little beside the body: on the back it stays, in the right hand it swings along."""
    if bag == "rucksack":
        _add_rucksack(builder, spec, build, finish, detail)
    elif bag == "shoulder_bag":
        _add_shoulder_bag(builder, spec, build, finish, detail)
    else:
        _add_carried(builder, spec, build, bag, finish, detail)


def _add_rucksack(builder: MeshBuilder, spec: WalkerSpec, build: Build, finish: Finish, detail: FigureDetail) -> None:
    h, deep = spec.height_m, build.chest_depth
    center = at(spec, 0.6 * build.stoop - deep - 0.030, 0.0, 0.715)
    _add_pouch(builder, center, (0.085 * h, 0.150 * h, 0.20 * h), finish, detail)
    if not detail.has_features:
        return
    pocket = at(spec, 0.6 * build.stoop - deep - 0.075, 0.0, 0.675)
    builder.box(pocket, (0.02 * h, 0.10 * h, 0.09 * h), finish, without=("+x",))
    for side in (-1.0, 1.0):
        strap = [(-0.2 * deep, 0.050, 0.850), (0.66 * deep, 0.054, 0.822), (0.94 * deep, 0.062, 0.755),
                 (0.2 * deep, 0.096, 0.645)]  # fmt: skip
        path = [at(spec, build.stoop * (z - 0.52) / 0.28 + x, side * y, z) for x, y, z in strap]
        builder.tube(path, _STRAP * h, finish, sides=3, caps=False)


def _add_shoulder_bag(
    builder: MeshBuilder, spec: WalkerSpec, build: Build, finish: Finish, detail: FigureDetail
) -> None:
    h, deep = spec.height_m, build.chest_depth
    center = at(spec, -1.12 * deep - 0.024, 0.055, 0.475)
    _add_pouch(builder, center, (0.052 * h, 0.165 * h, 0.125 * h), finish, detail)
    if not detail.has_features:
        return
    hip = 1.06 * build.hip
    front = [(-0.02, -0.045, 0.856), (0.74 * deep, -0.030, 0.805), (1.10 * deep, 0.0, 0.72), (0.92 * deep, 0.055, 0.62),
             (0.0, hip + 0.008, 0.555), (-1.0 * deep, 0.070, 0.535)]  # fmt: skip
    behind = [
        (-0.02, -0.045, 0.856),
        (-0.80 * deep, -0.030, 0.80),
        (-1.10 * deep, 0.0, 0.72),
        (-1.10 * deep, 0.03, 0.53),
    ]
    for strap in (front, behind):
        path = [at(spec, build.stoop * max(0.0, z - 0.52) / 0.28 + x, y, z) for x, y, z in strap]
        builder.tube(path, _STRAP * h, finish, sides=3, caps=False)


def _add_carried(
    builder: MeshBuilder, spec: WalkerSpec, build: Build, bag: Bag, finish: Finish, detail: FigureDetail
) -> None:
    h, (size, handle) = spec.height_m, _CARRIED[bag]
    x, y, z = build.stoop + 0.042, build.shoulder + 0.020, 0.43
    elbow = at(spec, build.stoop - 0.006, build.shoulder + 0.022, ELBOW)
    joint = Joint.RIGHT_FOREARM if detail.has_bent_arms else Joint.RIGHT_ARM
    pivot = elbow if detail.has_bent_arms else at(spec, build.stoop, build.shoulder, SHOULDER)
    moving = finish.moving(joint, pivot)
    top = z - handle
    _add_pouch(builder, at(spec, x, y, top - size[2] / 2), tuple(np.array(size) * h), moving, detail)
    if detail.has_features and handle > 0.03:
        path = [at(spec, x + dx, y, height) for dx, height in ((-0.045, top), (-0.02, z), (0.02, z), (0.045, top))]
        builder.tube(path, 0.006 * h, moving, sides=3, caps=False)


def _add_pouch(
    builder: MeshBuilder, center: Point, size: tuple[float, ...], finish: Finish, detail: FigureDetail
) -> None:
    if detail.has_features:
        builder.rounded_box(center, size, 0.3 * min(size), finish)
    else:
        builder.box(center, size, finish, without=())
