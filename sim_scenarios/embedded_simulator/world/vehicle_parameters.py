"""From a vehicle's physics control to the numbers that the kernel drives with.

What a client may write and no physics can mean (a mass of 0, a radius of 0) is taken as the least that can be; it is
read back as it was written.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics.vehicle import GRAVITY
from sim_scenarios.embedded_simulator.physics.vehicle_rows import CURVE_SAMPLES, MAX_GEARS, PARAMETERS
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec
from sim_scenarios.embedded_simulator.world.vehicle_physics import (
    WHEELS,
    CurvePoint,
    VehiclePhysics,
    rolling_wheels,
    wheel_places,
)

_RPM = math.pi / 30.0
_IDLE_SHARE = 0.12
"""Idle speed over the largest: 780 of 6500 rpm."""
_MASS_CENTER_SHARE, _TALL_MASS_CENTER_SHARE, _TALL_M = 0.36, 0.33, 1.7
"""Height of the centre of mass over a body's, for cars and for what is taller than that."""
_RIDER_MASS_CENTER_M, _CYCLIST_MASS_CENTER_M = 0.60, 0.95
_CROSS_SECTION = 0.85
"""Area seen from the front over width times height."""
_ROLLING = {"truck": 0.008, "bus": 0.008, "bicycle": 0.006}
_CAR_ROLLING = 0.012
_BODY_HZ = {"truck": 1.7, "bus": 1.5, "van": 1.6, "motorcycle": 2.0, "bicycle": 4.0}
_CAR_BODY_HZ = 1.45
_DAMPING_RATIO = 0.4


def parameters_of(spec: VehicleSpec, physics: VehiclePhysics) -> NDArray[Any]:
    """(1,) of ``PARAMETERS``.

    Raises:
        WorldError: Another number of wheels than four, or too many or too few gears or points.
    """
    _check(spec, physics)
    row = np.zeros(1, PARAMETERS)
    mass = max(1.0, physics.mass)
    length, width, height = spec.length_m, spec.width_m, spec.height_m
    row["mass"] = mass
    row["yaw_inertia"] = mass * (length**2 + width**2) / 12.0
    row["pitch_inertia"] = mass * (length**2 + height**2) / 12.0
    row["roll_inertia"] = mass * (width**2 + height**2) / 12.0
    row["half_width"], row["height"] = 0.5 * width, height
    row["drag_area"] = max(0.0, physics.drag_coefficient) * _CROSS_SECTION * width * height
    omega = 2.0 * math.pi * _BODY_HZ.get(spec.shape, _CAR_BODY_HZ)
    row["spring"], row["damper"] = omega**2, 2.0 * _DAMPING_RATIO * omega
    row["rolling_resistance"] = _ROLLING.get(spec.shape, _CAR_ROLLING)
    _set_balance(row, spec, physics, mass)
    _set_wheels(row, spec, physics)
    _set_drive_train(row, physics)
    return row


def _check(spec: VehicleSpec, physics: VehiclePhysics) -> None:
    for what, seen, least, most in (
        ("wheels", len(physics.wheels), WHEELS, WHEELS),
        ("forward gears", len(physics.forward_gears), 1, MAX_GEARS),
        ("points of the torque curve", len(physics.torque_curve), 1, 10_000),
        ("points of the steering curve", len(physics.steering_curve), 0, 10_000),
    ):
        if not least <= seen <= most:
            expected = str(least) if least == most else f"{least} to {most}"
            raise WorldError(f"expected {expected} {what} for {spec.id}, got {seen}; start from get_physics_control()")


def _set_balance(row: NDArray[Any], spec: VehicleSpec, physics: VehiclePhysics, mass: float) -> None:
    """Where the centre of mass is, and what each wheel carries at rest."""
    share = _TALL_MASS_CENTER_SHARE if spec.height_m > _TALL_M else _MASS_CENTER_SHARE
    middle = {"motorcycle": _RIDER_MASS_CENTER_M, "bicycle": _CYCLIST_MASS_CENTER_M}.get(
        spec.base_type, share * spec.height_m
    )
    x, y, z = physics.center_of_mass
    half = 0.5 * spec.wheelbase_m
    x = min(max(x, -0.9 * half), 0.9 * half)
    places = wheel_places(spec)
    half_track = max(abs(across) for _, across in places)
    y = min(max(y, -0.9 * half_track), 0.9 * half_track)
    row["com_x"], row["com_y"], row["com_height"] = x, y, max(0.05, middle + z)
    for k, (along, across) in enumerate(places):
        lengthwise = 0.5 * (1.0 + math.copysign(x / half, along * x)) if x else 0.5
        crosswise = 1.0 if half_track == 0.0 else 0.5
        if y and half_track:
            crosswise = 0.5 * (1.0 + math.copysign(y / half_track, across * y))
        row["static_load"][0, k] = mass * GRAVITY * lengthwise * crosswise


def _set_wheels(row: NDArray[Any], spec: VehicleSpec, physics: VehiclePhysics) -> None:
    row["wheels"] = spec.number_of_wheels
    wheels = list(zip(rolling_wheels(spec, physics), wheel_places(spec), strict=True))
    fixed = [along for wheel, (along, _) in wheels if wheel.max_steer_angle == 0.0]
    row["pivot_x"] = sum(fixed) / len(fixed) if fixed else 0.0
    for k, (wheel, (along, across)) in enumerate(wheels):
        load = row["static_load"][0, k]
        values = {
            "wheel_x": along,
            "wheel_y": across,
            "radius": max(0.01, wheel.radius / 100.0),
            "friction": max(0.0, wheel.tire_friction),
            "lateral_stiffness": max(0.01, wheel.lat_stiff_value),
            "full_load": max(0.1, wheel.lat_stiff_max_load) * load,
            "longitudinal_stiffness": max(0.01, wheel.long_stiff_value) * GRAVITY,
            "max_steer": math.radians(min(85.0, abs(wheel.max_steer_angle))),
            "brake_torque": max(0.0, wheel.max_brake_torque),
            "hand_brake_torque": max(0.0, wheel.max_handbrake_torque),
            "wheel_damping": max(0.0, wheel.damping_rate),
        }
        for name, value in values.items():
            row[name][0, k] = value
    # All wheels are driven, as those of CARLA's vehicles are: a two-wheeler on the throttle does not step out.
    row["drive_share"][0, : spec.number_of_wheels] = 1.0 / spec.number_of_wheels


def _set_drive_train(row: NDArray[Any], physics: VehiclePhysics) -> None:
    max_omega = max(1.0, physics.max_rpm * _RPM)
    row["max_omega"], row["idle_omega"] = max_omega, _IDLE_SHARE * max_omega
    row["torque"] = np.maximum(0.0, _samples(physics.torque_curve, physics.max_rpm))
    row["engine_inertia"] = max(1e-4, physics.moi)
    row["damping_full"] = max(0.0, physics.damping_rate_full_throttle)
    row["damping_engaged"] = max(0.0, physics.damping_rate_zero_throttle_clutch_engaged)
    row["damping_open"] = max(0.0, physics.damping_rate_zero_throttle_clutch_disengaged)
    row["clutch"] = max(0.0, physics.clutch_strength)
    row["autobox"], row["switch_s"] = physics.use_gear_autobox, max(0.0, physics.gear_switch_time)
    gears = physics.forward_gears
    row["gears"] = len(gears)
    ratios = [-gears[0].ratio, 0.0, *(gear.ratio for gear in gears)]
    row["ratios"][0, : len(ratios)] = [_not_flat(ratio) * max(0.01, physics.final_ratio) for ratio in ratios]
    row["up"][0, 2 : len(ratios)] = [gear.up_ratio * max_omega for gear in gears]
    row["down"][0, 2 : len(ratios)] = [gear.down_ratio * max_omega for gear in gears]
    steering = physics.steering_curve or (CurvePoint(0.0, 1.0),)
    top_kmh = max(1.0, *(point.x for point in steering)) if len(steering) > 1 else 1.0
    row["steering"], row["steering_top"] = _samples(steering, top_kmh), top_kmh / 3.6


def _not_flat(ratio: float) -> float:
    return ratio if ratio == 0.0 else math.copysign(max(0.01, abs(ratio)), ratio)


def _samples(curve: tuple[CurvePoint, ...], top: float) -> NDArray[np.float64]:
    """``CURVE_SAMPLES`` even samples from 0 to ``top``, straight between the curve's points."""
    points = sorted(curve)
    where = np.linspace(0.0, top, CURVE_SAMPLES)
    return np.asarray(np.interp(where, [point.x for point in points], [point.y for point in points]))
