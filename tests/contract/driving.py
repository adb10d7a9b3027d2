"""What the contract's tests do with a world, over and over."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import carla

DELTA_S = 0.05
Spawn = Callable[..., Any]
"""``spawn(blueprint id, pose, attach_to=None, **attributes)`` -> the actor, a tick later."""


def run(world: carla.World, seconds: float) -> carla.WorldSnapshot:
    """Ticks for some simulated time."""
    for _ in range(round(seconds / DELTA_S)):
        world.tick()
    return world.get_snapshot()


def ahead_of(pose: carla.Transform, metres: float, *, right: float = 0.0, up: float = 0.0) -> carla.Transform:
    """A pose further along."""
    forward, aside = pose.get_forward_vector(), pose.get_right_vector()
    place = pose.location + forward * metres + aside * right + carla.Location(z=up)
    return carla.Transform(place, pose.rotation)


def speed_of(actor: carla.Actor) -> float:
    """[m/s]."""
    return float(actor.get_velocity().length())
