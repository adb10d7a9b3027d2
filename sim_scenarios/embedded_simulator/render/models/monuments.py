"""What stands in the middle of a park: a fountain and a statue."""

from __future__ import annotations

import math

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.levels import model_of
from sim_scenarios.embedded_simulator.render.models.tags import OTHER, STATIC, WATER

NEAR_M, MIDDLE_M = 20.0, 55.0
_RIM_M, _BASIN_M, _WALL_M = 1.65, 1.42, 0.55
"""Outer and inner radius of a fountain's basin, and its height."""
_LEVEL_M = 0.42
"""Of the water."""
_JETS = 6


def fountain() -> Model:
    """A round stone basin with water in it, a bowl on a column and jets; all that is wet is water."""
    return model_of((NEAR_M, _fountain(0)), (MIDDLE_M, _fountain(1)), (math.inf, _fountain(2)))


def _fountain(level: int) -> Mesh:
    builder = MeshBuilder()
    sides = (28, 14, 8)[level]
    stone, water = Finish(material="concrete", tag=STATIC), Finish(material="water", tag=WATER)
    profile = [(_RIM_M, 0.0), (_RIM_M, _WALL_M), (_BASIN_M, _WALL_M), (_BASIN_M, _LEVEL_M - 0.1)]
    builder.loft(_rings(profile, sides), stone, caps=False)
    builder.disc((0.0, 0.0, _LEVEL_M), (0.0, 0.0, 1.0), _BASIN_M + 0.02, water, sides=sides)
    column = [(0.0, 0.0, 0.2), (0.0, 0.0, 1.1), (0.0, 0.0, 1.35)]
    builder.tube(column, [0.28, 0.16, 0.7], stone, sides=(12, 8, 5)[level], caps=False)
    builder.disc((0.0, 0.0, 1.33), (0.0, 0.0, 1.0), 0.66, water, sides=(12, 8, 5)[level])
    spray = water.but(color=(1.0, 1.0, 1.0), material="sign_face")
    builder.tube([(0, 0, 1.33), (0, 0, 1.9), (0, 0, 2.1)], [0.09, 0.06, 0.015], spray, sides=(6, 4, 3)[level])
    if level < 2:
        for jet in range(_JETS):
            angle = 2.0 * math.pi * jet / _JETS
            reach, height = np.array([1.28, 1.15, 0.92, 0.72]), np.array([0.45, 1.05, 1.35, 1.34])
            path = np.stack([reach * math.cos(angle), reach * math.sin(angle), height], axis=1)
            builder.tube(path, [0.035, 0.03, 0.025, 0.02], spray, sides=(4, 3)[level], caps=False)
    return builder.build()


def _rings(profile: list[tuple[float, float]], sides: int) -> np.ndarray[tuple[int, ...], np.dtype[np.float64]]:
    """(N, K, 3) rings of a turned shape from its (radius, height) [m]."""
    angle = np.linspace(0.0, 2.0 * np.pi, sides, endpoint=False)
    return np.array([[(r * math.cos(a), r * math.sin(a), z) for a in angle] for r, z in profile])


def statue() -> Model:
    """A bronze figure in a long coat on a stone plinth, looking along +x."""
    return model_of((NEAR_M, _statue(0)), (MIDDLE_M, _statue(1)), (math.inf, _statue(2)))


def _statue(level: int) -> Mesh:
    builder = MeshBuilder()
    stone = Finish(material="concrete", tag=OTHER, color=(0.82, 0.80, 0.76))
    bronze = Finish(material="metal", tag=OTHER, color=(0.38, 0.52, 0.44))
    sides = (12, 8, 5)[level]
    builder.box((0, 0, 0.14), (1.7, 1.7, 0.28), stone)
    builder.box((0, 0, 0.98), (1.15, 1.15, 1.4), stone, taper=0.86)
    builder.box((0, 0, 1.74), (1.16, 1.16, 0.14), stone, without=())
    coat = [(0, 0, 1.8), (0, 0, 2.5), (0.02, 0, 2.75), (0.03, 0, 3.15), (0.03, 0, 3.3)]
    builder.tube(coat, [0.36, 0.25, 0.22, 0.27, 0.10], bronze, sides=sides, flatten=1.25)
    builder.ellipsoid((0.06, 0, 3.47), (0.14, 0.12, 0.17), bronze, sides=sides, rings=(6, 4, 3)[level])
    if level < 2:
        arms = ([(0.02, 0.30, 3.2), (0.16, 0.44, 2.85), (0.48, 0.40, 2.95)], [(0.0, -0.30, 3.2), (-0.05, -0.42, 2.5)])
        for path in arms:
            builder.tube(path, [0.09, 0.075, 0.055][: len(path)], bronze, sides=(8, 5)[level])
        builder.box((0.5, 0.36, 3.0), (0.05, 0.24, 0.32), bronze, without=())
    return builder.build()
