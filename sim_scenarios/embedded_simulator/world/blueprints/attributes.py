"""How blueprints declare attributes."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType


def choice(name: str, kind: AttributeType, *values: str, restricted: bool = False) -> AttributeDefinition:
    """An attribute that a client may change; the first value is the default."""
    return AttributeDefinition(
        id=name, type=kind, value=values[0], recommended=values, restrict_to_recommended=restricted
    )


def fact(name: str, kind: AttributeType, value: str) -> AttributeDefinition:
    """An attribute that a client can only read."""
    return AttributeDefinition(id=name, type=kind, value=value, is_modifiable=False)
