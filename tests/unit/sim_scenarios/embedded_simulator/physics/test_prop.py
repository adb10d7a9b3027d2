"""Sliding and falling against the formulas of a school book."""

from __future__ import annotations

import math

import numpy as np
import pytest

from sim_scenarios.embedded_simulator.physics.prop import FRICTION, PropMotion, advance

GRAVITY = 9.81


def motion(**values: float) -> PropMotion:
    fields = dict.fromkeys(("x", "y", "z", "yaw_deg", "velocity_x", "velocity_y", "velocity_z", "yaw_rate_deg"), 0.0)
    return PropMotion(**{**fields, **values})


def run(start: PropMotion, seconds: float, *, delta_s: float, ground_z: float = 0.0) -> PropMotion:
    now = start
    for _ in range(round(seconds / delta_s)):
        now = advance(now, length_m=0.4, width_m=0.3, ground_z=ground_z, gravity=GRAVITY, delta_s=delta_s)
    return now


@pytest.mark.parametrize("delta_s", [0.01, 0.05])
def test_it_slides_as_far_as_friction_lets_it(delta_s: float) -> None:
    end = run(motion(velocity_x=3.0, velocity_y=-4.0), 3.0, delta_s=delta_s)
    assert end.rests
    way = 5.0**2 / (2.0 * FRICTION * GRAVITY)
    assert math.hypot(end.x, end.y) == pytest.approx(way, abs=5.0 * delta_s)
    assert end.y / end.x == pytest.approx(-4.0 / 3.0)


def test_it_falls_freely_and_lands() -> None:
    falling = run(motion(z=5.0), 0.9, delta_s=0.001)
    assert falling.z == pytest.approx(5.0 - 0.5 * GRAVITY * 0.9**2, abs=0.01)
    assert run(motion(z=5.0), 2.0, delta_s=0.05) == motion()


def test_nothing_slows_it_in_the_air() -> None:
    flying = run(motion(z=5.0, velocity_x=2.0, yaw_rate_deg=90.0), 0.5, delta_s=0.05)
    assert (flying.x, flying.yaw_deg) == pytest.approx((1.0, 45.0))
    assert (flying.velocity_x, flying.yaw_rate_deg) == (2.0, 90.0)


def test_what_is_under_the_ground_comes_up() -> None:
    assert run(motion(z=-0.3), 0.05, delta_s=0.05, ground_z=0.15).z == 0.15


@pytest.mark.parametrize(("length", "width"), [(0.4, 0.3), (1.5, 0.4)])
def test_spinning_is_slowed_by_friction_all_over_the_base(length: float, width: float) -> None:
    """Against a sum over the base: Coulomb friction of each patch against its own motion."""
    x, y = np.meshgrid(*((np.arange(200) + 0.5) / 200 * side - 0.5 * side for side in (length, width)))
    torque_per_mass = FRICTION * GRAVITY * np.hypot(x, y).mean()
    deceleration = math.degrees(torque_per_mass / ((length**2 + width**2) / 12.0))
    start = motion(yaw_rate_deg=2000.0)
    after = advance(start, length_m=length, width_m=width, ground_z=0.0, gravity=GRAVITY, delta_s=0.01)
    assert (start.yaw_rate_deg - after.yaw_rate_deg) / 0.01 == pytest.approx(deceleration, rel=0.05)
