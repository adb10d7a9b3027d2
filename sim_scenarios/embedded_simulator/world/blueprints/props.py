"""Props that can be spawned, and the attributes of their blueprints."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice, fact
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType

PROP_SIZES: dict[str, tuple[float, float, float]] = {
    "static.prop.constructioncone": (0.35, 0.35, 0.7),
    "static.prop.streetbarrier": (0.4, 1.5, 1.0),
    "static.prop.bench01": (0.6, 1.6, 0.9),
    "static.prop.bin": (0.6, 0.6, 1.0),
    "static.prop.box01": (0.5, 0.5, 0.5),
}
"""Length, width and height [m] of the props that can be spawned."""


def prop_attributes() -> tuple[AttributeDefinition, ...]:
    """What the blueprint of a prop declares."""
    return (choice("role_name", AttributeType.STRING, "prop"), fact("size", AttributeType.STRING, "small"))
