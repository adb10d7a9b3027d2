"""Walking, jumping and falling: against what mechanics says of them."""

from __future__ import annotations

import math

import pytest

from sim_scenarios.embedded_simulator.physics import walker
from sim_scenarios.embedded_simulator.physics.walker import WalkerMotion
from sim_scenarios.embedded_simulator.world.controls import WalkerControl
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

STANDING = WalkerMotion(feet=Vector(1.0, 2.0, 0.15), velocity=Vector(), yaw_deg=30.0, is_airborne=False)
EAST = Vector(1.0, 0.0, 0.0)


def walk(
    motion: WalkerMotion, control: WalkerControl, *, ticks: int, ground_z: float = 0.15, delta_s: float = 0.05
) -> list[WalkerMotion]:
    motions = []
    for _ in range(ticks):
        motion = walker.land(walker.step(motion, control, delta_s=delta_s), ground_z)
        motions.append(motion)
    return motions


def test_stands_still_without_a_control() -> None:
    assert walk(STANDING, WalkerControl(), ticks=1) == [STANDING]


def test_gets_going_within_a_few_ticks_and_looks_where_it_goes() -> None:
    motions = walk(STANDING, WalkerControl(direction=Vector(0.0, -3.0, 0.0), speed=1.4), ticks=20)
    assert math.hypot(*motions[0].velocity[:2]) == pytest.approx(1.0)  # 20 m/s2 for 0.05 s
    assert motions[-1].velocity == pytest.approx((0.0, -1.4, 0.0))
    assert motions[-1].feet == pytest.approx((1.0, 2.0 - 1.4 + 0.02, 0.15))
    assert motions[-1].yaw_deg == pytest.approx(-90.0)


def test_a_push_wears_off() -> None:
    pushed = WalkerMotion(feet=STANDING.feet, velocity=Vector(3.0, 0.0, 0.0), yaw_deg=0.0, is_airborne=False)
    assert walk(pushed, WalkerControl(), ticks=3)[-1].velocity == (0.0, 0.0, 0.0)
    slid = pushed
    for _ in range(11):
        slid = walker.land(walker.slide(slid, delta_s=0.05), 0.15)
    assert 0.5 < slid.feet.x - 1.0 < 0.9  # v2 / 2a = 0.75 m
    assert slid.velocity == (0.0, 0.0, 0.0)


def test_steps_up_and_down_a_kerb_at_once() -> None:
    (up,) = walk(
        WalkerMotion(feet=Vector(), velocity=Vector(), yaw_deg=0.0, is_airborne=False), WalkerControl(), ticks=1
    )
    assert (up.feet.z, up.is_airborne) == (0.15, False)
    (down,) = walk(STANDING, WalkerControl(), ticks=1, ground_z=0.0)
    assert (down.feet.z, down.is_airborne) == (0.0, False)


@pytest.mark.parametrize("delta_s", [0.01, 0.05, 0.1])
def test_a_jump_goes_up_a_metre_and_lands(delta_s: float) -> None:
    motions = walk(STANDING, WalkerControl(jump=True), ticks=1, delta_s=delta_s)
    motions += walk(motions[0], WalkerControl(direction=EAST, speed=1.0), ticks=round(1.5 / delta_s), delta_s=delta_s)
    heights = [motion.feet.z - 0.15 for motion in motions]
    assert max(heights) == pytest.approx(4.4**2 / (2 * 9.81), abs=0.02)
    in_the_air_s = delta_s * sum(motion.is_airborne for motion in motions)
    assert in_the_air_s == pytest.approx(2 * 4.4 / 9.81, abs=delta_s)
    assert all(motion.velocity.x == 0.0 for motion in motions if motion.is_airborne), "nobody walks on air"
    assert motions[-1].feet.z == 0.15


def test_falls_off_a_ledge_as_a_stone_does() -> None:
    running = WalkerMotion(feet=Vector(0.0, 0.0, 3.0), velocity=Vector(4.0, 0.0, 0.0), yaw_deg=0.0, is_airborne=False)
    control = WalkerControl(direction=EAST, speed=4.0)
    motions = walk(running, control, ticks=20, ground_z=0.0)
    falls = [motion for motion in motions if motion.is_airborne]
    assert len(falls) * 0.05 == pytest.approx(math.sqrt(2 * 3.0 / 9.81), abs=0.11)
    assert motions[-1].feet.z == 0.0
    assert falls[-1].velocity.x == pytest.approx(4.0)


def test_an_absurd_speed_is_capped() -> None:
    after = walk(STANDING, WalkerControl(direction=EAST, speed=1e6), ticks=40)[-1]
    assert after.velocity.x == walker.MAX_SPEED


def test_feet_on_the_navigation_point() -> None:
    lifted = walker.feet_to_origin(Pose(Vector(1.0, 2.0, 0.15), Rotation(0.0, 45.0, 0.0)), height_m=1.8)
    assert lifted == Pose(Vector(1.0, 2.0, 1.05), Rotation(0.0, 45.0, 0.0))


@pytest.mark.parametrize(("forward", "pitch", "head_x"), [(True, -90.0, 1.8), (False, 90.0, -1.8)])
def test_who_falls_lies_on_the_ground_where_the_feet_were(forward: bool, pitch: float, head_x: float) -> None:
    upright = walker.fallen_pose(Vector(), 0.0, height_m=1.8, since_s=0.0, forward=forward)
    assert upright == Pose(Vector(0.0, 0.0, 0.9), Rotation(0.0 if not forward else -0.0, 0.0, 0.0))
    lying = walker.fallen_pose(Vector(), 0.0, height_m=1.8, since_s=5.0, forward=forward)
    assert lying.rotation == pytest.approx((pitch, 0.0, 0.0))
    assert 2 * lying.location.x == pytest.approx(head_x)
    assert lying.location.z == pytest.approx(1.8 * walker.LYING_PER_HEIGHT)
