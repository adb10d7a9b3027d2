"""One tick of all vehicles: what clients asked for goes into the kernel's rows, where they got to comes out.

A vehicle's state lives in its own row. Pose and velocities are written to the actor after each tick; whoever changes
them before the next one (a client, a collision) finds the change taken over. A vehicle without physics is moved by its
client.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from sim_scenarios.embedded_simulator.physics import vehicle as kernel
from sim_scenarios.embedded_simulator.physics.ackermann import pedals
from sim_scenarios.embedded_simulator.physics.vehicle_motion import MOTION_COLUMNS, is_within, read_motion
from sim_scenarios.embedded_simulator.physics.vehicle_rows import COMMANDS, MAX_WHEELS, PARAMETERS, STATE
from sim_scenarios.embedded_simulator.physics.wheel_points import wheel_points
from sim_scenarios.embedded_simulator.world.actors import FrictionTrigger, Vehicle
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.geometry import (
    difference,
    inverse_transform_point,
    rotate,
    rotate_back,
    rotation_matrix,
)
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.motion import forward_part, read_off_motion
from sim_scenarios.embedded_simulator.world.platforms import SUNK_ON_SPRINGS_M, Platforms
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector
from sim_scenarios.embedded_simulator.world.vehicle_parameters import parameters_of
from sim_scenarios.embedded_simulator.world.vehicle_physics import VehiclePhysics

_NOTHING = Vector()
_RELEASED = VehicleControl()
_BOUND = 1e9
"""[m, m/s, rad, rad/s] The largest number that a client may send, too."""
_vector, _rotation, _pose = (partial(tuple.__new__, kind) for kind in (Vector, Rotation, Pose))
"""``_make`` without a call in Python: there are hundreds of them in a tick."""
_CONTROL_COLUMNS = ("throttle", "steer", "brake", "hand_brake", "reverse", "manual", "gear")
"""Fields of a ``VehicleControl`` in their order, as the kernel calls them."""


def state_at(pose: Pose) -> NDArray[Any]:
    """(1,) of ``STATE``: at rest at a pose, in first gear."""
    row = np.zeros(1, STATE)
    row["gear"] = 1
    _put(row, pose)
    return row


class Fleet:
    """The rows of all driven vehicles, end to end, for as long as the same vehicles drive.

    Each vehicle's own row is a view of its place here, so nothing has to be gathered in a tick.
    """

    def __init__(self) -> None:
        self._vehicles: list[Vehicle] = []
        self._state, self._parameters = np.zeros(0, STATE), np.zeros(0, PARAMETERS)
        self._commands = np.zeros(0, COMMANDS)

    def advance(
        self,
        vehicles: Sequence[Vehicle],
        ground: Ground,
        triggers: Sequence[FrictionTrigger],
        delta_s: float,
        platforms: Platforms | None = None,
    ) -> None:
        """Moves vehicles by their controls, or reads off how their clients moved them."""
        driven = []
        for vehicle in vehicles:
            if vehicle.used_control is vehicle.control and not vehicle.control_sticks:
                vehicle.control = _RELEASED
            if vehicle.simulate_physics:
                driven.append(vehicle)
            else:
                _follow(vehicle, delta_s)
            vehicle.used_control = vehicle.control
        if driven:
            self._hold(driven)
            self._drive(ground, triggers, delta_s, platforms)

    def _hold(self, vehicles: list[Vehicle]) -> None:
        if len(vehicles) == len(self._vehicles) and all(map(operator.is_, vehicles, self._vehicles)):
            return
        count = len(vehicles)
        state, parameters = np.zeros(count, STATE), np.zeros(count, PARAMETERS)
        for i, vehicle in enumerate(vehicles):
            state[i], parameters[i] = vehicle.state[0], vehicle.parameters[0]
        for vehicle in self._vehicles:  # who no longer drives takes its rows along
            vehicle.state, vehicle.parameters = vehicle.state.copy(), vehicle.parameters.copy()
        for i, vehicle in enumerate(vehicles):
            vehicle.state, vehicle.parameters = state[i : i + 1], parameters[i : i + 1]
        self._vehicles, self._state, self._parameters = vehicles, state, parameters
        self._commands = np.zeros(count, COMMANDS)

    def _drive(
        self, ground: Ground, triggers: Sequence[FrictionTrigger], delta_s: float, platforms: Platforms | None
    ) -> None:
        vehicles, state, parameters = self._vehicles, self._state, self._parameters
        for vehicle in vehicles:
            _take_over_changes(vehicle)
            if vehicle.ackermann is not None:
                vehicle.control = pedals(
                    vehicle.ackermann_memory,
                    vehicle.ackermann,
                    vehicle.ackermann_settings,
                    speed=vehicle.forward_speed,
                    lock_rad=float(vehicle.parameters["max_steer"][0, 0]) or 1.0,
                    delta_s=delta_s,
                )
            vehicle.surface_friction = _friction_at(vehicle, triggers) if triggers else None
        _command(self._commands, vehicles)
        points = np.empty((len(vehicles), 2, MAX_WHEELS, 3))
        wheel_points(state, parameters, delta_s, points)
        heights = ground.heights(points.reshape(-1, 3)).reshape(points.shape[:3])
        if platforms is not None:
            middles = np.stack([state["x"], state["y"], state["z"]], axis=1)
            highest = heights.max(axis=(1, 2))  # all wheels of a vehicle are on a platform, or none
            raised = platforms.raised(highest, middles, vehicles, SUNK_ON_SPRINGS_M)
            is_raised = raised > highest
            heights[is_raised] = raised[is_raised, None, None]
            for vehicle, is_over_box in zip(vehicles, is_raised.tolist(), strict=True):
                vehicle.is_over_box = is_over_box
        kernel.advance(state, parameters, self._commands, heights, delta_s=delta_s)
        _write_back(vehicles, _read_motion(vehicles, state, delta_s))


def _follow(vehicle: Vehicle, delta_s: float) -> None:
    read_off_motion(vehicle, delta_s)
    vehicle.forward_speed = forward_part(vehicle.velocity, vehicle.pose)
    vehicle.steer_deg = _wheel_deg(vehicle, vehicle.forward_speed)


def drawn_steer_deg(vehicle: Vehicle) -> float:
    """How far the front wheels are drawn to be steered.

    It follows from control and poses alone, without the time that a wheel takes to get there, so that a replay of what
    a client saw looks the same.
    """
    return _wheel_deg(vehicle, vehicle.path_speed)


def _wheel_deg(vehicle: Vehicle, speed: float) -> float:
    """Angle that the control means at a speed [m/s], or the one that a client has set."""
    own = vehicle.wheel_yaw_deg.get(0)
    if own is not None:
        return own
    row = vehicle.parameters[0]
    shares = np.linspace(0.0, row["steering_top"], len(row["steering"]))
    share = float(np.interp(abs(speed), shares, row["steering"]))
    return math.degrees(row["max_steer"][0]) * share * vehicle.control.steer


def _command(commands: NDArray[Any], vehicles: Sequence[Vehicle]) -> None:
    """Fills ``commands`` (N,)."""
    controls = [vehicle.control for vehicle in vehicles]
    for i, name in enumerate(_CONTROL_COLUMNS):
        commands[name] = [control[i] for control in controls]
    commands["gravity"], commands["friction"], commands["keeps_velocity"] = kernel.GRAVITY, -1.0, 0
    commands["force"] = commands["torque"] = 0.0
    for i, vehicle in enumerate(vehicles):
        if not vehicle.has_gravity:
            commands["gravity"][i] = 0.0
        if vehicle.surface_friction is not None:
            commands["friction"][i] = vehicle.surface_friction
        if vehicle.constant_velocity is not None:
            commands["keeps_velocity"][i], commands["kept"][i] = 1, vehicle.constant_velocity
        if vehicle.pending_force is not _NOTHING:
            commands["force"][i], vehicle.pending_force = vehicle.pending_force, _NOTHING
        if vehicle.pending_torque is not _NOTHING:
            commands["torque"][i], vehicle.pending_torque = vehicle.pending_torque, _NOTHING


def _take_over_changes(vehicle: Vehicle) -> None:
    pose, velocity, angular_velocity = vehicle.known
    row = vehicle.state
    if vehicle.pose != pose:
        _put(row, vehicle.pose)
    if vehicle.velocity != velocity:
        row["vx"], row["vy"], row["vz"] = vehicle.velocity
        row["asleep"] = 0
    if vehicle.angular_velocity != angular_velocity:
        turn(vehicle, Vector(*(math.radians(rate) for rate in vehicle.angular_velocity)), anew=True)


def _put(row: NDArray[Any], pose: Pose) -> None:
    row["x"], row["y"], row["z"] = pose.location
    pitch, yaw, roll = pose.rotation
    # The client's waypoints have a pitch of 360 where the road is level; springs must not turn a car all the way back.
    row["pitch"], row["roll"] = math.radians(math.remainder(pitch, 360.0)), math.radians(math.remainder(roll, 360.0))
    row["yaw"] = math.radians(yaw)
    row["asleep"] = 0


def go_on_at(vehicle: Vehicle, velocity: Vector) -> None:
    """Sets the velocity in the world [m/s]; an engine that can turn along does, or starting to would brake."""
    vehicle.velocity = velocity
    row, own = vehicle.state, vehicle.parameters[0]
    wheel_omega = forward_part(velocity, vehicle.pose) / own["radius"][0]
    coupled = wheel_omega * own["ratios"][int(row["gear"][0]) + 1]
    if own["idle_omega"] <= coupled <= own["max_omega"]:
        row["engine_omega"] = coupled


def turn(vehicle: Vehicle, rates: Vector, *, anew: bool = False) -> None:
    """Adds to a vehicle's angular velocity, or sets it: [rad/s] about the world's axes, as Unreal counts them."""
    row = vehicle.state
    cos, sin = math.cos(row["yaw"][0]), math.sin(row["yaw"][0])
    kept = 0.0 if anew else 1.0
    row["yaw_rate"] = kept * row["yaw_rate"] + rates.z
    row["pitch_rate"] = kept * row["pitch_rate"] - (cos * rates.y - sin * rates.x)
    row["roll_rate"] = kept * row["roll_rate"] - (cos * rates.x + sin * rates.y)
    row["asleep"] = 0


def push(vehicle: Vehicle, impulse: Vector, at: Vector | None = None) -> None:
    """An impulse [kg m/s] at a point of the world, or at the centre of mass."""
    row, mass = vehicle.state, vehicle.mass_kg
    row["vx"] += impulse.x / mass
    row["vy"] += impulse.y / mass
    row["vz"] += impulse.z / mass
    row["asleep"] = 0
    if at is not None:
        spin(vehicle, moment(vehicle, impulse, at))


def spin(vehicle: Vehicle, impulse: Vector) -> None:
    """An angular impulse [kg m^2/s] about the world's axes through the centre of mass."""
    row = vehicle.parameters[0]
    heading = rotation_matrix(Rotation(0.0, math.degrees(vehicle.state["yaw"][0]), 0.0))
    along, across, up = rotate_back(heading, impulse)
    rates = Vector(along / row["roll_inertia"], across / row["pitch_inertia"], up / row["yaw_inertia"])
    turn(vehicle, rotate(heading, rates))


def moment(vehicle: Vehicle, force: Vector, at: Vector) -> Vector:
    """Moment [N m] about the centre of mass of a force at a point of the world."""
    row = vehicle.parameters[0]
    middle = Vector(float(row["com_x"]), float(row["com_y"]), float(row["com_height"]))
    center = rotate(rotation_matrix(vehicle.pose.rotation), middle)
    arm = difference(difference(at, vehicle.pose.location), center)
    return Vector(
        arm.y * force.z - arm.z * force.y, arm.z * force.x - arm.x * force.z, arm.x * force.y - arm.y * force.x
    )


def set_physics(vehicle: Vehicle, physics: VehiclePhysics) -> None:
    """Gives a vehicle another physics control.

    Raises:
        WorldError: It does not fit the vehicle.
    """
    vehicle.parameters[0] = parameters_of(vehicle.spec, physics)[0]
    vehicle.physics = physics
    vehicle.state["asleep"] = 0
    vehicle.state["gear"] = min(int(vehicle.state["gear"][0]), len(physics.forward_gears))


def _friction_at(vehicle: Vehicle, triggers: Sequence[FrictionTrigger]) -> float | None:
    """Of the newest trigger that contains the vehicle's origin; its box is turned as the trigger is."""
    found = None
    for trigger in triggers:
        x, y, z = inverse_transform_point(trigger.pose, vehicle.pose.location)
        if abs(x) <= trigger.extent.x and abs(y) <= trigger.extent.y and abs(z) <= trigger.extent.z:
            found = trigger.friction
    return found


def _read_motion(vehicles: Sequence[Vehicle], state: NDArray[Any], delta_s: float) -> NDArray[np.float64]:
    """(N, 19) of ``vehicle_motion.read_motion``.

    What its client's physics or impulses would fling beyond all bounds stays where it was, at rest: a number that is
    none, or a place at 1e30 m, would reach every client and break each tick that follows.
    """
    motion, before = np.empty((len(vehicles), MOTION_COLUMNS)), np.array([vehicle.velocity for vehicle in vehicles])
    if not read_motion(state, before, delta_s, _BOUND, motion):
        for i, vehicle in enumerate(vehicles):
            if not is_within(state[i], _BOUND):
                state[i] = state_at(vehicle.pose)[0]
        read_motion(state, before, delta_s, _BOUND, motion)
    return motion


def _write_back(vehicles: Sequence[Vehicle], motion: NDArray[np.float64]) -> None:
    """Rows of ``read_motion`` back to their actors: poses in the streams' single precision."""
    columns = zip(
        vehicles,
        map(_pose, zip(map(_vector, motion[:, :3].tolist()), map(_rotation, motion[:, 3:6].tolist()), strict=True)),
        map(_vector, motion[:, 6:9].tolist()),
        map(_vector, motion[:, 9:12].tolist()),
        map(_vector, motion[:, 12:15].tolist()),
        motion[:, 15:].tolist(),
        strict=True,
    )
    for vehicle, pose, velocity, acceleration, rates, (speed, steer_deg, gear, rolled) in columns:
        vehicle.pose, vehicle.velocity, vehicle.acceleration, vehicle.angular_velocity = (
            pose, velocity, acceleration, rates,
        )  # fmt: skip
        vehicle.known = pose, velocity, rates
        vehicle.forward_speed, vehicle.steer_deg = speed, steer_deg
        vehicle.gear, vehicle.has_rolled = int(gear), rolled != 0.0
