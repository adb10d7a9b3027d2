"""From a client's description to an actor: attributes checked and parsed, sizes and tags filled in."""

from __future__ import annotations

import math
import zlib
from collections.abc import Callable, Mapping
from dataclasses import replace

from sim_scenarios.embedded_simulator.world.actors import (
    CAMERA_KINDS,
    LIDAR_KINDS,
    Actor,
    CameraShape,
    FrictionTrigger,
    Prop,
    Sensor,
    SensorKind,
    Vehicle,
    Walker,
)
from sim_scenarios.embedded_simulator.world.blueprints.sensors import UNSERVED_CAMERAS
from sim_scenarios.embedded_simulator.world.blueprints.triggers import (
    DEFAULT_EXTENT_CM,
    DEFAULT_FRICTION,
    FRICTION_TRIGGER_ID,
)
from sim_scenarios.embedded_simulator.world.description import ActorDescription, BoundingBox
from sim_scenarios.embedded_simulator.world.driving import state_at
from sim_scenarios.embedded_simulator.world.errors import WorldError
from sim_scenarios.embedded_simulator.world.event_camera import event_shape
from sim_scenarios.embedded_simulator.world.gait import Manner
from sim_scenarios.embedded_simulator.world.powertrains import default_physics
from sim_scenarios.embedded_simulator.world.prop_catalogue import MESH_ID, PROP_SPECS, PropSpec
from sim_scenarios.embedded_simulator.world.ray_sensors import lidar_shape, radar_shape
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Vector
from sim_scenarios.embedded_simulator.world.vehicle_catalogue import VEHICLES, VehicleSpec
from sim_scenarios.embedded_simulator.world.vehicle_parameters import parameters_of
from sim_scenarios.embedded_simulator.world.walker_catalogue import TAG_PEDESTRIAN, WALKERS, WalkerSpec

MAX_IMAGE_SIDE_PX = 8192
MAX_IMAGE_PX = 4096 * 2160
"""The rasteriser takes about 100 bytes a pixel: with more, the process would need over 1.5 GiB."""
_WALKER_HALF_WIDTH_M = 0.22
_CM = 100.0

_VEHICLE_SPECS: Mapping[str, VehicleSpec] = {spec.id: spec for spec in VEHICLES}
_WALKER_SPECS: Mapping[str, WalkerSpec] = {spec.id: spec for spec in WALKERS}
_SENSOR_KINDS: Mapping[str, SensorKind] = {kind.value: kind for kind in SensorKind}


def make_actor(actor_id: int, description: ActorDescription, pose: Pose, *, next_stream_id: Callable[[], int]) -> Actor:
    """A new actor, not yet attached to anything.

    Raises:
        WorldError: An attribute has a value that cannot be meant, or the camera is one that is not rendered.
    """
    if description.id in UNSERVED_CAMERAS:
        raise WorldError(f"Spawn failed: the embedded simulator has no {description.id}; use a real CARLA for it")
    if description.id in _VEHICLE_SPECS:
        return _vehicle(actor_id, description, pose, _VEHICLE_SPECS[description.id])
    if description.id in _WALKER_SPECS:
        return _walker(actor_id, description, pose, _WALKER_SPECS[description.id])
    if description.id in _SENSOR_KINDS:
        return _sensor(actor_id, description, pose, _SENSOR_KINDS[description.id], next_stream_id)
    if description.id in PROP_SPECS:
        return _prop(actor_id, description, pose, PROP_SPECS[description.id])
    if description.id == FRICTION_TRIGGER_ID:
        return _friction_trigger(actor_id, description, pose)
    return Actor(id=actor_id, description=description, pose=pose)


def _vehicle(actor_id: int, description: ActorDescription, pose: Pose, spec: VehicleSpec) -> Vehicle:
    half_height = 0.5 * spec.height_m
    physics = default_physics(spec)
    return Vehicle(
        id=actor_id,
        description=description,
        pose=pose,
        last_pose=pose,
        box=BoundingBox(Vector(0.0, 0.0, half_height), Vector(0.5 * spec.length_m, 0.5 * spec.width_m, half_height)),
        tags=bytes([spec.tag]),
        color=_color(description, default=_color_from_text(spec.id)),
        spec=spec,
        physics=physics,
        parameters=parameters_of(spec, physics),
        state=state_at(pose),
        known=(pose, Vector(), Vector()),
    )


def _friction_trigger(actor_id: int, description: ActorDescription, pose: Pose) -> FrictionTrigger:
    sides = (_number(description, f"extent_{axis}", DEFAULT_EXTENT_CM) / _CM for axis in "xyz")
    return FrictionTrigger(
        id=actor_id,
        description=description,
        pose=pose,
        friction=max(0.0, _number(description, "friction", DEFAULT_FRICTION)),
        extent=Vector(*sides),
    )


def _walker(actor_id: int, description: ActorDescription, pose: Pose, spec: WalkerSpec) -> Walker:
    is_seated = spec.can_use_wheelchair and description.attribute("use_wheelchair").lower() == "true"
    return Walker(
        id=actor_id,
        description=description,
        pose=pose,
        last_pose=pose,
        box=BoundingBox(Vector(), Vector(_WALKER_HALF_WIDTH_M, _WALKER_HALF_WIDTH_M, 0.5 * spec.height_m)),
        tags=bytes([TAG_PEDESTRIAN]),
        color=_color(description, default=spec.clothes),
        spec=spec,
        manner=Manner.IN_A_WHEELCHAIR if is_seated else spec.manner,
    )


def _prop(actor_id: int, description: ActorDescription, pose: Pose, spec: PropSpec) -> Prop:
    if spec.id == MESH_ID:
        spec = _chosen_mesh(description, spec)
    extent = Vector(0.5 * spec.length_m, 0.5 * spec.width_m, 0.5 * spec.height_m)
    return Prop(
        id=actor_id,
        description=description,
        pose=pose,
        last_pose=pose,
        box=BoundingBox(Vector(0.0, 0.0, extent.z), extent),
        tags=bytes([spec.tag]),
        simulate_physics=spec.is_loose,
        spec=spec,
    )


def _chosen_mesh(description: ActorDescription, spec: PropSpec) -> PropSpec:
    """The box that stands for a mesh, with the mass that a client wants."""
    path, scale = description.attribute("mesh_path"), _number(description, "scale", 1.0)
    mass_kg = _number(description, "mass", spec.mass_kg)
    if path or scale != 1.0 or not 0.0 < mass_kg < math.inf:
        raise WorldError(
            f"Spawn failed because of invalid actor description: {spec.id} is to have mesh_path {path!r}, "
            f"scale {scale:g} and mass {mass_kg:g}; there are no Unreal assets here: "
            "leave mesh_path empty and scale 1 for a box of 1 m"
        )
    return replace(spec, mass_kg=mass_kg)


def _sensor(
    actor_id: int,
    description: ActorDescription,
    pose: Pose,
    kind: SensorKind,
    next_stream_id: Callable[[], int],
) -> Sensor:
    camera = _camera_shape(description) if kind in CAMERA_KINDS else None
    sensor_tick_s = _number(description, "sensor_tick", 0.0)
    return Sensor(
        id=actor_id,
        description=description,
        pose=pose,
        kind=kind,
        stream_id=0 if kind is SensorKind.LANE_INVASION else next_stream_id(),
        sensor_tick_s=sensor_tick_s,
        camera=camera,
        events=event_shape(description) if kind is SensorKind.DVS else None,
        lidar=lidar_shape(description) if kind in LIDAR_KINDS else None,
        radar=radar_shape(description) if kind is SensorKind.RADAR else None,
    )


def _camera_shape(description: ActorDescription) -> CameraShape:
    width = int(_number(description, "image_size_x", 800))
    height = int(_number(description, "image_size_y", 600))
    fov_deg = _number(description, "fov", 90.0)
    sides_fit = 0 < width <= MAX_IMAGE_SIDE_PX and 0 < height <= MAX_IMAGE_SIDE_PX
    if not (sides_fit and width * height <= MAX_IMAGE_PX and 1.0 <= fov_deg <= 179.0):
        raise WorldError(
            f"Spawn failed because of invalid actor description: {description.id} is to be {width}x{height} px with "
            f"fov {fov_deg}; sides must be 1 to {MAX_IMAGE_SIDE_PX}, with {MAX_IMAGE_PX} px at most, and fov 1 to 179 "
            "degrees"
        )
    return CameraShape(width=width, height=height, fov_deg=fov_deg)


def _number(description: ActorDescription, name: str, default: float) -> float:
    text = description.attribute(name)
    if not text:
        return default
    try:
        number = float(text)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise WorldError(
            f"Spawn failed because of invalid actor description: attribute {name} of {description.id} is "
            f"{text[:80]!r}, which is not a number"
        )
    return number


def _color(description: ActorDescription, *, default: tuple[int, int, int]) -> tuple[int, int, int]:
    channels = description.attribute("color").split(",")
    if len(channels) != 3 or not all(channel.strip().isdigit() for channel in channels):
        return default
    red, green, blue = (min(255, int(channel)) for channel in channels)
    return red, green, blue


def _color_from_text(text: str) -> tuple[int, int, int]:
    """A colour of its own for what was given none; crc32 because ``hash`` differs between processes."""
    red, green, blue, _ = zlib.crc32(text.encode()).to_bytes(4, "big")
    return red, green, blue
