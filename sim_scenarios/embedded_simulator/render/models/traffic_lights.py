"""Traffic signals: a pole, a mast arm over the road, and a head on each, facing the traffic they stop.

Frame: the site's pose. The heads look along +x; the arm reaches along y, to the side of ``arm_m``'s sign.
Lens colours are those of the lit lamp; the renderer dims the ones that are off.
"""

from __future__ import annotations

import functools
import math

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.mesh_builder import Color, Finish, MeshBuilder, Point
from sim_scenarios.embedded_simulator.render.mesh_geometry import cross
from sim_scenarios.embedded_simulator.render.models.levels import model_of
from sim_scenarios.embedded_simulator.render.models.tags import POLE, TRAFFIC_LIGHT

NEAR_M, MIDDLE_M = 30.0, 80.0

_POLE = Finish(material="painted_metal", tag=POLE, color=(0.30, 0.32, 0.33))
_CASE = Finish(material="painted_metal", tag=TRAFFIC_LIGHT, color=(0.11, 0.115, 0.11))
_PLATE = Finish(material="painted_metal", tag=TRAFFIC_LIGHT, color=(0.07, 0.07, 0.075))
_LENSES: tuple[tuple[Part, Color, float], ...] = (
    (Part.SIGNAL_RED, (1.0, 0.12, 0.08), 0.33),
    (Part.SIGNAL_YELLOW, (1.0, 0.72, 0.12), 0.0),
    (Part.SIGNAL_GREEN, (0.12, 1.0, 0.45), -0.33),
)
"""Part, colour, height above the head's middle [m]."""

_HEAD_SIZE = (0.24, 0.36, 1.06)
_ARM_HEAD_Z, _POLE_HEAD_Z = 5.35, 3.05
"""Heights of the middles of the heads: lorries pass under the upper one, walkers under the lower one."""


@functools.lru_cache(maxsize=64)
def traffic_light_model(arm_m: float) -> Model:
    """Return the model of a signal whose mast arm is ``arm_m`` long; its sign is the side of y it reaches to."""
    return model_of(*((d, _mesh(arm_m, level)) for level, d in enumerate((NEAR_M, MIDDLE_M, math.inf))))


def _mesh(arm_m: float, level: int) -> Mesh:
    builder = MeshBuilder()
    sides = (10, 6, 4)[level]
    if level == 0:
        builder.tube([(0, 0, 0), (0, 0, 0.5), (0, 0, 0.62)], [0.16, 0.15, 0.11], _POLE, sides=sides)
    builder.tube([(0, 0, 0), (0, 0, 6.1)], [0.11, 0.08], _POLE, sides=sides)
    if arm_m != 0.0:
        middle = arm_m / 2
        path = [(0, 0, 5.72), (0, middle, 5.98), (0, arm_m + math.copysign(0.25, arm_m), 6.06)]
        builder.tube(path, [0.075, 0.065, 0.05], _POLE, sides=sides)
        hanger = [(0.02, arm_m, 6.04), (0.02, arm_m, _ARM_HEAD_Z + 0.4)]
        builder.tube(hanger, [0.035, 0.035], _POLE, sides=max(3, sides // 2), caps=False)
        _add_head(builder, (0.06, arm_m, _ARM_HEAD_Z), level, plate=True)
    _add_head(builder, (0.24, 0.0, _POLE_HEAD_Z), level, plate=False)
    if level == 0:
        for z in (_POLE_HEAD_Z - 0.4, _POLE_HEAD_Z + 0.4):
            builder.box((0.10, 0.0, z), (0.16, 0.06, 0.05), _POLE, without=())
    return builder.build()


def _add_head(builder: MeshBuilder, center: Point, level: int, *, plate: bool) -> None:
    x, y, z = center
    depth, width, height = _HEAD_SIZE
    if level == 0:
        builder.rounded_box(center, _HEAD_SIZE, 0.035, _CASE)
    else:
        builder.box(center, _HEAD_SIZE, _CASE, without=())
    if plate:
        builder.box((x - 0.05, y, z), (0.02, width + 0.28, height + 0.26), _PLATE, without=())
    face = x + depth / 2
    for part, color, rise in _LENSES:
        lens = Finish(material="sign_face", tag=TRAFFIC_LIGHT, color=color, part=part)
        builder.disc(
            (face + 0.006, y, z + rise),
            (1, 0, 0),
            0.125,
            lens,
            sides=(14, 8, 4)[level],
            turn=45.0 if level == 2 else 0.0,
        )
        if level == 0:
            _add_visor(builder, (face, y, z + rise))


def _add_visor(builder: MeshBuilder, root: Point) -> None:
    """Add a sheet bent round the upper two thirds of a lens, seen from inside and outside."""
    angle = np.radians(np.linspace(-30.0, 210.0, 9))
    circle = np.stack([np.zeros(9), np.cos(angle), np.sin(angle)], axis=1) * 0.145
    reach = np.where(np.sin(angle) > 0, 0.20, 0.10)[:, None] * np.array([1.0, 0.0, 0.0])
    rim = np.concatenate([circle, circle + reach]) + np.array(root)
    k = np.arange(8)
    outside = np.concatenate([np.stack([k, k + 9, k + 10], 1), np.stack([k, k + 10, k + 1], 1)])
    normals = np.concatenate([circle, circle])
    first = rim[outside[0]]
    if np.dot(cross(first[1] - first[0], first[2] - first[0]), circle[0]) < 0:
        outside = outside[:, ::-1]
    builder.surface(rim, outside, _CASE, normals=normals)
    builder.surface(rim, outside[:, ::-1], _CASE, normals=-normals)
