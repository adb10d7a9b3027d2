"""The model of every kind of placement that a town may hold: one explicit table."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import replace

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Mesh, Model, Part
from sim_scenarios.embedded_simulator.render.models import signs, street_furniture, trees
from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES

_VEHICLES = {spec.id: spec for spec in VEHICLES}


def _parked(vehicle_id: str, rgb: tuple[float, float, float]) -> Model:
    """Return a vehicle as scenery: nobody gives it a colour, so it brings its own."""
    model = vehicle_model(_VEHICLES[vehicle_id])
    return replace(model, levels=tuple((distance, _painted(mesh, rgb)) for distance, mesh in model.levels))


def _painted(mesh: Mesh, rgb: tuple[float, float, float]) -> Mesh:
    is_paint = mesh.parts == Part.PAINT
    colors = mesh.colors.copy()
    painted = np.zeros(len(colors), bool)
    painted[mesh.triangles[is_paint].reshape(-1)] = True
    colors[painted] *= np.asarray(rgb, np.float32)
    return replace(mesh, colors=colors, parts=np.where(is_paint, np.uint8(Part.PLAIN), mesh.parts).astype(np.uint8))


_MODELS: dict[str, Callable[[], Model]] = {
    "tree_broadleaf": trees.tree_broadleaf,
    "tree_round": trees.tree_round,
    "tree_conifer": trees.tree_conifer,
    "bush": trees.bush,
    "hedge": trees.hedge,
    "flower_bed": street_furniture.flower_bed,
    "street_lamp": street_furniture.street_lamp,
    "pole": street_furniture.pole,
    "bollard": street_furniture.bollard,
    "bench": street_furniture.bench,
    "bin": street_furniture.bin_,
    "hydrant": street_furniture.hydrant,
    "fence": street_furniture.fence,
    "wall": street_furniture.wall,
    "guard_rail": street_furniture.guard_rail,
    "bus_stop": street_furniture.bus_stop,
    "kiosk": street_furniture.kiosk,
    "sign_stop": signs.sign_stop,
    "sign_yield": signs.sign_yield,
    "sign_speed_30": functools.partial(signs.sign_speed, "30"),
    "sign_speed_60": functools.partial(signs.sign_speed, "60"),
    "sign_crosswalk": signs.sign_crosswalk,
    "cone": street_furniture.cone,
    "barrier": street_furniture.barrier,
    "planter": street_furniture.planter,
    "parked_sedan": functools.partial(_parked, "vehicle.lincoln.mkz_2020", (0.30, 0.33, 0.38)),
    "parked_hatchback": functools.partial(_parked, "vehicle.nissan.micra", (0.62, 0.14, 0.13)),
    "parked_suv": functools.partial(_parked, "vehicle.nissan.patrol_2021", (0.80, 0.80, 0.79)),
    "parked_van": functools.partial(_parked, "vehicle.mercedes.sprinter", (0.86, 0.86, 0.84)),
}


@functools.cache
def placement_model(kind: str) -> Model:
    """Return the model of a placement kind, one of ``road.town.PLACEMENT_KINDS``; built once, then shared."""
    assert kind in _MODELS, f"no model of a {kind!r}; there are {sorted(_MODELS)}"
    return _MODELS[kind]()
