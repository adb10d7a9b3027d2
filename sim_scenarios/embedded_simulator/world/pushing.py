"""Impulses that clients give to walkers and props; vehicles take theirs through their wheels."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.world.actors import MovingActor, Prop, Walker
from sim_scenarios.embedded_simulator.world.geometry import transform_point
from sim_scenarios.embedded_simulator.world.snapshot import Vector


def push(actor: MovingActor, impulse: Vector, at: Vector | None = None) -> None:
    """An impulse [kg m/s] at a point of the world, or at the middle; what has no physics does not heed it."""
    if not actor.simulate_physics:
        return
    now, mass = actor.velocity, actor.mass_kg
    actor.velocity = Vector(now.x + impulse.x / mass, now.y + impulse.y / mass, now.z + impulse.z / mass)
    if isinstance(actor, Walker):
        actor.is_airborne = actor.is_airborne or actor.velocity.z > 0.0
    elif at is not None:
        middle = transform_point(actor.pose, actor.box.location)
        spin(actor, (at.x - middle.x) * impulse.y - (at.y - middle.y) * impulse.x)


def spin(actor: MovingActor, impulse: float) -> None:
    """An angular impulse [kg m^2/s] about the upright axis, the only one that props turn about; walkers do not turn."""
    if not isinstance(actor, Prop) or not actor.simulate_physics:
        return
    moment = actor.mass_kg * (actor.spec.length_m**2 + actor.spec.width_m**2) / 12.0
    rates = actor.angular_velocity
    actor.angular_velocity = Vector(rates.x, rates.y, rates.z + math.degrees(impulse / moment))
