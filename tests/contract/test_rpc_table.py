"""Every method that a 0.9.16 client can send, asked over a bare socket with arguments that fit it.

The table is LibCarla's (source/carla/client/detail/Client.cpp): name, arguments, and whether the answer is a value or
nothing. Each is served or refused in words; none is unknown, and none meets a mistake of the server's own.
"""

from __future__ import annotations

import itertools
import socket
from collections.abc import Callable, Iterator
from typing import Any

import msgpack
import pytest

from harness.carla_client.endpoint import Endpoint

V, N = "value", "nothing"
HERE = [0.0, 0.0, 0.0]
POSE = [HERE, [0.0, 0.0, 0.0]]
SHAPE = [[1, [HERE, HERE, 0.1]], [255, 0, 0], 1.0, False]
TEXTURE = [2, 2, [[255, 0, 0, 255]] * 4]
FLOAT_TEXTURE = [2, 2, [[1.0, 0.0, 0.0, 1.0]] * 4]
CAR, WALKER, LIGHT, CAMERA, PHYSICS, SETTINGS, OBJECTS = "car", "walker", "light", "camera", "physics", "set", "objects"

METHODS: dict[str, tuple[str, list[Any]]] = {
    "version": (V, []),
    "get_available_maps": (V, []),
    "copy_opendrive_to_file": (N, ["no map", [2.0, 50.0, 1.0, 0.6, True, True, True]]),
    "load_new_episode": (N, ["NoSuchTown", True, 65535]),
    "get_episode_info": (V, []),
    "get_map_info": (V, []),
    "get_map_data": (V, []),
    "get_navigation_mesh": (V, []),
    "get_required_files": (V, ["Nav"]),
    "request_file": (V, ["no file"]),
    "get_episode_settings": (V, []),
    "set_episode_settings": (V, [SETTINGS]),
    "get_weather_parameters": (V, []),
    "set_weather_parameters": (N, [[0.0] * 14]),
    "get_imui_gravity": (V, []),
    "set_imui_gravity": (N, [9.81]),
    "load_map_layer": (N, [2]),
    "unload_map_layer": (N, [2]),
    "set_annotations_traverse_translucency": (N, [True]),
    "get_names_of_all_objects": (V, []),
    "apply_color_texture_to_objects": (N, [OBJECTS, 0, TEXTURE]),
    "apply_float_color_texture_to_objects": (N, [OBJECTS, 0, FLOAT_TEXTURE]),
    "get_actor_definitions": (V, []),
    "get_spectator": (V, []),
    "get_actors_by_id": (V, [[1, 2, 3]]),
    "spawn_actor": (V, [[1, "vehicle.no.such", []], POSE]),
    "spawn_actor_with_parent": (V, [[1, "sensor.no.such", []], POSE, CAR, 0, ""]),
    "get_sensor_token": (V, [1]),
    "set_actor_location": (N, [CAR, HERE]),
    "set_actor_transform": (N, [CAR, POSE]),
    "set_actor_target_velocity": (N, [CAR, HERE]),
    "set_actor_target_angular_velocity": (N, [CAR, HERE]),
    "enable_actor_constant_velocity": (N, [CAR, HERE]),
    "disable_actor_constant_velocity": (N, [CAR]),
    "add_actor_impulse": (N, [CAR, HERE]),
    "add_actor_impulse_at_location": (N, [CAR, HERE, HERE]),
    "add_actor_force": (N, [CAR, HERE]),
    "add_actor_force_at_location": (N, [CAR, HERE, HERE]),
    "add_actor_angular_impulse": (N, [CAR, HERE]),
    "add_actor_torque": (N, [CAR, HERE]),
    "set_actor_simulate_physics": (N, [CAR, True]),
    "set_actor_collisions": (N, [CAR, True]),
    "set_actor_enable_gravity": (N, [CAR, True]),
    "set_actor_autopilot": (N, [CAR, False]),
    "set_actor_dead": (N, [WALKER]),
    "get_actor_bounding_box": (V, [CAR]),
    "get_actor_component_world_transform": (V, [CAR, "no such part"]),
    "get_actor_component_relative_transform": (V, [CAR, "no such part"]),
    "get_actor_component_names": (V, [CAR]),
    "get_actor_bone_names": (V, [CAR]),
    "get_actor_bone_world_transforms": (V, [CAR]),
    "get_actor_bone_relative_transforms": (V, [CAR]),
    "get_actor_socket_names": (V, [CAR]),
    "get_actor_socket_world_transforms": (V, [CAR]),
    "get_actor_socket_relative_transforms": (V, [CAR]),
    "get_vehicle_bone_world_transforms": (V, [CAR]),
    "apply_control_to_vehicle": (N, [CAR, [0.0, 0.0, 0.0, False, False, False, 0]]),
    "apply_ackermann_control_to_vehicle": (N, [CAR, [0.0, 0.0, 0.0, 0.0, 0.0]]),
    "get_ackermann_controller_settings": (V, [CAR]),
    "apply_ackermann_controller_settings": (N, [CAR, [0.15, 0.0, 0.25, 0.01, 0.0, 0.01]]),
    "get_physics_control": (V, [CAR]),
    "apply_physics_control": (N, [CAR, PHYSICS]),
    "get_vehicle_light_state": (V, [CAR]),
    "set_vehicle_light_state": (N, [CAR, [0]]),
    "get_vehicle_light_states": (V, []),
    "open_vehicle_door": (N, [CAR, 6]),
    "close_vehicle_door": (N, [CAR, 6]),
    "set_wheel_steer_direction": (N, [CAR, 0, 5.0]),
    "get_wheel_steer_angle": (V, [CAR, 0]),
    "set_wheel_pitch_angle": (N, [CAR, 0, 5.0]),
    "get_wheel_pitch_angle": (V, [CAR, 0]),
    "get_telemetry_data": (V, [CAR]),
    "show_vehicle_debug_telemetry": (N, [CAR, True]),
    "enable_carsim": (N, [CAR, ""]),
    "use_carsim_road": (N, [CAR, False]),
    "enable_chrono_physics": (N, [CAR, 5, 0.002, "", "", "", ""]),
    "restore_physx_physics": (N, [CAR]),
    "apply_control_to_walker": (N, [WALKER, [HERE, 0.0, False]]),
    "get_bones_transform": (V, [WALKER]),
    "set_bones_transform": (N, [WALKER, [[]]]),
    "blend_pose": (N, [WALKER, 0.0]),
    "get_pose_from_animation": (N, [WALKER]),
    "set_traffic_light_state": (N, [LIGHT, 2]),
    "set_traffic_light_green_time": (N, [LIGHT, 10.0]),
    "set_traffic_light_yellow_time": (N, [LIGHT, 3.0]),
    "set_traffic_light_red_time": (N, [LIGHT, 2.0]),
    "freeze_traffic_light": (N, [LIGHT, False]),
    "freeze_all_traffic_lights": (N, [False]),
    "reset_traffic_light_group": (N, [LIGHT]),
    "reset_all_traffic_lights": (N, []),
    "get_group_traffic_lights": (V, [LIGHT]),
    "get_light_boxes": (V, [LIGHT]),
    "query_lights_state": (V, ["127.0.0.1:1"]),
    "update_lights_state": (N, ["127.0.0.1:1", [], False]),
    "update_day_night_cycle": (N, ["127.0.0.1:1", True]),
    "get_all_level_BBs": (V, [255]),
    "get_environment_objects": (V, [255]),
    "enable_environment_objects": (N, [[], True]),
    "cast_ray": (V, [[0.0, 0.0, 50.0], [0.0, 0.0, -50.0]]),
    "project_point": (V, [[0.0, 0.0, 50.0], [0.0, 0.0, -1.0], 100.0]),
    "draw_debug_shape": (N, [SHAPE]),
    "clear_debug_shape": (N, []),
    "clear_debug_string": (N, []),
    "start_recorder": (V, ["/etc/outside.log", False]),
    "stop_recorder": (N, []),
    "show_recorder_file_info": (V, ["none.log", False]),
    "show_recorder_collisions": (V, ["none.log", "a", "a"]),
    "show_recorder_actors_blocked": (V, ["none.log", 1.0, 1.0]),
    "replay_file": (V, ["none.log", 0.0, 0.0, 0, False, POSE]),
    "set_replayer_time_factor": (N, [1.0]),
    "set_replayer_ignore_hero": (N, [False]),
    "set_replayer_ignore_spectator": (N, [True]),
    "stop_replayer": (N, [True]),
    "is_traffic_manager_running": (V, [8999]),
    "get_traffic_manager_running": (V, [8999]),
    "add_traffic_manager_running": (V, [["127.0.0.1", 8999]]),
    "destroy_traffic_manager": (V, [8999]),
    "get_gbuffer_token": (V, [CAMERA, 0]),
    "enable_gbuffers": (N, [CAMERA, False]),
    "are_gbuffers_enabled": (V, [CAMERA]),
    "enable_sensor_for_ros": (N, [CAMERA]),
    "disable_sensor_for_ros": (N, [CAMERA]),
    "is_sensor_enabled_for_ros": (V, [CAMERA]),
    "set_ignored_vehicles": (N, [CAMERA, [1]]),
    "send": (N, [CAMERA, "word"]),
    "tick_cue": (V, []),
    "destroy_actor": (V, [CAMERA]),
    "apply_batch": ("bare", [[[[1, [4294967295]]]], False]),
}

Ask = Callable[..., Any]


@pytest.fixture(scope="module")
def ask(endpoint: Endpoint) -> Iterator[Ask]:
    """``ask(method, *arguments)`` -> (error, result), as they came."""
    numbers = itertools.count(1)
    answers = msgpack.Unpacker(strict_map_key=False)
    with socket.create_connection((endpoint.host, endpoint.port), timeout=60.0) as connection:

        def ask_once(method: str, *arguments: Any) -> Any:
            number = next(numbers)
            connection.sendall(msgpack.packb([0, number, method, [[False], *arguments]]))
            while True:
                for kind, answered, error, result in answers:
                    assert (kind, answered) == (1, number)
                    return error, result
                answers.feed(connection.recv(1 << 20))

        yield ask_once


@pytest.fixture(scope="module")
def stand_ins(ask: Ask, world: Any) -> Iterator[dict[str, Any]]:
    """What the words in the table stand for."""
    library, (place, *_) = world.get_blueprint_library(), world.get_map().get_spawn_points()
    car = world.spawn_actor(library.find("vehicle.tesla.model3"), place)
    place.location.z += 4.0
    walker = world.spawn_actor(library.find("walker.pedestrian.0001"), place)
    camera = world.spawn_actor(library.find("sensor.camera.rgb"), place)
    world.tick()
    lights = world.get_actors().filter("traffic.traffic_light")
    _, ((_, physics),) = ask("get_physics_control", car.id)
    _, ((_, settings),) = ask("get_episode_settings")
    yield {
        CAR: car.id, WALKER: walker.id, CAMERA: camera.id, LIGHT: next(iter(lights)).id, PHYSICS: physics,
        SETTINGS: settings, OBJECTS: world.get_names_of_all_objects()[:1],
    }  # fmt: skip
    car.destroy()
    walker.destroy()


@pytest.mark.parametrize("method", METHODS)
def test_a_method_is_served_or_refused_in_words(ask: Ask, stand_ins: dict[str, Any], method: str) -> None:
    kind, arguments = METHODS[method]
    error, result = ask(method, *(stand_ins[a] if isinstance(a, str) and a in stand_ins else a for a in arguments))
    assert error is None
    if kind == "bare":
        assert isinstance(result, list)
        return
    ((flag, *content),) = result
    has_failed = bool(flag) if kind == N else flag == 0
    if has_failed:
        ((reason,),) = content
        assert reason
        assert "inside the server" not in reason
    elif kind == V:
        assert len(content) == 1
    else:
        assert content == []
