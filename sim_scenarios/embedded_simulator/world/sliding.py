"""One tick of all props: those that stand loose slide, spin and fall; the others are moved by their clients."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from sim_scenarios.embedded_simulator.physics.prop import PropMotion, advance
from sim_scenarios.embedded_simulator.physics.vehicle import GRAVITY
from sim_scenarios.embedded_simulator.world.actors import Prop
from sim_scenarios.embedded_simulator.world.geometry import as_sent, difference, scaled, wrap_degrees
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.motion import read_off_motion
from sim_scenarios.embedded_simulator.world.platforms import Platforms
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector


def advance_props(props: Sequence[Prop], ground: Ground, delta_s: float, platforms: Platforms | None = None) -> None:
    """Moves loose props and reads off how clients moved the others; what lies still costs nothing."""
    moving = []
    for prop in props:
        if not prop.simulate_physics:
            prop.rests_at = None
            read_off_motion(prop, delta_s)
        elif prop.pose != prop.rests_at or any(prop.velocity) or any(prop.angular_velocity):
            moving.append(prop)
    if not moving:
        return
    points = np.array([prop.pose.location for prop in moving], np.float64)
    ground_z = ground.heights(points)
    heights = ground_z if platforms is None else platforms.raised(ground_z, points, moving)
    for prop, height, may_sleep in zip(moving, heights.tolist(), (heights == ground_z).tolist(), strict=True):
        _slide(prop, height, delta_s)
        if not may_sleep:  # what it stands on may go
            prop.rests_at = None


def _slide(prop: Prop, ground_z: float, delta_s: float) -> None:
    (x, y, z), (pitch, yaw, roll) = prop.pose
    before = prop.velocity
    after = advance(
        PropMotion(
            x=x, y=y, z=z, yaw_deg=yaw, velocity_x=before.x, velocity_y=before.y, velocity_z=before.z,
            yaw_rate_deg=prop.angular_velocity.z,
        ),
        length_m=prop.spec.length_m, width_m=prop.spec.width_m, ground_z=ground_z,
        gravity=GRAVITY if prop.has_gravity else 0.0, delta_s=delta_s,
    )  # fmt: skip
    prop.pose = Pose(Vector(after.x, after.y, after.z), Rotation(pitch, wrap_degrees(after.yaw_deg), roll))
    prop.velocity = Vector(after.velocity_x, after.velocity_y, after.velocity_z)
    prop.angular_velocity = Vector(0.0, 0.0, after.yaw_rate_deg)
    prop.acceleration = scaled(difference(prop.velocity, before), 1.0 / delta_s)
    prop.rests_at = as_sent(prop.pose) if after.rests and prop.has_gravity else None
