"""Targets and pedals with known answers, and a wheel that drives circles."""

from __future__ import annotations

import math

import numpy as np
import pytest

from harness.closed_loop.mask_driver import speed as laws
from harness.closed_loop.mask_driver.hazards import Hazard
from harness.closed_loop.mask_driver.roles import Role
from harness.closed_loop.mask_driver.speed import SpeedControl, bend_speed, hazard_speed, needed_braking, sight_speed
from harness.closed_loop.mask_driver.steering import pursuit_curvature, wheel
from harness.closed_loop.policy import VehicleControl
from tests.unit.harness.closed_loop.mask_driver.drawn_world import CAR_FACTS, Car


def arc(radius: float, length: float = 40.0) -> np.ndarray:
    angles = np.arange(-4.0, length) / radius
    return np.stack([radius * np.sin(angles), radius * (1 - np.cos(angles))], axis=1)


@pytest.mark.parametrize("radius", [8.0, 20.0, 60.0])
def test_in_a_bend_the_lateral_acceleration_is_the_allowed_one(radius: float) -> None:
    speed = bend_speed(arc(radius), start_m=4.0, speed=0.0)
    assert speed**2 / radius == pytest.approx(laws.LATERAL_ACCELERATION, rel=0.05)


def test_before_a_bend_there_is_time_to_brake() -> None:
    approach = np.stack([np.arange(-4.0, 20.0), np.zeros(24)], axis=1)
    line = np.concatenate([approach, arc(10.0)[4:] + np.array([20.0, 0.0])])
    now, at_bend = bend_speed(line, start_m=4.0, speed=0.0), math.sqrt(10.0 * laws.LATERAL_ACCELERATION)
    assert now**2 - at_bend**2 == pytest.approx(2 * laws.COMFORTABLE_BRAKING * 20.0, rel=0.15)


def standing(distance_m: float, speed: float) -> Hazard:
    return Hazard(distance_m=distance_m, role=Role.VEHICLE, class_id=14, closing_speed=speed)


def test_gipps_stops_behind_what_stands() -> None:
    """Driven by the law alone, with perfect pedals, the car ends at the gap it was told."""
    distance, speed = 40.0, 12.0
    for _ in range(2000):
        speed = min(12.0, max(hazard_speed(standing(distance, speed), speed=speed), speed - 6.0 * 0.01))
        distance -= speed * 0.01
    assert laws.STAND_BEHIND_M - 0.2 < distance < laws.STAND_BEHIND_M + laws.STANDING_GAP_M + 0.2
    assert speed == 0.0


def test_it_follows_what_drives_as_fast() -> None:
    following = Hazard(distance_m=20.0, role=Role.VEHICLE, class_id=14, closing_speed=0.0)
    assert hazard_speed(following, speed=9.0) > 9.0
    assert needed_braking(following, speed=9.0) == 0.0


def test_needed_braking_is_that_of_physics() -> None:
    gap = 20.0
    seen = standing(gap + 0.5 * laws.STAND_BEHIND_M, 10.0)
    assert needed_braking(seen, speed=10.0) == pytest.approx(10.0**2 / (2 * gap))
    assert needed_braking(standing(0.5, 10.0), speed=10.0) == math.inf


def test_short_sight_makes_slow_but_not_still() -> None:
    assert sight_speed(0.0) == laws.CREEP
    assert sight_speed(32.0) == pytest.approx(16.0)


@pytest.mark.parametrize("target", [3.0, 8.0, 14.0])
def test_the_pedals_reach_the_speed_and_hold_it(target: float) -> None:
    control, car = SpeedControl(step_s=0.1), Car()
    for _ in range(300):
        pedals = control.pedals(speed=car.speed, target=target)
        assert pedals.throttle == 0.0 or pedals.brake == 0.0
        car.step(VehicleControl(throttle=pedals.throttle, brake=pedals.brake), step_s=0.1)
    assert car.speed == pytest.approx(target, abs=0.45)


def test_at_a_target_of_nothing_the_car_stands() -> None:
    assert SpeedControl(step_s=0.1).pedals(speed=0.0, target=0.0).brake == 1.0


@pytest.mark.parametrize("radius", [8.0, 20.0, -40.0])
def test_the_wheel_holds_a_circle(radius: float) -> None:
    """The rear axle on a circle: pure pursuit asks for just its curvature, and the wheel's inverse gives it back."""
    rear = CAR_FACTS.rear_axle_x_m
    line = arc(abs(radius)) * [1.0, math.copysign(1.0, radius)] + [rear, 0.0]
    curvature = pursuit_curvature(line, speed=5.0, yaw_rate=0.0, rear_axle_x_m=rear)
    assert curvature == pytest.approx(1 / radius, rel=0.02)
    steer = wheel(curvature, speed=0.1, vehicle=CAR_FACTS)
    assert math.tan(steer * CAR_FACTS.lock_rad(0.1)) / CAR_FACTS.wheelbase_m == pytest.approx(curvature, rel=1e-4)


@pytest.mark.parametrize("radius", [45.0, -90.0])
def test_a_car_on_tyres_keeps_to_the_middle_of_a_bend(radius: float) -> None:
    """At 2 m/s^2 sideways, by a line that is known exactly; led as one that only rolls it ran 0.14 m wide and more."""
    car, rear, size = Car(speed=math.sqrt(2.0 * abs(radius))), CAR_FACTS.rear_axle_x_m, abs(radius)
    for _ in range(160):
        here = math.atan2(car.x / size, 1.0 - car.y / radius)
        angles = here + np.arange(-4.0, 30.0) / size
        circle = np.stack([size * np.sin(angles), radius * (1.0 - np.cos(angles))], axis=1)
        c, s = math.cos(car.yaw), math.sin(car.yaw)
        line = (circle - [car.x, car.y]) @ np.array([[c, -s], [s, c]])
        curvature = pursuit_curvature(line, speed=car.speed, yaw_rate=car.yaw_rate, rear_axle_x_m=rear)
        steer = wheel(curvature, speed=car.speed, vehicle=CAR_FACTS)
        car.step(VehicleControl(steer=steer, throttle=0.025), step_s=0.05)
    assert abs(math.hypot(car.x, car.y - radius) - size) < 0.08


def test_the_wheel_has_an_end() -> None:
    assert wheel(10.0, speed=0.0, vehicle=CAR_FACTS) == 1.0
    assert wheel(-10.0, speed=0.0, vehicle=CAR_FACTS) == -1.0
