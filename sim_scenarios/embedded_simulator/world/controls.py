"""What a client may ask of a vehicle or walker: CARLA's control structs as plain data, fields in wire order."""

from __future__ import annotations

from dataclasses import dataclass
from typing import NamedTuple

from sim_scenarios.embedded_simulator.world.snapshot import Vector

_NO_DIRECTION = Vector()


class VehicleControl(NamedTuple):
    """``carla.VehicleControl``: throttle and brake 0..1, steer -1 (left) .. 1 (right)."""

    throttle: float = 0.0
    steer: float = 0.0
    brake: float = 0.0
    hand_brake: bool = False
    reverse: bool = False
    manual_gear_shift: bool = False
    gear: int = 0


@dataclass(frozen=True, kw_only=True, slots=True)
class AckermannControl:
    """``carla.VehicleAckermannControl``: steer [rad], steer_speed [rad/s], speed [m/s], and its derivatives."""

    steer: float = 0.0
    steer_speed: float = 0.0
    speed: float = 0.0
    acceleration: float = 0.0
    jerk: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class AckermannSettings:
    """``carla.AckermannControllerSettings``: gains of the two controllers in ``physics.ackermann``."""

    speed_kp: float = 0.15
    speed_ki: float = 0.0
    speed_kd: float = 0.25
    accel_kp: float = 0.01
    accel_ki: float = 0.0
    accel_kd: float = 0.01


class WalkerControl(NamedTuple):
    """``carla.WalkerControl``: a direction in the world and a speed [m/s].

    A tuple, as poses are: the client's navigation gives every walker a new one in every tick.
    """

    direction: Vector = _NO_DIRECTION
    speed: float = 0.0
    jump: bool = False
