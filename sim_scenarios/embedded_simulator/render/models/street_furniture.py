"""Lamps, benches, bins, shelters, fences: what stands on pavements. Fronts, faces and lamp arms look along +x.

Things that come in runs (fence, wall, guard rail) are 3 m long along y.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from itertools import pairwise

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.levels import model_of
from sim_scenarios.embedded_simulator.render.models.tags import (
    DYNAMIC,
    FENCE,
    GUARD_RAIL,
    POLE,
    STATIC,
    VEGETATION,
    WALL,
)

NEAR_M, MIDDLE_M = 20.0, 55.0
RUN_M = 3.0
"""Length of one piece of fence, wall or guard rail."""

_IRON: Color = (0.20, 0.21, 0.22)


def _levels(mesh: Callable[[int], Mesh]) -> Model:
    return model_of((NEAR_M, mesh(0)), (MIDDLE_M, mesh(1)), (math.inf, mesh(2)))


def _paint(tag: int, color: Color) -> Finish:
    return Finish(material="painted_metal", tag=tag, color=color)


def street_lamp() -> Model:
    """A lamp 7.6 m high with its arm along +x."""
    return _levels(_street_lamp)


def _street_lamp(level: int) -> Mesh:
    builder = MeshBuilder()
    steel = _paint(POLE, (0.32, 0.34, 0.35))
    sides = (10, 6, 3)[level]
    if level == 0:
        builder.tube([(0, 0, 0), (0, 0, 0.9), (0, 0, 1.0)], [0.12, 0.11, 0.08], steel, sides=sides)
    builder.tube([(0, 0, 0), (0, 0, 6.9)], [0.085, 0.055], steel, sides=sides, caps=False)
    arm = [(0, 0, 6.9), (0.25, 0, 7.35), (0.9, 0, 7.55), (1.9, 0, 7.60)]
    builder.tube(arm if level < 2 else [arm[0], arm[-1]], 0.045, steel, sides=max(3, sides // 2), caps=False)
    head = ((2.15, 0, 7.60), (0.78, 0.26, 0.11))
    if level == 0:
        builder.rounded_box(*head, 0.04, steel)
    else:
        builder.box(*head, steel)
    lens = Finish(material="sign_face", tag=POLE, color=(1.0, 0.94, 0.80), part=Part.STREET_LAMP)
    z = 7.542
    builder.quad([(1.85, 0.1, z), (2.47, 0.1, z), (2.47, -0.1, z), (1.85, -0.1, z)], lens)
    return builder.build()


def pole() -> Model:
    """A wooden utility pole with a crossbar."""
    return _levels(_pole)


def _pole(level: int) -> Mesh:
    builder = MeshBuilder()
    wood = Finish(material="wood", tag=POLE, color=(0.50, 0.54, 0.60))
    builder.tube([(0, 0, 0), (0, 0, 8.2)], [0.14, 0.10], wood, sides=(9, 6, 3)[level])
    builder.box((0, 0, 7.6), (0.10, 1.8, 0.12), wood, without=())
    if level == 0:
        for y in (-0.8, -0.35, 0.35, 0.8):
            builder.tube([(0, y, 7.66), (0, y, 7.84)], [0.05, 0.03], _paint(POLE, (0.55, 0.60, 0.60)), sides=6)
        builder.tube([(0.16, 0, 6.2), (0.16, 0, 6.9)], 0.16, _paint(POLE, (0.45, 0.47, 0.48)), sides=8)
    return builder.build()


def bollard() -> Model:
    """A cast post with a reflecting band."""
    return _levels(_bollard)


def _bollard(level: int) -> Mesh:
    builder = MeshBuilder()
    sides = (10, 6, 4)[level]
    builder.tube([(0, 0, 0), (0, 0, 0.82)], [0.085, 0.07], _paint(POLE, _IRON), sides=sides)
    builder.tube([(0, 0, 0.64), (0, 0, 0.72)], [0.079, 0.077], _paint(POLE, (0.90, 0.88, 0.80)), sides=sides)
    if level == 0:
        builder.ellipsoid((0, 0, 0.82), (0.08, 0.08, 0.06), _paint(POLE, _IRON), sides=10, rings=4)
    return builder.build()


def bench() -> Model:
    """A slatted bench, 1.7 m along y, facing +x."""
    return _levels(_bench)


def _bench(level: int) -> Mesh:
    builder = MeshBuilder()
    wood = Finish(material="wood", tag=STATIC, color=(0.95, 0.85, 0.75))
    if level == 2:
        builder.box((0.05, 0, 0.43), (0.46, 1.7, 0.05), wood, without=())
        builder.box((-0.21, 0, 0.72), (0.05, 1.7, 0.32), wood, without=())
        return builder.build()
    for x in (-0.12, 0.05, 0.22):
        builder.box((x, 0, 0.44), (0.14, 1.7, 0.04), wood, without=())
    for z in (0.62, 0.82):
        builder.box((-0.21 - 0.12 * (z - 0.6), 0, z), (0.04, 1.7, 0.14), wood, without=())
    for y in (-0.68, 0.68):
        builder.box((0.04, y, 0.21), (0.42, 0.06, 0.42), _paint(STATIC, _IRON))
        builder.box((-0.24, y, 0.64), (0.05, 0.06, 0.50), _paint(STATIC, _IRON))
    return builder.build()


def bin_() -> Model:
    """A round litter bin with a hood."""
    return _levels(_bin)


def _bin(level: int) -> Mesh:
    builder = MeshBuilder()
    sides = (12, 8, 5)[level]
    green = _paint(STATIC, (0.15, 0.27, 0.20))
    builder.tube([(0, 0, 0.04), (0, 0, 0.86)], [0.24, 0.27], green, sides=sides)
    if level < 2:
        builder.tube(
            [(0, 0, 0.86), (0, 0, 0.94)], [0.21, 0.21], _paint(STATIC, (0.05, 0.05, 0.05)), sides=sides, caps=False
        )
    builder.tube([(0, 0, 0.94), (0, 0, 1.02), (0, 0, 1.06)], [0.29, 0.25, 0.10], green, sides=sides)
    return builder.build()


def hydrant() -> Model:
    """A red fire hydrant."""
    return _levels(_hydrant)


def _hydrant(level: int) -> Mesh:
    builder = MeshBuilder()
    red = _paint(STATIC, (0.70, 0.10, 0.07))
    sides = (10, 6, 4)[level]
    builder.tube([(0, 0, 0), (0, 0, 0.06), (0, 0, 0.08), (0, 0, 0.56)], [0.16, 0.16, 0.115, 0.105], red, sides=sides)
    builder.ellipsoid((0, 0, 0.57), (0.125, 0.125, 0.13), red, sides=sides, rings=4)
    if level < 2:
        builder.tube([(0, -0.18, 0.40), (0, 0.18, 0.40)], 0.055, red, sides=max(5, sides - 2))
        builder.tube([(0.02, 0, 0.36), (0.19, 0, 0.36)], 0.07, red, sides=max(5, sides - 2))
        builder.box((0, 0, 0.71), (0.05, 0.05, 0.06), red)
    return builder.build()


def fence() -> Model:
    """Iron railings, 1.1 m high."""
    return _levels(_fence)


def _fence(level: int) -> Mesh:
    builder = MeshBuilder()
    iron = _paint(FENCE, _IRON)
    for z in (0.16, 1.0):
        builder.box((0, 0, z), (0.04, RUN_M, 0.05), iron, without=("+y", "-y"))
    bars = (20, 10, 6)[level]
    width = (0.024, 0.04, 0.07)[level]
    for y in np.linspace(-RUN_M / 2 + 0.075, RUN_M / 2 - 0.075, bars):
        sides = ("-z", "+z") if level == 0 else ("-z", "+z", "+y", "-y")
        builder.box((0, float(y), 0.58), (width, width, 1.14), iron, without=sides)
    for y in (-RUN_M / 2 + 0.03, RUN_M / 2 - 0.03):
        builder.box((0, y, 0.61), (0.06, 0.06, 1.22), iron)
    return builder.build()


def wall() -> Model:
    """A brick garden wall with a coping, 1.6 m high."""
    return _levels(_wall)


def _wall(level: int) -> Mesh:
    builder = MeshBuilder()
    brick = Finish(material="brick", tag=WALL, color=(0.95, 0.92, 0.88))
    builder.box((0, 0, 0.76), (0.26, RUN_M, 1.52), brick, without=("-z", "+z") if level < 2 else ("-z",))
    if level < 2:
        builder.box((0, 0, 1.56), (0.36, RUN_M, 0.09), Finish(material="concrete", tag=WALL), without=())
    return builder.build()


def guard_rail() -> Model:
    """A steel crash barrier with its beam on the +x side."""
    return _levels(_guard_rail)


def _guard_rail(level: int) -> Mesh:
    builder = MeshBuilder()
    steel = Finish(material="metal", tag=GUARD_RAIL)
    beam = [(0.04, 0.44), (0.12, 0.50), (0.12, 0.54), (0.05, 0.60), (0.12, 0.66), (0.12, 0.70), (0.04, 0.76)]
    if level == 2:
        beam = [(0.10, 0.44), (0.10, 0.76)]
    for (x0, z0), (x1, z1) in pairwise(beam):
        left, right = -RUN_M / 2, RUN_M / 2
        builder.quad([(x0, left, z0), (x0, right, z0), (x1, right, z1), (x1, left, z1)], steel)
        builder.quad([(x0, right, z0), (x0, left, z0), (x1, left, z1), (x1, right, z1)], steel)
    for y in (-0.75, 0.75):
        builder.box((-0.02, y, 0.36), (0.10, 0.06, 0.72), steel)
    return builder.build()


def bus_stop() -> Model:
    """A glazed shelter, 3.6 m along y, open to +x, with a bench and a stop flag."""
    return _levels(_bus_stop)


def _bus_stop(level: int) -> Mesh:
    builder = MeshBuilder()
    frame = _paint(STATIC, (0.26, 0.28, 0.30))
    pane = Finish(material="metal", tag=STATIC, color=(0.55, 0.66, 0.68))
    half, depth = 1.8, 0.65
    builder.box((0.05, 0, 2.48), (1.65, 3.8, 0.12), frame, without=())
    builder.box((-depth, 0, 1.32), (0.03, 2 * half, 1.95), pane, without=("-z",))
    for y in (-half, half):
        builder.box((-0.25, y, 1.32), (0.75, 0.03, 1.95), pane, without=("-z",))
    if level < 2:
        for y in (-half, 0.0, half):
            builder.box((-depth, y, 1.21), (0.07, 0.07, 2.42), frame)
        for y in (-half, half):
            builder.box((0.70, y, 1.21), (0.07, 0.07, 2.42), frame)
        builder.box((-0.42, -0.35, 0.46), (0.34, 2.2, 0.05), Finish(material="wood", tag=STATIC), without=())
        advert = Finish(material="sign_face", tag=STATIC, color=(0.30, 0.52, 0.72))
        builder.box((-0.1, half - 0.06, 1.25), (0.95, 0.06, 1.5), advert, without=("-z",))
    flag = _paint(STATIC, (0.92, 0.76, 0.12))
    builder.tube([(0.9, -half - 0.5, 0), (0.9, -half - 0.5, 2.9)], 0.035, frame, sides=(8, 5, 3)[level])
    builder.box((0.9, -half - 0.5, 2.68), (0.42, 0.04, 0.42), flag, without=())
    return builder.build()


def kiosk() -> Model:
    """A newspaper kiosk, its counter to +x."""
    return _levels(_kiosk)


def _kiosk(level: int) -> Mesh:
    builder = MeshBuilder()
    green = _paint(STATIC, (0.16, 0.30, 0.26))
    builder.box((0, 0, 1.15), (1.9, 2.4, 2.3), green)
    builder.box((0, 0, 2.42), (2.5, 3.0, 0.22), _paint(STATIC, (0.78, 0.74, 0.66)), without=())
    builder.box((0, 0, 2.66), (1.7, 2.2, 0.30), green, taper=0.4)
    goods = Finish(material="shop_front_modern", tag=STATIC)
    x = 0.955
    builder.quad([(x, -1.05, 0.95), (x, 1.05, 0.95), (x, 1.05, 2.1), (x, -1.05, 2.1)], goods,
                 uvs=[[0.18, 0.1], [0.02, 0.1], [0.02, 0.66], [0.18, 0.66]])  # fmt: skip
    if level < 2:
        builder.box((1.05, 0, 0.90), (0.28, 2.2, 0.06), Finish(material="wood", tag=STATIC), without=())
        awning = Finish(material="cloth", tag=STATIC, color=(0.75, 0.22, 0.18))
        builder.quad([(1.65, -1.2, 2.02), (1.65, 1.2, 2.02), (0.95, 1.2, 2.3), (0.95, -1.2, 2.3)], awning)
        builder.quad([(1.65, 1.2, 2.02), (1.65, -1.2, 2.02), (0.95, -1.2, 2.3), (0.95, 1.2, 2.3)], awning)
    return builder.build()


def cone() -> Model:
    """A traffic cone."""
    return _levels(_cone)


def _cone(level: int) -> Mesh:
    builder = MeshBuilder()
    orange, white = _paint(DYNAMIC, (0.95, 0.36, 0.08)), _paint(DYNAMIC, (0.95, 0.95, 0.93))
    sides = (12, 7, 5)[level]
    builder.box((0, 0, 0.02), (0.40, 0.40, 0.04), orange)
    builder.tube([(0, 0, 0.04), (0, 0, 0.30)], [0.145, 0.098], orange, sides=sides, caps=False)
    builder.tube([(0, 0, 0.30), (0, 0, 0.48)], [0.098, 0.065], white, sides=sides, caps=False)
    builder.tube([(0, 0, 0.48), (0, 0, 0.72)], [0.065, 0.025], orange, sides=sides)
    return builder.build()


def barrier() -> Model:
    """A works barrier across the road: red and white boards on two feet, 2 m along y."""
    return _levels(_barrier)


def _barrier(level: int) -> Mesh:
    builder = MeshBuilder()
    red, white = _paint(DYNAMIC, (0.80, 0.10, 0.08)), _paint(DYNAMIC, (0.94, 0.94, 0.92))
    fields = (8, 4, 4)[level]
    width = 2.0 / fields
    for z in (0.88, 0.50) if level < 2 else (0.88,):
        for k in range(fields):
            board = red if k % 2 == 0 else white
            builder.box(
                (0, -1.0 + (k + 0.5) * width, z), (0.04, width, 0.20), board, without=() if level == 0 else ("-z",)
            )
    for y in (-0.85, 0.85):
        builder.box((0, y, 0.50), (0.05, 0.06, 1.0), _paint(DYNAMIC, (0.75, 0.75, 0.74)))
        builder.box((0, y, 0.05), (0.70, 0.18, 0.10), Finish(material="rubber", tag=DYNAMIC))
    return builder.build()


def planter() -> Model:
    """A concrete flower box."""
    return _levels(_planter)


def _planter(level: int) -> Mesh:
    builder = MeshBuilder()
    builder.box(
        (0, 0, 0.27),
        (0.62, 1.3, 0.54),
        Finish(material="concrete", tag=STATIC),
        without=("-z", "+z") if level < 2 else ("-z",),
    )
    plants = Finish(material="flowers", tag=VEGETATION)
    if level < 2:
        builder.ellipsoid((0, 0, 0.52), (0.30, 0.62, 0.26), plants, sides=(10, 6)[level], rings=(6, 4)[level])
    else:
        builder.box((0, 0, 0.62), (0.5, 1.15, 0.22), plants, taper=0.7)
    return builder.build()


def flower_bed() -> Model:
    """A low round bed of flowers."""
    return _levels(_flower_bed)


def _flower_bed(level: int) -> Mesh:
    builder = MeshBuilder()
    sides = (14, 8, 5)[level]
    soil, plants = Finish(material="dirt", tag=VEGETATION), Finish(material="flowers", tag=VEGETATION)
    if level < 2:
        builder.tube([(0, 0, 0), (0, 0, 0.07)], [1.05, 1.0], soil, sides=sides)
    builder.ellipsoid((0, 0, 0.05), (0.92, 0.92, 0.30), plants, sides=sides, rings=(6, 4, 3)[level])
    return builder.build()
