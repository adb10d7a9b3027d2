"""Impulses that clients give to what moves."""

from __future__ import annotations

import math

from sim_scenarios.embedded_simulator.world import driving
from sim_scenarios.embedded_simulator.world.actors import MovingActor, Prop, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.geometry import transform_point
from sim_scenarios.embedded_simulator.world.snapshot import Vector


def push(actor: MovingActor, impulse: Vector, at: Vector | None = None) -> None:
    """An impulse [kg m/s] at a point of the world, or at the middle; what has no physics does not heed it."""
    if not actor.simulate_physics:
        return
    if isinstance(actor, Vehicle):
        driving.push(actor, impulse, at)
        return
    now, mass = actor.velocity, actor.mass_kg
    actor.velocity = Vector(now.x + impulse.x / mass, now.y + impulse.y / mass, now.z + impulse.z / mass)
    if isinstance(actor, Walker):
        actor.is_airborne = actor.is_airborne or actor.velocity.z > 0.0
    elif at is not None:
        middle = transform_point(actor.pose, actor.box.location)
        spin(actor, Vector(0.0, 0.0, (at.x - middle.x) * impulse.y - (at.y - middle.y) * impulse.x))


def spin(actor: MovingActor, impulse: Vector) -> None:
    """An angular impulse [kg m^2/s] about the world's axes; props turn about the upright one, walkers not at all."""
    if not actor.simulate_physics:
        return
    if isinstance(actor, Vehicle):
        driving.spin(actor, impulse)
    if not isinstance(actor, Prop):
        return
    moment = actor.mass_kg * (actor.spec.length_m**2 + actor.spec.width_m**2) / 12.0
    rates = actor.angular_velocity
    actor.angular_velocity = Vector(rates.x, rates.y, rates.z + math.degrees(impulse.z / moment))
