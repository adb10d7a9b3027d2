"""RPC structs: field order both ways, and refusal of what is not the struct."""

from __future__ import annotations

import dataclasses
from typing import Any

import msgpack
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sim_scenarios.embedded_simulator.wire import structs
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.world.controls import (
    AckermannControl,
    AckermannSettings,
    VehicleControl,
    WalkerControl,
)
from sim_scenarios.embedded_simulator.world.description import (
    ActorDescription,
    AttributeDefinition,
    AttributeType,
    AttributeValue,
    Blueprint,
    BoundingBox,
    EnvironmentObject,
    LabelledPoint,
)
from sim_scenarios.embedded_simulator.world.settings import EpisodeSettings
from sim_scenarios.embedded_simulator.world.snapshot import Pose, Rotation, Vector, Weather

SETTINGS_UNSET = [False, False, [False], True, 0.01, 10, 0.0, False, 3000.0, 2000.0, True]
SETTINGS_SET = [True, True, [True, 0.05], False, 0.02, 5, 1.0, True, 1.0, 2.0, False]
POSE = Pose(Vector(1.0, 2.0, 3.0), Rotation(4.0, 5.0, 6.0))
POSE_PACKED = [[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]]


@pytest.mark.parametrize(
    ("unpack", "packed", "expected"),
    [
        (structs.unpack_vector, [1.0, 2.0, 3.0], Vector(1.0, 2.0, 3.0)),
        (structs.unpack_vector, [1, 2, 3], Vector(1.0, 2.0, 3.0)),
        (structs.unpack_rotation, [1.0, 2.0, 3.0], Rotation(1.0, 2.0, 3.0)),
        (structs.unpack_pose, POSE_PACKED, POSE),
        (structs.unpack_settings, SETTINGS_UNSET, EpisodeSettings()),
        (
            structs.unpack_vehicle_control,
            [0.5, -0.25, 0.0, True, False, True, -1],
            VehicleControl(throttle=0.5, steer=-0.25, hand_brake=True, manual_gear_shift=True, gear=-1),
        ),
        (
            structs.unpack_vehicle_control,
            [7.0, -7.0, -1.0, False, False, False, 0],
            VehicleControl(throttle=1.0, steer=-1.0, brake=0.0),
        ),
        (
            structs.unpack_ackermann_control,
            [0.1, 0.2, 3.0, 4.0, 5.0],
            AckermannControl(steer=0.1, steer_speed=0.2, speed=3.0, acceleration=4.0, jerk=5.0),
        ),
        (
            structs.unpack_ackermann_settings,
            [1.0, 2.0, 3.0, 4.0, 5.0, 6.0],
            AckermannSettings(speed_kp=1.0, speed_ki=2.0, speed_kd=3.0, accel_kp=4.0, accel_ki=5.0, accel_kd=6.0),
        ),
        (
            structs.unpack_walker_control,
            [[1.0, 0.0, 0.0], 1.5, True],
            WalkerControl(direction=Vector(1.0, 0.0, 0.0), speed=1.5, jump=True),
        ),
        (
            structs.unpack_description,
            [3, "sensor.camera.rgb", [["fov", 3, "90.0"]]],
            ActorDescription(uid=3, id="sensor.camera.rgb", attributes=(AttributeValue("fov", 3, "90.0"),)),
        ),
        (structs.unpack_light_flags, [5], 5),  # as an RPC argument
        (structs.unpack_light_flags, 5, 5),  # in a command
        (structs.integers, [3, 4], [3, 4]),
    ],
)
def test_unpack(unpack: Any, packed: Any, expected: Any) -> None:
    assert unpack(packed) == expected
    if isinstance(packed, list) and unpack not in (structs.integers, structs.unpack_light_flags):
        assert unpack([*packed, "a field of a later version"]) == expected


@pytest.mark.parametrize(
    ("packed", "expected"),
    [
        (structs.pack_pose(POSE), POSE_PACKED),
        (structs.pack_settings(EpisodeSettings()), SETTINGS_UNSET),
        (
            structs.pack_bounding_box(BoundingBox(Vector(1, 2, 3), Vector(4, 5, 6), Rotation(7, 8, 9)), actor_id=10),
            [[1, 2, 3], [4, 5, 6], [7, 8, 9], 10],
        ),
        (structs.pack_labelled_point(LabelledPoint(Vector(1, 2, 3), 24)), [[1, 2, 3], 24]),
        (
            structs.pack_actor(
                actor_id=9,
                parent_id=4,
                description=ActorDescription(uid=1, id="x", attributes=(AttributeValue("a", 4, "b"),)),
                box=BoundingBox(),
                tags=b"\x0e",
                stream_token=b"t" * 24,
            ),
            [9, 4, [1, "x", [["a", 4, "b"]]], [[0, 0, 0], [0, 0, 0], [0, 0, 0], 9], b"\x0e", b"t" * 24],
        ),
        (
            structs.pack_blueprint(
                Blueprint(
                    uid=2,
                    id="vehicle.a.b",
                    attributes=(
                        AttributeDefinition(
                            id="color", type=AttributeType.RGB_COLOR, value="1,2,3", recommended=("1,2,3",)
                        ),
                    ),
                )
            ),
            [2, "vehicle.a.b", "vehicle,a,b", [["color", 5, "1,2,3", ["1,2,3"], True, False]]],
        ),
        (
            structs.pack_environment_object(EnvironmentObject(id=7, name="b", pose=POSE, box=BoundingBox(), tag=3)),
            [POSE_PACKED, [[0, 0, 0], [0, 0, 0], [0, 0, 0], 0], 7, "b", 3],
        ),
    ],
)
def test_pack(packed: Any, expected: Any) -> None:
    assert packed == expected
    assert msgpack.unpackb(msgpack.packb(packed)) == expected  # only types that msgpack knows


def test_settings_survive_the_round_trip() -> None:
    assert structs.pack_settings(structs.unpack_settings(SETTINGS_SET)) == SETTINGS_SET


@given(st.lists(st.floats(-1e6, 1e6, width=32), min_size=14, max_size=14))
def test_weather_keeps_every_field_in_place(values: list[float]) -> None:
    weather = structs.unpack_weather(values)
    assert structs.pack_weather(weather) == values
    assert [getattr(weather, field.name) for field in dataclasses.fields(Weather)] == values


@pytest.mark.parametrize(
    ("unpack", "packed"),
    [
        (structs.unpack_vector, [1.0, 2.0]),
        (structs.unpack_vector, [1.0, 2.0, "3"]),
        (structs.unpack_vector, [1.0, 2.0, float("nan")]),
        (structs.unpack_vector, [1.0, 2.0, float("inf")]),
        (structs.unpack_vector, [1.0, 2.0, 1e39]),
        (structs.unpack_vector, [1.0, 2.0, True]),
        (structs.unpack_vector, None),
        (structs.unpack_pose, [[1.0, 2.0, 3.0]]),
        (structs.unpack_weather, [0.0] * 13),
        (structs.unpack_settings, SETTINGS_UNSET[:10]),
        (structs.unpack_settings, [True, False, [True, -1.0], *SETTINGS_UNSET[3:]]),
        (structs.unpack_settings, [True, False, [True], *SETTINGS_UNSET[3:]]),
        (structs.unpack_vehicle_control, [0.0] * 6),
        (structs.unpack_vehicle_control, [0.0, 0.0, 0.0, "no", False, False, 0]),
        (structs.unpack_description, [1, "id", "attributes"]),
        (structs.unpack_description, [1, 2, []]),
        (structs.unpack_light_flags, []),
        (structs.integers, 5),
        (structs.integers, [1.5]),
        (structs.integers, [float("nan")]),
        (structs.integers, [float("inf")]),
    ],
)
def test_what_is_not_the_struct_is_refused(unpack: Any, packed: Any) -> None:
    with pytest.raises(WireError, match="expected"):
        unpack(packed)
