"""Attributes of the vehicles' blueprints."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice, fact
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_VEHICLE_COLORS = (
    "180,44,44", "17,37,103", "43,60,99", "210,210,215", "24,26,28", "120,124,130", "66,88,70", "199,158,62",
    "236,236,232", "92,24,30", "60,110,140", "140,140,120",
)  # fmt: skip


def vehicle_attributes(spec: VehicleSpec) -> tuple[AttributeDefinition, ...]:
    """What the blueprint of a vehicle declares."""
    has_driver = (choice("driver_id", AttributeType.INT, "0"),) if spec.number_of_wheels == 2 else ()
    return (
        choice("role_name", AttributeType.STRING, "autopilot", "scenario", "ego_vehicle"),
        choice("color", AttributeType.RGB_COLOR, *_VEHICLE_COLORS),
        *has_driver,
        choice("sticky_control", AttributeType.BOOL, "True"),
        choice("terramechanics", AttributeType.BOOL, "False"),
        choice("ros_name", AttributeType.STRING, spec.id),
        fact("number_of_wheels", AttributeType.INT, str(spec.number_of_wheels)),
        fact("object_type", AttributeType.STRING, ""),
        fact("base_type", AttributeType.STRING, spec.base_type),
        fact("special_type", AttributeType.STRING, ""),
        fact("has_lights", AttributeType.BOOL, "False" if spec.shape == "bicycle" else "True"),
        fact("has_dynamic_doors", AttributeType.BOOL, "False"),
        fact("generation", AttributeType.INT, "2"),
    )
