"""A hill is not a lean."""

from __future__ import annotations

import pytest

from harness.closed_loop.mask_driver.body_attitude import BodyAttitude


def test_a_steady_slope_is_no_lean() -> None:
    attitude = BodyAttitude(step_s=0.05)
    for _ in range(400):
        lean = attitude.lean(6.0, -1.0)
    assert lean == pytest.approx((0.0, 0.0), abs=1e-6)


def test_a_sudden_pitch_is_a_lean_that_fades() -> None:
    attitude = BodyAttitude(step_s=0.05)
    for _ in range(100):
        attitude.lean(0.0, 0.0)
    first = attitude.lean(-2.0, 0.0)[0]
    assert -2.0 <= first < -1.9
    for _ in range(40):  # two seconds: one time constant
        last = attitude.lean(-2.0, 0.0)[0]
    assert last == pytest.approx(-2.0 / 2.718, rel=0.1)
