"""Boxes in the world that do something to vehicles inside: the friction trigger."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType

FRICTION_TRIGGER_ID = "static.trigger.friction"
DEFAULT_FRICTION = 3.5
DEFAULT_EXTENT_CM = 100.0


def trigger_attributes() -> tuple[AttributeDefinition, ...]:
    """``friction`` takes the place of the tyres' ``tire_friction``; extents are half sizes in centimetres."""
    extents = (choice(f"extent_{axis}", AttributeType.FLOAT, str(DEFAULT_EXTENT_CM)) for axis in "xyz")
    return (
        choice("role_name", AttributeType.STRING, "default"),
        choice("friction", AttributeType.FLOAT, str(DEFAULT_FRICTION)),
        *extents,
    )
