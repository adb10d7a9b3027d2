"""Iron covers that lie in the road: drawn a few millimetres above it, felt by nobody."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder
from sim_scenarios.embedded_simulator.render.models.levels import model_of
from sim_scenarios.embedded_simulator.render.models.tags import ROAD

_ABOVE_ROAD_M = 0.006
"""Half as high as paint: enough for a depth buffer, too little to see."""
_UP = (0.0, 0.0, 1.0)


def manhole() -> Model:
    """A round cover, 0.66 m across."""
    return model_of((12.0, _manhole(16)), (30.0, _manhole(8)), (math.inf, _manhole(4)))


def _manhole(sides: int) -> Mesh:
    builder = MeshBuilder()
    builder.disc((0.0, 0.0, _ABOVE_ROAD_M), _UP, 0.33, Finish(material="manhole", tag=ROAD), sides=sides)
    return builder.build()


def drain() -> Model:
    """A rectangular grating, its length along x."""
    builder = MeshBuilder()
    x, y, z = 0.24, 0.16, _ABOVE_ROAD_M
    builder.quad([(-x, -y, z), (x, -y, z), (x, y, z), (-x, y, z)], Finish(material="drain", tag=ROAD))
    return model_of((math.inf, builder.build()))
