"""A hill is not a lean, and a bend is not a slope."""

from __future__ import annotations

import numpy as np
import pytest

from harness.closed_loop.mask_driver.body_attitude import BodyAttitude
from harness.closed_loop.policy import VehicleControl
from tests.unit.harness.closed_loop.mask_driver.drawn_world import Car


def test_a_steady_slope_is_no_lean() -> None:
    attitude = BodyAttitude(step_s=0.05)
    for _ in range(400):
        lean = attitude.lean(6.0, -1.0, speed=8.0, yaw_rate=0.0)
    assert lean == pytest.approx((0.0, 0.0), abs=1e-6)


def test_a_sudden_pitch_is_a_lean_that_fades() -> None:
    attitude = BodyAttitude(step_s=0.05)
    for _ in range(100):
        attitude.lean(0.0, 0.0, speed=8.0, yaw_rate=0.0)
    first = attitude.lean(-2.0, 0.0, speed=8.0, yaw_rate=0.0)[0]
    assert -2.0 <= first < -1.9
    for _ in range(40):  # two seconds: one time constant
        last = attitude.lean(-2.0, 0.0, speed=8.0, yaw_rate=0.0)[0]
    assert last == pytest.approx(-2.0 / 2.718, rel=0.1)


@pytest.mark.parametrize(
    "control", [VehicleControl(throttle=0.5), VehicleControl(throttle=0.1, steer=0.04), VehicleControl(brake=0.3)]
)
def test_what_a_car_leans_by_for_seconds_stays_a_lean_on_a_slope(control: VehicleControl) -> None:
    """And when that ends, nothing is left of it: the car is not the usual one, so that a third may be wrong."""
    attitude, car, slope = BodyAttitude(step_s=0.1), Car(speed=13.0), np.array([2.0, -1.0])
    most, errors = 0.0, []
    for k in range(80):
        car.step(control if 20 <= k < 50 else VehicleControl(throttle=0.025), step_s=0.1)
        body = np.array([car.pitch_deg, car.roll_deg])
        lean = attitude.lean(*(body + slope), speed=car.speed, yaw_rate=car.yaw_rate)
        errors.append(np.abs(lean - body).max())
        most = max(most, np.abs(body).max())
    assert most > 0.4
    assert max(errors) < 0.35 * most
