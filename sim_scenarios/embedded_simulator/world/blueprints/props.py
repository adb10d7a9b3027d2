"""Props that can be spawned, and the attributes of their blueprints."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice, fact
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType


def prop_attributes() -> tuple[AttributeDefinition, ...]:
    """What the blueprint of a prop declares."""
    return (choice("role_name", AttributeType.STRING, "prop"), fact("size", AttributeType.STRING, "small"))
