"""Attributes of the vehicles' blueprints."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice, fact
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec


def vehicle_attributes(spec: VehicleSpec) -> tuple[AttributeDefinition, ...]:
    """What the blueprint of a vehicle declares."""
    has_driver = (choice("driver_id", AttributeType.INT, "0"),) if spec.number_of_wheels == 2 else ()
    return (
        choice("role_name", AttributeType.STRING, "autopilot", "scenario", "ego_vehicle"),
        choice("color", AttributeType.RGB_COLOR, *spec.colors),
        *has_driver,
        choice("sticky_control", AttributeType.BOOL, "True"),
        choice("terramechanics", AttributeType.BOOL, "False"),
        choice("ros_name", AttributeType.STRING, spec.id),
        fact("number_of_wheels", AttributeType.INT, str(spec.number_of_wheels)),
        fact("object_type", AttributeType.STRING, ""),
        fact("base_type", AttributeType.STRING, spec.base_type),
        fact("special_type", AttributeType.STRING, spec.special_type),
        fact("has_lights", AttributeType.BOOL, str(spec.has_lights)),
        fact("has_dynamic_doors", AttributeType.BOOL, str(spec.has_dynamic_doors)),
        fact("generation", AttributeType.INT, str(spec.generation)),
    )
