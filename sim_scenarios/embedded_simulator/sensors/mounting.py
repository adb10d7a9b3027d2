"""How a sensor itself moves: its carrier's motion and what its place on a turning carrier adds."""

from __future__ import annotations

from dataclasses import dataclass

from sim_scenarios.embedded_simulator.world.actors import Actor, Sensor
from sim_scenarios.embedded_simulator.world.geometry import difference, rotate, rotation_matrix, scaled
from sim_scenarios.embedded_simulator.world.snapshot import Vector

_NOWHERE = Vector()


@dataclass(frozen=True, kw_only=True, slots=True)
class Mount:
    """A sensor's motion at the end of a tick, world axes."""

    offset: Vector
    """From the carrier's origin, or from the world's [m]."""
    offset_velocity: Vector | None
    """None before the second tick."""
    velocity: Vector
    """[m/s]."""
    acceleration: Vector
    """[m/s^2]."""


def follow_mount(sensor: Sensor, carrier: Actor | None, before: Mount | None, delta_s: float) -> Mount:
    """The motion after a tick of ``delta_s``, from that after the tick before; None when there was none.

    Differences are taken of the offset alone: those of world coordinates, which are kept in single precision, would
    shake an accelerometer by centimetres a second squared.
    """
    if carrier is not None and sensor.relative_pose is not None:
        offset = rotate(rotation_matrix(carrier.pose.rotation), sensor.relative_pose.location)
    else:
        offset = sensor.pose.location
    added_velocity, added_acceleration = _NOWHERE, _NOWHERE
    if before is not None:
        added_velocity = scaled(difference(offset, before.offset), 1.0 / delta_s)
        if before.offset_velocity is not None:
            added_acceleration = scaled(difference(added_velocity, before.offset_velocity), 1.0 / delta_s)
    return Mount(
        offset=offset,
        offset_velocity=None if before is None else added_velocity,
        velocity=_sum(carrier.velocity if carrier else _NOWHERE, added_velocity),
        acceleration=_sum(carrier.acceleration if carrier else _NOWHERE, added_acceleration),
    )


def _sum(a: Vector, b: Vector) -> Vector:
    return Vector(a.x + b.x, a.y + b.y, a.z + b.z)
