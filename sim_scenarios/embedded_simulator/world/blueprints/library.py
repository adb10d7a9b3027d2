"""The blueprint library: every id a client may spawn, with the attributes its scripts set."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.actors import SensorKind
from sim_scenarios.embedded_simulator.world.blueprints.props import prop_attributes
from sim_scenarios.embedded_simulator.world.blueprints.sensors import (
    UNSERVED_CAMERAS,
    sensor_attributes,
    unserved_camera_attributes,
)
from sim_scenarios.embedded_simulator.world.blueprints.triggers import FRICTION_TRIGGER_ID, trigger_attributes
from sim_scenarios.embedded_simulator.world.blueprints.vehicles import vehicle_attributes
from sim_scenarios.embedded_simulator.world.blueprints.walkers import (
    WALKER_CONTROLLER_ID,
    controller_attributes,
    walker_attributes,
)
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, Blueprint
from sim_scenarios.embedded_simulator.world.prop_catalogue import PROPS
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES
from sim_scenarios.embedded_simulator.world.walker_catalogue import WALKERS


def build_library() -> tuple[Blueprint, ...]:
    """All blueprints, with uids from 1."""
    entries: list[tuple[str, tuple[AttributeDefinition, ...]]] = []
    entries += [(spec.id, vehicle_attributes(spec)) for spec in VEHICLES]
    entries += [(spec.id, walker_attributes(spec)) for spec in WALKERS]
    entries += [(kind.value, sensor_attributes(kind)) for kind in SensorKind]
    entries += [(camera, unserved_camera_attributes(camera)) for camera in UNSERVED_CAMERAS]
    entries.append((WALKER_CONTROLLER_ID, controller_attributes()))
    entries += [(spec.id, prop_attributes(spec)) for spec in PROPS]
    entries.append((FRICTION_TRIGGER_ID, trigger_attributes()))
    return tuple(
        Blueprint(uid=uid, id=blueprint_id, attributes=attributes)
        for uid, (blueprint_id, attributes) in enumerate(entries, start=1)
    )
