"""One tick of a recording as plain data, and as the content of a frame in the file (``log.py``).

Rows of what is told in every tick are packed without gaps: poses in the streams' single precision, so that a replay
gives the bytes that clients saw. What happens rarely (actors that come, weather that changes) is msgpack.
"""

from __future__ import annotations

import dataclasses
import enum
import struct
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple, TypeVar

import numpy as np

from sim_scenarios.embedded_simulator.recorder.log import FrameKind, FrameSpot, LogReader
from sim_scenarios.embedded_simulator.world.controls import VehicleControl, WalkerControl
from sim_scenarios.embedded_simulator.world.description import ActorDescription, AttributeValue
from sim_scenarios.embedded_simulator.world.lights import LightGroup
from sim_scenarios.embedded_simulator.world.skeleton import BONES, BonePose
from sim_scenarios.embedded_simulator.world.snapshot import (
    Pose,
    Rotation,
    TrafficLightState,
    Vector,
    VehicleLight,
    Weather,
)

_T = TypeVar("_T")


class ActorKind(enum.IntEnum):
    """Values of ``FCarlaActor::ActorType`` (Carla/Actor/CarlaActor.h)."""

    OTHER = 0
    VEHICLE = 1
    WALKER = 2
    TRAFFIC_LIGHT = 3
    TRAFFIC_SIGN = 4
    SENSOR = 5


class Position(NamedTuple):
    """Where an actor was at the end of the tick."""

    actor_id: int
    pose: Pose


class LightPhase(NamedTuple):
    """What a traffic light showed."""

    actor_id: int
    state: TrafficLightState
    frozen: bool
    elapsed_s: float


class Driving(NamedTuple):
    """A vehicle's pedals and lamps."""

    actor_id: int
    control: VehicleControl
    lights: VehicleLight


class Walking(NamedTuple):
    """Where a walker wanted to go."""

    actor_id: int
    control: WalkerControl


class Kinematics(NamedTuple):
    """Additional data: velocity [m/s] and angular velocity [deg/s], in the world."""

    actor_id: int
    velocity: Vector
    angular_velocity: Vector


class Box(NamedTuple):
    """Additional data, told once for each actor: middle and half sizes [m] in the actor's frame."""

    actor_id: int
    middle: Vector
    extent: Vector


class LightTimes(NamedTuple):
    """Additional data, told once for each traffic light [s]."""

    actor_id: int
    green_s: float
    yellow_s: float
    red_s: float


class Lamp(NamedTuple):
    """A street or house light that a client or the sun has switched; told where it differs from the frame before."""

    light_id: int
    intensity: float
    """[lm]."""
    group: LightGroup
    color: tuple[int, int, int]
    active: bool


class Bones(NamedTuple):
    """The pose that a client has set for a walker; told where it differs from the frame before."""

    actor_id: int
    blend: float
    """How far it shows, 0 to 1."""
    pose: bytes
    """``BonePose``: rotations, then locations, in double precision."""

    @classmethod
    def of(cls, actor_id: int, blend: float, pose: BonePose) -> Bones:
        """Those of a walker."""
        return cls(actor_id, blend, pose.rotations.tobytes() + pose.locations.tobytes())

    def as_pose(self) -> BonePose:
        """Inverse of ``of``."""
        values = np.frombuffer(self.pose).reshape(12, -1)
        return BonePose(rotations=values[:9].reshape(-1, 3, 3).copy(), locations=values[9:].reshape(-1, 3).copy())


class Collision(NamedTuple):
    """Felt by an actor with a collision sensor; ``other_id`` is 0 for scenery."""

    number: int
    actor_id: int
    other_id: int
    is_hero: bool
    is_other_hero: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Created:
    """An actor that was not there in the frame before."""

    actor_id: int
    kind: ActorKind
    pose: Pose
    description: ActorDescription
    parent_id: int
    """0 when it is attached to nothing."""
    relative_pose: Pose | None
    travelled_m: float
    gait_phase: float
    age_s: float
    """All three turn wheels, swing legs and time blinkers; 0 for what does not move."""

    @property
    def is_hero(self) -> bool:
        """Whether its role is ``hero``."""
        return self.description.attribute("role_name") == "hero"


@dataclass(frozen=True, kw_only=True, slots=True)
class RecordedFrame:
    """One tick; ``elapsed_s`` since the first frame, ``duration_s`` that the tick took."""

    elapsed_s: float
    duration_s: float
    created: tuple[Created, ...] = ()
    destroyed: tuple[int, ...] = ()
    collisions: tuple[Collision, ...] = ()
    weather: Weather | None = None
    """Where it differs from the frame before."""
    lamps: tuple[Lamp, ...] = ()
    boxes: tuple[Box, ...] = ()
    light_times: tuple[LightTimes, ...] = ()
    positions: tuple[Position, ...] = ()
    lights: tuple[LightPhase, ...] = ()
    driving: tuple[Driving, ...] = ()
    walking: tuple[Walking, ...] = ()
    kinematics: tuple[Kinematics, ...] = ()
    bones: tuple[Bones, ...] = ()

    @property
    def kind(self) -> FrameKind:
        """Whether anything happened beside motion; additional data comes with the actors that it is about."""
        happened = (
            self.created or self.destroyed or self.collisions or self.lamps or self.bones or self.weather is not None
        )
        return FrameKind.EVENTS if happened else FrameKind.QUIET


_POSITION = struct.Struct("<I6f")
_LIGHT = struct.Struct("<IB?f")
_DRIVING = struct.Struct("<I3f???iI")
_WALKING = struct.Struct("<I4f?")
_KINEMATICS = struct.Struct("<I6f")
_BOX = struct.Struct("<I6f")
_TIMES = struct.Struct("<I3f")
_LAMP = struct.Struct("<QfB3B?")
_COLLISION = struct.Struct("<3I??")
_BONE_BYTES = 12 * 8


def content_of(frame: RecordedFrame) -> Any:
    """What goes into the file."""
    weather = None if frame.weather is None else dataclasses.astuple(frame.weather)
    return [
        [_created_content(actor) for actor in frame.created],
        frame.destroyed,
        _packed(_COLLISION, frame.collisions),
        weather,
        _packed(_LAMP, ((lamp.light_id, lamp.intensity, lamp.group, *lamp.color, lamp.active) for lamp in frame.lamps)),
        _packed(_BOX, ((row.actor_id, *row.middle, *row.extent) for row in frame.boxes)),
        _packed(_TIMES, frame.light_times),
        _packed(_POSITION, ((row.actor_id, *row.pose.location, *row.pose.rotation) for row in frame.positions)),
        _packed(_LIGHT, frame.lights),
        _packed(_DRIVING, ((d.actor_id, *_control_values(d.control), d.lights) for d in frame.driving)),
        _packed(_WALKING, ((w.actor_id, *w.control.direction, w.control.speed, w.control.jump) for w in frame.walking)),
        _packed(_KINEMATICS, ((k.actor_id, *k.velocity, *k.angular_velocity) for k in frame.kinematics)),
        frame.bones,
    ]


def read_frame(log: LogReader, index: int) -> RecordedFrame:
    """The frame of a tick.

    Raises:
        WorldError: Its content is not what ``content_of`` makes.
    """
    content = log.content(index)
    try:
        return _frame(log.ticks[index], content)
    except (ValueError, TypeError, struct.error) as error:
        raise log.damaged(f"frame {index + 1} is none: {error}") from error


def _frame(spot: FrameSpot, content: Any) -> RecordedFrame:
    created, destroyed, collisions, weather, lamps, boxes, times, positions, *motion = content
    lights, driving, walking, kinematics, bones = motion
    names = [field.name for field in dataclasses.fields(Weather)]
    return RecordedFrame(
        elapsed_s=spot.elapsed_s,
        duration_s=spot.duration_s,
        created=tuple(_created(item) for item in created),
        destroyed=tuple(int(actor_id) for actor_id in destroyed),
        collisions=_rows(_COLLISION, collisions, Collision),
        weather=None if weather is None else Weather(**dict(zip(names, map(float, weather), strict=True))),
        lamps=_rows(_LAMP, lamps, lambda i, lm, group, r, g, b, on: Lamp(i, lm, LightGroup(group), (r, g, b), on)),
        boxes=_rows(_BOX, boxes, lambda i, *n: Box(i, Vector(*n[:3]), Vector(*n[3:]))),
        light_times=_rows(_TIMES, times, LightTimes),
        positions=_rows(_POSITION, positions, lambda i, *n: Position(i, Pose(Vector(*n[:3]), Rotation(*n[3:])))),
        lights=_rows(_LIGHT, lights, lambda i, state, *rest: LightPhase(i, TrafficLightState(state), *rest)),
        driving=_rows(_DRIVING, driving, _driving),
        walking=_rows(_WALKING, walking, _walking),
        kinematics=_rows(_KINEMATICS, kinematics, lambda i, *n: Kinematics(i, Vector(*n[:3]), Vector(*n[3:]))),
        bones=tuple(_bones(*item) for item in bones),
    )


def _packed(row: struct.Struct, rows: Iterable[Sequence[Any]]) -> bytes:
    return b"".join(row.pack(*values) for values in rows)


def _rows(row: struct.Struct, packed: bytes, make: Callable[..., _T]) -> tuple[_T, ...]:
    return tuple(make(*values) for values in row.iter_unpack(packed))


def _control_values(control: VehicleControl) -> tuple[Any, ...]:
    flags = (control.hand_brake, control.reverse, control.manual_gear_shift)
    return (control.throttle, control.steer, control.brake, *flags, control.gear)


def _driving(
    actor_id: int,
    throttle: float,
    steer: float,
    brake: float,
    hand: bool,
    back: bool,
    manual: bool,
    gear: int,
    lamps: int,
) -> Driving:
    control = VehicleControl(
        throttle=throttle,
        steer=steer,
        brake=brake,
        hand_brake=hand,
        reverse=back,
        manual_gear_shift=manual,
        gear=gear,
    )
    return Driving(actor_id, control, VehicleLight(lamps))


def _walking(actor_id: int, x: float, y: float, z: float, speed: float, jump: bool) -> Walking:
    return Walking(actor_id, WalkerControl(direction=Vector(x, y, z), speed=speed, jump=jump))


def _bones(actor_id: int, blend: float, pose: bytes) -> Bones:
    if len(pose) != len(BONES) * _BONE_BYTES:
        raise ValueError(f"{len(pose)} bytes are no pose of {len(BONES)} bones")
    return Bones(int(actor_id), float(blend), bytes(pose))


def _created_content(actor: Created) -> Any:
    about = actor.description
    return [
        actor.actor_id,
        int(actor.kind),
        actor.pose,
        [about.uid, about.id, about.attributes],
        actor.parent_id,
        actor.relative_pose,
        actor.travelled_m,
        actor.gait_phase,
        actor.age_s,
    ]


def _created(content: Any) -> Created:
    actor_id, kind, pose, (uid, blueprint_id, attributes), parent_id, relative_pose, *motion = content
    travelled_m, gait_phase, age_s = map(float, motion)
    return Created(
        actor_id=int(actor_id),
        kind=ActorKind(kind),
        pose=_pose(pose),
        description=ActorDescription(
            uid=int(uid),
            id=str(blueprint_id),
            attributes=tuple(AttributeValue(str(name), int(of), str(value)) for name, of, value in attributes),
        ),
        parent_id=int(parent_id),
        relative_pose=None if relative_pose is None else _pose(relative_pose),
        travelled_m=travelled_m,
        gait_phase=gait_phase,
        age_s=age_s,
    )


def _pose(content: Any) -> Pose:
    location, rotation = content
    return Pose(Vector(*map(float, location)), Rotation(*map(float, rotation)))
