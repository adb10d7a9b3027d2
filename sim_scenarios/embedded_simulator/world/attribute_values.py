"""Numbers and switches among a description's attributes, read and checked when an actor is spawned."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.world.description import ActorDescription
from sim_scenarios.embedded_simulator.world.errors import WorldError


def number_within(description: ActorDescription, name: str, default: float, low: float, high: float) -> float:
    """A number from ``low`` to ``high``, ``default`` where the client sent none.

    Raises:
        WorldError: It is no number, or not within these bounds.
    """
    text = description.attribute(name) or str(default)
    try:
        value = float(text)
    except ValueError:
        value = math.nan
    if not low <= value <= high:
        raise WorldError(
            f"Spawn failed because of invalid actor description: attribute {name} of {description.id} is {text!r}, "
            f"expected a number from {low:g} to {high:g}"
        )
    return value


def is_on(description: ActorDescription, name: str, *, default: bool) -> bool:
    """A switch, in any of the ways in which clients write one."""
    return description.attribute(name, str(default)).lower() in ("true", "1")
