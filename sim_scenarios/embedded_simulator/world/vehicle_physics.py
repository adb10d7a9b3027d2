"""``carla.VehiclePhysicsControl`` as plain data, fields in wire order. Clients read it and write it back changed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import NamedTuple

from sim_scenarios.embedded_simulator.world.geometry import transform_point
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VehicleSpec

_TRACK_TO_WIDTH = 0.82
_CM = 100.0
WHEELS = 4
"""Of a physics control."""


class CurvePoint(NamedTuple):
    """A point of a torque or steering curve."""

    x: float
    y: float


class Gear(NamedTuple):
    """``carla.GearPhysicsControl``."""

    ratio: float = 1.0
    down_ratio: float = 0.5
    up_ratio: float = 0.65


class Wheel(NamedTuple):
    """``carla.WheelPhysicsControl``; position in centimetres in the world, as CARLA gives it."""

    tire_friction: float = 3.5
    damping_rate: float = 0.25
    max_steer_angle: float = 0.0
    radius: float = 35.0
    max_brake_torque: float = 1500.0
    max_handbrake_torque: float = 3000.0
    lat_stiff_max_load: float = 3.0
    lat_stiff_value: float = 20.0
    long_stiff_value: float = 3000.0
    position: Vector = Vector()


@dataclass(frozen=True, kw_only=True, slots=True)
class VehiclePhysics:
    """The whole struct."""

    torque_curve: tuple[CurvePoint, ...] = (CurvePoint(0.0, 500.0), CurvePoint(5000.0, 500.0))
    max_rpm: float = 5000.0
    moi: float = 1.0
    damping_rate_full_throttle: float = 0.15
    damping_rate_zero_throttle_clutch_engaged: float = 2.0
    damping_rate_zero_throttle_clutch_disengaged: float = 0.35
    use_gear_autobox: bool = True
    gear_switch_time: float = 0.5
    clutch_strength: float = 10.0
    final_ratio: float = 4.0
    forward_gears: tuple[Gear, ...] = (Gear(2.85), Gear(2.02), Gear(1.35), Gear(1.0))
    mass: float = 1500.0
    drag_coefficient: float = 0.3
    center_of_mass: Vector = field(default_factory=Vector)
    steering_curve: tuple[CurvePoint, ...] = (
        CurvePoint(0.0, 1.0),
        CurvePoint(20.0, 0.9),
        CurvePoint(60.0, 0.8),
        CurvePoint(120.0, 0.7),
    )
    wheels: tuple[Wheel, ...] = ()
    """Front left and right, rear left and right; of two-wheelers, too: CARLA's stand on two pairs."""
    use_sweep_wheel_collision: bool = False


def wheel_places(spec: VehicleSpec) -> list[tuple[float, float]]:
    """Where the wheels are [m], forward and to the right of the origin, which is the middle of the wheelbase."""
    half_wheelbase, half_track = 0.5 * spec.wheelbase_m, 0.5 * _TRACK_TO_WIDTH * spec.width_m
    sides = (-half_track, half_track) if spec.number_of_wheels > 2 else (0.0,)
    return [(along, across) for along in (half_wheelbase, -half_wheelbase) for across in sides]


def rolling_wheels(spec: VehicleSpec, physics: VehiclePhysics) -> tuple[Wheel, ...]:
    """The wheels at ``wheel_places``: those of a two-wheeler are a pair's mean, and brake as both of it."""
    if spec.number_of_wheels > 2:
        return physics.wheels
    return tuple(_pair(*physics.wheels[k : k + 2]) for k in range(0, len(physics.wheels), 2))


def _pair(left: Wheel, right: Wheel) -> Wheel:
    both = {name: getattr(left, name) + getattr(right, name) for name in Wheel._fields if name != "position"}
    shared = ("tire_friction", "max_steer_angle", "radius", "lat_stiff_max_load", "lat_stiff_value")
    return Wheel(**(both | {name: 0.5 * both[name] for name in shared}))


def wheel_at(spec: VehicleSpec, number: int) -> int:
    """Index in ``wheel_places`` of a wheel of a physics control."""
    return number * spec.number_of_wheels // WHEELS


def physics_at(physics: VehiclePhysics, spec: VehicleSpec, pose: Pose) -> VehiclePhysics:
    """``physics`` with the wheels' axles where they are now."""
    wheels, places = [], wheel_places(spec)
    for number, wheel in enumerate(physics.wheels):
        along, across = places[wheel_at(spec, number)]
        axle = transform_point(pose, Vector(along, across, wheel.radius / _CM))
        wheels.append(wheel._replace(position=Vector(_CM * axle.x, _CM * axle.y, _CM * axle.z)))
    return replace(physics, wheels=tuple(wheels))
