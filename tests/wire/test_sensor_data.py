"""Exact bytes of what the streams carry. Offsets are those of CARLA 0.9.16's serialisers."""

from __future__ import annotations

import struct
from typing import Any

import msgpack
import numpy as np
import pytest

from sim_scenarios.embedded_simulator.wire import sensor_data
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.wire.sensor_data import SensorHeader, SensorType, SimulationState
from sim_scenarios.embedded_simulator.world.controls import VehicleControl
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector

HEADER = SensorHeader(
    type_id=SensorType.RGB_CAMERA,
    frame=258,
    timestamp_s=0.5,
    pose=Pose(Vector(1.0, 2.0, -0.5), Rotation(-5.0, 90.0, 0.25)),
)
HEADER_BYTES = bytes.fromhex(
    "0d00000000000000 0201000000000000 000000000000e03f 0000803f 00000040 000000bf 0000a0c0 0000b442 0000803e"
)


def test_header_bytes() -> None:
    assert sensor_data.pack_header(HEADER) == HEADER_BYTES
    assert len(HEADER_BYTES) == sensor_data.HEADER_BYTES == 48


def test_header_is_read_back_also_with_trailing_data() -> None:
    assert sensor_data.unpack_header(HEADER_BYTES) == HEADER
    assert sensor_data.unpack_header(HEADER_BYTES + b"pixels") == HEADER


@pytest.mark.parametrize("length", [0, 1, 47])
def test_a_short_header_is_refused(length: int) -> None:
    with pytest.raises(WireError, match="48 bytes"):
        sensor_data.unpack_header(HEADER_BYTES[:length])


def test_camera_header_bytes() -> None:
    packed = sensor_data.pack_camera_header(width=640, height=360, fov_deg=90.0)
    assert packed == bytes.fromhex("80020000 68010000 0000b442")


def test_dvs_event_bytes() -> None:
    event = np.array([(258, 3, -2, 1)], sensor_data.DVS_EVENT)
    assert event.tobytes() == bytes.fromhex("0201 0300 feffffffffffffff 01")


def test_episode_header_bytes() -> None:
    packed = sensor_data.pack_episode_header(
        episode_id=3, platform_timestamp_s=2.0, delta_s=0.5, state=SimulationState.MAP_CHANGED
    )
    expected = "0300000000000000 0000000000000040 0000003f 00000000 00000000 00000000 01000000"
    assert packed == bytes.fromhex(expected)
    assert len(packed) == 36


def test_actor_record_bytes() -> None:
    packed = sensor_data.pack_actor_record(
        actor_id=513,
        pose=Pose(Vector(1, 2, 3), Rotation(4, 5, 6)),
        velocity=Vector(7, 8, 9),
        angular_velocity=Vector(10, 11, 12),
        acceleration=Vector(13, 14, 15),
        state=b"\xaa\xbb",
    )
    assert len(packed) == sensor_data.ACTOR_RECORD_BYTES == 119
    assert packed[:5] == bytes.fromhex("01020000 01")
    assert struct.unpack_from("<15f", packed, 5) == tuple(range(1, 16))
    assert packed[65:] == b"\xaa\xbb" + bytes(52)


MOTION: dict[str, Any] = {
    "actor_id": 513,
    "pose": Pose(Vector(1, 2, 3), Rotation(4, 5, 6)),
    "velocity": Vector(7, 8, 9),
    "angular_velocity": Vector(10, 11, 12),
    "acceleration": Vector(13, 14, 15),
}


def test_a_vehicles_record_is_an_actors_with_its_state() -> None:
    packed = sensor_data.pack_vehicle_record(
        **MOTION,
        control=VehicleControl(0.5, -1.0, 0.25, True, False, True, 5),
        gear=-1,
        speed_limit_kmh=30.0,
        traffic_light_state=1,
        traffic_light_id=770,
    )
    state = bytes.fromhex("0000003f 000080bf 0000803e 01 00 01 ffffffff 0000f041 01 01 02030000 00")
    assert len(state) == 30
    assert packed == sensor_data.pack_actor_record(**MOTION, state=state)


def test_a_vehicle_without_a_light_says_so() -> None:
    packed = sensor_data.pack_vehicle_record(
        **MOTION, control=VehicleControl(), gear=0, speed_limit_kmh=30.0, traffic_light_state=2, traffic_light_id=None
    )
    assert packed[65 + 23 : 65 + 29] == bytes.fromhex("02 00 00000000")


def test_a_walkers_record_is_an_actors_with_its_control() -> None:
    packed = sensor_data.pack_walker_record(**MOTION, direction=Vector(1, 0, 0), speed=2.0, jump=True)
    control = bytes.fromhex("0000803f 00000000 00000000 00000040 01")
    assert packed == sensor_data.pack_actor_record(**MOTION, state=control)


def test_traffic_light_times_bytes() -> None:
    packed = sensor_data.pack_traffic_light_times(
        green_s=10, yellow_s=3, red_s=2, elapsed_s=0.5, pole_index=4, frozen=True, state=2
    )
    assert packed == bytes.fromhex("00002041 00004040 00000040 0000003f 04000000 01 02")
    assert len(packed) == sensor_data.TRAFFIC_LIGHT_TIMES_BYTES == 54 - 32


def test_msgpack_payloads() -> None:
    gnss = sensor_data.pack_gnss(latitude=49.0, longitude=8.0, altitude=1.5)
    imu = sensor_data.pack_imu(accelerometer=Vector(0, 0, 9.81), gyroscope=Vector(0, 0, 0.1), compass=1.0)
    collision = sensor_data.pack_collision(actor=[1], other=[2], impulse=Vector(3, 4, 5))
    obstacle = sensor_data.pack_obstacle(actor=[1], other=[2], distance_m=3.5)
    assert msgpack.unpackb(gnss) == [49.0, 8.0, 1.5]
    assert msgpack.unpackb(imu) == [[0, 0, 9.81], [0, 0, 0.1], 1.0]
    assert msgpack.unpackb(collision) == [[1], [2], [3, 4, 5]]
    assert msgpack.unpackb(obstacle) == [[1], [2], 3.5]
