"""A loose thing on the ground: slides and spins until friction stops it, falls where there is no ground.

It stays upright: what is knocked over in reality slides here. Friction is Coulomb's; that of spinning acts at 0.54 of
the half diagonal, which is the mean distance of a rectangle's points from its middle.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

FRICTION = 0.6
"""Of plastic, wood and steel on asphalt."""
_FRICTION_ARM = 0.54


@dataclass(frozen=True, kw_only=True, slots=True)
class PropMotion:
    """Where the middle of the underside is [m], how it moves [m/s], and how it turns [deg], [deg/s]."""

    x: float
    y: float
    z: float
    yaw_deg: float
    velocity_x: float
    velocity_y: float
    velocity_z: float
    yaw_rate_deg: float

    @property
    def rests(self) -> bool:
        """Whether nothing about it moves."""
        return self.velocity_x == self.velocity_y == self.velocity_z == self.yaw_rate_deg == 0.0


def advance(
    motion: PropMotion, *, length_m: float, width_m: float, ground_z: float, gravity: float, delta_s: float
) -> PropMotion:
    """The motion after ``delta_s`` over ground at ``ground_z`` [m] under ``gravity`` [m/s^2]; above it nothing rubs."""
    velocity_z = motion.velocity_z - gravity * delta_s
    z = motion.z + velocity_z * delta_s
    vx, vy, spin = motion.velocity_x, motion.velocity_y, motion.yaw_rate_deg
    if z <= ground_z:
        z, velocity_z = ground_z, 0.0
        half_diagonal = 0.5 * math.hypot(length_m, width_m)
        slowing = FRICTION * gravity * delta_s
        vx, vy = _slowed(vx, vy, slowing)
        # Torque over moment of inertia: m g mu arm / (m d^2 / 3), d the half diagonal.
        spin = _slowed(spin, 0.0, math.degrees(3.0 * _FRICTION_ARM * slowing / half_diagonal))[0]
    return PropMotion(
        x=motion.x + vx * delta_s,
        y=motion.y + vy * delta_s,
        z=z,
        yaw_deg=motion.yaw_deg + spin * delta_s,
        velocity_x=vx,
        velocity_y=vy,
        velocity_z=velocity_z,
        yaw_rate_deg=spin,
    )


def _slowed(x: float, y: float, by: float) -> tuple[float, float]:
    """(x, y) shortened by at most ``by``."""
    size = math.hypot(x, y)
    share = 1.0 - by / size if size > by else 0.0
    return x * share, y * share
