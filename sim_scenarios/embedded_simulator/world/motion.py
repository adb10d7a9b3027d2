"""One tick of everything that moves: vehicles, walkers, and what happens when they touch.

An actor with physics is moved from here. One without is moved by its client; its velocity and the path it has
travelled are then read off from the poses it was given, so that wheels turn and legs swing in a replay, too.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

from sim_scenarios.embedded_simulator.physics import vehicle as vehicle_physics
from sim_scenarios.embedded_simulator.physics.contacts import (
    Footprint,
    Penetration,
    Scenery,
    close_pairs,
    penetration,
)
from sim_scenarios.embedded_simulator.world.actors import WALKER_MASS_KG, MovingActor, Vehicle, Walker
from sim_scenarios.embedded_simulator.world.gait import stride_m
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
_UPRIGHT_DEG = 5.0
_FELT_SPEED = 0.05
"""[m/s] Slower approaches are bodies resting against each other: no event."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Collision:
    """What one actor felt in one tick."""

    actor_id: int
    other_id: int
    """0 when it was scenery."""
    scenery_tag: int
    """Semantic tag of the scenery, 0 for actors."""
    impulse: Vector
    """[kg m/s] on ``actor_id``, in the world."""


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
    if isinstance(actor, Walker):
        # Who falls over or lies takes no steps.
        actor.gait_speed = distance / delta_s if abs(actor.pose.rotation.pitch) < _UPRIGHT_DEG else 0.0
        actor.gait_phase += distance / stride_m(actor.gait_speed, actor.spec.height_m)
    actor.last_pose = actor.pose
    actor.age_s += delta_s


# --- contacts -------------------------------------------------------------------------------------------------------


def footprint(actor: MovingActor) -> Footprint:
    """An actor as seen from above, at its pose."""
    return footprint_at(actor, actor.pose)


def footprint_at(actor: MovingActor, pose: Pose) -> Footprint:
    """An actor as seen from above, at another pose."""
    center_z = pose.location.z + actor.box.location.z
    return Footprint.of(
        x=pose.location.x,
        y=pose.location.y,
        yaw_deg=pose.rotation.yaw,
        half_length=actor.box.extent.x,
        half_width=actor.box.extent.y,
        bottom=center_z - actor.box.extent.z,
        top=center_z + actor.box.extent.z,
    )


def resolve_contacts(actors: Sequence[MovingActor], scenery: Scenery, scenery_tags: Sequence[int]) -> list[Collision]:
    """Pushes overlapping bodies apart, stops their approach, and reports what each felt.

    Bodies without physics do not yield; two of them may overlap, because their client wants them where they are.
    """
    bodies = [actor for actor in actors if actor.has_collisions]
    collisions: list[Collision] = []
    for i, j in close_pairs([footprint(body) for body in bodies]):
        a, b = bodies[i], bodies[j]
        if not (a.simulate_physics or b.simulate_physics):
            continue
        if found := penetration(footprint(a), footprint(b)):
            collisions += _collide(a, b, found)
    for body in bodies:
        if body.simulate_physics and isinstance(body, Vehicle):
            collisions += _collide_with_scenery(body, scenery, scenery_tags)
    return collisions


def _collide(a: MovingActor, b: MovingActor, contact: Penetration) -> list[Collision]:
    yield_a, yield_b = _readiness(a), _readiness(b)
    share = yield_a / (yield_a + yield_b)
    approach = (a.velocity.x - b.velocity.x) * contact.normal_x + (a.velocity.y - b.velocity.y) * contact.normal_y
    impulse = max(0.0, -approach) / (yield_a + yield_b)
    _push(a, contact, share * contact.depth_m, impulse * yield_a)
    _push(b, contact, -(1.0 - share) * contact.depth_m, -impulse * yield_b)
    if -approach < _FELT_SPEED:
        return []
    felt = Vector(impulse * contact.normal_x, impulse * contact.normal_y, 0.0)
    return [
        Collision(actor_id=a.id, other_id=b.id, scenery_tag=0, impulse=felt),
        Collision(actor_id=b.id, other_id=a.id, scenery_tag=0, impulse=scaled(felt, -1.0)),
    ]


def _collide_with_scenery(vehicle: Vehicle, scenery: Scenery, tags: Sequence[int]) -> list[Collision]:
    collisions = []
    for index, contact in scenery.overlaps(footprint(vehicle)):
        approach = vehicle.velocity.x * contact.normal_x + vehicle.velocity.y * contact.normal_y
        _push(vehicle, contact, contact.depth_m, max(0.0, -approach))
        if -approach >= _FELT_SPEED:
            strength = -approach * vehicle.parameters.mass_kg
            felt = Vector(strength * contact.normal_x, strength * contact.normal_y, 0.0)
            collisions.append(Collision(actor_id=vehicle.id, other_id=0, scenery_tag=tags[index], impulse=felt))
    return collisions


def _readiness(actor: MovingActor) -> float:
    """How easily a body yields: one over its mass, 0 for what its client holds in place."""
    if not actor.simulate_physics:
        return 0.0
    return 1.0 / (actor.parameters.mass_kg if isinstance(actor, Vehicle) else WALKER_MASS_KG)


def _push(actor: MovingActor, contact: Penetration, depth_m: float, speed_change: float) -> None:
    """Moves a body along the contact's normal and changes its speed by ``speed_change`` along it."""
    if not actor.simulate_physics:
        return
    (x, y, z), rotation = actor.pose
    x, y = x + depth_m * contact.normal_x, y + depth_m * contact.normal_y
    actor.pose = Pose(Vector(x, y, z), rotation)
    vx = actor.velocity.x + speed_change * contact.normal_x
    vy = actor.velocity.y + speed_change * contact.normal_y
    actor.velocity = Vector(vx, vy, actor.velocity.z)
    if isinstance(actor, Vehicle):
        heading = math.radians(rotation.yaw)
        speed = vx * math.cos(heading) + vy * math.sin(heading)
        actor.motion = replace(actor.motion, x=x, y=y, speed=speed, velocity_x=vx, velocity_y=vy)
