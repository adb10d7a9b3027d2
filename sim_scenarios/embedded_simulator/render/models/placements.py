"""The model of every kind of placement that a town may hold: one explicit table."""

from __future__ import annotations

import functools
from collections.abc import Callable

from sim_scenarios.embedded_simulator.render.mesh import Model
from sim_scenarios.embedded_simulator.render.models import covers, monuments, signs, street_furniture, train, trees
from sim_scenarios.embedded_simulator.render.models.two_wheelers import parked_bicycle
from sim_scenarios.embedded_simulator.render.models.vehicles import vehicle_model
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES

_VEHICLES = {spec.id: spec for spec in VEHICLES}


def _parked(vehicle_id: str) -> Model:
    """Return a vehicle as scenery; the scene gives each its paint."""
    return vehicle_model(_VEHICLES[vehicle_id])


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
    **{f"sign_speed_{limit}": functools.partial(signs.sign_speed, limit) for limit in ("30", "40", "50", "60", "90")},
    "sign_crosswalk": signs.sign_crosswalk,
    "cone": street_furniture.cone,
    "barrier": street_furniture.barrier,
    "planter": street_furniture.planter,
    "parked_sedan": functools.partial(_parked, "vehicle.lincoln.mkz_2020"),
    "parked_hatchback": functools.partial(_parked, "vehicle.nissan.micra"),
    "parked_suv": functools.partial(_parked, "vehicle.nissan.patrol_2021"),
    "parked_van": functools.partial(_parked, "vehicle.mercedes.sprinter"),
    "parked_bicycle": parked_bicycle,
    "manhole": covers.manhole,
    "drain": covers.drain,
    "fountain": monuments.fountain,
    "statue": monuments.statue,
    "train_carriage": train.carriage,
}


@functools.cache
def placement_model(kind: str) -> Model:
    """Return the model of a placement kind, one of ``road.town.PLACEMENT_KINDS``; built once, then shared."""
    assert kind in _MODELS, f"no model of a {kind!r}; there are {sorted(_MODELS)}"
    return _MODELS[kind]()
