"""Vehicles: controls, lights, physics, telemetry."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from sim_scenarios.embedded_simulator.handlers.context import Context
from sim_scenarios.embedded_simulator.physics.ackermann import AckermannMemory
from sim_scenarios.embedded_simulator.wire.commands import VEHICLE_CONTROL_COMMAND
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.physics_control import pack_physics, unpack_physics
from sim_scenarios.embedded_simulator.wire.structs import (
    LARGEST_NUMBER,
    integer,
    number,
    pack_ackermann_settings,
    unpack_ackermann_control,
    unpack_ackermann_settings,
    unpack_light_flags,
    unpack_vehicle_control,
)
from sim_scenarios.embedded_simulator.world import driving
from sim_scenarios.embedded_simulator.world.actors import Vehicle
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.snapshot import VehicleLight
from sim_scenarios.embedded_simulator.world.vehicle_physics import physics_at, wheel_at

_ALL_LIGHTS = sum(int(light) for light in VehicleLight)
_ALL_DOORS = 6
"""``carla.VehicleDoor.All``: front left, front right, rear left, rear right, hood, trunk."""


def _vehicle(context: Context, actor_id: Any) -> Vehicle:
    return context.world.actor_of_kind(integer(actor_id), Vehicle)


def apply_control_to_vehicle(context: Context, actor_id: Any, control: Any) -> None:
    """Pedals and wheel, until the next control or for one tick (``sticky_control``)."""
    vehicle = _vehicle(context, actor_id)
    vehicle.control, vehicle.ackermann = unpack_vehicle_control(control), None


def apply_controls(context: Context, commands: Sequence[Any]) -> list[int] | None:
    """A whole batch of ``apply_control_to_vehicle``, as a traffic manager sends one in every tick; the actors' ids.

    None, and nothing done, where it is anything else or anything is wrong: the commands are then taken one by one.
    """
    try:
        rows = [(kind, actor_id, *control) for ((kind, (actor_id, control)),) in commands]
        table = np.array(rows, np.float64)
    except (TypeError, ValueError):
        return None
    if table.shape != (len(rows), 9) or (table[:, 0] != VEHICLE_CONTROL_COMMAND).any():
        return None
    if not np.abs(table).max(initial=0.0) <= LARGEST_NUMBER or any(type(row[1]) is not int for row in rows):
        return None
    vehicles = [context.world.actors.get(row[1]) for row in rows]
    if not all(isinstance(vehicle, Vehicle) for vehicle in vehicles):
        return None
    table[:, 2:5] = np.clip(table[:, 2:5], (0.0, -1.0, 0.0), 1.0)
    for vehicle, (throttle, steer, brake, hand_brake, reverse, manual, gear) in zip(
        vehicles, table[:, 2:].tolist(), strict=True
    ):
        assert isinstance(vehicle, Vehicle)
        vehicle.control = VehicleControl(
            throttle, steer, brake, hand_brake != 0.0, reverse != 0.0, manual != 0.0, int(gear)
        )
        vehicle.ackermann = None
    return [row[1] for row in rows]


def apply_ackermann_control_to_vehicle(context: Context, actor_id: Any, control: Any) -> None:
    """Target speed and wheel angle, until the next control."""
    vehicle, wanted = _vehicle(context, actor_id), unpack_ackermann_control(control)
    if vehicle.ackermann is None:
        vehicle.ackermann_memory = AckermannMemory()
    vehicle.ackermann = wanted


def get_ackermann_controller_settings(context: Context, actor_id: Any) -> list[float]:
    """AckermannControllerSettings."""
    return pack_ackermann_settings(_vehicle(context, actor_id).ackermann_settings)


def apply_ackermann_controller_settings(context: Context, actor_id: Any, settings: Any) -> None:
    """AckermannControllerSettings."""
    _vehicle(context, actor_id).ackermann_settings = unpack_ackermann_settings(settings)


def get_physics_control(context: Context, actor_id: Any) -> list[Any]:
    """VehiclePhysicsControl; within a friction trigger with its friction, as in CARLA."""
    vehicle = _vehicle(context, actor_id)
    physics = physics_at(vehicle.physics, vehicle.spec, vehicle.pose)
    if vehicle.surface_friction is not None:
        slippery = tuple(wheel._replace(tire_friction=vehicle.surface_friction) for wheel in physics.wheels)
        physics = replace(physics, wheels=slippery)
    return pack_physics(physics)


def apply_physics_control(context: Context, actor_id: Any, control: Any) -> None:
    """VehiclePhysicsControl, at once."""
    driving.set_physics(_vehicle(context, actor_id), unpack_physics(control))


def get_vehicle_light_state(context: Context, actor_id: Any) -> list[int]:
    """VehicleLightState."""
    return [int(_vehicle(context, actor_id).lights)]


def set_vehicle_light_state(context: Context, actor_id: Any, flags: Any) -> None:
    """VehicleLightState; unknown bits are dropped."""
    _vehicle(context, actor_id).lights = VehicleLight(unpack_light_flags(flags) & _ALL_LIGHTS)


def get_vehicle_light_states(context: Context) -> list[list[int]]:
    """Pairs of actor id and flags."""
    return [[vehicle.id, int(vehicle.lights)] for vehicle in context.world.of_kind(Vehicle)]


def open_vehicle_door(context: Context, actor_id: Any, door: Any) -> None:
    """Remembered for vehicles with doors that open; the models do not show it."""
    vehicle, wanted = _vehicle(context, actor_id), _doors(door)
    if vehicle.spec.has_dynamic_doors:
        vehicle.open_doors |= wanted


def close_vehicle_door(context: Context, actor_id: Any, door: Any) -> None:
    """Inverse of ``open_vehicle_door``."""
    vehicle, wanted = _vehicle(context, actor_id), _doors(door)
    vehicle.open_doors -= wanted


def _doors(door: Any) -> frozenset[int]:
    number = integer(door)
    if not 0 <= number <= _ALL_DOORS:
        raise WireError(f"expected a door 0 to {_ALL_DOORS}, got {number}")
    return frozenset(range(_ALL_DOORS)) if number == _ALL_DOORS else frozenset({number})


def set_wheel_steer_direction(context: Context, actor_id: Any, wheel: Any, angle_deg: Any) -> None:
    """For the eye only, and only while the vehicle has no physics, as in CARLA."""
    vehicle = _vehicle(context, actor_id)
    if not vehicle.simulate_physics:
        vehicle.wheel_yaw_deg[_wheel(vehicle, wheel)] = number(angle_deg)


def get_wheel_steer_angle(context: Context, actor_id: Any, wheel: Any) -> float:
    """[deg] of one wheel, right positive: the physics', or what a client set while there are none."""
    vehicle = _vehicle(context, actor_id)
    index = _wheel(vehicle, wheel)
    if vehicle.simulate_physics:
        return math.degrees(vehicle.state["wheel_angle"][0, index])
    return vehicle.wheel_yaw_deg.get(index, 0.0)


def set_wheel_pitch_angle(context: Context, actor_id: Any, wheel: Any, angle_deg: Any) -> None:
    """Kept while the vehicle has no physics; wheels are drawn turned by the way they went."""
    vehicle = _vehicle(context, actor_id)
    if not vehicle.simulate_physics:
        vehicle.wheel_pitch_deg[_wheel(vehicle, wheel)] = number(angle_deg)


def get_wheel_pitch_angle(context: Context, actor_id: Any, wheel: Any) -> float:
    """[deg] of one wheel about its axle: the physics', or what a client set while there are none."""
    vehicle = _vehicle(context, actor_id)
    index = _wheel(vehicle, wheel)
    if vehicle.simulate_physics:
        return math.degrees(vehicle.state["rotation"][0, index])
    return vehicle.wheel_pitch_deg.get(index, 0.0)


def _wheel(vehicle: Vehicle, wheel: Any) -> int:
    """Index of a ``carla.VehicleWheelLocation``: front left and right, rear left and right; of two, front and rear."""
    index, count = integer(wheel), vehicle.spec.number_of_wheels
    if not 0 <= index < count:
        raise WorldError(f"{vehicle.type_id} has wheels 0 to {count - 1}, got {index}")
    return index


def get_telemetry_data(context: Context, actor_id: Any) -> list[Any]:
    """VehicleTelemetryData: what the last tick of the physics came to."""
    vehicle = _vehicle(context, actor_id)
    control, row, parameters = vehicle.control, vehicle.state[0], vehicle.parameters[0]
    wheels = []
    share = vehicle.spec.number_of_wheels / len(vehicle.physics.wheels)
    for index, wheel in enumerate(vehicle.physics.wheels):
        k, friction = wheel_at(vehicle.spec, index), wheel.tire_friction
        load, rest = share * float(row["load"][k]), share * float(parameters["static_load"][k])
        along, across = share * float(row["longitudinal_force"][k]), share * float(row["lateral_force"][k])
        wheels.append(
            [
                friction if vehicle.surface_friction is None else vehicle.surface_friction,
                float(row["lateral_slip"][k]),
                float(row["longitudinal_slip"][k]),
                float(row["omega"][k]),
                load,
                load / rest,
                share * float(row["wheel_torque"][k]),
                along,
                across,
                along / rest,
                across / rest,
            ]
        )
    rpm = float(row["engine_omega"]) * 30.0 / math.pi
    return [vehicle.forward_speed, control.steer, control.throttle, control.brake, rpm, int(row["gear"]),
            vehicle.physics.drag_coefficient, wheels]  # fmt: skip
