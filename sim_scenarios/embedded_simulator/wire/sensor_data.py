"""Binary payloads of the streams (LibCarla/source/carla/sensor/s11n, sensor/data/ActorDynamicState.h), 0.9.16.

Every message starts with the 48-byte sensor header. Little endian, packed, no padding. Angles in degrees, metres,
seconds. Newer sources of CARLA add fields to the header and to the actor record; these here are exactly 0.9.16's.
"""

from __future__ import annotations

import enum
import struct
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import msgpack
import numpy as np

from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

_HEADER = struct.Struct("<QQd6f")
_CAMERA = struct.Struct("<2If")
_EPISODE = struct.Struct("<Qdf3ii")
_ACTOR = struct.Struct("<IB15f54s")
_VEHICLE_ACTOR = struct.Struct("<IB15f3f3Bif2BIB24x")
_WALKER_ACTOR = struct.Struct("<IB15f4fB37x")
_TRAFFIC_LIGHT_TIMES = struct.Struct("<4fI2B")

HEADER_BYTES, CAMERA_HEADER_BYTES, EPISODE_HEADER_BYTES = _HEADER.size, _CAMERA.size, _EPISODE.size
ACTOR_RECORD_BYTES, TRAFFIC_LIGHT_TIMES_BYTES = _ACTOR.size, _TRAFFIC_LIGHT_TIMES.size

_ACTIVE = 1  # carla::rpc::ActorState::Active


_ORIGIN = Pose()


class SensorType(enum.IntEnum):
    """Position of a sensor in 0.9.16's registry (LibCarla/source/carla/sensor/SensorRegistry.h)."""

    COLLISION = 0
    DEPTH_CAMERA = 1
    NORMALS_CAMERA = 2
    DVS_CAMERA = 3
    GNSS = 4
    IMU = 5
    OBSTACLE = 7
    OPTICAL_FLOW_CAMERA = 8
    RADAR = 9
    SEMANTIC_LIDAR = 10
    LIDAR = 11
    RGB_CAMERA = 13
    SEMANTIC_CAMERA = 14
    INSTANCE_CAMERA = 15
    WORLD_OBSERVER = 17


class SimulationState(enum.IntFlag):
    """Flags of the episode state."""

    NONE = 0
    MAP_CHANGED = 1
    LIGHTS_CHANGED = 2


class FailureState(enum.IntEnum):
    """Values of ``carla.VehicleFailureState``."""

    NONE = 0
    ROLLOVER = 1
    ENGINE = 2
    TIRE_PUNCTURE = 3


@dataclass(frozen=True, kw_only=True, slots=True)
class SensorHeader:
    """The first 48 bytes of every message."""

    type_id: int
    frame: int
    timestamp_s: float
    pose: Pose = _ORIGIN


def pack_header(header: SensorHeader) -> bytes:
    """48 bytes."""
    return _HEADER.pack(header.type_id, header.frame, header.timestamp_s, *header.pose.location, *header.pose.rotation)


def unpack_header(message: bytes) -> SensorHeader:
    """Inverse of ``pack_header``; what follows the header is ignored.

    Raises:
        WireError: The message is shorter than the header.
    """
    if len(message) < HEADER_BYTES:
        raise WireError(f"expected a sensor header of {HEADER_BYTES} bytes, got {len(message)}")
    type_id, frame, timestamp_s, x, y, z, pitch, yaw, roll = _HEADER.unpack_from(message)
    pose = Pose(Vector(x, y, z), Rotation(pitch, yaw, roll))
    return SensorHeader(type_id=type_id, frame=frame, timestamp_s=timestamp_s, pose=pose)


def pack_camera_header(*, width: int, height: int, fov_deg: float) -> bytes:
    """The 12 bytes between the sensor header and the pixels or events."""
    return _CAMERA.pack(width, height, fov_deg)


def pack_gnss(*, latitude: float, longitude: float, altitude: float) -> bytes:
    """Degrees and metres."""
    return _msgpack([latitude, longitude, altitude])


def pack_imu(*, accelerometer: Vector, gyroscope: Vector, compass: float) -> bytes:
    """[m/s^2], [rad/s], [rad] clockwise from north."""
    return _msgpack([list(accelerometer), list(gyroscope), compass])


def pack_collision(*, actor: list[Any], other: list[Any], impulse: Vector) -> bytes:
    """Two packed actors and the impulse [kg m/s]."""
    return _msgpack([actor, other, list(impulse)])


def pack_obstacle(*, actor: list[Any], other: list[Any], distance_m: float) -> bytes:
    """Two packed actors and how far the other is."""
    return _msgpack([actor, other, distance_m])


def _msgpack(content: list[Any]) -> bytes:
    packed: bytes = msgpack.packb(content, use_bin_type=True, unicode_errors="surrogateescape")
    return packed


def pack_lidar_header(*, horizontal_angle: float, point_counts: Sequence[int]) -> bytes:
    """What precedes a lidar's points: angle [rad] and points of each channel, for both kinds."""
    counts = [len(point_counts), *point_counts]
    return struct.pack(f"<f{len(counts)}I", horizontal_angle, *counts)


LIDAR_POINT = np.dtype([("point", "<f4", (3,)), ("intensity", "<f4")])
"""One point: x, y, z [m] in the sensor's frame, intensity 0..1."""
SEMANTIC_LIDAR_POINT = np.dtype(
    [("point", "<f4", (3,)), ("cos_inc_angle", "<f4"), ("object_idx", "<u4"), ("object_tag", "<u4")]
)
RADAR_DETECTION = np.dtype([("velocity", "<f4"), ("azimuth", "<f4"), ("altitude", "<f4"), ("depth", "<f4")])
"""[m/s], [rad], [rad], [m]."""
DVS_EVENT = np.dtype([("x", "<u2"), ("y", "<u2"), ("t", "<i8"), ("pol", "u1")])
"""Column and row [px], simulated time [ns], 1 where it has become brighter; 13 bytes, packed."""


# --- episode state --------------------------------------------------------------------------------------------------


def pack_episode_header(
    *, episode_id: int, platform_timestamp_s: float, delta_s: float, state: SimulationState = SimulationState.NONE
) -> bytes:
    """36 bytes after the sensor header of an episode state; the map origin is zero outside large maps."""
    return _EPISODE.pack(episode_id, platform_timestamp_s, delta_s, 0, 0, 0, state)


def pack_actor_record(
    *, actor_id: int, pose: Pose, velocity: Vector, angular_velocity: Vector, acceleration: Vector, state: bytes = b""
) -> bytes:
    """119 bytes; ``state`` is the type-dependent part and is padded with zeros to 54 bytes."""
    return _ACTOR.pack(
        actor_id,
        _ACTIVE,
        *pose.location,
        *pose.rotation,
        *velocity,
        *angular_velocity,
        *acceleration,
        state,
    )


def pack_vehicle_record(
    *,
    actor_id: int,
    pose: Pose,
    velocity: Vector,
    angular_velocity: Vector,
    acceleration: Vector,
    control: VehicleControl,
    gear: int,
    speed_limit_kmh: float,
    traffic_light_state: int,
    traffic_light_id: int | None,
    failure: FailureState = FailureState.NONE,
) -> bytes:
    """119 bytes of a vehicle; ``gear`` is the one that is in, ``traffic_light_id`` None where no light concerns it."""
    throttle, steer, brake, hand_brake, reverse, manual_gear_shift, _ = control
    return _VEHICLE_ACTOR.pack(
        actor_id,
        _ACTIVE,
        *pose.location,
        *pose.rotation,
        *velocity,
        *angular_velocity,
        *acceleration,
        throttle,
        steer,
        brake,
        hand_brake,
        reverse,
        manual_gear_shift,
        gear,
        speed_limit_kmh,
        traffic_light_state,
        traffic_light_id is not None,
        traffic_light_id or 0,
        failure,
    )


def pack_walker_record(
    *,
    actor_id: int,
    pose: Pose,
    velocity: Vector,
    angular_velocity: Vector,
    acceleration: Vector,
    direction: Vector,
    speed: float,
    jump: bool,
) -> bytes:
    """119 bytes of a walker and its control, in one go: there are many of them."""
    return _WALKER_ACTOR.pack(
        actor_id,
        _ACTIVE,
        *pose.location,
        *pose.rotation,
        *velocity,
        *angular_velocity,
        *acceleration,
        *direction,
        speed,
        jump,
    )


def pack_traffic_light_times(
    *,
    green_s: float,
    yellow_s: float,
    red_s: float,
    elapsed_s: float,
    pole_index: int,
    frozen: bool,
    state: int,
) -> bytes:
    """The last 22 of a light's 54 bytes; the first 32 are the OpenDRIVE signal id that ties the actor to the map."""
    return _TRAFFIC_LIGHT_TIMES.pack(green_s, yellow_s, red_s, elapsed_s, pole_index, frozen, state)
