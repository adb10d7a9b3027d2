"""The motion of the ego frame, against cars that really move."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from harness.closed_loop.mask_driver.ego_motion import EgoMotion, drift
from harness.closed_loop.policy import VehicleControl
from tests.unit.harness.closed_loop.mask_driver.drawn_world import CAR_FACTS, Car


@given(st.floats(-3, 20), st.floats(-1, 1), st.floats(0, 0.2))
def test_it_is_what_many_small_steps_make(speed: float, yaw_rate: float, step_s: float) -> None:
    rear, parts, drifting = -1.4, 2000, drift(speed=speed, yaw_rate=yaw_rate)
    x, y, yaw = rear, 0.0, 0.0
    for _ in range(parts):
        middle = yaw + 0.5 * yaw_rate * step_s / parts
        x += speed * step_s / parts * math.cos(middle + drifting)
        y += speed * step_s / parts * math.sin(middle + drifting)
        yaw += yaw_rate * step_s / parts
    motion = EgoMotion.rolled(speed=speed, yaw_rate=yaw_rate, step_s=step_s, rear_axle_x_m=rear)
    expected = (x - rear * math.cos(yaw), y - rear * math.sin(yaw), yaw)
    np.testing.assert_allclose((motion.x, motion.y, motion.yaw), expected, atol=1e-6)


@pytest.mark.parametrize("steer", [0.03, -0.03])
def test_what_lies_on_the_ground_stays_there_for_a_car_on_tyres(steer: float) -> None:
    """Two seconds through a bend: a car that was thought to follow its heading would be off by a third of a metre."""
    car, place = Car(speed=13.0), np.array([[30.0, 5.0]])
    control = VehicleControl(steer=steer, throttle=0.025)
    for _ in range(20):
        car.step(control, step_s=0.05)
    known, start = place, car.to_world(place)
    for _ in range(40):
        car.step(control, step_s=0.05)
        motion = EgoMotion.rolled(
            speed=car.speed, yaw_rate=car.yaw_rate, step_s=0.05, rear_axle_x_m=CAR_FACTS.rear_axle_x_m
        )
        known = motion.to_new(known)
    assert abs(car.yaw_rate * car.speed) > 1.5
    assert np.linalg.norm(car.to_world(known) - start) < 0.12


@given(st.floats(-5, 5), st.floats(-5, 5), st.floats(-3, 3))
def test_the_new_frame_keeps_distances_and_has_its_origin_where_the_car_is(x: float, y: float, yaw: float) -> None:
    motion = EgoMotion(x=x, y=y, yaw=yaw)
    ahead = np.array([[x, y], [x + 3 * math.cos(yaw), y + 3 * math.sin(yaw)]])
    np.testing.assert_allclose(motion.to_new(ahead), [[0, 0], [3, 0]], atol=1e-9)
