"""CARLA's Ackermann controller: from a target speed and wheel angle to pedals and wheel.

Two PID controllers in a row, once a tick: speed to acceleration, acceleration to pedal. Limits, filters and the order
of things are those of Carla/Vehicle/AckermannController.cpp, so that gains found there mean the same here.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

from sim_scenarios.embedded_simulator.world.controls import AckermannControl, AckermannSettings, VehicleControl

_MAX_ACCELERATION, _MAX_DECELERATION = 3.0, 8.0
"""[m/s^2] where the target's own acceleration is 0, which means 'as fast as may be'."""
_STANDING = 0.1
"""[m/s] below which a vehicle stands and may change its direction."""


@dataclass(kw_only=True, slots=True)
class Pid:
    """What one PID controller remembers."""

    integral: float = 0.0
    last: float = 0.0

    def step(self, target: float, value: float, gains: tuple[float, float, float], delta_s: float) -> float:
        """The output, within -1..1; the derivative is the value's, so that a new target gives no jump."""
        kp, ki, kd = gains
        error = target - value
        self.integral = _within(self.integral + ki * error * delta_s, 1.0)
        slope, self.last = (value - self.last) / delta_s, value
        return _within(kp * error + self.integral - kd * slope, 1.0)


@dataclass(kw_only=True, slots=True)
class AckermannMemory:
    """What the controller of one vehicle remembers from tick to tick; a new one begins with each switch to it."""

    speed: Pid = field(default_factory=Pid)
    acceleration: Pid = field(default_factory=Pid)
    last_speed: float = 0.0
    felt: float = 0.0
    """Acceleration [m/s^2], averaged."""
    wanted: float = 0.0
    """Acceleration [m/s^2]."""
    pedal: float = 0.0
    """-1..1, throttle forwards."""
    control: VehicleControl = field(default_factory=VehicleControl)


def pedals(
    memory: AckermannMemory,
    target: AckermannControl,
    settings: AckermannSettings,
    *,
    speed: float,
    lock_rad: float,
    delta_s: float,
) -> VehicleControl:
    """The control of the next tick.

    Args:
        memory: Changed in place.
        target: What the client wants.
        settings: Gains.
        speed: [m/s] along the heading.
        lock_rad: Largest angle of the front wheels.
        delta_s: The tick [s].
    """
    now = (speed - memory.last_speed) / delta_s
    memory.felt, memory.last_speed = (4.0 * memory.felt + now) / 5.0, speed
    steer = _steer(memory.control.steer * lock_rad, target, lock_rad, delta_s) / lock_rad
    before = memory.control
    if abs(speed) < _STANDING and abs(target.speed) < _STANDING:
        memory.control = VehicleControl(steer=steer, brake=1.0, reverse=before.reverse)
        return memory.control
    reverse, wanted_speed = before.reverse, target.speed
    if abs(speed) < _STANDING:
        reverse = target.speed < 0.0
    elif speed * target.speed < 0.0:
        wanted_speed = 0.0
    memory.wanted += memory.speed.step(
        wanted_speed, speed, (settings.speed_kp, settings.speed_ki, settings.speed_kd), delta_s
    )
    limit = abs(target.acceleration)
    low, high = (-limit, limit) if limit >= 1e-4 else (-_MAX_DECELERATION, _MAX_ACCELERATION)
    memory.wanted = min(max(memory.wanted, low), high)
    gains = settings.accel_kp, settings.accel_ki, settings.accel_kd
    memory.pedal = _within(memory.pedal + memory.acceleration.step(memory.wanted, memory.felt, gains, delta_s), 1.0)
    throttle = max(0.0, -memory.pedal if reverse else memory.pedal)
    brake = max(0.0, memory.pedal if reverse else -memory.pedal)
    memory.control = VehicleControl(throttle=throttle, steer=steer, brake=brake, reverse=reverse)
    return memory.control


def _steer(now: float, target: AckermannControl, lock_rad: float, delta_s: float) -> float:
    wanted = _within(target.steer, lock_rad)
    step = abs(target.steer_speed) * delta_s
    if abs(target.steer_speed) < 1e-3 or abs(wanted - now) < step:
        return wanted
    return now + math.copysign(step, wanted - now)


def _within(value: float, limit: float) -> float:
    return min(max(value, -limit), limit)
