"""RPC method name -> what answers it: one explicit table, and nothing that a client sends goes unanswered.

A method is in exactly one of three tables. ``ROUTES`` are served. ``IGNORED`` are accepted and change nothing here,
which is said once on stderr. ``REFUSED`` exist in CARLA and are not offered; the client's error text says why. Any
other name gets an rpc-level error that names it (the shape of its answer is unknown).
"""

from __future__ import annotations

import enum
import inspect
import sys
import traceback
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sim_scenarios.embedded_simulator.handlers import (
    actors,
    batch,
    components,
    debug_shapes,
    geometry,
    lights,
    opendrive_world,
    recorder,
    session,
    textures,
    traffic_lights,
    traffic_manager,
    vehicles,
    walkers,
)
from sim_scenarios.embedded_simulator.handlers.context import Context, Handler, call
from sim_scenarios.embedded_simulator.wire import rpc
from sim_scenarios.embedded_simulator.wire.errors import WireError
from sim_scenarios.embedded_simulator.world.errors import WorldError


class Reply(enum.Enum):
    """How a result is wrapped."""

    VALUE = "Response<T>"
    VOID = "Response<void>"
    BARE = "T"


@dataclass(frozen=True, kw_only=True, slots=True)
class Route:
    """One method."""

    handler: Handler
    reply: Reply

    def wrap(self, result: Any) -> Any:
        """A successful result as the client reads it."""
        if self.reply is Reply.VALUE:
            return rpc.value(result)
        return rpc.done() if self.reply is Reply.VOID else result


def _value(handler: Handler) -> Route:
    return Route(handler=handler, reply=Reply.VALUE)


def _void(handler: Handler) -> Route:
    return Route(handler=handler, reply=Reply.VOID)


ROUTES: Mapping[str, Route] = {
    # session, map, settings
    "version": _value(session.version),
    "get_available_maps": _value(session.get_available_maps),
    "load_new_episode": _void(session.load_new_episode),
    "get_episode_info": _value(session.get_episode_info),
    "get_map_info": _value(session.get_map_info),
    "copy_opendrive_to_file": _void(opendrive_world.copy_opendrive_to_file),
    "get_map_data": _value(session.get_map_data),
    "get_required_files": _value(session.get_required_files),
    "request_file": _value(session.request_file),
    "get_navigation_mesh": _value(session.get_navigation_mesh),
    "get_episode_settings": _value(session.get_episode_settings),
    "set_episode_settings": _value(session.set_episode_settings),
    "tick_cue": _value(session.tick_cue),
    "get_weather_parameters": _value(session.get_weather_parameters),
    "set_weather_parameters": _void(session.set_weather_parameters),
    "get_imui_gravity": _value(session.get_imui_gravity),
    "set_imui_gravity": _void(session.set_imui_gravity),
    # actors
    "get_actor_definitions": _value(actors.get_actor_definitions),
    "get_spectator": _value(actors.get_spectator),
    "get_actors_by_id": _value(actors.get_actors_by_id),
    "spawn_actor": _value(actors.spawn_actor),
    "spawn_actor_with_parent": _value(actors.spawn_actor_with_parent),
    "destroy_actor": _value(actors.destroy_actor),
    "is_sensor_enabled_for_ros": _value(actors.is_sensor_enabled_for_ros),
    "get_sensor_token": _value(actors.get_sensor_token),
    "set_actor_location": _void(actors.set_actor_location),
    "set_actor_transform": _void(actors.set_actor_transform),
    "set_actor_target_velocity": _void(actors.set_actor_target_velocity),
    "enable_actor_constant_velocity": _void(actors.enable_actor_constant_velocity),
    "disable_actor_constant_velocity": _void(actors.disable_actor_constant_velocity),
    "set_actor_target_angular_velocity": _void(actors.set_actor_target_angular_velocity),
    "set_actor_enable_gravity": _void(actors.set_actor_enable_gravity),
    "add_actor_impulse": _void(actors.add_actor_impulse),
    "add_actor_impulse_at_location": _void(actors.add_actor_impulse_at_location),
    "add_actor_force": _void(actors.add_actor_force),
    "add_actor_force_at_location": _void(actors.add_actor_force_at_location),
    "add_actor_angular_impulse": _void(actors.add_actor_angular_impulse),
    "add_actor_torque": _void(actors.add_actor_torque),
    "set_actor_simulate_physics": _void(actors.set_actor_simulate_physics),
    "set_actor_collisions": _void(actors.set_actor_collisions),
    "get_actor_bounding_box": _value(actors.get_actor_bounding_box),
    "get_actor_component_names": _value(components.get_actor_component_names),
    "get_actor_component_world_transform": _value(components.get_actor_component_world_transform),
    "get_actor_component_relative_transform": _value(components.get_actor_component_relative_transform),
    "get_actor_bone_names": _value(components.get_actor_bone_names),
    "get_actor_bone_world_transforms": _value(components.get_actor_bone_world_transforms),
    "get_actor_bone_relative_transforms": _value(components.get_actor_bone_relative_transforms),
    "get_vehicle_bone_world_transforms": _value(components.get_vehicle_bone_world_transforms),
    "get_actor_socket_names": _value(components.get_actor_bone_names),
    "get_actor_socket_world_transforms": _value(components.get_actor_bone_world_transforms),
    "get_actor_socket_relative_transforms": _value(components.get_actor_bone_relative_transforms),
    # vehicles and walkers
    "apply_control_to_vehicle": _void(vehicles.apply_control_to_vehicle),
    "apply_ackermann_control_to_vehicle": _void(vehicles.apply_ackermann_control_to_vehicle),
    "get_ackermann_controller_settings": _value(vehicles.get_ackermann_controller_settings),
    "apply_ackermann_controller_settings": _void(vehicles.apply_ackermann_controller_settings),
    "get_physics_control": _value(vehicles.get_physics_control),
    "apply_physics_control": _void(vehicles.apply_physics_control),
    "get_vehicle_light_state": _value(vehicles.get_vehicle_light_state),
    "set_vehicle_light_state": _void(vehicles.set_vehicle_light_state),
    "get_vehicle_light_states": _value(vehicles.get_vehicle_light_states),
    "open_vehicle_door": _void(vehicles.open_vehicle_door),
    "close_vehicle_door": _void(vehicles.close_vehicle_door),
    "set_wheel_steer_direction": _void(vehicles.set_wheel_steer_direction),
    "get_wheel_steer_angle": _value(vehicles.get_wheel_steer_angle),
    "set_wheel_pitch_angle": _void(vehicles.set_wheel_pitch_angle),
    "get_wheel_pitch_angle": _value(vehicles.get_wheel_pitch_angle),
    "get_telemetry_data": _value(vehicles.get_telemetry_data),
    "apply_control_to_walker": _void(walkers.apply_control_to_walker),
    "set_actor_dead": _void(walkers.set_actor_dead),
    "get_bones_transform": _value(walkers.get_bones_transform),
    "set_bones_transform": _void(walkers.set_bones_transform),
    "blend_pose": _void(walkers.blend_pose),
    "get_pose_from_animation": _void(walkers.get_pose_from_animation),
    # traffic lights
    "set_traffic_light_state": _void(traffic_lights.set_traffic_light_state),
    "set_traffic_light_green_time": _void(traffic_lights.set_traffic_light_green_time),
    "set_traffic_light_yellow_time": _void(traffic_lights.set_traffic_light_yellow_time),
    "set_traffic_light_red_time": _void(traffic_lights.set_traffic_light_red_time),
    "freeze_traffic_light": _void(traffic_lights.freeze_traffic_light),
    "freeze_all_traffic_lights": _void(traffic_lights.freeze_all_traffic_lights),
    "reset_traffic_light_group": _void(traffic_lights.reset_traffic_light_group),
    "reset_all_traffic_lights": _void(traffic_lights.reset_all_traffic_lights),
    "get_group_traffic_lights": _value(traffic_lights.get_group_traffic_lights),
    "get_light_boxes": _value(traffic_lights.get_light_boxes),
    # geometry
    "query_lights_state": _value(lights.query_lights_state),
    "update_lights_state": _void(lights.update_lights_state),
    "update_day_night_cycle": _void(lights.update_day_night_cycle),
    "get_all_level_BBs": _value(geometry.get_all_level_bounding_boxes),
    "get_environment_objects": _value(geometry.get_environment_objects),
    "load_map_layer": _void(geometry.load_map_layer),
    "unload_map_layer": _void(geometry.unload_map_layer),
    "enable_environment_objects": _void(geometry.enable_environment_objects),
    "apply_color_texture_to_objects": _void(textures.apply_color_texture_to_objects),
    "apply_float_color_texture_to_objects": _void(textures.apply_float_color_texture_to_objects),
    "draw_debug_shape": _void(debug_shapes.draw_debug_shape),
    "clear_debug_shape": _void(debug_shapes.clear_debug_shapes),
    "clear_debug_string": _void(debug_shapes.clear_debug_shapes),
    "get_names_of_all_objects": _value(geometry.get_names_of_all_objects),
    "cast_ray": _value(geometry.cast_ray),
    "project_point": _value(geometry.project_point),
    # recorder
    "start_recorder": _value(recorder.start_recorder),
    "stop_recorder": _void(recorder.stop_recorder),
    "show_recorder_file_info": _value(recorder.show_recorder_file_info),
    "show_recorder_collisions": _value(recorder.show_recorder_collisions),
    "show_recorder_actors_blocked": _value(recorder.show_recorder_actors_blocked),
    "replay_file": _value(recorder.replay_file),
    "set_replayer_time_factor": _void(recorder.set_replayer_time_factor),
    "set_replayer_ignore_hero": _void(recorder.set_replayer_ignore_hero),
    "set_replayer_ignore_spectator": _void(recorder.set_replayer_ignore_spectator),
    "stop_replayer": _void(recorder.stop_replayer),
    # batches and the register of traffic managers
    "apply_batch": Route(handler=batch.apply_batch, reply=Reply.BARE),
    "is_traffic_manager_running": _value(traffic_manager.is_traffic_manager_running),
    "get_traffic_manager_running": _value(traffic_manager.get_traffic_manager_running),
    "add_traffic_manager_running": _value(traffic_manager.add_traffic_manager_running),
    "destroy_traffic_manager": _value(traffic_manager.destroy_traffic_manager),
}

IGNORED: Mapping[str, str] = {
    "set_actor_autopilot": "the traffic manager drives from the client",
    "show_vehicle_debug_telemetry": "there is no window",
    "set_annotations_traverse_translucency": "nothing is translucent",
    "enable_sensor_for_ros": "there is no ROS bridge",
    "disable_sensor_for_ros": "there is no ROS bridge",
    "set_ignored_vehicles": "no sensor of that kind exists",
    "send": "there are no V2X sensors",
}
"""Methods that return nothing; accepted without effect, for the reason given."""

REFUSED: Mapping[str, tuple[Reply, str]] = {
    "enable_carsim": (Reply.VOID, "CarSim is not part of this simulator"),
    "use_carsim_road": (Reply.VOID, "CarSim is not part of this simulator"),
    "enable_chrono_physics": (Reply.VOID, "Chrono is not part of this simulator"),
    "restore_physx_physics": (Reply.VOID, "PhysX is not part of this simulator"),
    "get_gbuffer_token": (Reply.VALUE, "G-buffers are not rendered"),
    "enable_gbuffers": (Reply.VOID, "G-buffers are not rendered"),
    "are_gbuffers_enabled": (Reply.VALUE, "G-buffers are not rendered"),
}


_LONGEST_NAME = 80
_MOST_MENTIONS = 500
"""There are fewer methods; a client that makes names up must not fill our memory or a log."""


class Dispatcher:
    """Answers requests in the name of one context."""

    def __init__(self, context: Context) -> None:
        self._context = context
        self._mentioned: set[str] = set()

    async def answer(self, request: rpc.Request) -> bytes:
        """The packed response; whatever goes wrong, there is one."""
        if request.method in ROUTES:
            return await self._serve(request, ROUTES[request.method])
        if request.method in IGNORED:
            self._mention(request.method, f"accepted without effect: {IGNORED[request.method]}")
            return rpc.pack_response(request.msgid, rpc.done())
        if request.method in REFUSED:
            reply, reason = REFUSED[request.method]
            return rpc.pack_response(request.msgid, _wrap_error(reply, f"{request.method}: {reason}"))
        reason = f"the embedded simulator has no method '{request.method[:_LONGEST_NAME]}'"
        self._mention(request.method, reason)
        return rpc.pack_failure(request.msgid, reason)

    async def _serve(self, request: rpc.Request, route: Route) -> bytes:
        try:
            result = call(self._context, route.handler, request.arguments)
            if inspect.isawaitable(result):
                result = await result
            return rpc.pack_response(request.msgid, route.wrap(result))
        except WorldError as error:
            if request.is_async:  # the client drops this answer; somebody may look for the reason here
                self._mention(request.method, str(error))
            return rpc.pack_response(request.msgid, _wrap_error(route.reply, str(error)))
        except WireError as error:
            self._mention(request.method, str(error))
            return _pack_error(request, route.reply, f"{request.method}: {error}")
        except Exception as error:  # a mistake of ours must cost the client one call, not its session
            traceback.print_exc()
            return _pack_error(request, route.reply, f"{request.method} failed inside the server: {error!r}")

    def _mention(self, method: str, text: str) -> None:
        """Says something about a method on stderr, once."""
        method = method[:_LONGEST_NAME]
        if method not in self._mentioned and len(self._mentioned) < _MOST_MENTIONS:
            self._mentioned.add(method)
            print(f"embedded simulator: {method}: {text}", file=sys.stderr, flush=True)


def _wrap_error(reply: Reply, reason: str) -> Any:
    return rpc.done_error(reason) if reply is Reply.VOID else rpc.value_error(reason)


def _pack_error(request: rpc.Request, reply: Reply, reason: str) -> bytes:
    """An error that the client shows: of an rpc-level failure it says no more than the method's name."""
    if reply is Reply.BARE:
        return rpc.pack_failure(request.msgid, reason)
    return rpc.pack_response(request.msgid, _wrap_error(reply, reason))
