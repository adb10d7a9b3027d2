"""``VehiclePhysicsControl``, the largest RPC struct (LibCarla/source/carla/rpc/VehiclePhysicsControl.h)."""

from __future__ import annotations

import dataclasses
from typing import Any

from sim_scenarios.embedded_simulator.wire.errors import WireError, shown
from sim_scenarios.embedded_simulator.wire.structs import fields, flag, number, unpack_vector
from sim_scenarios.embedded_simulator.world.vehicle_physics import CurvePoint, Gear, VehiclePhysics, Wheel

LEAST_MASS_KG = 1.0
"""Contacts divide by it."""


def pack_physics(physics: VehiclePhysics) -> list[Any]:
    """The struct as nested arrays; wheels, gears and points are named tuples in wire order."""
    return [getattr(physics, field.name) for field in dataclasses.fields(physics)]


def unpack_physics(packed: Any) -> VehiclePhysics:
    """Inverse of ``pack_physics``.

    Raises:
        WireError: A field of another type, or a mass that is none.
    """
    (torque, max_rpm, moi, full, engaged, disengaged, autobox, switch_s, clutch, final, gears, mass, drag, center,
     steering, wheels, sweep) = fields("VehiclePhysicsControl", packed, 17)  # fmt: skip
    if number(mass) < LEAST_MASS_KG:
        raise WireError(f"expected a mass of at least {LEAST_MASS_KG:g} kg, got {shown(mass)}")
    return VehiclePhysics(
        torque_curve=_curve(torque),
        max_rpm=number(max_rpm),
        moi=number(moi),
        damping_rate_full_throttle=number(full),
        damping_rate_zero_throttle_clutch_engaged=number(engaged),
        damping_rate_zero_throttle_clutch_disengaged=number(disengaged),
        use_gear_autobox=flag(autobox),
        gear_switch_time=number(switch_s),
        clutch_strength=number(clutch),
        final_ratio=number(final),
        forward_gears=tuple(Gear(*_numbers("GearPhysicsControl", item, 3)) for item in _array(gears)),
        mass=number(mass),
        drag_coefficient=number(drag),
        center_of_mass=unpack_vector(center),
        steering_curve=_curve(steering),
        wheels=tuple(_wheel(item) for item in _array(wheels)),
        use_sweep_wheel_collision=flag(sweep),
    )


def _wheel(packed: Any) -> Wheel:
    *numbers, position = fields("WheelPhysicsControl", packed, 10)
    scalars = dict(zip(Wheel._fields, map(number, numbers), strict=False))
    return Wheel(**scalars, position=unpack_vector(position))


def _curve(packed: Any) -> tuple[CurvePoint, ...]:
    return tuple(CurvePoint(*_numbers("Vector2D", item, 2)) for item in _array(packed))


def _numbers(name: str, packed: Any, count: int) -> list[float]:
    return [number(item) for item in fields(name, packed, count)]


def _array(packed: Any) -> list[Any]:
    if not isinstance(packed, (list, tuple)):
        raise WireError(f"expected an array, got {shown(packed)}")
    return list(packed)
