"""The kinematic bicycle against what can be worked out by hand."""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.physics import vehicle
from sim_scenarios.embedded_simulator.physics.vehicle import VehicleMotion, VehicleParameters
from sim_scenarios.embedded_simulator.world.controls import AckermannControl, VehicleControl

CAR = VehicleParameters(wheelbase_m=2.8, max_speed=50.0, max_acceleration=4.5, mass_kg=1500.0)
AT_REST = VehicleMotion(x=0.0, y=0.0, z=0.0, yaw_deg=0.0)


def drive(motion: VehicleMotion, control: VehicleControl, *, seconds: float, delta_s: float = 0.05) -> VehicleMotion:
    for _ in range(round(seconds / delta_s)):
        motion = vehicle.advance(motion, control, CAR, ground_z=0.0, delta_s=delta_s)
    return motion


def test_without_control_nothing_moves() -> None:
    assert drive(AT_REST, VehicleControl(), seconds=5.0) == AT_REST


def test_full_throttle_starts_with_the_spec_s_acceleration() -> None:
    after = drive(AT_REST, VehicleControl(throttle=1.0), seconds=0.5)
    assert after.speed == pytest.approx(4.5 * 0.5, rel=0.01)
    assert after.y == 0.0


def test_full_throttle_ends_at_the_top_speed() -> None:
    assert drive(AT_REST, VehicleControl(throttle=1.0), seconds=200.0).speed == pytest.approx(50.0, rel=1e-3)


def test_braking_distance() -> None:
    after = drive(replace(AT_REST, speed=20.0), VehicleControl(brake=1.0), seconds=10.0)
    assert after.speed == 0.0
    assert 20.0**2 / (2 * 9.2) < after.x < 20.0**2 / (2 * 8.0)


def test_brakes_do_not_push_backwards() -> None:
    rolling = replace(AT_REST, speed=0.1)
    assert drive(rolling, VehicleControl(brake=1.0, hand_brake=True), seconds=1.0).speed == 0.0


def test_reverse() -> None:
    after = drive(AT_REST, VehicleControl(throttle=1.0, reverse=True), seconds=30.0)
    assert after.x < 0.0
    assert after.speed == pytest.approx(-vehicle.MAX_REVERSE_SPEED, rel=0.01)


def test_slow_turn_follows_the_circle_of_its_wheels() -> None:
    """At walking pace the path closes on itself after one turn of the radius that geometry demands."""
    steer, speed = 0.4, 2.0
    start = replace(AT_REST, speed=speed, steer=steer)
    motion, turned, path = start, 0.0, 0.0
    extent = 0.0
    while turned < 360.0:
        motion = replace(motion, speed=speed)  # hold the pace: only the geometry is looked at
        after = vehicle.advance(motion, VehicleControl(throttle=0.1, steer=steer), CAR, ground_z=0.0, delta_s=0.01)
        turned += after.yaw_rate_deg * 0.01
        path += math.hypot(after.x - motion.x, after.y - motion.y)
        extent = max(extent, math.hypot(after.x, after.y))
        motion = after
    wheel = math.radians(vehicle.wheel_angle_deg(replace(start, speed=speed), CAR))
    rear_radius = CAR.wheelbase_m / math.tan(wheel)
    radius = math.hypot(rear_radius, 0.5 * CAR.wheelbase_m)
    assert path == pytest.approx(2 * math.pi * radius, rel=0.01)
    assert extent == pytest.approx(2 * radius, rel=0.01)


def test_positive_steer_turns_right() -> None:
    after = drive(replace(AT_REST, speed=5.0), VehicleControl(steer=0.3, throttle=0.3), seconds=1.0)
    assert after.y > 0.0
    assert after.yaw_deg > 0.0


@given(
    speed=st.floats(-8.0, 60.0),
    steer=st.floats(-1.0, 1.0),
    throttle=st.floats(0.0, 1.0),
    brake=st.floats(0.0, 1.0),
    reverse=st.booleans(),
)
def test_limits_hold_whatever_the_driver_does(
    speed: float, steer: float, throttle: float, brake: float, reverse: bool
) -> None:
    motion = replace(AT_REST, speed=speed, steer=steer)
    control = VehicleControl(throttle=throttle, steer=-steer, brake=brake, reverse=reverse)
    for _ in range(20):
        after = vehicle.advance(motion, control, CAR, ground_z=0.0, delta_s=0.05)
        lateral = abs(after.speed * math.radians(after.yaw_rate_deg))
        assert lateral <= vehicle.MAX_LATERAL_ACCELERATION + 1e-6
        assert abs(after.speed - motion.speed) <= vehicle.MAX_LONGITUDINAL_ACCELERATION * 0.05 + 1e-9
        assert math.hypot(after.velocity_x, after.velocity_y) == pytest.approx(abs(after.speed))
        motion = after


def test_a_body_in_the_air_falls_and_stays_down() -> None:
    motion, heights = replace(AT_REST, z=1.0), []
    for _ in range(20):
        motion = vehicle.advance(motion, VehicleControl(), CAR, ground_z=0.15, delta_s=0.05)
        heights.append(motion.z)
    assert heights == sorted(heights, reverse=True)
    assert heights[-1] == 0.15
    assert heights[5] == pytest.approx(1.0 - 9.81 * 0.05**2 * 21, rel=1e-6)  # 6 steps: 1 + 2 + ... + 6


def test_ackermann_reaches_its_targets() -> None:
    target = AckermannControl(steer=0.2, speed=6.0, acceleration=2.0)
    motion = AT_REST
    for _ in range(100):
        motion = vehicle.advance_ackermann(motion, target, CAR, ground_z=0.0, delta_s=0.05)
    assert motion.speed == 6.0
    assert math.radians(vehicle.wheel_angle_deg(motion, CAR)) == pytest.approx(0.2)


def test_constant_velocity_ignores_the_wheels() -> None:
    motion = replace(AT_REST, yaw_deg=90.0, steer=1.0)
    after = vehicle.advance_straight(motion, velocity_x=0.0, velocity_y=10.0, ground_z=0.0, delta_s=0.1)
    assert (after.x, after.y, after.yaw_deg) == (0.0, 1.0, 90.0)
    assert after.speed == pytest.approx(10.0)
