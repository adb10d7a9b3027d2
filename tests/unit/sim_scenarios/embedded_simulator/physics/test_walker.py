"""Walking by control, and the lift from feet to origin."""

from __future__ import annotations

import pytest

from sim_scenarios.embedded_simulator.physics import walker
from sim_scenarios.embedded_simulator.world.controls import WalkerControl
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

STANDING = Pose(Vector(1.0, 2.0, 1.05), Rotation(0.0, 30.0, 0.0))


def step(pose: Pose, control: WalkerControl, *, ground_z: float = 0.15) -> Pose:
    return walker.advance(pose, control, height_m=1.8, ground_z=ground_z, delta_s=0.5)


def test_stands_still_without_a_control() -> None:
    assert step(STANDING, WalkerControl()) == STANDING


def test_walks_and_looks_where_it_goes() -> None:
    after = step(STANDING, WalkerControl(direction=Vector(0.0, -3.0, 0.0), speed=1.4))
    assert after.location == pytest.approx((1.0, 1.3, 1.05))
    assert after.rotation.yaw == pytest.approx(-90.0)


def test_steps_up_a_kerb_at_once() -> None:
    assert step(Pose(Vector(0, 0, 0.9), Rotation()), WalkerControl()).location.z == pytest.approx(1.05)


def test_comes_down_to_its_feet() -> None:
    pose = Pose(Vector(0.0, 0.0, 10.0), Rotation())
    for _ in range(10):
        pose = step(pose, WalkerControl())
    assert pose.location.z == pytest.approx(1.05)


def test_an_absurd_speed_is_capped() -> None:
    after = step(STANDING, WalkerControl(direction=Vector(1.0, 0.0, 0.0), speed=1e6))
    assert after.location.x == pytest.approx(1.0 + 0.5 * walker.MAX_SPEED)


def test_feet_on_the_navigation_point() -> None:
    lifted = walker.feet_to_origin(Pose(Vector(1.0, 2.0, 0.15), Rotation(0.0, 45.0, 0.0)), height_m=1.8)
    assert lifted == Pose(Vector(1.0, 2.0, 1.05), Rotation(0.0, 45.0, 0.0))
