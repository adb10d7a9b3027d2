"""CARLA's Ackermann controller on a body that does what it is told."""

from __future__ import annotations

import itertools

import pytest

from sim_scenarios.embedded_simulator.physics.ackermann import AckermannMemory, Pid, pedals
from sim_scenarios.embedded_simulator.world.controls import AckermannControl, AckermannSettings, VehicleControl

SETTINGS = AckermannSettings()


def drive(
    target: AckermannControl, *, seconds: float, speed: float = 0.0, settings: AckermannSettings = SETTINGS
) -> tuple[float, list[VehicleControl]]:
    """The speed of a body that accelerates by 4 m/s^2 a throttle and brakes by 8 a brake, and its controls."""
    memory, controls = AckermannMemory(), []
    for _ in range(round(seconds / 0.05)):
        control = pedals(memory, target, settings, speed=speed, lock_rad=1.2, delta_s=0.05)
        controls.append(control)
        push = (-4.0 if control.reverse else 4.0) * control.throttle
        speed += 0.05 * push
        speed -= min(abs(speed), 0.05 * 8.0 * control.brake) * (1.0 if speed > 0.0 else -1.0)
    return speed, controls


@pytest.mark.parametrize("target", [3.0, 12.0, -4.0])
def test_reaches_its_speed_forwards_and_backwards(target: float) -> None:
    speed, controls = drive(AckermannControl(speed=target), seconds=60.0)
    assert speed == pytest.approx(target, abs=0.2)
    assert controls[-1].reverse == (target < 0.0)


def test_never_wants_more_than_the_acceleration_asked_for() -> None:
    memory = AckermannMemory()
    for _ in range(200):
        pedals(memory, AckermannControl(speed=20.0, acceleration=1.5), SETTINGS, speed=0.0, lock_rad=1.2, delta_s=0.05)
        assert abs(memory.wanted) <= 1.5


def test_changes_its_direction_only_at_a_stand() -> None:
    speed, controls = drive(AckermannControl(speed=-3.0), seconds=40.0, speed=6.0)
    first = next(i for i, control in enumerate(controls) if control.reverse)
    assert all(control.throttle == 0.0 or not control.reverse for control in controls[:first])
    assert speed == pytest.approx(-3.0, abs=0.2)


def test_stands_with_full_brakes() -> None:
    _, controls = drive(AckermannControl(speed=0.0), seconds=0.5, speed=0.05)
    assert controls[-1].brake == 1.0


def test_wheels_turn_at_the_speed_asked_for() -> None:
    _, controls = drive(AckermannControl(steer=0.6, steer_speed=0.5), seconds=3.0)
    steps = [b.steer - a.steer for a, b in itertools.pairwise(controls)]
    assert max(steps) == pytest.approx(0.5 * 0.05 / 1.2)
    assert controls[-1].steer == pytest.approx(0.5)
    _, controls = drive(AckermannControl(steer=9.0), seconds=0.05)
    assert controls[0].steer == 1.0


def test_gains_act() -> None:
    slow, _ = drive(AckermannControl(speed=10.0), seconds=3.0)
    fast, _ = drive(AckermannControl(speed=10.0), seconds=3.0, settings=AckermannSettings(accel_kp=0.05))
    dead, _ = drive(AckermannControl(speed=10.0), seconds=3.0, settings=AckermannSettings(speed_kp=0.0, speed_kd=0.0))
    assert dead == 0.0 < slow < fast


def test_the_integral_is_bounded_and_the_derivative_is_the_value_s() -> None:
    pid = Pid()
    for _ in range(100):
        assert pid.step(1.0, 0.0, (0.0, 5.0, 0.0), 0.05) <= 1.0
    assert pid.integral == 1.0
    assert Pid().step(5.0, 0.0, (0.0, 0.0, 1.0), 0.05) == 0.0
