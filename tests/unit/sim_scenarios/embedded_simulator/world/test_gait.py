"""Limbs follow the way gone: stance feet stand still, strides lengthen with speed."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.world.gait import HIP, KNEE, Limb, gait, stride_m

HEIGHT_M = 1.75


def foot_x(phase: NDArray[np.float64], speed: float) -> NDArray[np.float64]:
    """(N,) place of the left sole before the hip [m]."""
    angles = gait(phase, np.full_like(phase, speed), np.full_like(phase, HEIGHT_M)).angles
    thigh = angles[:, Limb.LEFT_LEG]
    shin = thigh + angles[:, Limb.LEFT_SHIN]
    return -HEIGHT_M * ((HIP - KNEE) * np.sin(thigh) + KNEE * np.sin(shin))


@pytest.mark.parametrize("speed", [0.5, 1.4, 2.0])
def test_a_foot_that_carries_goes_back_by_half_a_stride(speed: float) -> None:
    carrying = foot_x(np.array([0.75, 1.25]), speed)  # the left leg carries while its hip turns backwards
    assert carrying[0] - carrying[1] == pytest.approx(stride_m(speed, HEIGHT_M) / 2, rel=0.01)


def test_strides_lengthen_with_speed_and_quicken_too() -> None:
    lengths = [stride_m(speed, HEIGHT_M) for speed in (0.5, 1.4, 4.0)]
    steps_a_minute = [120 * speed / length for speed, length in zip((0.5, 1.4, 4.0), lengths, strict=True)]
    assert lengths == sorted(lengths)
    assert steps_a_minute == sorted(steps_a_minute)
    assert 100 < steps_a_minute[1] < 125
    assert 160 < steps_a_minute[2] < 210


def test_arms_swing_against_the_legs_and_bend_in_a_run() -> None:
    phase, speed, height = np.full(2, 0.2), np.array([1.4, 4.0]), np.full(2, HEIGHT_M)
    angles = gait(phase, speed, height).angles
    assert (angles[:, Limb.LEFT_ARM] * angles[:, Limb.LEFT_LEG] < 0.0).all()
    assert angles[1, Limb.LEFT_FOREARM] < -1.2 < -0.3 < angles[0, Limb.LEFT_FOREARM] < 0.0


def test_vehicles_have_no_gait() -> None:
    rest = gait(np.array([0.3]), np.array([20.0]), np.array([0.0]))
    assert not rest.angles.any()
    assert not rest.drop_m.any()
