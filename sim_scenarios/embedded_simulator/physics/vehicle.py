"""A kinematic bicycle on flat ground: enough to be driven by CARLA's TrafficManager and to look like driving.

Decisions:

* The origin is the middle of the wheelbase, on the ground. The car turns about its rear axle; the side-slip angle
  at the origin follows from the front wheel angle alone (Rajamani, Vehicle Dynamics and Control, section 2.2).
* Grip: curvature is limited so that lateral acceleration stays below ``MAX_LATERAL_ACCELERATION``; a car that is
  too fast for its steering runs wide, it never spins.
* Full steering lock shrinks with speed along CARLA's default steering curve (WheeledVehicle blueprints: 1.0 at
  standstill, 0.9 at 20 km/h, 0.8 at 60, 0.7 at 120).
* Wheels turn and pedals act with a short delay of their own, so that a controller's jumps do not become jerks.
* Above the ground the body falls; there are no suspension, slopes or rollovers.

State in, state out: nothing here knows of actors or ticks.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass, replace

from sim_scenarios.embedded_simulator.world.controls import AckermannControl, VehicleControl

GRAVITY = 9.81
MAX_LATERAL_ACCELERATION = 7.5
"""[m/s^2] what dry tyres of an ordinary car hold."""
MAX_BRAKE_DECELERATION = 8.0
"""[m/s^2] at full brake."""
HAND_BRAKE_DECELERATION = 6.0
MAX_LONGITUDINAL_ACCELERATION = 9.0
"""[m/s^2] what the tyres hold, whatever pedals add up to."""
ROLLING_DECELERATION = 0.15
"""[m/s^2] with no pedal pressed, beside engine drag."""
ENGINE_DRAG = 0.03
"""[1/s] deceleration for each m/s without throttle."""
MAX_REVERSE_SPEED = 8.0
STEER_RATE = 6.0
"""Full locks in a second: from straight to full lock in a sixth of a second."""
_STEERING_CURVE_KMH = ((0.0, 1.0), (20.0, 0.9), (60.0, 0.8), (120.0, 0.7))


@dataclass(frozen=True, kw_only=True, slots=True)
class VehicleParameters:
    """What distinguishes one vehicle from another."""

    wheelbase_m: float
    max_speed: float
    """[m/s] on the flat at full throttle."""
    max_acceleration: float
    """[m/s^2] at full throttle from standstill."""
    mass_kg: float
    max_steer_deg: float = 70.0
    """Front wheel angle at full lock; CARLA's cars have 70."""


@dataclass(frozen=True, kw_only=True, slots=True)
class VehicleMotion:
    """Where a vehicle is and how it moves."""

    x: float
    y: float
    z: float
    yaw_deg: float
    speed: float = 0.0
    """[m/s] along the heading, negative backwards."""
    vertical_speed: float = 0.0
    steer: float = 0.0
    """Wheel position reached, in full locks, right positive."""
    velocity_x: float = 0.0
    velocity_y: float = 0.0
    yaw_rate_deg: float = 0.0

    @property
    def is_airborne(self) -> bool:
        """Whether the body is falling."""
        return self.vertical_speed < 0.0


def wheel_angle_deg(motion: VehicleMotion, parameters: VehicleParameters) -> float:
    """Angle of the front wheels at the speed of the motion, right positive."""
    return motion.steer * parameters.max_steer_deg * _steering_curve(abs(motion.speed) * 3.6)


def advance(
    motion: VehicleMotion,
    control: VehicleControl,
    parameters: VehicleParameters,
    *,
    ground_z: float,
    delta_s: float,
) -> VehicleMotion:
    """The motion after ``delta_s`` under a pedal and wheel control."""
    speed = _speed_after(motion.speed, control, parameters, delta_s)
    steer = _towards(motion.steer, control.steer, STEER_RATE * delta_s)
    return _roll(motion, parameters, speed=speed, steer=steer, ground_z=ground_z, delta_s=delta_s)


def advance_ackermann(
    motion: VehicleMotion,
    control: AckermannControl,
    parameters: VehicleParameters,
    *,
    ground_z: float,
    delta_s: float,
) -> VehicleMotion:
    """The motion after ``delta_s`` under target speed and wheel angle; an acceleration or rate of 0 means 'at once'."""
    limit = abs(control.acceleration) or MAX_BRAKE_DECELERATION
    speed = _towards(motion.speed, control.speed, min(limit, MAX_BRAKE_DECELERATION) * delta_s)
    lock = math.radians(parameters.max_steer_deg) * _steering_curve(abs(motion.speed) * 3.6)
    target = max(-1.0, min(1.0, control.steer / lock))
    rate = abs(control.steer_speed) / lock or STEER_RATE
    steer = _towards(motion.steer, target, rate * delta_s)
    return _roll(motion, parameters, speed=speed, steer=steer, ground_z=ground_z, delta_s=delta_s)


def advance_straight(
    motion: VehicleMotion, *, velocity_x: float, velocity_y: float, ground_z: float, delta_s: float
) -> VehicleMotion:
    """The motion of a body that keeps a velocity whatever its wheels say (``enable_constant_velocity``)."""
    heading = math.radians(motion.yaw_deg)
    z, vertical_speed = _fall(motion, ground_z, delta_s)
    return replace(
        motion,
        x=motion.x + velocity_x * delta_s,
        y=motion.y + velocity_y * delta_s,
        z=z,
        vertical_speed=vertical_speed,
        speed=velocity_x * math.cos(heading) + velocity_y * math.sin(heading),
        velocity_x=velocity_x,
        velocity_y=velocity_y,
        yaw_rate_deg=0.0,
    )


def _speed_after(speed: float, control: VehicleControl, parameters: VehicleParameters, delta_s: float) -> float:
    direction = -1.0 if control.reverse else 1.0
    # Drag grows with the square of speed so that full throttle just holds the top speed.
    share = speed / parameters.max_speed
    push = parameters.max_acceleration * (direction * control.throttle - share * abs(share))
    if control.reverse and speed <= -MAX_REVERSE_SPEED:
        push = max(0.0, push)
    if control.throttle == 0.0:
        push -= ENGINE_DRAG * speed
    pushed = speed + push * delta_s
    resistance = control.brake * MAX_BRAKE_DECELERATION + (HAND_BRAKE_DECELERATION if control.hand_brake else 0.0)
    if control.throttle == 0.0 or resistance > 0.0:
        resistance += ROLLING_DECELERATION
    wanted = _towards(pushed, 0.0, resistance * delta_s)
    return _towards(speed, wanted, MAX_LONGITUDINAL_ACCELERATION * delta_s)


def _roll(
    motion: VehicleMotion,
    parameters: VehicleParameters,
    *,
    speed: float,
    steer: float,
    ground_z: float,
    delta_s: float,
) -> VehicleMotion:
    lock = math.radians(parameters.max_steer_deg) * _steering_curve(abs(speed) * 3.6)
    tangent = math.tan(steer * lock)
    slip = math.atan(0.5 * tangent)
    curvature = math.cos(slip) * tangent / parameters.wheelbase_m
    if speed * speed * abs(curvature) > MAX_LATERAL_ACCELERATION:
        curvature = math.copysign(MAX_LATERAL_ACCELERATION / (speed * speed), curvature)
        slip = math.asin(max(-1.0, min(1.0, 0.5 * parameters.wheelbase_m * curvature)))
    yaw_rate = speed * curvature  # [rad/s]
    course = math.radians(motion.yaw_deg) + slip + 0.5 * yaw_rate * delta_s  # at mid-step
    velocity_x, velocity_y = speed * math.cos(course), speed * math.sin(course)
    z, vertical_speed = _fall(motion, ground_z, delta_s)
    return VehicleMotion(
        x=motion.x + velocity_x * delta_s,
        y=motion.y + velocity_y * delta_s,
        z=z,
        yaw_deg=motion.yaw_deg + math.degrees(yaw_rate) * delta_s,
        speed=speed,
        vertical_speed=vertical_speed,
        steer=steer,
        velocity_x=velocity_x,
        velocity_y=velocity_y,
        yaw_rate_deg=math.degrees(yaw_rate),
    )


def _fall(motion: VehicleMotion, ground_z: float, delta_s: float) -> tuple[float, float]:
    """Height and vertical speed after a step: free fall until the ground, then on it."""
    vertical_speed = motion.vertical_speed - GRAVITY * delta_s
    z = motion.z + vertical_speed * delta_s
    return (z, vertical_speed) if z > ground_z else (ground_z, 0.0)


def _steering_curve(speed_kmh: float) -> float:
    for (low, at_low), (high, at_high) in itertools.pairwise(_STEERING_CURVE_KMH):
        if speed_kmh < high:
            return at_low + (at_high - at_low) * (speed_kmh - low) / (high - low)
    return _STEERING_CURVE_KMH[-1][1]


def _towards(value: float, target: float, step: float) -> float:
    return min(target, value + step) if value < target else max(target, value - step)
