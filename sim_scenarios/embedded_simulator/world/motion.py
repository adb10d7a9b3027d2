"""One tick of everything that moves, as if nothing were in its way.

An actor with physics is moved from here. One without is moved by its client; its velocity and the path it has
travelled are then read off from the poses it was given, so that wheels turn and legs swing in a replay, too.
"""

from __future__ import annotations

import math
from dataclasses import replace

from sim_scenarios.embedded_simulator.physics import vehicle as vehicle_physics
from sim_scenarios.embedded_simulator.world.actors import MovingActor, Vehicle
from sim_scenarios.embedded_simulator.world.geometry import (
    as_sent,
    difference,
    length,
    rotate,
    rotation_matrix,
    scaled,
    wrap_degrees,
)
from sim_scenarios.embedded_simulator.world.ground import Ground
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

FASTEST = 80.0
"""[m/s] A client that moves an actor faster than this has put it elsewhere, it has not driven it there."""


def advance_vehicle(vehicle: Vehicle, ground: Ground, delta_s: float) -> None:
    """Moves a vehicle by its control, or reads off how its client moved it."""
    if not vehicle.simulate_physics:
        read_off_motion(vehicle, delta_s)
        steer = vehicle.control.steer
        vehicle.motion = replace(motion_at(vehicle.pose), speed=_forward_speed(vehicle), steer=steer)
        return
    before = vehicle.velocity
    motion = _after_forces(vehicle, delta_s)
    ground_z = ground.height(motion.x, motion.y, motion.z)
    if vehicle.constant_velocity is not None:
        velocity = rotate(rotation_matrix(vehicle.pose.rotation), vehicle.constant_velocity)
        motion = vehicle_physics.advance_straight(
            motion, velocity_x=velocity.x, velocity_y=velocity.y, ground_z=ground_z, delta_s=delta_s
        )
    elif vehicle.ackermann is not None:
        motion = vehicle_physics.advance_ackermann(
            motion, vehicle.ackermann, vehicle.parameters, ground_z=ground_z, delta_s=delta_s
        )
    else:
        motion = vehicle_physics.advance(
            motion, vehicle.control, vehicle.parameters, ground_z=ground_z, delta_s=delta_s
        )
    vehicle.motion = motion
    vehicle.velocity = Vector(motion.velocity_x, motion.velocity_y, motion.vertical_speed)
    vehicle.acceleration = scaled(difference(vehicle.velocity, before), 1.0 / delta_s)
    vehicle.angular_velocity = Vector(0.0, 0.0, motion.yaw_rate_deg)
    vehicle.pose = Pose(Vector(motion.x, motion.y, motion.z), Rotation(0.0, wrap_degrees(motion.yaw_deg), 0.0))


def motion_at(pose: Pose) -> vehicle_physics.VehicleMotion:
    """A vehicle at rest at a pose."""
    x, y, z = pose.location
    return vehicle_physics.VehicleMotion(x=x, y=y, z=z, yaw_deg=pose.rotation.yaw)


def _after_forces(vehicle: Vehicle, delta_s: float) -> vehicle_physics.VehicleMotion:
    """Forces act along the wheels only: a kinematic vehicle does not slide sideways."""
    force, vehicle.pending_force = vehicle.pending_force, Vector()
    heading = math.radians(vehicle.motion.yaw_deg)
    push = force.x * math.cos(heading) + force.y * math.sin(heading)
    speed = vehicle.motion.speed + push / vehicle.parameters.mass_kg * delta_s
    return replace(vehicle.motion, speed=speed)


def read_off_motion(actor: MovingActor, delta_s: float) -> None:
    """Velocities of an actor that its client moves, from its pose and that of the previous tick."""
    step = difference(actor.pose.location, actor.last_pose.location)
    turn = wrap_degrees(actor.pose.rotation.yaw - actor.last_pose.rotation.yaw)
    before = actor.velocity
    if length(step) > FASTEST * delta_s:
        actor.velocity, actor.acceleration, actor.angular_velocity = Vector(), Vector(), Vector()
        return
    actor.velocity = scaled(step, 1.0 / delta_s)
    actor.acceleration = scaled(difference(actor.velocity, before), 1.0 / delta_s)
    actor.angular_velocity = Vector(0.0, 0.0, turn / delta_s)


def _forward_speed(actor: MovingActor) -> float:
    return _forward_part(actor.velocity, actor.pose)


def _forward_part(v: Vector, pose: Pose) -> float:
    heading = math.radians(pose.rotation.yaw)
    return v.x * math.cos(heading) + v.y * math.sin(heading)


def settle(actor: MovingActor, delta_s: float) -> None:
    """Ends an actor's tick: its pose as clients will read it, how far it has gone and how old it is.

    Pose and path follow from poses in the streams' single precision alone, so that a replay of what a client saw looks
    the same.
    """
    actor.pose = as_sent(actor.pose)
    step = difference(actor.pose.location, actor.last_pose.location)
    distance = math.hypot(step.x, step.y) if length(step) <= FASTEST * delta_s else 0.0
    backwards = isinstance(actor, Vehicle) and _forward_part(step, actor.pose) < 0.0
    actor.travelled_m += -distance if backwards else distance
    actor.last_pose = actor.pose
    actor.age_s += delta_s
