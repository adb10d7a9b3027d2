"""RPC structs of CARLA 0.9.16: an array of fields in declaration order (LibCarla/source/carla/{geom,rpc}/*.h).

``pack_x`` gives what msgpack takes (lists of plain values), ``unpack_x`` takes what msgpack gave and checks it, so that
nothing half-formed or not finite enters the world. Extra trailing fields are ignored, as in CARLA's own reader.
"""

from __future__ import annotations

import dataclasses
import operator
from collections.abc import Callable
from typing import Any, TypeVar

from sim_scenarios.embedded_simulator.wire.errors import WireError, shown
from sim_scenarios.embedded_simulator.world.controls import (
    AckermannControl,
    AckermannSettings,
    VehicleControl,
    WalkerControl,
)
from sim_scenarios.embedded_simulator.world.description import (
    ActorDescription,
    AttributeValue,
    Blueprint,
    BoundingBox,
    EnvironmentObject,
    LabelledPoint,
)
from sim_scenarios.embedded_simulator.world.lights import Light, LightGroup
from sim_scenarios.embedded_simulator.world.settings import EpisodeSettings
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector, Weather

_T = TypeVar("_T")

_SETTINGS = operator.attrgetter(*(field.name for field in dataclasses.fields(EpisodeSettings)))
_WEATHER = operator.attrgetter(*(field.name for field in dataclasses.fields(Weather)))
"""All fields in wire order; ``astuple`` copies them deeply, and traffic managers ask for both in every tick."""
LARGEST_NUMBER = 1e9
"""No coordinate, speed, force or time of a street is larger; an actor at 1e39 m would make every snapshot fail."""
LONGEST_STEP_S = 10.0
"""A hundred times what CARLA's manual allows; no model of a vehicle makes sense of more."""
LONGEST_ATTRIBUTE = 1 << 16
"""Characters: an actor's attributes are kept and told to every client."""
_MOST_GEARS = 127

# --- plain values ---------------------------------------------------------------------------------------------------


def fields(name: str, packed: Any, count: int) -> list[Any]:
    """The first ``count`` fields of a struct.

    Raises:
        WireError: Not an array, or too short.
    """
    if not isinstance(packed, (list, tuple)) or len(packed) < count:
        raise WireError(f"expected {name} as an array of {count} fields, got {shown(packed)}")
    return list(packed[:count])


def number(packed: Any) -> float:
    """A float that leaves room for arithmetic in the 32-bit floats of the streams.

    Raises:
        WireError: Not a number, or none below ``LARGEST_NUMBER``.
    """
    if isinstance(packed, bool) or not isinstance(packed, (int, float)) or not abs(packed) <= LARGEST_NUMBER:
        raise WireError(f"expected a finite number of at most {LARGEST_NUMBER:g}, got {shown(packed)}")
    return float(packed)


def integer(packed: Any) -> int:
    """An integer, also from a float without a fraction; one that 64 bits hold, as everything that is sent back."""
    if isinstance(packed, bool) or not isinstance(packed, (int, float)) or packed % 1 != 0 or abs(packed) >= 2**63:
        raise WireError(f"expected an integer, got {shown(packed)}")
    return int(packed)


def flag(packed: Any) -> bool:
    """A bool."""
    if not isinstance(packed, (bool, int)):
        raise WireError(f"expected a bool, got {shown(packed)}")
    return bool(packed)


def text(packed: Any) -> str:
    """A string."""
    if not isinstance(packed, str):
        raise WireError(f"expected a string, got {shown(packed)}")
    return packed


def optional(packed: Any, unpack: Callable[[Any], _T]) -> _T | None:
    """``[false]`` or ``[true, value]``."""
    (present,) = fields("an optional", packed, 1)
    return unpack(fields("an optional with a value", packed, 2)[1]) if flag(present) else None


def pack_optional(present: Any | None) -> list[Any]:
    """Inverse of ``optional`` for values that pack as they are."""
    return [False] if present is None else [True, present]


def integers(packed: Any) -> list[int]:
    """A vector of integers (actor ids)."""
    if not isinstance(packed, (list, tuple)):
        raise WireError(f"expected an array of integers, got {shown(packed)}")
    return [integer(item) for item in packed]


# --- geometry -------------------------------------------------------------------------------------------------------


def unpack_vector(packed: Any) -> Vector:
    """Vector3D or Location."""
    x, y, z = fields("Vector3D", packed, 3)
    return Vector(number(x), number(y), number(z))


def unpack_rotation(packed: Any) -> Rotation:
    """Rotation, in degrees."""
    pitch, yaw, roll = fields("Rotation", packed, 3)
    return Rotation(number(pitch), number(yaw), number(roll))


def unpack_pose(packed: Any) -> Pose:
    """Transform."""
    location, rotation = fields("Transform", packed, 2)
    return Pose(unpack_vector(location), unpack_rotation(rotation))


def pack_pose(pose: Pose) -> list[Any]:
    """Transform."""
    return [list(pose.location), list(pose.rotation)]


def pack_bounding_box(box: BoundingBox, *, actor_id: int = 0) -> list[Any]:
    """BoundingBox with the four fields of 0.9.16."""
    return [list(box.location), list(box.extent), list(box.rotation), actor_id]


def pack_labelled_point(point: LabelledPoint) -> list[Any]:
    """LabelledPoint."""
    return [list(point.location), point.label]


# --- session --------------------------------------------------------------------------------------------------------


def pack_settings(settings: EpisodeSettings) -> list[Any]:
    """EpisodeSettings; an unset fixed_delta_seconds is ``[false]``, never nil."""
    packed = list(_SETTINGS(settings))
    packed[2] = pack_optional(settings.fixed_delta_seconds)
    return packed


def unpack_settings(packed: Any) -> EpisodeSettings:
    """EpisodeSettings.

    Raises:
        WireError: A field of another type, or a time step that is negative.
    """
    (
        synchronous,
        no_rendering,
        fixed_delta,
        substepping,
        substep_delta,
        substeps,
        culling,
        ragdolls,
        tiles,
        active,
        ego,
    ) = fields("EpisodeSettings", packed, 11)
    delta_s = optional(fixed_delta, number)
    if delta_s is not None and not 0.0 <= delta_s <= LONGEST_STEP_S:
        raise WireError(f"expected fixed_delta_seconds of 0 to {LONGEST_STEP_S:g}, got {delta_s}")
    return EpisodeSettings(
        synchronous_mode=flag(synchronous),
        no_rendering_mode=flag(no_rendering),
        fixed_delta_seconds=delta_s,
        substepping=flag(substepping),
        max_substep_delta_time=number(substep_delta),
        max_substeps=integer(substeps),
        max_culling_distance=number(culling),
        deterministic_ragdolls=flag(ragdolls),
        tile_stream_distance=number(tiles),
        actor_active_distance=number(active),
        spectator_as_ego=flag(ego),
    )


def pack_weather(weather: Weather) -> list[float]:
    """WeatherParameters."""
    return list(_WEATHER(weather))


def unpack_weather(packed: Any) -> Weather:
    """WeatherParameters."""
    names = [field.name for field in dataclasses.fields(Weather)]
    values = fields("WeatherParameters", packed, len(names))
    return Weather(**{name: number(item) for name, item in zip(names, values, strict=True)})


# --- actors ---------------------------------------------------------------------------------------------------------


def pack_blueprint(blueprint: Blueprint) -> list[Any]:
    """ActorDefinition."""
    attributes = [
        [a.id, int(a.type), a.value, list(a.recommended), a.is_modifiable, a.restrict_to_recommended]
        for a in blueprint.attributes
    ]
    return [blueprint.uid, blueprint.id, blueprint.tags, attributes]


def pack_description(description: ActorDescription) -> list[Any]:
    """ActorDescription."""
    return [description.uid, description.id, [list(attribute) for attribute in description.attributes]]


def unpack_description(packed: Any) -> ActorDescription:
    """ActorDescription."""
    uid, blueprint_id, attributes = fields("ActorDescription", packed, 3)
    if not isinstance(attributes, (list, tuple)):
        raise WireError(f"expected an array of attributes, got {shown(attributes)}")
    return ActorDescription(
        uid=integer(uid), id=text(blueprint_id), attributes=tuple(_attribute_value(item) for item in attributes)
    )


def _attribute_value(packed: Any) -> AttributeValue:
    name, kind, content = fields("ActorAttributeValue", packed, 3)
    if len(text(content)) > LONGEST_ATTRIBUTE:
        raise WireError(f"expected an attribute of at most {LONGEST_ATTRIBUTE} characters, got {shown(content)}")
    return AttributeValue(text(name), integer(kind), text(content))


def pack_actor(
    *,
    actor_id: int,
    parent_id: int,
    description: ActorDescription,
    box: BoundingBox,
    tags: bytes,
    stream_token: bytes,
) -> list[Any]:
    """Actor; ``stream_token`` has 24 bytes for sensors that stream and is empty otherwise."""
    packed_box = pack_bounding_box(box, actor_id=actor_id)
    return [actor_id, parent_id, pack_description(description), packed_box, tags, stream_token]


def pack_light(light: Light) -> list[Any]:
    """LightState."""
    return [light.id, list(light.location), light.intensity, int(light.group), list(light.color), light.active]


def unpack_light(packed: Any) -> Light:
    """LightState.

    Raises:
        WireError: A field of another type, an intensity below 0, or no group or colour.
    """
    number_, location, intensity, group, color, active = fields("LightState", packed, 6)
    if number(intensity) < 0.0:
        raise WireError(f"expected a light's intensity >= 0, got {intensity}")
    if integer(group) not in list(LightGroup):
        raise WireError(f"expected a light group 0 to {max(LightGroup)}, got {group}")
    return Light(
        id=integer(number_),
        location=unpack_vector(location),
        intensity=number(intensity),
        group=LightGroup(integer(group)),
        color=unpack_color(color),
        active=flag(active),
    )


def unpack_color(packed: Any) -> tuple[int, int, int]:
    """Color: red, green, blue, 0..255."""
    red, green, blue = (integer(channel) for channel in fields("Color", packed, 3))
    if not all(0 <= channel <= 255 for channel in (red, green, blue)):
        raise WireError(f"expected a colour's channels as 0 to 255, got {shown(packed)}")
    return red, green, blue


def pack_environment_object(thing: EnvironmentObject) -> list[Any]:
    """EnvironmentObject."""
    return [pack_pose(thing.pose), pack_bounding_box(thing.box), thing.id, thing.name, thing.tag]


# --- controls -------------------------------------------------------------------------------------------------------


def unpack_vehicle_control(packed: Any) -> VehicleControl:
    """VehicleControl; values outside their ranges are clamped, as PhysX does."""
    throttle, steer, brake, hand_brake, reverse, manual, gear = fields("VehicleControl", packed, 7)
    return VehicleControl(
        throttle=min(1.0, max(0.0, number(throttle))),
        steer=min(1.0, max(-1.0, number(steer))),
        brake=min(1.0, max(0.0, number(brake))),
        hand_brake=flag(hand_brake),
        reverse=flag(reverse),
        manual_gear_shift=flag(manual),
        gear=max(-_MOST_GEARS, min(_MOST_GEARS, integer(gear))),
    )


def unpack_ackermann_control(packed: Any) -> AckermannControl:
    """VehicleAckermannControl."""
    steer, steer_speed, speed, acceleration, jerk = (
        number(item) for item in fields("VehicleAckermannControl", packed, 5)
    )
    return AckermannControl(steer=steer, steer_speed=steer_speed, speed=speed, acceleration=acceleration, jerk=jerk)


def pack_ackermann_settings(settings: AckermannSettings) -> list[float]:
    """AckermannControllerSettings."""
    return list(dataclasses.astuple(settings))


def unpack_ackermann_settings(packed: Any) -> AckermannSettings:
    """AckermannControllerSettings."""
    names = [field.name for field in dataclasses.fields(AckermannSettings)]
    values = fields("AckermannControllerSettings", packed, len(names))
    return AckermannSettings(**{name: number(item) for name, item in zip(names, values, strict=True)})


def unpack_walker_control(packed: Any) -> WalkerControl:
    """WalkerControl."""
    direction, speed, jump = fields("WalkerControl", packed, 3)
    return WalkerControl(direction=unpack_vector(direction), speed=number(speed), jump=flag(jump))


def unpack_light_flags(packed: Any) -> int:
    """VehicleLightState: ``[flags]`` as an RPC argument, a bare integer in a command."""
    return integer(packed[0] if isinstance(packed, (list, tuple)) and packed else packed)
