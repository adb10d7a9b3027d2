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
    """What the blueprint of a walker declares (Carla/Actor/ActorBlueprintFunctionLibrary.cpp)."""
    wheelchair = ("false", "true") if spec.can_use_wheelchair else ("false",)
    return (
        choice("role_name", AttributeType.STRING, "pedestrian"),
        choice("is_invincible", AttributeType.BOOL, "true"),
        choice("use_wheelchair", AttributeType.BOOL, *wheelchair, restricted=True),
        # Standing, walking, running: what CARLA's scripts read recommended_values[1] and [2] for.
        choice("speed", AttributeType.FLOAT, "0.0", str(spec.walking_mps), str(spec.running_mps)),
        choice("ros_name", AttributeType.STRING, spec.id),
        fact("gender", AttributeType.STRING, spec.gender),
        fact("generation", AttributeType.INT, str(spec.generation)),
        fact("age", AttributeType.STRING, spec.age),
        fact("can_use_wheelchair", AttributeType.BOOL, "true" if spec.can_use_wheelchair else "false"),
    )
