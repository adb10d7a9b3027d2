"""Vehicles: controls, lights, physics, telemetry."""

from __future__ import annotations

from typing import Any

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.physics.vehicle import GRAVITY, wheel_angle_deg
from sim_scenarios.embedded_simulator.wire.physics_control import pack_physics, unpack_physics
from sim_scenarios.embedded_simulator.wire.structs import (
    integer,
    pack_ackermann_settings,
    unpack_ackermann_control,
    unpack_ackermann_settings,
    unpack_light_flags,
    unpack_vehicle_control,
)
from sim_scenarios.embedded_simulator.world.actors import Vehicle
from sim_scenarios.embedded_simulator.world.snapshot import VehicleLight
from sim_scenarios.embedded_simulator.world.vehicle_physics import apply_physics, physics_at

_ALL_LIGHTS = sum(int(light) for light in VehicleLight)
_IDLE_RPM, _RPM_PER_MPS = 800.0, 180.0


def _vehicle(context: Context, actor_id: Any) -> Vehicle:
    return context.world.actor_of_kind(integer(actor_id), Vehicle)


def apply_control_to_vehicle(context: Context, actor_id: Any, control: Any) -> None:
    """Pedals and wheel, until the next control."""
    vehicle = _vehicle(context, actor_id)
    vehicle.control, vehicle.ackermann = unpack_vehicle_control(control), None


def apply_ackermann_control_to_vehicle(context: Context, actor_id: Any, control: Any) -> None:
    """Target speed and wheel angle, until the next control."""
    _vehicle(context, actor_id).ackermann = unpack_ackermann_control(control)


def get_ackermann_controller_settings(context: Context, actor_id: Any) -> list[float]:
    """Kept for the client, otherwise unused."""
    return pack_ackermann_settings(_vehicle(context, actor_id).ackermann_settings)


def apply_ackermann_controller_settings(context: Context, actor_id: Any, settings: Any) -> None:
    """Kept for the client, otherwise unused."""
    _vehicle(context, actor_id).ackermann_settings = unpack_ackermann_settings(settings)


def get_physics_control(context: Context, actor_id: Any) -> list[Any]:
    """VehiclePhysicsControl."""
    vehicle = _vehicle(context, actor_id)
    return pack_physics(physics_at(vehicle.physics, vehicle.spec, vehicle.pose))


def apply_physics_control(context: Context, actor_id: Any, control: Any) -> None:
    """Mass and steering lock take effect; the rest is kept and returned."""
    vehicle = _vehicle(context, actor_id)
    vehicle.physics = unpack_physics(control)
    vehicle.parameters = apply_physics(vehicle.parameters, vehicle.physics)


def get_vehicle_light_state(context: Context, actor_id: Any) -> list[int]:
    """VehicleLightState."""
    return [int(_vehicle(context, actor_id).lights)]


def set_vehicle_light_state(context: Context, actor_id: Any, flags: Any) -> None:
    """VehicleLightState; unknown bits are dropped."""
    _vehicle(context, actor_id).lights = VehicleLight(unpack_light_flags(flags) & _ALL_LIGHTS)


def get_vehicle_light_states(context: Context) -> list[list[int]]:
    """Pairs of actor id and flags."""
    return [[vehicle.id, int(vehicle.lights)] for vehicle in context.world.of_kind(Vehicle)]


def get_wheel_steer_angle(context: Context, actor_id: Any, wheel: Any) -> float:
    """[deg] of a front wheel; rear wheels do not steer."""
    vehicle = _vehicle(context, actor_id)
    return wheel_angle_deg(vehicle.motion, vehicle.parameters) if integer(wheel) in (0, 1) else 0.0


def get_telemetry_data(context: Context, actor_id: Any) -> list[Any]:
    """What a kinematic vehicle can say: forces that it does not model are 0."""
    vehicle = _vehicle(context, actor_id)
    control, speed = vehicle.control, abs(vehicle.motion.speed)
    load = vehicle.parameters.mass_kg * GRAVITY / max(1, len(vehicle.physics.wheels))
    wheels = [
        [wheel.tire_friction, 0.0, 0.0, speed / (wheel.radius / 100.0), load, 1.0, 0.0, 0.0, 0.0, 0.0, 0.0]
        for wheel in vehicle.physics.wheels
    ]
    rpm = _IDLE_RPM + _RPM_PER_MPS * speed
    return [speed, control.steer, control.throttle, control.brake, rpm, control.gear,
            vehicle.physics.drag_coefficient, wheels]  # fmt: skip
