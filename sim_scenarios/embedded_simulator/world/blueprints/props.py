"""Props that can be spawned, and the attributes of their blueprints."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice, fact
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType
from sim_scenarios.embedded_simulator.world.prop_catalogue import MESH_ID, PropSpec


def prop_attributes(spec: PropSpec) -> tuple[AttributeDefinition, ...]:
    """What the blueprint of a prop declares; the one that CARLA gives a mesh also has its path, scale and mass."""
    attributes = (
        choice("role_name", AttributeType.STRING, "default" if spec.id == MESH_ID else "prop"),
        choice("ros_name", AttributeType.STRING, spec.id),
    )
    if spec.id == MESH_ID:
        return (
            *attributes,
            choice("mesh_path", AttributeType.STRING, ""),
            choice("scale", AttributeType.FLOAT, "1.0"),
            choice("mass", AttributeType.FLOAT, str(spec.mass_kg)),
        )
    return (*attributes, fact("size", AttributeType.STRING, spec.size))
