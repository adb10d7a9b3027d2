"""How far a building reaches, for whoever describes the town to clients."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh_geometry import yaw_matrix
from sim_scenarios.embedded_simulator.render.models.buildings import building_mesh
from sim_scenarios.embedded_simulator.road.town import Lot
from sim_scenarios.embedded_simulator.world.snapshot import Vector


def building_box(lot: Lot) -> tuple[Vector, Vector]:
    """Lowest and highest corner of the drawn building in its lot's frame [m]."""
    local = (building_mesh(lot).positions - np.asarray(lot.center)) @ yaw_matrix(lot.yaw_deg)
    low, high = local.min(axis=0), local.max(axis=0)
    return Vector(*(float(v) for v in low)), Vector(*(float(v) for v in high))
