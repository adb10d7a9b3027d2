"""Attributes of the walkers' blueprints, and of their AI controller's."""

from __future__ import annotations

from sim_scenarios.embedded_simulator.world.blueprints.attributes import choice, fact
from sim_scenarios.embedded_simulator.world.description import AttributeDefinition, AttributeType
from sim_scenarios.embedded_simulator.world.walker_catalogue import WalkerSpec

WALKER_CONTROLLER_ID = "controller.ai.walker"


def controller_attributes() -> tuple[AttributeDefinition, ...]:
    """What a walker's AI controller declares."""
    return (choice("role_name", AttributeType.STRING, "default"),)


def walker_attributes(spec: WalkerSpec) -> tuple[AttributeDefinition, ...]:
    """What the blueprint of a walker declares."""
    return (
        choice("role_name", AttributeType.STRING, "pedestrian"),
        choice("is_invincible", AttributeType.BOOL, "False"),
        choice("can_use_wheelchair", AttributeType.BOOL, "False"),
        # Standing, walking, running: what CARLA's scripts read recommended_values[1] and [2] for.
        choice("speed", AttributeType.FLOAT, "0.0", *(("1.2", "2.0") if spec.age == "child" else ("1.4", "2.8"))),
        choice("ros_name", AttributeType.STRING, spec.id),
        fact("gender", AttributeType.STRING, spec.gender),
        fact("age", AttributeType.STRING, spec.age),
        fact("generation", AttributeType.INT, "2"),
    )
