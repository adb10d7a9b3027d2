"""Wheels: a tyre with its rim painted on the outer face, turning and steering about its own centre."""

from __future__ import annotations

import numpy as np

from sim_scenarios.embedded_simulator.render.mesh import Joint
from sim_scenarios.embedded_simulator.render.mesh_builder import Finish, MeshBuilder, Point


def add_car_wheel(
    builder: MeshBuilder, center: Point, *, radius_m: float, width_m: float, joint: Joint, tag: int, sides: int
) -> None:
    """Add a wheel whose outer face looks away from the car's middle.

    Args:
        builder: Receives it.
        center: Middle of the outer face [m]; its side of the car is the sign of y.
        radius_m: Of the tyre.
        width_m: Of the tyre, inwards from ``center``.
        joint: ``FRONT_WHEELS`` or ``REAR_WHEELS``.
        tag: Semantic tag of the vehicle.
        sides: Corners of the circle; below 8 the tyre is two upright strips that do not turn.
    """
    x, y, z = center
    side = 1.0 if y > 0 else -1.0
    pivot = (x, y - side * width_m / 2, z)
    tyre = Finish(material="rubber", tag=tag).moving(joint, pivot)
    face = Finish(material="wheel", tag=tag).moving(joint, pivot)
    builder.disc(center, (0.0, side, 0.0), radius_m, face, sides=sides, turn=-90.0)
    if sides >= 8:
        inner = (x, y - side * width_m, z)
        builder.tube([inner, center], [radius_m, radius_m], tyre, sides=sides, caps=False)
    else:
        still = Finish(material="rubber", tag=tag)
        size = (1.2 * radius_m, width_m, 1.4 * radius_m)
        builder.box(
            (x, y - side * width_m / 2, 0.72 * radius_m), size, still, taper=1.2, without=("+y", "-y", "+z", "-z")
        )


def add_cycle_wheel(
    builder: MeshBuilder,
    center: Point,
    *,
    radius_m: float,
    tyre_m: float,
    joint: Joint,
    tag: int,
    sides: int,
    filled: bool,
    rounded: bool,
) -> None:
    """Add a two-wheeler's wheel: a thick tyre, and inside it a solid rim (``filled``) or a few spokes."""
    x, y, z = center
    tyre = Finish(material="rubber", tag=tag, color=(0.9, 0.9, 0.9)).moving(joint, center)
    # A corner at the very bottom: a wheel must touch the ground however few it has.
    angle = np.linspace(0.0, 2 * np.pi, sides, endpoint=False) - np.pi / 2
    wheel_plane = np.stack([np.cos(angle), np.zeros(sides), np.sin(angle)], axis=1)
    inner, outer = radius_m - 1.6 * tyre_m, radius_m
    half = tyre_m / 2
    shoulder = outer - 0.3 * tyre_m
    profile = [(inner, half), (shoulder, half), (outer, 0.0), (shoulder, -half), (inner, -half)]
    if not rounded:
        profile = [profile[0], profile[2], profile[4]]
    rings = np.array([[point * r + (0.0, w, 0.0) for r, w in profile] for point in wheel_plane]) + np.array(center)
    builder.loft(np.concatenate([rings, rings[:1]]), tyre, caps=False, crease_deg=60.0)
    if filled:
        face = Finish(material="wheel", tag=tag).moving(joint, center)
        for side in (-1.0, 1.0):
            builder.disc((x, y + side * tyre_m * 0.3, z), (0.0, side, 0.0), inner * 1.02, face, sides=sides)
        return
    spoke = Finish(material="metal", tag=tag).moving(joint, center)
    for turn in np.linspace(0.0, np.pi, 3, endpoint=False):
        arm = np.array([np.cos(turn), 0.0, np.sin(turn)]) * inner
        builder.tube([np.array(center) - arm, np.array(center) + arm], [0.008, 0.008], spoke, sides=3, caps=False)
